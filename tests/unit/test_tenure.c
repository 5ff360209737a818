/*
 * The turn of the lease at UTC midnight, which no test of a running service can wait for.  tenure.c
 * and lease.c are the real ones; clock, journal and jobs are played here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/journal.h"
#include "tsa/authority/lease.h"
#include "tsa/authority/tenure.h"
#include "tsa/authority/timesrc.h"

enum { MAX_RECORDS = 8 };

/* 2026-11-24T23:59:59Z, and the midnight after it. */
#define EVENING_S 1795564799u
#define MIDNIGHT_S (EVENING_S + 1)

struct world {
	struct tenure tenure;
	struct timesrc clock;
	uint64_t now_s;
	size_t in_flight; /* jobs with a counter */
	size_t waiting; /* records that are not durable */
	bool held; /* no job gets a counter */
	struct msg_record record[MAX_RECORDS];
	size_t count;
};

static struct world world;
static const uint8_t zero_hash[HASH_LEN];
static const struct lease_facts facts = { "unchecked", "1", zero_hash };

/* ---- the neighbours ---- */

bool timesrc_read(struct clock_reading *reading)
{
	*reading = (struct clock_reading){ .time_us = world.now_s * 1000000 };
	return true;
}

void journal_append(struct journal *journal, const struct msg_record *record)
{
	(void)journal;
	assert_true(world.count < MAX_RECORDS);
	world.record[world.count++] = *record;
	world.waiting++;
}

size_t journal_waiting(const struct journal *journal)
{
	(void)journal;
	return world.waiting;
}

bool issue_in_flight(const struct issuing *issuing)
{
	(void)issuing;
	return world.in_flight > 0;
}

void issue_hold(struct issuing *issuing, bool hold)
{
	(void)issuing;
	assert_int_not_equal(world.held, hold);
	world.held = hold;
}

/* ---- the world ---- */

static int open_world(void **state)
{
	const struct msg_journal_ready ready = { .instance = 0x01020304 };

	(void)state;
	memset(&world, 0, sizeof(world));
	world.now_s = EVENING_S - 3600;
	world.tenure.lease = lease_new(&facts);
	world.tenure.clock = &world.clock;
	lease_found(world.tenure.lease, &ready);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	lease_free(world.tenure.lease);
	return 0;
}

/* All records so far are on disk. */
static bool durable(void)
{
	world.waiting = 0;
	return tenure_durable(&world.tenure, world.record[world.count - 1].seq);
}

static void begin(void)
{
	tenure_begin(&world.tenure);
	assert_int_equal(world.count, 1);
	assert_true(durable());
}

static void expect_record(size_t index, uint8_t kind, uint32_t lease, uint32_t ctr)
{
	assert_true(index < world.count);
	assert_int_equal(world.record[index].kind, kind);
	assert_int_equal(world.record[index].lease, lease);
	assert_int_equal(world.record[index].ctr, ctr);
	assert_true(world.record[index].seq == index + 1);
}

static void add_void(struct serial serial)
{
	struct msg_record record;
	struct buf body = { 0 };

	lease_void_record(world.tenure.lease, serial, world.now_s * 1000000, -1, 0,
		VOID_SIGNER_DIED, &record, &body);
	journal_append(NULL, &record);
	buf_free(&body);
}

/* ---- the tests ---- */

/* R1: one lease from its opening to midnight. */
static void before_midnight_nothing_turns(void **state)
{
	(void)state;
	begin();
	world.now_s = EVENING_S;
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 1);
	assert_false(world.held);
}

static void at_midnight_an_idle_service_closes_its_lease_and_opens_the_next(void **state)
{
	(void)state;
	begin();
	world.now_s = MIDNIGHT_S;
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 3);
	expect_record(1, RECORD_LEASE_CLOSE, EVENING_S - 3600, 1);
	expect_record(2, RECORD_LEASE_OPEN, MIDNIGHT_S, 0);
	assert_int_equal(lease_take(world.tenure.lease).lease, MIDNIGHT_S);
}

/* R1: no token may have a serial of a lease whose opening a crash could take back. */
static void jobs_are_held_until_the_new_lease_is_durable(void **state)
{
	(void)state;
	begin();
	world.now_s = MIDNIGHT_S;
	tenure_tick(&world.tenure);
	assert_true(world.held);
	/* The lease-close alone is durable. */
	world.waiting = 1;
	assert_false(tenure_durable(&world.tenure, world.record[1].seq));
	assert_true(world.held);
	/* It is no end of a begin or end: the service goes on as it is. */
	assert_false(durable());
	assert_false(world.held);
	assert_int_equal(world.count, 3);
}

/* The lease-close counts every token of the lease: it comes after the last one's record. */
static void the_lease_is_closed_only_when_no_job_and_no_record_is_under_way(void **state)
{
	struct serial serial;

	(void)state;
	begin();
	serial = lease_take(world.tenure.lease);
	world.in_flight = 1;
	world.now_s = MIDNIGHT_S;
	tenure_tick(&world.tenure);
	assert_true(world.held);
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 1);
	/* The job is over, its record is with the journal. */
	world.in_flight = 0;
	add_void(serial);
	tenure_turn(&world.tenure);
	assert_int_equal(world.count, 2);
	/* It is durable: now the lease ends. */
	assert_false(durable());
	assert_int_equal(world.count, 4);
	expect_record(2, RECORD_LEASE_CLOSE, EVENING_S - 3600, 2);
	expect_record(3, RECORD_LEASE_OPEN, MIDNIGHT_S, 0);
	assert_true(world.held);
	assert_false(durable());
	assert_false(world.held);
}

static void the_next_midnight_turns_again(void **state)
{
	(void)state;
	begin();
	world.now_s = MIDNIGHT_S;
	tenure_tick(&world.tenure);
	assert_false(durable());
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 3);
	world.now_s += 86400;
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 5);
	expect_record(4, RECORD_LEASE_OPEN, MIDNIGHT_S + 86400, 0);
}

/* A lease-open states the configuration in force: auditors read there what a token went by. */
static void another_configuration_turns_the_lease(void **state)
{
	static const uint8_t other_hash[HASH_LEN] = { 0xab };
	const struct lease_facts other = { "kernel", "1", other_hash };
	struct serial serial;

	(void)state;
	begin();
	lease_set_facts(world.tenure.lease, &facts);
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 1);
	serial = lease_take(world.tenure.lease);
	world.in_flight = 1;
	lease_set_facts(world.tenure.lease, &other);
	assert_true(lease_due(world.tenure.lease, world.now_s * 1000000));
	tenure_tick(&world.tenure);
	assert_true(world.held);
	assert_int_equal(world.count, 1);
	/* The last job of the old lease is over; the second of its opening is not. */
	world.in_flight = 0;
	add_void(serial);
	assert_false(durable());
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 2);
	assert_true(world.held);
	world.now_s++;
	tenure_tick(&world.tenure);
	expect_record(2, RECORD_LEASE_CLOSE, EVENING_S - 3600, 2);
	expect_record(3, RECORD_LEASE_OPEN, EVENING_S - 3599, 0);
	assert_false(durable());
	assert_false(world.held);
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 4);
}

/* R10: no record of a lease is older than one before it. */
static void a_clock_that_went_back_does_not_take_the_records_along(void **state)
{
	(void)state;
	world.clock.last_us = EVENING_S * 1000000ull;
	begin();
	assert_true(world.record[0].time_us == EVENING_S * 1000000ull);
	world.now_s = EVENING_S - 7200;
	tenure_end(&world.tenure);
	assert_true(world.record[1].time_us >= world.record[0].time_us);
}

static void the_end_is_reached_when_the_lease_close_is_durable(void **state)
{
	(void)state;
	begin();
	tenure_end(&world.tenure);
	expect_record(1, RECORD_LEASE_CLOSE, EVENING_S - 3600, 1);
	assert_false(tenure_durable(&world.tenure, world.record[0].seq));
	assert_true(durable());
	assert_false(durable());
}

/* The service stops while a turn waits for its second: the lease that is open is the last. */
static void a_turn_that_waits_does_not_outlive_the_end(void **state)
{
	static const uint8_t other_hash[HASH_LEN] = { 0xab };
	const struct lease_facts other = { "kernel", "1", other_hash };

	(void)state;
	begin();
	lease_set_facts(world.tenure.lease, &other);
	tenure_tick(&world.tenure);
	assert_true(world.held);
	assert_int_equal(world.count, 1);
	tenure_end(&world.tenure);
	expect_record(1, RECORD_LEASE_CLOSE, EVENING_S - 3600, 1);
	assert_true(durable());
	world.now_s++;
	tenure_tick(&world.tenure);
	assert_int_equal(world.count, 2);
}

static const struct incident accepted = {
	.what = INCIDENT_CONFLICT_ACCEPTED, .lease = 7, .ctr = 9
};

/* R8: PostgreSQL is asked only when the acceptance is on disk. */
static void at_start_what_an_operator_accepted_is_awaited_with_the_lease_open(void **state)
{
	(void)state;
	tenure_begin(&world.tenure);
	assert_true(tenure_incident(&world.tenure, &accepted));
	assert_int_equal(world.count, 2);
	expect_record(1, RECORD_INCIDENT, EVENING_S - 3600, 1);
	assert_false(tenure_durable(&world.tenure, world.record[0].seq));
	assert_true(durable());
}

/* It is one record of the lease as any other: the next serial follows, the close counts it. */
static void while_it_runs_an_incident_takes_a_counter_and_holds_nothing(void **state)
{
	(void)state;
	begin();
	assert_true(tenure_incident(&world.tenure, &accepted));
	expect_record(1, RECORD_INCIDENT, EVENING_S - 3600, 1);
	assert_false(world.held);
	assert_false(durable());
	assert_true(tenure_incident(&world.tenure, &accepted));
	tenure_end(&world.tenure);
	expect_record(3, RECORD_LEASE_CLOSE, EVENING_S - 3600, 3);
}

/* tsa-ledger finds it again at the next start. */
static void after_the_end_there_is_no_lease_for_an_incident(void **state)
{
	(void)state;
	begin();
	tenure_end(&world.tenure);
	assert_false(tenure_incident(&world.tenure, &accepted));
	assert_int_equal(world.count, 2);
}

#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(before_midnight_nothing_turns),
		IN_ITS_WORLD(at_midnight_an_idle_service_closes_its_lease_and_opens_the_next),
		IN_ITS_WORLD(jobs_are_held_until_the_new_lease_is_durable),
		IN_ITS_WORLD(the_lease_is_closed_only_when_no_job_and_no_record_is_under_way),
		IN_ITS_WORLD(the_next_midnight_turns_again),
		IN_ITS_WORLD(another_configuration_turns_the_lease),
		IN_ITS_WORLD(a_clock_that_went_back_does_not_take_the_records_along),
		IN_ITS_WORLD(the_end_is_reached_when_the_lease_close_is_durable),
		IN_ITS_WORLD(a_turn_that_waits_does_not_outlive_the_end),
		IN_ITS_WORLD(at_start_what_an_operator_accepted_is_awaited_with_the_lease_open),
		IN_ITS_WORLD(while_it_runs_an_incident_takes_a_counter_and_holds_nothing),
		IN_ITS_WORLD(after_the_end_there_is_no_lease_for_an_incident),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
