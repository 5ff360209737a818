/* Owns the front processes. */
#include "tsa/authority/fronts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "tsa/authority/listeners.h"
#include "tsa/authority/tables.h"
#include "tsa/authority/timesrc.h"
#include "tsa/authority/units.h"
#include "tsa/core/log.h"

enum {
	MAX_QUEUED = 64 * 1024 * 1024,
	TABLES_S = 10, /* a front that has not taken its tables by then hangs */
	DRAIN_S = 15, /* a front gives its clients 10 s (R12): after this it hangs */
	HONEST_MS = 60000, /* a front that served so long before its lie is the first of its kind */
};

static const struct child_program clients_program = { "tsa-front", "front", CHILD_NO_ENVIRONMENT,
	MAX_QUEUED, 2 };
static const struct child_program admin_program = { "tsa-front", "admin", CHILD_NO_ENVIRONMENT,
	MAX_QUEUED, 2 };

struct front {
	struct fronts *fronts;
	enum msg_front kind;
	const struct child_program *program;
	struct listeners listeners;
	struct child *child;
	struct event *restart;
	struct event *late; /* limit for the READY that its tables are answered with */
	struct event *drain_limit;
	uint32_t nonce; /* upper half of its request ids */
	unsigned tables_sent;
	unsigned tables_known; /* of those: a READY came for them */
	uint32_t last_number; /* lower half of its last request id: they rise (R14) */
	uint64_t started_ms; /* monotonic */
	unsigned failures;
	unsigned lies; /* fronts in a row that ended as liars */
	bool listening;
	bool finished; /* caught or failed: what else it says is not heard, nothing is sent to it */
	bool draining;
};

struct fronts {
	struct spawner *spawner;
	const struct config *config;
	struct fronts_events events;
	struct front clients;
	struct front admin;
	int64_t made_at; /* the tables of the clients' front, seconds since 1970 */
	int64_t change_at; /* from when on they would say something else */
	bool reloading; /* the clients' front has tables that it has not said to be in force */
	bool ready;
	bool stopping;
	uint64_t counts[MSG_COUNT_KINDS]; /* of all fronts for clients since the start */
	char status[MSG_MAX_STATUS];
};

static void start(struct front *f);

/* The clock that genTime comes from decides which TSU signs, and so what is said of it. */
static int64_t real_s(void)
{
	struct clock_reading now = { 0 };

	return timesrc_read(&now) ? (int64_t)(now.time_us / 1000000) : 0;
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

/* Every ISSUE from here on was made with the tables that the last reload gave. */
static void tables_in_force(struct fronts *s)
{
	if (!s->reloading)
		return;
	s->reloading = false;
	s->events.tables(s->events.arg);
}

static void kill_hung(struct front *f, const char *text, int limit_s)
{
	if (f->child == NULL)
		return;
	log_event(LOG_LEVEL_ERROR, "front_timeout", text, "front=%s limit_s=%d", f->program->label,
		limit_s);
	f->finished = true;
	child_kill(f->child);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kill_hung(arg, "killed: does not take its tables", TABLES_S);
}

/* Only a front that hangs, or was taken over, does not end by itself. */
static void on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kill_hung(arg, "killed: does not end after DRAIN", DRAIN_S);
}

static void front_init(struct fronts *s, struct front *f, enum msg_front kind,
	const struct child_program *program, struct event_base *base)
{
	f->fronts = s;
	f->kind = kind;
	f->program = program;
	f->restart = evtimer_new(base, on_restart, f);
	f->late = evtimer_new(base, on_late, f);
	f->drain_limit = evtimer_new(base, on_drain_limit, f);
	if (f->restart == NULL || f->late == NULL || f->drain_limit == NULL)
		BUG("libevent gives no timer");
}

struct fronts *fronts_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, const struct fronts_events *events, struct err *err)
{
	struct fronts *s = must_calloc(1, sizeof(*s));

	s->spawner = spawner;
	s->config = config;
	s->events = *events;
	front_init(s, &s->clients, MSG_FRONT_CLIENTS, &clients_program, base);
	front_init(s, &s->admin, MSG_FRONT_ADMIN, &admin_program, base);
	if (!listeners_bind(config, &s->clients.listeners, &s->admin.listeners, err)) {
		fronts_free(s);
		return NULL;
	}
	return s;
}

static void front_wipe(struct front *f)
{
	listeners_close(&f->listeners);
	event_free(f->restart);
	event_free(f->late);
	event_free(f->drain_limit);
}

void fronts_free(struct fronts *s)
{
	if (s == NULL)
		return;
	front_wipe(&s->clients);
	front_wipe(&s->admin);
	free(s);
}

static void kill_liar(struct front *f, const char *text);

static bool send_client_tables(struct front *f)
{
	struct fronts *s = f->fronts;

	s->made_at = real_s();
	s->change_at = unit_next_change(s->config, s->made_at);
	return tables_send(f->child, s->config, s->made_at);
}

/* An admin front has no endpoints and no files. */
static void send_tables(struct front *f)
{
	const struct timeval limit = { .tv_sec = TABLES_S };

	if (f->kind == MSG_FRONT_CLIENTS ? send_client_tables(f) : tables_send_none(f->child)) {
		f->tables_sent++;
		(void)evtimer_add(f->late, &limit);
	} else {
		kill_liar(f, "its queue is full: killed");
	}
}

static void set_up(struct front *f)
{
	struct msg setup = { .type = MSG_SETUP_FRONT,
		.setup_front = { .version = MSG_VERSION,
			.front = (uint8_t)f->kind,
			.listeners = (uint8_t)f->listeners.count,
			.start_nonce = f->nonce,
			.max_connections = f->fronts->config->max_connections,
			.rate_limit = f->fronts->config->rate_limit } };

	child_must_send(f->child, &setup);
	f->tables_sent = 0;
	f->tables_known = 0;
	send_tables(f);
}

void fronts_reload(struct fronts *s, const struct config *config)
{
	s->config = config;
	s->reloading = true;
	if (s->clients.child == NULL)
		tables_in_force(s);
	else
		send_tables(&s->clients);
}

void fronts_tick(struct fronts *s)
{
	const struct front *f = &s->clients;
	int64_t now = real_s();

	/* A front that starts gets new ones anyway, and so does one in the middle of a reload. */
	if (f->child == NULL || f->finished || f->draining || !f->listening || s->reloading ||
		s->stopping || (now >= s->made_at && now < s->change_at))
		return;
	log_event(LOG_LEVEL_INFO, "tables_renewed", "a TSU follows another, or the clock was set",
		"%s", "");
	send_tables(&s->clients);
}

static void on_ready(struct front *f)
{
	struct fronts *s = f->fronts;

	f->tables_known++;
	f->listening = true;
	f->failures = 0;
	if (f->tables_known == f->tables_sent) {
		(void)evtimer_del(f->late);
		if (f->kind == MSG_FRONT_CLIENTS)
			tables_in_force(s);
	}
	if (s->ready || !s->clients.listening ||
		(s->admin.listeners.count > 0 && !s->admin.listening))
		return;
	s->ready = true;
	s->events.ready(s->events.arg);
}

static void count_lie(struct front *f)
{
	if (monotonic_ms() - f->started_ms >= HONEST_MS)
		f->lies = 0;
	f->lies++;
}

/* Whoever sends this is no front of ours any more: not a word of it counts from here on. */
static void kill_liar(struct front *f, const char *text)
{
	if (f->finished)
		return;
	f->finished = true;
	count_lie(f);
	log_event(LOG_LEVEL_ERROR, "front_bad_message", text, "front=%s", f->program->label);
	child_kill(f->child);
}

static void answer_status(struct front *f, const struct msg_status_ask *ask)
{
	struct fronts *s = f->fronts;
	struct msg m = { .type = MSG_STATUS_REPLY, .status_reply = { .id = ask->id } };

	m.status_reply.good = s->events.status(s->events.arg, (enum msg_status)ask->what, s->status,
				      sizeof(s->status))
				      ? 1
				      : 0;
	m.status_reply.text = bytes_of_text(s->status);
	if (!child_send(f->child, &m))
		kill_liar(f, "its queue is full: killed");
}

/* Ids are never reused (R14), so that an answer has one request. */
static bool is_fresh_id(struct front *f, uint64_t id)
{
	uint32_t number = (uint32_t)id;

	if ((uint32_t)(id >> 32) != f->nonce || number <= f->last_number)
		return false;
	f->last_number = number;
	return true;
}

/* It cannot go on, says so once, and exits; where it does not, the end of its channel has a limit.
 */
static void on_failed(struct front *f, const struct msg_failed *failed)
{
	struct fronts *s = f->fronts;

	log_event(LOG_LEVEL_ERROR, "front_failed", failed->text, "front=%s failure=%s",
		f->program->label, msg_failure_name(failed->failure));
	f->finished = true;
	child_close(f->child);
	if (!s->ready)
		s->events.fatal(s->events.arg, failed->text);
}

static void add_counts(struct fronts *s, const struct msg_counts *counts)
{
	for (size_t i = 0; i < MSG_COUNT_KINDS; i++)
		s->counts[i] += counts->count[i];
}

uint64_t fronts_count(const struct fronts *s, enum msg_count kind)
{
	return s->counts[kind];
}

static void on_message(void *arg, const struct msg *m)
{
	struct front *f = arg;
	struct fronts *s = f->fronts;

	if (f->finished)
		return;
	if (m->type == MSG_READY && f->tables_known < f->tables_sent) {
		on_ready(f);
	} else if (m->type == MSG_ISSUE && f->kind == MSG_FRONT_CLIENTS && f->listening) {
		if (!is_fresh_id(f, m->issue.id) || !s->events.issue(s->events.arg, &m->issue))
			kill_liar(f, "asks for what its tables do not allow: killed");
	} else if (m->type == MSG_STATUS && f->kind == MSG_FRONT_ADMIN && f->listening) {
		if (is_fresh_id(f, m->status.id))
			answer_status(f, &m->status);
		else
			kill_liar(f, "repeats a request id: killed");
	} else if (m->type == MSG_COUNTS && f->kind == MSG_FRONT_CLIENTS && f->listening) {
		add_counts(s, &m->counts);
	} else if (m->type == MSG_FAILED) {
		on_failed(f, &m->failed);
	} else {
		kill_liar(f, msg_name(m->type));
	}
}

static void ended_early(struct front *f, int status)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "%s: tsa-front must listen: it ended with %s %d",
		f->program->label, WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	f->fronts->events.fatal(f->fronts->events.arg, text);
}

/* A liar was ready as well: that it listened says nothing good of the next. */
static struct timeval delay_of(const struct front *f, unsigned failures)
{
	unsigned ms = backoff_ms(failures > f->lies ? failures : f->lies);

	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void on_gone(void *arg, int status)
{
	struct front *f = arg;
	struct fronts *s = f->fronts;
	struct timeval delay;

	if (child_is_liar(f->child))
		count_lie(f);
	delay = delay_of(f, ++f->failures);
	f->child = NULL;
	f->listening = false;
	(void)evtimer_del(f->late);
	(void)evtimer_del(f->drain_limit);
	if (f->kind == MSG_FRONT_CLIENTS)
		tables_in_force(s);
	if (f->draining && f->kind == MSG_FRONT_CLIENTS && !s->stopping)
		s->events.drained(s->events.arg);
	else if (s->stopping && s->clients.child == NULL && s->admin.child == NULL)
		s->events.stopped(s->events.arg);
	else if (!s->ready)
		ended_early(f, status);
	else if (!f->draining && !s->stopping)
		(void)evtimer_add(f->restart, &delay);
}

static void start(struct front *f)
{
	const struct child_events events = { on_message, on_gone, f };
	struct fronts *s = f->fronts;
	struct err err = { 0 };

	f->finished = false;
	f->last_number = 0;
	f->started_ms = monotonic_ms();
	if (getrandom(&f->nonce, sizeof(f->nonce), 0) != (ssize_t)sizeof(f->nonce))
		BUG("getrandom gives nothing");
	f->child = child_start(
		s->spawner, f->program, "", f->listeners.fd, f->listeners.count, &events, &err);
	if (f->child == NULL) {
		const struct timeval later = { .tv_sec = 5 };

		log_event(LOG_LEVEL_ERROR, "front_failed", err.text, "front=%s failure=other",
			f->program->label);
		if (!s->ready)
			s->events.fatal(s->events.arg, err.text);
		else
			(void)evtimer_add(f->restart, &later);
		return;
	}
	set_up(f);
}

void fronts_start(struct fronts *s)
{
	start(&s->clients);
	if (s->admin.listeners.count > 0)
		start(&s->admin);
}

/* An answer goes to the process that asked: its nonce is in the id. */
static void answer(struct fronts *s, uint64_t id, const struct msg *m)
{
	struct front *f = &s->clients;

	if (f->child == NULL || f->finished || f->nonce != (uint32_t)(id >> 32))
		return;
	/* A front that takes no answers for this long is stuck. */
	if (!child_send(f->child, m))
		kill_liar(f, "its queue is full: killed");
}

void fronts_token(struct fronts *s, uint64_t id, struct bytes token)
{
	const struct msg m = { .type = MSG_TOKEN, .token = { .id = id, .token = token } };

	answer(s, id, &m);
}

void fronts_refuse(struct fronts *s, uint64_t id, uint8_t fail_info, const char *text)
{
	struct msg m = { .type = MSG_REFUSED, .refused = { .id = id, .fail_info = fail_info } };

	(void)snprintf(m.refused.text, sizeof(m.refused.text), "%s", text);
	answer(s, id, &m);
}

void fronts_busy(struct fronts *s, uint64_t id, uint8_t retry_after_s)
{
	const struct msg m = { .type = MSG_BUSY,
		.busy = { .id = id, .retry_after_s = retry_after_s } };

	answer(s, id, &m);
}

void fronts_drain(struct fronts *s)
{
	const struct msg m = { .type = MSG_DRAIN };
	const struct timeval limit = { .tv_sec = DRAIN_S };

	s->clients.draining = true;
	/* The front closes its own: only then is nobody left to accept (R12). */
	listeners_close(&s->clients.listeners);
	(void)evtimer_del(s->clients.restart);
	if (s->clients.child == NULL) {
		s->events.drained(s->events.arg);
		return;
	}
	(void)evtimer_add(s->clients.drain_limit, &limit);
	if (!child_send(s->clients.child, &m))
		kill_liar(&s->clients, "its queue is full: killed");
}

void fronts_stop(struct fronts *s)
{
	s->stopping = true;
	listeners_close(&s->clients.listeners);
	(void)evtimer_del(s->clients.restart);
	(void)evtimer_del(s->clients.drain_limit);
	(void)evtimer_del(s->admin.restart);
	if (s->clients.child != NULL)
		child_close(s->clients.child);
	if (s->admin.child != NULL)
		child_close(s->admin.child);
	if (s->clients.child == NULL && s->admin.child == NULL)
		s->events.stopped(s->events.arg);
}
