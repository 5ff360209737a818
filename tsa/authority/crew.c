/* Owns the signer processes and what each of them does now. */
#include "tsa/authority/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "tsa/authority/job.h"
#include "tsa/authority/login.h"
#include "tsa/core/log.h"
#include "tsa/tsp/der.h"

enum {
	START_S = 30, /* a signer that has not proven its key by then is killed */
	MAX_QUEUED = 262144, /* SETUP and one SIGN */
};

static const struct child_program program = { "tsa-signer", "signer", CHILD_ALL_ENVIRONMENT,
	MAX_QUEUED, 1 };

enum lane_state {
	LANE_DOWN, /* no process; waits for its turn, a timer, or a new PIN */
	LANE_STARTING, /* proves its key */
	LANE_IDLE,
	LANE_BUSY, /* has a job */
	LANE_ENDING, /* killed or failed, not reaped yet */
};

struct lane {
	struct crew *crew;
	struct tsu *tsu;
	unsigned number;
	struct login *login;
	enum lane_state state;
	struct child *child;
	struct job *job;
	struct event *timer; /* deadline of a start or a try; or the next start */
	unsigned failures;
	bool proven; /* once, at least */
	bool gave_up; /* failed its proof at start, and is not started again */
	char text[MSG_MAX_TEXT]; /* what FAILED said */
	uint8_t failure;
};

struct crew {
	struct spawner *spawner;
	const struct config *config;
	struct crew_events events;
	struct tsu tsus[CONFIG_MAX_TSUS];
	/* The lanes of TSU i are first_lane[i] up to first_lane[i + 1]. */
	size_t first_lane[CONFIG_MAX_TSUS + 1];
	struct lane *lanes;
	size_t lane_count;
	struct logins logins;
	size_t idle;
	bool is_check; /* every TSU's result is wanted, not the first failure */
	bool halted; /* a proof failed at start: no further one is tried */
	bool ready;
	bool stopping;
};

static void start_lane(struct lane *l);

static void become(struct lane *l, enum lane_state next)
{
	if (l->state == LANE_IDLE)
		l->crew->idle--;
	l->state = next;
	if (next == LANE_IDLE)
		l->crew->idle++;
}

static void set_timer(struct lane *l, unsigned ms)
{
	const struct timeval t = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)evtimer_add(l->timer, &t);
}

/* Starts lanes that wait for their turn. */
static void start_waiting(struct crew *c)
{
	for (size_t i = 0; i < c->lane_count; i++) {
		struct lane *l = &c->lanes[i];

		if (l->state == LANE_DOWN && !l->gave_up && !evtimer_pending(l->timer, NULL))
			start_lane(l);
	}
}

static void ready_if_all_are(struct crew *c)
{
	if (c->ready || c->stopping)
		return;
	for (size_t i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].state != LANE_IDLE)
			return;
	}
	c->ready = true;
	c->events.ready(c->events.arg);
}

/* It said why and exits; what follows is decided when it is gone. */
static void on_failed(struct lane *l, uint8_t failure, const char *text)
{
	l->failure = failure;
	(void)snprintf(l->text, sizeof(l->text), "%s", text);
	log_event(LOG_LEVEL_ERROR, "signer_failed", text, "tsu=%s lane=%u failure=%s",
		l->tsu->config->name, l->number, msg_failure_name(failure));
}

/* Lanes whose logins turn out to be to one token share one from now on. */
static void know_token(struct lane *l, const char *token)
{
	struct crew *c = l->crew;
	struct login *old = l->login;
	struct login *same = logins_known(&c->logins, old, token);

	for (size_t i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].login == old)
			c->lanes[i].login = same;
	}
}

static void on_signer_ready(struct lane *l, const char *token)
{
	struct crew *c = l->crew;

	if (l->state != LANE_STARTING) {
		child_kill(l->child);
		return;
	}
	if (!tsu_token_fits(l->tsu, c->config, token)) {
		on_failed(l, MSG_FAILURE_KEY,
			"D7, T-14: profiles etsi and csbr want a hardware token for release: this is "
			"SoftHSM");
		child_kill(l->child);
		return;
	}
	(void)evtimer_del(l->timer);
	become(l, LANE_IDLE);
	l->failures = 0;
	l->proven = true;
	log_event(LOG_LEVEL_INFO, "signer_ready", token, "tsu=%s lane=%u", l->tsu->config->name,
		l->number);
	if (c->events.proven != NULL)
		c->events.proven(c->events.arg, l->tsu, token);
	if (l->login->state == LOGIN_TRYING)
		l->login->state = LOGIN_PROVEN;
	know_token(l, token);
	start_waiting(c);
	ready_if_all_are(c);
	if (c->ready && !c->stopping)
		c->events.lane_idle(c->events.arg);
}

static void fail_job(struct lane *l, enum void_reason reason)
{
	struct job *job = l->job;

	if (job == NULL)
		return;
	l->job = NULL;
	l->crew->events.job_failed(l->crew->events.arg, job, reason);
}

/*
 * A signer that failed once is not asked again: another process proves the key. Its job does not
 * wait for its death, since a process that hangs in a driver cannot be killed.
 */
static void end_lane(struct lane *l, enum void_reason reason)
{
	(void)evtimer_del(l->timer);
	become(l, LANE_ENDING);
	child_kill(l->child);
	fail_job(l, reason);
}

/* Attributes are one DER SET: else a vendor module has written where it should not. */
static bool is_plausible(const struct msg_signed *signature)
{
	struct der attrs = { .rest = signature->signed_attrs };

	return der_take(&attrs, DER_SET).len > 0 && der_finished(&attrs) &&
	       signature->signature.len > 0;
}

static void on_signed(struct lane *l, const struct msg_signed *signature)
{
	struct job *job = l->job;

	if (l->state == LANE_ENDING)
		return; /* too late: its serial becomes a void */
	if (l->state != LANE_BUSY || job == NULL || signature->job != job->id ||
		!is_plausible(signature)) {
		log_event(LOG_LEVEL_ERROR, "signer_bad_answer", "answers what it was not asked",
			"tsu=%s lane=%u", l->tsu->config->name, l->number);
		end_lane(l, VOID_SIGNER_REFUSED);
		return;
	}
	(void)evtimer_del(l->timer);
	l->job = NULL;
	become(l, child_is_gone(l->child) ? LANE_ENDING : LANE_IDLE);
	l->crew->events.signature(l->crew->events.arg, job, signature);
}

static void on_message(void *arg, const struct msg *m)
{
	struct lane *l = arg;

	switch (m->type) {
	case MSG_SIGNER_READY:
		on_signer_ready(l, m->signer_ready.token);
		return;
	case MSG_SIGNED:
		on_signed(l, &m->signature);
		return;
	case MSG_SIGN_FAILED:
		on_failed(l, m->sign_failed.failure, m->sign_failed.text);
		end_lane(l, VOID_SIGNER_REFUSED);
		return;
	case MSG_FAILED:
		on_failed(l, m->failed.failure, m->failed.text);
		return;
	default:
		log_event(LOG_LEVEL_ERROR, "signer_bad_message", msg_name(m->type),
			"tsu=%s lane=%u", l->tsu->config->name, l->number);
		end_lane(l, VOID_SIGNER_REFUSED);
	}
}

static void stopped_if_all_are(struct crew *c)
{
	for (size_t i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].child != NULL)
			return;
	}
	c->events.stopped(c->events.arg);
}

/* What its death means for the lanes that log in to the same token. */
static void settle_login(struct lane *l)
{
	if (l->failure == MSG_FAILURE_PIN)
		l->login->state = LOGIN_REFUSED; /* R20: this PIN is never tried again */
	else if (l->login->state == LOGIN_TRYING)
		l->login->state = LOGIN_UNPROVEN;
}

static void give_up(struct lane *l, const char *text)
{
	l->gave_up = true;
	l->crew->events.fatal(l->crew->events.arg, l->failure, text);
}

/*
 * A proof failed at start. That ends a start; --check goes on, but after a refused PIN not with
 * the same module, where another name may stand for the same token.
 */
static void failed_at_start(struct lane *l, int status)
{
	struct crew *c = l->crew;

	if (l->text[0] == '\0')
		(void)snprintf(l->text, sizeof(l->text),
			"signer %s: tsa-signer must prove its key: it ended with %s %d",
			l->tsu->config->name, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	c->halted = !c->is_check;
	give_up(l, l->text);
	if (l->failure != MSG_FAILURE_PIN || !c->is_check)
		return;
	for (size_t i = 0; i < c->lane_count; i++) {
		struct lane *other = &c->lanes[i];

		if (strcmp(other->login->module, l->login->module) != 0 ||
			other->state != LANE_DOWN || other->gave_up)
			continue;
		(void)snprintf(other->text, sizeof(other->text),
			"signer %s: not tried: a PIN was refused in its module",
			other->tsu->config->name);
		other->failure = MSG_FAILURE_PIN;
		give_up(other, other->text);
	}
}

static void on_gone(void *arg, int status)
{
	struct lane *l = arg;
	struct crew *c = l->crew;

	l->child = NULL;
	(void)evtimer_del(l->timer);
	become(l, LANE_DOWN);
	settle_login(l);
	fail_job(l, VOID_SIGNER_DIED);
	if (c->stopping) {
		stopped_if_all_are(c);
		return;
	}
	if (!c->ready && !(c->is_check && l->proven))
		failed_at_start(l, status);
	else if (l->login->state != LOGIN_REFUSED)
		set_timer(l, backoff_ms(++l->failures));
	if (!c->stopping)
		start_waiting(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lane *l = arg;

	(void)fd;
	(void)what;
	if (l->state == LANE_DOWN) {
		start_lane(l);
		return;
	}
	log_event(LOG_LEVEL_ERROR, "signer_timeout", "killed: did not answer in time",
		"tsu=%s lane=%u limit_ms=%u", l->tsu->config->name, l->number,
		l->state == LANE_STARTING ? START_S * 1000 : CREW_TRY_MS);
	if (l->state == LANE_STARTING)
		(void)snprintf(l->text, sizeof(l->text),
			"signer %s: must prove its key within %d s: it did not answer",
			l->tsu->config->name, START_S);
	end_lane(l, VOID_SIGNER_TIMEOUT);
}

/*
 * One lane a module starts at a time: the first login to a token must succeed before the others
 * are tried, and SoftHSM shows no token to a process that looks while another one logs in. At the
 * start of the service one at all, so that a refused PIN is the last that was tried.
 */
static bool may_start(const struct lane *l)
{
	const struct crew *c = l->crew;

	if (c->halted || l->login->state == LOGIN_REFUSED || l->login->state == LOGIN_TRYING)
		return false;
	for (size_t i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].state == LANE_STARTING &&
			(!c->ready || strcmp(c->lanes[i].login->module, l->login->module) == 0))
			return false;
	}
	return true;
}

/* Starts the lane's process, if it is its turn. */
static void start_lane(struct lane *l)
{
	const struct child_events events = { on_message, on_gone, l };
	struct msg m = { .type = MSG_SETUP_SIGNER };
	struct err err = { 0 };
	char detail[MSG_MAX_NAME + 32];

	if (!may_start(l))
		return;
	if (l->login->state == LOGIN_UNPROVEN)
		l->login->state = LOGIN_TRYING;
	l->failure = MSG_FAILURE_OTHER;
	l->text[0] = '\0';
	(void)snprintf(detail, sizeof(detail), "tsu=%s lane=%u", l->tsu->config->name, l->number);
	l->child = child_start(l->crew->spawner, &program, detail, NULL, 0, &events, &err);
	if (l->child == NULL) {
		log_event(LOG_LEVEL_ERROR, "signer_failed", err.text, "%s", detail);
		settle_login(l);
		if (l->crew->ready)
			set_timer(l, backoff_ms(++l->failures));
		else
			give_up(l, err.text);
		return;
	}
	become(l, LANE_STARTING);
	set_timer(l, START_S * 1000);
	tsu_setup(l->tsu, &m.setup_signer);
	child_must_send(l->child, &m);
}

/* A superseded TSU signs no more: its key may be gone already. */
static unsigned lanes_of(const struct config_tsu *t, bool one_lane)
{
	return t->superseded ? 0 : one_lane ? 1 : t->lanes;
}

static void make_lanes(struct crew *c, struct event_base *base)
{
	size_t n = 0;

	for (size_t i = 0; i < c->config->tsu_count; i++)
		n += lanes_of(&c->config->tsus[i], c->is_check);
	c->lanes = must_calloc(n, sizeof(*c->lanes));
	for (size_t i = 0; i < c->config->tsu_count; i++) {
		c->first_lane[i] = c->lane_count;
		for (unsigned k = 1; k <= lanes_of(&c->config->tsus[i], c->is_check); k++) {
			struct lane *l = &c->lanes[c->lane_count++];

			l->crew = c;
			l->tsu = &c->tsus[i];
			l->number = k;
			l->login = logins_of(&c->logins, &c->config->tsus[i]);
			l->timer = evtimer_new(base, on_timer, l);
			if (l->timer == NULL)
				BUG("libevent gives no timer");
		}
	}
	c->first_lane[c->config->tsu_count] = c->lane_count;
}

struct crew *crew_new(struct event_base *base, struct spawner *spawner, const struct config *config,
	bool one_lane, const struct crew_events *events, struct err *err)
{
	struct crew *c = must_calloc(1, sizeof(*c));

	c->spawner = spawner;
	c->config = config;
	c->events = *events;
	logins_init(&c->logins, config->tsu_count);
	for (size_t i = 0; i < config->tsu_count; i++) {
		if (!tsu_load(&c->tsus[i], &config->tsus[i], err)) {
			crew_free(c);
			return NULL;
		}
	}
	c->is_check = one_lane;
	make_lanes(c, base);
	for (size_t i = 0; i < c->lane_count; i++)
		start_lane(&c->lanes[i]);
	return c;
}

void crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->lane_count; i++)
		event_free(c->lanes[i].timer);
	for (size_t i = 0; i < c->config->tsu_count; i++)
		tsu_wipe(&c->tsus[i]);
	free(c->lanes);
	logins_wipe(&c->logins);
	free(c);
}

struct tsu *crew_tsu(struct crew *c, size_t index)
{
	return &c->tsus[index];
}

struct lane *crew_idle_lane(struct crew *c, size_t index)
{
	for (size_t i = c->first_lane[index]; i < c->first_lane[index + 1]; i++) {
		if (c->lanes[i].state == LANE_IDLE)
			return &c->lanes[i];
	}
	return NULL;
}

bool crew_any_idle(const struct crew *c)
{
	return c->idle > 0;
}

void crew_sign(struct lane *l, struct job *job, struct bytes tstinfo)
{
	struct msg m = { .type = MSG_SIGN, .sign = { .job = job->id, .tstinfo = tstinfo } };

	become(l, LANE_BUSY);
	l->job = job;
	set_timer(l, CREW_TRY_MS);
	child_must_send(l->child, &m);
}

unsigned crew_lanes_up(const struct crew *c, size_t index)
{
	unsigned up = 0;

	for (size_t i = c->first_lane[index]; i < c->first_lane[index + 1]; i++)
		up += c->lanes[i].state == LANE_IDLE || c->lanes[i].state == LANE_BUSY;
	return up;
}

void crew_stop(struct crew *c)
{
	c->stopping = true;
	for (size_t i = 0; i < c->lane_count; i++) {
		struct lane *l = &c->lanes[i];

		(void)evtimer_del(l->timer);
		if (l->child == NULL)
			continue;
		become(l, LANE_ENDING);
		child_close(l->child);
	}
	stopped_if_all_are(c);
}
