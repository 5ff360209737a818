/* Which token: finding the one that is meant, a session on it, what it says about itself. */
#ifndef TSA_HSM_TOKEN_H
#define TSA_HSM_TOKEN_H

#include "tsa/hsm/module.h"
#include "tsa/hsm/uri.h"

/*
 * Finds the one initialised token that uri means; none and several are failures that list the
 * tokens there. Fills slot, token and label of hsm.
 */
MUST_CHECK bool hsm_find_token(
	struct hsm *hsm, const struct hsm_uri *uri, enum msg_failure *failure, struct err *err);

/* What hsm_each_token calls for a slot with a token, initialised or not; false: stop. */
typedef bool hsm_visit_token(void *arg, CK_SLOT_ID slot, const CK_TOKEN_INFO *token);

MUST_CHECK bool hsm_each_token(struct hsm *hsm, hsm_visit_token *visit, void *arg,
	enum msg_failure *failure, struct err *err);

/* Makes the token in slot the one that hsm works on. */
void hsm_use_token(struct hsm *hsm, CK_SLOT_ID slot, const CK_TOKEN_INFO *token);

/* Opens the session on that token; writable: objects may be made. */
MUST_CHECK bool hsm_open_session(
	struct hsm *hsm, bool writable, enum msg_failure *failure, struct err *err);

/* "SoftHSM project, SoftHSM v2, serial 0123, firmware 2.6"; cut if cap is short. */
void hsm_describe_token(const struct hsm *hsm, char *out, size_t cap);

/* A PKCS#11 text of fixed length without its padding, control characters as '?'. */
void hsm_text(const CK_UTF8CHAR *padded, size_t len, char *out, size_t cap);

#endif
