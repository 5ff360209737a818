/*
 * Public keys, read from a token's attributes without libp11; the EC curves that are supported.
 */
#ifndef TSA_HSM_PUBLIC_H
#define TSA_HSM_PUBLIC_H

#include <openssl/evp.h>

#include "tsa/hsm/object.h"

/* A curve of FIPS 186-4 by its names and encodings. */
struct hsm_curve {
	const char *name; /* "p256", as tsa-key's --type has it */
	const char *group; /* OpenSSL's name */
	struct bytes oid; /* DER OBJECT IDENTIFIER: CKA_EC_PARAMS */
	size_t point_len; /* of an uncompressed point */
};

/* NULL if it is none of P-256, P-384, P-521. */
const struct hsm_curve *hsm_curve_by_name(const char *name);
const struct hsm_curve *hsm_curve_by_oid(struct bytes der);

/*
 * The public half of a private key: RSA from the private object; EC from the public object with
 * the same id and label, since private ones have no point. NULL and err if it cannot be had. The
 * caller frees.
 */
MUST_CHECK EVP_PKEY *hsm_public_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err);

#endif
