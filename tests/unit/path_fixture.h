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
		"authorityKeyIdentifier", "keyid"                                                  \
	}

/* Numbers of the keys that these certificates have. */
enum { ROOT, CA, TSU, OTHER, JUNK };

/* A chain of three, made once for a test program, and materials, made for each test. */
struct path_world {
	X509 *root;
	X509 *ca;
	X509 *tsu;
	struct material_cache *cache;
	struct material *base; /* of the caller */
	struct material *own; /* of the token */
	struct paths paths;
};

extern struct path_world world;

int make_world(void **unused);
int free_world(void **unused);
int set_up(void **unused);
int tear_down(void **unused);

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* The paths from signer, whom the token carries, for a token's purpose: world.paths. */
const struct paths *find(X509 *signer);
/* The path is of these certificates, the signer first; NULL ends them. */
void assert_path(const struct path *path, X509 *const *certificates);

/* A certificate's DER, in which number can be put: no signature needs to be good. */
struct numbered {
	struct bytes der; /* OPENSSL_free() it */
	uint8_t *serial;
};
struct numbered path_numbered(X509 *certificate);
bool path_add_numbered(struct material *material, struct numbered *certificate, unsigned number,
	enum material_from from, struct err *err);

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
