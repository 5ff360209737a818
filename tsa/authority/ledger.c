/* Owns the tsa-ledger process and the marks that give the age of what is not shipped. */
#include "tsa/authority/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/timesrc.h"
#include "tsa/core/log.h"

enum {
	TELL_MS = 10, /* DURABLE is told at most this often, unless tokens wait for it */
	STALL_MS = 2000, /* with ack = ledger nothing is accepted when the ledger stands so long */
	HUNG_MS = 60000, /* nothing heard for so long, though records wait: another one is tried */
	MAX_REPORTED = 16, /* incidents that are remembered; one more would be written twice */
	MAX_MARKS = 4096, /* one a second: more than an hour of arrears to the second */
	MAX_QUEUED = 1024 * 1024,
};

static const struct child_program program = { "tsa-ledger", "ledger", CHILD_LIBPQ_ENVIRONMENT,
	MAX_QUEUED, 8 };

/* Record seq became durable at this moment; one mark a second at most. */
struct mark {
	uint64_t seq;
	uint64_t at_ms;
};

struct ledger {
	struct spawner *spawner;
	const struct config *config;
	uint32_t instance;
	struct ledger_events events;
	struct child *child;
	struct event *restart;
	struct event *tell;
	unsigned failures;
	bool stopping;
	bool conflict;
	bool connected;
	uint64_t away_ms; /* monotonic, since when it is not connected */
	uint64_t heard_ms; /* monotonic, of the last word of this process */
	char text[MSG_MAX_TEXT];
	char trouble[MSG_MAX_TEXT + 64];
	struct incident reported[MAX_REPORTED];
	size_t reported_count;
	uint64_t durable;
	uint64_t told;
	uint64_t shipped;
	struct mark marks[MAX_MARKS]; /* ring, oldest at first */
	size_t first;
	size_t count;
};

static void tell_now(struct ledger *l)
{
	struct msg m = { .type = MSG_DURABLE, .durable = { l->durable } };

	if (l->child == NULL || l->told == l->durable || !child_idle_queue(l->child))
		return;
	child_must_send(l->child, &m);
	l->told = l->durable;
}

static void arm_tell(struct ledger *l)
{
	const struct timeval soon = { .tv_usec = TELL_MS * 1000 };

	if (l->child != NULL && l->told != l->durable && !evtimer_pending(l->tell, NULL))
		(void)evtimer_add(l->tell, &soon);
}

static void on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct ledger *l = arg;

	(void)fd;
	(void)what;
	tell_now(l);
	arm_tell(l);
}

static void add_mark(struct ledger *l, uint64_t seq)
{
	uint64_t now_ms = monotonic_ms();
	const struct mark *last = &l->marks[(l->first + l->count - 1) % MAX_MARKS];

	/* A full ring keeps its old marks: the age it gives is then that of the oldest, rightly. */
	if (l->count == MAX_MARKS || (l->count > 0 && now_ms - last->at_ms < 1000))
		return;
	l->marks[(l->first + l->count++) % MAX_MARKS] = (struct mark){ seq, now_ms };
}

void ledger_durable(struct ledger *l, uint64_t seq)
{
	l->durable = seq;
	add_mark(l, seq);
	if (l->config->ack == CONFIG_ACK_LEDGER)
		tell_now(l);
	arm_tell(l);
}

static void on_shipped(struct ledger *l, uint64_t seq)
{
	l->failures = 0;
	l->shipped = seq;
	while (l->count > 0 && l->marks[l->first].seq <= seq) {
		l->first = (l->first + 1) % MAX_MARKS;
		l->count--;
	}
	/* What is left is at least as young as the mark just dropped, or it begins now. */
	if (l->count == 0 && l->shipped < l->durable)
		add_mark(l, l->durable);
	if (l->config->ack == CONFIG_ACK_LEDGER)
		l->events.answerable(l->events.arg);
}

static void set_connected(struct ledger *l, bool connected)
{
	if (l->connected && !connected)
		l->away_ms = monotonic_ms();
	l->connected = connected;
}

static void on_database(struct ledger *l, const struct msg_database *db)
{
	bool changed = l->connected != (db->connected != 0) || strcmp(l->text, db->text) != 0;

	set_connected(l, db->connected != 0);
	(void)snprintf(l->text, sizeof(l->text), "%s", db->text);
	if (changed && l->connected)
		log_event(LOG_LEVEL_INFO, "database_connected", l->text, "unshipped=%" PRIu64,
			l->durable - l->shipped);
	else if (changed)
		log_event(LOG_LEVEL_ERROR, "database_away", l->text,
			"unshipped=%" PRIu64 " max_unshipped_age_s=%" PRIu32,
			l->durable - l->shipped, l->config->max_unshipped_age_s);
}

static void on_failed(struct ledger *l, const struct msg_failed *failed)
{
	if (failed->failure == MSG_FAILURE_CONFLICT) {
		l->conflict = true;
		l->events.conflict(l->events.arg, failed->text);
		return;
	}
	set_connected(l, false);
	(void)snprintf(l->text, sizeof(l->text), "%s", failed->text);
	log_event(LOG_LEVEL_ERROR, "ledger_failed", failed->text, "failure=%s",
		msg_failure_name(failed->failure));
}

/* tsa-ledger finds the same again until what follows it is shipped. */
static void on_incident(struct ledger *l, const struct msg_incident *m)
{
	const struct incident incident = { .what = INCIDENT_JOURNAL_BEHIND,
		.lease = m->lease,
		.journal_end = m->journal_end,
		.database_end = m->database_end,
		.newer_lease = m->newer_lease };

	for (size_t i = 0; i < l->reported_count; i++) {
		const struct incident *known = &l->reported[i];

		if (known->lease == m->lease && known->journal_end == m->journal_end &&
			known->database_end == m->database_end &&
			known->newer_lease == m->newer_lease)
			return;
	}
	if (l->events.incident(l->events.arg, &incident) && l->reported_count < MAX_REPORTED)
		l->reported[l->reported_count++] = incident;
}

static void on_message(void *arg, const struct msg *m)
{
	struct ledger *l = arg;

	l->heard_ms = monotonic_ms();
	switch (m->type) {
	case MSG_READY:
		return;
	case MSG_SHIPPED:
		if (m->shipped.seq > l->durable)
			break;
		on_shipped(l, m->shipped.seq);
		return;
	case MSG_DATABASE:
		on_database(l, &m->database);
		return;
	case MSG_INCIDENT:
		on_incident(l, &m->incident);
		return;
	case MSG_FAILED:
		on_failed(l, &m->failed);
		return;
	default:
		break;
	}
	log_event(LOG_LEVEL_ERROR, "ledger_bad_message", msg_name(m->type), "%s", "");
	child_kill(l->child);
}

static void on_gone(void *arg, int status)
{
	struct ledger *l = arg;
	unsigned delay_ms = backoff_ms(++l->failures);
	const struct timeval delay = { .tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000 };

	(void)status;
	l->child = NULL;
	set_connected(l, false);
	(void)evtimer_del(l->tell);
	if (l->stopping)
		l->events.stopped(l->events.arg);
	else if (!l->conflict)
		(void)evtimer_add(l->restart, &delay);
}

static void start(struct ledger *l)
{
	const struct child_events events = { on_message, on_gone, l };
	struct msg m = { .type = MSG_SETUP_LEDGER,
		.setup_ledger = { .version = MSG_VERSION,
			.instance = l->instance,
			.awaited = l->config->ack == CONFIG_ACK_LEDGER } };
	struct err err = { 0 };

	l->child = child_start(l->spawner, &program, "", NULL, 0, &events, &err);
	if (l->child == NULL) {
		const struct timeval later = { .tv_sec = 5 };

		log_event(LOG_LEVEL_ERROR, "ledger_failed", err.text, "failure=other");
		(void)evtimer_add(l->restart, &later);
		return;
	}
	(void)snprintf(m.setup_ledger.database, sizeof(m.setup_ledger.database), "%s",
		l->config->database);
	(void)snprintf(m.setup_ledger.directory, sizeof(m.setup_ledger.directory), "%s",
		l->config->journal);
	child_must_send(l->child, &m);
	l->heard_ms = monotonic_ms();
	l->told = 0;
	tell_now(l);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

struct ledger *ledger_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, uint32_t instance, uint64_t durable,
	const struct ledger_events *events)
{
	struct ledger *l = must_calloc(1, sizeof(*l));

	l->spawner = spawner;
	l->config = config;
	l->instance = instance;
	l->events = *events;
	(void)snprintf(l->text, sizeof(l->text), "not connected yet");
	l->restart = evtimer_new(base, on_restart, l);
	l->tell = evtimer_new(base, on_tell, l);
	if (l->restart == NULL || l->tell == NULL)
		BUG("libevent gives no timer");
	l->away_ms = monotonic_ms();
	/* What an earlier run left unshipped counts from now. */
	if (durable > 0)
		ledger_durable(l, durable);
	return l;
}

void ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	event_free(l->restart);
	event_free(l->tell);
	free(l);
}

void ledger_reload(struct ledger *l, const struct config *config)
{
	l->config = config;
}

void ledger_start(struct ledger *l)
{
	if (l != NULL)
		start(l);
}

struct ledger_state ledger_state(const struct ledger *l)
{
	struct ledger_state s = {
		.connected = l->connected, .shipped = l->shipped, .text = l->text
	};

	s.unshipped = l->durable - l->shipped;
	if (s.unshipped > 0 && l->count > 0)
		s.unshipped_age_s = (monotonic_ms() - l->marks[l->first].at_ms) / 1000;
	return s;
}

/*
 * Whatever it waits for (PostgreSQL, its own back-off), it speaks after each attempt: some ten
 * seconds at most.
 */
void ledger_tick(struct ledger *l)
{
	uint64_t now_ms = monotonic_ms();

	if (l == NULL || l->child == NULL || l->stopping || l->shipped >= l->durable ||
		now_ms - l->heard_ms < HUNG_MS ||
		(l->count > 0 && now_ms - l->marks[l->first].at_ms < HUNG_MS))
		return;
	log_event(LOG_LEVEL_ERROR, "ledger_timeout", "killed: is not heard of",
		"limit_ms=%d unshipped=%" PRIu64, HUNG_MS, l->durable - l->shipped);
	/* Once: the next one has its time. */
	l->heard_ms = now_ms;
	child_kill(l->child);
}

uint64_t ledger_answerable(const struct ledger *l, uint64_t durable)
{
	if (l == NULL || l->config->ack != CONFIG_ACK_LEDGER || l->shipped > durable)
		return durable;
	return l->shipped;
}

const char *ledger_trouble(struct ledger *l)
{
	uint64_t now_ms = monotonic_ms();

	if (l == NULL || l->config->ack != CONFIG_ACK_LEDGER)
		return NULL;
	if (!l->connected && now_ms - l->away_ms >= STALL_MS)
		(void)snprintf(l->trouble, sizeof(l->trouble),
			"ledger: ack = ledger: PostgreSQL is away: %s", l->text);
	else if (l->shipped < l->durable && l->count > 0 &&
		 now_ms - l->marks[l->first].at_ms >= STALL_MS)
		(void)snprintf(l->trouble, sizeof(l->trouble),
			"ledger: ack = ledger: PostgreSQL has committed nothing for %" PRIu64
			" s: %" PRIu64 " records wait",
			(now_ms - l->marks[l->first].at_ms) / 1000, l->durable - l->shipped);
	else
		return NULL;
	return l->trouble;
}

bool ledger_too_old(const struct ledger *l)
{
	return ledger_state(l).unshipped_age_s >= l->config->max_unshipped_age_s;
}

void ledger_stop(struct ledger *l)
{
	l->stopping = true;
	(void)evtimer_del(l->restart);
	if (l->child == NULL) {
		l->events.stopped(l->events.arg);
		return;
	}
	if (l->told != l->durable) {
		struct msg m = { .type = MSG_DURABLE, .durable = { l->durable } };

		if (!child_send(l->child, &m))
			log_event(LOG_LEVEL_WARNING, "ledger_stuck",
				"takes no messages: what is left is shipped at the next start",
				"%s", "");
	}
	child_close(l->child);
}
