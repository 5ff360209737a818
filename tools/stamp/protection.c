/*
 * CMSAlgorithmProtection (RFC 6211): the algorithms of a SignerInfo once more, under the signature.
 * Owns nothing.  OpenSSL 3.0 does not look at it.
 */
#include "answer_part.h"

#include "tsa/tsp/der.h"

enum { SIGNATURE_ALGORITHM = DER_CONTEXT_CONSTRUCTED | 1 };

/* Parameters that are NULL are as good as none (RFC 5754 2, RFC 4055 2.1). */
static struct bytes parameters(struct bytes rest)
{
	static const uint8_t null[] = { DER_NULL, 0 };

	if (bytes_equal(rest, (struct bytes){ null, sizeof(null) }))
		return (struct bytes){ 0 };
	return rest;
}

/* content: that of an AlgorithmIdentifier. */
static bool is_same(struct der content, const X509_ALGOR *algorithm)
{
	struct bytes oid = der_take_oid(&content);
	uint8_t *der = NULL;
	int len = i2d_X509_ALGOR(algorithm, &der);
	struct der whole = { .rest = { der, len < 0 ? 0 : (size_t)len } };
	struct der wanted = der_enter(&whole, DER_SEQUENCE);
	bool same = bytes_equal(oid, der_take_oid(&wanted)) && !content.failed && !wanted.failed &&
		    bytes_equal(parameters(content.rest), parameters(wanted.rest));

	OPENSSL_free(der);
	return same;
}

bool protection_holds(CMS_SignerInfo *si, struct err *err)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113549.1.9.52", 1);
	bool absent = CMS_signed_get_attr_by_OBJ(si, oid, -1) < 0;
	/* -3: exactly one attribute with exactly one value */
	const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(si, oid, -3, V_ASN1_SEQUENCE);
	X509_ALGOR *digest = NULL, *signature = NULL;
	struct der whole = { .failed = value == NULL };
	struct der fields;
	struct der digest_field;
	struct der signature_field;

	ASN1_OBJECT_free(oid);
	if (absent)
		return true;
	if (value != NULL)
		whole.rest = (struct bytes){ ASN1_STRING_get0_data(value),
			(size_t)ASN1_STRING_length(value) };
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	fields = der_enter(&whole, DER_SEQUENCE);
	digest_field = der_enter(&fields, DER_SEQUENCE);
	signature_field = der_enter(&fields, SIGNATURE_ALGORITHM);
	if (!der_finished(&whole) || !der_finished(&fields))
		return err_set(err, "token: RFC 6211 2: CMSAlgorithmProtection must have the two "
				    "algorithms and nothing more: has not");
	return (is_same(digest_field, digest) && is_same(signature_field, signature)) ||
	       err_set(err, "token: RFC 6211 3: CMSAlgorithmProtection must repeat the algorithms "
			    "of the SignerInfo: names others");
}
