/* Rules P-11, P-12 and P-30 of tsa-verify --lint: TimeStampResp and the file as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"

static const struct lint_case cases[] = {
	{ "P-30+ a good response", REPLY_STATUS, "3003020100", "", NULL, PROFILE_RFC3161 },
	{ "P-30+ a bare token", REPLY_STATUS, "", "", NULL, PROFILE_RFC3161 },
	{ "P-30- a byte behind", BEHIND, "00", "P-30", "1 bytes follow", PROFILE_RFC3161 },
	{ "P-30- PKIStatusInfo with a length in two octets", REPLY_STATUS, "308103020100", "P-30",
		"X.690 10.1: length with needless octets", PROFILE_RFC3161 },
	{ "P-30- PKIStatusInfo of indefinite length", REPLY_STATUS, "30800201000000", "P-30",
		"X.690 10.1: indefinite length", PROFILE_RFC3161 },
	{ "P-30- a status of two octets", REPLY_STATUS, "300402020000", "P-30", "X.690 8.3.2",
		PROFILE_RFC3161 },
	{ "P-30- something else behind the token", REPLY_TOKEN, "0500", "P-30",
		"what follows PKIStatusInfo", PROFILE_RFC3161 },
	{ "P-30- PKIStatusInfo with something else in it", REPLY_STATUS, "30050201000500", "P-30",
		"PKIStatusInfo is malformed", PROFILE_RFC3161 },
	{ "P-11+ grantedWithMods", REPLY_STATUS, "3003020101", "", NULL, PROFILE_RFC3161 },
	{ "P-11- status 6 with a token", REPLY_STATUS, "3003020106", "P-11 P-11 P-12", "status 6",
		PROFILE_RFC3161 },
	{ "P-11- a negative status", REPLY_STATUS, "30030201ff", "P-11 P-11 P-12", "status -1",
		PROFILE_RFC3161 },
	{ "P-11- a status that does not fit", REPLY_STATUS, "300b0209 7f0000000000000000",
		"P-11 P-11 P-12", "does not fit", PROFILE_RFC3161 },
	{ "P-11- rejection with a token", REPLY_STATUS, "300702010203020780", "P-11",
		"status 2 with a token", PROFILE_RFC3161 },
	{ "P-11- granted without a token", REPLY_TOKEN, "", "P-11", "status 0 without a token",
		PROFILE_RFC3161 },
	{ "P-12- granted with failInfo", REPLY_STATUS, "300702010003020780", "P-12",
		"status 0 with failInfo", PROFILE_RFC3161 },
};

/* A refusal: only the status. */
static void expect_refusal(const char *status, const char *ids, const char *text)
{
	struct made made = made_new(lint_group());

	made_set(&made, REPLY_STATUS, status);
	made_set(&made, REPLY_TOKEN, "");
	lint_expect(&made, NULL, ids, text);
}

static void allows_each_reason(void **state)
{
	static const char *const allowed[] = {
		"03020780", /* badAlg 0 */
		"03020520", /* badRequest 2 */
		"03020204", /* badDataFormat 5 */
		"0303010002", /* timeNotAvailable 14 */
		"0303000001", /* unacceptedPolicy 15 */
		"030407000080", /* unacceptedExtension 16 */
		"030406000040", /* addInfoNotAvailable 17 */
		"03050600000040", /* systemFailure 25 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		struct made made = made_new(lint_group());
		char hex[64];
		size_t len = strlen(allowed[i]) / 2;

		(void)snprintf(hex, sizeof(hex), "30%02zx020102%s", 3 + len, allowed[i]);
		made_set(&made, REPLY_STATUS, hex);
		made_set(&made, REPLY_TOKEN, "");
		lint_expect(&made, NULL, "", NULL);
	}
}

static void refuses_other_bits(void **state)
{
	(void)state;
	expect_refusal("300702010203020640", "P-12", "bit 1 is set");
	expect_refusal("3007020102 03020001", "P-12", "bit 7 is set");
	expect_refusal("300a020102 03050500000020", "P-12", "bit 26 is set");
}

static void refuses_a_reason_that_is_no_named_bit_list(void **state)
{
	(void)state;
	expect_refusal("3007020102 03020080", "P-12", "zero bits at the end");
	expect_refusal("3008020102 0303008000", "P-12", "zero bits at the end");
	expect_refusal("3007020102 03020500", "P-12", "zero bits at the end");
	expect_refusal("3007020102 030207a0", "P-30", "X.690 11.2.1");
}

static void wants_a_reason(void **state)
{
	(void)state;
	expect_refusal("3003020102", "P-12", "status 2 without failInfo");
}

static void reads_texts_beside_the_reason(void **state)
{
	(void)state;
	expect_refusal("3010020102 30070c05 68656c6c6f 03020780", "", NULL);
}

static void knows_what_is_neither(void **state)
{
	static const char *const others[] = { "", "30", "3000", "0500", "3003020100", "30030c0161",
		"3080", "3082ffff00", "30840fffffff", "1f8080808000", "00", "3082000330ff00" };
	static const struct lint_beside nothing = { .profile = PROFILE_RFC3161 };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct made made = made_new(lint_group());
		struct lint_said said;

		made_set(&made, BEHIND, others[i]);
		lint_file(buf_view(&made.part[BEHIND]), &nothing, &said);
		assert_string_equal(said.ids, "P-30");
		made_free(&made);
	}
}

/* A token in BER: findings, not errors. */
static void takes_ber_for_what_it_is(void **state)
{
	struct made made = made_new(lint_group());
	struct lint_said said;
	struct buf ber = { 0 };
	static const uint8_t begin[] = { 0x30, 0x80 }, end[] = { 0, 0 };
	static const struct lint_beside nothing = { .profile = PROFILE_RFC3161 };

	(void)state;
	made_set(&made, REPLY_STATUS, "");
	(void)made_file(&made);
	/* 30 82 xx xx: a definite length in two octets */
	assert_int_equal(made.file.at[1], 0x82);
	buf_append(&ber, (struct bytes){ begin, 2 });
	buf_append(&ber, (struct bytes){ made.file.at + 4, made.file.len - 4 });
	buf_append(&ber, (struct bytes){ end, 2 });
	lint_file(buf_view(&ber), &nothing, &said);
	assert_string_equal(said.ids, "P-30");
	assert_non_null(strstr(said.text, "offset 0: X.690 10.1: indefinite length"));
	buf_free(&ber);
	made_free(&made);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		{ "P-12+ each reason that RFC 3161 has", allows_each_reason, NULL, NULL, NULL },
		{ "P-12- other bits", refuses_other_bits, NULL, NULL, NULL },
		{ "P-12- no list of named bits", refuses_a_reason_that_is_no_named_bit_list, NULL,
			NULL, NULL },
		{ "P-12- a refusal without a reason", wants_a_reason, NULL, NULL, NULL },
		{ "P-12+ texts beside the reason", reads_texts_beside_the_reason, NULL, NULL,
			NULL },
		{ "P-30- neither response nor token", knows_what_is_neither, NULL, NULL, NULL },
		{ "P-30- BER", takes_ber_for_what_it_is, NULL, NULL, NULL },
	};
	struct CMUnitTest
		tests[sizeof(cases) / sizeof(cases[0]) + sizeof(others) / sizeof(others[0])];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[count++] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = lint_run_case,
			.initial_state = (void *)&cases[i] };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests(
		"lint: responses", tests, count, lint_set_up_group, lint_tear_down_group);
}
