/*
 * The role tsa-signer alone: the real program on a socket pair, a real SoftHSM behind it, spoken
 * to as tsad does (design section 2, D6, D13, R12, R14, R15, R20).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "tests/fake/signer_role.h"
#include "tsa/tsp/tstinfo.h"

static struct softhsm softhsm;

/* Every test starts with token "tsa", in it a P-256 key "key", and a good SETUP for that. */
static EVP_PKEY *public;
static uint8_t *certificate;
static struct msg good;

static int setup(void **unused)
{
	(void)unused;
	softhsm_start(&softhsm);
	softhsm_token("tsa");
	assert_int_equal(setenv("P11WRAP_MODULE", SOFTHSM_MODULE, 1), 0);
	assert_int_equal(setenv("P11WRAP_LOG", softhsm_path(&softhsm, "p11.log"), 1), 0);
	public = softhsm_key("tsa", "key", "p256");
	good = role_setup(&softhsm, "key", public, &certificate);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	assert_int_equal(unsetenv("P11WRAP_SIGN"), 0);
	assert_int_equal(unsetenv("P11WRAP_SIGN_FROM"), 0);
	OPENSSL_free(certificate);
	EVP_PKEY_free(public);
	softhsm_stop(&softhsm);
	return 0;
}

/* The role answers SETUP with FAILED of that class, every part in its text, and exits 1. */
static void assert_fails(
	const struct msg *setup_signer, enum msg_failure failure, const char *const *parts)
{
	struct role *role = role_start(&softhsm);
	struct msg m;
	int status;

	role_send(role, setup_signer);
	assert_int_equal(role_receive(role, &m), IPC_OK);
	assert_int_equal(m.type, MSG_FAILED);
	if (m.failed.failure != failure)
		fail_msg("class %s: %s", msg_failure_name(m.failed.failure), m.failed.text);
	for (; *parts != NULL; parts++) {
		if (strstr(m.failed.text, *parts) == NULL)
			fail_msg("no '%s' in: %s", *parts, m.failed.text);
	}
	assert_null(strstr(m.failed.text, SOFTHSM_PIN));
	assert_int_equal(role_receive(role, &m), IPC_CLOSED);
	status = role_end(role);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_false(role_log_has(&softhsm, SOFTHSM_PIN));
}

/* One SIGN, whose answer verifies with OpenSSL and covers the TSTInfo. */
static void assert_signs(struct role *role, EVP_PKEY *key, uint8_t counter)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct msg m = { .type = MSG_SIGN, .sign.job = 1000u + counter };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bytes attrs;

	m.sign.tstinfo = role_tstinfo(buf, counter);
	assert_true(m.sign.tstinfo.len > 0);
	(void)SHA256(m.sign.tstinfo.at, m.sign.tstinfo.len, digest);
	role_send(role, &m);
	assert_int_equal(role_receive(role, &m), IPC_OK);
	assert_int_equal(m.type, MSG_SIGNED);
	assert_int_equal(m.signature.job, 1000u + counter);
	attrs = m.signature.signed_attrs;
	assert_int_equal(attrs.at[0], 0x31);
	assert_non_null(memmem(attrs.at, attrs.len, digest, sizeof(digest)));
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, m.signature.signature.at, m.signature.signature.len,
				 attrs.at, attrs.len),
		1);
	EVP_MD_CTX_free(ctx);
}

static void assert_role_signs(const char *kind)
{
	EVP_PKEY *own = softhsm_key("tsa", kind, kind);
	uint8_t *der;
	struct msg m = role_setup(&softhsm, kind, own, &der);
	struct role *role = role_start(&softhsm);
	int status;

	role_send(role, &m);
	assert_int_equal(role_receive(role, &m), IPC_OK);
	if (m.type == MSG_FAILED)
		fail_msg("%s", m.failed.text);
	assert_int_equal(m.type, MSG_SIGNER_READY);
	assert_non_null(strstr(m.signer_ready.token, "SoftHSM project, SoftHSM v2, serial "));
	for (uint8_t i = 0; i < 5; i++)
		assert_signs(role, own, i);
	/* R12: the end of the channel is the order to stop. */
	status = role_end(role);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(role_log_has(&softhsm, SOFTHSM_PIN));
	OPENSSL_free(der);
	EVP_PKEY_free(own);
}

static void signs_with_rsa_3072(void **unused)
{
	(void)unused;
	assert_role_signs("rsa3072");
	assert_int_equal(role_logins(&softhsm, "C_Login user=1 rv=0x00000000"), 1);
	assert_int_equal(role_logins(&softhsm, "C_Login"), 1);
}

static void signs_with_p_256(void **unused)
{
	(void)unused;
	assert_role_signs("p256");
	assert_int_equal(role_logins(&softhsm, "C_Login"), 1);
}

static void signs_with_p_384(void **unused)
{
	(void)unused;
	assert_role_signs("p384");
}

#define PARTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* D13: tokens lock. */
static void a_wrong_pin_costs_one_login(void **unused)
{
	struct msg m = good;

	(void)unused;
	(void)snprintf(m.setup_signer.pin_file, sizeof(m.setup_signer.pin_file), "%s",
		softhsm.wrong_pin_file);
	assert_fails(&m, MSG_FAILURE_PIN,
		PARTS("signer tsu1: key pkcs11:token=tsa;object=key: ", "CKR_PIN_INCORRECT"));
	assert_int_equal(role_logins(&softhsm, "C_Login user=1 rv=0x000000a0"), 1);
	assert_int_equal(role_logins(&softhsm, "C_Login"), 1);
}

static void refuses_what_the_configuration_cannot_have(void **unused)
{
	struct msg m = good;
	struct msg_setup_signer *s = &m.setup_signer;

	(void)unused;
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsb;object=key");
	assert_fails(&m, MSG_FAILURE_SETTING,
		PARTS("signer tsu1: key pkcs11:token=tsb;object=key: ",
			"no token with label 'tsb' in module", "tokens there: 'tsa'"));
	m = good;
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsa;object=key?pin-value=4711");
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("signer tsu1: key: ", "secrets never stand"));
	m = good;
	(void)snprintf(s->module, sizeof(s->module), "/nowhere/p11.so");
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("module /nowhere/p11.so: cannot be loaded"));
	m = good;
	s->pin_file[0] = '\0';
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("pin_file", "is not set"));
	m = good;
	(void)snprintf(s->pin_file, sizeof(s->pin_file), "/nowhere/pin");
	assert_fails(
		&m, MSG_FAILURE_SETTING, PARTS("PIN file /nowhere/pin: No such file or directory"));
	m = good;
	softhsm_write_file(softhsm.pin_file, SOFTHSM_PIN "\n", 0644);
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS(softhsm.pin_file, "mode is 0644"));
	/* None of these got as far as the token's PIN. */
	assert_int_equal(role_logins(&softhsm, "C_Login"), 0);
}

static void refuses_a_key_that_is_missing_foreign_or_extractable(void **unused)
{
	EVP_PKEY *other = softhsm_key("tsa", "other", "rsa3072");
	struct msg m = good;
	struct msg_setup_signer *s = &m.setup_signer;

	(void)unused;
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsa;object=rsa2027");
	assert_fails(&m, MSG_FAILURE_KEY,
		PARTS("no private key with label 'rsa2027' on token 'tsa'; there are: ", "'key'"));
	m = good;
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsa;object=other");
	assert_fails(&m, MSG_FAILURE_KEY,
		PARTS("certificate: must be for this key: its public key is another"));
	softhsm_odd_key("tsa", "loose", CKA_EXTRACTABLE, CK_TRUE);
	m = good;
	(void)snprintf(s->key, sizeof(s->key), "pkcs11:token=tsa;object=loose");
	assert_fails(&m, MSG_FAILURE_KEY,
		PARTS("key pkcs11:token=tsa;object=loose: ",
			"must never have been extractable (CKA_NEVER_EXTRACTABLE): is false"));
	softhsm_ed25519_key(&softhsm, "tsa", "neighbour");
	assert_fails(&good, MSG_FAILURE_KEY, PARTS("'neighbour' is Ed25519"));
	EVP_PKEY_free(other);
}

static void refuses_a_certificate_whose_key_is_weak_or_broken(void **unused)
{
	static const uint8_t garbage[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
	const struct {
		EVP_PKEY *key;
		const char *rule;
	} weak[] = {
		{ EVP_RSA_gen(1024), "RSA keys must have 2048 to 8192 bits: has 1024" },
		{ EVP_EC_gen("P-224"),
			"EC keys must be on P-256, P-384 or P-521: is on secp224r1" },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "certificate" },
	};
	struct msg m = good;

	(void)unused;
	m.setup_signer.certificate = (struct bytes){ garbage, sizeof(garbage) };
	assert_fails(&m, MSG_FAILURE_KEY, PARTS("signer tsu1: certificate: "));
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		uint8_t *der;

		m = role_setup(&softhsm, "key", weak[i].key, &der);
		assert_fails(&m, MSG_FAILURE_KEY, PARTS("signer tsu1: ", weak[i].rule));
		OPENSSL_free(der);
		EVP_PKEY_free(weak[i].key);
	}
}

static void finds_a_relative_pin_file_in_the_credentials_directory(void **unused)
{
	struct msg m = good;
	struct role *role;

	(void)unused;
	(void)snprintf(m.setup_signer.pin_file, sizeof(m.setup_signer.pin_file), "pin");
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("$CREDENTIALS_DIRECTORY"));
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", softhsm.dir, 1), 0);
	role = role_start(&softhsm);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	role_must_be_ready(role, &m);
	assert_int_equal(role_end(role), 0);
}

/* Starts, signs once (the probe was C_Sign number 1), then asks for one more. */
static void second_signature(uint32_t self_check, struct msg *answer, int *status)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct msg m = good;
	struct role *role = role_start(&softhsm);

	m.setup_signer.self_check = self_check;
	role_must_be_ready(role, &m);
	assert_signs(role, public, 1);
	m = (struct msg){ .type = MSG_SIGN, .sign.job = 77 };
	m.sign.tstinfo = role_tstinfo(buf, 2);
	role_send(role, &m);
	assert_int_equal(role_receive(role, answer), IPC_OK);
	if (answer->type == MSG_SIGN_FAILED)
		assert_int_equal(role_receive(role, &m), IPC_CLOSED);
	*status = role_end(role);
}

static void a_signature_that_does_not_verify_is_not_released(void **unused)
{
	struct msg m;
	int status;

	(void)unused;
	assert_int_equal(setenv("P11WRAP_SIGN_FROM", "3", 1), 0);
	assert_int_equal(setenv("P11WRAP_SIGN", "corrupt", 1), 0);
	second_signature(1, &m, &status);
	assert_int_equal(m.type, MSG_SIGN_FAILED);
	assert_int_equal(m.sign_failed.job, 77);
	assert_int_equal(m.sign_failed.failure, MSG_FAILURE_KEY);
	assert_non_null(strstr(m.sign_failed.text, "own signature, not released"));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* The other side of the test above: what self_check = 0 means. */
static void without_self_check_nobody_notices(void **unused)
{
	struct msg m;
	int status;

	(void)unused;
	assert_int_equal(setenv("P11WRAP_SIGN_FROM", "3", 1), 0);
	assert_int_equal(setenv("P11WRAP_SIGN", "corrupt", 1), 0);
	second_signature(0, &m, &status);
	assert_int_equal(m.type, MSG_SIGNED);
	assert_int_equal(status, 0);
}

static void a_device_error_is_reported_and_ends_the_process(void **unused)
{
	struct msg m;
	int status;

	(void)unused;
	assert_int_equal(setenv("P11WRAP_SIGN_FROM", "3", 1), 0);
	assert_int_equal(setenv("P11WRAP_SIGN", "0x30", 1), 0);
	second_signature(1, &m, &status);
	assert_int_equal(m.type, MSG_SIGN_FAILED);
	assert_int_equal(m.sign_failed.job, 77);
	assert_int_equal(m.sign_failed.failure, MSG_FAILURE_DEVICE);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void a_probe_that_does_not_verify_stops_the_start(void **unused)
{
	struct msg m = good;

	(void)unused;
	assert_int_equal(setenv("P11WRAP_SIGN_FROM", "1", 1), 0);
	assert_int_equal(setenv("P11WRAP_SIGN", "corrupt", 1), 0);
	assert_fails(&m, MSG_FAILURE_KEY,
		PARTS("test signature: must verify with the certificate's key"));
}

/* R15: it signs TSTInfos and its probe string, nothing else. */
static void aborts_rather_than_sign_what_is_no_tstinfo(void **unused)
{
	static const uint8_t other[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
	struct msg m = good;
	struct role *role = role_start(&softhsm);
	int status;

	(void)unused;
	role_must_be_ready(role, &m);
	m = (struct msg){ .type = MSG_SIGN, .sign.tstinfo = { other, sizeof(other) } };
	role_send(role, &m);
	assert_int_equal(role_receive(role, &m), IPC_CLOSED);
	status = role_end(role);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void says_that_it_was_built_for_another_version(void **unused)
{
	struct msg m = good;

	(void)unused;
	m.setup_signer.version = MSG_VERSION + 1;
	assert_fails(&m, MSG_FAILURE_VERSION,
		PARTS("tsa-signer: protocol: must be version 3: tsad speaks 4"));
}

static void aborts_when_its_first_message_is_no_setup(void **unused)
{
	struct msg m = { .type = MSG_DRAIN };
	struct role *role = role_start(&softhsm);
	int status;

	(void)unused;
	role_send(role, &m);
	assert_int_equal(role_receive(role, &m), IPC_CLOSED);
	status = role_end(role);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* One line "name ... value" of a file in /proc. */
static bool proc_says(pid_t pid, const char *file, const char *line)
{
	char path[64];
	char text[256];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!found && fgets(text, sizeof(text), f) != NULL)
		found = strncmp(text, line, strlen(line)) == 0;
	(void)fclose(f);
	return found;
}

static void leaves_no_core_and_cannot_be_read_by_its_user(void **unused)
{
	struct msg m = good;
	struct role *role = role_start(&softhsm);
	char path[64];

	(void)unused;
	role_must_be_ready(role, &m);
	assert_true(proc_says(role->pid, "status", "NoNewPrivs:\t1"));
	assert_true(
		proc_says(role->pid, "limits", "Max core file size        0                    0"));
	(void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)role->pid);
	if (geteuid() != 0)
		assert_int_equal(open(path, O_RDONLY | O_CLOEXEC), -1);
	assert_int_equal(role_end(role), 0);
}

static void write_key(EVP_PKEY *key, const char *password, const char *path)
{
	FILE *f = fopen(path, "w");
	int len = password == NULL ? 0 : (int)strlen(password);

	assert_non_null(f);
	assert_int_equal(
		PEM_write_PKCS8PrivateKey(f, key, password == NULL ? NULL : EVP_aes_128_cbc(),
			password, len, NULL, NULL),
		1);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_int_equal(fclose(f), 0);
}

/* D6: file: keys exist for test units only. */
static void signs_with_a_software_key_only_if_that_is_allowed(void **unused)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint8_t *der;
	struct msg m = role_setup(&softhsm, "none", key, &der);
	struct msg_setup_signer *s = &m.setup_signer;
	struct role *role;

	(void)unused;
	s->module[0] = '\0';
	s->pin_file[0] = '\0';
	(void)snprintf(s->key, sizeof(s->key), "file:%s", softhsm_path(&softhsm, "key.pem"));
	write_key(key, NULL, softhsm_path(&softhsm, "key.pem"));
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("needs allow_software_key"));
	s->allow_software_key = 1;
	role = role_start(&softhsm);
	role_must_be_ready(role, &m);
	assert_signs(role, key, 1);
	assert_int_equal(role_end(role), 0);
	assert_int_equal(chmod(softhsm_path(&softhsm, "key.pem"), 0640), 0);
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("mode is 0640"));
	write_key(key, "password", softhsm_path(&softhsm, "key.pem"));
	assert_fails(&m, MSG_FAILURE_SETTING, PARTS("without a password"));
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static void leaves_at_once_when_started_by_hand(void **unused)
{
	(void)unused;
	assert_int_equal(softhsm_shell(TSA_TEST_SIGNER " 3>&- 2>/dev/null"), 3);
	assert_int_equal(softhsm_shell(TSA_TEST_SIGNER " --version >/dev/null"), 0);
	assert_int_equal(softhsm_shell(TSA_TEST_SIGNER " --help >/dev/null"), 0);
}

#define WITH_SOFTHSM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOFTHSM(signs_with_rsa_3072),
		WITH_SOFTHSM(signs_with_p_256),
		WITH_SOFTHSM(signs_with_p_384),
		WITH_SOFTHSM(a_wrong_pin_costs_one_login),
		WITH_SOFTHSM(refuses_what_the_configuration_cannot_have),
		WITH_SOFTHSM(refuses_a_key_that_is_missing_foreign_or_extractable),
		WITH_SOFTHSM(refuses_a_certificate_whose_key_is_weak_or_broken),
		WITH_SOFTHSM(finds_a_relative_pin_file_in_the_credentials_directory),
		WITH_SOFTHSM(a_signature_that_does_not_verify_is_not_released),
		WITH_SOFTHSM(without_self_check_nobody_notices),
		WITH_SOFTHSM(a_device_error_is_reported_and_ends_the_process),
		WITH_SOFTHSM(a_probe_that_does_not_verify_stops_the_start),
		WITH_SOFTHSM(aborts_rather_than_sign_what_is_no_tstinfo),
		WITH_SOFTHSM(says_that_it_was_built_for_another_version),
		WITH_SOFTHSM(aborts_when_its_first_message_is_no_setup),
		WITH_SOFTHSM(leaves_no_core_and_cannot_be_read_by_its_user),
		WITH_SOFTHSM(signs_with_a_software_key_only_if_that_is_allowed),
		cmocka_unit_test(leaves_at_once_when_started_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
