/*
 * The private key as OpenSSL uses it, by libp11.  Guards the two traps of libp11 0.4.12 (Debian
 * 12) first: a private key of a type that it does not know makes every key of the token unusable,
 * and a C_OpenSession that fails makes it wait for ever.
 */
#ifndef TSA_HSM_EVP_H
#define TSA_HSM_EVP_H

#include <openssl/evp.h>

#include "tsa/hsm/object.h"

/* libp11's hold on one key. */
struct hsm_evp;

/*
 * The login of hsm (hsm_login) covers libp11's session too, for as long as hsm's own is open.
 * One per process. NULL and err on failure. The caller frees, before it closes hsm.
 */
MUST_CHECK struct hsm_evp *hsm_evp_new(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err);
/* Also finalises the module: nothing in hsm works any more but hsm_close. Takes NULL. */
void hsm_evp_free(struct hsm_evp *evp);

/* Belongs to evp. Signs only in this process: no fork between hsm_evp_new and the signature. */
EVP_PKEY *hsm_evp_key(const struct hsm_evp *evp);

/*
 * Asks the module, after a signature failed in libp11, whether session, login, token and key are
 * still good. Gives the class of what it finds; DEVICE if it finds nothing.
 */
enum msg_failure hsm_diagnose(struct hsm *hsm, const struct hsm_key *key);

#endif
