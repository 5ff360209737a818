/* One file on its way: hash, ask, wait and ask again, write.  For run.c. */
#ifndef TSA_TOOLS_STAMP_JOB_H
#define TSA_TOOLS_STAMP_JOB_H

#include <event2/event.h>

#include "answer.h"
#include "evidence.h"
#include "hash.h"
#include "report.h"
#include "tools/http/pool.h"

enum job_state {
	JOB_FREE, /* no file */
	JOB_HASHING,
	JOB_ASKING, /* a request is under way */
	JOB_WAITING, /* for the time of the next try */
	JOB_STATES,
};

struct stamper;

struct job {
	struct stamper *stamper;
	enum job_state state;
	const char *file;
	char *out; /* owned */
	struct stamp_hash *hash; /* while hashing */
	struct stamp_query query;
	uint8_t room[STAMP_MAX_QUERY];
	struct bytes request; /* within room */
	unsigned tries;
	struct event *again; /* the end of waiting */
};

struct stamper {
	const struct stamp_options *options;
	struct report *report;
	struct event_base *base;
	struct http_pool *pool;
	struct stamp_rules rules;
	struct evidence *evidence; /* NULL: none */
	struct job jobs[HTTP_MAX_CONNECTIONS];
	struct job *hashing; /* one at a time: the disk would gain nothing */
	int next; /* file that comes next */
	struct event *work; /* the next slice to hash, or the next file to begin */
	struct event *signals[2];
	bool dead; /* the server cannot be reached: the rest is not tried */
	bool interrupted;
};

/* Places for jobs. False and err when out of memory. */
MUST_CHECK bool job_init(struct job *job, struct stamper *stamper, struct err *err);
void job_wipe(struct job *job);

/* Begins a file in a free place; JOB_FREE again if it could not be (which is reported). */
void job_begin(struct job *job, const char *file);
/* Hashes on; asks when that is done. */
void job_hash(struct job *job);
/* Ends it, with an error that is reported. */
void job_fail(struct job *job, enum stamp_exit status, const char *why);

/* run.c: a place is free, or the next slice is due. */
void stamper_go_on(struct stamper *stamper);

#endif
