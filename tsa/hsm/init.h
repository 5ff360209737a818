/* A new token in a free slot: label, security officer's PIN, user PIN. */
#ifndef TSA_HSM_INIT_H
#define TSA_HSM_INIT_H

#include "tsa/hsm/login.h"
#include "tsa/hsm/token.h"

/*
 * Initialises the first token that is not, and makes it hsm's. Refuses, with class KEY, a label
 * that a token has; checks label and PIN lengths before it changes anything. Never initialises a
 * token again: that would destroy its keys. Wipes neither PIN.
 */
MUST_CHECK bool hsm_init_token(struct hsm *hsm, const char *label, struct hsm_pin *officer,
	struct hsm_pin *user, enum msg_failure *failure, struct err *err);

#endif
