/* Modules, tokens and PINs through a real SoftHSM (design D13, R22, R26). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/fake/softhsm.h"
#include "tsa/core/pin_file.h"
#include "tsa/hsm/init.h"
#include "tsa/hsm/login.h"
#include "tsa/hsm/rv.h"
#include "tsa/hsm/token.h"

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

static void says_why_a_module_cannot_be_used(void **unused)
{
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	assert_false(hsm_open(&hsm, "/nowhere/p11.so", &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_SETTING);
	assert_text(&err, "module /nowhere/p11.so: cannot be loaded");
	hsm_close(&hsm);
	assert_false(hsm_open(&hsm, "libsofthsm2.so", &failure, &err));
	assert_text(&err, "must be an absolute path");
	hsm_close(&hsm);
	assert_false(hsm_open(&hsm, "/lib/x86_64-linux-gnu/libc.so.6", &failure, &err));
	assert_text(&err, "is no PKCS#11 library");
	hsm_close(&hsm);
}

static void finds_exactly_one_token_or_lists_them(void **unused)
{
	struct hsm_uri *right = uri_of("pkcs11:token=two;object=x");
	struct hsm_uri *wrong = uri_of("pkcs11:token=three;object=x");
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	assert_true(hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err));
	assert_false(hsm_find_token(&hsm, right, &failure, &err));
	assert_text(&err, "tokens there: none");
	hsm_close(&hsm);
	softhsm_token("one");
	softhsm_token("two");
	assert_true(hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err));
	assert_true(hsm_find_token(&hsm, right, &failure, &err));
	assert_string_equal(hsm.label, "two");
	assert_false(hsm_find_token(&hsm, wrong, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_SETTING);
	assert_text(&err, "no token with label 'three' in module " SOFTHSM_MODULE);
	assert_text(&err, "'one' (serial ");
	assert_text(&err, "'two' (serial ");
	hsm_close(&hsm);
	hsm_uri_free(right);
	hsm_uri_free(wrong);
}

static void refuses_two_tokens_that_the_uri_means(void **unused)
{
	struct hsm_uri *uri = uri_of("pkcs11:token=one;object=x");
	struct hsm hsm;
	struct hsm_pin so = { .len = 8, .at = "12345678" };
	struct hsm_pin user = { .len = 8, .at = "12345678" };
	enum msg_failure failure;
	struct err err = { 0 };
	CK_UTF8CHAR same[] = "one                             ";

	(void)unused;
	softhsm_token("one");
	assert_true(hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err));
	assert_true(hsm_init_token(&hsm, "other", &so, &user, &failure, &err));
	/* A second token of the first one's label, which hsm_init_token would not make. */
	assert_int_equal(hsm.call->C_CloseAllSessions(hsm.slot), CKR_OK);
	hsm.has_session = false;
	assert_int_equal(hsm.call->C_InitToken(hsm.slot, so.at, so.len, same), CKR_OK);
	assert_false(hsm_find_token(&hsm, uri, &failure, &err));
	assert_text(&err, "2 tokens with label 'one'");
	assert_text(&err, "must be one");
	hsm_close(&hsm);
	hsm_uri_free(uri);
}

static void initialises_a_token_but_never_one_twice(void **unused)
{
	struct hsm_pin so = { .len = 8, .at = "12345678" };
	struct hsm_pin user = { .len = 8, .at = "87654321" };
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	assert_true(hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err));
	assert_false(hsm_init_token(&hsm, "tsa", &so, &user, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_KEY);
	assert_text(&err, "label must be new");
	assert_false(hsm_init_token(&hsm, "", &so, &user, &failure, &err));
	assert_text(&err, "label: must have 1 to 32 bytes: has 0");
	assert_false(hsm_init_token(
		&hsm, "a234567890123456789012345678901234", &so, &user, &failure, &err));
	assert_text(&err, "has 34");
	assert_false(hsm_init_token(&hsm, "tsb ", &so, &user, &failure, &err));
	assert_text(&err, "must not end in a blank");
	user.len = 3;
	assert_false(hsm_init_token(&hsm, "tsb", &so, &user, &failure, &err));
	assert_text(&err, "user PIN: this token wants 4 to 255 bytes");
	hsm_close(&hsm);
	/* The PINs of the first token still work. */
	softhsm_login(&hsm, "tsa");
	hsm_close(&hsm);
}

static void reads_a_pin_without_its_newline(void **unused)
{
	struct hsm_pin pin;
	struct err err = { 0 };
	char longest[HSM_MAX_PIN + 3];

	(void)unused;
	assert_true(hsm_pin_read(softhsm.pin_file, &pin, &err));
	assert_int_equal(pin.len, strlen(SOFTHSM_PIN));
	assert_memory_equal(pin.at, SOFTHSM_PIN, pin.len);
	hsm_pin_wipe(&pin);
	assert_int_equal(pin.len, 0);
	assert_int_equal(pin.at[0], 0);
	memset(longest, 'x', sizeof(longest));
	longest[HSM_MAX_PIN] = '\n';
	longest[HSM_MAX_PIN + 1] = '\0';
	softhsm_write_file(softhsm.pin_file, longest, 0400);
	assert_true(hsm_pin_read(softhsm.pin_file, &pin, &err));
	assert_int_equal(pin.len, HSM_MAX_PIN);
	longest[HSM_MAX_PIN + 1] = 'y';
	longest[HSM_MAX_PIN + 2] = '\0';
	softhsm_write_file(softhsm.pin_file, longest, 0400);
	assert_false(hsm_pin_read(softhsm.pin_file, &pin, &err));
	assert_text(&err, "is longer");
	assert_int_equal(pin.at[0], 0);
}

static void assert_pin_refused(const char *text, unsigned mode, const char *rule)
{
	struct hsm_pin pin;
	struct err err = { 0 };

	softhsm_write_file(softhsm.pin_file, text, mode);
	assert_false(hsm_pin_read(softhsm.pin_file, &pin, &err));
	assert_text(&err, rule);
	assert_null(strstr(err.text, "s3cr3t"));
	for (size_t i = 0; i < sizeof(pin.at); i++)
		assert_int_equal(pin.at[i], 0);
}

static void refuses_a_pin_file_that_others_may_read_naming_its_mode(void **unused)
{
	struct hsm_pin pin;
	struct err err = { 0 };

	(void)unused;
	assert_pin_refused("s3cr3t\n", 0644, "mode is 0644");
	assert_pin_refused("s3cr3t\n", 0440, "mode is 0440");
	assert_pin_refused("s3cr3t\n", 0620, "must be closed to group and others");
	assert_pin_refused("abc\n", 0600, "is shorter");
	assert_pin_refused("", 0600, "is shorter");
	assert_pin_refused("s3cr3t\ns3cr3t\n", 0600, "control character");
	assert_false(hsm_pin_read(softhsm_path(&softhsm, "missing"), &pin, &err));
	assert_text(&err, "/missing: No such file or directory");
	assert_false(hsm_pin_read(softhsm.dir, &pin, &err));
	assert_text(&err, "must be a regular file");
	assert_int_equal(mkfifo(softhsm_path(&softhsm, "fifo"), 0600), 0);
	assert_false(hsm_pin_read(softhsm_path(&softhsm, "fifo"), &pin, &err));
	assert_text(&err, "must be a regular file");
}

static void finds_a_relative_pin_file_under_the_credentials_directory(void **unused)
{
	char path[MSG_MAX_PATH];
	struct hsm_pin pin;
	struct err err = { 0 };

	(void)unused;
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_false(pin_file_path("pin", path, &err));
	assert_text(&err, "$CREDENTIALS_DIRECTORY");
	assert_false(pin_file_path("", path, &err));
	assert_text(&err, "is not set");
	assert_true(pin_file_path("/etc/tsa/pin", path, &err));
	assert_string_equal(path, "/etc/tsa/pin");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", softhsm.dir, 1), 0);
	assert_true(pin_file_path("pin", path, &err));
	assert_string_equal(path, softhsm.pin_file);
	/* systemd's access list shows as group bits (there only). */
	assert_int_equal(chmod(path, 0440), 0);
	assert_true(hsm_pin_read(path, &pin, &err));
	assert_int_equal(chmod(path, 0404), 0);
	assert_false(hsm_pin_read(path, &pin, &err));
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void a_wrong_pin_is_of_class_pin_and_wiped(void **unused)
{
	struct hsm_uri *uri = uri_of("pkcs11:token=tsa;object=x");
	struct hsm_pin pin = { .len = 5, .at = "wrong" };
	struct hsm hsm;
	enum msg_failure failure;
	struct err err = { 0 };

	(void)unused;
	softhsm_token("tsa");
	assert_true(hsm_open(&hsm, SOFTHSM_MODULE, &failure, &err));
	assert_true(hsm_find_token(&hsm, uri, &failure, &err));
	assert_true(hsm_open_session(&hsm, false, &failure, &err));
	assert_false(hsm_login(&hsm, &pin, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_PIN);
	assert_text(&err, "token 'tsa': C_Login, tried once: CKR_PIN_INCORRECT (0xa0)");
	assert_int_equal(pin.len, 0);
	hsm.token.flags |= CKF_USER_PIN_LOCKED;
	pin = (struct hsm_pin){ .len = strlen(SOFTHSM_PIN), .at = SOFTHSM_PIN };
	assert_false(hsm_login(&hsm, &pin, &failure, &err));
	assert_int_equal(failure, MSG_FAILURE_PIN);
	assert_text(&err, "login was not tried");
	hsm_close(&hsm);
	hsm_uri_free(uri);
}

/* ledger.md 3.4 */
static void sorts_return_codes_into_classes(void **unused)
{
	struct err err = { 0 };

	(void)unused;
	assert_int_equal(hsm_rv_failure(CKR_SESSION_HANDLE_INVALID), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm_rv_failure(CKR_USER_NOT_LOGGED_IN), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm_rv_failure(CKR_DEVICE_REMOVED), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm_rv_failure(CKR_GENERAL_ERROR), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm_rv_failure(CKR_DEVICE_MEMORY), MSG_FAILURE_DEVICE);
	assert_int_equal(hsm_rv_failure(CKR_PIN_INCORRECT), MSG_FAILURE_PIN);
	assert_int_equal(hsm_rv_failure(CKR_PIN_LOCKED), MSG_FAILURE_PIN);
	assert_int_equal(hsm_rv_failure(CKR_PIN_EXPIRED), MSG_FAILURE_PIN);
	assert_int_equal(hsm_rv_failure(CKR_KEY_FUNCTION_NOT_PERMITTED), MSG_FAILURE_KEY);
	assert_int_equal(hsm_rv_failure(CKR_MECHANISM_INVALID), MSG_FAILURE_KEY);
	assert_int_equal(hsm_rv_failure(CKR_KEY_TYPE_INCONSISTENT), MSG_FAILURE_KEY);
	assert_int_equal(hsm_rv_failure(0x80000001UL), MSG_FAILURE_OTHER);
	assert_false(hsm_err_rv(&err, CKR_DEVICE_ERROR, "token '%s'", "t"));
	assert_string_equal(err.text, "token 't': CKR_DEVICE_ERROR (0x30)");
	assert_false(hsm_err_rv(&err, 0x80000001UL, "x"));
	assert_string_equal(err.text, "x: unknown CKR (0x80000001)");
}

#define WITH_SOFTHSM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOFTHSM(says_why_a_module_cannot_be_used),
		WITH_SOFTHSM(finds_exactly_one_token_or_lists_them),
		WITH_SOFTHSM(refuses_two_tokens_that_the_uri_means),
		WITH_SOFTHSM(initialises_a_token_but_never_one_twice),
		WITH_SOFTHSM(reads_a_pin_without_its_newline),
		WITH_SOFTHSM(refuses_a_pin_file_that_others_may_read_naming_its_mode),
		WITH_SOFTHSM(finds_a_relative_pin_file_under_the_credentials_directory),
		WITH_SOFTHSM(a_wrong_pin_is_of_class_pin_and_wiped),
		cmocka_unit_test(sorts_return_codes_into_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
