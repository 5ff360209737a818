/* Holds a SignerInfo's signature and attributes against what they are of.  Owns nothing. */
#include "signature.h"

#include <stdlib.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

enum { HEADERS = 128 }; /* octets of the headers that are put around a SignerInfo */

const EVP_MD *signature_digest(const struct token_file *file)
{
	int nid = oid_nid(token_algorithm(&file->tree, file->cms.signer.digest_algorithm));

	return nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
}

int signature_pss_digest(const X509_ALGOR *algorithm)
{
	const void *value = NULL;
	int type = V_ASN1_UNDEF;
	RSA_PSS_PARAMS *pss = NULL;
	int nid = NID_undef;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_SEQUENCE)
		pss = ASN1_TYPE_unpack_sequence(
			ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter);
	if (pss != NULL)
		nid = pss->hashAlgorithm == NULL ? NID_sha1
						 : OBJ_obj2nid(pss->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(pss);
	return nid;
}

static int pss_digest(const struct ber_node *node)
{
	const uint8_t *at = node->whole.at;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &at, (long)node->whole.len);
	int nid = algorithm == NULL ? NID_undef : signature_pss_digest(algorithm);

	X509_ALGOR_free(algorithm);
	return nid;
}

/* Those that OpenSSL 3.0 knows by name, and not what they are made of. */
static const struct {
	int algorithm;
	int digest;
	int key;
} named_only[] = {
	{ NID_ecdsa_with_SHA3_224, NID_sha3_224, EVP_PKEY_EC },
	{ NID_ecdsa_with_SHA3_256, NID_sha3_256, EVP_PKEY_EC },
	{ NID_ecdsa_with_SHA3_384, NID_sha3_384, EVP_PKEY_EC },
	{ NID_ecdsa_with_SHA3_512, NID_sha3_512, EVP_PKEY_EC },
	{ NID_dsa_with_SHA384, NID_sha384, EVP_PKEY_DSA },
	{ NID_dsa_with_SHA512, NID_sha512, EVP_PKEY_DSA },
	{ NID_dsa_with_SHA3_224, NID_sha3_224, EVP_PKEY_DSA },
	{ NID_dsa_with_SHA3_256, NID_sha3_256, EVP_PKEY_DSA },
	{ NID_dsa_with_SHA3_384, NID_sha3_384, EVP_PKEY_DSA },
	{ NID_dsa_with_SHA3_512, NID_sha3_512, EVP_PKEY_DSA },
	{ NID_sha512_224WithRSAEncryption, NID_sha512_224, EVP_PKEY_RSA },
	{ NID_sha512_256WithRSAEncryption, NID_sha512_256, EVP_PKEY_RSA },
};

void signature_algorithm(const struct token_file *file, int *digest, int *key)
{
	const struct ber_node *algorithm = file->cms.signer.signature_algorithm;
	const struct ber_node *oid = token_algorithm(&file->tree, algorithm);
	int nid = oid_nid(oid);

	*digest = *key = NID_undef;
	if (nid == NID_rsassaPss) {
		*digest = pss_digest(algorithm);
		*key = EVP_PKEY_RSA;
		return;
	}
	if (OBJ_find_sigid_algs(nid, digest, key) == 1)
		return;
	*key = nid; /* rsaEncryption: RFC 5754 3.2 allows it */
	for (size_t i = 0; i < sizeof(named_only) / sizeof(named_only[0]); i++) {
		if (named_only[i].algorithm != nid)
			continue;
		*digest = named_only[i].digest;
		*key = named_only[i].key;
	}
}

bool signature_message_digest(const struct token_file *file, struct err *found)
{
	const struct ber_node *value = token_attribute_value(
		&file->tree, file->cms.signer.signed_attrs, OID_MESSAGE_DIGEST);
	const EVP_MD *md = signature_digest(file);
	struct bytes content = buf_view(&file->cms.content);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (value == NULL)
		return err_set(found, "there is not one attribute with one value");
	if (md == NULL)
		return err_set(found, "the digest is unknown");
	if (EVP_Digest(content.at, content.len, digest, &len, md, NULL) != 1)
		return err_set(found, "the digest cannot be computed");
	return (value->tag == DER_OCTET_STRING &&
		       bytes_equal(value->content, (struct bytes){ digest, len })) ||
	       err_set(found, "it is another digest");
}

/* DER of the algorithm with the tag of a SEQUENCE: RFC 6211 has [1] IMPLICIT. */
static bool same_algorithm(const struct ber_node *a, const struct ber_node *b)
{
	return bytes_equal(a->content, b->content);
}

bool signature_protection(const struct token_file *file, struct err *found)
{
	const struct ber *tree = &file->tree;
	const struct signer_part *signer = &file->cms.signer;
	struct ber_walk walk;
	const struct ber_node *digest, *signature;
	unsigned count;

	(void)token_attribute(tree, signer->signed_attrs, OID_ALGORITHM_PROTECTION, &count);
	if (count == 0)
		return true;
	walk = ber_inside(
		tree, token_attribute_value(tree, signer->signed_attrs, OID_ALGORITHM_PROTECTION));
	digest = ber_take(&walk, DER_SEQUENCE);
	signature = ber_take(&walk, DER_CONTEXT_CONSTRUCTED | 1);
	if (!ber_finished(&walk))
		return err_set(found, "it is not one value of a digest and a signature algorithm");
	if (!same_algorithm(digest, signer->digest_algorithm))
		return err_set(found, "digestAlgorithm is another");
	return same_algorithm(signature, signer->signature_algorithm) ||
	       err_set(found, "signatureAlgorithm is another");
}

/* RFC 8419: EdDSA over the attributes as a SET OF, which OpenSSL 3.0's CMS code cannot do. */
static bool check_eddsa(const struct signer_part *part, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bytes signature = part->signature->content;
	struct bytes content = part->signed_attrs->content;
	size_t room = content.len + HEADERS;
	uint8_t *attrs = must_calloc(1, room);
	struct der_out out = der_out_on(attrs, room);
	bool ok;

	if (ctx == NULL)
		abort();
	der_put(&out, DER_SET, content);
	ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	     EVP_DigestVerify(ctx, signature.at, signature.len, attrs + out.at, room - out.at) == 1;
	free(attrs);
	EVP_MD_CTX_free(ctx);
	return ok;
}

/*
 * A SignedData of nothing but the SignerInfo without its unsigned attributes, and with an empty key
 * identifier for its sid: certificates, CRLs, names and TSTInfo, which OpenSSL would decode for
 * nothing, stay out of it. The certificate is put to it by hand.
 */
static CMS_ContentInfo *read_alone(const struct token_file *file)
{
	const struct signer_part *part = &file->cms.signer;
	static const uint8_t sid[] = { DER_CONTEXT, 0 };
	struct bytes fields[] = { part->signature->whole, part->signature_algorithm->whole,
		part->signed_attrs->whole, part->digest_algorithm->whole, { sid, sizeof(sid) },
		part->version->whole };
	size_t room = file->cms.whole->whole.len + HEADERS;
	uint8_t *der = malloc(room);
	struct der_out out = der_out_on(der, room);
	size_t end = der_out_mark(&out);
	size_t mark;
	const uint8_t *at;
	CMS_ContentInfo *cms;

	if (der == NULL)
		abort();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		der_put_raw(&out, fields[i]);
	der_put_header(&out, DER_SEQUENCE, end);
	der_put_header(&out, DER_SET, end);
	mark = der_out_mark(&out);
	der_put_raw(&out, file->cms.content_type->whole);
	der_put_header(&out, DER_SEQUENCE, mark);
	mark = der_out_mark(&out);
	der_put_raw(&out, part->digest_algorithm->whole);
	der_put_header(&out, DER_SET, mark);
	der_put_raw(&out, file->cms.version->whole);
	der_put_header(&out, DER_SEQUENCE, end);
	der_put_header(&out, DER_CONTEXT_CONSTRUCTED, end);
	der_put_raw(&out, file->cms.type->whole);
	der_put_header(&out, DER_SEQUENCE, end);
	at = der + out.at;
	cms = out.full ? NULL : d2i_CMS_ContentInfo(NULL, &at, (long)(room - out.at));
	free(der);
	return cms;
}

bool signature_by(const struct token_file *file, X509 *certificate, struct err *found)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	CMS_ContentInfo *cms;
	STACK_OF(CMS_SignerInfo) * all;
	CMS_SignerInfo *si;
	bool ok;

	if (key == NULL) {
		ERR_clear_error();
		return err_set(found, "the key cannot be read");
	}
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ||
		EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448) {
		ok = check_eddsa(&file->cms.signer, key) || err_set(found, "it does not");
		ERR_clear_error();
		return ok;
	}
	cms = read_alone(file);
	all = cms == NULL ? NULL : CMS_get0_SignerInfos(cms);
	si = sk_CMS_SignerInfo_num(all) < 1 ? NULL : sk_CMS_SignerInfo_value(all, 0);
	if (si == NULL) {
		ok = err_set(found, "OpenSSL's CMS code cannot read the token");
	} else {
		CMS_SignerInfo_set1_signer_cert(si, certificate);
		ok = CMS_SignerInfo_verify(si) == 1 || err_set(found, "it does not");
	}
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return ok;
}
