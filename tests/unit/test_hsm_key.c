/* Keys in a token through a real SoftHSM (design D6, R22; ledger 3.2, traps 1 and 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/softhsm.h"
#include "tsa/hsm/attributes.h"
#include "tsa/hsm/evp.h"
#include "tsa/hsm/generate.h"

static struct softhsm softhsm;

static int setup(void **unused)
{
	(void)unused;
	softhsm_start(&softhsm);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	softhsm_stop(&softhsm);
	return 0;
}

static void assert_text(const struct err *err, const char *part)
{
	if (strstr(err->text, part) == NULL)
		fail_msg("no '%s' in: %s", part, err->text);
}

static struct hsm_uri *uri_of(const char *text)
{
	struct err err = { 0 };
	struct hsm_uri *uri = hsm_uri_parse(text, &err);

	if (uri == NULL)
		fail_msg("%s", err.text);
	return uri;
}

/* The key that uri means, on a token that is logged in. */
static struct hsm_key key_of(struct hsm *hsm, const char *text)
{
	struct hsm_uri *uri = uri_of(text);
	struct hsm_key key;
	enum msg_failure failure;
	struct err err = { 0 };

	if (!hsm_find_key(hsm, uri, &key, &failure, &err))
		fail_msg("%s", err.text);
	hsm_uri_free(uri);
	return key;
}

static CK_BBOOL flag_of(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 0x7f;
	size_t len;

	assert_int_equal(hsm_attribute(hsm, object, type, &value, sizeof(value), &len), CKR_OK);
	assert_int_equal(len, 1);
	return value;
}

static void a_generated_key_signs_and_does_nothing_else(void **unused)
{
	static const char *const kinds[] = { "rsa3072", "p256", "p384" };
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct hsm_key key;
		char text[64];

		EVP_PKEY_free(softhsm_key("tsa", kinds[i], kinds[i]));
		(void)snprintf(text, sizeof(text), "pkcs11:token=tsa;object=%s", kinds[i]);
		softhsm_login(&hsm, "tsa");
		key = key_of(&hsm, text);
		assert_int_equal(key.id_len, HSM_NEW_ID);
		assert_true(hsm_check_new_key(&hsm, &key, &failure, &err));
		assert_true(flag_of(&hsm, key.handle, CKA_PRIVATE));
		assert_true(flag_of(&hsm, key.handle, CKA_SENSITIVE));
		assert_true(flag_of(&hsm, key.handle, CKA_NEVER_EXTRACTABLE));
		assert_true(flag_of(&hsm, key.handle, CKA_LOCAL));
		assert_true(flag_of(&hsm, key.handle, CKA_SIGN));
		assert_false(flag_of(&hsm, key.handle, CKA_EXTRACTABLE));
		assert_false(flag_of(&hsm, key.handle, CKA_DECRYPT));
		assert_false(flag_of(&hsm, key.handle, CKA_UNWRAP));
		assert_false(flag_of(&hsm, key.handle, CKA_DERIVE));
		hsm_close(&hsm);
	}
	assert_null(hsm_kind_by_name("rsa1024"));
	assert_null(hsm_kind_by_name("p224"));
}

static void refuses_to_generate_what_has_a_name_already(void **unused)
{
	struct hsm_uri *label = uri_of("pkcs11:token=tsa;object=a");
	struct hsm_uri *id = uri_of("pkcs11:token=tsa;object=b;id=%01");
	struct hsm_uri *same_id = uri_of("pkcs11:token=tsa;object=c;id=%01");
	struct hsm_uri *no_label = uri_of("pkcs11:token=tsa;id=%02");
	const struct hsm_kind *p256 = hsm_kind_by_name("p256");
	struct hsm hsm;
	struct hsm_key key;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	softhsm_login(&hsm, "tsa");
	assert_true(hsm_generate(&hsm, label, p256, &key, &failure, &err));
	assert_false(hsm_generate(&hsm, label, p256, &key, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_KEY);
	assert_text(&err, "label must be new on token 'tsa'");
	assert_true(hsm_generate(&hsm, id, p256, &key, &failure, &err));
	assert_int_equal(key.id_len, 1);
	assert_int_equal(key.id[0], 1);
	assert_false(hsm_generate(&hsm, same_id, p256, &key, &failure, &err));
	assert_text(&err, "id must be new");
	assert_false(hsm_generate(&hsm, no_label, p256, &key, &failure, &err));
	assert_text(&err, "needs a label");
	hsm_close(&hsm);
	hsm_uri_free(label);
	hsm_uri_free(id);
	hsm_uri_free(same_id);
	hsm_uri_free(no_label);
}

static void names_each_rule_that_a_key_breaks(void **unused)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_BBOOL value;
		const char *text;
	} odd[] = {
		{ CKA_EXTRACTABLE, CK_TRUE,
			"must not be extractable (CKA_EXTRACTABLE): is true; must never have been "
			"extractable (CKA_NEVER_EXTRACTABLE): is false" },
		{ CKA_SENSITIVE, CK_FALSE,
			"must be sensitive (CKA_SENSITIVE): is false; must always have been "
			"sensitive (CKA_ALWAYS_SENSITIVE): is false" },
		{ CKA_SIGN, CK_FALSE, "must be for signing (CKA_SIGN): is false" },
		{ CKA_ALWAYS_AUTHENTICATE, CK_TRUE,
			"must not want the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)" },
	};
	struct hsm_key key;
	struct hsm hsm;
	enum msg_failure failure;

	(void)unused;
	softhsm_token("tsa");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct err err = { 0 };
		char label[16];
		char text[64];

		(void)snprintf(label, sizeof(label), "odd%zu", i);
		softhsm_odd_key("tsa", label, odd[i].type, odd[i].value);
		(void)snprintf(text, sizeof(text), "pkcs11:token=tsa;object=%s", label);
		softhsm_login(&hsm, "tsa");
		key = key_of(&hsm, text);
		assert_false(hsm_check_key(&hsm, &key, &failure, &err));
		assert_int_equal(failure, MSG_FAILURE_KEY);
		assert_text(&err, odd[i].text);
		hsm_close(&hsm);
	}
}

static void finds_exactly_one_key_or_lists_them(void **unused)
{
	struct hsm_uri *missing = uri_of("pkcs11:token=tsa;object=rsa2027");
	struct hsm_uri *twice = uri_of("pkcs11:token=tsa;object=same");
	struct hsm hsm;
	struct hsm_key key;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	softhsm_odd_key("tsa", "same", CKA_SIGN, CK_TRUE);
	softhsm_odd_key("tsa", "same", CKA_SIGN, CK_TRUE);
	softhsm_login(&hsm, "tsa");
	assert_false(hsm_find_key(&hsm, missing, &key, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_KEY);
	assert_text(&err, "no private key with label 'rsa2027' on token 'tsa'; there are: 'same'");
	assert_false(hsm_find_key(&hsm, twice, &key, &failure, &err));
	assert_text(&err, "2 private keys with label 'same' on token 'tsa', must be one");
	hsm_close(&hsm);
	hsm_uri_free(missing);
	hsm_uri_free(twice);
}

/* Signs with the token's key, checks with the public key that was read without libp11. */
static void assert_signs(const char *kind)
{
	EVP_PKEY *public = softhsm_key("tsa", kind, kind);
	struct hsm hsm;
	struct hsm_key key;
	struct hsm_evp *evp;
	enum msg_failure failure;
	struct err err = { 0 };
	char text[64];
	uint8_t signature[1024];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)snprintf(text, sizeof(text), "pkcs11:token=tsa;object=%s", kind);
	softhsm_login(&hsm, "tsa");
	key = key_of(&hsm, text);
	evp = hsm_evp_new(&hsm, &key, &failure, &err);
	if (evp == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, hsm_evp_key(evp)), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &len, (const uint8_t *)"data", 4), 1);
	assert_int_equal(EVP_MD_CTX_reset(ctx), 1);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public), 1);
	assert_int_equal(EVP_DigestVerify(ctx, signature, len, (const uint8_t *)"data", 4), 1);
	EVP_MD_CTX_free(ctx);
	hsm_evp_free(evp);
	hsm_close(&hsm);
	EVP_PKEY_free(public);
}

static void signs_through_libp11_with_a_login_that_libp11_never_saw(void **unused)
{
	(void)unused;
	softhsm_token("tsa");
	assert_signs("rsa3072");
	assert_signs("p256");
	assert_signs("p384");
	assert_signs("rsa4096");
}

static void says_that_an_ed25519_neighbour_spoils_the_token(void **unused)
{
	struct hsm hsm;
	struct hsm_key key;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	EVP_PKEY_free(softhsm_key("tsa", "good", "p256"));
	softhsm_ed25519_key(&softhsm, "tsa", "neighbour");
	softhsm_login(&hsm, "tsa");
	key = key_of(&hsm, "pkcs11:token=tsa;object=good");
	assert_true(hsm_check_key(&hsm, &key, &failure, &err));
	assert_null(hsm_evp_new(&hsm, &key, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_KEY);
	assert_text(&err, "all its private keys must be RSA or EC");
	assert_text(&err, "'neighbour' is Ed25519");
	hsm_close(&hsm);
}

static CK_RV no_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session)
{
	(void)slot;
	(void)flags;
	(void)application;
	(void)notify;
	(void)session;
	return CKR_SESSION_COUNT;
}

/* Trap 2: libp11 0.4.12 would wait for ever. */
static void fails_at_once_where_the_token_gives_no_second_session(void **unused)
{
	CK_FUNCTION_LIST full;
	struct hsm hsm;
	struct hsm_key key;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	EVP_PKEY_free(softhsm_key("tsa", "good", "p256"));
	softhsm_login(&hsm, "tsa");
	key = key_of(&hsm, "pkcs11:token=tsa;object=good");
	full = *hsm.call;
	full.C_OpenSession = no_session;
	hsm.call = &full;
	assert_null(hsm_evp_new(&hsm, &key, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_DEVICE);
	assert_text(&err, "CKR_SESSION_COUNT");
	hsm_close(&hsm);
}

static void tells_a_lost_session_from_a_bad_key(void **unused)
{
	struct hsm hsm;
	struct hsm_key key;

	(void)unused;
	softhsm_token("tsa");
	EVP_PKEY_free(softhsm_key("tsa", "good", "p256"));
	softhsm_odd_key("tsa", "mute", CKA_SIGN, CK_FALSE);
	softhsm_login(&hsm, "tsa");
	key = key_of(&hsm, "pkcs11:token=tsa;object=mute");
	assert_int_equal(hsm_diagnose(&hsm, &key), MSG_FAILURE_KEY);
	key = key_of(&hsm, "pkcs11:token=tsa;object=good");
	assert_int_equal(hsm_diagnose(&hsm, &key), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm.call->C_Logout(hsm.session), CKR_OK);
	assert_int_equal(hsm_diagnose(&hsm, &key), MSG_FAILURE_DEVICE);
	hsm_close(&hsm);
}

#define WITH_SOFTHSM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOFTHSM(a_generated_key_signs_and_does_nothing_else),
		WITH_SOFTHSM(refuses_to_generate_what_has_a_name_already),
		WITH_SOFTHSM(names_each_rule_that_a_key_breaks),
		WITH_SOFTHSM(finds_exactly_one_key_or_lists_them),
		WITH_SOFTHSM(signs_through_libp11_with_a_login_that_libp11_never_saw),
		WITH_SOFTHSM(says_that_an_ed25519_neighbour_spoils_the_token),
		WITH_SOFTHSM(fails_at_once_where_the_token_gives_no_second_session),
		WITH_SOFTHSM(tells_a_lost_session_from_a_bad_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
