/*
 * tsad's side of tsa-ledger: when a process that hangs is killed.  ledger.c is the real one; the
 * process and the clock are played here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>

#include "tsa/authority/ledger.h"
#include "tsa/authority/timesrc.h"

enum { LIMIT_MS = 60000 };

struct child {
	int unused;
};

struct world {
	uint64_t now_ms;
	struct child child;
	struct child_events to; /* of the process that runs */
	unsigned started;
	unsigned killed;
	struct event_base *base;
	struct config *config;
	struct ledger *ledger;
};

static struct world world;

/* ---- the neighbours ---- */

uint64_t monotonic_ms(void)
{
	return world.now_ms;
}

struct child *child_start(struct spawner *spawner, const struct child_program *program,
	const char *detail, const int *listeners, size_t listener_count,
	const struct child_events *events, struct err *err)
{
	(void)spawner;
	(void)program;
	(void)detail;
	(void)listeners;
	(void)listener_count;
	(void)err;
	world.to = *events;
	world.started++;
	return &world.child;
}

bool child_send(struct child *child, const struct msg *m)
{
	(void)child;
	(void)m;
	return true;
}

void child_must_send(struct child *child, const struct msg *m)
{
	(void)child;
	(void)m;
}

bool child_idle_queue(const struct child *child)
{
	(void)child;
	return true;
}

void child_close(struct child *child)
{
	(void)child;
}

void child_kill(struct child *child)
{
	(void)child;
	world.killed++;
}

unsigned backoff_ms(unsigned failures)
{
	(void)failures;
	return 0;
}

static void on_conflict(void *arg, const char *text)
{
	(void)arg;
	fail_msg("a conflict: %s", text);
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool on_incident(void *arg, const struct incident *incident)
{
	(void)arg;
	(void)incident;
	return true;
}

/* ---- what happens ---- */

static void pass_ms(uint64_t ms)
{
	world.now_ms += ms;
	ledger_tick(world.ledger);
}

static void say_away(void)
{
	const struct msg m = { .type = MSG_DATABASE, .database = { .text = "refused" } };

	world.to.message(world.to.arg, &m);
}

static void say_shipped(uint64_t seq)
{
	const struct msg m = { .type = MSG_SHIPPED, .shipped = { seq } };

	world.to.message(world.to.arg, &m);
}

static int open_world(void **state)
{
	const struct ledger_events events = { .conflict = on_conflict,
		.answerable = nothing,
		.incident = on_incident,
		.stopped = nothing };

	*state = &world;
	memset(&world, 0, sizeof(world));
	world.now_ms = 1000000;
	world.base = event_base_new();
	world.config = calloc(1, sizeof(*world.config));
	if (world.base == NULL || world.config == NULL)
		return -1;
	world.config->max_unshipped_age_s = 1800;
	world.ledger = ledger_new(world.base, NULL, world.config, 1, 0, &events);
	ledger_start(world.ledger);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	ledger_free(world.ledger);
	free(world.config);
	event_base_free(world.base);
	return 0;
}

/* ---- the tests ---- */

static void one_that_is_not_heard_of_while_records_wait_is_killed_once(void **state)
{
	(void)state;
	ledger_durable(world.ledger, 5);
	pass_ms(LIMIT_MS - 1);
	assert_int_equal(world.killed, 0);
	pass_ms(1);
	assert_int_equal(world.killed, 1);
	pass_ms(100);
	assert_int_equal(world.killed, 1);
}

static void one_that_says_why_it_does_not_ship_is_left_alone(void **state)
{
	(void)state;
	ledger_durable(world.ledger, 5);
	for (int i = 0; i < 10; i++) {
		pass_ms(LIMIT_MS / 2);
		say_away();
	}
	assert_int_equal(world.killed, 0);
}

static void silence_is_no_fault_while_nothing_waits(void **state)
{
	(void)state;
	pass_ms(10 * LIMIT_MS);
	ledger_durable(world.ledger, 5);
	/* What comes after a long silence has its time as well. */
	pass_ms(LIMIT_MS - 1);
	assert_int_equal(world.killed, 0);
	say_shipped(5);
	pass_ms(10 * LIMIT_MS);
	assert_int_equal(world.killed, 0);
}

static void the_next_process_has_its_time(void **state)
{
	(void)state;
	ledger_durable(world.ledger, 5);
	pass_ms(LIMIT_MS);
	assert_int_equal(world.killed, 1);
	world.now_ms += 100;
	world.to.gone(world.to.arg, 9);
	assert_int_equal(event_base_loop(world.base, EVLOOP_ONCE), 0);
	assert_int_equal(world.started, 2);
	pass_ms(LIMIT_MS - 1);
	assert_int_equal(world.killed, 1);
	pass_ms(1);
	assert_int_equal(world.killed, 2);
}

#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(one_that_is_not_heard_of_while_records_wait_is_killed_once),
		IN_ITS_WORLD(one_that_says_why_it_does_not_ship_is_left_alone),
		IN_ITS_WORLD(silence_is_no_fault_while_nothing_waits),
		IN_ITS_WORLD(the_next_process_has_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
