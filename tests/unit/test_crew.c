/*
 * Which lane starts when, and how one generation follows another (R17, R18).  Refused PINs are
 * test_crew_pin.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crew_fixture.h"

static void lanes_of_a_load_prove_their_keys_one_at_a_time(void **state)
{
	const struct world *w = *state;

	load(w);
	for (unsigned i = 1; i <= 4; i++) {
		assert_int_equal(w->started, i);
		assert_int_equal(w->loaded, 0);
		prove(proving(w));
	}
	assert_null(proving(w));
	assert_int_equal(w->loaded, 1);
}

static void what_is_loaded_gets_jobs_only_after_the_swap(void **state)
{
	const struct world *w = *state;

	load(w);
	prove_all(w);
	assert_null(crew_idle_lane(w->crew, 0));
	crew_swap(w->crew);
	assert_non_null(crew_idle_lane(w->crew, 0));
	assert_int_equal(crew_lanes_up(w->crew, 0), 2);
	assert_ptr_equal(crew_idle_lane(w->crew, 1)->tsu, crew_tsu(w->crew, 1));
}

/* R17: a job in a lane keeps its TSU. */
static void a_lane_of_the_generation_before_ends_with_its_job(void **state)
{
	const struct world *w = *state;
	struct lane *busy;

	begin(w);
	busy = crew_idle_lane(w->crew, 0);
	crew_sign(busy, NULL, (struct bytes){ 0 });
	load(w);
	prove_all(w);
	crew_swap(w->crew);
	assert_int_equal(crew_generation(w->crew), 2);
	assert_int_equal(busy->state, LANE_BUSY);
	for (size_t i = 0; i < 4; i++)
		assert_true(w->lanes[i] == busy || w->lanes[i]->state == LANE_ENDING);
	assert_ptr_not_equal(busy->tsu, crew_tsu(w->crew, 0));
	while (w->lane_count > 4)
		die(w->lanes[0], MSG_FAILURE_OTHER);
	assert_null(proving(w));
	assert_int_equal(crew_lanes_up(w->crew, 0), 2);
}

/* R18: the first failure ends a load; those in force are untouched. */
static void a_lane_that_cannot_prove_its_key_ends_the_load(void **state)
{
	const struct world *w = *state;

	begin(w);
	load(w);
	prove(proving(w));
	die(proving(w), MSG_FAILURE_KEY);
	assert_int_equal(w->refused, 1);
	assert_string_equal(w->text, "died");
	assert_int_equal(w->loaded, 1);
	assert_null(proving(w));
	assert_int_equal(crew_generation(w->crew), 1);
	assert_int_equal(crew_lanes_up(w->crew, 0) + crew_lanes_up(w->crew, 1), 4);
	/* The one that had proven its key is told to end. */
	assert_int_equal(w->lane_count, 5);
	assert_int_equal(w->lanes[4]->state, LANE_ENDING);
	die(w->lanes[4], MSG_FAILURE_OTHER);
	assert_int_equal(w->lane_count, 4);
}

static void a_lane_that_dies_proven_ends_a_load_as_well(void **state)
{
	const struct world *w = *state;
	struct lane *first;

	begin(w);
	load(w);
	first = proving(w);
	prove(first);
	die(first, MSG_FAILURE_OTHER);
	assert_int_equal(w->refused, 1);
}

/* SoftHSM shows no token to a process that looks while another one logs in. */
static void lanes_in_force_and_of_a_load_wait_for_each_other(void **state)
{
	const struct world *w = *state;
	struct lane *old;

	begin(w);
	load(w);
	old = w->lanes[0];
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(old->state, LANE_DOWN);
	prove(proving(w));
	/* The one that was started longest ago comes first, and then has had its turn. */
	assert_ptr_equal(proving(w), old);
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(proving(w)->generation, 2);
	prove_all(w);
	assert_int_equal(old->state, LANE_IDLE);
	assert_int_equal(w->loaded, 2);
}

static void a_load_that_is_dropped_leaves_no_lane(void **state)
{
	const struct world *w = *state;

	begin(w);
	load(w);
	prove(proving(w));
	crew_drop(w->crew);
	while (w->lane_count > 4)
		die(w->lanes[4], MSG_FAILURE_OTHER);
	assert_null(proving(w));
	load(w);
	prove_all(w);
	assert_int_equal(w->loaded, 2);
}

static void it_has_stopped_when_no_process_is_left(void **state)
{
	const struct world *w = *state;

	begin(w);
	crew_stop(w->crew);
	assert_true(w->stopped > 0);
	assert_null(proving(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(lanes_of_a_load_prove_their_keys_one_at_a_time),
		IN_ITS_WORLD(what_is_loaded_gets_jobs_only_after_the_swap),
		IN_ITS_WORLD(a_lane_of_the_generation_before_ends_with_its_job),
		IN_ITS_WORLD(a_lane_that_cannot_prove_its_key_ends_the_load),
		IN_ITS_WORLD(a_lane_that_dies_proven_ends_a_load_as_well),
		IN_ITS_WORLD(lanes_in_force_and_of_a_load_wait_for_each_other),
		IN_ITS_WORLD(a_load_that_is_dropped_leaves_no_lane),
		IN_ITS_WORLD(it_has_stopped_when_no_process_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
