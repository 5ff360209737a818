/*
 * The rules for a private key that stamps time, read from the token itself: it is in the token,
 * signs, and has never been anywhere else (design section 3, D6; ledger entry `generated`).
 */
#ifndef TSA_HSM_ATTRIBUTES_H
#define TSA_HSM_ATTRIBUTES_H

#include "tsa/hsm/object.h"

/*
 * False, with class KEY and every broken rule by name and finding, if the key breaks one:
 * CKA_TOKEN, CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE and CKA_SIGN must be
 * true, CKA_EXTRACTABLE and CKA_ALWAYS_AUTHENTICATE (a PIN for each signature) false. A rule whose
 * attribute the module does not give counts as broken.
 */
MUST_CHECK bool hsm_check_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err);

/* The same for a key made a moment ago, which also must have been made in there (CKA_LOCAL). */
MUST_CHECK bool hsm_check_new_key(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err);

#endif
