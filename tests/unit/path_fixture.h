/* Certificates by a few words each, and how they come into a material. Include after cmocka.h. */
#ifndef TSA_TESTS_PATH_FIXTURE_H
#define TSA_TESTS_PATH_FIXTURE_H

#include "make_certificate.h"
#include "tsa/token/check/path.h"

enum {
	PATH_FROM = 1577836800, /* 2020-01-01 */
	PATH_TO = 1893456000, /* 2030-01-01 */
	PATH_KEYS = 16,
};

#define PATH_CA                                                                                    \
	{ "basicConstraints", "critical,CA:TRUE" },                                                \
	{                                                                                          \
		"keyUsage", "critical,keyCertSign,cRLSign"                                         \
	}
#define PATH_IDS                                                                                   \
	{ "subjectKeyIdentifier", "hash" },                                                        \
	{                                                                                          \
		"authorityKeyIdentifier", "keyid"                                           \
	}

/* The i-th key of the program, P-256; made when first asked for. */
EVP_PKEY *path_key(unsigned i);
void path_keys_free(void);

/* A CA with those key numbers; issuer NULL: self-signed. The caller frees. */
X509 *path_ca(const char *name, unsigned key, X509 *issuer, unsigned issuer_key);
/* A TSU's certificate. */
X509 *path_tsu(const char *name, unsigned key, X509 *issuer, unsigned issuer_key);
/* Any certificate with those extensions, which end with a NULL name. */
X509 *path_certificate(const char *name, unsigned key, X509 *issuer, unsigned issuer_key,
	const struct make_extension *extensions);

/* The DER; the caller frees with OPENSSL_free. */
struct bytes path_der(X509 *certificate);
/* Adds it; fails the test if that does. */
const struct material_item *path_add(
	struct material *material, X509 *certificate, enum material_from from);
void path_add_anchor(struct material *material, X509 *certificate);

#endif
