/*
 * The clock, and whether it may be trusted: one adjtimex() call gives the time and the bound of
 * its error (design, life of a request 2; R10, R28).
 */
#ifndef TSA_AUTHORITY_TIMESRC_H
#define TSA_AUTHORITY_TIMESRC_H

#include <stdbool.h>
#include <stdint.h>

struct clock_reading {
	uint64_t time_us; /* microseconds since 1970 */
	uint64_t maxerror_us; /* the kernel's */
	bool synchronised; /* STA_UNSYNC is clear and the kernel has a bound */
};

struct timesrc {
	bool checked; /* false: clock = unchecked, for demonstrations */
	uint32_t slack_us; /* for an offset that is being slewed (R28) */
	uint64_t last_us; /* greatest genTime given out; never goes below (R10) */
};

/* Outside these (2026-01-01, 2046-01-01) a clock is wrong, and the ledger has no partition. */
#define CLOCK_EARLIEST_US 1767225600000000u
#define CLOCK_LATEST_US 2398377600000000u

/* One adjtimex() call. False if the kernel refuses it (a container's seccomp profile does). */
bool timesrc_read(struct clock_reading *reading);

/*
 * The genTime with that many digits that a reading gives, if it gives one: never before the last
 * one (R10).
 */
uint64_t timesrc_next(
	const struct timesrc *src, const struct clock_reading *reading, unsigned digits);

/* A genTime, or why there is none. */
struct gentime {
	uint64_t time_us;
	int32_t bound_us; /* -1: not checked */
	char why[160]; /* set if refused */
};

/*
 * genTime with that many digits for a TSU of that accuracy out of a reading.  False: the time is
 * not available, why says so: unsynchronised, bound over 0.9 of the accuracy, or a clock that
 * stands before a genTime already given by more than a tenth of the accuracy.
 */
bool timesrc_gentime(struct timesrc *src, const struct clock_reading *reading, unsigned digits,
	uint32_t accuracy_ms, struct gentime *out);

/* Milliseconds of CLOCK_MONOTONIC, for deadlines. */
uint64_t monotonic_ms(void);

#endif
