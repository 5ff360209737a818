/*
 * Where tsa-ledger goes on, and what it makes of a database or a journal that is not what it left:
 * the real program against a real PostgreSQL, the test in tsad's place.  R6, R8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ledger_world.h"

/* UTC seconds of leases: 2026-11-24 08:00 and later. */
enum { LEASE = 1795507200, NEXT_LEASE = LEASE + 60, BODY = 300 };

static void goes_on_where_an_earlier_process_stopped(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 1000, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1001);
	assert_int_equal(ledger_world_close(w), 0);
	ledger_journal_tokens(&w->journal, 10, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1001);
	ledger_world_await_shipped(w, 1011);
	ledger_world_assert_rows(w, 1011);
	assert_true(ledger_world_logged(w, "event=resumed seq=1002 "));
	assert_false(ledger_world_logged(w, "event=shipped_again"));
}

/* A database restored from a backup has less: what it lost is shipped again. */
static void ships_again_what_a_restored_database_lost(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 899, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 900);
	ledger_world_pg("pg_stop && cp -a \"$PG_DIR/data\" \"$PG_DIR/backup\" && pg_start");
	ledger_journal_tokens(&w->journal, 400, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_journal_tsu(&w->journal);
	ledger_journal_tokens(&w->journal, 699, BODY);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 2000);
	ledger_world_pg("pg_stop && rm -rf \"$PG_DIR/data\" && "
			"mv \"$PG_DIR/backup\" \"$PG_DIR/data\" && pg_start");
	w->shipped = 0;
	ledger_world_await_shipped(w, 2000);
	ledger_world_assert_rows(w, 2000);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.lease"), 2);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.tsu"), 2);
	assert_true(ledger_world_logged(w, "event=resumed seq=901 "));
}

static void ships_a_lease_again_if_a_row_before_its_last_is_missing(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 999, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1000);
	assert_int_equal(ledger_world_close(w), 0);
	(void)ledger_world_sql(w, "alter table ledger.record_2026_11 disable trigger all; "
				  "delete from ledger.record where ctr = 123");
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1000);
	ledger_world_assert_rows(w, 1000);
	assert_true(ledger_world_logged(w, "event=ledger_gap"));
}

static void insert_by_hand(struct ledger_world *w, unsigned ctr, const char *leaf_hash)
{
	(void)ledger_world_sql(w,
		"insert into ledger.record values (%d, 439041101, %u, 0, 0, 0, 1, 0, '\\x%s', 'x')",
		LEASE, ctr, leaf_hash);
}

static const char other_hash[] = "0123456789abcdef0123456789abcdef"
				 "0123456789abcdef0123456789abcdef";

/* R6, R8: the only thing that stops the service. */
static void stops_at_a_different_record_under_the_same_key(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 700, BODY);
	insert_by_hand(w, 600, other_hash);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_failed(w);
	assert_int_equal(w->failed.failure, MSG_FAILURE_CONFLICT);
	assert_non_null(strstr(w->failed.text, "instance 1a2b3c4d lease 1795507200 counter 600:"));
	assert_non_null(strstr(w->failed.text, other_hash));
	assert_int_equal(ledger_world_status(w), 1);
	assert_true(w->shipped < 601);
}

static void goes_on_over_the_same_record_under_the_same_key(void **state)
{
	struct ledger_world *w = *state;
	struct ledger_journal_row row;
	char hash[2 * HASH_LEN + 1];

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 700, BODY);
	row = ledger_journal_row(&w->journal, 600);
	for (int i = 0; i < HASH_LEN; i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", row.leaf_hash[i]);
	insert_by_hand(w, 600, hash);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 701);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 701);
	assert_int_equal(w->failed.text[0], '\0');
}

/* The last rows of the lease are compared before anything is added to them. */
static void finds_a_different_record_among_those_shipped_before(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 100, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 101);
	assert_int_equal(ledger_world_close(w), 0);
	(void)ledger_world_sql(w,
		"alter table ledger.record_2026_11 disable trigger all; "
		"update ledger.record set leaf_hash = '\\x%s' where ctr = 50",
		other_hash);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_failed(w);
	assert_int_equal(w->failed.failure, MSG_FAILURE_CONFLICT);
	assert_non_null(strstr(w->failed.text, "counter 50:"));
	assert_int_equal(ledger_world_status(w), 1);
}

/* Ships a lease of that many records and goes on with an empty journal of the same node. */
static void put_journal_back(struct ledger_world *w, unsigned records)
{
	char older[MSG_MAX_PATH];
	struct ledger_journal now;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, records - 1, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, records);
	assert_int_equal(ledger_world_close(w), 0);
	(void)snprintf(older, sizeof(older), "%s/older", w->directory);
	now = w->journal;
	ledger_journal_begin(&w->journal, older, now.instance);
	w->journal.tsu_id = now.tsu_id;
	ledger_journal_end(&now);
}

/* As tsad does when it is told; what follows is shipped only then. */
static void put_on_record(struct ledger_world *w)
{
	ledger_world_await_incident(w);
	ledger_journal_incident(&w->journal, &(struct incident){ .what = INCIDENT_JOURNAL_BEHIND,
						     .lease = w->incident.lease,
						     .journal_end = w->incident.journal_end,
						     .database_end = w->incident.database_end,
						     .newer_lease = w->incident.newer_lease });
	ledger_world_durable(w);
}

static void assert_told(
	const struct ledger_world *w, uint32_t lease, uint32_t journal, uint32_t database)
{
	assert_int_equal(w->incidents, 1);
	assert_int_equal(w->incident.lease, lease);
	assert_int_equal(w->incident.journal_end, journal);
	assert_int_equal(w->incident.database_end, database);
}

/* R8: a journal from an older copy does not stop issuing; tsad is told, to put it on record. */
static void goes_on_with_a_fresh_lease_when_the_journal_is_behind(void **state)
{
	struct ledger_world *w = *state;

	put_journal_back(w, 200);
	/* The same 100 records as before, then another lease. */
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 99, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_journal_tokens(&w->journal, 9, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	put_on_record(w);
	ledger_world_await_shipped(w, 111);

	assert_told(w, LEASE, 100, 200);
	assert_int_equal(w->incident.newer_lease, 0);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 211);
	assert_true(ledger_world_logged(w, "event=journal_behind_database "
					   "instance=1a2b3c4d lease=1795507200 database=200 "
					   "journal=100 newer_lease=0 recorded=no"));
	assert_int_equal(w->failed.text[0], '\0');
}

/*
 * R8: tsad dies before what it was told is durable.  Had the rows of the next lease been shipped,
 * the database would say nothing of it any more.
 */
static void ships_nothing_before_what_it_told_is_on_record(void **state)
{
	struct ledger_world *w = *state;

	put_journal_back(w, 200);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 99, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_incident(w);
	ledger_journal_tokens(&w->journal, 9, BODY);
	ledger_world_durable(w);
	/* It ships what it may before it leaves. */
	assert_int_equal(ledger_world_close(w), 0);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 200);

	w->incidents = 0;
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	put_on_record(w);
	assert_told(w, LEASE, 100, 200);
	ledger_world_await_shipped(w, 111);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 211);
}

/* The same facts are on record: it is not told again; others are. */
static void tells_only_what_the_journal_does_not_say(void **state)
{
	const struct incident other = { .what = INCIDENT_JOURNAL_BEHIND,
		.lease = LEASE,
		.journal_end = 100,
		.database_end = 199 };
	const struct incident same = { .what = INCIDENT_JOURNAL_BEHIND,
		.lease = LEASE,
		.journal_end = 100,
		.database_end = 200 };
	struct ledger_world *w = *state;

	put_journal_back(w, 200);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 99, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_journal_incident(&w->journal, &other);
	ledger_journal_incident(&w->journal, &same);
	ledger_journal_flush(&w->journal);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable_to(w, 102);
	ledger_world_await_incident(w);
	assert_int_equal(ledger_world_close(w), 0);
	w->incidents = 0;
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 103);
	assert_int_equal(w->incidents, 0);
	assert_true(ledger_world_logged(w, "newer_lease=0 recorded=yes"));
}

/*
 * Counter 6 was late: at the copy it was a hole.  With its void the journal has as many records as
 * the database, but not those; and no conflict shows, as its own record was never shipped.
 */
static void is_not_misled_by_equal_numbers_of_records(void **state)
{
	struct ledger_world *w = *state;
	char older[MSG_MAX_PATH];
	struct ledger_journal now;

	for (int journal = 0; journal < 2; journal++) {
		ledger_journal_lease(&w->journal, LEASE);
		ledger_journal_tokens(&w->journal, 5, BODY);
		ledger_journal_ctr(&w->journal, 7);
		if (journal == 1)
			break;
		ledger_journal_tokens(&w->journal, 2, BODY);
		ledger_world_start(w, w->journal.directory);
		ledger_world_durable(w);
		ledger_world_await_shipped(w, 8);
		assert_int_equal(ledger_world_close(w), 0);
		(void)snprintf(older, sizeof(older), "%s/older", w->directory);
		now = w->journal;
		ledger_journal_begin(&w->journal, older, now.instance);
		w->journal.tsu_id = now.tsu_id;
		ledger_journal_end(&now);
	}
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_journal_ctr(&w->journal, 6);
	ledger_journal_void(&w->journal);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	put_on_record(w);
	ledger_world_await_shipped(w, 10);
	assert_told(w, LEASE, 8, 9);
	assert_int_equal(
		ledger_world_sql(w, "select kind from ledger.record where ctr = 6"), RECORD_VOID);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 11);
}

/* The greatest counter may stand far from the lease's end: the whole lease is looked at then. */
static void finds_the_greatest_counter_anywhere_in_the_lease(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_ctr(&w->journal, 5000);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_journal_ctr(&w->journal, 1);
	ledger_journal_tokens(&w->journal, 1200, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1202);
	assert_int_equal(ledger_world_close(w), 0);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1202);
	assert_int_equal(w->incidents, 0);
	assert_false(ledger_world_logged(w, "event=journal_behind_database"));
}

/* The journal after a start from a copy with two holes, which PostgreSQL has tokens for. */
static void put_back_with_holes(struct ledger_world *w, const struct incident *accepted)
{
	put_journal_back(w, 800);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 599, BODY);
	ledger_journal_ctr(&w->journal, 602);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_journal_ctr(&w->journal, 600);
	ledger_journal_void(&w->journal);
	ledger_journal_void(&w->journal);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	if (accepted != NULL)
		ledger_journal_incident(&w->journal, accepted);
	ledger_journal_tokens(&w->journal, 10, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
}

static void assert_stopped_with_id(struct ledger_world *w)
{
	const char id[] = "--accept-incident 6b054400-600";
	const char *end;

	ledger_world_await_failed(w);
	assert_int_equal(w->failed.failure, MSG_FAILURE_CONFLICT);
	end = strstr(w->failed.text, id);
	assert_non_null(end);
	assert_string_equal(end, id);
	assert_int_equal(ledger_world_status(w), 1);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 800);
}

static void names_the_conflict_for_the_operator(void **state)
{
	struct ledger_world *w = *state;

	put_back_with_holes(w, NULL);
	assert_stopped_with_id(w);
}

static void an_accepted_conflict_of_another_lease_is_none_of_this_one(void **state)
{
	const struct incident other = {
		.what = INCIDENT_CONFLICT_ACCEPTED, .lease = LEASE - 1, .ctr = 600
	};
	struct ledger_world *w = *state;

	put_back_with_holes(w, &other);
	assert_stopped_with_id(w);
}

/* R8: every start finds what an operator accepted; PostgreSQL keeps what it has. */
static void goes_on_past_a_conflict_that_is_accepted(void **state)
{
	const struct incident accepted = {
		.what = INCIDENT_CONFLICT_ACCEPTED, .lease = LEASE, .ctr = 600
	};
	struct ledger_world *w = *state;

	/* 600 records, 602, two voids; lease-open, acceptance, 10 tokens. */
	put_back_with_holes(w, &accepted);
	put_on_record(w);
	ledger_world_await_shipped(w, 616);
	assert_told(w, LEASE, 603, 800);
	assert_int_equal(w->failed.text[0], '\0');
	assert_true(ledger_world_logged(w, "event=conflict_accepted lease=1795507200 records=3"));
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record"), 813);
	assert_int_equal(
		ledger_world_sql(w, "select count(*) from ledger.record where kind = 1"), 0);
	assert_int_equal(ledger_world_close(w), 0);

	ledger_world_start(w, w->journal.directory);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 617);
	assert_int_equal(w->failed.text[0], '\0');
}

static void reports_a_lease_that_only_the_database_knows(void **state)
{
	struct ledger_world *w = *state;

	(void)ledger_world_sql(w,
		"insert into ledger.record values (%d, 439041101, 0, 2, 0, 0, 1, 0, '\\x%s', 'x')",
		NEXT_LEASE, other_hash);
	/* Another node's newer lease is none of ours. */
	(void)ledger_world_sql(w,
		"insert into ledger.record values (%d, 7, 0, 2, 0, 0, 1, 0, '\\x%s', 'x')",
		NEXT_LEASE + 60, other_hash);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	put_on_record(w);
	ledger_world_await_shipped(w, 2);
	assert_true(ledger_world_logged(w, "newer_lease=1795507260"));
	assert_told(w, 0, 0, 0);
	assert_int_equal(w->incident.newer_lease, NEXT_LEASE);
}

#define IN_ITS_WORLD(test)                                                                         \
	cmocka_unit_test_setup_teardown(test, ledger_world_setup, ledger_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(goes_on_where_an_earlier_process_stopped),
		IN_ITS_WORLD(ships_again_what_a_restored_database_lost),
		IN_ITS_WORLD(ships_a_lease_again_if_a_row_before_its_last_is_missing),
		IN_ITS_WORLD(stops_at_a_different_record_under_the_same_key),
		IN_ITS_WORLD(goes_on_over_the_same_record_under_the_same_key),
		IN_ITS_WORLD(finds_a_different_record_among_those_shipped_before),
		IN_ITS_WORLD(goes_on_with_a_fresh_lease_when_the_journal_is_behind),
		IN_ITS_WORLD(ships_nothing_before_what_it_told_is_on_record),
		IN_ITS_WORLD(tells_only_what_the_journal_does_not_say),
		IN_ITS_WORLD(is_not_misled_by_equal_numbers_of_records),
		IN_ITS_WORLD(finds_the_greatest_counter_anywhere_in_the_lease),
		IN_ITS_WORLD(names_the_conflict_for_the_operator),
		IN_ITS_WORLD(an_accepted_conflict_of_another_lease_is_none_of_this_one),
		IN_ITS_WORLD(goes_on_past_a_conflict_that_is_accepted),
		IN_ITS_WORLD(reports_a_lease_that_only_the_database_knows),
	};

	return cmocka_run_group_tests(tests, ledger_world_begin, ledger_world_end);
}
