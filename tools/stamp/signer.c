/* Who signed, whether that certificate may, and whether the signature is good.  Owns nothing. */
#include "answer_part.h"

#include <string.h>

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "tsa/token/build.h"

static X509 *find_in(STACK_OF(X509) * certificates, CMS_SignerInfo *si, bool *named)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *certificate = sk_X509_value(certificates, i);

		if (CMS_SignerInfo_cert_cmp(si, certificate) != 0)
			continue;
		*named = true;
		if (ess_names(si, certificate))
			return certificate;
	}
	return NULL;
}

/* P-10, P-15: the one that both the SignerInfo and the signed attribute mean. */
static X509 *find(CMS_SignerInfo *si, const struct stamp_query *query,
	const struct stamp_rules *rules, struct stamp_token *token, struct err *err)
{
	bool named = false;
	X509 *found = find_in(token->certificates, si, &named);

	if (found == NULL && !query->cert_req)
		found = find_in(rules->untrusted, si, &named);
	if (found != NULL)
		return found;
	if (named)
		err_set(err, "token: RFC 5816 2.2.1: ESSCertID or ESSCertIDv2 must name the "
			     "certificate of the signer: names none or another");
	else if (query->cert_req)
		err_set(err, "token: RFC 3161 2.4.1: certReq was set: the certificate of the "
			     "signer is not in it");
	else
		err_set(err, "token: the certificate of the signer must be in --untrusted: "
			     "is not");
	return NULL;
}

static int count_purposes(const X509 *signer)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(signer, NID_ext_key_usage, NULL, NULL);
	int count = sk_ASN1_OBJECT_num(usage);

	EXTENDED_KEY_USAGE_free(usage);
	return count;
}

static bool check_certificate(X509 *signer, int64_t gen_time, struct err *err)
{
	/*
	 * X.509 code of OpenSSL 3.0: timeStamping, critical, once; keyUsage only for signing.
	 * Purposes it does not know it does not see.
	 */
	if (X509_check_purpose(signer, X509_PURPOSE_TIMESTAMP_SIGN, 0) != 1 ||
		count_purposes(signer) != 1)
		return err_set(err, "signer's certificate: RFC 3161 2.3: extendedKeyUsage must be "
				    "critical and timeStamping alone: is not");
	if (ASN1_TIME_cmp_time_t(X509_get0_notBefore(signer), (time_t)gen_time) > 0)
		return err_set(err, "signer's certificate: must be valid at genTime: is not yet");
	if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(signer), (time_t)gen_time) < 0)
		return err_set(err, "signer's certificate: must be valid at genTime: has expired");
	return true;
}

static bool check_content_type(const CMS_SignerInfo *si, struct err *err)
{
	const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(
		si, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

	return (type != NULL && OBJ_obj2nid(type) == NID_id_smime_ct_TSTInfo) ||
	       err_set(err, "token: RFC 5652 11.1: contentType attribute must be id-ct-TSTInfo: "
			    "is not");
}

/* MD5 is anybody's.  SHA-1 should go as well, but a large TSA in the field still signs over it. */
static bool is_strong(const X509_ALGOR *digest)
{
	const EVP_MD *md = EVP_get_digestbyobj(digest->algorithm);

	return md != NULL && EVP_MD_get_size(md) >= SHA_DIGEST_LENGTH;
}

/* RFC 5652 5.3: OpenSSL goes by the key and would take any signatureAlgorithm. */
static bool check_algorithm(CMS_SignerInfo *si, X509 *signer, struct err *err)
{
	int key = EVP_PKEY_get_base_id(X509_get0_pubkey(signer));
	X509_ALGOR *digest = NULL, *signature = NULL;
	int id, its_digest = NID_undef, its_key = NID_undef;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	if (!is_strong(digest))
		return err_set(err, "token: digestAlgorithm must be SHA-1 or stronger: is not");
	id = OBJ_obj2nid(signature->algorithm);
	if (id == key)
		return true; /* rsaEncryption: RFC 5754 3.2 allows it */
	if (OBJ_find_sigid_algs(id, &its_digest, &its_key) == 1 &&
		(its_key == key || (its_key == NID_rsassaPss && key == EVP_PKEY_RSA)) &&
		(its_digest == NID_undef || its_digest == OBJ_obj2nid(digest->algorithm)))
		return true;
	return err_set(err, "token: RFC 5652 5.3: signatureAlgorithm must fit the key and the "
			    "digest: does not");
}

/* With this certificate only, and without its chain. */
static bool check_signature(CMS_ContentInfo *cms, X509 *signer, struct err *err)
{
	STACK_OF(X509) *only = sk_X509_new_null();
	BIO *nowhere = BIO_new(BIO_s_null());
	bool ok = only != NULL && nowhere != NULL && sk_X509_push(only, signer) > 0 &&
		  CMS_verify(cms, only, NULL, NULL, nowhere,
			  CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;

	if (!ok)
		err_openssl(err, "token: signature must be the signer's: is not");
	sk_X509_free(only);
	BIO_free(nowhere);
	return ok;
}

static STACK_OF(X509) *
	all_untrusted(const struct stamp_rules *rules, const struct stamp_token *token)
{
	STACK_OF(X509) *all = sk_X509_dup(token->certificates);

	for (int i = 0; all != NULL && i < sk_X509_num(rules->untrusted); i++) {
		if (sk_X509_push(all, sk_X509_value(rules->untrusted, i)) == 0) {
			sk_X509_free(all);
			return NULL;
		}
	}
	return all;
}

static bool err_chain(struct err *err, X509_STORE_CTX *ctx)
{
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	char name[160] = "";

	if (at != NULL)
		(void)X509_NAME_oneline(X509_get_subject_name(at), name, sizeof(name));
	return err_set(err, "chain: must end at --trust: %s: %s", name,
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

static bool check_chain(const struct stamp_rules *rules, struct stamp_token *token, struct err *err)
{
	STACK_OF(X509) *untrusted = all_untrusted(rules, token);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = false;

	if (untrusted == NULL || ctx == NULL ||
		X509_STORE_CTX_init(ctx, rules->trust, token->signer, untrusted) != 1 ||
		X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_TIMESTAMP_SIGN) != 1) {
		err_openssl(err, "chain");
		goto out;
	}
	X509_STORE_CTX_set_time(ctx, 0, (time_t)rules->now);
	ok = X509_verify_cert(ctx) == 1;
	if (!ok)
		err_chain(err, ctx);
	else
		token->chain = X509_STORE_CTX_get1_chain(ctx);
out:
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	return ok;
}

bool signer_check(CMS_ContentInfo *cms, const struct stamp_query *query,
	const struct stamp_rules *rules, int64_t gen_time, struct stamp_token *token,
	struct err *err)
{
	STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
	CMS_SignerInfo *si;
	X509 *signer;

	if (sk_CMS_SignerInfo_num(all) != 1)
		return err_set(err, "token: RFC 3161 2.4.2: must have one signature: has %d",
			sk_CMS_SignerInfo_num(all) < 0 ? 0 : sk_CMS_SignerInfo_num(all));
	if (!query->cert_req && sk_X509_num(token->certificates) > 0)
		return err_set(err, "token: RFC 3161 2.4.1: certReq was not set: has certificates");
	si = sk_CMS_SignerInfo_value(all, 0);
	signer = find(si, query, rules, token, err);
	if (signer == NULL || !check_certificate(signer, gen_time, err) ||
		!check_content_type(si, err) || !check_algorithm(si, signer, err) ||
		!protection_holds(si, err) || !check_signature(cms, signer, err))
		return false;
	if (X509_up_ref(signer) != 1)
		return err_openssl(err, "certificate");
	token->signer = signer;
	return rules->trust == NULL || check_chain(rules, token, err);
}

bool signer_check_name(TS_TST_INFO *info, X509 *signer, struct err *err)
{
	GENERAL_NAME *tsa = TS_TST_INFO_get_tsa(info);
	GENERAL_NAMES *others = NULL;
	bool is = false;

	if (tsa == NULL)
		return true;
	if (tsa->type == GEN_DIRNAME)
		is = X509_NAME_cmp(tsa->d.directoryName, X509_get_subject_name(signer)) == 0;
	others = X509_get_ext_d2i(signer, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; !is && i < sk_GENERAL_NAME_num(others); i++)
		is = GENERAL_NAME_cmp(tsa, sk_GENERAL_NAME_value(others, i)) == 0;
	GENERAL_NAMES_free(others);
	return is || err_set(err, "token: RFC 3161 2.4.2: tsa must be a name of the signer: "
				  "is another");
}
