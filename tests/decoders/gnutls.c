/*
 * The verdict of GnuTLS and libtasn1: DER by an ASN.1 module of our own (tokens.asn), signature and
 * signed attributes by gnutls_pkcs7, the chain by a trust list, ESSCertIDv2 against the
 * certificate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/crypto.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>

#include "tests/decoders/asn.h"
#include "tests/decoders/case.h"

#define OID_TSTINFO "1.2.840.113549.1.9.16.1.4"
#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_SIGNING_TIME "1.2.840.113549.1.9.5"
#define OID_SIGNING_CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"
#define OID_PROTECTION "1.2.840.113549.1.9.52"
#define OID_QC_STATEMENTS "1.3.6.1.5.5.7.1.3"

enum { SHA256_LEN = 32, MAX_CERTS = 8 };

/* One answer, taken apart. */
struct answer {
	const struct test_case *c;
	asn1_node module;
	struct bytes der;
	struct bytes token;
	struct bytes tstinfo;
	asn1_node response;
	asn1_node info;
	asn1_node query;
	struct bytes query_der;
	gnutls_pkcs7_t pkcs7;
	gnutls_x509_crt_t certs[MAX_CERTS]; /* of token and chain */
	unsigned cert_count;
	gnutls_x509_crt_t signer; /* one of them */
};

#define SIGNED "timeStampToken.content."
#define SIGNER SIGNED "signerInfos.?1."

static bool failed(struct err *why, const char *what, int rc)
{
	return err_set(why, "%s: %s", what, gnutls_strerror(rc));
}

static gnutls_datum_t datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.at, (unsigned)b.len };
}

/* --- TSTInfo against the request -------------------------------------------------------------- */

static bool same_field(const struct answer *a, const char *in_info, const char *in_query)
{
	return bytes_equal(asn_whole(a->info, a->tstinfo, in_info),
		asn_whole(a->query, a->query_der, in_query));
}

static bool check_time(const struct answer *a, struct err *why)
{
	struct bytes time = asn_get(a->info, "genTime");
	const char *dot = memchr(time.at, '.', time.len);
	size_t len = strnlen((const char *)time.at, time.len);
	size_t digits = dot == NULL ? 0 : len - 2 - (size_t)(dot - (const char *)time.at);
	size_t most = case_wants(a->c, "digits0") ? 0 : case_wants(a->c, "digits3") ? 3 : 6;

	if (len != 15 + (dot == NULL ? 0 : digits + 1) || time.at[len - 1] != 'Z' ||
		digits > most || (dot != NULL && (digits == 0 || time.at[len - 2] == '0')))
		return err_set(why, "P-18: genTime is %.*s", (int)len, (const char *)time.at);
	return true;
}

static bool check_info(struct answer *a, struct err *why)
{
	bool qualified = case_wants(a->c, "qualified");
	int extensions = asn_count(a->info, "extensions");

	if (!asn_is(a->info, "version", 1) || !same_field(a, "messageImprint", "messageImprint"))
		return err_set(why, "P-16: version 1, messageImprint as asked");
	if (!same_field(a, "nonce", "nonce"))
		return err_set(why, "P-09: nonce as asked");
	if (asn_get(a->query, "reqPolicy").len > 0 && !same_field(a, "policy", "reqPolicy"))
		return err_set(why, "P-08: policy as asked");
	if (asn_whole(a->info, a->tstinfo, "accuracy").len == 0 ||
		asn_whole(a->info, a->tstinfo, "ordering").len != 0)
		return err_set(why, "T-02: accuracy is there, ordering is not");
	if (extensions != (qualified ? 1 : 0) ||
		(qualified && (!asn_text_is(a->info, "extensions.?1.extnID", OID_QC_STATEMENTS) ||
				      !asn_text_is(a->info, "extensions.?1.critical", "FALSE"))))
		return err_set(why, "T-05: %d extensions", extensions);
	return check_time(a, why);
}

/* --- certificates ----------------------------------------------------------------------------- */

static bool add_certificate(struct answer *a, const gnutls_datum_t *data, struct err *why)
{
	int rc = gnutls_x509_crt_init(&a->certs[a->cert_count]);

	if (rc == 0)
		rc = gnutls_x509_crt_import(a->certs[a->cert_count++], data, GNUTLS_X509_FMT_DER);
	return rc == 0 || failed(why, "certificate", rc);
}

static bool read_certificates(struct answer *a, struct err *why)
{
	int count = gnutls_pkcs7_get_crt_count(a->pkcs7);
	bool cert = case_wants(a->c, "cert");
	struct buf pem;
	gnutls_datum_t data;
	unsigned room = MAX_CERTS;
	int rc = 0;

	if ((cert && (count < 2 || count > MAX_CERTS)) || (!cert && count != 0))
		return err_set(why, "P-10: %d certificates", count);
	for (int i = 0; i < count; i++) {
		rc = gnutls_pkcs7_get_crt_raw2(a->pkcs7, (unsigned)i, &data);
		if (rc != 0 || !add_certificate(a, &data, why))
			return rc == 0 || failed(why, "certificate", rc);
		gnutls_free(data.data);
	}
	if (cert)
		return true;
	pem = case_file(a->c->chain);
	data = datum(buf_view(&pem));
	rc = gnutls_x509_crt_list_import(a->certs, &room, &data, GNUTLS_X509_FMT_PEM, 0);
	a->cert_count = rc > 0 ? (unsigned)rc : 0;
	buf_free(&pem);
	return rc > 0 || failed(why, a->c->chain, rc);
}

/* Of the issuer and with the serial that the SignerInfo names (RFC 5652 5.3). */
static bool find_signer(struct answer *a, struct err *why)
{
	struct bytes issuer = asn_get(a->response, SIGNER "sid.issuer");
	struct bytes serial = asn_get(a->response, SIGNER "sid.serialNumber");

	for (unsigned i = 0; i < a->cert_count; i++) {
		uint8_t found[64];
		size_t len = sizeof(found);
		gnutls_datum_t name = { NULL, 0 };

		if (gnutls_x509_crt_get_serial(a->certs[i], found, &len) == 0 &&
			gnutls_x509_crt_get_raw_issuer_dn(a->certs[i], &name) == 0 &&
			bytes_equal(serial, (struct bytes){ found, len }) &&
			bytes_equal(issuer, (struct bytes){ name.data, name.size }))
			a->signer = a->certs[i];
		gnutls_free(name.data);
	}
	return a->signer != NULL ||
	       err_set(why, "sid: names none of %u certificates", a->cert_count);
}

static bool check_purpose(const struct answer *a, struct err *why)
{
	char oid[64] = "";
	size_t len = sizeof(oid);
	unsigned critical = 0;
	int rc = gnutls_x509_crt_get_key_purpose_oid(a->signer, 0, oid, &len, &critical);

	if (rc != 0 || strcmp(oid, GNUTLS_KP_TIME_STAMPING) != 0 || critical != 1)
		return err_set(why, "P-05: extendedKeyUsage: %s, critical %u", oid, critical);
	len = sizeof(oid);
	rc = gnutls_x509_crt_get_key_purpose_oid(a->signer, 1, oid, &len, &critical);
	return rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	       err_set(why, "P-05: extendedKeyUsage: a second purpose");
}

static bool verify_chain(struct answer *a, struct err *why)
{
	struct buf pem = case_file(a->c->root);
	gnutls_datum_t root = datum(buf_view(&pem));
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
		(unsigned char *)(uintptr_t)GNUTLS_KP_TIME_STAMPING, 0 };
	gnutls_x509_crt_t chain[MAX_CERTS] = { a->signer };
	gnutls_x509_trust_list_t list = NULL;
	unsigned count = 1;
	unsigned status = 0;
	int rc = gnutls_x509_trust_list_init(&list, 0);

	for (unsigned i = 0; i < a->cert_count; i++)
		if (a->certs[i] != a->signer)
			chain[count++] = a->certs[i];
	if (rc == 0)
		rc = gnutls_x509_trust_list_add_trust_mem(
			list, &root, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (rc >= 0)
		rc = gnutls_x509_trust_list_verify_crt2(list, chain, count, &purpose, 1,
			GNUTLS_VERIFY_ALLOW_UNSORTED_CHAIN, &status, NULL);
	gnutls_x509_trust_list_deinit(list, 1);
	buf_free(&pem);
	if (rc < 0)
		return failed(why, "chain", rc);
	return status == 0 || err_set(why, "chain: status 0x%x", status);
}

/* --- signed attributes ------------------------------------------------------------------------ */

static bool check_ess(const struct answer *a, struct bytes der, struct err *why)
{
	asn1_node ess = NULL;
	gnutls_datum_t cert = { NULL, 0 };
	uint8_t hash[SHA256_LEN];
	bool ok = false;

	if (!asn_read(a->module, "SigningCertificateV2", der, &ess, why))
		goto out;
	if (asn_count(ess, "certs") != 1 ||
		gnutls_x509_crt_export2(a->signer, GNUTLS_X509_FMT_DER, &cert) != 0 ||
		gnutls_hash_fast(GNUTLS_DIG_SHA256, cert.data, cert.size, hash) != 0 ||
		!bytes_equal(asn_get(ess, "certs.?1.certHash"), (struct bytes){ hash, SHA256_LEN }))
		err_set(why, "P-15: ESSCertIDv2 is not the signer's");
	else if (!bytes_equal(asn_get(ess, "certs.?1.issuerSerial.serialNumber"),
			 asn_get(a->response, SIGNER "sid.serialNumber")) ||
		 asn_count(ess, "certs.?1.issuerSerial.issuer") != 1 ||
		 !bytes_equal(asn_get(ess, "certs.?1.issuerSerial.issuer.?1.directoryName"),
			 asn_get(a->response, SIGNER "sid.issuer")))
		err_set(why, "P-15: issuerSerial is not the signer's");
	else
		ok = true;
out:
	gnutls_free(cert.data);
	asn1_delete_structure(&ess);
	return ok;
}

static bool check_protection(const struct answer *a, struct bytes der, struct err *why)
{
	asn1_node value = NULL;
	struct bytes signature;
	struct bytes repeated;
	bool ok = asn_read(a->module, "CMSAlgorithmProtection", der, &value, why);

	if (ok) {
		signature = asn_whole(a->response, a->der, SIGNER "signatureAlgorithm");
		repeated = asn_whole(value, der, "signatureAlgorithm");
		ok = (bytes_equal(asn_whole(value, der, "digestAlgorithm"),
			      asn_whole(a->response, a->der, SIGNER "digestAlgorithm")) &&
			     repeated.len > 1 && repeated.at[0] == 0xa1 &&
			     bytes_equal((struct bytes){ repeated.at + 1, repeated.len - 1 },
				     (struct bytes){ signature.at + 1, signature.len - 1 })) ||
		     err_set(why, "P-25: CMSAlgorithmProtection names other algorithms");
	}
	asn1_delete_structure(&value);
	return ok;
}

/* UTCTime, the same second as genTime (whose first two digits are the century). */
static bool check_signing_time(const struct answer *a, struct bytes der, struct err *why)
{
	struct bytes time = asn_get(a->info, "genTime");

	return (der.len == 15 && der.at[0] == 0x17 && time.len > 14 &&
		       memcmp(der.at + 2, time.at + 2, 12) == 0 && der.at[14] == 'Z') ||
	       err_set(why, "1.3: signingTime is not genTime");
}

struct attributes {
	unsigned ess;
	unsigned type;
	unsigned digest;
	unsigned time;
	unsigned protection;
};

static bool check_attribute(
	const struct answer *a, struct attributes *seen, int number, struct err *why)
{
	char type[ASN_MAX_NAME];
	char value[ASN_MAX_NAME];
	struct bytes der;

	(void)snprintf(type, sizeof(type), SIGNER "signedAttrs.?%d.attrType", number);
	(void)snprintf(value, sizeof(value), SIGNER "signedAttrs.?%d.attrValues", number);
	if (asn_count(a->response, value) != 1)
		return err_set(why, "RFC 5652 11: attribute %d has not one value", number);
	(void)snprintf(value, sizeof(value), SIGNER "signedAttrs.?%d.attrValues.?1", number);
	der = asn_get(a->response, value);
	if (asn_text_is(a->response, type, OID_SIGNING_CERTIFICATE_V2)) {
		seen->ess++;
		return check_ess(a, der, why);
	}
	if (asn_text_is(a->response, type, OID_PROTECTION)) {
		seen->protection++;
		return check_protection(a, der, why);
	}
	if (asn_text_is(a->response, type, OID_SIGNING_TIME)) {
		seen->time++;
		return check_signing_time(a, der, why);
	}
	if (asn_text_is(a->response, type, OID_CONTENT_TYPE)) {
		seen->type++;
		/* OBJECT IDENTIFIER id-ct-TSTInfo */
		return (der.len == 13 && memcmp(der.at,
						 "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09"
						 "\x10\x01\x04",
						 13) == 0) ||
		       err_set(why, "P-24: contentType is another");
	}
	if (asn_text_is(a->response, type, OID_MESSAGE_DIGEST)) {
		seen->digest++;
		return true; /* its value is gnutls_pkcs7_verify_direct's to check */
	}
	return err_set(why, "attribute %d: none that a token of ours has", number);
}

static bool check_attributes(const struct answer *a, struct err *why)
{
	struct attributes seen = { 0 };
	int count = asn_count(a->response, SIGNER "signedAttrs");

	for (int i = 1; i <= count; i++)
		if (!check_attribute(a, &seen, i, why))
			return false;
	if (seen.type != 1 || seen.digest != 1 || seen.ess != 1 ||
		seen.time != (case_wants(a->c, "time") ? 1U : 0U) ||
		seen.protection != (case_wants(a->c, "protection") ? 1U : 0U))
		return err_set(why, "P-24: type %u digest %u ess %u time %u protection %u",
			seen.type, seen.digest, seen.ess, seen.time, seen.protection);
	return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool check_signed_data(const struct answer *a, struct err *why)
{
	const asn1_node r = a->response;

	return (asn_text_is(r, "timeStampToken.contentType", OID_SIGNED_DATA) &&
		       asn_is(r, SIGNED "version", 3) &&
		       asn_text_is(r, SIGNED "encapContentInfo.eContentType", OID_TSTINFO) &&
		       asn_count(r, SIGNED "signerInfos") == 1 && asn_is(r, SIGNER "version", 1) &&
		       asn_count(r, SIGNED "digestAlgorithms") == 1 &&
		       bytes_equal(asn_whole(r, a->der, SIGNED "digestAlgorithms.?1"),
			       asn_whole(r, a->der, SIGNER "digestAlgorithm"))) ||
	       err_set(why, "P-13, P-14, P-24: SignedData v3 with one SignerInfo and one digest");
}

/* tsa [0]: the subject of the signer's certificate, byte for byte; or absent, if so wanted. */
static bool check_name(const struct answer *a, struct err *why)
{
	struct bytes name = asn_get(a->info, "tsa.directoryName");
	gnutls_datum_t subject = { NULL, 0 };
	bool ok;

	if (!case_wants(a->c, "tsa"))
		return name.len == 0 || err_set(why, "P-21: tsa is there");
	ok = gnutls_x509_crt_get_raw_dn(a->signer, &subject) == 0 &&
	     bytes_equal(name, (struct bytes){ subject.data, subject.size });
	gnutls_free(subject.data);
	return ok || err_set(why, "P-21: tsa is not the certificate's subject");
}

static bool verify_signature(const struct answer *a, struct err *why)
{
	int rc = gnutls_pkcs7_verify_direct(a->pkcs7, a->signer, 0, NULL, 0);

	return rc == 0 || failed(why, "signature", rc);
}

static bool verify_token(struct answer *a, struct err *why)
{
	gnutls_datum_t token;
	int rc = 0;

	a->token = asn_whole(a->response, a->der, "timeStampToken");
	a->tstinfo = asn_get(a->response, SIGNED "encapContentInfo.eContent");
	if (!asn_is(a->response, "status.status", 0) || a->token.len == 0 ||
		asn_whole(a->response, a->der, "status.failInfo").len != 0 ||
		asn_count(a->response, "status.statusString") != 0)
		return err_set(why, "P-11: status 0 with a token and nothing else");
	if (!check_signed_data(a, why) ||
		!asn_read(a->module, "TSTInfo", a->tstinfo, &a->info, why) || !check_info(a, why))
		return false;
	token = datum(a->token);
	rc = gnutls_pkcs7_init(&a->pkcs7);
	if (rc == 0)
		rc = gnutls_pkcs7_import(a->pkcs7, &token, GNUTLS_X509_FMT_DER);
	if (rc != 0)
		return failed(why, "pkcs7", rc);
	return read_certificates(a, why) && find_signer(a, why) && check_purpose(a, why) &&
	       verify_signature(a, why) && check_attributes(a, why) && check_name(a, why) &&
	       verify_chain(a, why);
}

static bool verify_refusal(const struct answer *a, struct err *why)
{
	unsigned bit = (unsigned)case_failure(a->c);
	struct bytes info = asn_get(a->response, "status.failInfo");
	struct bytes text = asn_get(a->response, "status.statusString.?1");

	if (!asn_is(a->response, "status.status", 2) ||
		asn_whole(a->response, a->der, "timeStampToken").len != 0)
		return err_set(why, "P-11: status 2 and no token");
	if (info.len != bit / 8 + 1)
		return err_set(why, "P-12: failInfo has %zu octets", info.len);
	for (size_t i = 0; i < info.len; i++)
		if (info.at[i] != (i == bit / 8 ? 0x80u >> bit % 8 : 0))
			return err_set(why, "P-12: failInfo is another");
	return (asn_count(a->response, "status.statusString") == 1 && text.len > 0) ||
	       err_set(why, "P-12: one text");
}

static bool verify(void *arg, const struct test_case *c, struct err *why)
{
	struct buf file = case_file(c->answer);
	struct buf query = case_file(c->query);
	struct answer a = {
		.c = c, .module = arg, .der = buf_view(&file), .query_der = buf_view(&query)
	};
	bool ok = false;

	if (!asn_read(a.module, "TimeStampResp", a.der, &a.response, why))
		goto out;
	if (case_failure(c) >= 0)
		ok = verify_refusal(&a, why);
	else
		ok = asn_read(a.module, "TimeStampReq", a.query_der, &a.query, why) &&
		     verify_token(&a, why);
out:
	gnutls_pkcs7_deinit(a.pkcs7);
	for (unsigned i = 0; i < a.cert_count; i++)
		gnutls_x509_crt_deinit(a.certs[i]);
	asn1_delete_structure(&a.query);
	asn1_delete_structure(&a.info);
	asn1_delete_structure(&a.response);
	buf_free(&query);
	buf_free(&file);
	return ok;
}

int main(int argc, char **argv)
{
	asn1_node module;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: tsa-decoders-gnutls MODULE.asn <CASES\n");
		return 3;
	}
	module = asn_module(argv[1]);
	status = case_run(verify, module);
	asn1_delete_structure(&module);
	return status;
}
