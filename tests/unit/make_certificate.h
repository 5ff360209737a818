/* Keys and certificates for tests, made on the spot; the keys are thrown away with the test. */
#ifndef TSA_TESTS_MAKE_CERTIFICATE_H
#define TSA_TESTS_MAKE_CERTIFICATE_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

enum { MAKE_MAX_EXTENSIONS = 12 };

/* One extension as openssl.cnf(5) writes it, e.g. "keyUsage", "critical,digitalSignature". */
struct make_extension {
	const char *name;
	const char *value;
};

struct make_certificate {
	const char *common_name;
	const char *organization; /* NULL: absent */
	const char *country; /* NULL: absent */
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	const EVP_MD *digest; /* NULL: SHA-256 */
	struct make_extension extensions[MAKE_MAX_EXTENSIONS];
	const char *sections; /* openssl.cnf(5) that the extensions refer to; NULL: none */
};

/* One extension; issuer and subject may be NULL. Aborts on failure. The caller frees. */
X509_EXTENSION *make_extension(
	const struct make_extension *how, const char *sections, X509 *issuer, X509 *subject);
/* Aborts on failure. The caller frees. */
X509 *make_certificate(const struct make_certificate *how);
/* "rsa" with its bits, or an EC curve with bits 0. Aborts on failure. The caller frees. */
EVP_PKEY *make_key(const char *kind, unsigned bits);

#endif
