/*
 * The corpus' tokens of one defect (made-A-*): what rows 1 to 15 of longterm.md 1.1 say of each.
 * Times, paths and revocation are the models': what only they refuse passes here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"
#include "read_file.h"

#define CORPUS TSA_TEST_DATA "/corpus/"

struct corpus_case {
	const char *name;
	enum check_status status;
	enum check_sub sub;
	const char *id; /* of the line that failed; NULL: none did */
};

static const struct corpus_case cases[] = {
	{ "made-A-00-good.der", CHECK_PASSED, SUB_NONE, NULL },
	/* 01, 02: row 16 */
	{ "made-A-01-genTime-before-notBefore.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-02-genTime-after-notAfter.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-03-eku-not-critical.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-11" },
	{ "made-A-04-eku-extra.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-11" },
	{ "made-A-05-eku-unknown-extra.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-11" },
	{ "made-A-06-eku-none.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-11" },
	{ "made-A-07-eku-any.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-11" },
	{ "made-A-08-signer-is-CA.der", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE, "V-10" },
	{ "made-A-09-ess-hash-wrong.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-08" },
	{ "made-A-10-ess-missing.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-08" },
	{ "made-A-11-ess-v1-ok-v2-wrong.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-08" },
	{ "made-A-12-ess-issuerSerial-wrong.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE,
		"V-08" },
	{ "made-A-13-ess-first-is-ca.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-08" },
	{ "made-A-14-ess-chain.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-15-two-signers.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-04" },
	{ "made-A-16-no-signer.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-04" },
	{ "made-A-17-contenttype-wrong.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-05" },
	{ "made-A-18-contenttype-missing.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-05" },
	{ "made-A-19-messagedigest-wrong.der", CHECK_FAILED, SUB_HASH_FAILURE, "V-06" },
	{ "made-A-20-no-signed-attrs.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-05" },
	{ "made-A-21-econtenttype-data.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-03" },
	{ "made-A-22-imprint-short.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-23-imprint-empty.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-24-imprint-wrong.der", CHECK_FAILED, SUB_HASH_FAILURE, "V-15" },
	{ "made-A-25-imprint-alg-unknown.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-26-genTime-offset.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-14" },
	{ "made-A-27-genTime-trailing-zero.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-14" },
	{ "made-A-28-genTime-no-seconds.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-14" },
	{ "made-A-29-genTime-utctime.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-30-trailing-after-token.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-01" },
	{ "made-A-31-trailing-in-tstinfo.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-32-tst-version-2.der", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-13" },
	{ "made-A-33-tsa-name-mismatch.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-13" },
	{ "made-A-34-critical-ext.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-13" },
	{ "made-A-35-status-rejected-with-token.tsr", CHECK_FAILED, SUB_FORMAT_FAILURE, "V-02" },
	{ "made-A-36-grantedWithMods.tsr", CHECK_PASSED, SUB_NONE, NULL },
	/* 37, 38: algorithms with dates */
	{ "made-A-37-sha1-signature-late.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-38-rsa1024-late.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-39-injected-certs.der", CHECK_PASSED, SUB_NONE, NULL },
	/* 40: no path */
	{ "made-A-40-rogue-chain-embedded-root.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-41-same-key-other-cert.der", CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, "V-08" },
	{ "made-A-42-rsa-pss.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-43-ecdsa-p256.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-44-fraction.der", CHECK_PASSED, SUB_NONE, NULL },
	/* 45: revocation */
	{ "made-A-45-revoked-intermediate.der", CHECK_PASSED, SUB_NONE, NULL },
	{ "made-A-rev-token.der", CHECK_PASSED, SUB_NONE, NULL },
	/* rev-poe: stamps another token, not the data */
	{ "made-A-rev-poe.der", CHECK_FAILED, SUB_HASH_FAILURE, "V-15" },
};

static unsigned digest_of(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct buf *data = arg;
	unsigned len = 0;

	assert_int_equal(EVP_Digest(data->at, data->len, out, &len, digest, NULL), 1);
	return len;
}

static void run_case(void **state)
{
	const struct corpus_case *of = *state;
	struct buf file = read_file(CORPUS "negative", of->name);
	struct buf data = read_file(CORPUS "negative", "made-A.data");
	struct buf root = read_file(CORPUS "certs", "made-root-A.cer");
	const uint8_t *at = root.at;
	const struct said_beside beside = {
		.anchor = d2i_X509(NULL, &at, (long)root.len),
		.wants = { .data = digest_of, .data_arg = &data },
	};
	struct said said;

	assert_non_null(beside.anchor);
	said_of(buf_view(&file), &beside, &said);
	said_is(&said, of->status, of->sub);
	if (of->id != NULL)
		said_line(&said, of->id, CHECK_FAIL, "");
	said_wipe(&said);
	X509_free(beside.anchor);
	buf_free(&file);
	buf_free(&data);
	buf_free(&root);
}

/* Every length that is too short: no crash, and never PASSED. */
static void refuses_whatever_is_cut_off(void **state)
{
	struct buf file = read_file(CORPUS "negative", "made-A-00-good.der");
	const struct said_beside beside = { 0 };

	(void)state;
	for (size_t len = 0; len < file.len; len += 3) {
		struct bytes cut = { malloc(len + 1), len };
		struct said said;

		assert_non_null(cut.at);
		(void)memcpy((uint8_t *)(uintptr_t)cut.at, file.at, len);
		said_of(cut, &beside, &said);
		said_is(&said, CHECK_FAILED, SUB_FORMAT_FAILURE);
		said_wipe(&said);
		free((uint8_t *)(uintptr_t)cut.at);
	}
	buf_free(&file);
}

/* The good one with indefinite lengths and a constructed eContent, up to TSTInfo. */
static void takes_outer_layers_in_ber(void **state)
{
	struct buf file = read_file(CORPUS "..", "token-ber.der");
	const struct said_beside beside = { 0 };
	struct said said;

	(void)state;
	said_of(buf_view(&file), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-01", CHECK_PASS, "BER");
	said_line(&said, "V-06", CHECK_PASS, "");
	said_wipe(&said);
	buf_free(&file);
}

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

int main(void)
{
	struct CMUnitTest tests[CASES + 2] = {
		cmocka_unit_test(refuses_whatever_is_cut_off),
		cmocka_unit_test(takes_outer_layers_in_ber),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 2] = (struct CMUnitTest){
			.name = cases[i].name,
			.test_func = run_case,
			.initial_state = (void *)(uintptr_t)&cases[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
