/* Owns nothing but what it writes into struct hsm. */
#include "tsa/hsm/init.h"

#include <stdio.h>
#include <string.h>

#include "tsa/hsm/rv.h"

enum { TOKEN_LABEL = 32 /* PKCS#11 v2.40 5.5: padded with blanks, no zero at its end */ };

struct search {
	const char *label;
	bool taken;
	bool taken_has_pin;
	bool found;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO token;
};

static bool search_visit(void *arg, CK_SLOT_ID slot, const CK_TOKEN_INFO *token)
{
	struct search *search = arg;
	char label[TOKEN_LABEL + 1];

	if ((token->flags & CKF_TOKEN_INITIALIZED) != 0) {
		hsm_text(token->label, sizeof(token->label), label, sizeof(label));
		if (strcmp(label, search->label) == 0) {
			search->taken = true;
			search->taken_has_pin = (token->flags & CKF_USER_PIN_INITIALIZED) != 0;
		}
	} else if (!search->found) {
		search->found = true;
		search->slot = slot;
		search->token = *token;
	}
	return true;
}

static bool check_label(const char *label, struct err *err)
{
	size_t len = strlen(label);

	if (len < 1 || len > TOKEN_LABEL)
		return err_set(
			err, "label: must have 1 to %d bytes: has %zu", (int)TOKEN_LABEL, len);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)label[i] < ' ' || label[i] == 0x7f)
			return err_set(err, "label: must be printable: has a control character");
	}
	if (label[len - 1] == ' ')
		return err_set(err, "label: must not end in a blank, which is padding: does");
	return true;
}

static bool check_pin(
	const CK_TOKEN_INFO *token, const struct hsm_pin *pin, const char *whose, struct err *err)
{
	if (pin->len >= token->ulMinPinLen &&
		(token->ulMaxPinLen == 0 || pin->len <= token->ulMaxPinLen))
		return true;
	return err_set(err, "%s PIN: this token wants %lu to %lu bytes: has another length", whose,
		token->ulMinPinLen, token->ulMaxPinLen);
}

/* The token now exists: says so when the rest fails, since the label is taken. */
static bool set_user_pin(struct hsm *hsm, struct hsm_pin *officer, struct hsm_pin *user,
	enum msg_failure *failure, struct err *err)
{
	CK_RV rv;

	if (!hsm_open_session(hsm, true, failure, err))
		return err_while(err, "initialised, but without a user PIN");
	rv = hsm->call->C_Login(hsm->session, CKU_SO, officer->at, officer->len);
	if (rv == CKR_OK)
		rv = hsm->call->C_InitPIN(hsm->session, user->at, user->len);
	if (rv == CKR_OK)
		rv = hsm->call->C_Logout(hsm->session);
	if (rv == CKR_OK)
		return true;
	*failure = hsm_rv_failure(rv);
	return hsm_err_rv(
		err, rv, "token '%s': initialised, but without a user PIN: C_InitPIN", hsm->label);
}

bool hsm_init_token(struct hsm *hsm, const char *label, struct hsm_pin *officer,
	struct hsm_pin *user, enum msg_failure *failure, struct err *err)
{
	struct search search = { .label = label };
	char padded[TOKEN_LABEL + 1];
	CK_RV rv;

	*failure = MSG_FAILURE_SETTING;
	if (!check_label(label, err) || !hsm_each_token(hsm, search_visit, &search, failure, err))
		return false;
	if (search.taken) {
		*failure = MSG_FAILURE_KEY;
		return err_set(err, "label must be new in module %s: a token has it%s", hsm->module,
			search.taken_has_pin ? "" : ", without a user PIN");
	}
	if (!search.found)
		return err_set(err, "module %s has no token that is not initialised", hsm->module);
	if (!check_pin(&search.token, officer, "security officer's", err) ||
		!check_pin(&search.token, user, "user", err))
		return false;
	(void)snprintf(padded, sizeof(padded), "%-*s", (int)TOKEN_LABEL, label);
	rv = hsm->call->C_InitToken(search.slot, officer->at, officer->len, (CK_UTF8CHAR *)padded);
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(err, rv, "C_InitToken in slot %lu", search.slot);
	}
	memcpy(search.token.label, padded, TOKEN_LABEL);
	hsm_use_token(hsm, search.slot, &search.token);
	if (hsm->call->C_GetTokenInfo(search.slot, &search.token) == CKR_OK)
		hsm_use_token(hsm, search.slot, &search.token);
	return set_user_pin(hsm, officer, user, failure, err);
}
