/*
 * The order of things.  Start: listeners, journal, signers (each proves its key), lease, what an
 * operator accepted, ledger, fronts.  Stop: fronts drain, the lease is closed, the ledger ships,
 * the journal and the signers end.  Owns every module; they hear each other only through the
 * functions here.
 */
#include "tsa/authority/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/issue.h"
#include "tsa/authority/preflight.h"
#include "tsa/authority/privilege.h"
#include "tsa/authority/signals.h"
#include "tsa/authority/status.h"
#include "tsa/authority/tenure.h"
#include "tsa/core/log.h"

enum {
	TICK_MS = 100,
	STOP_S = 30, /* a stop that takes longer is ended by force */
};

enum phase {
	PHASE_JOURNAL, /* tsa-journal recovers */
	PHASE_SIGNERS, /* signers prove their keys */
	PHASE_LEASE, /* the fresh lease is not durable yet */
	PHASE_FRONTS,
	PHASE_RUNNING,
	PHASE_DRAINING, /* fronts answer what they accepted */
	PHASE_CLOSING, /* the lease-close is not durable yet */
	PHASE_STOPPING, /* children end */
};

struct service {
	const struct config *config;
	const struct incident *accepted; /* by the operator; NULL: nothing */
	struct event_base *base;
	struct signals *signals;
	struct event *tick;
	struct event *deadline;
	struct spawner *spawner;
	struct fronts *fronts;
	struct journal *journal;
	struct crew *crew;
	struct lease *lease;
	struct ledger *ledger;
	struct issuing *issuing;
	struct timesrc clock;
	struct tenure tenure;
	struct msg_journal_ready found;
	uint64_t found_us; /* of the real clock */
	bool begun; /* the first lease was opened */
	enum phase phase;
	bool drained; /* no front is left that could ask */
	bool left; /* the loop is over, or need not begin */
	int status;
};

static void stop_children(struct service *s);

/* Cannot go on: the first reason counts, but for one that forbids another start. */
static void fail(struct service *s, int status, const char *event, const char *text)
{
	log_event(LOG_LEVEL_ERROR, event, text, "exit_status=%d", status);
	if (s->status == EXIT_GOOD || status == EXIT_DO_NOT_RESTART)
		s->status = status;
	if (s->issuing != NULL)
		issue_refuse_all(s->issuing);
	if (s->phase < PHASE_STOPPING)
		stop_children(s);
}

static void on_lease_due(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_RUNNING || s->phase == PHASE_DRAINING)
		tenure_turn(&s->tenure);
}

/* ---- stop ---- */

static void leave(struct service *s)
{
	s->left = true;
	(void)event_base_loopbreak(s->base);
}

static void on_crew_stopped(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_STOPPING)
		leave(s);
}

static void on_journal_stopped(void *arg)
{
	struct service *s = arg;

	if (s->crew != NULL)
		crew_stop(s->crew);
	else
		leave(s);
}

static void stop_journal(struct service *s)
{
	if (s->journal != NULL)
		journal_stop(s->journal);
	else
		leave(s);
}

static void on_ledger_stopped(void *arg)
{
	stop_journal(arg);
}

static void on_fronts_stopped(void *arg)
{
	struct service *s = arg;

	if (s->ledger != NULL)
		ledger_stop(s->ledger);
	else
		stop_journal(s);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	log_event(LOG_LEVEL_ERROR, "stop_forced", "children did not end in time", "limit_s=%d",
		STOP_S);
	s->status = s->status == EXIT_GOOD ? EXIT_FINDINGS : s->status;
	leave(s);
}

static void set_deadline(struct service *s)
{
	const struct timeval limit = { .tv_sec = STOP_S };

	if (!evtimer_pending(s->deadline, NULL))
		(void)evtimer_add(s->deadline, &limit);
}

/* Fronts first, so that what they still hold is answered or ends; the rest follows from there. */
static void stop_children(struct service *s)
{
	s->phase = PHASE_STOPPING;
	set_deadline(s);
	fronts_stop(s->fronts);
}

static void close_if_done(struct service *s)
{
	if (s->phase != PHASE_DRAINING || !s->drained || issue_open(s->issuing) > 0 ||
		journal_waiting(s->journal) > 0)
		return;
	s->phase = PHASE_CLOSING;
	if (lease_is_open(s->lease))
		tenure_end(&s->tenure);
	else
		stop_children(s);
}

static void on_drained(void *arg)
{
	struct service *s = arg;

	s->drained = true;
	close_if_done(s);
}

static void on_stop(void *arg, int number)
{
	struct service *s = arg;

	log_event(LOG_LEVEL_INFO, "stopping", NULL, "signal=%d", number);
	if (s->phase != PHASE_RUNNING) {
		/* Before the service runs nothing is accepted: there is nothing to drain. */
		if (s->phase < PHASE_RUNNING)
			stop_children(s);
		return;
	}
	s->phase = PHASE_DRAINING;
	set_deadline(s);
	fronts_drain(s->fronts);
}

/* ---- journal ---- */

static void on_tree(void *arg, const struct msg_lease_tree *tree)
{
	struct service *s = arg;
	struct err err = { 0 };

	if (!lease_found_tree(s->lease, tree, &err))
		fail(s, EXIT_FINDINGS, "journal_bad", err.text);
}

static void on_leaves(void *arg, const struct msg_lease_leaves *leaves)
{
	struct service *s = arg;
	struct err err = { 0 };

	if (!lease_found_leaves(s->lease, leaves, &err))
		fail(s, EXIT_FINDINGS, "journal_bad", err.text);
}

static void start_signers(struct service *s);

static void on_journal_ready(void *arg, const struct msg_journal_ready *ready)
{
	struct service *s = arg;
	struct clock_reading now = { 0 };

	if (!timesrc_read(&now))
		BUG("adjtimex: %s", strerror(errno));
	s->found = *ready;
	s->found_us = now.time_us;
	s->clock.last_us = ready->last_time_us;
	lease_found(s->lease, ready);
	if (s->accepted != NULL && s->accepted->lease > ready->last_lease) {
		fail(s, EXIT_FINDINGS, "start_failed",
			"--accept-incident: R8: names a lease of this journal: it is newer than all");
		return;
	}
	log_event(LOG_LEVEL_INFO, "journal_ready", NULL,
		"instance=%08" PRIx32 " seq=%" PRIu64 " lease=%" PRIu32 " closed=%d",
		ready->instance, ready->last_seq, ready->last_lease, !ready->lease_open);
	start_signers(s);
}

static void on_tenure_durable(struct service *s)
{
	if (s->phase == PHASE_LEASE) {
		s->phase = PHASE_FRONTS;
		/* Not before: it looks in the journal for what an operator accepted. */
		ledger_start(s->ledger);
		fronts_start(s->fronts);
	} else if (s->phase == PHASE_CLOSING) {
		stop_children(s);
	}
}

static void on_durable(void *arg, uint64_t seq)
{
	struct service *s = arg;

	if (s->ledger != NULL)
		ledger_durable(s->ledger, seq);
	if (s->issuing != NULL)
		issue_durable(s->issuing, ledger_answerable(s->ledger, seq));
	if (tenure_durable(&s->tenure, seq))
		on_tenure_durable(s);
	close_if_done(s);
}

static void on_journal_fatal(void *arg, uint8_t failure, const char *text)
{
	struct service *s = arg;

	fail(s, failure == MSG_FAILURE_CONFLICT ? EXIT_DO_NOT_RESTART : EXIT_FINDINGS,
		"journal_failed", text);
}

/* ---- ledger ---- */

static void on_conflict(void *arg, const char *text)
{
	/* R6, R8: two different records under one key. Nothing may be issued until a person
	 * decides. */
	fail(arg, EXIT_DO_NOT_RESTART, "ledger_conflict", text);
}

static void on_answerable(void *arg)
{
	struct service *s = arg;

	issue_durable(s->issuing, ledger_answerable(s->ledger, journal_durable(s->journal)));
	close_if_done(s);
}

static bool on_incident(void *arg, const struct incident *incident)
{
	struct service *s = arg;

	return tenure_incident(&s->tenure, incident);
}

static void make_ledger(struct service *s)
{
	const struct ledger_events events = { on_conflict, on_answerable, on_incident,
		on_ledger_stopped, s };

	if (s->config->database[0] == '\0')
		return;
	s->ledger = ledger_new(s->base, s->spawner, s->config, s->found.instance,
		journal_durable(s->journal), &events);
}

/* ---- crew ---- */

static void start_issuing(struct service *s)
{
	const struct issue_links links = { .config = s->config,
		.crew = s->crew,
		.fronts = s->fronts,
		.journal = s->journal,
		.lease = s->lease,
		.ledger = s->ledger,
		.clock = &s->clock,
		.lease_due = on_lease_due,
		.arg = s };

	s->issuing = issue_new(&links);
	s->tenure = (struct tenure){ .lease = s->lease,
		.journal = s->journal,
		.clock = &s->clock,
		.issuing = s->issuing,
		.found_us = s->found_us };
}

/* R1: no lease in the second in which the journal was found. */
static void begin_lease(struct service *s)
{
	if (s->begun || !tenure_may_begin(&s->tenure))
		return;
	s->begun = true;
	tenure_begin(&s->tenure);
	if (s->accepted != NULL && !tenure_incident(&s->tenure, s->accepted))
		BUG("an accepted incident finds no open lease");
}

static void on_crew_ready(void *arg)
{
	struct service *s = arg;

	if (s->phase != PHASE_SIGNERS)
		return;
	s->phase = PHASE_LEASE;
	make_ledger(s);
	start_issuing(s);
	begin_lease(s);
}

static void on_crew_fatal(void *arg, uint8_t failure, const char *text)
{
	struct service *s = arg;

	if (s->phase == PHASE_SIGNERS || failure == MSG_FAILURE_PIN)
		fail(s, failure == MSG_FAILURE_PIN ? EXIT_DO_NOT_RESTART : EXIT_FINDINGS,
			"signer_refused", text);
}

static void on_signature(void *arg, struct job *job, const struct msg_signed *signature)
{
	struct service *s = arg;

	issue_signed(s->issuing, job, signature);
}

static void on_job_failed(void *arg, struct job *job, enum void_reason reason)
{
	struct service *s = arg;

	issue_job_failed(s->issuing, job, reason);
	close_if_done(s);
}

static void on_lane_idle(void *arg)
{
	struct service *s = arg;

	if (s->issuing != NULL)
		issue_dispatch(s->issuing);
}

static void start_signers(struct service *s)
{
	const struct crew_events events = { .ready = on_crew_ready,
		.fatal = on_crew_fatal,
		.signature = on_signature,
		.job_failed = on_job_failed,
		.lane_idle = on_lane_idle,
		.stopped = on_crew_stopped,
		.arg = s };
	struct err err = { 0 };

	s->phase = PHASE_SIGNERS;
	s->crew = crew_new(s->base, s->spawner, s->config, false, &events, &err);
	if (s->crew == NULL)
		fail(s, EXIT_FINDINGS, "signer_refused", err.text);
}

/* ---- fronts ---- */

static bool on_issue(void *arg, const struct msg_issue *issue)
{
	struct service *s = arg;

	return issue_request(s->issuing, issue);
}

static bool on_status(void *arg, enum msg_status what, char *text, size_t cap)
{
	struct service *s = arg;
	const struct status_sources from = { .config = s->config,
		.issuing = s->issuing,
		.crew = s->crew,
		.journal = s->journal,
		.ledger = s->ledger,
		.clock = &s->clock,
		.draining = s->phase > PHASE_RUNNING };

	return status_page(&from, what, text, cap);
}

static void on_fronts_ready(void *arg)
{
	struct service *s = arg;

	if (s->phase != PHASE_FRONTS)
		return;
	s->phase = PHASE_RUNNING;
	log_event(LOG_LEVEL_INFO, "ready", NULL, "version=%s", TSA_VERSION);
}

static void on_fronts_fatal(void *arg, const char *text)
{
	struct service *s = arg;

	if (s->phase == PHASE_FRONTS)
		fail(s, EXIT_FINDINGS, "front_failed", text);
}

/* ---- run ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	if (s->issuing == NULL)
		return;
	journal_tick(s->journal);
	issue_expire(s->issuing);
	close_if_done(s);
	if (s->phase == PHASE_LEASE)
		begin_lease(s);
	if (s->phase == PHASE_RUNNING)
		tenure_tick(&s->tenure);
}

static void watch(struct service *s)
{
	const struct timeval every = { .tv_usec = TICK_MS * 1000 };

	s->signals = signals_watch(s->base, on_stop, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->deadline = evtimer_new(s->base, on_deadline, s);
	if (s->tick == NULL || s->deadline == NULL || event_add(s->tick, &every) != 0)
		BUG("libevent takes no events");
}

static bool start(struct service *s, struct err *err)
{
	const struct fronts_events fronts = { on_issue, on_status, on_fronts_ready, on_fronts_fatal,
		on_drained, on_fronts_stopped, s };
	const struct journal_events journal = { on_tree, on_leaves, on_journal_ready, on_durable,
		on_journal_fatal, on_journal_stopped, s };
	const struct lease_facts facts = {
		.clock = s->config->clock == CONFIG_CLOCK_KERNEL ? "kernel" : "unchecked",
		.version = TSA_VERSION,
		.config_sha256 = s->config->sha256
	};

	if (!preflight_clock(err))
		return false;
	s->spawner = spawner_new(s->base, err);
	if (s->spawner == NULL)
		return false;
	s->fronts = fronts_new(s->base, s->spawner, s->config, &fronts, err);
	if (s->fronts == NULL || !privilege_drop(err))
		return false;
	s->lease = lease_new(&facts);
	s->journal = journal_new(s->base, s->spawner, s->config, &journal);
	return true;
}

static void wipe(struct service *s)
{
	issue_free(s->issuing);
	crew_free(s->crew);
	ledger_free(s->ledger);
	journal_free(s->journal);
	lease_free(s->lease);
	fronts_free(s->fronts);
	spawner_free(s->spawner);
	signals_free(s->signals);
	event_free(s->tick);
	event_free(s->deadline);
	event_base_free(s->base);
}

int service_run(const struct config *config, const struct incident *accepted)
{
	struct service s = { .config = config, .accepted = accepted, .base = event_base_new() };
	struct err err = { 0 };

	if (s.base == NULL)
		BUG("libevent does not start");
	watch(&s);
	s.clock.checked = config->clock == CONFIG_CLOCK_KERNEL;
	s.clock.slack_us = config->clock_slack_ms * 1000;
	log_event(LOG_LEVEL_INFO, "starting", NULL, "version=%s", TSA_VERSION);
	preflight_warn(config);
	if (!start(&s, &err)) {
		log_event(
			LOG_LEVEL_ERROR, "start_failed", err.text, "exit_status=%d", EXIT_FINDINGS);
		s.status = EXIT_FINDINGS;
	} else if (!s.left) {
		(void)event_base_dispatch(s.base);
	}
	log_event(LOG_LEVEL_INFO, "stopped", NULL, "exit_status=%d", s.status);
	wipe(&s);
	return s.status;
}
