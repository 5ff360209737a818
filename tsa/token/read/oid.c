/* Owns nothing. */
#include "oid.h"

#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "tsa/tsp/der.h"

enum {
	DECIMAL = 10,
	MAX_ARC_OCTETS = 10, /* of 64 bits */
};

/* Time-stamp policies and what else OpenSSL has no name for. */
static const struct {
	const char *dotted;
	const char *name;
} names[] = {
	{ OID_BTSP, "ETSI best practices time-stamp policy (BTSP)" },
	{ OID_QTST_STATEMENT, "esi4-qtstStatement-1: qualified electronic time-stamp" },
	{ OID_ALGORITHM_PROTECTION, "cmsAlgorithmProtection" },
	{ "2.23.140.1.4.2", "CA/Browser Forum: time-stamping" },
	{ "1.2.3.4.1", "OpenSSL's sample configuration" },
	{ "2.16.840.1.114412.7.1", "DigiCert: time-stamping" },
	{ "1.3.6.1.4.1.6449.2.1.1", "Sectigo: time-stamping" },
	{ "2.16.840.1.101.3.4.2.7", "sha3-224" },
	{ "2.16.840.1.101.3.4.2.8", "sha3-256" },
	{ "2.16.840.1.101.3.4.2.9", "sha3-384" },
	{ "2.16.840.1.101.3.4.2.10", "sha3-512" },
};

void oid_text(struct bytes content, char out[OID_TEXT])
{
	if (!der_oid_to_text(content, out, OID_TEXT))
		(void)snprintf(out, OID_TEXT, "malformed");
}

/* Reads one arc that fits into 64 bits, and *text goes past it. */
static bool read_arc(const char **text, uint64_t *arc)
{
	const char *at = *text;

	for (*arc = 0; *at >= '0' && *at <= '9'; at++) {
		if (*arc >= UINT64_MAX / DECIMAL)
			return false;
		*arc = *arc * DECIMAL + (uint64_t)(*at - '0');
	}
	if (at == *text)
		return false;
	*text = at;
	return true;
}

/* X.690 8.19.2: seven bits an octet, all but the last with the top bit; the octets written. */
static size_t put_arc(uint64_t arc, uint8_t *out)
{
	size_t len = 1;

	for (uint64_t rest = arc >> 7; rest > 0; rest >>= 7)
		len++;
	for (size_t i = len; i-- > 0; arc >>= 7)
		out[i] = (uint8_t)((arc & 0x7f) | (i + 1 < len ? 0x80 : 0));
	return len;
}

/*
 * der_oid_from_text() for the OIDs that are asked about for each attribute: arcs of up to 64 bits,
 * well-formed. 0 for any other.
 */
static size_t encode(const char *dotted, uint8_t out[OID_TEXT])
{
	uint64_t first, arc;
	size_t len;

	if (!read_arc(&dotted, &first) || first > 2 || *dotted++ != '.' ||
		!read_arc(&dotted, &arc) || arc >= 40)
		return 0;
	len = put_arc(first * 40 + arc, out);
	while (*dotted == '.' && len + MAX_ARC_OCTETS <= OID_TEXT) {
		dotted++;
		if (!read_arc(&dotted, &arc))
			return 0;
		len += put_arc(arc, out + len);
	}
	return *dotted == '\0' ? len : 0;
}

bool oid_is(const struct ber_node *node, const char *dotted)
{
	uint8_t octets[OID_TEXT];
	size_t len;

	if (node == NULL || node->tag != DER_OID)
		return false;
	len = encode(dotted, octets);
	if (len == 0)
		len = der_oid_from_text(dotted, octets, sizeof(octets));
	return len > 0 && bytes_equal(node->content, (struct bytes){ octets, len });
}

const char *oid_name(const char *dotted)
{
	int nid;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].dotted, dotted) == 0)
			return names[i].name;
	nid = OBJ_txt2nid(dotted);
	return nid == NID_undef ? NULL : OBJ_nid2ln(nid);
}

int oid_nid(const struct ber_node *node)
{
	const uint8_t *at;
	ASN1_OBJECT *object;
	int nid;

	if (node == NULL || node->tag != DER_OID || node->content.len > OID_TEXT)
		return NID_undef;
	at = node->whole.at;
	object = d2i_ASN1_OBJECT(NULL, &at, (long)node->whole.len);
	if (object == NULL)
		ERR_clear_error();
	nid = object == NULL ? NID_undef : OBJ_obj2nid(object);
	ASN1_OBJECT_free(object);
	return nid;
}
