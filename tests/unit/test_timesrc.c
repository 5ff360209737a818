#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/timesrc.h"
#include "tsa/tsp/tstinfo.h"

/* 2026-11-24T08:00:00.123456Z */
#define NOW 1795507200123456u

static struct clock_reading reading(uint64_t time_us, uint64_t maxerror_us)
{
	return (struct clock_reading){ time_us, maxerror_us, true };
}

static void the_kernel_gives_a_reading_after_2026(void **unused)
{
	struct clock_reading r;

	(void)unused;
	assert_true(timesrc_read(&r));
	assert_true(r.time_us > 1767225600000000u);
}

/* D10, R28: resolution and slack are part of the bound. */
static void a_good_clock_gives_time_cut_to_its_digits_and_a_bound(void **unused)
{
	struct timesrc src = { .checked = true, .slack_us = 500000 };
	struct clock_reading r = reading(NOW, 20000);
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &r, 3, 1000, &g));
	assert_true(g.time_us == NOW - 456);
	assert_int_equal(g.bound_us, 20000 + 500000 + 2000);
}

/* By so much a time is cut at most, which is part of the bound; the accuracy must have room for it.
 */
static void d10_the_resolution_of_the_digits_counts_in_the_bound(void **unused)
{
	static const struct {
		unsigned digits;
		uint64_t resolution_us;
		uint64_t most_us; /* of the kernel's error, with an accuracy of 2 s */
	} rows[] = {
		{ 0, 1000000, 800000 },
		{ 3, 2000, 1798000 },
		{ 6, 1, 1799999 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct timesrc src = { .checked = true };
		struct clock_reading good = reading(NOW, 20000);
		struct clock_reading most = reading(NOW, rows[i].most_us);
		struct clock_reading over = reading(NOW, rows[i].most_us + 1);
		struct gentime g;

		assert_true(timesrc_gentime(&src, &good, rows[i].digits, 2000, &g));
		assert_int_equal(g.bound_us, 20000 + rows[i].resolution_us);
		assert_true(g.time_us <= NOW && NOW - g.time_us < rows[i].resolution_us);
		assert_true(timesrc_gentime(&src, &most, rows[i].digits, 2000, &g));
		assert_int_equal(g.bound_us, 1800000);
		assert_false(timesrc_gentime(&src, &over, rows[i].digits, 2000, &g));
	}
}

/* T-07: out of accuracy, no time-stamp. */
static void a_bound_over_nine_tenths_of_the_accuracy_is_refused(void **unused)
{
	struct timesrc src = { .checked = true, .slack_us = 500000 };
	struct clock_reading at = reading(NOW, 398000);
	struct clock_reading over = reading(NOW, 398001);
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &at, 3, 1000, &g));
	assert_false(timesrc_gentime(&src, &over, 3, 1000, &g));
	assert_non_null(strstr(g.why, "over 0.9 of the accuracy"));
}

static void an_unsynchronised_clock_is_refused(void **unused)
{
	struct timesrc src = { .checked = true, .slack_us = 0 };
	struct clock_reading r = { NOW, 1000, false };
	struct gentime g;

	(void)unused;
	assert_false(timesrc_gentime(&src, &r, 3, 1000, &g));
	assert_string_equal(g.why, "clock: not synchronised");
}

static void an_unchecked_clock_issues_and_says_so_by_its_bound(void **unused)
{
	struct timesrc src = { .checked = false };
	struct clock_reading r = { NOW, 16000000, false };
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &r, 3, 1000, &g));
	assert_int_equal(g.bound_us, -1);
}

/* R10: genTime never decreases; equal is fine. */
static void a_clock_a_little_back_repeats_the_last_time(void **unused)
{
	struct timesrc src = { .checked = true, .slack_us = 500000 };
	struct clock_reading first = reading(NOW, 20000);
	struct clock_reading back = reading(NOW - 50000, 20000);
	struct gentime g;
	uint64_t last;

	(void)unused;
	assert_true(timesrc_gentime(&src, &first, 3, 1000, &g));
	last = g.time_us;
	assert_true(timesrc_gentime(&src, &back, 3, 1000, &g));
	assert_true(g.time_us == last);
	assert_int_equal(g.bound_us, 20000 + 500000 + 2000 + 50000);
}

static void a_clock_far_back_is_refused_even_unchecked(void **unused)
{
	struct timesrc src = { .checked = false };
	struct clock_reading first = reading(NOW, 20000);
	struct clock_reading back = reading(NOW - 102000, 20000);
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &first, 3, 1000, &g));
	assert_false(timesrc_gentime(&src, &back, 3, 1000, &g));
	assert_non_null(strstr(g.why, "102 ms before the last time-stamp"));
	assert_true(timesrc_gentime(&src, &first, 3, 1000, &g));
}

/* What an earlier run gave may be finer than these digits: never before it, and encodable. */
static void a_finer_last_time_is_rounded_up_to_the_digits(void **unused)
{
	struct timesrc src = { .checked = false, .last_us = NOW + 10000 };
	struct clock_reading r = reading(NOW, 20000);
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &r, 3, 1000, &g));
	assert_true(g.time_us >= NOW + 10000 && g.time_us < NOW + 10000 + 2000);
	assert_true(tsp_time_cut(g.time_us, 3) == g.time_us);
}

/*
 * From six digits to none while the second runs: the next whole one is given, by no more than the
 * resolution before its time, which the bound counts; a clock that went back further is refused.
 */
static void fewer_digits_refuse_nothing_in_the_second_that_runs(void **unused)
{
	const uint64_t second = tsp_time_cut(NOW, 0);
	struct timesrc src = { .checked = true, .last_us = second + 250001 };
	struct clock_reading soon = reading(second + 250002, 20000);
	struct clock_reading later = reading(second + 999999, 20000);
	struct clock_reading back = reading(second - 100000, 20000);
	struct gentime g;

	(void)unused;
	assert_true(timesrc_gentime(&src, &soon, 0, 2000, &g));
	assert_true(g.time_us == second + 1000000);
	assert_int_equal(g.bound_us, 1020000);
	assert_true(timesrc_gentime(&src, &later, 0, 2000, &g));
	assert_true(g.time_us == second + 1000000);
	assert_int_equal(g.bound_us, 1020000);
	assert_false(timesrc_gentime(&src, &back, 0, 2000, &g));
}

static void a_year_that_cannot_be_is_refused(void **unused)
{
	struct timesrc src = { .checked = false };
	struct clock_reading early = reading(CLOCK_EARLIEST_US - 1, 20000);
	struct clock_reading late = reading(CLOCK_LATEST_US, 20000);
	struct gentime g;

	(void)unused;
	assert_false(timesrc_gentime(&src, &early, 3, 1000, &g));
	assert_false(timesrc_gentime(&src, &late, 3, 1000, &g));
	assert_string_equal(g.why, "clock: the year must be 2026 to 2045");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_gives_a_reading_after_2026),
		cmocka_unit_test(a_good_clock_gives_time_cut_to_its_digits_and_a_bound),
		cmocka_unit_test(d10_the_resolution_of_the_digits_counts_in_the_bound),
		cmocka_unit_test(a_bound_over_nine_tenths_of_the_accuracy_is_refused),
		cmocka_unit_test(an_unsynchronised_clock_is_refused),
		cmocka_unit_test(an_unchecked_clock_issues_and_says_so_by_its_bound),
		cmocka_unit_test(a_clock_a_little_back_repeats_the_last_time),
		cmocka_unit_test(a_clock_far_back_is_refused_even_unchecked),
		cmocka_unit_test(a_finer_last_time_is_rounded_up_to_the_digits),
		cmocka_unit_test(fewer_digits_refuse_nothing_in_the_second_that_runs),
		cmocka_unit_test(a_year_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
