/*
 * The clients: each holds one keep-alive connection and takes the next exchange that nobody has
 * taken.  One poll loop; owns the sockets; judges nothing but the form of HTTP.
 */
#ifndef TSA_TESTS_LOAD_CROWD_H
#define TSA_TESTS_LOAD_CROWD_H

#include "exchange.h"
#include "options.h"
#include "tsa/core/err.h"

/*
 * Runs all exchanges (their requests are made) or until o->timeout_s is over; sets answer, end,
 * status and latency of each. *wall_us is the time it took. False, with err, if nothing could
 * be tried; *note is then, or if an exchange ended badly, the first reason.
 */
MUST_CHECK bool crowd_run(const struct options *o, struct exchange *exchanges, size_t count,
	uint64_t *wall_us, struct err *note, struct err *err);

#endif
