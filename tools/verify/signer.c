/* Owns what struct signer owns.  What is found here is no trust: no anchor is asked. */
#include "signer.h"

#include <stdlib.h>

#include <openssl/cms.h>
#include <openssl/err.h>

#include "tsa/token/read/ess.h"
#include "tsa/tsp/der.h"

static void must_push(STACK_OF(X509) * stack, X509 *certificate)
{
	if (sk_X509_push(stack, certificate) <= 0)
		abort();
}

static STACK_OF(X509) * must_stack(void)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	if (stack == NULL)
		abort();
	return stack;
}

static void read_certificates(const struct token_file *file, struct signer *signer)
{
	struct ber_walk walk = ber_inside(&file->tree, file->cms.certificates);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		const uint8_t *at = node->whole.at;
		X509 *certificate = NULL;

		if (node->tag == DER_SEQUENCE &&
			sk_X509_num(signer->embedded) < SIGNER_MAX_CERTIFICATES)
			certificate = d2i_X509(NULL, &at, (long)node->whole.len);
		if (certificate != NULL)
			must_push(signer->embedded, certificate);
		else
			signer->undecoded++;
	}
}

/* issuerAndSerialNumber, or [0] subjectKeyIdentifier. */
static bool sid_names(const struct token_file *file, X509 *certificate)
{
	const struct ber_node *sid = file->cms.signer.sid;
	const uint8_t *name_at, *serial_at;
	const struct ber_node *name, *serial;
	const ASN1_OCTET_STRING *key_id;
	X509_NAME *issuer;
	ASN1_INTEGER *number;
	struct ber_walk walk;
	bool is;

	if (sid->tag == DER_CONTEXT) {
		key_id = X509_get0_subject_key_id(certificate);
		return key_id != NULL &&
		       bytes_equal(sid->content, (struct bytes){ ASN1_STRING_get0_data(key_id),
							 (size_t)ASN1_STRING_length(key_id) });
	}
	walk = ber_inside(&file->tree, sid);
	name = ber_take(&walk, DER_SEQUENCE);
	serial = ber_take(&walk, DER_INTEGER);
	if (!ber_finished(&walk))
		return false;
	name_at = name->whole.at;
	serial_at = serial->whole.at;
	issuer = d2i_X509_NAME(NULL, &name_at, (long)name->whole.len);
	number = d2i_ASN1_INTEGER(NULL, &serial_at, (long)serial->whole.len);
	is = issuer != NULL && number != NULL &&
	     X509_NAME_cmp(issuer, X509_get_issuer_name(certificate)) == 0 &&
	     ASN1_INTEGER_cmp(number, X509_get0_serialNumber(certificate)) == 0;
	X509_NAME_free(issuer);
	ASN1_INTEGER_free(number);
	return is;
}

/* The one that sid and ESSCertID name, or the first that the sid names. */
static X509 *find_in(const struct token_file *file, STACK_OF(X509) * certificates)
{
	X509 *by_sid = NULL;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *certificate = sk_X509_value(certificates, i);
		struct err ignored = { 0 };

		if (!sid_names(file, certificate))
			continue;
		if (ess_names_signer(file, certificate, &ignored))
			return certificate;
		if (by_sid == NULL)
			by_sid = certificate;
	}
	return by_sid;
}

/* By name and key; among several the one whose key made the signature. */
static X509 *issuer_in(STACK_OF(X509) * certificates, X509 *subject)
{
	X509 *by_name = NULL;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *issuer = sk_X509_value(certificates, i);

		if (X509_check_issued(issuer, subject) != X509_V_OK)
			continue;
		if (X509_verify(subject, X509_get0_pubkey(issuer)) == 1)
			return issuer;
		if (by_name == NULL)
			by_name = issuer;
	}
	return by_name;
}

static void build_chain(struct signer *signer, STACK_OF(X509) * untrusted)
{
	X509 *below = signer->certificate;

	while (below != NULL && sk_X509_num(signer->chain) < SIGNER_MAX_CHAIN &&
		X509_check_issued(below, below) != X509_V_OK) {
		X509 *issuer = issuer_in(signer->embedded, below);

		if (issuer == NULL)
			issuer = issuer_in(untrusted, below);
		if (issuer != NULL)
			must_push(signer->chain, issuer);
		below = issuer;
	}
}

/*
 * RFC 8419: EdDSA over the attributes as a SET OF, which OpenSSL 3.0's CMS code cannot do. Their
 * own octets with that tag are it, unless their length is indefinite: that fails.
 */
static bool check_eddsa(const struct signer_part *part, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bytes signature = part->signature->content;
	struct buf attrs = { 0 };
	bool ok;

	if (ctx == NULL)
		abort();
	buf_append(&attrs, part->signed_attrs->whole);
	attrs.at[0] = DER_SET;
	ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	     EVP_DigestVerify(ctx, signature.at, signature.len, attrs.at, attrs.len) == 1;
	buf_free(&attrs);
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Over the signed attributes; messageDigest is a rule of its own. */
static bool check_signature(const struct token_file *file, X509 *certificate, struct err *err)
{
	struct bytes token = file->cms.whole->whole;
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	const uint8_t *at = token.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)token.len);
	STACK_OF(CMS_SignerInfo) *all = cms == NULL ? NULL : CMS_get0_SignerInfos(cms);
	CMS_SignerInfo *si =
		sk_CMS_SignerInfo_num(all) < 1 ? NULL : sk_CMS_SignerInfo_value(all, 0);
	bool ok;

	if (key == NULL) {
		ok = err_set(err, "the key cannot be read");
	} else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ||
		   EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448) {
		ok = check_eddsa(&file->cms.signer, key) || err_set(err, "it does not");
	} else if (si == NULL) {
		ok = err_set(err, "OpenSSL's CMS code cannot read the token");
	} else {
		CMS_SignerInfo_set1_signer_cert(si, certificate);
		ok = CMS_SignerInfo_verify(si) == 1 || err_set(err, "it does not");
	}
	CMS_ContentInfo_free(cms);
	return ok;
}

void signer_find(const struct token_file *file, STACK_OF(X509) * untrusted, struct signer *signer)
{
	*signer = (struct signer){ .embedded = must_stack(), .chain = must_stack() };
	if (!file->cms.decoded || !file->cms.has_signer)
		return;
	if (file->cms.certificates != NULL)
		read_certificates(file, signer);
	signer->certificate = find_in(file, signer->embedded);
	signer->is_embedded = signer->certificate != NULL;
	if (!signer->is_embedded)
		signer->certificate = find_in(file, untrusted);
	if (signer->certificate != NULL) {
		build_chain(signer, untrusted);
		if (file->cms.signer.signed_attrs != NULL)
			signer->signature_is_good =
				check_signature(file, signer->certificate, &signer->signature);
	}
	ERR_clear_error();
}

void signer_wipe(struct signer *signer)
{
	sk_X509_free(signer->chain);
	sk_X509_pop_free(signer->embedded, X509_free);
	*signer = (struct signer){ 0 };
}
