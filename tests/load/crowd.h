/*
 * The clients: each holds one keep-alive connection and takes the next exchange that nobody has
 * taken.  One epoll loop; owns the sockets; judges nothing but the form of HTTP.
 */
#ifndef TSA_TESTS_LOAD_CROWD_H
#define TSA_TESTS_LOAD_CROWD_H

#include "exchange.h"
#include "options.h"
#include "tsa/core/err.h"

/* What crowd_run() tells beside the exchanges. */
struct crowd_run {
	uint64_t wall_us; /* from the first exchange to the last answer */
	unsigned lost; /* with o->hold: connections that the server closed meanwhile */
	struct err note; /* the first reason why an exchange ended badly */
};

/*
 * Runs all exchanges (their requests are made), or those that begin within o->seconds; sets
 * answer, end, status and latency of each. With o->rate the exchanges begin at that rate, whatever
 * became of those before, and latency counts from when each was due: one that finds all
 * connections taken has waited. Ends when o->timeout_s are over. False, with err, if nothing could
 * be tried.
 */
MUST_CHECK bool crowd_run(const struct options *o, struct exchange *exchanges, size_t count,
	struct crowd_run *run, struct err *err);

#endif
