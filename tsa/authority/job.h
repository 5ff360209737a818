/*
 * A job: one ISSUE from the front until its answer.  This file is the only place that changes a
 * job's state; its state names the list it is on.
 */
#ifndef TSA_AUTHORITY_JOB_H
#define TSA_AUTHORITY_JOB_H

#include <sys/queue.h>

#include "tsa/core/msg.h"
#include "tsa/record/serial.h"
#include "tsa/tsp/alg.h"
#include "tsa/tsp/request.h"

struct lane;
struct tsu;

/* The place of jobs whose endpoint is no more, or allows them no more: behind all endpoints. */
enum { JOB_NOWHERE = MSG_MAX_ENDPOINTS, JOB_PLACES };

enum { JOBS_MAX = 4096 }; /* not answered, at once */

enum job_state {
	JOB_QUEUED, /* on the queue of its endpoint and digest */
	JOB_SIGNING, /* in a lane, on the list of those */
	JOB_RECORDING, /* on the list of those that wait for the disk, by seq */
	JOB_ANSWERED, /* on none: free it */
	JOB_STATES,
};

struct job {
	TAILQ_ENTRY(job) link;
	enum job_state state;
	uint64_t id; /* the request's */
	uint64_t accepted_ms; /* monotonic */
	uint64_t number; /* of its acceptance: rises from one job to the next */
	unsigned tries;
	uint8_t endpoint; /* its index now; JOB_NOWHERE: none */
	uint8_t digest;
	bool null_params;
	bool cert_req;
	struct msg_oid policy; /* resolved: the default where none was asked for */
	bool default_policy; /* none was asked for */
	enum tsp_failure failure; /* at JOB_NOWHERE: what it is refused with */
	const char *why; /* and the words for it, static */
	uint8_t imprint[MSG_MAX_DIGEST];
	uint8_t imprint_len;
	uint8_t nonce[MSG_MAX_NONCE];
	uint8_t nonce_len;
	/* of this try */
	struct lane *lane;
	struct tsu *tsu; /* held */
	struct serial serial;
	uint64_t time_us;
	int32_t bound_us;
	uint8_t tstinfo[MSG_MAX_TSTINFO];
	struct bytes tstinfo_view; /* in tstinfo */
	/* of its record */
	uint64_t seq;
	struct buf body; /* the token without certificates */
};

TAILQ_HEAD(job_list, job);

/* One queue for each endpoint and digest (R17), since digests may have TSUs of their own. */
struct jobs {
	struct job_list queued[JOB_PLACES][TSP_DIGESTS];
	size_t waiting[JOB_PLACES][TSP_DIGESTS]; /* jobs on each of these */
	struct job_list signing;
	struct job_list recording;
	size_t count; /* all that are not answered */
	uint64_t last_number;
};

void jobs_init(struct jobs *jobs);
/* Answered is what none of them is: drops all without a word, at the end of the process. */
void jobs_wipe(struct jobs *jobs);

/*
 * Whether a queue may take one more. It may hold three times as many as there is room left, so that
 * one whose TSU does not answer leaves room for the jobs of the others.
 */
bool jobs_have_room(const struct jobs *jobs, size_t endpoint, size_t digest);

/*
 * A new job in state JOB_QUEUED at its queue's end; issue has its policy resolved and a digest that
 * there is.
 */
struct job *job_new(struct jobs *jobs, const struct msg_issue *issue, uint64_t now_ms);
/* To a lane of that TSU, which it holds from now on; counts as a try. */
void job_to_lane(struct jobs *jobs, struct job *job, struct lane *lane, struct tsu *tsu);
/* Back to the head of its queue: its lane failed. */
void job_back(struct jobs *jobs, struct job *job);
/* Signed; waits for its record. */
void job_to_recording(struct jobs *jobs, struct job *job, uint64_t seq);
/* Its answer is on the way: frees it. */
void job_answered(struct jobs *jobs, struct job *job);

/* Where a job belongs from now on: the index of its endpoint, or JOB_NOWHERE. */
typedef uint8_t job_place(void *arg, struct job *job);
/*
 * Endpoints have changed: every job that waits goes to the endpoint that place gives, in its order;
 * one in a lane goes there if it comes back. What is signed has no need of an endpoint any more.
 */
void jobs_move(struct jobs *jobs, job_place *place, void *arg);

#endif
