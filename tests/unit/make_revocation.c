/* Makes CRLs and OCSP responses: an independent hand beside our reading.  Owns nothing. */
#include "make_revocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

static void must(int ok, const char *what)
{
	if (ok > 0)
		return;
	(void)fprintf(stderr, "make_revocation: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static ASN1_TIME *time_of(int64_t seconds)
{
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)seconds);

	must(time != NULL, "time");
	return time;
}

static ASN1_GENERALIZEDTIME *general_time_of(int64_t seconds)
{
	ASN1_GENERALIZEDTIME *time = ASN1_GENERALIZEDTIME_set(NULL, (time_t)seconds);

	must(time != NULL, "time");
	return time;
}

static void add_issuer(X509_REVOKED *revoked, const char *common_name)
{
	char sections[160];
	struct make_extension how = { "2.5.29.29", "critical,ASN1:SEQUENCE:names" };
	X509_EXTENSION *extension;

	/* GeneralNames with one directoryName [4] EXPLICIT of one commonName. */
	snprintf(sections, sizeof(sections),
		"[names]\na=EXPLICIT:4,SEQUENCE:name\n[name]\na=SET:rdn\n[rdn]\na=SEQUENCE:cn\n"
		"[cn]\na=OID:2.5.4.3\nb=UTF8:%s\n",
		common_name);
	extension = make_extension(&how, sections, NULL, NULL);
	must(X509_REVOKED_add_ext(revoked, extension, -1), how.name);
	X509_EXTENSION_free(extension);
}

static void add_entry_extensions(X509_REVOKED *revoked, const struct make_crl_entry *how)
{
	if (how->reason >= 0) {
		ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();

		must(ASN1_ENUMERATED_set(reason, how->reason), "reason");
		must(X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0), "reason");
		ASN1_ENUMERATED_free(reason);
	}
	if (how->invalidity != 0) {
		ASN1_GENERALIZEDTIME *date = general_time_of(how->invalidity);

		must(X509_REVOKED_add1_ext_i2d(revoked, NID_invalidity_date, date, 0, 0), "date");
		ASN1_GENERALIZEDTIME_free(date);
	}
	if (how->issuer != NULL)
		add_issuer(revoked, how->issuer);
	if (how->extension.name != NULL) {
		X509_EXTENSION *extension = make_extension(&how->extension, NULL, NULL, NULL);

		must(X509_REVOKED_add_ext(revoked, extension, -1), how->extension.name);
		X509_EXTENSION_free(extension);
	}
}

static void add_entry(X509_CRL *crl, const struct make_crl_entry *how)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_TIME *date = time_of(how->date);

	must(X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(how->certificate)),
		"serial");
	must(X509_REVOKED_set_revocationDate(revoked, date), "date");
	add_entry_extensions(revoked, how);
	must(X509_CRL_add0_revoked(crl, revoked), "entry");
	ASN1_TIME_free(date);
}

static void set_times(X509_CRL *crl, const struct make_crl *how)
{
	ASN1_TIME *this_update = time_of(how->this_update);
	ASN1_TIME *next_update = how->next_update == 0 ? NULL : time_of(how->next_update);

	must(X509_CRL_set1_lastUpdate(crl, this_update), "thisUpdate");
	if (next_update != NULL)
		must(X509_CRL_set1_nextUpdate(crl, next_update), "nextUpdate");
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
}

struct buf make_crl(const struct make_crl *how)
{
	X509_CRL *crl = X509_CRL_new();
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len;

	must(X509_CRL_set_version(crl, X509_CRL_VERSION_2), "version");
	must(X509_CRL_set_issuer_name(crl, X509_get_subject_name(how->issuer)), "issuer");
	set_times(crl, how);
	for (size_t i = 0; i < MAKE_MAX_EXTENSIONS && how->extensions[i].name != NULL; i++) {
		X509_EXTENSION *extension =
			make_extension(&how->extensions[i], how->sections, how->issuer, NULL);

		must(X509_CRL_add_ext(crl, extension, -1), how->extensions[i].name);
		X509_EXTENSION_free(extension);
	}
	for (size_t i = 0; i < MAKE_MAX_ENTRIES && how->entries[i].certificate != NULL; i++)
		add_entry(crl, &how->entries[i]);
	must(X509_CRL_sign(crl, how->key, EVP_sha256()), "signature");
	len = i2d_X509_CRL(crl, &der);
	must(len, "DER");
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_CRL_free(crl);
	return out;
}

static void add_answer(OCSP_BASICRESP *basic, const struct make_answer *how)
{
	const EVP_MD *digest = how->digest == NULL ? EVP_sha1() : how->digest;
	OCSP_CERTID *id = OCSP_cert_to_id(digest, how->certificate, how->issuer);
	ASN1_TIME *since = time_of(how->since);
	ASN1_TIME *this_update = time_of(how->this_update);
	ASN1_TIME *next_update = how->next_update == 0 ? NULL : time_of(how->next_update);
	OCSP_SINGLERESP *single = OCSP_basic_add1_status(
		basic, id, how->status, how->reason, since, this_update, next_update);

	must(single != NULL, "answer");
	for (size_t i = 0; i < 4 && how->extensions[i].name != NULL; i++) {
		X509_EXTENSION *extension = make_extension(&how->extensions[i], NULL, NULL, NULL);

		must(OCSP_SINGLERESP_add_ext(single, extension, -1), how->extensions[i].name);
		X509_EXTENSION_free(extension);
	}
	OCSP_CERTID_free(id);
	ASN1_TIME_free(since);
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
}

struct buf make_ocsp(const struct make_ocsp *how)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *response;
	unsigned long flags = (how->by_key ? OCSP_RESPID_KEY : 0U) |
			      (how->without_certificate ? OCSP_NOCERTS : 0U);
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len;

	for (size_t i = 0; i < MAKE_MAX_ANSWERS && how->answers[i].certificate != NULL; i++)
		add_answer(basic, &how->answers[i]);
	if (how->extension.name != NULL) {
		X509_EXTENSION *extension = make_extension(&how->extension, NULL, NULL, NULL);

		must(OCSP_BASICRESP_add_ext(basic, extension, -1), how->extension.name);
		X509_EXTENSION_free(extension);
	}
	must(OCSP_basic_sign(basic, how->signer, how->key, EVP_sha256(), NULL, flags), "signature");
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	must(response != NULL, "response");
	len = i2d_OCSP_RESPONSE(response, &der);
	must(len, "DER");
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	return out;
}
