/* Does a signature outlive its certificate? Each boundary, to the second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_certificate.h"
#include "tools/verify/survive.h"

enum {
	BEGAN = 1700000000,
	REVOKED = 1800000000, /* 2027-01-15T08:00:00Z */
	EXPIRES = 1900000000,
	DAY = 86400,
};

static const struct survive_end revoked = {
	.not_before = BEGAN, .not_after = EXPIRES, .revoked = REVOKED, .as_of = INT64_MAX
};

static struct survive_result at(const struct survive_end *end, int64_t time)
{
	const struct survive_proof proof = {
		.status = CHECK_PASSED, .time = time, .accuracy_us = -1
	};
	struct survive_result result;

	survive_judge(end, &proof, &result);
	return result;
}

static void expect(
	const struct survive_end *end, int64_t time, enum survive_answer answer, const char *why)
{
	struct survive_result result = at(end, time);

	if (result.answer != answer || strstr(result.why, why) == NULL)
		fail_msg("wanted %s: '%s': %s: %s", survive_name(answer), why,
			survive_name(result.answer), result.why);
}

static void a_signature_from_before_the_revocation_survives(void **state)
{
	(void)state;
	expect(&revoked, REVOKED - 3 * DAY, SURVIVE_YES,
		"time-stamped 2027-01-12T08:00:00Z, 3 days before the certificate was revoked at "
		"2027-01-15T08:00:00Z");
	expect(&revoked, REVOKED - 1, SURVIVE_YES, "1 second before");
	expect(&revoked, BEGAN, SURVIVE_YES, "before the certificate was revoked");
}

static void a_signature_from_the_revocation_on_does_not(void **state)
{
	(void)state;
	expect(&revoked, REVOKED, SURVIVE_NO, "in the second in which the certificate was revoked");
	expect(&revoked, REVOKED + 7200, SURVIVE_NO, "2 hours after the certificate was revoked");
	expect(&revoked, EXPIRES + 1, SURVIVE_NO, "after the certificate was revoked");
}

static void the_certificate_itself_is_a_bound(void **state)
{
	struct survive_end end = revoked;

	(void)state;
	expect(&end, BEGAN - 60, SURVIVE_NO, "1 minute before the certificate began");
	end.revoked = INT64_MAX;
	expect(&end, EXPIRES, SURVIVE_YES, "in the second in which the certificate expires");
	expect(&end, EXPIRES + 1, SURVIVE_NO, "1 second after the certificate expired");
	end.as_of = REVOKED;
	expect(&end, BEGAN + DAY, SURVIVE_YES, "; not revoked as of 2027-01-15T08:00:00Z");
	/* A revocation after the end changes nothing. */
	end.revoked = EXPIRES + DAY;
	expect(&end, EXPIRES + 1, SURVIVE_NO, "after the certificate expired");
	expect(&end, BEGAN + DAY, SURVIVE_YES, "before the certificate expires");
}

static void the_earlier_revocation_counts(void **state)
{
	struct survive_end end = revoked;

	(void)state;
	survive_end_revoked(&end, REVOKED + DAY, false);
	assert_int_equal(end.revoked, REVOKED);
	survive_end_revoked(&end, REVOKED - DAY, false);
	assert_int_equal(end.revoked, REVOKED - DAY);
}

static void a_hold_may_be_lifted(void **state)
{
	struct survive_end end = revoked;

	(void)state;
	end.on_hold = true;
	expect(&end, REVOKED - 1, SURVIVE_YES, "before the certificate was put on hold");
	expect(&end, REVOKED, SURVIVE_UNKNOWN, "put on hold");
	expect(&end, EXPIRES + 1, SURVIVE_NO, "after the certificate expired");
	/* What stands for good at the same time is stronger. */
	survive_end_revoked(&end, REVOKED, false);
	expect(&end, REVOKED, SURVIVE_NO, "revoked");
	survive_end_revoked(&end, REVOKED, true);
	expect(&end, REVOKED, SURVIVE_NO, "revoked");
}

static void crls_of_others_leave_it_open(void **state)
{
	struct survive_end end = revoked;

	(void)state;
	end.revoked = INT64_MAX;
	end.unknown = true;
	expect(&end, BEGAN + DAY, SURVIVE_UNKNOWN, "none of the CRLs");
	expect(&end, EXPIRES + 1, SURVIVE_NO, "expired");
}

/* longterm.md 1.4: a CRL of before says nothing about what came after. */
static void a_crl_tells_of_its_own_time_only(void **state)
{
	struct survive_end end = revoked;

	(void)state;
	end.revoked = INT64_MAX;
	end.as_of = REVOKED;
	expect(&end, REVOKED, SURVIVE_YES, "not revoked as of 2027-01-15T08:00:00Z");
	expect(&end, REVOKED + 1, SURVIVE_UNKNOWN,
		"1 second after the newest CRL that could know of a revocation was made");
	end.revoked = REVOKED + DAY;
	expect(&end, REVOKED + 1, SURVIVE_YES, "before the certificate was revoked");
}

static void accuracy_is_told_and_changes_nothing(void **state)
{
	struct survive_proof proof = {
		.status = CHECK_PASSED, .time = REVOKED - 2, .accuracy_us = 1000000
	};
	struct survive_result result;

	(void)state;
	survive_judge(&revoked, &proof, &result);
	assert_int_equal(result.answer, SURVIVE_YES);
	assert_false(result.crosses);
	proof.accuracy_us = 1000001;
	survive_judge(&revoked, &proof, &result);
	assert_int_equal(result.answer, SURVIVE_YES);
	assert_true(result.crosses);
	assert_non_null(strstr(result.why, "its accuracy reaches past that"));
}

static void what_is_not_proved_says_so(void **state)
{
	struct survive_proof proof = {
		.status = CHECK_INDETERMINATE, .sub = SUB_OUT_OF_BOUNDS_NO_POE, .time = BEGAN + DAY
	};
	struct survive_result result;

	(void)state;
	survive_judge(&revoked, &proof, &result);
	assert_int_equal(result.answer, SURVIVE_UNKNOWN);
	assert_string_equal(result.why, "the time-stamp is INDETERMINATE/OUT_OF_BOUNDS_NO_POE");
	proof.status = CHECK_FAILED;
	proof.sub = SUB_HASH_FAILURE;
	survive_judge(&revoked, &proof, &result);
	assert_int_equal(result.answer, SURVIVE_NO);
	assert_string_equal(result.why, "the time-stamp proves nothing: FAILED/HASH_FAILURE");
}

static void the_dates_are_the_certificates(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *certificate = make_certificate(&(struct make_certificate){
		.common_name = "Signer", .key = key, .not_before = BEGAN, .not_after = EXPIRES });
	struct survive_end end;

	(void)state;
	assert_true(survive_end_of(certificate, &end));
	assert_int_equal(end.not_before, BEGAN);
	assert_int_equal(end.not_after, EXPIRES);
	assert_true(end.revoked == INT64_MAX && end.as_of == INT64_MAX);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void the_best_time_stamp_decides(void **state)
{
	(void)state;
	assert_true(survive_is_better(SURVIVE_YES, SURVIVE_UNKNOWN));
	assert_true(survive_is_better(SURVIVE_UNKNOWN, SURVIVE_NO));
	assert_false(survive_is_better(SURVIVE_NO, SURVIVE_YES));
	assert_false(survive_is_better(SURVIVE_YES, SURVIVE_YES));
}

static void counts_and_gives_the_dates(void **state)
{
	struct survive_tally tally = { 0 }, more = { 0 }, none = { 0 };
	char *text;
	json_t *json;

	(void)state;
	survive_tally_count(&more, SURVIVE_YES, REVOKED - 3 * DAY);
	survive_tally_count(&more, SURVIVE_NO, REVOKED + DAY);
	survive_tally_add(&tally, &none);
	assert_false(tally.asked);
	survive_tally_add(&tally, &more);
	survive_tally_count(&tally, SURVIVE_YES, REVOKED - DAY);
	survive_tally_count(&tally, SURVIVE_NO, REVOKED + 9 * DAY);
	survive_tally_count(&tally, SURVIVE_UNKNOWN, INT64_MAX);
	survive_tally_unstamped(&tally);
	survive_tally_other(&tally);
	text = survive_tally_text(&tally);
	assert_string_equal(text,
		"signatures: 2 survive, 2 do not, 1 cannot be known, 1 without time-stamp; 1 by "
		"other certificates\n"
		"proven times: 2027-01-12T08:00:00Z to 2027-01-24T08:00:00Z\n"
		"a revocation after 2027-01-24T08:00:00Z takes none of them, one at "
		"2027-01-12T08:00:00Z or before takes all\n"
		"the last that survives: 2027-01-14T08:00:00Z, the first that does not: "
		"2027-01-16T08:00:00Z");
	free(text);
	json = survive_tally_json(&tally);
	assert_int_equal(json_integer_value(json_object_get(json, "survive")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "withoutTimeStamp")), 1);
	assert_string_equal(json_string_value(json_object_get(json, "firstThatDoesNot")),
		"2027-01-16T08:00:00Z");
	json_decref(json);
	text = survive_tally_text(&none);
	assert_null(strstr(text, "proven times"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_from_before_the_revocation_survives),
		cmocka_unit_test(a_signature_from_the_revocation_on_does_not),
		cmocka_unit_test(the_certificate_itself_is_a_bound),
		cmocka_unit_test(the_earlier_revocation_counts),
		cmocka_unit_test(a_hold_may_be_lifted),
		cmocka_unit_test(crls_of_others_leave_it_open),
		cmocka_unit_test(a_crl_tells_of_its_own_time_only),
		cmocka_unit_test(accuracy_is_told_and_changes_nothing),
		cmocka_unit_test(what_is_not_proved_says_so),
		cmocka_unit_test(the_dates_are_the_certificates),
		cmocka_unit_test(the_best_time_stamp_decides),
		cmocka_unit_test(counts_and_gives_the_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
