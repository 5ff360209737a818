/* Owns the listeners and the front processes. */
#include "tsa/authority/fronts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "tsa/authority/activation.h"
#include "tsa/authority/listen.h"
#include "tsa/authority/pages.h"
#include "tsa/core/log.h"

enum { MAX_QUEUED = 64 * 1024 * 1024 };

static const struct child_program clients_program = { "tsa-front", "front", CHILD_NO_ENVIRONMENT,
	MAX_QUEUED, 2 };
static const struct child_program admin_program = { "tsa-front", "admin", CHILD_NO_ENVIRONMENT,
	MAX_QUEUED, 2 };

struct front {
	struct fronts *fronts;
	enum msg_front kind;
	const struct child_program *program;
	int listeners[CONFIG_MAX_LISTENERS];
	size_t listener_count;
	struct child *child;
	struct event *restart;
	uint32_t nonce; /* upper half of its request ids */
	unsigned failures;
	bool listening;
	bool draining;
};

struct fronts {
	struct spawner *spawner;
	const struct config *config;
	struct fronts_events events;
	struct front clients;
	struct front admin;
	bool ready;
	bool stopping;
	char status[MSG_MAX_STATUS];
};

static void start(struct front *f);

static bool bind_all(struct front *f, struct activation *given,
	const char (*addresses)[MSG_MAX_PATH], size_t count, const char *label, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		char bound[MSG_MAX_PATH];
		int fd = listen_on(given, label, addresses[i], bound, sizeof(bound), err);

		if (fd < 0)
			return false;
		f->listeners[f->listener_count++] = fd;
		log_event(LOG_LEVEL_INFO, "listening", NULL, "address=%s front=%s", bound, label);
	}
	return true;
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

static void front_init(struct fronts *s, struct front *f, enum msg_front kind,
	const struct child_program *program, struct event_base *base)
{
	f->fronts = s;
	f->kind = kind;
	f->program = program;
	f->restart = evtimer_new(base, on_restart, f);
	if (f->restart == NULL)
		BUG("libevent gives no timer");
}

/* What the service manager opened, and the rest by ourselves. */
static bool bind_listeners(struct fronts *s, struct err *err)
{
	const struct config *config = s->config;
	struct activation given;
	bool ok = activation_read(&given, err) &&
		  bind_all(&s->clients, &given, config->listen, config->listen_count, "clients",
			  err) &&
		  bind_all(&s->admin, &given, &config->admin, config->admin[0] == '\0' ? 0 : 1,
			  "admin", err) &&
		  activation_done(&given, err);

	activation_close(&given);
	return ok;
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
	if (!bind_listeners(s, err)) {
		fronts_free(s);
		return NULL;
	}
	return s;
}

static void close_listeners(struct front *f)
{
	for (size_t i = 0; i < f->listener_count; i++)
		(void)close(f->listeners[i]);
	f->listener_count = 0;
}

void fronts_free(struct fronts *s)
{
	if (s == NULL)
		return;
	close_listeners(&s->clients);
	close_listeners(&s->admin);
	event_free(s->clients.restart);
	event_free(s->admin.restart);
	free(s);
}

static void send_endpoints(struct front *f)
{
	const struct config *c = f->fronts->config;

	for (size_t i = 0; i < c->endpoint_count; i++) {
		const struct config_endpoint *e = &c->endpoints[i];
		struct msg m = { .type = MSG_ENDPOINT,
			.endpoint = { .index = (uint8_t)i,
				.digests = e->digests,
				.policy_count = e->policy_count } };

		(void)snprintf(m.endpoint.path, sizeof(m.endpoint.path), "%s", e->path);
		memcpy(m.endpoint.policy, e->policies, sizeof(m.endpoint.policy));
		child_must_send(f->child, &m);
	}
}

static void send_file(struct front *f, const struct config_file *file)
{
	size_t at = 0;

	do {
		struct msg m = { .type = MSG_FILE };
		size_t part = file->content.len - at;

		if (part > MSG_MAX_PART)
			part = MSG_MAX_PART;
		(void)snprintf(m.file.path, sizeof(m.file.path), "%s", file->path);
		(void)snprintf(m.file.type, sizeof(m.file.type), "%s", file->type);
		m.file.offset = (uint32_t)at;
		m.file.total = (uint32_t)file->content.len;
		m.file.part = (struct bytes){ file->content.at + at, part };
		child_must_send(f->child, &m);
		at += part;
	} while (at < file->content.len);
}

static void send_pages(struct front *f)
{
	struct config_file pages[PAGES_COUNT];

	pages_make(f->fronts->config, pages);
	for (size_t i = 0; i < PAGES_COUNT; i++) {
		send_file(f, &pages[i]);
		buf_free(&pages[i].content);
	}
}

/* SETUP and tables; an admin front has no endpoints and no files. */
static void send_tables(struct front *f)
{
	const struct config *c = f->fronts->config;
	struct msg setup = { .type = MSG_SETUP_FRONT,
		.setup_front = { .version = MSG_VERSION,
			.front = (uint8_t)f->kind,
			.listeners = (uint8_t)f->listener_count,
			.start_nonce = f->nonce,
			.max_connections = c->max_connections } };
	const struct msg done = { .type = MSG_TABLES_DONE };

	child_must_send(f->child, &setup);
	if (f->kind == MSG_FRONT_CLIENTS) {
		send_endpoints(f);
		send_pages(f);
		for (size_t i = 0; i < c->file_count; i++)
			send_file(f, &c->files[i]);
	}
	child_must_send(f->child, &done);
}

static void on_ready(struct front *f)
{
	struct fronts *s = f->fronts;

	f->listening = true;
	f->failures = 0;
	if (s->ready || !s->clients.listening ||
		(s->admin.listener_count > 0 && !s->admin.listening))
		return;
	s->ready = true;
	s->events.ready(s->events.arg);
}

static void kill_liar(struct front *f, const char *text)
{
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

static void on_message(void *arg, const struct msg *m)
{
	struct front *f = arg;
	struct fronts *s = f->fronts;

	if (m->type == MSG_READY && !f->listening) {
		on_ready(f);
	} else if (m->type == MSG_ISSUE && f->kind == MSG_FRONT_CLIENTS && f->listening) {
		if ((uint32_t)(m->issue.id >> 32) != f->nonce ||
			!s->events.issue(s->events.arg, &m->issue))
			kill_liar(f, "asks for what its tables do not allow: killed");
	} else if (m->type == MSG_STATUS && f->kind == MSG_FRONT_ADMIN && f->listening) {
		answer_status(f, &m->status);
	} else if (m->type == MSG_FAILED) {
		log_event(LOG_LEVEL_ERROR, "front_failed", m->failed.text, "front=%s failure=%s",
			f->program->label, msg_failure_name(m->failed.failure));
		if (!s->ready)
			s->events.fatal(s->events.arg, m->failed.text);
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

static void on_gone(void *arg, int status)
{
	struct front *f = arg;
	struct fronts *s = f->fronts;
	unsigned delay_ms = backoff_ms(++f->failures);
	const struct timeval delay = { .tv_sec = delay_ms / 1000,
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	f->child = NULL;
	f->listening = false;
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

	if (getrandom(&f->nonce, sizeof(f->nonce), 0) != (ssize_t)sizeof(f->nonce))
		BUG("getrandom gives nothing");
	f->child = child_start(
		s->spawner, f->program, "", f->listeners, f->listener_count, &events, &err);
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
	send_tables(f);
}

void fronts_start(struct fronts *s)
{
	start(&s->clients);
	if (s->admin.listener_count > 0)
		start(&s->admin);
}

/* An answer goes to the process that asked: its nonce is in the id. */
static void answer(struct fronts *s, uint64_t id, const struct msg *m)
{
	struct front *f = &s->clients;

	if (f->child == NULL || f->nonce != (uint32_t)(id >> 32))
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

	s->clients.draining = true;
	/* The front closes its own: only then is nobody left to accept (R12). */
	close_listeners(&s->clients);
	(void)evtimer_del(s->clients.restart);
	if (s->clients.child == NULL) {
		s->events.drained(s->events.arg);
		return;
	}
	if (!child_send(s->clients.child, &m))
		kill_liar(&s->clients, "its queue is full: killed");
}

void fronts_stop(struct fronts *s)
{
	s->stopping = true;
	close_listeners(&s->clients);
	(void)evtimer_del(s->clients.restart);
	(void)evtimer_del(s->admin.restart);
	if (s->clients.child != NULL)
		child_close(s->clients.child);
	if (s->admin.child != NULL)
		child_close(s->admin.child);
	if (s->clients.child == NULL && s->admin.child == NULL)
		s->events.stopped(s->events.arg);
}
