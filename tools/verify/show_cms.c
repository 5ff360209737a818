/* Certificates.  Owns nothing. */
#include "show_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "text.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/der.h"

static json_t *show_asn1_time(const ASN1_TIME *time)
{
	struct moment moment = { 0 };
	struct tm tm;

	if (time != NULL && ASN1_TIME_to_tm(time, &tm) == 1) {
		moment.readable = true;
		moment.seconds = timegm(&tm);
	}
	return show_moment(&moment);
}

static json_t *show_x509_name(const X509_NAME *name)
{
	const uint8_t *at = NULL;
	size_t len = 0;

	if (X509_NAME_get0_der(name, &at, &len) != 1)
		return json_string("malformed");
	return show_name((struct bytes){ at, len });
}

/* OpenSSL keeps sign and magnitude; the content octets have both. */
static json_t *show_asn1_integer(const ASN1_INTEGER *number)
{
	uint8_t *der = NULL;
	int len = i2d_ASN1_INTEGER(number, &der);
	struct der d = { .rest = { der, len > 0 ? (size_t)len : 0 } };
	json_t *shown = show_serial(der_take(&d, DER_INTEGER));

	OPENSSL_free(der);
	return shown;
}

static json_t *show_key(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char group[64] = "";
	char text[128];

	if (key == NULL)
		return json_string("unreadable");
	(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	(void)snprintf(text, sizeof(text), "%s %d bits%s%s", OBJ_nid2sn(EVP_PKEY_get_base_id(key)),
		EVP_PKEY_get_bits(key), group[0] == '\0' ? "" : " ", group);
	return text_json(bytes_of_text(text));
}

static json_t *show_purposes(X509 *certificate)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	json_t *all = json_array();

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		char dotted[OID_TEXT];

		if (OBJ_obj2txt(dotted, sizeof(dotted), sk_ASN1_OBJECT_value(usage, i), 1) > 0)
			text_add(all, show_dotted(dotted));
	}
	EXTENDED_KEY_USAGE_free(usage);
	return all;
}

static json_t *show_certificate(X509 *certificate, bool is_signer)
{
	json_t *shown = json_object();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char oid[OID_TEXT] = "";

	text_set(shown, "subject", show_x509_name(X509_get_subject_name(certificate)));
	text_set(shown, "issuer", show_x509_name(X509_get_issuer_name(certificate)));
	text_set(shown, "serialNumber", show_asn1_integer(X509_get0_serialNumber(certificate)));
	text_set(shown, "notBefore", show_asn1_time(X509_get0_notBefore(certificate)));
	text_set(shown, "notAfter", show_asn1_time(X509_get0_notAfter(certificate)));
	text_set(shown, "key", show_key(certificate));
	(void)OBJ_obj2txt(oid, sizeof(oid), X509_get0_tbs_sigalg(certificate)->algorithm, 1);
	text_set(shown, "signatureAlgorithm", show_dotted(oid));
	text_set(shown, "extendedKeyUsage", show_purposes(certificate));
	if (X509_digest(certificate, EVP_sha256(), digest, &len) == 1)
		text_set(shown, "sha256", text_hex((struct bytes){ digest, len }));
	text_set(shown, "isSigner", json_boolean(is_signer));
	return shown;
}

json_t *show_certificates(const struct token_file *file, const struct signer *signer)
{
	json_t *all;

	if (file->cms.certificates == NULL)
		return json_null();
	all = json_array();
	for (int i = 0; i < sk_X509_num(signer->embedded); i++) {
		X509 *certificate = sk_X509_value(signer->embedded, i);

		text_add(all, show_certificate(certificate, certificate == signer->certificate));
	}
	return all;
}
