/* Owns nothing but what it writes into struct hsm. */
#include "tsa/hsm/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/hsm/rv.h"

enum { MAX_SLOTS = 1024 /* slots of one module; partitioned HSMs show about a hundred */ };

void hsm_text(const CK_UTF8CHAR *padded, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	while (len > 0 && (padded[len - 1] == ' ' || padded[len - 1] == '\0'))
		len--;
	for (; n < len && n + 1 < cap; n++)
		out[n] = (char)(padded[n] < ' ' || padded[n] == 0x7f ? '?' : padded[n]);
	out[n] = '\0';
}

bool hsm_each_token(struct hsm *hsm, hsm_visit_token *visit, void *arg, enum msg_failure *failure,
	struct err *err)
{
	CK_SLOT_ID slots[MAX_SLOTS];
	CK_ULONG count = MAX_SLOTS;
	CK_TOKEN_INFO token;
	CK_RV rv;

	/* SoftHSM looks for new tokens only when asked for the number. */
	rv = hsm->call->C_GetSlotList(CK_TRUE, NULL, &count);
	if (rv == CKR_OK) {
		count = MAX_SLOTS;
		rv = hsm->call->C_GetSlotList(CK_TRUE, slots, &count);
	}
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(err, rv, "module %s: C_GetSlotList", hsm->module);
	}
	for (CK_ULONG i = 0; i < count; i++) {
		/* A token may be pulled out between the two calls. */
		if (hsm->call->C_GetTokenInfo(slots[i], &token) != CKR_OK)
			continue;
		if (!visit(arg, slots[i], &token))
			break;
	}
	return true;
}

void hsm_use_token(struct hsm *hsm, CK_SLOT_ID slot, const CK_TOKEN_INFO *token)
{
	hsm->slot = slot;
	hsm->token = *token;
	hsm_text(token->label, sizeof(token->label), hsm->label, sizeof(hsm->label));
}

struct search {
	struct hsm *hsm;
	const struct hsm_uri *uri;
	size_t found;
	size_t there;
	struct err list; /* of the tokens there */
};

static bool search_visit(void *arg, CK_SLOT_ID slot, const CK_TOKEN_INFO *token)
{
	struct search *search = arg;
	char label[33];
	char serial[17];

	if ((token->flags & CKF_TOKEN_INITIALIZED) == 0)
		return true;
	hsm_text(token->label, sizeof(token->label), label, sizeof(label));
	hsm_text(token->serialNumber, sizeof(token->serialNumber), serial, sizeof(serial));
	hsm_err_append(
		&search->list, "%s'%s' (serial %s)", search->there > 0 ? ", " : "", label, serial);
	search->there++;
	if (hsm_uri_matches_token(search->uri, slot, token)) {
		hsm_use_token(search->hsm, slot, token);
		search->found++;
	}
	return true;
}

bool hsm_find_token(
	struct hsm *hsm, const struct hsm_uri *uri, enum msg_failure *failure, struct err *err)
{
	struct search search = { .hsm = hsm, .uri = uri };
	char wanted[128];

	if (!hsm_each_token(hsm, search_visit, &search, failure, err))
		return false;
	if (search.found == 1)
		return true;
	*failure = MSG_FAILURE_SETTING;
	hsm_uri_describe_token(uri, wanted, sizeof(wanted));
	if (search.found > 1)
		return err_set(err,
			"%zu tokens with %s in module %s, must be one: name the serial; "
			"tokens there: %s",
			search.found, wanted, hsm->module, search.list.text);
	return err_set(err, "no token with %s in module %s; tokens there: %s", wanted, hsm->module,
		search.there > 0 ? search.list.text : "none");
}

bool hsm_open_session(struct hsm *hsm, bool writable, enum msg_failure *failure, struct err *err)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);
	CK_RV rv = hsm->call->C_OpenSession(hsm->slot, flags, NULL, NULL, &hsm->session);

	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(err, rv, "token '%s': C_OpenSession", hsm->label);
	}
	hsm->has_session = true;
	return true;
}

void hsm_describe_token(const struct hsm *hsm, char *out, size_t cap)
{
	const CK_TOKEN_INFO *t = &hsm->token;
	char manufacturer[33];
	char model[17];
	char serial[17];

	hsm_text(t->manufacturerID, sizeof(t->manufacturerID), manufacturer, sizeof(manufacturer));
	hsm_text(t->model, sizeof(t->model), model, sizeof(model));
	hsm_text(t->serialNumber, sizeof(t->serialNumber), serial, sizeof(serial));
	(void)snprintf(out, cap, "%s, %s, serial %s, firmware %u.%u", manufacturer, model, serial,
		t->firmwareVersion.major, t->firmwareVersion.minor);
}
