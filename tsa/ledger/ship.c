/* Owns the state of shipping: what is next, and whether the database is believed to be there. */
#include "tsa/ledger/ship.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tsa/core/hex.h"
#include "tsa/core/log.h"
#include "tsa/ledger/confine.h"
#include "tsa/ledger/incidents.h"
#include "tsa/ledger/resume.h"

enum {
	GATHER_MS = 50, /* a record waits this long for others to share its commit */
	BACKOFF_FIRST_MS = 100,
	BACKOFF_LAST_MS = 5000,
};

/* A lease whose differing records an operator accepted. */
struct accepted {
	uint32_t lease; /* 0: none */
	uint64_t differing; /* records so far */
	bool reported;
};

/* An incident that tsad was told, and where in the journal its record may stand. */
struct told {
	struct incident incident;
	uint64_t from; /* nothing before it says so */
	bool pending; /* not found yet: nothing is shipped */
};

struct ship {
	struct channel *channel;
	const struct confinement *confinement;
	uint32_t instance;
	bool awaited; /* tokens wait for SHIPPED */
	struct database *db;
	struct source source;
	struct batch batch;
	bool resumed; /* next_seq was found with the present connection */
	uint64_t next_seq; /* ships next */
	struct accepted accepted;
	struct told told;
	int backoff_ms; /* before the next attempt */
};

static bool has_work(const struct ship *s)
{
	return s->next_seq <= channel_durable(s->channel);
}

/* R6: another record under the same key. Nothing may be issued on top of that. */
static _Noreturn void stop_for_conflict(struct ship *s, const struct store_comparison *c)
{
	char ours[2 * MSG_HASH + 1];
	char theirs[2 * MSG_HASH + 1];
	char text[MSG_MAX_TEXT];

	hex_encode((struct bytes){ c->ours.leaf_hash, MSG_HASH }, ours);
	hex_encode((struct bytes){ c->theirs, MSG_HASH }, theirs);
	/* Longer than a struct err; its end is what the operator gives to --accept-incident. */
	(void)snprintf(text, sizeof(text),
		"ledger.record: one key holds one record: instance %08" PRIx32 " lease %" PRIu32
		" counter %" PRIu32 ": the database has leaf hash %s, the journal %s: after a "
		"look, to go on: tsad --config FILE --accept-incident %08" PRIx32 "-%" PRIu32,
		s->instance, c->ours.lease, c->ours.ctr, theirs, ours, c->ours.lease, c->ours.ctr);
	channel_fail(s->channel, MSG_FAILURE_CONFLICT, text);
}

/*
 * Some records of a lease differ.  Goes on only if the journal says, after them, that an operator
 * accepted that (R8): it stays in the journal, so that a later start finds it too.
 */
static void meet_conflict(struct ship *s, const struct store_comparison *c, uint64_t from)
{
	const struct incident wanted = { .what = INCIDENT_CONFLICT_ACCEPTED,
		.lease = c->ours.lease };
	struct err err = { 0 };
	bool found;

	if (s->accepted.lease == c->ours.lease)
		return;
	if (!incidents_find(
		    s->source.directory, from, channel_durable(s->channel), &wanted, &found, &err))
		channel_fail(s->channel, MSG_FAILURE_OTHER, err.text);
	if (!found)
		stop_for_conflict(s, c);
	s->accepted = (struct accepted){ .lease = c->ours.lease };
}

/* Once a lease: when what was shipped is of a later one, all of it was compared. */
static void report_accepted(struct ship *s, uint32_t shipped_lease)
{
	struct accepted *a = &s->accepted;

	if (a->differing == 0 || a->reported || shipped_lease == a->lease)
		return;
	a->reported = true;
	log_event(LOG_LEVEL_WARNING, "conflict_accepted",
		"the database keeps other records than the journal, as an operator accepted",
		"lease=%" PRIu32 " records=%" PRIu64, a->lease, a->differing);
}

/* The database took what there was: it is up, and the next trouble starts from the beginning. */
static void say_up(struct ship *s)
{
	char server[64];

	s->backoff_ms = BACKOFF_FIRST_MS;
	database_server(s->db, server, sizeof(server));
	channel_database(s->channel, true, server);
}

static void give_up_connection(struct ship *s, const struct err *err)
{
	channel_database(s->channel, false, err->text);
	database_drop(s->db);
	s->resumed = false;
}

static void report_resume(struct ship *s, const struct resume *r)
{
	log_event(LOG_LEVEL_INFO, "resumed", NULL,
		"seq=%" PRIu64 " durable=%" PRIu64 " lease=%" PRIu32 " rows=%" PRIu64, r->next_seq,
		channel_durable(s->channel), r->lease, r->in_database);
	if (r->gap)
		log_event(LOG_LEVEL_WARNING, "ledger_gap",
			"rows are missing before the last one: the lease is shipped again",
			"lease=%" PRIu32 " rows=%" PRIu64, r->lease, r->in_database);
}

/* Looks through what became durable since it looked last. */
static bool is_on_record(struct ship *s)
{
	struct told *t = &s->told;
	const uint64_t durable = channel_durable(s->channel);
	struct err err = { 0 };
	bool found = false;

	if (t->from <= durable &&
		!incidents_find(s->source.directory, t->from, durable, &t->incident, &found, &err))
		channel_fail(s->channel, MSG_FAILURE_OTHER, err.text);
	t->from = durable + 1;
	return found;
}

/*
 * What was told must be durable before the rows of a newer lease are in the database: these would
 * hide it from the next start, if tsad died in between.
 */
static bool may_ship(struct ship *s)
{
	if (s->told.pending)
		s->told.pending = !is_on_record(s);
	return !s->told.pending;
}

/* R8: issuing goes on; the journal itself must say what happened to it, once. */
static void report_behind(struct ship *s, const struct resume *r)
{
	const struct incident incident = { .what = INCIDENT_JOURNAL_BEHIND,
		.lease = r->lease,
		.journal_end = r->journal_end,
		.database_end = r->database_end,
		.newer_lease = r->newer_lease };
	const struct msg_incident message = { .lease = r->lease,
		.journal_end = r->journal_end,
		.database_end = r->database_end,
		.newer_lease = r->newer_lease };
	bool known;

	s->told = (struct told){ .incident = incident, .from = r->open_seq };
	if (!resume_journal_is_behind(r))
		return;
	known = is_on_record(s);
	log_event(known ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "journal_behind_database",
		"the database has records of this node that the journal has not: the journal "
		"was restored from an older copy",
		"instance=%08" PRIx32 " lease=%" PRIu32 " database=%" PRIu32 " journal=%" PRIu32
		" newer_lease=%" PRIu32 " recorded=%s",
		s->instance, r->lease, r->database_end, r->journal_end, r->newer_lease,
		known ? "yes" : "no");
	s->told.pending = !known;
	if (!known)
		channel_incident(s->channel, &message);
}

/* Asks the database where to go on. False: it could not say. */
static bool resume(struct ship *s, struct err *err)
{
	struct resume r;

	source_restart(&s->source);
	switch (resume_find(
		&s->source, s->db, s->instance, channel_durable(s->channel), &s->batch, &r, err)) {
	case RESUME_DATABASE_FAILED:
		return false;
	case RESUME_JOURNAL_FAILED:
		channel_fail(s->channel, MSG_FAILURE_OTHER, err->text);
	case RESUME_FOUND:
		break;
	}
	if (r.last.differing > 0) {
		meet_conflict(s, &r.last, r.open_seq);
		/* All of it is compared, so that the number of differing records is known. */
		r.next_seq = r.open_seq;
		s->accepted.differing = 0;
	}
	/* Rows that are there may be on no standby yet: their commit may have been cut short. */
	if (s->awaited && !store_confirm(s->db, err))
		return false;
	report_resume(s, &r);
	report_behind(s, &r);
	s->resumed = true;
	s->next_seq = r.next_seq;
	/* 0 where the database has nothing: it may have had more before it was restored. */
	channel_shipped(s->channel, s->next_seq - 1);
	return true;
}

/* Some records of the batch were there. False: the database could not say which. */
static bool check_present(struct ship *s, uint64_t inserted, struct err *err)
{
	struct store_comparison c;

	if (!store_compare(s->db, s->instance, &s->batch, &c, err))
		return false;
	if (c.differing > 0)
		meet_conflict(s, &c, s->next_seq);
	s->accepted.differing += c.differing;
	if (c.present < s->batch.count)
		return err_set(err,
			"ledger.record: a row that is not inserted must be there: %zu of %zu are",
			c.present, s->batch.count);
	log_event(LOG_LEVEL_INFO, "shipped_again", NULL, "seq=%" PRIu64 " records=%zu new=%" PRIu64,
		s->next_seq, s->batch.count, inserted);
	/* The insert wrote nothing, perhaps, and then waited for no standby. */
	return !s->awaited || store_confirm(s->db, err);
}

/* Sends one batch. False: the database did not take it. */
static bool ship_batch(struct ship *s, struct err *err)
{
	uint64_t inserted;

	if (!source_fill(&s->source, s->next_seq, channel_durable(s->channel), &s->batch, err))
		channel_fail(s->channel, MSG_FAILURE_OTHER, err->text);
	if (s->batch.count == 0)
		BUG("journal: nothing at seq %" PRIu64 ", durable is %" PRIu64, s->next_seq,
			channel_durable(s->channel));
	if (!store_insert(
		    s->db, s->instance, &s->batch, tsu_files_rows(s->source.tsus), &inserted, err))
		return false;
	if (inserted < s->batch.count && !check_present(s, inserted, err))
		return false;
	report_accepted(s, s->batch.keys[0].lease);
	s->next_seq = s->batch.last_seq + 1;
	channel_shipped(s->channel, s->batch.last_seq);
	return true;
}

/*
 * Lets records gather that can share a commit with the ones that wait.  Where tokens wait for it,
 * those share it that came while the one before was on its way.
 */
static void gather(struct ship *s)
{
	const int64_t end_ms = channel_now_ms() + GATHER_MS;
	int64_t left;

	if (s->awaited)
		return;
	while (!channel_closed(s->channel) &&
		channel_durable(s->channel) - s->next_seq + 1 < BATCH_MAX_RECORDS &&
		(left = end_ms - channel_now_ms()) > 0)
		(void)channel_wait(s->channel, -1, 0, (int)left);
}

/* One step with a connection. False: the connection is of no use; err says why. */
static bool step(struct ship *s, struct err *err)
{
	if (channel_durable(s->channel) == 0) {
		say_up(s);
		return database_idle(s->db, -1, err);
	}
	if (!s->resumed && !resume(s, err))
		return false;
	if (!has_work(s) || !may_ship(s)) {
		say_up(s);
		return channel_closed(s->channel) || database_idle(s->db, -1, err);
	}
	gather(s);
	if (!ship_batch(s, err))
		return false;
	say_up(s);
	return true;
}

/* What the database's address or login is read from changed: only a new process may read it. */
static void leave_if_stale(const struct ship *s)
{
	const char *path;

	if (!confinement_is_stale(s->confinement, &path))
		return;
	log_event(LOG_LEVEL_WARNING, "confined_anew",
		"a file that libpq reads has changed: a new process reads it", "file=%s", path);
	_exit(0);
}

static void back_off(struct ship *s)
{
	const int64_t end_ms = channel_now_ms() + s->backoff_ms;
	int64_t left;

	while (!channel_closed(s->channel) && (left = end_ms - channel_now_ms()) > 0)
		(void)channel_wait(s->channel, -1, 0, (int)left);
	s->backoff_ms *= 2;
	if (s->backoff_ms > BACKOFF_LAST_MS)
		s->backoff_ms = BACKOFF_LAST_MS;
}

/* True when tsad is gone and nothing is left to do, or nothing can be done. */
static bool finished(struct ship *s)
{
	if (!channel_closed(s->channel))
		return false;
	if (channel_over(s->channel) || channel_durable(s->channel) == 0 ||
		!database_connected(s->db))
		return true;
	return s->resumed && (!has_work(s) || (s->told.pending && !may_ship(s)));
}

static void run(struct ship *s)
{
	while (!finished(s)) {
		struct err err = { 0 };

		if (!database_connected(s->db) && !database_connect(s->db, &err)) {
			give_up_connection(s, &err);
			leave_if_stale(s);
			back_off(s);
			continue;
		}
		if (!step(s, &err)) {
			give_up_connection(s, &err);
			back_off(s);
		}
	}
	if (!s->resumed || has_work(s))
		log_event(LOG_LEVEL_WARNING, "stopped_unshipped",
			"the rest is shipped after the next start",
			"durable=%" PRIu64 " next=%" PRIu64, channel_durable(s->channel),
			s->resumed ? s->next_seq : 0);
}

void ship_run(struct channel *channel, const struct msg_setup_ledger *setup,
	const struct confinement *confinement)
{
	struct ship *s = must_calloc(1, sizeof(*s));
	struct err err = { 0 };

	s->channel = channel;
	s->confinement = confinement;
	s->instance = setup->instance;
	s->awaited = setup->awaited != 0;
	s->backoff_ms = BACKOFF_FIRST_MS;
	s->next_seq = 1;
	if (!source_open(&s->source, setup->directory, &err))
		channel_fail(channel, MSG_FAILURE_OTHER, err.text);
	s->db = database_new(setup->database, s->awaited, channel);
	run(s);
	database_free(s->db);
	source_close(&s->source);
	batch_free(&s->batch);
	free(s);
}
