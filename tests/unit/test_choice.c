/* Which TSU of a list signs, and with which genTime (R17). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/choice.h"

#define BEGIN_S INT64_C(1795507200) /* 2026-11-24T08:00:00Z */

enum { FIRST, SECOND, LONG };

/* One endpoint: FIRST, and SECOND from an hour later on; LONG for SHA-512. */
struct world {
	struct config *config;
	struct timesrc clock;
};

static int open_world(void **state)
{
	struct world *w = must_calloc(1, sizeof(*w));
	struct config *c = must_calloc(1, sizeof(*c));

	w->config = c;
	c->endpoint_count = 1;
	c->endpoints[0].digits = 3;
	c->tsu_count = 3;
	for (size_t i = 0; i < 3; i++) {
		c->tsus[i].accuracy_ms = 1000;
		c->tsus[i].not_before = BEGIN_S - 100;
		c->tsus[i].sign_until = BEGIN_S + 7200;
	}
	c->tsus[SECOND].activate_at = BEGIN_S + 3600;
	c->endpoints[0].lists[TSP_DIGEST_NONE] =
		(struct config_list){ .tsus = { FIRST, SECOND }, .count = 2 };
	c->endpoints[0].lists[TSP_SHA512] = (struct config_list){ .tsus = { LONG }, .count = 1 };
	w->clock.checked = true;
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	config_free(w->config);
	free(w);
	return 0;
}

static struct clock_reading at(int64_t seconds, uint64_t us)
{
	return (struct clock_reading){ (uint64_t)seconds * 1000000 + us, 1000, true };
}

static bool make(struct world *w, enum tsp_digest digest, struct clock_reading r, struct choice *c)
{
	return choice_make(
		w->config, config_list_of(&w->config->endpoints[0], digest), &r, &w->clock, c);
}

static void c05_a_digest_is_answered_by_its_own_list_or_the_common_one(void **state)
{
	struct choice c;

	assert_true(make(*state, TSP_SHA256, at(BEGIN_S, 0), &c));
	assert_int_equal(c.tsu, FIRST);
	assert_true(make(*state, TSP_SHA512, at(BEGIN_S, 0), &c));
	assert_int_equal(c.tsu, LONG);
	assert_true(make(*state, TSP_SHA384, at(BEGIN_S, 0), &c));
	assert_int_equal(c.tsu, FIRST);
}

static void r17_the_tsu_is_the_one_of_gentime(void **state)
{
	struct choice c;

	assert_true(make(*state, TSP_SHA256, at(BEGIN_S + 3599, 999999), &c));
	assert_int_equal(c.tsu, FIRST);
	assert_true(c.gentime.time_us == (uint64_t)(BEGIN_S + 3599) * 1000000 + 999000);
	assert_true(make(*state, TSP_SHA256, at(BEGIN_S + 3600, 0), &c));
	assert_int_equal(c.tsu, SECOND);
	/* The clock goes back a little: genTime does not, nor does the TSU (R10). */
	assert_true(make(*state, TSP_SHA256, at(BEGIN_S + 3599, 990000), &c));
	assert_int_equal(c.tsu, SECOND);
	assert_true(c.gentime.time_us == (uint64_t)(BEGIN_S + 3600) * 1000000);
	/* The other list has nothing to do with it. */
	assert_true(make(*state, TSP_SHA512, at(BEGIN_S + 3600, 0), &c));
	assert_int_equal(c.tsu, LONG);
}

/* An earlier run gave finer ones: genTime is the next whole second, and so is the TSU's. */
static void r17_a_gentime_that_is_rounded_up_has_its_own_tsu(void **state)
{
	struct world *w = *state;
	struct choice c;

	w->config->endpoints[0].digits = 0;
	for (size_t i = 0; i < 3; i++)
		w->config->tsus[i].accuracy_ms = 20000;
	w->clock.last_us = (uint64_t)(BEGIN_S + 3599) * 1000000 + 1000;
	assert_true(make(w, TSP_SHA256, at(BEGIN_S + 3599, 500000), &c));
	assert_true(c.gentime.time_us == (uint64_t)(BEGIN_S + 3600) * 1000000);
	assert_int_equal(c.tsu, SECOND);
}

static void r17_a_list_of_which_none_is_active_signs_nothing(void **state)
{
	struct world *w = *state;
	struct choice c;

	w->config->tsus[LONG].activate_at = BEGIN_S + 1;
	assert_false(make(w, TSP_SHA512, at(BEGIN_S, 0), &c));
	assert_int_equal(c.failure, TSP_SYSTEM_FAILURE);
	assert_true(make(w, TSP_SHA256, at(BEGIN_S, 0), &c));
}

static void t10_a_key_whose_time_is_over_signs_nothing(void **state)
{
	struct world *w = *state;
	struct choice c;

	w->config->tsus[LONG].sign_until = BEGIN_S + 10;
	assert_true(make(w, TSP_SHA512, at(BEGIN_S + 9, 0), &c));
	assert_false(make(w, TSP_SHA512, at(BEGIN_S + 10, 0), &c));
	assert_int_equal(c.failure, TSP_SYSTEM_FAILURE);
	assert_non_null(strstr(c.why, "may not sign any more"));
	assert_true(make(w, TSP_SHA256, at(BEGIN_S + 10, 0), &c));
}

static void p23_a_key_whose_time_has_not_come_signs_nothing(void **state)
{
	struct choice c;

	assert_false(make(*state, TSP_SHA256, at(BEGIN_S - 101, 0), &c));
	assert_int_equal(c.failure, TSP_SYSTEM_FAILURE);
	assert_non_null(strstr(c.why, "may not sign yet"));
	assert_true(make(*state, TSP_SHA256, at(BEGIN_S - 100, 0), &c));
}

static void t07_each_tsu_is_held_to_its_own_accuracy(void **state)
{
	struct world *w = *state;
	struct clock_reading r = at(BEGIN_S, 0);
	struct choice c;

	r.maxerror_us = 500000;
	w->config->tsus[LONG].accuracy_ms = 100;
	assert_false(make(w, TSP_SHA512, r, &c));
	assert_int_equal(c.failure, TSP_TIME_NOT_AVAILABLE);
	assert_true(make(w, TSP_SHA256, r, &c));
	assert_int_equal(c.gentime.bound_us, 502000);
}

#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(c05_a_digest_is_answered_by_its_own_list_or_the_common_one),
		IN_ITS_WORLD(r17_the_tsu_is_the_one_of_gentime),
		IN_ITS_WORLD(r17_a_gentime_that_is_rounded_up_has_its_own_tsu),
		IN_ITS_WORLD(r17_a_list_of_which_none_is_active_signs_nothing),
		IN_ITS_WORLD(t10_a_key_whose_time_is_over_signs_nothing),
		IN_ITS_WORLD(p23_a_key_whose_time_has_not_come_signs_nothing),
		IN_ITS_WORLD(t07_each_tsu_is_held_to_its_own_accuracy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
