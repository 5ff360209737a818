/* Rules for the signer: its certificate, its signature and its name.  Owns nothing. */
#include "lint_rule.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tsa/token/read/ess.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

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

/* RSASSA-PSS names its digest in the parameters; SHA-1 is their DEFAULT (RFC 4055 3.1). */
static int pss_digest(const struct ber_node *algorithm)
{
	const uint8_t *at = algorithm->whole.at;
	X509_ALGOR *alg = d2i_X509_ALGOR(NULL, &at, (long)algorithm->whole.len);
	const void *value = NULL;
	int type = V_ASN1_UNDEF;
	RSA_PSS_PARAMS *pss = NULL;
	int nid = NID_undef;

	if (alg != NULL)
		X509_ALGOR_get0(NULL, &type, &value, alg);
	if (type == V_ASN1_SEQUENCE)
		pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	if (pss != NULL)
		nid = pss->hashAlgorithm == NULL ? NID_sha1
						 : OBJ_obj2nid(pss->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(pss);
	X509_ALGOR_free(alg);
	return nid;
}

void lint_signature_algorithm(const struct lint_subject *subject, int *digest, int *key)
{
	const struct ber_node *algorithm = subject->file->cms.signer.signature_algorithm;
	const struct ber_node *oid = token_algorithm(&subject->file->tree, algorithm);
	int nid = oid_nid(oid);

	*digest = *key = NID_undef;
	if (oid_is(oid, OID_RSASSA_PSS)) {
		*digest = pss_digest(algorithm);
		*key = EVP_PKEY_RSA;
	} else if (OBJ_find_sigid_algs(nid, digest, key) != 1) {
		*key = nid; /* rsaEncryption: RFC 5754 3.2 allows it */
	}
}

static bool check_one_digest(const struct lint_subject *s, struct err *found)
{
	const EVP_MD *md = lint_signer_digest(s);
	int digest, key;

	if (md == NULL)
		return err_set(found, "digestAlgorithm is unknown");
	lint_signature_algorithm(s, &digest, &key);
	return digest == NID_undef || digest == EVP_MD_get_type(md) ||
	       err_set(found, "%s and %s", OBJ_nid2sn(EVP_MD_get_type(md)), OBJ_nid2sn(digest));
}

static bool check_key_kind(const struct lint_subject *s, struct err *found)
{
	EVP_PKEY *key = X509_get0_pubkey(s->signer->certificate);
	int kind = key == NULL ? NID_undef : EVP_PKEY_get_base_id(key);
	int digest, wanted;

	lint_signature_algorithm(s, &digest, &wanted);
	if (kind == wanted || (kind == EVP_PKEY_RSA_PSS && wanted == EVP_PKEY_RSA))
		return true;
	return err_set(found, "the key is %s", kind == NID_undef ? "unreadable" : OBJ_nid2sn(kind));
}

static bool is_name_of(GENERAL_NAME *name, X509 *certificate)
{
	GENERAL_NAMES *others;
	bool is = name->type == GEN_DIRNAME &&
		  X509_NAME_cmp(name->d.directoryName, X509_get_subject_name(certificate)) == 0;

	others = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !is && i < sk_GENERAL_NAME_num(others); i++)
		is = GENERAL_NAME_cmp(name, sk_GENERAL_NAME_value(others, i)) == 0;
	GENERAL_NAMES_free(others);
	return is;
}

static bool check_tsa(const struct lint_subject *s, struct err *found)
{
	const struct ber_node *tsa = s->file->tst.tsa;
	GENERAL_NAME *name;
	const uint8_t *at;
	bool ok;

	if (tsa == NULL)
		return true;
	at = tsa->content.at;
	name = d2i_GENERAL_NAME(NULL, &at, (long)tsa->content.len);
	ok = name != NULL && at == tsa->content.at + tsa->content.len;
	if (!ok)
		err_set(found, "it is no GeneralName");
	else if (!is_name_of(name, s->signer->certificate))
		ok = err_set(found, "it is another name");
	GENERAL_NAME_free(name);
	return ok;
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
