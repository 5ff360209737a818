/*
 * The order of things at start: listeners, journal, signers (each proves its key), lease, what an
 * operator accepted, ledger, fronts.  Owns every module; they hear each other only through the
 * functions here and, at the end, in service_stop.c.
 */
#include "tsa/authority/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/preflight.h"
#include "tsa/authority/service_part.h"
#include "tsa/authority/status.h"
#include "tsa/core/log.h"

enum { TICK_MS = 100 };

static void on_lease_due(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_RUNNING || s->phase == PHASE_DRAINING)
		tenure_turn(&s->tenure);
}

static void on_reload(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_RUNNING)
		reload_asked(&s->reload);
	else
		log_event(LOG_LEVEL_WARNING, "reload_ignored",
			s->phase < PHASE_RUNNING ? "SIGHUP: the service does not run yet"
						 : "SIGHUP: the service is stopping",
			"%s", "");
}

/* ---- journal ---- */

static void on_tree(void *arg, const struct msg_lease_tree *tree)
{
	struct service *s = arg;
	struct err err = { 0 };

	if (!lease_found_tree(s->lease, tree, &err))
		service_fail(s, EXIT_FINDINGS, "journal_bad", err.text);
}

static void on_leaves(void *arg, const struct msg_lease_leaves *leaves)
{
	struct service *s = arg;
	struct err err = { 0 };

	if (!lease_found_leaves(s->lease, leaves, &err))
		service_fail(s, EXIT_FINDINGS, "journal_bad", err.text);
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
		service_fail(s, EXIT_FINDINGS, "start_failed",
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
		service_stop(s);
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
	service_close_if_done(s);
}

static void on_journal_fatal(void *arg, uint8_t failure, const char *text)
{
	struct service *s = arg;

	service_fail(s, failure == MSG_FAILURE_CONFLICT ? EXIT_DO_NOT_RESTART : EXIT_FINDINGS,
		"journal_failed", text);
}

/* ---- ledger ---- */

static void on_conflict(void *arg, const char *text)
{
	/* R6, R8: two different records under one key. Nothing may be issued until a person
	 * decides. */
	service_fail(arg, EXIT_DO_NOT_RESTART, "ledger_conflict", text);
}

static void on_answerable(void *arg)
{
	struct service *s = arg;

	issue_durable(s->issuing, ledger_answerable(s->ledger, journal_durable(s->journal)));
	service_close_if_done(s);
}

static bool on_incident(void *arg, const struct incident *incident)
{
	struct service *s = arg;

	return tenure_incident(&s->tenure, incident);
}

static void make_ledger(struct service *s)
{
	const struct ledger_events events = { on_conflict, on_answerable, on_incident,
		service_ledger_stopped, s };

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
	s->reload = (struct reload){ .path = s->path,
		.config = config_hold(s->config),
		.notify = &s->notify,
		.crew = s->crew,
		.fronts = s->fronts,
		.journal = s->journal,
		.lease = s->lease,
		.ledger = s->ledger,
		.issuing = s->issuing,
		.clock = &s->clock,
		.tenure = &s->tenure };
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

static void on_crew_loaded(void *arg)
{
	struct service *s = arg;

	if (s->phase != PHASE_SIGNERS) {
		reload_proven(&s->reload);
		return;
	}
	s->phase = PHASE_LEASE;
	crew_swap(s->crew);
	make_ledger(s);
	start_issuing(s);
	begin_lease(s);
}

static void on_crew_refused(void *arg, uint8_t failure, const char *text)
{
	struct service *s = arg;

	/* R20: a refused PIN ends a start, and never a service that has signers. */
	if (s->phase != PHASE_SIGNERS)
		reload_failed(&s->reload, text);
	else
		service_fail(s, failure == MSG_FAILURE_PIN ? EXIT_DO_NOT_RESTART : EXIT_FINDINGS,
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
	service_close_if_done(s);
}

static void on_lane_idle(void *arg)
{
	struct service *s = arg;

	if (s->issuing != NULL)
		issue_dispatch(s->issuing);
}

static void start_signers(struct service *s)
{
	const struct crew_events events = { .loaded = on_crew_loaded,
		.refused = on_crew_refused,
		.signature = on_signature,
		.job_failed = on_job_failed,
		.lane_idle = on_lane_idle,
		.stopped = service_crew_stopped,
		.arg = s };
	struct err err = { 0 };

	s->phase = PHASE_SIGNERS;
	notify_status(&s->notify, "signers prove their keys");
	s->crew = crew_new(s->base, s->spawner, false, &events);
	if (!crew_load(s->crew, s->config, &err))
		service_fail(s, EXIT_FINDINGS, "signer_refused", err.text);
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
	const struct status_sources from = { .reload = &s->reload,
		.issuing = s->issuing,
		.crew = s->crew,
		.fronts = s->fronts,
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
	notify_ready(&s->notify, "serving");
	log_event(LOG_LEVEL_INFO, "ready", NULL, "version=%s", TSA_VERSION);
}

static void on_tables(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_RUNNING || s->phase == PHASE_DRAINING)
		reload_swap(&s->reload);
}

static void on_fronts_fatal(void *arg, const char *text)
{
	struct service *s = arg;

	if (s->phase == PHASE_FRONTS)
		service_fail(s, EXIT_FINDINGS, "front_failed", text);
}

/* ---- run ---- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	notify_tick(&s->notify);
	if (s->issuing == NULL)
		return;
	journal_tick(s->journal);
	ledger_tick(s->ledger);
	fronts_tick(s->fronts);
	issue_expire(s->issuing);
	service_close_if_done(s);
	if (s->phase == PHASE_LEASE)
		begin_lease(s);
	if (s->phase == PHASE_RUNNING || s->phase == PHASE_DRAINING)
		tenure_tick(&s->tenure);
	reload_tick(&s->reload);
}

static void watch(struct service *s)
{
	const struct timeval every = { .tv_usec = TICK_MS * 1000 };

	s->signals = signals_watch(s->base, service_signal, on_reload, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->deadline = evtimer_new(s->base, service_overdue, s);
	if (s->tick == NULL || s->deadline == NULL || event_add(s->tick, &every) != 0)
		BUG("libevent takes no events");
}

static bool start(struct service *s, struct err *err)
{
	const struct fronts_events fronts = { .issue = on_issue,
		.status = on_status,
		.ready = on_fronts_ready,
		.tables = on_tables,
		.fatal = on_fronts_fatal,
		.drained = service_drained,
		.stopped = service_fronts_stopped,
		.arg = s };
	const struct journal_events journal = { on_tree, on_leaves, on_journal_ready, on_durable,
		on_journal_fatal, service_journal_stopped, s };
	const struct lease_facts facts = tenure_facts(s->config);

	if (!preflight_clock(err))
		return false;
	s->spawner = spawner_new(s->base, err);
	if (s->spawner == NULL)
		return false;
	s->fronts = fronts_new(s->base, s->spawner, s->config, &fronts, err);
	if (s->fronts == NULL || !preflight_unprivileged(s->config, err))
		return false;
	s->lease = lease_new(&facts);
	s->journal = journal_new(s->base, s->spawner, s->config, &journal);
	return true;
}

static void wipe(struct service *s)
{
	notify_close(&s->notify);
	issue_free(s->issuing);
	reload_wipe(&s->reload);
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

int service_run(const char *path, struct config *config, const struct incident *accepted)
{
	struct service s = {
		.path = path, .config = config, .accepted = accepted, .base = event_base_new()
	};
	struct err err = { 0 };

	if (s.base == NULL)
		BUG("libevent does not start");
	notify_open(&s.notify);
	watch(&s);
	reload_clock(config, &s.clock);
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
