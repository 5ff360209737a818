/*
 * What a token carries beside the signature: certificates, CRLs and OCSP responses in SignedData
 * and in unsigned attributes.  None of it is signed, so it is material and nothing more; what
 * cannot be read, or is past a limit, is left out.
 */
#include "token_part.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

#define OID_OCSP_RESPONSE "1.3.6.1.5.5.7.16.2" /* RFC 5940 2.1 */
#define OID_CERTIFICATE_VALUES "1.2.840.113549.1.9.16.2.23" /* RFC 5126 6.3.3 */
#define OID_REVOCATION_VALUES "1.2.840.113549.1.9.16.2.24" /* RFC 5126 6.3.4 */

enum { MAX_LEFT_OUT = 64 }; /* that could not be read: then no more is tried */

struct carried {
	struct token_run *run;
	unsigned left_out;
};

static const struct material_item *add(
	struct carried *c, enum material_kind kind, const struct ber_node *node)
{
	const struct material_item *item = NULL;
	struct err ignored = { 0 };

	if (c->left_out > MAX_LEFT_OUT)
		return NULL;
	if (!material_add(
		    c->run->material, kind, FROM_TOKEN, node->whole, "token", &item, &ignored)) {
		c->left_out++;
		return NULL;
	}
	material_add_inside(c->run->material, item->sha256, c->run->facts->sha256);
	return item;
}

/* All inside a SEQUENCE OF, or a [n] around one. */
static void add_all(struct carried *c, enum material_kind kind, const struct ber_node *list)
{
	struct ber_walk walk = ber_inside(&c->run->facts->file.tree, list);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;)
		if (node->tag == DER_SEQUENCE)
			(void)add(c, kind, node);
}

/* Once, however often it is there. */
static void note_carried(struct token_run *run, const struct material_item *item)
{
	for (unsigned i = 0; i < run->carried_count; i++)
		if (run->carried[i] == item)
			return;
	if (run->carried_count < MATERIAL_MAX_TOKEN_CERTIFICATES)
		run->carried[run->carried_count++] = item;
}

/* CertificateSet (RFC 5652 10.2.3): attribute certificates and others are not asked for. */
static void add_certificates(struct carried *c)
{
	struct token_run *run = c->run;
	struct ber_walk walk =
		ber_inside(&run->facts->file.tree, run->facts->file.cms.certificates);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		const struct material_item *item =
			node->tag == DER_SEQUENCE ? add(c, MATERIAL_CERTIFICATE, node) : NULL;

		if (item != NULL)
			note_carried(run, item);
	}
}

/* RevocationInfoChoices (RFC 5652 10.2.1): CRLs, and OCSP responses as RFC 5940 has them. */
static void add_revocations(struct carried *c)
{
	const struct ber *tree = &c->run->facts->file.tree;
	struct ber_walk walk = ber_inside(tree, c->run->facts->file.cms.crls);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		struct ber_walk other;
		const struct ber_node *response;

		if (node->tag == DER_SEQUENCE) {
			(void)add(c, MATERIAL_CRL, node);
			continue;
		}
		other = ber_inside(tree, node);
		if (node->tag != (DER_CONTEXT_CONSTRUCTED | 1) ||
			!oid_is(ber_take(&other, DER_OID), OID_OCSP_RESPONSE))
			continue;
		response = ber_take(&other, DER_SEQUENCE);
		if (response != NULL)
			(void)add(c, MATERIAL_OCSP, response);
	}
}

/* RevocationValues: crlVals [0], ocspVals [1], each around a SEQUENCE OF. */
static void add_revocation_values(struct carried *c, const struct ber_node *values)
{
	const struct ber *tree = &c->run->facts->file.tree;
	struct ber_walk walk = ber_inside(tree, values);
	struct ber_walk crls, responses;

	crls = ber_inside(tree, ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED));
	responses = ber_inside(tree, ber_take_if(&walk, DER_CONTEXT_CONSTRUCTED | 1));
	add_all(c, MATERIAL_CRL, ber_peek(&crls));
	add_all(c, MATERIAL_OCSP, ber_peek(&responses));
}

static void add_unsigned(struct carried *c)
{
	const struct ber *tree = &c->run->facts->file.tree;
	const struct ber_node *attrs = c->run->facts->file.cms.signer.unsigned_attrs;

	add_all(c, MATERIAL_CERTIFICATE,
		token_attribute_value(tree, attrs, OID_CERTIFICATE_VALUES));
	add_revocation_values(c, token_attribute_value(tree, attrs, OID_REVOCATION_VALUES));
}

void token_carried(struct token_run *run)
{
	struct carried c = { .run = run };

	if (run->facts->file.cms.certificates != NULL)
		add_certificates(&c);
	if (run->facts->file.cms.crls != NULL)
		add_revocations(&c);
	if (run->facts->file.cms.signer.unsigned_attrs != NULL)
		add_unsigned(&c);
	if (c.left_out > 0)
		verdict_line(run->verdict, "V-07", CHECK_WARN,
			"%u certificates, CRLs or OCSP responses that the token carries cannot be "
			"read, or are more than are taken: they are left out",
			c.left_out);
}
