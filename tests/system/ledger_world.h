/*
 * The world of test_ledger_role: a private PostgreSQL cluster (tests/system/pg.sh) with a fresh
 * database a test, a journal made by ledger_journal.h, and the real tsa-ledger at the other end
 * of a channel.  The test plays tsad.  Every wait has an end; a wait that ends fails the test.
 */
#ifndef TSA_TESTS_LEDGER_WORLD_H
#define TSA_TESTS_LEDGER_WORLD_H

#include <sys/types.h>

#include "ledger_journal.h"
#include "tsa/core/ipc.h"

struct ledger_world {
	char directory[64]; /* of this test */
	char conninfo[256]; /* as the node's login, which is a ts_writer */
	char admin[256]; /* as superuser */
	char log[128]; /* what tsa-ledger wrote on standard error */
	struct ledger_journal journal;
	struct ipc *ipc;
	pid_t pid;
	bool has_news;
	bool is_up; /* as the last DATABASE said */
	char database[MSG_MAX_TEXT]; /* its text */
	uint64_t shipped; /* as the last SHIPPED said */
	unsigned incidents; /* how many INCIDENT came */
	struct msg_incident incident; /* the last one */
	struct msg_failed failed;
};

/* Cluster with the schema in a template database; once for all tests. 0 when it is up. */
int ledger_world_begin(void **state);
int ledger_world_end(void **state);
/* One test's world: database, journal directory with instance and TSU, no tsa-ledger yet. */
int ledger_world_setup(void **state);
int ledger_world_teardown(void **state);

/* Runs a command of pg.sh ("pg_stop immediate && pg_start"); fails the test if it fails. */
void ledger_world_pg(const char *command);
/* Runs SQL as superuser and gives the first value of its last result. */
int64_t ledger_world_sql(struct ledger_world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Starts tsa-ledger and sends a SETUP_LEDGER of some version. */
void ledger_world_spawn(struct ledger_world *w, const char *journal, uint32_t version);
/* Starts tsa-ledger, sends SETUP_LEDGER for a journal directory, takes READY. */
void ledger_world_start(struct ledger_world *w, const char *journal);
/* All that is in w->journal, or up to a seq, is durable now. */
void ledger_world_durable(struct ledger_world *w);
void ledger_world_durable_to(struct ledger_world *w, uint64_t seq);
/* Waits for a message that makes it so. */
void ledger_world_await_shipped(struct ledger_world *w, uint64_t at_least);
void ledger_world_await_database(struct ledger_world *w, bool up);
void ledger_world_await_incident(struct ledger_world *w);
void ledger_world_await_failed(struct ledger_world *w);
/* Closes the channel and gives the exit status. */
int ledger_world_close(struct ledger_world *w);
/* Waits for the end of a program that leaves by itself and gives its exit status. */
int ledger_world_status(struct ledger_world *w);
/* True if a line of tsa-ledger's log has this text. */
bool ledger_world_logged(const struct ledger_world *w, const char *text);

/* Fails the test unless the database holds exactly the journal's first count records. */
void ledger_world_assert_rows(struct ledger_world *w, uint64_t count);

#endif
