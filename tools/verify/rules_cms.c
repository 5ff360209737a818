/* Rules for ContentInfo, SignedData and the envelope of TSTInfo.  Owns nothing. */
#include "lint_rule.h"

#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

/* RFC 5652 5.1, 5.3 */
enum { VERSION_OF_TOKEN = 3, VERSION_BY_ISSUER = 1, VERSION_BY_KEY_ID = 3, VERSION_OF_TST = 1 };

static bool err_type(struct err *found, const struct ber_node *type)
{
	char text[OID_TEXT];

	if (type == NULL)
		return err_set(found, "there is none");
	oid_text(type->content, text);
	return err_set(found, "it is %s", text);
}

static bool check_type(const struct lint_subject *s, struct err *found)
{
	return oid_is(s->file->cms.type, OID_SIGNED_DATA) || err_type(found, s->file->cms.type);
}

static bool check_decodes(const struct lint_subject *s, struct err *found)
{
	return s->file->cms.decoded || !oid_is(s->file->cms.type, OID_SIGNED_DATA) ||
	       err_set(found, "%s", s->file->cms.broken.text);
}

static bool check_content_type(const struct lint_subject *s, struct err *found)
{
	return oid_is(s->file->cms.content_type, OID_TST_INFO) ||
	       err_type(found, s->file->cms.content_type);
}

static bool check_tst_decodes(const struct lint_subject *s, struct err *found)
{
	if (s->file->cms.content_node == NULL)
		return err_set(found, "eContent is absent");
	return s->file->tst.decoded || err_set(found, "%s", s->file->tst.broken.text);
}

static bool check_tst_rest(const struct lint_subject *s, struct err *found)
{
	return s->file->tst.tree.rest.len == 0 ||
	       err_set(found, "%zu bytes follow", s->file->tst.tree.rest.len);
}

static bool check_tst_der(const struct lint_subject *s, struct err *found)
{
	struct ber_flaws flaws = { 0 };

	ber_strict(&s->file->tst.tree, 0, (uint32_t)s->file->tst.tree.count, &flaws);
	return flaws.count == 0 || lint_flaws(&flaws, found);
}

/* INTEGER node is the number wanted. */
static bool is_number(const struct ber_node *node, int64_t wanted, struct err *found)
{
	int64_t number;

	if (!ber_number(node->content, &number))
		return err_set(found, "it does not fit");
	return number == wanted || err_set(found, "it is %lld", (long long)number);
}

static bool check_tst_version(const struct lint_subject *s, struct err *found)
{
	return is_number(s->file->tst.version, VERSION_OF_TST, found);
}

static bool check_one_signer(const struct lint_subject *s, struct err *found)
{
	return s->file->cms.signer_count == 1 ||
	       err_set(found, "there are %u", s->file->cms.signer_count);
}

static bool check_version(const struct lint_subject *s, struct err *found)
{
	return is_number(s->file->cms.version, VERSION_OF_TOKEN, found);
}

static bool check_signer_version(const struct lint_subject *s, struct err *found)
{
	const struct signer_part *signer = &s->file->cms.signer;
	bool by_issuer = signer->sid->tag == DER_SEQUENCE;

	return is_number(signer->version, by_issuer ? VERSION_BY_ISSUER : VERSION_BY_KEY_ID, found);
}

static bool check_digest_listed(const struct lint_subject *s, struct err *found)
{
	const struct cms_part *cms = &s->file->cms;
	const struct ber_node *wanted =
		token_algorithm(&s->file->tree, cms->signer.digest_algorithm);
	struct ber_walk walk = ber_inside(&s->file->tree, cms->digest_algorithms);

	if (wanted == NULL)
		return err_set(found, "digestAlgorithm of SignerInfo is malformed");
	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		const struct ber_node *oid = token_algorithm(&s->file->tree, node);

		if (oid != NULL && bytes_equal(oid->whole, wanted->whole))
			return true;
	}
	return err_set(found, "it is not among them");
}

static const struct lint_rule rules[] = {
	{ "P-13", IN_ALL, NEED_CONTENT_INFO, check_type,
		"RFC 3161 2.4.2: the token's contentType is id-signedData" },
	{ "P-24", IN_ALL, NEED_CONTENT_INFO, check_decodes, "RFC 5652 5.1: SignedData decodes" },
	{ "P-24", IN_ALL, NEED_SIGNED_DATA, check_version,
		"RFC 5652 5.1: SignedData's version is 3, as nothing of version 4 or 5 is in it" },
	{ "P-24", IN_ALL, NEED_SIGNER_INFO, check_digest_listed,
		"RFC 5652 5.1: digestAlgorithms has the signer's digestAlgorithm" },
	{ "P-13", IN_ALL, NEED_SIGNED_DATA, check_content_type,
		"RFC 3161 2.4.2: eContentType is id-ct-TSTInfo" },
	{ "P-13", IN_ALL, NEED_SIGNED_DATA, check_tst_decodes,
		"RFC 3161 2.4.2: eContent is a TSTInfo" },
	{ "P-13", IN_ALL, NEED_TST_INFO, check_tst_rest,
		"RFC 3161 2.4.2: nothing follows TSTInfo" },
	{ "P-13", IN_ALL, NEED_TST_INFO, check_tst_der, "RFC 3161 2.4.2: TSTInfo is DER" },
	{ "P-13", IN_ALL, NEED_TST_INFO, check_tst_version,
		"RFC 3161 2.4.2: TSTInfo's version is 1" },
	{ "P-14", IN_ALL, NEED_SIGNED_DATA, check_one_signer,
		"RFC 3161 2.4.2: the TSA's signature is the only one" },
	{ "P-24", IN_ALL, NEED_SIGNER_INFO, check_signer_version,
		"RFC 5652 5.3: SignerInfo's version is 1 by issuer, 3 by subjectKeyIdentifier" },
};

struct lint_rules rules_cms(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
