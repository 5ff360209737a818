/* A journal without a disk: records wait until the one who turns the knobs says they are on it. */
#include "authority.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/journal.h"
#include "tsa/authority/timesrc.h"

struct journal {
	struct journal_events events;
	struct event *timer; /* its start, and its end */
	uint64_t last_seq;
	uint64_t durable;
	bool stopping;
};

static struct fake_found found;
static struct journal *the_journal;
static bool broken;
static const struct msg_disk disk = { .used_percent = 7, .spare_segments = 2 };

void fake_journal_reset(const struct fake_found *what)
{
	found = *what;
	the_journal = NULL;
	broken = false;
}

static void tell_ready(struct journal *j)
{
	struct msg_journal_ready ready = { .instance = 0x01020304 };

	if (found.old) {
		ready.last_seq = 41;
		ready.last_lease = (uint32_t)(fake_clock_us() / 1000000) + 2;
		ready.last_time_us = fake_clock_us() + 20000;
		ready.closed_count = 40;
	}
	j->last_seq = ready.last_seq;
	j->durable = ready.last_seq;
	j->events.ready(j->events.arg, &ready);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct journal *j = arg;

	(void)fd;
	(void)what;
	if (!j->stopping) {
		tell_ready(j);
		return;
	}
	broken = false;
	fake_journal_writes(SIZE_MAX);
	j->events.stopped(j->events.arg);
}

static void soon(struct journal *j)
{
	const struct timeval after = { .tv_usec = 1000 };

	(void)evtimer_add(j->timer, &after);
}

struct journal *journal_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, const struct journal_events *events)
{
	struct journal *j = must_calloc(1, sizeof(*j));

	(void)spawner;
	(void)config;
	j->events = *events;
	j->timer = evtimer_new(base, on_timer, j);
	soon(j);
	the_journal = j;
	return j;
}

void journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	event_free(j->timer);
	the_journal = NULL;
	free(j);
}

void journal_append(struct journal *j, const struct msg_record *record)
{
	if (record->seq != j->last_seq + 1)
		abort();
	j->last_seq = record->seq;
	fake_watch()->record(record);
}

/* Certificates are of no interest here. */
void journal_reload(struct journal *j, const struct config *config)
{
	(void)j;
	(void)config;
}

const char *journal_trouble(const struct journal *j)
{
	(void)j;
	return broken ? "journal: the disk is full" : NULL;
}

void journal_tick(struct journal *j)
{
	(void)j;
}

uint64_t journal_durable(const struct journal *j)
{
	return j->durable;
}

size_t journal_waiting(const struct journal *j)
{
	return (size_t)(j->last_seq - j->durable);
}

const struct msg_disk *journal_disk(const struct journal *j)
{
	(void)j;
	return &disk;
}

void journal_stop(struct journal *j)
{
	j->stopping = true;
	soon(j);
}

/* ---- knobs ---- */

void fake_journal_writes(size_t count)
{
	struct journal *j = the_journal;
	size_t waiting = j == NULL || broken ? 0 : journal_waiting(j);

	if (waiting == 0 || count == 0)
		return;
	j->durable += count < waiting ? count : waiting;
	fake_watch()->durable(j->durable);
	j->events.durable(j->events.arg, j->durable);
}

void fake_journal_broken(bool is_broken)
{
	broken = is_broken;
}

void fake_journal_fatal(void)
{
	if (the_journal != NULL)
		the_journal->events.fatal(the_journal->events.arg, MSG_FAILURE_CORRUPT, "damaged");
}
