/*
 * The digests and signature algorithms of the service: number, OID, name, length.  The numbers
 * travel between our processes (msg.h) and are never reused.
 */
#ifndef TSA_TSP_ALG_H
#define TSA_TSP_ALG_H

#include "tsa/core/bytes.h"

enum tsp_digest {
	TSP_DIGEST_NONE = 0,
	TSP_SHA256 = 1,
	TSP_SHA384 = 2,
	TSP_SHA512 = 3,
	/* Of imprints only: no token is signed with these. */
	TSP_SHA3_256 = 4,
	TSP_SHA3_384 = 5,
	TSP_SHA3_512 = 6,
	TSP_DIGESTS, /* one past the last */
};

enum tsp_key_kind { TSP_KEY_RSA, TSP_KEY_EC };

/* "sha256", as the configuration, OpenSSL and the logs call it; NULL for an unknown number. */
const char *tsp_digest_name(enum tsp_digest digest);
/* TSP_DIGEST_NONE if there is none of that name (case matters). */
enum tsp_digest tsp_digest_by_name(const char *name);
/* Content octets of the OID; empty for an unknown number. Static memory. */
struct bytes tsp_digest_oid(enum tsp_digest digest);
enum tsp_digest tsp_digest_by_oid(struct bytes oid_content);
/* Bytes of a value; 0 for an unknown number. */
size_t tsp_digest_len(enum tsp_digest digest);

/* True for the digests that signatures are made with: SHA-2. */
bool tsp_digest_signs(enum tsp_digest digest);

/*
 * The complete DER AlgorithmIdentifier of a SignerInfo's signature: RSA PKCS#1 v1.5 with NULL
 * parameters (RFC 4055 5), ECDSA without parameters (RFC 5758 3.2). Static memory; empty for a
 * digest that does not sign.
 */
struct bytes tsp_signature_algorithm(enum tsp_key_kind key, enum tsp_digest digest);

#endif
