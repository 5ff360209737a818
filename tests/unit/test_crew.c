/*
 * Which lane starts when, and how one generation follows another (D13, R17, R18, R20).  crew.c and
 * login.c are the real ones; lanes and TSUs are played here, PIN files are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tsa/authority/crew.h"

enum { MAX_LANES = 32 };

struct world {
	struct crew *crew;
	struct config *config; /* of the next load */
	struct lane *lanes[MAX_LANES]; /* that are, by their age */
	size_t lane_count;
	unsigned started;
	unsigned loaded;
	unsigned refused;
	unsigned stopped;
	char text[MSG_MAX_TEXT];
	char pin_file[MSG_MAX_PATH];
};

static struct world world;

/* ---- the neighbours ---- */

struct tsu *tsu_new(struct config *config, size_t index, struct err *err)
{
	struct tsu *tsu = must_calloc(1, sizeof(*tsu));

	(void)err;
	tsu->from = config_hold(config);
	tsu->config = &config->tsus[index];
	return tsu;
}

struct tsu *tsu_hold(struct tsu *tsu)
{
	tsu->more_holders++;
	return tsu;
}

void tsu_release(struct tsu *tsu)
{
	if (tsu->more_holders > 0) {
		tsu->more_holders--;
		return;
	}
	config_free(tsu->from);
	free(tsu);
}

struct lane *lane_new(
	struct event_base *base, struct tsu *tsu, unsigned number, const struct lane_events *events)
{
	struct lane *l = must_calloc(1, sizeof(*l));

	(void)base;
	assert_true(world.lane_count < MAX_LANES);
	l->tsu = tsu_hold(tsu);
	l->number = number;
	l->events = events;
	world.lanes[world.lane_count++] = l;
	return l;
}

void lane_free(struct lane *l)
{
	size_t i = 0;

	while (world.lanes[i] != l)
		i++;
	memmove(&world.lanes[i], &world.lanes[i + 1],
		(world.lane_count - i - 1) * sizeof(world.lanes[0]));
	world.lane_count--;
	tsu_release(l->tsu);
	free(l);
}

bool lane_start(struct lane *l, struct spawner *spawner, struct err *err)
{
	(void)spawner;
	(void)err;
	assert_int_equal(l->state, LANE_DOWN);
	l->state = LANE_STARTING;
	l->in_proof = true;
	l->failure = MSG_FAILURE_OTHER;
	l->failures = 0;
	world.started++;
	return true;
}

/* failures stands for the timer. */
void lane_start_later(struct lane *l)
{
	l->failures = 1;
}

bool lane_waits(const struct lane *l)
{
	return l->failures > 0;
}

void lane_sign(struct lane *l, struct job *job, struct bytes tstinfo)
{
	(void)tstinfo;
	l->state = LANE_BUSY;
	l->job = job;
}

void lane_close(struct lane *l)
{
	if (l->state != LANE_DOWN)
		l->state = LANE_ENDING;
}

void lane_retire(struct lane *l)
{
	l->retired = true;
	if (l->state != LANE_BUSY)
		lane_close(l);
}

/* ---- what they do ---- */

static void prove(struct lane *l)
{
	assert_int_equal(l->state, LANE_STARTING);
	l->state = LANE_IDLE;
	l->in_proof = false;
	l->proven = true;
	l->events->proven(l->events->arg, l, "SoftHSM, serial 1");
}

static void die(struct lane *l, uint8_t failure)
{
	l->state = LANE_DOWN;
	l->in_proof = false;
	l->failure = failure;
	(void)snprintf(l->text, sizeof(l->text), "died");
	l->events->gone(l->events->arg, l);
}

static void become_due(struct lane *l)
{
	l->failures = 0;
	l->events->due(l->events->arg, l);
}

/* The one lane that proves its key now; NULL: none does. */
static struct lane *proving(void)
{
	struct lane *found = NULL;

	for (size_t i = 0; i < world.lane_count; i++) {
		if (!world.lanes[i]->in_proof)
			continue;
		assert_null(found);
		found = world.lanes[i];
	}
	return found;
}

static void prove_all(void)
{
	struct lane *l;

	while ((l = proving()) != NULL)
		prove(l);
}

/* ---- the world ---- */

static void on_loaded(void *arg)
{
	(void)arg;
	world.loaded++;
}

static void on_refused(void *arg, uint8_t failure, const char *text)
{
	(void)arg;
	(void)failure;
	world.refused++;
	(void)snprintf(world.text, sizeof(world.text), "%s", text);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void on_stopped(void *arg)
{
	(void)arg;
	world.stopped++;
}

static void write_pin(const char *pin)
{
	FILE *f = fopen(world.pin_file, "w");

	assert_non_null(f);
	assert_true(fputs(pin, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Two TSUs in one token, two lanes each. */
static void make_config(void)
{
	world.config = must_calloc(1, sizeof(*world.config));
	world.config->tsu_count = 2;
	for (size_t i = 0; i < 2; i++) {
		struct config_tsu *t = &world.config->tsus[i];

		(void)snprintf(t->name, sizeof(t->name), "tsu%zu", i);
		(void)snprintf(t->key, sizeof(t->key), "pkcs11:token=a;object=%zu", i);
		(void)snprintf(t->module, sizeof(t->module), "/m.so");
		(void)snprintf(t->pin_file, sizeof(t->pin_file), "%s", world.pin_file);
		t->lanes = 2;
	}
}

static int open_world(void **state)
{
	static const struct crew_events events = { .loaded = on_loaded,
		.refused = on_refused,
		.lane_idle = nothing,
		.stopped = on_stopped };
	const char *folder = getenv("TMPDIR");
	int fd;

	(void)state;
	memset(&world, 0, sizeof(world));
	(void)snprintf(world.pin_file, sizeof(world.pin_file), "%s/tsa-crew.XXXXXX",
		folder == NULL ? "/tmp" : folder);
	fd = mkstemp(world.pin_file);
	assert_true(fd >= 0);
	(void)close(fd);
	write_pin("wrong");
	world.crew = crew_new(NULL, NULL, false, &events);
	make_config();
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	crew_free(world.crew);
	assert_int_equal(world.lane_count, 0);
	assert_int_equal(world.config->more_holders, 0);
	config_free(world.config);
	(void)unlink(world.pin_file);
	return 0;
}

static void load(void)
{
	struct err err = { 0 };

	assert_true(crew_load(world.crew, world.config, &err));
}

/* A first generation in force. */
static void begin(void)
{
	load();
	prove_all();
	crew_swap(world.crew);
	assert_int_equal(world.lane_count, 4);
}

static unsigned findings(void);

/* ---- the tests ---- */

static void lanes_of_a_load_prove_their_keys_one_at_a_time(void **state)
{
	(void)state;
	load();
	for (unsigned i = 1; i <= 4; i++) {
		assert_int_equal(world.started, i);
		assert_int_equal(world.loaded, 0);
		prove(proving());
	}
	assert_null(proving());
	assert_int_equal(world.loaded, 1);
}

static void what_is_loaded_gets_jobs_only_after_the_swap(void **state)
{
	(void)state;
	load();
	prove_all();
	assert_null(crew_idle_lane(world.crew, 0));
	crew_swap(world.crew);
	assert_non_null(crew_idle_lane(world.crew, 0));
	assert_int_equal(crew_lanes_up(world.crew, 0), 2);
	assert_ptr_equal(crew_idle_lane(world.crew, 1)->tsu, crew_tsu(world.crew, 1));
}

/* R17: a job in a lane keeps its TSU. */
static void a_lane_of_the_generation_before_ends_with_its_job(void **state)
{
	struct lane *busy;

	(void)state;
	begin();
	busy = crew_idle_lane(world.crew, 0);
	crew_sign(busy, NULL, (struct bytes){ 0 });
	load();
	prove_all();
	crew_swap(world.crew);
	assert_int_equal(crew_generation(world.crew), 2);
	assert_int_equal(busy->state, LANE_BUSY);
	for (size_t i = 0; i < 4; i++)
		assert_true(world.lanes[i] == busy || world.lanes[i]->state == LANE_ENDING);
	assert_ptr_not_equal(busy->tsu, crew_tsu(world.crew, 0));
	while (world.lane_count > 4)
		die(world.lanes[0], MSG_FAILURE_OTHER);
	assert_null(proving());
	assert_int_equal(crew_lanes_up(world.crew, 0), 2);
}

/* R18: the first failure ends a load; those in force are untouched. */
static void a_lane_that_cannot_prove_its_key_ends_the_load(void **state)
{
	(void)state;
	begin();
	load();
	prove(proving());
	die(proving(), MSG_FAILURE_KEY);
	assert_int_equal(world.refused, 1);
	assert_string_equal(world.text, "died");
	assert_int_equal(world.loaded, 1);
	assert_null(proving());
	assert_int_equal(crew_generation(world.crew), 1);
	assert_int_equal(crew_lanes_up(world.crew, 0) + crew_lanes_up(world.crew, 1), 4);
	/* The one that had proven its key is told to end. */
	assert_int_equal(world.lane_count, 5);
	assert_int_equal(world.lanes[4]->state, LANE_ENDING);
	die(world.lanes[4], MSG_FAILURE_OTHER);
	assert_int_equal(world.lane_count, 4);
}

static void a_lane_that_dies_proven_ends_a_load_as_well(void **state)
{
	struct lane *first;

	(void)state;
	begin();
	load();
	first = proving();
	prove(first);
	die(first, MSG_FAILURE_OTHER);
	assert_int_equal(world.refused, 1);
}

/* SoftHSM shows no token to a process that looks while another one logs in. */
static void lanes_in_force_and_of_a_load_wait_for_each_other(void **state)
{
	struct lane *old;

	(void)state;
	begin();
	load();
	old = world.lanes[0];
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(old->state, LANE_DOWN);
	prove(proving());
	/* The one that was started longest ago comes first, and then has had its turn. */
	assert_ptr_equal(proving(), old);
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(proving()->generation, 2);
	prove_all();
	assert_int_equal(old->state, LANE_IDLE);
	assert_int_equal(world.loaded, 2);
}

static void a_load_that_is_dropped_leaves_no_lane(void **state)
{
	(void)state;
	begin();
	load();
	prove(proving());
	crew_drop(world.crew);
	while (world.lane_count > 4)
		die(world.lanes[4], MSG_FAILURE_OTHER);
	assert_null(proving());
	load();
	prove_all();
	assert_int_equal(world.loaded, 2);
}

static void count_finding(void *arg, bool warning, const char *text)
{
	unsigned *count = arg;

	assert_false(warning);
	assert_non_null(strstr(text, "pin_file: R20"));
	(*count)++;
}

static unsigned findings(void)
{
	unsigned count = 0;

	crew_allows(world.crew, world.config, "tsad.conf", count_finding, &count);
	return count;
}

/* R20: one attempt for a PIN, and none for the same file. */
static void a_refused_pin_is_tried_again_only_from_another_file(void **state)
{
	struct lane *old;
	unsigned started;

	(void)state;
	begin();
	assert_int_equal(findings(), 0);
	load();
	die(proving(), MSG_FAILURE_PIN);
	assert_int_equal(world.refused, 1);
	assert_null(proving());
	/* No lane of that token logs in, also not of those in force. */
	started = world.started;
	old = world.lanes[0];
	die(old, MSG_FAILURE_OTHER);
	become_due(old);
	assert_int_equal(old->state, LANE_DOWN);
	assert_int_equal(findings(), 2);
	load();
	assert_int_equal(world.refused, 2);
	assert_int_equal(world.started, started);
	/* The file changes. */
	write_pin("better");
	assert_int_equal(findings(), 0);
	load();
	prove_all();
	assert_int_equal(world.loaded, 2);
	/* Even now one that is over does not. */
	assert_int_equal(old->state, LANE_DOWN);
	crew_swap(world.crew);
	assert_int_equal(crew_lanes_up(world.crew, 0), 2);
}

/* D13: the names of one token count together once it has said who it is. */
static void another_name_of_the_token_is_not_tried_either(void **state)
{
	(void)state;
	begin();
	load();
	die(proving(), MSG_FAILURE_PIN);
	for (size_t i = 0; i < 2; i++)
		(void)snprintf(world.config->tsus[i].key, sizeof(world.config->tsus[i].key),
			"pkcs11:serial=1;object=%zu", i);
	assert_int_equal(findings(), 2);
}

static void a_token_of_another_module_is_its_own(void **state)
{
	(void)state;
	begin();
	load();
	die(proving(), MSG_FAILURE_PIN);
	(void)snprintf(world.config->tsus[1].module, sizeof(world.config->tsus[1].module), "/n.so");
	assert_int_equal(findings(), 1);
}

static void it_has_stopped_when_no_process_is_left(void **state)
{
	(void)state;
	begin();
	crew_stop(world.crew);
	assert_true(world.stopped > 0);
	assert_null(proving());
}

#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

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
		IN_ITS_WORLD(a_refused_pin_is_tried_again_only_from_another_file),
		IN_ITS_WORLD(another_name_of_the_token_is_not_tried_either),
		IN_ITS_WORLD(a_token_of_another_module_is_its_own),
		IN_ITS_WORLD(it_has_stopped_when_no_process_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
