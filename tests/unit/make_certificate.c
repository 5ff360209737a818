/* Makes certificates with OpenSSL's own X.509 code: an independent hand beside ours. */
#include "make_certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

static void must(int ok, const char *what)
{
	if (ok > 0)
		return;
	(void)fprintf(stderr, "make_certificate: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

EVP_PKEY *make_key(const char *kind, unsigned bits)
{
	EVP_PKEY *key = strcmp(kind, "rsa") == 0 ? EVP_RSA_gen(bits) : EVP_EC_gen(kind);

	must(key != NULL, kind);
	return key;
}

static void set_subject(X509 *certificate, const struct make_certificate *how)
{
	const struct make_extension parts[] = {
		{ "C", how->country },
		{ "O", how->organization },
		{ "CN", how->common_name },
	};
	X509_NAME *name = X509_get_subject_name(certificate);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].value != NULL)
			must(X509_NAME_add_entry_by_txt(name, parts[i].name, MBSTRING_UTF8,
				     (const unsigned char *)parts[i].value, -1, -1, 0),
				parts[i].value);
}

static void set_serial(X509 *certificate)
{
	unsigned char bytes[8];
	BIGNUM *number = NULL;

	must(RAND_bytes(bytes, sizeof(bytes)), "random");
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* the same length every time */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	must(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL, "serial");
	BN_free(number);
}

X509_EXTENSION *make_extension(
	const struct make_extension *how, const char *sections, X509 *issuer, X509 *subject)
{
	CONF *conf = NCONF_new(NULL);
	X509_EXTENSION *extension;
	X509V3_CTX ctx;

	if (sections != NULL) {
		BIO *text = BIO_new_mem_buf(sections, -1);

		must(NCONF_load_bio(conf, text, NULL), sections);
		BIO_free(text);
	}
	X509V3_set_ctx(&ctx, issuer, subject, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	extension = X509V3_EXT_nconf(conf, &ctx, how->name, how->value);
	must(extension != NULL, how->name);
	NCONF_free(conf);
	return extension;
}

static void add_extensions(X509 *certificate, X509 *issuer, const struct make_certificate *how)
{
	for (size_t i = 0; i < MAKE_MAX_EXTENSIONS && how->extensions[i].name != NULL; i++) {
		X509_EXTENSION *extension =
			make_extension(&how->extensions[i], how->sections, issuer, certificate);

		must(X509_add_ext(certificate, extension, -1), how->extensions[i].name);
		X509_EXTENSION_free(extension);
	}
}

X509 *make_certificate(const struct make_certificate *how)
{
	X509 *certificate = X509_new();
	X509 *issuer = how->issuer == NULL ? certificate : how->issuer;

	must(certificate != NULL, "memory");
	must(X509_set_version(certificate, X509_VERSION_3), "version");
	set_serial(certificate);
	set_subject(certificate, how);
	must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), "issuer");
	must(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)how->not_before) != NULL,
		"time");
	must(ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)how->not_after) != NULL,
		"time");
	must(X509_set_pubkey(certificate, how->key), "key");
	add_extensions(certificate, issuer, how);
	must(X509_sign(certificate, how->issuer == NULL ? how->key : how->issuer_key,
		     how->digest == NULL ? EVP_sha256() : how->digest),
		"signature");
	return certificate;
}
