/* The command line of tsa-verify: what it takes, and what it says of what it does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <getopt.h>

#include "tools/verify/options.h"

enum { MAX_WORDS = 16 };

/* Reads the words, after the name of the program, up to NULL. */
static bool read_words(const char *const *words, struct verify_options *options, struct err *err)
{
	static char *argv[MAX_WORDS + 2];
	int argc = 1;

	argv[0] = (char *)"tsa-verify";
	while (*words != NULL && argc <= MAX_WORDS)
		argv[argc++] = (char *)*words++;
	argv[argc] = NULL;
	optind = 0; /* getopt begins anew */
	opterr = 0;
	return verify_options_read(argc, argv, options, err);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void takes_a_token_and_an_anchor(void **unused)
{
	struct verify_options options;
	struct err err = { 0 };

	(void)unused;
	assert_true(read_words(WORDS("--trust", "a", "--trust", "b", "t"), &options, &err));
	assert_int_equal(options.action, ACTION_VERIFY);
	assert_int_equal(options.trust.count, 2);
	assert_string_equal(options.trust.at[1], "b");
	assert_int_equal(options.model.model, MODEL_PAST);
	assert_false(options.at.given);
	assert_int_equal(options.jobs, 1);
	assert_string_equal(options.files[0], "t");
}

static void reads_times_of_rfc_3339(void **unused)
{
	static const struct {
		const char *text;
		int64_t seconds; /* date -u -d TEXT +%s */
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2026-11-24T19:12:01Z", 1795547521 },
		{ "2024-02-29", 1709164800 },
		{ "2100-03-01T00:00:00Z", 4107542400 },
	};
	static const char *const bad[] = { "", "2026", "2026-02-29", "2026-13-01", "2026-1-1",
		"2026-11-24T19:12Z", "2026-11-24 19:12:01Z", "2026-11-24T19:12:01",
		"2026-11-24T19:12:01+01:00", "2026-11-24T24:00:00Z", "2026-11-24x", "now" };
	struct verify_options options;

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err err = { 0 };

		assert_true(read_words(
			WORDS("--trust", "a", "--at", good[i].text, "t"), &options, &err));
		assert_true(options.at.given);
		assert_int_equal(options.at.seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };

		assert_false(
			read_words(WORDS("--trust", "a", "--at", bad[i], "t"), &options, &err));
		assert_non_null(strstr(err.text, "--at: must be YYYY-MM-DD"));
	}
}

static void says_which_option_is_wrong(void **unused)
{
	static const struct {
		const char *words[8];
		const char *text;
	} cases[] = {
		{ { "t" }, "--trust: must be given" },
		{ { "--trust", "a" }, "TOKEN: must be given" },
		{ { "--trust", "a", "--model", "now", "t" }, "--model: must be current, past" },
		{ { "--trust", "a", "--revocation", "no", "t" }, "--revocation: must be auto" },
		{ { "--trust", "a", "--policy", "1.2.x", "t" }, "--policy: must be an OID" },
		{ { "--trust", "a", "--jobs", "0", "t" }, "--jobs: must be 1 to 256" },
		{ { "--trust", "a", "--jobs", "257", "t" }, "--jobs: must be 1 to 256" },
		{ { "--trust", "a", "--jobs", "2x", "t" }, "--jobs: must be 1 to 256" },
		{ { "--trust", "a", "--data", "d", "--digest", "00", "t" }, "at most one: 2 are" },
		{ { "--trust", "a", "--data", "d", "--data", "e", "t" },
			"--data: may be given once" },
		{ { "--trust", "a", "--data", "d", "--embedded", "t" },
			"--embedded: the data are" },
		{ { "--trust", "a", "--query", "q", "t", "u" }, "--query: must go with one TOKEN" },
		{ { "--trust", "a", "--query", "q", "--embedded", "t" },
			"--query: must go with one TOKEN" },
		{ { "--trust", "a", "--collect", "c", "t", "u" }, "--collect: must go with one" },
		{ { "--trust", "a", "--nothing", "t" }, "see tsa-verify --help" },
		{ { "--lint", "--show", "t" }, "--show: --lint or --show may be given, once" },
		{ { "--lint" }, "FILE: must be given" },
		{ { "--show", "--crl", "c", "t" }, "--crl: does not go with --show" },
		{ { "--lint", "--trust", "a", "t" }, "--trust: does not go with --lint" },
		{ { "--data", "d", "t", "--lint" }, "--data: does not go with --lint" },
		{ { "--trust", "a", "--profile", "etsi", "t" },
			"--profile: does not go with verifying" },
		{ { "--trust", "a", "--exact-group", "t" }, "must go with --evidence-record" },
		{ { "--trust", "a", "--revoked-at", "2026-01-01", "t" },
			"--revoked-at: must go with --signed-cert or --embedded" },
		{ { "--trust", "a", "--data", "-", "-" }, "standard input is read once" },
		{ { "--trust", "-", "--crl", "-", "t" }, "is named 2 times" },
	};
	struct verify_options options;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };

		assert_false(read_words(cases[i].words, &options, &err));
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("case %zu: '%s' is not in '%s'", i, cases[i].text, err.text);
	}
}

static void a_record_over_data_needs_no_token(void **unused)
{
	struct verify_options options;
	struct err err = { 0 };

	(void)unused;
	assert_true(read_words(
		WORDS("--trust", "a", "--evidence-record", "r", "--data", "d"), &options, &err));
	assert_int_equal(options.file_count, 0);
	assert_false(read_words(WORDS("--trust", "a", "--evidence-record", "r"), &options, &err));
}

static void one_option_has_a_limit(void **unused)
{
	static char *argv[2 * VERIFY_MAX_GIVEN + 8];
	struct verify_options options;
	struct err err = { 0 };
	int argc = 0;

	(void)unused;
	argv[argc++] = (char *)"tsa-verify";
	for (int i = 0; i < VERIFY_MAX_GIVEN; i++) {
		argv[argc++] = (char *)"--trust";
		argv[argc++] = (char *)"a";
	}
	argv[argc++] = (char *)"t";
	optind = 0;
	assert_true(verify_options_read(argc, argv, &options, &err));
	argv[argc++] = (char *)"--trust";
	argv[argc++] = (char *)"a";
	optind = 0;
	assert_false(verify_options_read(argc, argv, &options, &err));
	assert_non_null(strstr(err.text, "--trust: at most 256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_token_and_an_anchor),
		cmocka_unit_test(reads_times_of_rfc_3339),
		cmocka_unit_test(says_which_option_is_wrong),
		cmocka_unit_test(a_record_over_data_needs_no_token),
		cmocka_unit_test(one_option_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
