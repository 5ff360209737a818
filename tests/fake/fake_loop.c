/*
 * libevent's timers and the clocks on virtual time.  Descriptors never become ready here: what
 * children say comes through fake_children.c.  The linker puts __wrap_* in the place of libc's.
 */
#include "authority.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

#include <event2/event.h>

#include "tsa/authority/issue.h"

struct event {
	TAILQ_ENTRY(event) link;
	event_callback_fn call;
	void *arg;
	bool persists;
	bool pending;
	uint64_t every_ms;
	uint64_t at_ms;
};

struct event_base {
	bool broken;
};

static struct {
	TAILQ_HEAD(, event) events;
	struct event_base *base;
	uint64_t now_ms;
	uint64_t clock_us;
	bool synchronised;
	uint32_t maxerror_us;
	uint32_t random;
	size_t jobs;
} loop;

static const struct fake_watch *watched;

int __wrap_adjtimex(struct timex *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __real_clock_gettime(clockid_t clock, struct timespec *t);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags);
struct job *__wrap_job_new(struct jobs *jobs, const struct msg_issue *issue, uint64_t now_ms);
struct job *__real_job_new(struct jobs *jobs, const struct msg_issue *issue, uint64_t now_ms);
void __wrap_job_answered(struct jobs *jobs, struct job *job);
void __real_job_answered(struct jobs *jobs, struct job *job);
void __wrap_issue_reload(struct issuing *issuing, const struct config *config);
void __real_issue_reload(struct issuing *issuing, const struct config *config);

void fake_reset(const struct fake_watch *watch, uint64_t realtime_us)
{
	const struct fake_found found = { 0 };

	watched = watch;
	fake_loop_reset(realtime_us);
	fake_children_reset(true);
	fake_signers_reset(true);
	fake_journal_reset(&found);
	fake_process_reset();
}

const struct fake_watch *fake_watch(void)
{
	return watched;
}

void fake_loop_reset(uint64_t realtime_us)
{
	memset(&loop, 0, sizeof(loop));
	TAILQ_INIT(&loop.events);
	loop.now_ms = 1000000;
	loop.clock_us = realtime_us;
	loop.synchronised = true;
	loop.maxerror_us = 10000;
}

/* ---- clocks ---- */

uint64_t fake_now_ms(void)
{
	return loop.now_ms;
}

uint64_t fake_clock_us(void)
{
	return loop.clock_us;
}

uint32_t fake_clock_bound_us(void)
{
	return loop.synchronised && loop.maxerror_us > 0 ? loop.maxerror_us : UINT32_MAX;
}

void fake_clock_step(int64_t us)
{
	if (us >= 0 || loop.clock_us > (uint64_t)-us)
		loop.clock_us += (uint64_t)us;
}

void fake_clock_state(bool synchronised, uint32_t maxerror_us)
{
	loop.synchronised = synchronised;
	loop.maxerror_us = maxerror_us;
}

int __wrap_adjtimex(struct timex *t)
{
	t->time.tv_sec = (time_t)(loop.clock_us / 1000000);
	t->time.tv_usec = (suseconds_t)(loop.clock_us % 1000000);
	t->maxerror = (long)loop.maxerror_us;
	t->status = loop.synchronised ? 0 : STA_UNSYNC;
	return loop.synchronised ? TIME_OK : TIME_ERROR;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, t);
	t->tv_sec = (time_t)(loop.now_ms / 1000);
	t->tv_nsec = (long)(loop.now_ms % 1000) * 1000000;
	return 0;
}

/* The nonces of the fronts: known beforehand, so that an input means the same each time. */
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags)
{
	uint32_t next = 0x01010101u * ++loop.random;

	(void)flags;
	if (len != sizeof(next))
		abort();
	memcpy(buf, &next, sizeof(next));
	return (ssize_t)len;
}

/* ---- a configuration comes into force ---- */

void __wrap_issue_reload(struct issuing *issuing, const struct config *config)
{
	watched->reloaded(config);
	__real_issue_reload(issuing, config);
}

/* ---- jobs are counted ---- */

struct job *__wrap_job_new(struct jobs *jobs, const struct msg_issue *issue, uint64_t now_ms)
{
	watched->jobs(++loop.jobs);
	return __real_job_new(jobs, issue, now_ms);
}

void __wrap_job_answered(struct jobs *jobs, struct job *job)
{
	watched->jobs(--loop.jobs);
	__real_job_answered(jobs, job);
}

/* ---- events ---- */

static struct event *earliest(uint64_t until_ms)
{
	struct event *first = NULL;
	struct event *e;

	TAILQ_FOREACH (e, &loop.events, link) {
		if (e->pending && e->at_ms <= until_ms &&
			(first == NULL || e->at_ms < first->at_ms))
			first = e;
	}
	return first;
}

static void move_to(uint64_t now_ms)
{
	if (now_ms <= loop.now_ms)
		return;
	loop.clock_us += (now_ms - loop.now_ms) * 1000;
	loop.now_ms = now_ms;
}

uint32_t fake_pass(uint32_t ms)
{
	uint64_t from_ms = loop.now_ms;
	struct event *e = earliest(from_ms + ms);

	if (e == NULL) {
		move_to(from_ms + ms);
		return ms;
	}
	move_to(e->at_ms);
	e->pending = e->persists;
	e->at_ms += e->every_ms;
	e->call(-1, EV_TIMEOUT, e->arg);
	return (uint32_t)(loop.now_ms - from_ms);
}

bool fake_loop_broken(void)
{
	return loop.base == NULL || loop.base->broken;
}

struct event_base *event_base_new(void)
{
	loop.base = must_calloc(1, sizeof(*loop.base));
	return loop.base;
}

void event_base_free(struct event_base *base)
{
	if (!TAILQ_EMPTY(&loop.events))
		abort(); /* somebody forgot an event */
	loop.base = NULL;
	free(base);
}

int event_base_dispatch(struct event_base *base)
{
	(void)base;
	watched->run();
	return 0;
}

int event_base_loopbreak(struct event_base *base)
{
	base->broken = true;
	return 0;
}

struct event *event_new(
	struct event_base *base, evutil_socket_t fd, short what, event_callback_fn call, void *arg)
{
	struct event *e = must_calloc(1, sizeof(*e));

	(void)base;
	(void)fd;
	e->call = call;
	e->arg = arg;
	e->persists = (what & EV_PERSIST) != 0;
	TAILQ_INSERT_TAIL(&loop.events, e, link);
	return e;
}

void event_free(struct event *e)
{
	TAILQ_REMOVE(&loop.events, e, link);
	free(e);
}

int event_add(struct event *e, const struct timeval *after)
{
	if (after == NULL)
		abort(); /* only timers live here */
	e->every_ms = (uint64_t)after->tv_sec * 1000 + (uint64_t)after->tv_usec / 1000;
	e->at_ms = loop.now_ms + e->every_ms;
	e->pending = true;
	return 0;
}

int event_del(struct event *e)
{
	e->pending = false;
	return 0;
}

int event_pending(const struct event *e, short what, struct timeval *when)
{
	(void)what;
	(void)when;
	return e->pending ? EV_TIMEOUT : 0;
}
