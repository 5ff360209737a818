/* Owns the list that it makes until the caller has it. */
#include "tsa/hsm/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/hex.h"
#include "tsa/hsm/rv.h"

CK_RV hsm_attribute(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out,
	size_t cap, size_t *len)
{
	CK_ATTRIBUTE a = { type, out, cap };
	CK_RV rv = hsm->call->C_GetAttributeValue(hsm->session, object, &a, 1);

	*len = 0;
	if (rv != CKR_OK)
		return rv;
	/* Modules that answer CKR_OK for what they do not have say it in the length. */
	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (a.ulValueLen > cap)
		return CKR_BUFFER_TOO_SMALL;
	*len = a.ulValueLen;
	return CKR_OK;
}

struct bytes hsm_key_id(const struct hsm_key *key)
{
	return (struct bytes){ key->id, key->id_len };
}

const char *hsm_key_type_name(CK_KEY_TYPE type, char buf[32])
{
	switch (type) {
	case CKK_RSA:
		return "RSA";
	case CKK_EC:
		return "EC";
	case CKK_EC_EDWARDS:
		return "Ed25519 or Ed448";
	case CKK_DSA:
		return "DSA";
	default:
		(void)snprintf(buf, 32, "type 0x%lx", type);
		return buf;
	}
}

/* An attribute that may be absent, which reads as empty. */
static CK_RV optional(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out,
	size_t cap, size_t *len)
{
	CK_RV rv = hsm_attribute(hsm, object, type, out, cap, len);

	return rv == CKR_ATTRIBUTE_TYPE_INVALID ? CKR_OK : rv;
}

static bool read_key(struct hsm *hsm, CK_OBJECT_HANDLE handle, struct hsm_key *key,
	enum msg_failure *failure, struct err *err)
{
	size_t type_len = 0;
	size_t label_len = 0;
	CK_RV rv;

	key->handle = handle;
	rv = hsm_attribute(hsm, handle, CKA_KEY_TYPE, &key->type, sizeof(key->type), &type_len);
	if (rv == CKR_OK)
		rv = optional(hsm, handle, CKA_LABEL, key->label, HSM_MAX_LABEL, &label_len);
	if (rv == CKR_OK)
		rv = optional(hsm, handle, CKA_ID, key->id, HSM_MAX_ID, &key->id_len);
	if (rv == CKR_OK && type_len != sizeof(key->type))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	key->label[label_len] = '\0';
	if (rv == CKR_OK)
		return true;
	*failure = hsm_rv_failure(rv);
	return hsm_err_rv(err, rv, "token '%s': key type, label and id of a key", hsm->label);
}

static bool find_handles(struct hsm *hsm, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *handles,
	CK_ULONG *count, enum msg_failure *failure, struct err *err)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_ULONG got = 0;
	CK_RV rv;

	*count = 0;
	rv = hsm->call->C_FindObjectsInit(hsm->session, template, 1);
	if (rv == CKR_OK) {
		do {
			rv = hsm->call->C_FindObjects(
				hsm->session, handles + *count, HSM_MAX_KEYS + 1 - *count, &got);
			*count += rv == CKR_OK ? got : 0;
		} while (rv == CKR_OK && got > 0 && *count <= HSM_MAX_KEYS);
		(void)hsm->call->C_FindObjectsFinal(hsm->session);
	}
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(err, rv, "token '%s': finding its keys", hsm->label);
	}
	if (*count > HSM_MAX_KEYS) {
		*failure = MSG_FAILURE_KEY;
		return err_set(err, "token '%s': at most %d keys are supported: has more",
			hsm->label, (int)HSM_MAX_KEYS);
	}
	return true;
}

bool hsm_list_keys(struct hsm *hsm, CK_OBJECT_CLASS class, struct hsm_key **keys, size_t *count,
	enum msg_failure *failure, struct err *err)
{
	CK_OBJECT_HANDLE handles[HSM_MAX_KEYS + 1];
	struct hsm_key *list = NULL;
	CK_ULONG n = 0;
	bool ok = false;

	if (!find_handles(hsm, class, handles, &n, failure, err))
		goto out;
	list = must_calloc(n + 1, sizeof(*list));
	for (CK_ULONG i = 0; i < n; i++) {
		if (!read_key(hsm, handles[i], &list[i], failure, err))
			goto out;
	}
	*keys = list;
	*count = n;
	list = NULL;
	ok = true;
out:
	free(list);
	return ok;
}

/* Appends "'label' (id 0102)". */
static void describe(struct err *list, const struct hsm_key *key)
{
	enum { SHOWN = 16 };
	char hex[2 * SHOWN + 1];

	hex_encode((struct bytes){ key->id, key->id_len < SHOWN ? key->id_len : SHOWN }, hex);
	hsm_err_append(list, "%s'%s' (id %s)", list->text[0] != '\0' ? ", " : "", key->label, hex);
}

bool hsm_find_key(struct hsm *hsm, const struct hsm_uri *uri, struct hsm_key *key,
	enum msg_failure *failure, struct err *err)
{
	struct hsm_key *keys = NULL;
	struct err list = { 0 };
	char wanted[128];
	size_t count = 0;
	size_t found = 0;

	if (!hsm_list_keys(hsm, CKO_PRIVATE_KEY, &keys, &count, failure, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		describe(&list, &keys[i]);
		if (!hsm_uri_matches_object(uri, keys[i].label, hsm_key_id(&keys[i])))
			continue;
		*key = keys[i];
		found++;
	}
	free(keys);
	if (found == 1)
		return true;
	*failure = MSG_FAILURE_KEY;
	hsm_uri_describe_object(uri, wanted, sizeof(wanted));
	if (found > 1)
		return err_set(err,
			"%zu private keys with %s on token '%s', must be one; there "
			"are: %s",
			found, wanted, hsm->label, list.text);
	return err_set(err, "no private key with %s on token '%s'; there are: %s", wanted,
		hsm->label, count > 0 ? list.text : "none");
}
