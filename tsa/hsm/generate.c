/* Owns the new pair until its attributes are read back. */
#include "tsa/hsm/generate.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tsa/hsm/attributes.h"
#include "tsa/hsm/public.h"
#include "tsa/hsm/rv.h"

struct hsm_kind {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	CK_ULONG rsa_bits; /* 0: EC */
	const char *curve; /* NULL: RSA */
};

/* CSBR and ETSI: RSA from 3072 bits on; the curves that signing tools verify. */
static const struct hsm_kind kinds[] = {
	{ "rsa3072", CKM_RSA_PKCS_KEY_PAIR_GEN, 3072, NULL },
	{ "rsa4096", CKM_RSA_PKCS_KEY_PAIR_GEN, 4096, NULL },
	{ "p256", CKM_EC_KEY_PAIR_GEN, 0, "p256" },
	{ "p384", CKM_EC_KEY_PAIR_GEN, 0, "p384" },
};

const struct hsm_kind *hsm_kind_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* True if no key of the class has the label or the id. */
static bool is_free(struct hsm *hsm, CK_OBJECT_CLASS class, const struct hsm_key *wanted,
	enum msg_failure *failure, struct err *err)
{
	const char *what = class == CKO_PRIVATE_KEY ? "private" : "public";
	struct hsm_key *keys = NULL;
	size_t count = 0;
	bool ok = true;

	if (!hsm_list_keys(hsm, class, &keys, &count, failure, err))
		return false;
	for (size_t i = 0; i < count && ok; i++) {
		*failure = MSG_FAILURE_KEY;
		if (strcmp(keys[i].label, wanted->label) == 0)
			ok = err_set(err, "label must be new on token '%s': a %s key has it",
				hsm->label, what);
		else if (bytes_equal(hsm_key_id(&keys[i]), hsm_key_id(wanted)))
			ok = err_set(err, "id must be new on token '%s': %s key '%s' has it",
				hsm->label, what, keys[i].label);
	}
	free(keys);
	return ok;
}

/* Label and id of the key to be. */
static bool name_key(const struct hsm_uri *uri, struct hsm_key *key, struct err *err)
{
	struct bytes label = hsm_uri_label(uri);
	struct bytes id = hsm_uri_id(uri);

	*key = (struct hsm_key){ 0 };
	if (label.len == 0 || label.len > HSM_MAX_LABEL || memchr(label.at, 0, label.len) != NULL)
		return err_set(err, "a new key needs a label (object=) of 1 to %d bytes: has %zu",
			(int)HSM_MAX_LABEL, label.len);
	if (id.len > HSM_MAX_ID)
		return err_set(err, "id: at most %d bytes: has %zu", (int)HSM_MAX_ID, id.len);
	memcpy(key->label, label.at, label.len);
	if (id.len > 0) {
		memcpy(key->id, id.at, id.len);
		key->id_len = id.len;
		return true;
	}
	if (RAND_bytes(key->id, HSM_NEW_ID) != 1)
		return hsm_err_openssl(err, "random id");
	key->id_len = HSM_NEW_ID;
	return true;
}

/*
 * The call itself. CKA_MODIFIABLE and the like are left to the module; what a signing key must
 * and must not do is said.
 */
static CK_RV generate_pair(struct hsm *hsm, const struct hsm_kind *kind, struct hsm_key *key,
	CK_OBJECT_HANDLE *public_handle)
{
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL no = CK_FALSE;
	CK_ULONG bits = kind->rsa_bits;
	CK_BYTE f4[] = { 0x01, 0x00, 0x01 };
	CK_BYTE oid[16] = { 0 };
	CK_ULONG oid_len = 0;
	CK_MECHANISM mechanism = { kind->mechanism, NULL, 0 };
	CK_ULONG label_len = strlen(key->label);
	CK_ATTRIBUTE public_template[] = {
		{ CKA_LABEL, key->label, label_len },
		{ CKA_ID, key->id, key->id_len },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_ENCRYPT, &no, sizeof(no) },
		{ CKA_WRAP, &no, sizeof(no) },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_PUBLIC_EXPONENT, f4, sizeof(f4) },
	};
	CK_ULONG public_count = sizeof(public_template) / sizeof(public_template[0]);
	CK_ATTRIBUTE private_template[] = {
		{ CKA_LABEL, key->label, label_len },
		{ CKA_ID, key->id, key->id_len },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_DECRYPT, &no, sizeof(no) },
		{ CKA_UNWRAP, &no, sizeof(no) },
		{ CKA_DERIVE, &no, sizeof(no) },
	};

	if (kind->curve != NULL) {
		const struct hsm_curve *curve = hsm_curve_by_name(kind->curve);

		memcpy(oid, curve->oid.at, curve->oid.len);
		oid_len = curve->oid.len;
		public_template[public_count - 2] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, oid, oid_len };
		public_count--;
	}
	return hsm->call->C_GenerateKeyPair(hsm->session, &mechanism, public_template, public_count,
		private_template, sizeof(private_template) / sizeof(private_template[0]),
		public_handle, &key->handle);
}

bool hsm_generate(struct hsm *hsm, const struct hsm_uri *uri, const struct hsm_kind *kind,
	struct hsm_key *key, enum msg_failure *failure, struct err *err)
{
	CK_OBJECT_HANDLE public_handle = CK_INVALID_HANDLE;
	CK_RV rv;

	*failure = MSG_FAILURE_SETTING;
	if (!name_key(uri, key, err) || !is_free(hsm, CKO_PRIVATE_KEY, key, failure, err) ||
		!is_free(hsm, CKO_PUBLIC_KEY, key, failure, err))
		return false;
	key->type = kind->curve != NULL ? CKK_EC : CKK_RSA;
	rv = generate_pair(hsm, kind, key, &public_handle);
	if (rv != CKR_OK) {
		*failure = hsm_rv_failure(rv);
		return hsm_err_rv(
			err, rv, "token '%s': C_GenerateKeyPair of %s", hsm->label, kind->name);
	}
	if (hsm_check_new_key(hsm, key, failure, err))
		return true;
	/* Nothing stays behind that looks like a key for stamping. */
	(void)hsm->call->C_DestroyObject(hsm->session, key->handle);
	(void)hsm->call->C_DestroyObject(hsm->session, public_handle);
	return err_while(err, "the new key, destroyed again");
}
