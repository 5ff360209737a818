/* Owns nothing. */
#include "oid.h"

#include <stdio.h>
#include <string.h>

#include <openssl/objects.h>

#include "tsa/tsp/der.h"

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

bool oid_is(const struct ber_node *node, const char *dotted)
{
	char text[OID_TEXT];

	if (node == NULL || node->tag != DER_OID)
		return false;
	oid_text(node->content, text);
	return strcmp(text, dotted) == 0;
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
	char text[OID_TEXT];

	if (node == NULL || node->tag != DER_OID || !der_oid_to_text(node->content, text, OID_TEXT))
		return NID_undef;
	return OBJ_txt2nid(text);
}
