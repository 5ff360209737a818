/* Owns one tsa-signer process and what it does now. */
#include "tsa/authority/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "tsa/authority/job.h"
#include "tsa/core/log.h"
#include "tsa/tsp/der.h"

enum {
	START_S = 30, /* a signer that has not proven its key by then is killed */
	MAX_QUEUED = 262144, /* SETUP and one SIGN */
};

static const struct child_program program = { "tsa-signer", "signer", CHILD_ALL_ENVIRONMENT,
	MAX_QUEUED, 1 };

static void set_timer(struct lane *l, unsigned ms)
{
	const struct timeval t = { .tv_sec = ms / 1000,
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)evtimer_add(l->timer, &t);
}

/* It said why and exits; what follows is decided when it is gone. */
static void on_failed(struct lane *l, uint8_t failure, const char *text)
{
	l->failure = failure;
	(void)snprintf(l->text, sizeof(l->text), "%s", text);
	log_event(LOG_LEVEL_ERROR, "signer_failed", text, "tsu=%s lane=%u failure=%s",
		l->tsu->config->name, l->number, msg_failure_name(failure));
}

static void fail_job(struct lane *l, enum void_reason reason)
{
	struct job *job = l->job;

	if (job == NULL)
		return;
	l->job = NULL;
	l->events->job_failed(l->events->arg, job, reason);
}

/*
 * A signer that failed once is not asked again: another process proves the key. Its job does not
 * wait for its death, since a process that hangs in a driver cannot be killed.
 */
static void end(struct lane *l, enum void_reason reason)
{
	(void)evtimer_del(l->timer);
	l->state = LANE_ENDING;
	child_kill(l->child);
	fail_job(l, reason);
}

static void on_ready(struct lane *l, const char *token)
{
	if (l->state != LANE_STARTING) {
		child_kill(l->child);
		return;
	}
	if (!tsu_token_fits(l->tsu, token)) {
		on_failed(l, MSG_FAILURE_KEY,
			"D7, T-14: profiles etsi and csbr want a hardware token for release: this is "
			"SoftHSM");
		child_kill(l->child);
		return;
	}
	(void)evtimer_del(l->timer);
	l->state = LANE_IDLE;
	l->failures = 0;
	l->in_proof = false;
	l->proven = true;
	log_event(LOG_LEVEL_INFO, "signer_ready", token, "tsu=%s lane=%u", l->tsu->config->name,
		l->number);
	l->events->proven(l->events->arg, l, token);
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
		end(l, VOID_SIGNER_REFUSED);
		return;
	}
	(void)evtimer_del(l->timer);
	l->job = NULL;
	l->state = child_is_gone(l->child) ? LANE_ENDING : LANE_IDLE;
	if (l->retired)
		lane_close(l);
	l->events->signature(l->events->arg, job, signature);
}

static void on_message(void *arg, const struct msg *m)
{
	struct lane *l = arg;

	switch (m->type) {
	case MSG_SIGNER_READY:
		on_ready(l, m->signer_ready.token);
		return;
	case MSG_SIGNED:
		on_signed(l, &m->signature);
		return;
	case MSG_SIGN_FAILED:
		on_failed(l, m->sign_failed.failure, m->sign_failed.text);
		end(l, VOID_SIGNER_REFUSED);
		return;
	case MSG_FAILED:
		on_failed(l, m->failed.failure, m->failed.text);
		return;
	default:
		log_event(LOG_LEVEL_ERROR, "signer_bad_message", msg_name(m->type),
			"tsu=%s lane=%u", l->tsu->config->name, l->number);
		end(l, VOID_SIGNER_REFUSED);
	}
}

static void on_gone(void *arg, int status)
{
	struct lane *l = arg;

	l->child = NULL;
	(void)evtimer_del(l->timer);
	l->state = LANE_DOWN;
	l->in_proof = false;
	if (l->text[0] == '\0')
		(void)snprintf(l->text, sizeof(l->text),
			"signer %s: tsa-signer must prove its key: it ended with %s %d",
			l->tsu->config->name, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fail_job(l, VOID_SIGNER_DIED);
	l->events->gone(l->events->arg, l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lane *l = arg;

	(void)fd;
	(void)what;
	if (l->state == LANE_DOWN) {
		l->events->due(l->events->arg, l);
		return;
	}
	log_event(LOG_LEVEL_ERROR, "signer_timeout", "killed: did not answer in time",
		"tsu=%s lane=%u limit_ms=%u", l->tsu->config->name, l->number,
		l->state == LANE_STARTING ? START_S * 1000 : LANE_TRY_MS);
	if (l->state == LANE_STARTING)
		(void)snprintf(l->text, sizeof(l->text),
			"signer %s: must prove its key within %d s: it did not answer",
			l->tsu->config->name, START_S);
	end(l, VOID_SIGNER_TIMEOUT);
}

struct lane *lane_new(
	struct event_base *base, struct tsu *tsu, unsigned number, const struct lane_events *events)
{
	struct lane *l = must_calloc(1, sizeof(*l));

	l->events = events;
	l->tsu = tsu_hold(tsu);
	l->number = number;
	l->timer = evtimer_new(base, on_timer, l);
	if (l->timer == NULL)
		BUG("libevent gives no timer");
	return l;
}

void lane_free(struct lane *l)
{
	event_free(l->timer);
	tsu_release(l->tsu);
	free(l);
}

bool lane_start(struct lane *l, struct spawner *spawner, struct err *err)
{
	const struct child_events events = { on_message, on_gone, l };
	struct msg m = { .type = MSG_SETUP_SIGNER };
	char detail[MSG_MAX_NAME + 32];

	l->failure = MSG_FAILURE_OTHER;
	l->text[0] = '\0';
	(void)snprintf(detail, sizeof(detail), "tsu=%s lane=%u", l->tsu->config->name, l->number);
	l->child = child_start(spawner, &program, detail, NULL, 0, &events, err);
	if (l->child == NULL) {
		log_event(LOG_LEVEL_ERROR, "signer_failed", err->text, "%s", detail);
		return false;
	}
	l->state = LANE_STARTING;
	l->in_proof = true;
	set_timer(l, START_S * 1000);
	tsu_setup(l->tsu, &m.setup_signer);
	child_must_send(l->child, &m);
	return true;
}

void lane_start_later(struct lane *l)
{
	set_timer(l, backoff_ms(++l->failures));
}

bool lane_waits(const struct lane *l)
{
	return evtimer_pending(l->timer, NULL);
}

void lane_sign(struct lane *l, struct job *job, struct bytes tstinfo)
{
	struct msg m = { .type = MSG_SIGN, .sign = { .job = job->id, .tstinfo = tstinfo } };

	l->state = LANE_BUSY;
	l->job = job;
	set_timer(l, LANE_TRY_MS);
	child_must_send(l->child, &m);
}

void lane_close(struct lane *l)
{
	(void)evtimer_del(l->timer);
	if (l->child == NULL)
		return;
	l->state = LANE_ENDING;
	child_close(l->child);
}

void lane_retire(struct lane *l)
{
	l->retired = true;
	if (l->state != LANE_BUSY)
		lane_close(l);
}
