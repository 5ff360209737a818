/*
 * ESSCertID and ESSCertIDv2 (RFC 2634 5.4, RFC 5035): which certificate signed.  Owns nothing.
 * OpenSSL compares these only while it verifies a chain, which we may have to do without.
 */
#include "answer_part.h"

#include <openssl/x509v3.h>

#include "tsa/tsp/der.h"

/* The DER of the attribute's one value; empty if it is absent. *bad: it is there, but not so. */
static struct bytes attribute(const CMS_SignerInfo *si, int nid, bool *bad)
{
	const ASN1_STRING *value;

	if (CMS_signed_get_attr_by_NID(si, nid, -1) < 0)
		return (struct bytes){ 0 };
	/* -3: exactly one attribute with exactly one value */
	value = CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(nid), -3, V_ASN1_SEQUENCE);
	if (value == NULL) {
		*bad = true;
		return (struct bytes){ 0 };
	}
	return (struct bytes){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
}

/* AlgorithmIdentifier DEFAULT sha256. */
static const EVP_MD *take_digest(struct der *id)
{
	struct der algorithm;
	struct bytes whole;
	const uint8_t *at;
	ASN1_OBJECT *object;
	const EVP_MD *md;

	if (!der_next_is(id, DER_SEQUENCE))
		return EVP_sha256();
	algorithm = der_enter(id, DER_SEQUENCE);
	whole = der_take_whole(&algorithm, DER_OID);
	at = whole.at;
	object = algorithm.failed ? NULL : d2i_ASN1_OBJECT(NULL, &at, (long)whole.len);
	md = object == NULL ? NULL : EVP_get_digestbyobj(object);
	ASN1_OBJECT_free(object);
	return md;
}

/* IssuerSerial: one directoryName, and the serial number. */
static bool issuer_is(struct der *id, X509 *certificate)
{
	struct der both = der_enter(id, DER_SEQUENCE);
	struct der names = der_enter(&both, DER_SEQUENCE);
	struct der name = der_enter(&names, DER_CONTEXT_CONSTRUCTED | GEN_DIRNAME);
	struct bytes der = der_take_whole(&name, DER_SEQUENCE);
	struct bytes serial = der_take_whole(&both, DER_INTEGER);
	const uint8_t *name_at = der.at, *serial_at = serial.at;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *number = NULL;
	bool is = false;

	if (der_finished(&name) && der_finished(&names) && der_finished(&both)) {
		issuer = d2i_X509_NAME(NULL, &name_at, (long)der.len);
		number = d2i_ASN1_INTEGER(NULL, &serial_at, (long)serial.len);
		is = issuer != NULL && number != NULL &&
		     X509_NAME_cmp(issuer, X509_get_issuer_name(certificate)) == 0 &&
		     ASN1_INTEGER_cmp(number, X509_get0_serialNumber(certificate)) == 0;
	}
	X509_NAME_free(issuer);
	ASN1_INTEGER_free(number);
	return is;
}

/* The first certificate ID of the attribute is that of the signer. */
static bool first_id_names(struct bytes attribute_der, bool v2, X509 *certificate)
{
	struct der d = { .rest = attribute_der };
	struct der fields = der_enter(&d, DER_SEQUENCE);
	struct der ids = der_enter(&fields, DER_SEQUENCE);
	struct der id = der_enter(&ids, DER_SEQUENCE);
	const EVP_MD *md = v2 ? take_digest(&id) : EVP_sha1();
	struct bytes hash = der_take(&id, DER_OCTET_STRING);
	unsigned char found[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (d.failed || fields.failed || ids.failed || id.failed || d.rest.len > 0 || md == NULL)
		return false;
	if (X509_digest(certificate, md, found, &len) != 1 ||
		!bytes_equal(hash, (struct bytes){ found, len }))
		return false;
	return (id.rest.len == 0 || issuer_is(&id, certificate)) && der_finished(&id);
}

bool ess_names(const CMS_SignerInfo *si, X509 *certificate)
{
	bool bad = false;
	struct bytes v1 = attribute(si, NID_id_smime_aa_signingCertificate, &bad);
	struct bytes v2 = attribute(si, NID_id_smime_aa_signingCertificateV2, &bad);

	if (bad || (v1.len == 0 && v2.len == 0))
		return false;
	return (v1.len == 0 || first_id_names(v1, false, certificate)) &&
	       (v2.len == 0 || first_id_names(v2, true, certificate));
}
