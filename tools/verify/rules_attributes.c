/* Rules for the signed attributes.  Owns nothing. */
#include "lint_rule.h"

#include <string.h>

#include <openssl/evp.h>

#include "tsa/token/check/signature.h"
#include "tsa/token/read/ess.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

static bool check_present(const struct lint_subject *s, struct err *found)
{
	return s->file->cms.signer.signed_attrs != NULL || err_set(found, "there are none");
}

static bool check_der(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *attrs = s->file->cms.signer.signed_attrs;
	struct ber_flaws flaws = { 0 };

	ber_strict(&s->file->tree, (uint32_t)(attrs - s->file->tree.nodes), attrs->past, &flaws);
	ber_strict_order(&s->file->tree, attrs,
		"X.690 11.6: signedAttrs, a SET OF, is not in order", &flaws);
	return flaws.count == 0 || lint_flaws(&flaws, found);
}

static bool check_once(const struct lint_subject *s, struct err *found)
{
	const struct ber *tree = &s->file->tree;
	const struct ber_node *attrs = s->file->cms.signer.signed_attrs;
	struct ber_walk walk = ber_inside(tree, attrs);

	for (const struct ber_node *attr; (attr = ber_next(&walk)) != NULL;) {
		const struct ber_node *type = token_algorithm(tree, attr);
		char text[OID_TEXT];
		unsigned count;

		if (type == NULL)
			return err_set(found, "an attribute is malformed");
		oid_text(type->content, text);
		(void)token_attribute(tree, attrs, text, &count);
		if (count != 1)
			return err_set(found, "%.200s is there %u times", text, count);
	}
	return true;
}

static bool check_content_type(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *value = token_attribute_value(
		&s->file->tree, s->file->cms.signer.signed_attrs, OID_CONTENT_TYPE);

	if (value == NULL)
		return err_set(found, "there is not one attribute with one value");
	return oid_is(value, OID_TST_INFO) || err_set(found, "it is another type");
}

static bool check_message_digest(const struct lint_subject *s, struct err *found)
{
	return signature_message_digest(s->file, found);
}

static bool check_signing_time(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *attrs = s->file->cms.signer.signed_attrs;
	const struct ber_node *value =
		token_attribute_value(&s->file->tree, attrs, OID_SIGNING_TIME);
	struct moment moment;
	unsigned count;

	(void)token_attribute(&s->file->tree, attrs, OID_SIGNING_TIME, &count);
	if (count == 0)
		return true;
	if (value == NULL)
		return err_set(found, "there is not one attribute with one value");
	moment = moment_of_signing_time(value->tag, value->content);
	return moment.flaw == NULL || err_set(found, "%s", moment.flaw);
}

static bool check_protection(const struct lint_subject *s, struct err *found)
{
	return signature_protection(s->file, found);
}

static bool check_ess(const struct lint_subject *s, struct err *found)
{
	struct ess_id id;
	enum ess_state v1 = ess_get(s->file, false, 0, &id);
	enum ess_state v2 = ess_get(s->file, true, 0, &id);

	if (v1 == ESS_MALFORMED || v2 == ESS_MALFORMED)
		return err_set(found, "signingCertificate%s is malformed, or there twice",
			v1 == ESS_MALFORMED ? "" : "V2");
	return v1 == ESS_THERE || v2 == ESS_THERE || err_set(found, "there is neither");
}

/* RFC 5816 2.2.1: v2 for any digest but SHA-1, v1 for that. */
static bool check_ess_version(const struct lint_subject *s, struct err *found)
{
	struct ess_id id;
	enum ess_state v1 = ess_get(s->file, false, 0, &id);
	enum ess_state v2 = ess_get(s->file, true, 0, &id);
	const EVP_MD *md = signature_digest(s->file);

	if (v2 == ESS_THERE && strcmp(id.algorithm, OID_SHA1) == 0)
		return err_set(found, "signingCertificateV2 with SHA-1");
	if (v1 == ESS_THERE && v2 == ESS_ABSENT && md != NULL && EVP_MD_get_type(md) != NID_sha1)
		return err_set(found, "signingCertificate (SHA-1) alone beside %s",
			OBJ_nid2sn(EVP_MD_get_type(md)));
	return true;
}

static const struct lint_rule rules[] = {
	{ "P-24", IN_ALL, NEED_SIGNER_INFO, check_present,
		"RFC 5652 5.3: signed attributes are there" },
	{ "P-24", IN_ALL, NEED_SIGNED_ATTRS, check_der,
		"RFC 5652 5.4: the signed attributes are DER" },
	{ "P-24", IN_ALL, NEED_SIGNED_ATTRS, check_once,
		"RFC 5652 5.3: each signed attribute is there once" },
	{ "P-24", IN_ALL, NEED_SIGNED_ATTRS, check_content_type,
		"RFC 5652 11.1: attribute contentType is id-ct-TSTInfo" },
	{ "P-24", IN_ALL, NEED_SIGNED_ATTRS, check_message_digest,
		"RFC 5652 11.2: attribute messageDigest is that of eContent" },
	{ "P-24", IN_ALL, NEED_SIGNED_ATTRS, check_signing_time,
		"RFC 5652 11.3: attribute signingTime, where there, is well-formed" },
	{ "P-25", IN_ALL, NEED_SIGNED_ATTRS, check_protection,
		"RFC 6211 2: CMSAlgorithmProtection, where there, repeats the algorithms" },
	{ "P-15", IN_ALL, NEED_SIGNER_INFO, check_ess,
		"RFC 5816 2.2.1: signingCertificate or signingCertificateV2 is a signed attribute" },
	{ "P-15", IN_ALL, NEED_SIGNED_ATTRS, check_ess_version,
		"RFC 5816 2.2.1: signingCertificateV2 is used for every digest but SHA-1" },
};

struct lint_rules rules_attributes(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
