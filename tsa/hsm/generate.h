/*
 * Key pairs made inside the token (ledger: state `generated`), with every attribute said: modules'
 * defaults would let a key decrypt, unwrap and derive.
 */
#ifndef TSA_HSM_GENERATE_H
#define TSA_HSM_GENERATE_H

#include "tsa/hsm/object.h"

/* What kinds there are: "rsa3072", "rsa4096", "p256", "p384". */
struct hsm_kind;

/* NULL if there is none of that name. */
const struct hsm_kind *hsm_kind_by_name(const char *name);

enum { HSM_NEW_ID = 16 /* bytes of a CKA_ID of ours */ };

/*
 * Makes a key pair with uri's label (which must be there) and its id, or a random one. Needs a
 * writable session and a login. Refuses, with class KEY, a label or id that any key of the token
 * has. Reads the rules back (hsm_check_new_key); a pair that breaks one is destroyed again.
 */
MUST_CHECK bool hsm_generate(struct hsm *hsm, const struct hsm_uri *uri,
	const struct hsm_kind *kind, struct hsm_key *key, enum msg_failure *failure,
	struct err *err);

#endif
