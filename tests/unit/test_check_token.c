/* Rows 1 to 15 of longterm.md 1.1, one by one: tokens in which one thing is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"

#define TST_INFO "060b2a864886f70d0109100104"
#define DATA "06092a864886f70d010701"
#define SHA1 "06052b0e03021a"
#define ESS_V1 "060b2a864886f70d010910020c"
#define ESS_V2 "060b2a864886f70d010910022f"
#define SIGNING_TIME "06092a864886f70d010905"
#define PROTECTION "06092a864886f70d010934"
#define MESSAGE_DIGEST "06092a864886f70d010904"
#define CONTENT_TYPE "06092a864886f70d010903"
#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define SIGNING_TIME_VALUE "170d3236303330313132303030305a"

/* One part replaced, and what is said then. */
struct token_case {
	const char *name;
	enum part part;
	const char *hex;
	enum check_sub sub; /* SUB_NONE: PASSED; else FAILED */
	const char *id; /* of a line that is there: of a failing one, or of a warning if PASSED */
	const char *text; /* in it */
};

static const struct token_case cases[] = {
	/* 1: one thing and nothing behind it */
	{ "01 octets behind", BEHIND, "00", SUB_FORMAT_FAILURE, "V-01", "1 octets follow" },
	/* 2: status */
	{ "02 rejection with a token", REPLY_STATUS, "3003020102", SUB_FORMAT_FAILURE, "V-02",
		"it is 2" },
	{ "02 status of 9 octets", REPLY_STATUS, "300b 0209 010000000000000000", SUB_FORMAT_FAILURE,
		"V-02", "granted" },
	{ "02 granted without a token", REPLY_TOKEN, "", SUB_FORMAT_FAILURE, "V-02",
		"there is none" },
	{ "02 grantedWithMods", REPLY_STATUS, "3003020101", SUB_NONE, "V-02", "grantedWithMods" },
	{ "02 failInfo beside a token", REPLY_STATUS, "3007 020100 03020204", SUB_NONE, "V-02",
		"failInfo" },
	/* 3: types */
	{ "03 ContentInfo of another type", INFO_TYPE, DATA, SUB_FORMAT_FAILURE, "V-03",
		"it is 1.2.840.113549.1.7.1" },
	{ "03 eContentType of another type", DATA_CONTENT_TYPE, DATA, SUB_FORMAT_FAILURE, "V-03",
		"eContentType" },
	{ "03 no eContent", DATA_CONTENT, "", SUB_FORMAT_FAILURE, "V-03", "it is absent" },
	{ "03 no signerInfos", DATA_SIGNERS, "", SUB_FORMAT_FAILURE, "V-03", "signerInfos" },
	{ "03 SignedData of version 1", DATA_VERSION, "020101", SUB_NONE, "V-03",
		"version of this SignedData is 3" },
	{ "03 digestAlgorithms without the signer's", DATA_DIGESTS,
		"310d 300b 0609608648016503040202", SUB_NONE, "V-03", "digestAlgorithms" },
	{ "03 digestAlgorithms empty", DATA_DIGESTS, "3100", SUB_NONE, "V-03", "digestAlgorithms" },
	/* 4: one signature */
	{ "04 no SignerInfo", DATA_SIGNERS, "3100", SUB_FORMAT_FAILURE, "V-04", "no SignerInfo" },
	{ "04 SignerInfo of version 2", SIGNER_VERSION, "020102", SUB_FORMAT_FAILURE, "V-04",
		"version of this SignerInfo is 1" },
	{ "04 SignerInfo of version 3", SIGNER_VERSION, "020103", SUB_FORMAT_FAILURE, "V-04",
		"version of this SignerInfo is 1" },
	/* 5: signed attributes */
	{ "05 no contentType", ATTR_CONTENT_TYPE, "", SUB_FORMAT_FAILURE, "V-05", "11.1" },
	{ "05 another contentType", ATTR_CONTENT_TYPE, "3018" CONTENT_TYPE "310b" DATA,
		SUB_FORMAT_FAILURE, "V-05", "another type" },
	{ "05 contentType twice", ATTR_FURTHER, "301a" CONTENT_TYPE "310d" TST_INFO,
		SUB_FORMAT_FAILURE, "V-05", "not one attribute with one value" },
	{ "05 no messageDigest", ATTR_MESSAGE_DIGEST, "", SUB_FORMAT_FAILURE, "V-05", "11.2" },
	{ "05 messageDigest twice", ATTR_FURTHER, "302f" MESSAGE_DIGEST "3122 0420" ZEROS_32,
		SUB_FORMAT_FAILURE, "V-05", "11.2" },
	/* 6: digest and signature */
	{ "06 another messageDigest", ATTR_MESSAGE_DIGEST,
		"302f" MESSAGE_DIGEST "3122 0420" ZEROS_32, SUB_HASH_FAILURE, "V-06",
		"another digest" },
	{ "06 messageDigest as INTEGER", ATTR_MESSAGE_DIGEST,
		"302f" MESSAGE_DIGEST
		"3122 0220 7000000000000000000000000000000000000000000000000000000000000000",
		SUB_HASH_FAILURE, "V-06", "another digest" },
	{ "06 another signature", SIGNER_SIGNATURE, "0408 3006 020101 020101",
		SUB_SIG_CRYPTO_FAILURE, "V-06", "it does not" },
	{ "06 empty signature", SIGNER_SIGNATURE, "0400", SUB_SIG_CRYPTO_FAILURE, "V-06",
		"it does not" },
	{ "06 signatureAlgorithm of another key", SIGNER_ALGORITHM,
		"300d 06092a864886f70d01010b 0500", SUB_SIG_CRYPTO_FAILURE, "V-06",
		"one of the signer's key" },
	{ "06 signatureAlgorithm that nobody knows", SIGNER_ALGORITHM, "3004 06022a03",
		SUB_SIG_CRYPTO_FAILURE, "V-06", "one of the signer's key" },
	{ "06 digestAlgorithm that nobody knows", SIGNER_DIGEST, "3004 06022a03", SUB_HASH_FAILURE,
		"V-06", "unknown" },
	{ "06 protection with another digest", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b 0609608648016503040202 a10a 06082a8648ce3d040302",
		SUB_SIG_CRYPTO_FAILURE, "V-06", "digestAlgorithm is another" },
	{ "06 protection with another signature", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b 0609608648016503040201 a10a 06082a8648ce3d040303",
		SUB_SIG_CRYPTO_FAILURE, "V-06", "signatureAlgorithm is another" },
	{ "06 protection as it is due", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b 0609608648016503040201 a10a 06082a8648ce3d040302",
		SUB_NONE, NULL, NULL },
	/* 8: certificate IDs */
	{ "08 none", ATTR_ESS_V2, "", SUB_SIG_CONSTRAINTS_FAILURE, "V-08", "there is neither" },
	{ "08 v2 of another certificate", ATTR_ESS_V2,
		"3037" ESS_V2 "3128 3026 3024 3022 0420" ZEROS_32, SUB_SIG_CONSTRAINTS_FAILURE,
		"V-08", "another certificate" },
	{ "08 v1 of another certificate beside v2 of the signer's", ATTR_ESS_V1,
		"302b" ESS_V1 "311c 301a 3018 3016 0414 0000000000000000000000000000000000000000",
		SUB_SIG_CONSTRAINTS_FAILURE, "V-08", "another certificate" },
	{ "08 v2 without IDs", ATTR_ESS_V2, "3013" ESS_V2 "3104 3002 3000",
		SUB_SIG_CONSTRAINTS_FAILURE, "V-08", "malformed" },
	/* OpenSSL's CMS code does not verify over such attributes at all. */
	{ "08 v2 twice", ATTR_FURTHER, "3037" ESS_V2 "3128 3026 3024 3022 0420" ZEROS_32,
		SUB_SIG_CRYPTO_FAILURE, "V-08", "there again" },
	{ "08 v2 whose second ID is malformed", ATTR_ESS_V2,
		"303b" ESS_V2 "312c 302a 3028 3022 0420" ZEROS_32 "3002 0500",
		SUB_SIG_CONSTRAINTS_FAILURE, "V-08", "malformed" },
	{ "08 v1 that is malformed beside v2", ATTR_ESS_V1, "3011" ESS_V1 "3102 0500",
		SUB_SIG_CONSTRAINTS_FAILURE, "V-08", "malformed" },
	/* 13: TSTInfo */
	{ "13 version 2", TST_VERSION, "020102", SUB_FORMAT_FAILURE, "V-13", "version is 1" },
	{ "13 octets behind TSTInfo", TST_BEHIND, "0500", SUB_FORMAT_FAILURE, "V-13",
		"2 octets do" },
	{ "13 TSTInfo in BER", TST_SERIAL, "02 8101 05", SUB_FORMAT_FAILURE, "V-13", "is DER" },
	{ "13 no serialNumber", TST_SERIAL, "", SUB_FORMAT_FAILURE, "V-13", "serialNumber" },
	{ "13 imprint too short", TST_IMPRINT, "3011 300b 0609608648016503040201 0402 ba78",
		SUB_FORMAT_FAILURE, "V-13", "2 octets, SHA256 needs 32" },
	{ "13 imprint empty", TST_IMPRINT, "300f 300b 0609608648016503040201 0400",
		SUB_FORMAT_FAILURE, "V-13", "0 octets" },
	{ "13 imprint of a digest that nobody knows", TST_IMPRINT, "3008 3004 06022a03 0400",
		SUB_FORMAT_FAILURE, "V-13", "1.2.3 is not" },
	{ "13 tsa is another's name", TST_TSA,
		"a016 a414 3012 3110 300e 0603550403 0c07 536f6d656f6e65",
		SUB_SIG_CONSTRAINTS_FAILURE, "V-13", "another name" },
	{ "13 tsa is no name", TST_TSA, "a002 0500", SUB_SIG_CONSTRAINTS_FAILURE, "V-13",
		"no GeneralName" },
	{ "13 critical extension that nobody knows", TST_EXTENSIONS,
		"a10d 300b 06022a03 0101ff 0402 0500", SUB_SIG_CONSTRAINTS_FAILURE, "V-13",
		"critical extension" },
	{ "13 extension that nobody knows", TST_EXTENSIONS, "a10a 3008 06022a03 0402 0500",
		SUB_NONE, NULL, NULL },
	{ "13 extension that is none", TST_EXTENSIONS, "a104 3002 0500", SUB_FORMAT_FAILURE, "V-13",
		"malformed" },
	{ "13 accuracy of 1000 millis", TST_ACCURACY, "3004 800203e8", SUB_NONE, "V-13",
		"counts as unknown" },
	/* 14: genTime */
	{ "14 an offset", TST_GEN_TIME, "1813 32303236303330313132303030302b30313030",
		SUB_FORMAT_FAILURE, "V-14", "does not end in Z" },
	{ "14 a zero at the end", TST_GEN_TIME, "1811 32303236303330313132303030302e305a",
		SUB_FORMAT_FAILURE, "V-14", "ends in a zero" },
	{ "14 no seconds", TST_GEN_TIME, "180d 3230323630333031313230305a", SUB_FORMAT_FAILURE,
		"V-14", "no seconds" },
	{ "14 the 30th of February", TST_GEN_TIME, "180f 32303236303233303132303030305a",
		SUB_FORMAT_FAILURE, "V-14", "" },
	{ "14 UTCTime", TST_GEN_TIME, "170d 3236303330313132303030305a", SUB_FORMAT_FAILURE, "V-13",
		"no GeneralizedTime" },
};

static void run_case(void **state)
{
	const struct token_case *of = *state;
	const struct said_beside beside = { .anchor = lint_group()->root };
	struct made made = made_new(lint_group());
	struct said said;
	bool passes = of->sub == SUB_NONE;

	made_set(&made, of->part, of->hex);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, passes ? CHECK_PASSED : CHECK_FAILED, of->sub);
	if (of->id != NULL)
		said_line(&said, of->id, passes ? CHECK_WARN : CHECK_FAIL, of->text);
	said_wipe(&said);
	made_free(&made);
}

static void passes_what_keeps_the_rules(void **unused)
{
	static const char *const rows[] = { "V-01", "V-02", "V-03", "V-04", "V-05", "V-06", "V-07",
		"V-08", "V-09", "V-10", "V-11", "V-13", "V-14" };
	const struct said_beside beside = { .anchor = lint_group()->root };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(said.verdict.lines[i].id, rows[i]);
		assert_int_equal(said.verdict.lines[i].result, CHECK_PASS);
	}
	said_line(&said, "V-15", CHECK_WARN, "the data were not given");
	assert_true(said.facts.signer_is_embedded);
	assert_int_equal(said.facts.gen_time, 1772366400); /* 2026-03-01T12:00:00Z */
	assert_int_equal(said.facts.accuracy_us, 1000000);
	assert_int_equal(said.facts.imprint_digest, NID_sha256);
	assert_int_equal(said.facts.signature_digest, NID_sha256);
	assert_int_equal(said.facts.signature_scheme, NID_ecdsa_with_SHA256);
	assert_int_equal(said.facts.data, TOKEN_DATA_NOT_GIVEN);
	said_wipe(&said);
	made_free(&made);
}

static void takes_a_bare_token(void **unused)
{
	const struct said_beside beside = { 0 };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	made_set(&made, REPLY_STATUS, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-02", CHECK_SKIP, "bare token");
	said_wipe(&said);
	made_free(&made);
}

static void names_the_place_of_what_is_no_token(void **unused)
{
	static const uint8_t cut_off[] = { 0x30, 0x03, 0x02, 0x02, 0x00 };
	static const struct bytes files[] = { { cut_off, 5 }, { cut_off, 1 }, { cut_off, 0 } };
	const struct said_beside beside = { 0 };
	struct said said;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		said_of(files[i], &beside, &said);
		said_is(&said, CHECK_FAILED, SUB_FORMAT_FAILURE);
		said_line(&said, "V-01", CHECK_FAIL, "offset");
		assert_int_equal(said.verdict.line_count, 1);
		said_wipe(&said);
	}
}

/* Two SignerInfos, each of which is good. */
static void refuses_a_second_signature(void **unused)
{
	const struct said_beside beside = { .anchor = lint_group()->root };
	struct made made = made_new(lint_group());
	struct buf twice = { 0 };
	struct said said;

	(void)unused;
	(void)made_file(&made);
	for (int i = 0; i < 2; i++)
		buf_append(&twice, (struct bytes){ made.part[DATA_SIGNERS].at + 4,
					   made.part[DATA_SIGNERS].len - 4 });
	made_set_element(&made, DATA_SIGNERS, 0x31, buf_view(&twice));
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_FORMAT_FAILURE);
	said_line(&said, "V-04", CHECK_FAIL, "there are 2");
	said_wipe(&said);
	buf_free(&twice);
	made_free(&made);
}

static void refuses_a_token_without_signed_attributes(void **unused)
{
	static const enum part attributes[] = { ATTR_CONTENT_TYPE, ATTR_MESSAGE_DIGEST,
		ATTR_ESS_V2 };
	const struct said_beside beside = { .anchor = lint_group()->root };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	for (int i = 0; i < 3; i++)
		made_set(&made, attributes[i], "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_FORMAT_FAILURE);
	said_line(&said, "V-05", CHECK_FAIL, "there are none");
	said_no_line(&said, "V-06", CHECK_PASS);
	said_wipe(&said);
	made_free(&made);
}

static unsigned abc(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const char *text = arg;
	unsigned len = 0;

	assert_int_equal(EVP_Digest(text, strlen(text), out, &len, digest, NULL), 1);
	return len;
}

static unsigned nothing(void *arg, const EVP_MD *digest, uint8_t *out)
{
	(void)arg;
	(void)digest;
	(void)out;
	return 0;
}

/* The fixture's imprint is SHA-256 of "abc". */
static void compares_the_imprint_with_the_data(void **unused)
{
	char same[] = "abc", other[] = "abd";
	struct said_beside beside = { .wants = { .data = abc, .data_arg = same } };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-15", CHECK_PASS, "SHA256 digest of the data");
	assert_int_equal(said.facts.data, TOKEN_DATA_MATCHED);
	said_wipe(&said);
	beside.wants.data_arg = other;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_HASH_FAILURE);
	assert_int_equal(said.facts.data, TOKEN_DATA_MISMATCH);
	said_wipe(&said);
	beside.wants.data = nothing;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND);
	said_need(&said, "SHA256 digest");
	said_wipe(&said);
	made_free(&made);
}

static void compares_the_policy_with_those_accepted(void **unused)
{
	const char *const others[] = { "1.2.3.5", "1.2.3", "1.2.3.4.1" };
	const char *const with_it[] = { "1.2.3.5", "1.2.3.4" };
	struct said_beside beside = { .wants = { .policies = others, .policy_count = 3 } };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_line(&said, "V-13", CHECK_FAIL, "it is 1.2.3.4");
	said_wipe(&said);
	beside.wants.policies = with_it;
	beside.wants.policy_count = 2;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_wipe(&said);
	made_free(&made);
}

static void compares_the_nonce_with_that_of_the_request(void **unused)
{
	static const uint8_t five[] = { 5 }, six[] = { 6 };
	struct said_beside beside = { .wants = { .nonce = { five, 1 } } };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_wipe(&said);
	beside.wants.nonce.at = six;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_line(&said, "V-13", CHECK_FAIL, "it is another");
	said_wipe(&said);
	made_set(&made, TST_NONCE, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_line(&said, "V-13", CHECK_FAIL, "it is absent");
	said_wipe(&said);
	made_free(&made);
}

/* What is wrong with the data outweighs that the signer is not at hand. */
static void says_more_than_that_the_signer_is_missing(void **unused)
{
	char other[] = "abd";
	const struct said_beside beside = { .wants = { .data = abc, .data_arg = other } };
	struct made made = made_new(lint_group());
	struct said said;

	(void)unused;
	made_set(&made, DATA_CERTIFICATES, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_HASH_FAILURE);
	said_line(&said, "V-07", CHECK_FAIL, "neither in the token nor given");
	said_wipe(&said);
	made_free(&made);
}

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

int main(void)
{
	static const struct CMUnitTest whole[] = {
		cmocka_unit_test(passes_what_keeps_the_rules),
		cmocka_unit_test(takes_a_bare_token),
		cmocka_unit_test(names_the_place_of_what_is_no_token),
		cmocka_unit_test(refuses_a_second_signature),
		cmocka_unit_test(refuses_a_token_without_signed_attributes),
		cmocka_unit_test(compares_the_imprint_with_the_data),
		cmocka_unit_test(compares_the_policy_with_those_accepted),
		cmocka_unit_test(compares_the_nonce_with_that_of_the_request),
		cmocka_unit_test(says_more_than_that_the_signer_is_missing),
	};
	enum { WHOLE = sizeof(whole) / sizeof(whole[0]) };
	struct CMUnitTest tests[WHOLE + CASES];

	for (size_t i = 0; i < WHOLE; i++)
		tests[i] = whole[i];
	for (size_t i = 0; i < CASES; i++)
		tests[WHOLE + i] = (struct CMUnitTest){
			.name = cases[i].name,
			.test_func = run_case,
			.initial_state = (void *)(uintptr_t)&cases[i],
		};
	return cmocka_run_group_tests(tests, lint_set_up_group, lint_tear_down_group);
}
