/* The program tsa-key, as a person or a script runs it (design section 4, R26). */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "tests/fake/softhsm.h"

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

#define MODULE "--module " SOFTHSM_MODULE " "

/* Runs it in the folder of softhsm and gives its status; what it prints lands in files there. */
static int run(const char *arguments)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "cd %s && %s %s >out 2>err", softhsm.dir,
		TSA_TEST_KEY, arguments);
	return softhsm_shell(command);
}

static void assert_file_has(const char *name, const char *part)
{
	char text[4096] = "";
	FILE *f = fopen(softhsm_path(&softhsm, name), "r");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) < sizeof(text) - 1);
	assert_int_equal(fclose(f), 0);
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in %s: %s", part, name, text);
	assert_null(strstr(text, SOFTHSM_PIN));
	assert_null(strstr(text, SOFTHSM_SO_PIN));
}

static void assert_refuses(const char *arguments, int status, const char *text)
{
	assert_int_equal(run(arguments), status);
	assert_file_has("err", "tsa-key: ");
	assert_file_has("err", text);
}

static EVP_PKEY *read_public(const char *name)
{
	FILE *f = fopen(softhsm_path(&softhsm, name), "r");
	EVP_PKEY *key;

	assert_non_null(f);
	key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	assert_int_equal(fclose(f), 0);
	assert_non_null(key);
	return key;
}

static void makes_a_token_with_the_pins_of_two_files(void **unused)
{
	struct hsm hsm;

	(void)unused;
	assert_int_equal(run("init " MODULE "--label tsa --so-pin-file so-pin --pin-file pin"), 0);
	assert_file_has("out", "token 'tsa': initialised: SoftHSM project");
	softhsm_login(&hsm, "tsa");
	hsm_close(&hsm);
}

static void refuses_to_initialise_a_token_twice(void **unused)
{
	(void)unused;
	softhsm_token("tsa");
	assert_refuses("init " MODULE "--label tsa --so-pin-file so-pin --pin-file pin", 1,
		"token 'tsa': label must be new in module");
	assert_int_equal(chmod(softhsm.so_pin_file, 0444), 0);
	assert_refuses("init " MODULE "--label tsb --so-pin-file so-pin --pin-file pin", 3,
		"mode is 0444");
}

static void generates_each_type_and_writes_its_public_key(void **unused)
{
	static const struct {
		const char *type;
		const char *kind;
		int bits;
	} types[] = { { "rsa3072", "RSA", 3072 }, { "rsa4096", "RSA", 4096 }, { "p256", "EC", 256 },
		{ "p384", "EC", 384 } };
	char arguments[256];
	struct stat st;

	(void)unused;
	softhsm_token("tsa");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		EVP_PKEY *made;
		EVP_PKEY *again;

		(void)snprintf(arguments, sizeof(arguments),
			"generate " MODULE "--key 'pkcs11:token=tsa;object=%s' --pin-file pin "
			"--type %s --public-key made.pem",
			types[i].type, types[i].type);
		assert_int_equal(run(arguments), 0);
		assert_file_has("out", "generated in token 'tsa'");
		made = read_public("made.pem");
		assert_true(EVP_PKEY_is_a(made, types[i].kind));
		assert_int_equal(EVP_PKEY_get_bits(made), types[i].bits);
		(void)snprintf(arguments, sizeof(arguments),
			"public " MODULE "--key 'pkcs11:token=tsa;object=%s' --pin-file pin",
			types[i].type);
		assert_int_equal(run(arguments), 0);
		again = read_public("out");
		assert_int_equal(EVP_PKEY_eq(made, again), 1);
		EVP_PKEY_free(made);
		EVP_PKEY_free(again);
	}
	assert_int_equal(stat(softhsm_path(&softhsm, "made.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void refuses_a_label_that_is_taken_and_leaves_the_file_alone(void **unused)
{
	glob_t left = { 0 };

	(void)unused;
	softhsm_token("tsa");
	EVP_PKEY_free(softhsm_key("tsa", "key", "p256"));
	softhsm_write_file(softhsm_path(&softhsm, "key.pem"), "as it was", 0600);
	assert_refuses("generate " MODULE "--key 'pkcs11:token=tsa;object=key' --pin-file pin "
		       "--type p256 --public-key key.pem",
		1, "key pkcs11:token=tsa;object=key: label must be new on token 'tsa'");
	assert_file_has("key.pem", "as it was");
	assert_int_equal(glob(softhsm_path(&softhsm, "key.pem?*"), 0, NULL, &left), GLOB_NOMATCH);
	globfree(&left);
}

/* The token is not asked for a key whose public half could not be written. */
static void generates_nothing_when_the_file_cannot_be_made(void **unused)
{
	(void)unused;
	softhsm_token("tsa");
	assert_refuses("generate " MODULE "--key 'pkcs11:token=tsa;object=key' --pin-file pin "
		       "--type p256 --public-key nowhere/key.pem",
		3, "file nowhere/key.pem: No such file or directory");
	assert_refuses("public " MODULE "--key 'pkcs11:token=tsa;object=key' --pin-file pin", 1,
		"no private key with label 'key' on token 'tsa'; there are: none");
}

static void tells_a_missing_key_from_not_being_able_to_look(void **unused)
{
	(void)unused;
	softhsm_token("tsa");
	EVP_PKEY_free(softhsm_key("tsa", "key", "p256"));
	assert_refuses("public " MODULE "--key 'pkcs11:token=tsa;object=yek' --pin-file pin", 1,
		"no private key with label 'yek' on token 'tsa'; there are: 'key'");
	assert_refuses("public " MODULE "--key 'pkcs11:token=tsb;object=key' --pin-file pin", 3,
		"no token with label 'tsb'");
	assert_refuses("public " MODULE "--key 'pkcs11:token=tsa;object=key' --pin-file wrong-pin",
		3, "CKR_PIN_INCORRECT");
	assert_refuses("public --module /nowhere/p11.so --key 'pkcs11:token=tsa;object=key' "
		       "--pin-file pin",
		3, "module /nowhere/p11.so: cannot be loaded");
	assert_refuses("public " MODULE "--key 'pkcs11:token=tsa;object=key?pin-value=1' "
		       "--pin-file pin",
		3, "--key: secrets never stand in the configuration");
}

static void names_the_option_that_is_wrong(void **unused)
{
	(void)unused;
	assert_refuses("", 3, "a command is required");
	assert_refuses("mint", 3, "mint: is no command");
	assert_refuses("public --module", 3, "--module: needs a value");
	assert_refuses("public --modul " SOFTHSM_MODULE, 3, "--modul: is no option");
	/* A PIN is no argument, and is not repeated. */
	assert_refuses("public --pin " SOFTHSM_PIN, 3, "--pin: is no option");
	assert_refuses("public --pin=" SOFTHSM_PIN, 3, "--pin: is no option");
	assert_refuses("public --user-pin 1234", 3, "--user-pin: is no option");
	assert_refuses("public " MODULE "--pin-file pin", 3, "--key is required: is not given");
	assert_refuses("public " MODULE MODULE, 3, "--module: is given twice");
	assert_refuses("public " MODULE "--key x --pin-file pin more", 3, "more: is no option");
	assert_refuses(
		"public " MODULE "--key x --pin-file pin --type p256", 3, "does not take --type");
	assert_refuses("generate " MODULE "--key x --pin-file pin --type rsa1024", 3,
		"--type: must be one of rsa3072, rsa4096, p256, p384: is rsa1024");
}

static void helps(void **unused)
{
	(void)unused;
	assert_int_equal(run("--help"), 0);
	assert_file_has("out", "usage: tsa-key init");
	assert_int_equal(run("--version"), 0);
	assert_file_has("out", "tsa-key ");
}

#define WITH_SOFTHSM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOFTHSM(makes_a_token_with_the_pins_of_two_files),
		WITH_SOFTHSM(refuses_to_initialise_a_token_twice),
		WITH_SOFTHSM(generates_each_type_and_writes_its_public_key),
		WITH_SOFTHSM(refuses_a_label_that_is_taken_and_leaves_the_file_alone),
		WITH_SOFTHSM(generates_nothing_when_the_file_cannot_be_made),
		WITH_SOFTHSM(tells_a_missing_key_from_not_being_able_to_look),
		WITH_SOFTHSM(names_the_option_that_is_wrong),
		WITH_SOFTHSM(helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
