#include "tsa/authority/tenure.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tsa/core/log.h"

struct lease_facts tenure_facts(const struct config *config)
{
	return (struct lease_facts){
		.clock = config->clock == CONFIG_CLOCK_KERNEL ? "kernel" : "unchecked",
		.version = TSA_VERSION,
		.config_sha256 = config->sha256,
	};
}

static void read_clock(const struct tenure *t, struct clock_reading *reading)
{
	/* The start has shown that the call is permitted. */
	if (!timesrc_read(reading))
		BUG("adjtimex: %s", strerror(errno));
	if (reading->time_us < t->clock->last_us)
		reading->time_us = t->clock->last_us;
}

static void append(struct tenure *t, const struct msg_record *record, struct buf *body)
{
	journal_append(t->journal, record);
	buf_free(body);
}

/* -1: the clock was not checked, or has no bound. */
static int32_t bound_of(const struct tenure *t, const struct clock_reading *now)
{
	uint64_t bound_us = now->maxerror_us + t->clock->slack_us;

	return t->clock->checked && now->synchronised && bound_us <= INT32_MAX ? (int32_t)bound_us
									       : -1;
}

static void open_lease(struct tenure *t)
{
	struct clock_reading now;
	struct msg_record record;
	struct buf body = { 0 };

	read_clock(t, &now);
	lease_open_fresh(
		t->lease, now.time_us, bound_of(t, &now), now.synchronised, &record, &body);
	t->awaited = record.seq;
	append(t, &record, &body);
	log_event(LOG_LEVEL_INFO, "lease_open", NULL, "lease=%" PRIu32, record.lease);
}

static void close_lease(struct tenure *t)
{
	struct clock_reading now;
	struct msg_record record;
	struct buf body = { 0 };

	read_clock(t, &now);
	lease_close(t->lease, now.time_us, &record, &body);
	t->awaited = record.seq;
	append(t, &record, &body);
	log_event(LOG_LEVEL_INFO, "lease_close", NULL, "lease=%" PRIu32 " count=%" PRIu32,
		record.lease, record.ctr);
}

static void void_holes(struct tenure *t)
{
	struct clock_reading now;
	struct msg_record record;
	struct buf body = { 0 };
	unsigned holes = 0;

	read_clock(t, &now);
	while (lease_next_hole(t->lease, now.time_us, &record, &body)) {
		append(t, &record, &body);
		holes++;
	}
	if (holes > 0)
		log_event(LOG_LEVEL_WARNING, "holes_voided",
			"counters without a record, left by a crash", "count=%u", holes);
}

bool tenure_may_begin(const struct tenure *t)
{
	struct clock_reading now;

	read_clock(t, &now);
	return lease_may_open(t->lease, t->found_us, now.time_us);
}

void tenure_begin(struct tenure *t)
{
	void_holes(t);
	open_lease(t);
}

bool tenure_incident(struct tenure *t, const struct incident *incident)
{
	struct clock_reading now;
	struct msg_record record;
	struct buf body = { 0 };

	if (!lease_is_open(t->lease))
		return false;
	read_clock(t, &now);
	lease_incident_record(t->lease, incident, now.time_us, bound_of(t, &now), &record, &body);
	/* What is awaited goes on being awaited, to the end of what was written. */
	if (t->awaited != 0)
		t->awaited = record.seq;
	append(t, &record, &body);
	/* What was accepted is known to a person already. */
	log_event(
		incident->what == INCIDENT_CONFLICT_ACCEPTED ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		"incident", NULL,
		"what=%s lease=%" PRIu32 " record_lease=%" PRIu32 " record_ctr=%" PRIu32,
		incident_what_name(incident->what), incident->lease, record.lease, record.ctr);
	return true;
}

void tenure_end(struct tenure *t)
{
	t->turning = false; /* no fresh one follows */
	close_lease(t);
}

void tenure_turn(struct tenure *t)
{
	if (!t->turning) {
		t->turning = true;
		issue_hold(t->issuing, true);
	}
	if (t->awaited != 0 || issue_in_flight(t->issuing) || journal_waiting(t->journal) > 0 ||
		!tenure_may_turn(t))
		return;
	close_lease(t);
	open_lease(t);
}

bool tenure_may_turn(const struct tenure *t)
{
	struct clock_reading now;

	read_clock(t, &now);
	return lease_may_turn(t->lease, now.time_us);
}

void tenure_tick(struct tenure *t)
{
	struct clock_reading now;

	if (t->turning || (timesrc_read(&now) && lease_due(t->lease, now.time_us)))
		tenure_turn(t);
}

bool tenure_durable(struct tenure *t, uint64_t seq)
{
	bool awaited = t->awaited != 0 && seq >= t->awaited;

	if (awaited)
		t->awaited = 0;
	if (!t->turning)
		return awaited;
	if (awaited) {
		t->turning = false;
		issue_hold(t->issuing, false);
	} else {
		tenure_turn(t);
	}
	return false;
}
