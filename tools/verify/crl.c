/* Owns nothing. */
#include "crl.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	return time == NULL || ASN1_TIME_to_tm(time, &tm) != 1 ? INT64_MIN : timegm(&tm);
}

/* One of these is an issuer of that name; *signed: and its key made the CRL's signature. */
static bool look_in(STACK_OF(X509) * certificates, X509_CRL *crl, bool *is_signed)
{
	bool any = false;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *issuer = sk_X509_value(certificates, i);

		if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_CRL_get_issuer(crl)) != 0)
			continue;
		any = true;
		*is_signed = *is_signed || X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
	}
	return any;
}

/* RFC 5280 5.2.5: a CRL for CAs only, attributes only, or some reasons only, or a delta. */
static bool is_out_of_scope(X509_CRL *crl)
{
	ISSUING_DIST_POINT *point =
		X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, NULL, NULL);
	bool out = X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0;

	if (point != NULL)
		out = out || point->onlyCA > 0 || point->onlyattr > 0 || point->indirectCRL > 0 ||
		      point->onlysomereasons != NULL;
	ISSUING_DIST_POINT_free(point);
	return out;
}

static void read_entry(X509_REVOKED *revoked, struct crl_entry *entry)
{
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, NULL, NULL);
	ASN1_GENERALIZEDTIME *invalid =
		X509_REVOKED_get_ext_d2i(revoked, NID_invalidity_date, NULL, NULL);
	int64_t since = seconds_of(X509_REVOKED_get0_revocationDate(revoked));
	int64_t before = seconds_of(invalid);

	entry->reason = reason == NULL ? CRL_NO_REASON : (int)ASN1_ENUMERATED_get(reason);
	entry->since = before != INT64_MIN && before < since ? before : since;
	entry->revoked = entry->reason != CRL_REMOVE;
	ASN1_ENUMERATED_free(reason);
	ASN1_GENERALIZEDTIME_free(invalid);
}

enum crl_match crl_look(X509_CRL *crl, const struct signer *signer, STACK_OF(X509) * untrusted,
	struct crl_entry *entry)
{
	const X509_NAME *issuer = X509_get_issuer_name(signer->certificate);
	X509_REVOKED *revoked = NULL;
	bool is_signed = false;
	bool known;

	*entry = (struct crl_entry){ 0 };
	if (X509_NAME_cmp(issuer, X509_CRL_get_issuer(crl)) != 0 || is_out_of_scope(crl))
		return CRL_OF_ANOTHER;
	known = look_in(signer->embedded, crl, &is_signed);
	known = look_in(untrusted, crl, &is_signed) || known;
	ERR_clear_error();
	if (!is_signed)
		return known ? CRL_NOT_SIGNED : CRL_NO_ISSUER;
	if (X509_CRL_get0_by_cert(crl, &revoked, signer->certificate) > 0)
		read_entry(revoked, entry);
	return CRL_IS_GOOD;
}

int64_t crl_keeps_since(const X509_CRL *crl)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("2.5.29.60", 1);
	int at = X509_CRL_get_ext_by_OBJ(crl, oid, -1);
	X509_EXTENSION *extension = at < 0 ? NULL : X509_CRL_get_ext(crl, at);
	int64_t since = INT64_MIN;

	if (extension != NULL) {
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
		const uint8_t *from = ASN1_STRING_get0_data(value);
		ASN1_GENERALIZEDTIME *time =
			d2i_ASN1_GENERALIZEDTIME(NULL, &from, ASN1_STRING_length(value));

		since = seconds_of(time);
		ASN1_GENERALIZEDTIME_free(time);
	}
	ASN1_OBJECT_free(oid);
	return since == INT64_MIN ? INT64_MAX : since;
}
