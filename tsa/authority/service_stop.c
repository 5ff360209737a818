/*
 * The order of things at the end: fronts drain, the lease is closed, the ledger ships, the journal
 * and the signers end.  Each step begins when the one before it says that it is done.
 */
#include "tsa/authority/service.h"

#include <event2/event.h>

#include "tsa/authority/service_part.h"
#include "tsa/core/log.h"

enum { STOP_S = 30 }; /* a stop that takes longer is ended by force */

void service_fail(struct service *s, int status, const char *event, const char *text)
{
	log_event(LOG_LEVEL_ERROR, event, text, "exit_status=%d", status);
	if (s->status == EXIT_GOOD || status == EXIT_DO_NOT_RESTART)
		s->status = status;
	if (s->issuing != NULL)
		issue_refuse_all(s->issuing);
	if (s->phase < PHASE_STOPPING)
		service_stop(s);
}

static void leave(struct service *s)
{
	s->left = true;
	(void)event_base_loopbreak(s->base);
}

void service_crew_stopped(void *arg)
{
	struct service *s = arg;

	if (s->phase == PHASE_STOPPING)
		leave(s);
}

void service_journal_stopped(void *arg)
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

void service_ledger_stopped(void *arg)
{
	stop_journal(arg);
}

void service_fronts_stopped(void *arg)
{
	struct service *s = arg;

	if (s->ledger != NULL)
		ledger_stop(s->ledger);
	else
		stop_journal(s);
}

void service_overdue(evutil_socket_t fd, short what, void *arg)
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

	notify_stopping(&s->notify);
	if (!evtimer_pending(s->deadline, NULL))
		(void)evtimer_add(s->deadline, &limit);
}

void service_stop(struct service *s)
{
	s->phase = PHASE_STOPPING;
	reload_end(&s->reload);
	set_deadline(s);
	fronts_stop(s->fronts);
}

void service_close_if_done(struct service *s)
{
	if (s->phase != PHASE_DRAINING || !s->drained || issue_open(s->issuing) > 0 ||
		journal_waiting(s->journal) > 0)
		return;
	s->phase = PHASE_CLOSING;
	if (lease_is_open(s->lease))
		tenure_end(&s->tenure);
	else
		service_stop(s);
}

void service_drained(void *arg)
{
	struct service *s = arg;

	s->drained = true;
	service_close_if_done(s);
}

void service_signal(void *arg, int number)
{
	struct service *s = arg;

	log_event(LOG_LEVEL_INFO, "stopping", NULL, "signal=%d", number);
	if (s->phase != PHASE_RUNNING) {
		/* Before the service runs nothing is accepted: there is nothing to drain. */
		if (s->phase < PHASE_RUNNING)
			service_stop(s);
		return;
	}
	s->phase = PHASE_DRAINING;
	reload_end(&s->reload);
	set_deadline(s);
	fronts_drain(s->fronts);
}
