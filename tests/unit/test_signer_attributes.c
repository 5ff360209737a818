/*
 * What SETUP_SIGNER says about signed attributes, seen in what the real tsa-signer signs: the
 * times in them are the TSTInfo's, which lie in another year than this machine's clock may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fake/signer_role.h"
#include "tsa/tsp/tstinfo.h"

/* Attribute signingTime with the UTCTime of role_tstinfo(), 2026-11-24T06:00:00.123Z, cut. */
static const uint8_t signing_time[] =
	"\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x0f\x17\x0d"
	"261124060000Z";
/* OBJECT IDENTIFIER of signingTime, and of CMSAlgorithmProtection. */
static const uint8_t oid_signing_time[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5 };
static const uint8_t oid_protection[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x34 };

static struct softhsm softhsm;
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
	OPENSSL_free(certificate);
	EVP_PKEY_free(public);
	softhsm_stop(&softhsm);
	return 0;
}

static bool holds(struct bytes attrs, const uint8_t *part, size_t len)
{
	return memmem(attrs.at, attrs.len, part, len) != NULL;
}

/* What a signer with these switches signs for role_tstinfo(). */
static void sign_with(uint8_t with_time, uint8_t with_protection, struct role **role, struct msg *m)
{
	struct msg set = good;
	uint8_t buf[TSP_MAX_TSTINFO];

	set.setup_signer.signing_time = with_time;
	set.setup_signer.algorithm_protection = with_protection;
	*role = role_start(&softhsm);
	role_must_be_ready(*role, &set);
	*m = (struct msg){ .type = MSG_SIGN, .sign.job = 1 };
	m->sign.tstinfo = role_tstinfo(buf, 1);
	role_send(*role, m);
	assert_int_equal(role_receive(*role, m), IPC_OK);
	assert_int_equal(m->type, MSG_SIGNED);
}

static void signing_time_is_gen_time_cut_to_its_second(void **unused)
{
	struct role *role;
	struct msg m;

	(void)unused;
	sign_with(1, 0, &role, &m);
	assert_true(holds(m.signature.signed_attrs, signing_time, sizeof(signing_time) - 1));
	assert_false(holds(m.signature.signed_attrs, oid_protection, sizeof(oid_protection)));
	assert_int_equal(role_end(role), 0);
}

static void p25_protects_its_algorithms_without_a_signing_time(void **unused)
{
	struct role *role;
	struct msg m;

	(void)unused;
	sign_with(0, 1, &role, &m);
	assert_true(holds(m.signature.signed_attrs, oid_protection, sizeof(oid_protection)));
	assert_false(holds(m.signature.signed_attrs, oid_signing_time, sizeof(oid_signing_time)));
	assert_int_equal(role_end(role), 0);
}

static void neither_is_there_unless_asked_for(void **unused)
{
	struct role *role;
	struct msg m;

	(void)unused;
	sign_with(0, 0, &role, &m);
	assert_false(holds(m.signature.signed_attrs, oid_protection, sizeof(oid_protection)));
	assert_false(holds(m.signature.signed_attrs, oid_signing_time, sizeof(oid_signing_time)));
	assert_int_equal(role_end(role), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			signing_time_is_gen_time_cut_to_its_second, setup, teardown),
		cmocka_unit_test_setup_teardown(
			p25_protects_its_algorithms_without_a_signing_time, setup, teardown),
		cmocka_unit_test_setup_teardown(neither_is_there_unless_asked_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
