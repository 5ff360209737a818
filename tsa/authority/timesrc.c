#include "tsa/authority/timesrc.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

#include "tsa/tsp/tstinfo.h"

bool timesrc_read(struct clock_reading *reading)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);

	if (state < 0)
		return false;
	reading->time_us = (uint64_t)t.time.tv_sec * 1000000u +
			   (uint64_t)t.time.tv_usec / ((t.status & STA_NANO) != 0 ? 1000u : 1u);
	reading->maxerror_us = t.maxerror < 0 ? UINT64_MAX : (uint64_t)t.maxerror;
	/* maxerror 0 is no bound at all (systemd-timesyncd writes it). */
	reading->synchronised =
		state != TIME_ERROR && (t.status & STA_UNSYNC) == 0 && t.maxerror > 0;
	return true;
}

/* The bound of the error of a genTime, or UINT64_MAX where there is none. */
static uint64_t bound_of(const struct timesrc *src, const struct clock_reading *r, unsigned digits)
{
	if (!r->synchronised || r->maxerror_us > 1000000000)
		return UINT64_MAX;
	return r->maxerror_us + src->slack_us + tsp_time_resolution_us(digits);
}

/* What an earlier run gave may be finer: a time that these digits can say, not before it. */
static uint64_t not_before(uint64_t last_us, unsigned digits)
{
	if (tsp_time_cut(last_us, digits) == last_us)
		return last_us;
	return tsp_time_cut(last_us + tsp_time_resolution_us(digits) - 1, digits);
}

uint64_t timesrc_next(
	const struct timesrc *src, const struct clock_reading *reading, unsigned digits)
{
	uint64_t now_us = tsp_time_cut(reading->time_us, digits);
	uint64_t last_us = not_before(src->last_us, digits);

	return last_us > now_us ? last_us : now_us;
}

bool timesrc_gentime(struct timesrc *src, const struct clock_reading *reading, unsigned digits,
	uint32_t accuracy_ms, struct gentime *out)
{
	uint64_t accuracy_us = (uint64_t)accuracy_ms * 1000;
	uint64_t bound_us = bound_of(src, reading, digits);
	uint64_t now_us = tsp_time_cut(reading->time_us, digits);
	uint64_t next_us = timesrc_next(src, reading, digits);
	/* What a time is rounded up by, the resolution covers; more is a clock that went back. */
	bool rounded = next_us < reading->time_us + tsp_time_resolution_us(digits);
	uint64_t back_us = rounded ? 0 : next_us - now_us;

	if (now_us < CLOCK_EARLIEST_US || now_us >= CLOCK_LATEST_US) {
		(void)snprintf(out->why, sizeof(out->why), "clock: the year must be 2026 to 2045");
		return false;
	}

	if (src->checked && bound_us == UINT64_MAX) {
		(void)snprintf(out->why, sizeof(out->why), "clock: not synchronised");
		return false;
	}
	if (back_us > accuracy_us / 10) {
		(void)snprintf(out->why, sizeof(out->why),
			"clock: stands %" PRIu64 " ms before the last time-stamp", back_us / 1000);
		return false;
	}
	if (src->checked && bound_us + back_us > accuracy_us / 10 * 9) {
		(void)snprintf(out->why, sizeof(out->why),
			"clock: error bound %" PRIu64 " ms is over 0.9 of the accuracy %" PRIu32
			" ms",
			(bound_us + back_us) / 1000, accuracy_ms);
		return false;
	}
	out->time_us = next_us;
	out->bound_us = src->checked ? (int32_t)(bound_us + back_us) : -1;
	src->last_us = out->time_us;
	return true;
}

uint64_t monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
