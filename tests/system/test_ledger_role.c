/*
 * tsa-ledger as a whole: the real program against a real PostgreSQL, the test in tsad's place.
 * design.md D4, D11, D12; R1, R4, R5, R12.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger_world.h"

/* UTC seconds of leases: 2026-11-24 08:00 and later. */
enum { LEASE = 1795507200, NEXT_LEASE = LEASE + 60, BODY = 300 };

static void ships_every_record_as_it_is(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 700, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_journal_tokens(&w->journal, 500, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1202);

	ledger_world_assert_rows(w, 1202);
	/* R4: the columns beside the body; token number 7 of the first lease. */
	assert_int_equal(ledger_world_sql(w,
				 "select count(*) from ledger.record where lease_id = %d "
				 "and ctr = 7 and kind = 0 and flags = 1 and "
				 "bound_us = 7 and time_us = 1795507200007000 and "
				 "tsu_id = %" PRIu32,
				 LEASE, w->journal.tsu_id),
		1);
	assert_int_equal(
		ledger_world_sql(w, "select count(*) from ledger.record where kind = 2 and "
				    "ctr = 0 and tsu_id = 0"),
		2);
}

static void registers_node_leases_and_certificate_beside_the_records(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 3);

	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.node where "
					     "node_id = 439041101 and name = 'node/1a2b3c4d'"),
		1);
	assert_int_equal(ledger_world_sql(w,
				 "select count(*) from ledger.lease where "
				 "node_id = 439041101 and (lease_id, granted_us) in "
				 "((%d, 1795507200000000), (%d, 1795507200002000))",
				 LEASE, NEXT_LEASE),
		2);
	/* privateKeyUsagePeriod ends before notAfter: 2027-02-01. */
	assert_int_equal(ledger_world_sql(w,
				 "select count(*) from ledger.tsu where tsu_id = %" PRIu32
				 " and not_before_us = 1793491200000000 and "
				 "sign_until_us = 1801440000000000",
				 w->journal.tsu_id),
		1);
}

static void ships_a_certificate_that_comes_later(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 2);
	ledger_journal_tsu(&w->journal);
	ledger_journal_tokens(&w->journal, 1, BODY);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 3);

	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.tsu"), 2);
	assert_int_equal(ledger_world_sql(w, "select count(*) from ledger.record join ledger.tsu "
					     "using (tsu_id)"),
		2);
}

static void ships_a_record_whose_certificate_is_missing_and_says_so(void **state)
{
	struct ledger_world *w = *state;

	w->journal.tsu_id++;
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 3, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 4);

	ledger_world_assert_rows(w, 4);
	assert_true(ledger_world_logged(w, "event=tsu_file_missing"));
}

/* R5: it never reads beyond what tsad said is durable. */
static void ships_nothing_beyond_what_is_durable(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 99, BODY);
	ledger_journal_flush(&w->journal);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable_to(w, 40);
	ledger_world_await_shipped(w, 40);
	ledger_world_assert_rows(w, 40);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 100);
	ledger_world_assert_rows(w, 100);
}

static void reads_on_across_segments(void **state)
{
	struct ledger_world *w = *state;

	w->journal.size_limit = 1024 * 1024;
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 2000, BODY);
	ledger_journal_lease(&w->journal, NEXT_LEASE);
	ledger_journal_tokens(&w->journal, 2000, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1000);
	assert_int_equal(ledger_world_close(w), 0);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, w->journal.seq);
	ledger_world_assert_rows(w, w->journal.seq);
}

/* D4: issuing does not wait for the database, nor does this process's start. */
static void is_ready_while_the_database_is_away_and_ships_when_it_comes(void **state)
{
	struct ledger_world *w = *state;

	ledger_world_pg("pg_stop");
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 10, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_database(w, false);
	assert_non_null(strstr(w->database, "must be reachable"));
	ledger_world_pg("pg_start");
	ledger_world_await_database(w, true);
	assert_non_null(strstr(w->database, "PostgreSQL 1"));
	ledger_world_await_shipped(w, 11);
	ledger_world_assert_rows(w, 11);
}

static void interrupt_midway(struct ledger_world *w, const char *how)
{
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 20000, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 2000);
	ledger_world_pg(how);
	ledger_world_await_shipped(w, 20001);
	ledger_world_assert_rows(w, 20001);
	assert_int_equal(w->failed.text[0], '\0');
}

static void ships_once_though_the_database_restarts_midway(void **state)
{
	interrupt_midway(*state, "pg_stop immediate && pg_start");
}

static void ships_once_though_the_database_is_killed_midway(void **state)
{
	interrupt_midway(*state, "pg_crash && pg_start");
}

static void ships_once_though_its_connection_is_cut_midway(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 20000, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	for (uint64_t seq = 2000; seq <= 14000; seq += 4000) {
		ledger_world_await_shipped(w, seq);
		(void)ledger_world_sql(w, "select pg_terminate_backend(pid) from "
					  "pg_stat_activity where usename = 'tsa_node'");
	}
	ledger_world_await_shipped(w, 20001);
	ledger_world_assert_rows(w, 20001);
}

/* A row that the server refuses waits; it is not dropped and nothing overtakes it. */
static void keeps_what_the_server_refuses_and_says_why(void **state)
{
	struct ledger_world *w = *state;
	/* 2046-02-01: no partition is there yet. */
	const uint32_t lease = 2401056000;

	ledger_journal_lease(&w->journal, lease);
	ledger_journal_tokens(&w->journal, 4, BODY);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_database(w, false);
	assert_non_null(strstr(w->database, "no partition of relation \"record\""));
	(void)ledger_world_sql(w, "create table ledger.record_2046_02 partition of ledger.record "
				  "for values from (2401056000) to (2403475200)");
	ledger_world_await_shipped(w, 5);
	ledger_world_await_database(w, true);
	ledger_world_assert_rows(w, 5);
}

static void says_why_when_its_login_may_not_write(void **state)
{
	struct ledger_world *w = *state;

	(void)ledger_world_sql(w, "revoke insert on ledger.record from ts_writer");
	ledger_journal_lease(&w->journal, LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_database(w, false);
	assert_non_null(strstr(w->database, "permission denied for table record"));
	(void)ledger_world_sql(w, "grant insert on ledger.record to ts_writer");
	ledger_world_await_shipped(w, 1);
	ledger_world_assert_rows(w, 1);
}

/* R12: end of file means to finish what is held, then to leave. */
static void ships_what_is_durable_before_it_leaves(void **state)
{
	struct ledger_world *w = *state;

	ledger_world_start(w, w->journal.directory);
	ledger_world_await_database(w, true);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 2000, BODY);
	ledger_world_durable(w);
	assert_int_equal(ledger_world_close(w), 0);
	ledger_world_assert_rows(w, 2001);
}

/* The kernel then reports ECONNRESET before it gives the last messages of tsad's. */
static void ships_what_is_durable_when_tsad_dies_with_messages_unread(void **state)
{
	struct ledger_world *w = *state;
	struct pollfd unread;

	ledger_world_start(w, w->journal.directory);
	unread = (struct pollfd){ .fd = ipc_fd(w->ipc), .events = POLLIN };
	assert_int_equal(poll(&unread, 1, 30000), 1);
	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 10, BODY);
	/* Stopped meanwhile, it finds both at once. */
	assert_int_equal(kill(w->pid, SIGSTOP), 0);
	ledger_world_durable(w);
	ipc_free(w->ipc);
	w->ipc = NULL;
	assert_int_equal(kill(w->pid, SIGCONT), 0);
	assert_int_equal(ledger_world_status(w), 0);
	ledger_world_assert_rows(w, 11);
}

static void leaves_at_once_when_the_database_is_away(void **state)
{
	struct ledger_world *w = *state;

	ledger_world_pg("pg_stop");
	ledger_journal_lease(&w->journal, LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_database(w, false);
	assert_int_equal(ledger_world_close(w), 0);
	assert_true(ledger_world_logged(w, "event=stopped_unshipped"));
}

static void leaves_in_time_when_the_server_hangs(void **state)
{
	struct ledger_world *w = *state;
	pid_t backend;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_shipped(w, 1);
	backend = (pid_t)ledger_world_sql(
		w, "select pid from pg_stat_activity where usename = 'tsa_node'");
	assert_int_equal(kill(backend, SIGSTOP), 0);
	ledger_journal_tokens(&w->journal, 10, BODY);
	ledger_world_durable(w);
	assert_int_equal(ledger_world_close(w), 0);
	assert_int_equal(kill(backend, SIGCONT), 0);
	assert_true(ledger_world_logged(w, "event=stopped_unshipped"));
}

static int silent_server(const struct ledger_world *w, char *directory, size_t cap)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(directory, cap, "%s/silent", w->directory);
	(void)mkdir(directory, 0700);
	(void)snprintf(
		address.sun_path, sizeof(address.sun_path), "%.90s/.s.PGSQL.5432", directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void reaches_the_second_host_when_the_first_never_answers(void **state)
{
	struct ledger_world *w = *state;
	char directory[108];
	int fd = silent_server(w, directory, sizeof(directory));

	(void)snprintf(w->conninfo, sizeof(w->conninfo), "host=%s,%s user=tsa_node dbname=ledger",
		directory, getenv("PG_DIR"));
	ledger_journal_lease(&w->journal, LEASE);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_database(w, false);
	assert_non_null(strstr(w->database, "must answer within"));
	ledger_world_await_shipped(w, 1);
	(void)close(fd);
}

static void stops_when_the_journal_is_damaged_before_its_end(void **state)
{
	struct ledger_world *w = *state;

	ledger_journal_lease(&w->journal, LEASE);
	ledger_journal_tokens(&w->journal, 100, BODY);
	ledger_journal_flush(&w->journal);
	assert_int_equal(pwrite(w->journal.fd, "!", 1, SEGMENT_HEADER + 700), 1);
	ledger_world_start(w, w->journal.directory);
	ledger_world_durable(w);
	ledger_world_await_failed(w);
	assert_int_equal(w->failed.failure, MSG_FAILURE_OTHER);
	assert_int_equal(ledger_world_status(w), 1);
	ledger_world_assert_rows(w, 0);
}

static void refuses_a_parent_of_another_build(void **state)
{
	struct ledger_world *w = *state;

	ledger_world_spawn(w, w->journal.directory, MSG_VERSION + 1);
	ledger_world_await_failed(w);
	assert_int_equal(w->failed.failure, MSG_FAILURE_VERSION);
	assert_string_equal(
		w->failed.text, "tsa-ledger: protocol: must be version 3: tsad speaks 4");
	assert_int_equal(ledger_world_status(w), 1);
}

static int status_of(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void says_who_starts_it_when_it_has_no_channel(void **state)
{
	(void)state;
	assert_int_equal(status_of("'" TSA_LEDGER "' 3</dev/null 2>&1 | "
				   "grep -q 'is started by tsad, see tsad(8)'"),
		0);
	assert_int_equal(status_of("'" TSA_LEDGER "' 3</dev/null 2>/dev/null"), 3);
	assert_int_equal(status_of("'" TSA_LEDGER "' --version | grep -q '^tsa-ledger 0'"), 0);
	assert_int_equal(status_of("'" TSA_LEDGER "' --help >/dev/null"), 0);
	assert_int_equal(status_of("'" TSA_LEDGER "' --nonsense 2>/dev/null"), 3);
}

#define IN_ITS_WORLD(test)                                                                         \
	cmocka_unit_test_setup_teardown(test, ledger_world_setup, ledger_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(ships_every_record_as_it_is),
		IN_ITS_WORLD(registers_node_leases_and_certificate_beside_the_records),
		IN_ITS_WORLD(ships_a_certificate_that_comes_later),
		IN_ITS_WORLD(ships_a_record_whose_certificate_is_missing_and_says_so),
		IN_ITS_WORLD(ships_nothing_beyond_what_is_durable),
		IN_ITS_WORLD(reads_on_across_segments),
		IN_ITS_WORLD(is_ready_while_the_database_is_away_and_ships_when_it_comes),
		IN_ITS_WORLD(ships_once_though_the_database_restarts_midway),
		IN_ITS_WORLD(ships_once_though_the_database_is_killed_midway),
		IN_ITS_WORLD(ships_once_though_its_connection_is_cut_midway),
		IN_ITS_WORLD(keeps_what_the_server_refuses_and_says_why),
		IN_ITS_WORLD(says_why_when_its_login_may_not_write),
		IN_ITS_WORLD(ships_what_is_durable_before_it_leaves),
		IN_ITS_WORLD(ships_what_is_durable_when_tsad_dies_with_messages_unread),
		IN_ITS_WORLD(leaves_at_once_when_the_database_is_away),
		IN_ITS_WORLD(leaves_in_time_when_the_server_hangs),
		IN_ITS_WORLD(reaches_the_second_host_when_the_first_never_answers),
		IN_ITS_WORLD(stops_when_the_journal_is_damaged_before_its_end),
		IN_ITS_WORLD(refuses_a_parent_of_another_build),
		cmocka_unit_test(says_who_starts_it_when_it_has_no_channel),
	};

	return cmocka_run_group_tests(tests, ledger_world_begin, ledger_world_end);
}
