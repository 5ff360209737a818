/*
 * Makes the keys that tsa-key does not: RSA-2048 and P-521 are no key for a new TSU, but one may
 * come from elsewhere.  They obey the same rules: made in the token, never outside of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "tsa/hsm/login.h"
#include "tsa/hsm/public.h"
#include "tsa/hsm/rv.h"
#include "tsa/hsm/token.h"

struct arguments {
	const char *module;
	const char *pin_file;
	const char *uri;
	const char *type;
};

/* A key pair whose label and id are the type's name. */
static CK_RV generate(struct hsm *hsm, const char *type)
{
	bool rsa = strcmp(type, "rsa2048") == 0;
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL no = CK_FALSE;
	CK_ULONG bits = 2048;
	CK_OBJECT_HANDLE handles[2];
	CK_MECHANISM mechanism = { rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	char name[16];
	CK_BYTE oid[16] = { 0 };
	CK_ULONG len = strlen(type);
	CK_ATTRIBUTE public_template[] = {
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_LABEL, name, len },
		{ CKA_ID, name, len },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
	};
	CK_ATTRIBUTE private_template[] = {
		{ CKA_LABEL, name, len },
		{ CKA_ID, name, len },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_DECRYPT, &no, sizeof(no) },
		{ CKA_UNWRAP, &no, sizeof(no) },
		{ CKA_DERIVE, &no, sizeof(no) },
	};

	(void)snprintf(name, sizeof(name), "%s", type);
	if (!rsa) {
		const struct hsm_curve *curve = hsm_curve_by_name(type);

		if (curve == NULL || curve->oid.len > sizeof(oid))
			return CKR_CURVE_NOT_SUPPORTED;
		memcpy(oid, curve->oid.at, curve->oid.len);
		public_template[0] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, oid, curve->oid.len };
	}
	return hsm->call->C_GenerateKeyPair(hsm->session, &mechanism, public_template,
		sizeof(public_template) / sizeof(public_template[0]), private_template,
		sizeof(private_template) / sizeof(private_template[0]), &handles[0], &handles[1]);
}

/* Generates in the open session and prints the public half. */
static bool make(struct hsm *hsm, const char *type, enum msg_failure *failure, struct err *err)
{
	struct hsm_key key = { 0 };
	struct hsm_key *keys = NULL;
	size_t count = 0;
	EVP_PKEY *public = NULL;
	CK_RV rv = generate(hsm, type);
	bool ok = false;

	if (rv != CKR_OK)
		return hsm_err_rv(err, rv, "C_GenerateKeyPair of %s", type);
	if (!hsm_list_keys(hsm, CKO_PRIVATE_KEY, &keys, &count, failure, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].label, type) == 0)
			key = keys[i];
	free(keys);
	public = hsm_public_key(hsm, &key, failure, err);
	ok = public != NULL && PEM_write_PUBKEY(stdout, public) == 1;
	EVP_PKEY_free(public);
	return ok;
}

static bool run(const struct arguments *a, struct err *err)
{
	enum msg_failure failure;
	struct hsm_uri *uri = hsm_uri_parse(a->uri, err);
	struct hsm hsm = { 0 };
	struct hsm_pin pin;
	bool ok = uri != NULL && hsm_open(&hsm, a->module, &failure, err) &&
		  hsm_find_token(&hsm, uri, &failure, err) &&
		  hsm_open_session(&hsm, true, &failure, err) &&
		  hsm_pin_read(a->pin_file, &pin, err) && hsm_login(&hsm, &pin, &failure, err) &&
		  make(&hsm, a->type, &failure, err);

	hsm_uri_free(uri);
	hsm_close(&hsm);
	return ok;
}

int main(int argc, char **argv)
{
	struct err err = { .text = "" };
	struct arguments a;

	if (argc != 5) {
		fprintf(stderr, "usage: tsa-decoders-key MODULE PIN-FILE URI rsa2048|p521 >PEM\n");
		return 3;
	}
	a = (struct arguments){ argv[1], argv[2], argv[3], argv[4] };
	if (run(&a, &err))
		return 0;
	fprintf(stderr, "tsa-decoders-key: %s\n", err.text);
	return 3;
}
