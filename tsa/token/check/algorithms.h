/*
 * How long algorithms are relied on: a table of dates with a version, in the manner of ETSI TS 119
 * 312.  The text comes from the caller; the default is installed as a data file and built in.
 */
#ifndef TSA_TOKEN_CHECK_ALGORITHMS_H
#define TSA_TOKEN_CHECK_ALGORITHMS_H

#include <stdint.h>

#include <openssl/evp.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	ALGORITHMS_MAX_TEXT = 64 << 10, /* bytes of the file */
	ALGORITHMS_MAX_ROWS = 256,
};

#define ALGORITHMS_NO_END INT64_MAX
#define ALGORITHMS_NEVER INT64_MIN /* not in the table: never relied on */

struct algorithms;

/* Reads a table; NULL and err, which names line and rule. The caller frees. */
struct algorithms *algorithms_read(struct bytes text, struct err *err);
/* The table that is built in. The caller frees. */
struct algorithms *algorithms_default(void);
void algorithms_free(struct algorithms *table);
/* "ETSI-TS-119312-1.5.1/2024-10-13"; lives as long as the table. */
const char *algorithms_version(const struct algorithms *table);

/* Last second at which a digest (OpenSSL's NID) is relied on, NO_END or NEVER. */
int64_t algorithms_digest(const struct algorithms *table, int digest);
/*
 * The same for a signature by key: scheme as in an AlgorithmIdentifier (NID of RSA with any
 * digest, RSASSA-PSS, ECDSA, DSA, EdDSA) and size of the key. The digest is asked about apart.
 */
int64_t algorithms_signature(const struct algorithms *table, int scheme, const EVP_PKEY *key);
/* "rsa-2048", "rsassa-pss-3072", "ecdsa-256", "ed25519": what is shown. out has 32 octets. */
void algorithms_signature_name(int scheme, const EVP_PKEY *key, char out[32]);

#endif
