/* One world at a time: lanes and TSUs are found by functions that are not given it. */
#include "crew_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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

void prove(struct lane *l)
{
	assert_int_equal(l->state, LANE_STARTING);
	l->state = LANE_IDLE;
	l->in_proof = false;
	l->proven = true;
	l->events->proven(l->events->arg, l, "SoftHSM, serial 1");
}

void die(struct lane *l, uint8_t failure)
{
	l->state = LANE_DOWN;
	l->in_proof = false;
	l->failure = failure;
	(void)snprintf(l->text, sizeof(l->text), "died");
	l->events->gone(l->events->arg, l);
}

void become_due(struct lane *l)
{
	l->failures = 0;
	l->events->due(l->events->arg, l);
}

struct lane *proving(const struct world *w)
{
	struct lane *found = NULL;

	for (size_t i = 0; i < w->lane_count; i++) {
		if (!w->lanes[i]->in_proof)
			continue;
		assert_null(found);
		found = w->lanes[i];
	}
	return found;
}

void prove_all(const struct world *w)
{
	struct lane *l;

	while ((l = proving(w)) != NULL)
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

void write_pin(const struct world *w, const char *pin)
{
	FILE *f = fopen(w->pin_file, "w");

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

int open_world(void **state)
{
	static const struct crew_events events = { .loaded = on_loaded,
		.refused = on_refused,
		.lane_idle = nothing,
		.stopped = on_stopped };
	const char *folder = getenv("TMPDIR");
	int fd;

	*state = &world;
	memset(&world, 0, sizeof(world));
	(void)snprintf(world.pin_file, sizeof(world.pin_file), "%s/tsa-crew.XXXXXX",
		folder == NULL ? "/tmp" : folder);
	fd = mkstemp(world.pin_file);
	assert_true(fd >= 0);
	(void)close(fd);
	write_pin(&world, "wrong");
	world.crew = crew_new(NULL, NULL, false, &events);
	make_config();
	return 0;
}

int close_world(void **state)
{
	(void)state;
	crew_free(world.crew);
	assert_int_equal(world.lane_count, 0);
	assert_int_equal(world.config->more_holders, 0);
	config_free(world.config);
	(void)unlink(world.pin_file);
	return 0;
}

void load(const struct world *w)
{
	struct err err = { 0 };

	assert_true(crew_load(w->crew, w->config, &err));
}

void begin(const struct world *w)
{
	load(w);
	prove_all(w);
	crew_swap(w->crew);
	assert_int_equal(w->lane_count, 4);
}
