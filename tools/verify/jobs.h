/* All files of a batch, by this process or by several that it makes; reports in their order. */
#ifndef TSA_TOOLS_VERIFY_JOBS_H
#define TSA_TOOLS_VERIFY_JOBS_H

#include "batch.h"
#include "verify.h"

/*
 * Verifies each file and writes the reports to out. With more than one job each worker takes every
 * n-th file. False and err if a worker cannot be made or dies; tally then lacks what it had.
 */
MUST_CHECK bool jobs_run(const struct shared *shared, struct batch *batch, unsigned jobs,
	struct tally *tally, FILE *out, struct err *err);

#endif
