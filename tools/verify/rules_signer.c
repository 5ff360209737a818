/* Rules for the signer: its certificate, its signature and its name.  Owns nothing. */
#include "lint_rule.h"

#include "tsa/token/check/named.h"
#include "tsa/token/check/signature.h"
#include "tsa/token/read/ess.h"

static bool check_embedded(const struct lint_subject *s, struct err *found)
{
	return s->file->cms.certificates == NULL || s->signer->is_embedded ||
	       err_set(found, "it is not");
}

static bool check_ess(const struct lint_subject *s, struct err *found)
{
	struct ess_id id;
	struct err ignored = { 0 };

	/* That there is none, or a malformed one, is another rule's finding. */
	if (ess_get(s->file, true, 0, &id) == ESS_MALFORMED ||
		ess_get(s->file, false, 0, &id) == ESS_MALFORMED ||
		(ess_get(s->file, true, 0, &id) == ESS_ABSENT &&
			ess_get(s->file, false, 0, &id) == ESS_ABSENT))
		return true;
	return ess_names_signer(s->file, s->signer->certificate, &ignored) ||
	       err_set(found, "%s", ignored.text);
}

static bool check_signature(const struct lint_subject *s, struct err *found)
{
	if (s->file->cms.signer.signed_attrs == NULL)
		return true; /* P-24 says so already */
	return s->signer->signature_is_good || err_set(found, "%s", s->signer->signature.text);
}

static bool check_one_digest(const struct lint_subject *s, struct err *found)
{
	const EVP_MD *md = signature_digest(s->file);
	int digest, key;

	if (md == NULL)
		return err_set(found, "digestAlgorithm is unknown");
	signature_algorithm(s->file, &digest, &key);
	return digest == NID_undef || digest == EVP_MD_get_type(md) ||
	       err_set(found, "%s and %s", OBJ_nid2sn(EVP_MD_get_type(md)), OBJ_nid2sn(digest));
}

static bool check_key_kind(const struct lint_subject *s, struct err *found)
{
	EVP_PKEY *key = X509_get0_pubkey(s->signer->certificate);
	int kind = key == NULL ? NID_undef : EVP_PKEY_get_base_id(key);
	int digest, wanted;

	signature_algorithm(s->file, &digest, &wanted);
	if (kind == wanted || (kind == EVP_PKEY_RSA_PSS && wanted == EVP_PKEY_RSA))
		return true;
	return err_set(found, "the key is %s", kind == NID_undef ? "unreadable" : OBJ_nid2sn(kind));
}

static bool check_tsa(const struct lint_subject *s, struct err *found)
{
	return named_tsa_is(s->file, s->signer->certificate, found);
}

static const struct lint_rule rules[] = {
	{ "P-10", IN_ALL, NEED_SIGNER_INFO, check_embedded,
		"RFC 3161 2.4.1: where certificates are there, the signer's is among them" },
	{ "P-15", IN_ALL, NEED_CERTIFICATE, check_ess,
		"RFC 5816 2.2.1: the first certificate ID is the signer's" },
	{ "P-24", IN_ALL, NEED_CERTIFICATE, check_signature,
		"RFC 5652 5.6: the signature verifies with the signer's key" },
	{ "P-24", IN_ALL, NEED_SIGNER_INFO, check_one_digest,
		"RFC 8933 3: signature and attributes use one digest" },
	{ "P-24", IN_ALL, NEED_CERTIFICATE, check_key_kind,
		"RFC 5652 5.3: signatureAlgorithm is one of the signer's key" },
	{ "P-21", IN_ALL, NEED_CERTIFICATE, check_tsa,
		"RFC 3161 2.4.2: tsa is a subject name of the signer's certificate" },
};

struct lint_rules rules_signer(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
