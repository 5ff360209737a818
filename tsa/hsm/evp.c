/* Owns libp11's context, its slots and the EVP_PKEY. */
#include "tsa/hsm/evp.h"

#include <stdlib.h>
#include <string.h>

#include <libp11.h>
#include <openssl/err.h>

#include "tsa/hsm/rv.h"

struct hsm_evp {
	PKCS11_CTX *ctx;
	bool loaded;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	EVP_PKEY *key;
};

/* The class of the return code that libp11 left in OpenSSL's queue. */
static enum msg_failure queue_failure(void)
{
	unsigned long last = ERR_peek_last_error();

	if (ERR_GET_LIB(last) != ERR_get_CKR_code())
		return MSG_FAILURE_OTHER;
	return hsm_rv_failure((CK_RV)ERR_GET_REASON(last));
}

/* Trap 1: libp11's enumeration gives up at the first private key that is neither RSA nor EC. */
static bool guard_types(struct hsm *hsm, enum msg_failure *failure, struct err *err)
{
	struct hsm_key *keys = NULL;
	size_t count = 0;
	char buf[32];
	bool ok = true;

	if (!hsm_list_keys(hsm, CKO_PRIVATE_KEY, &keys, &count, failure, err))
		return false;
	for (size_t i = 0; i < count && ok; i++) {
		if (keys[i].type == CKK_RSA || keys[i].type == CKK_EC)
			continue;
		*failure = MSG_FAILURE_KEY;
		ok = err_set(err,
			"token '%s': all its private keys must be RSA or EC, another "
			"makes every key unusable through libp11 0.4.12: '%s' is %s; keep it "
			"in a token of its own",
			hsm->label, keys[i].label, hsm_key_type_name(keys[i].type, buf));
	}
	free(keys);
	return ok;
}

/* Trap 2: libp11 waits for ever when it gets no session. */
static bool guard_session(struct hsm *hsm, enum msg_failure *failure, struct err *err)
{
	CK_SESSION_HANDLE session;
	CK_RV rv = hsm->call->C_OpenSession(hsm->slot, CKF_SERIAL_SESSION, NULL, NULL, &session);

	if (rv == CKR_OK)
		rv = hsm->call->C_CloseSession(session);
	if (rv == CKR_OK)
		return true;
	*failure = hsm_rv_failure(rv);
	return hsm_err_rv(err, rv, "token '%s': a second session", hsm->label);
}

static PKCS11_TOKEN *find_token(struct hsm_evp *evp, struct hsm *hsm, struct err *err)
{
	if (PKCS11_CTX_load(evp->ctx, hsm->module) != 0) {
		hsm_err_openssl(err, "libp11: loading module %s", hsm->module);
		return NULL;
	}
	evp->loaded = true;
	if (PKCS11_enumerate_slots(evp->ctx, &evp->slots, &evp->slot_count) != 0) {
		hsm_err_openssl(err, "libp11: slots of module %s", hsm->module);
		return NULL;
	}
	for (unsigned i = 0; i < evp->slot_count; i++) {
		if (PKCS11_get_slotid_from_slot(&evp->slots[i]) == hsm->slot &&
			evp->slots[i].token != NULL)
			return evp->slots[i].token;
	}
	err_set(err, "libp11: token '%s' is gone", hsm->label);
	return NULL;
}

static bool find_key(struct hsm_evp *evp, PKCS11_TOKEN *token, const struct hsm_key *key,
	enum msg_failure *failure, struct err *err)
{
	PKCS11_KEY *keys = NULL;
	unsigned count = 0;

	if (PKCS11_enumerate_keys(token, &keys, &count) != 0) {
		*failure = queue_failure();
		return hsm_err_openssl(err, "libp11: keys of token '%s'", token->label);
	}
	for (unsigned i = 0; i < count; i++) {
		struct bytes id = { keys[i].id, keys[i].id_len };
		const char *label = keys[i].label == NULL ? "" : keys[i].label;

		if (!bytes_equal(id, hsm_key_id(key)) || strcmp(label, key->label) != 0)
			continue;
		evp->key = PKCS11_get_private_key(&keys[i]);
		if (evp->key != NULL)
			return true;
		*failure = queue_failure();
		return hsm_err_openssl(err, "libp11: key '%s'", key->label);
	}
	*failure = MSG_FAILURE_DEVICE;
	return err_set(err, "libp11: key '%s' is gone", key->label);
}

struct hsm_evp *hsm_evp_new(
	struct hsm *hsm, const struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	struct hsm_evp *evp = must_calloc(1, sizeof(*evp));
	PKCS11_TOKEN *token;
	bool ok = false;

	if (!guard_types(hsm, failure, err) || !guard_session(hsm, failure, err))
		goto out;
	*failure = MSG_FAILURE_DEVICE;
	evp->ctx = PKCS11_CTX_new();
	if (evp->ctx == NULL) {
		hsm_err_openssl(err, "libp11");
		goto out;
	}
	token = find_token(evp, hsm, err);
	ok = token != NULL && find_key(evp, token, key, failure, err);
out:
	if (ok)
		return evp;
	hsm_evp_free(evp);
	return NULL;
}

void hsm_evp_free(struct hsm_evp *evp)
{
	if (evp == NULL)
		return;
	EVP_PKEY_free(evp->key);
	if (evp->slots != NULL)
		PKCS11_release_all_slots(evp->ctx, evp->slots, evp->slot_count);
	if (evp->loaded)
		PKCS11_CTX_unload(evp->ctx);
	if (evp->ctx != NULL)
		PKCS11_CTX_free(evp->ctx);
	free(evp);
}

EVP_PKEY *hsm_evp_key(const struct hsm_evp *evp)
{
	return evp->key;
}

enum msg_failure hsm_diagnose(struct hsm *hsm, const struct hsm_key *key)
{
	CK_MECHANISM mechanism = { key->type == CKK_RSA ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0 };
	CK_SESSION_INFO session;
	CK_TOKEN_INFO token;
	CK_RV rv = hsm->call->C_GetSessionInfo(hsm->session, &session);

	if (rv == CKR_OK && session.state != CKS_RO_USER_FUNCTIONS &&
		session.state != CKS_RW_USER_FUNCTIONS)
		rv = CKR_USER_NOT_LOGGED_IN;
	if (rv == CKR_OK)
		rv = hsm->call->C_GetTokenInfo(hsm->slot, &token);
	if (rv == CKR_OK)
		rv = hsm->call->C_SignInit(hsm->session, &mechanism, key->handle);
	return rv == CKR_OK ? MSG_FAILURE_DEVICE : hsm_rv_failure(rv);
}
