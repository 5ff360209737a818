/* Owns jobs, their lists and their states. */
#include "tsa/authority/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/authority/tsu.h"
#include "tsa/core/log.h"

static const bool may_follow[JOB_STATES][JOB_STATES] = {
	[JOB_QUEUED] = { [JOB_SIGNING] = true, [JOB_ANSWERED] = true },
	[JOB_SIGNING] = { [JOB_QUEUED] = true, [JOB_RECORDING] = true, [JOB_ANSWERED] = true },
	[JOB_RECORDING] = { [JOB_ANSWERED] = true },
};

static const char *state_name(enum job_state state)
{
	static const char *const names[JOB_STATES] = { "queued", "signing", "recording",
		"answered" };

	return names[state];
}

static struct job_list *queue_of(struct jobs *jobs, const struct job *job)
{
	return &jobs->queued[job->endpoint][job->digest];
}

/* Leaves the list that the old state names; the caller puts it on that of the new one. */
static void job_become(struct jobs *jobs, struct job *job, enum job_state next)
{
	if (!may_follow[job->state][next])
		BUG("job %016" PRIx64 ": %s -> %s", job->id, state_name(job->state),
			state_name(next));
	if (job->state == JOB_QUEUED) {
		TAILQ_REMOVE(queue_of(jobs, job), job, link);
		jobs->waiting[job->endpoint][job->digest]--;
	} else if (job->state == JOB_RECORDING) {
		TAILQ_REMOVE(&jobs->recording, job, link);
	} else {
		TAILQ_REMOVE(&jobs->signing, job, link);
	}
	job->state = next;
}

/* At the end of its queue. */
static void enqueue(struct jobs *jobs, struct job *job)
{
	TAILQ_INSERT_TAIL(queue_of(jobs, job), job, link);
	jobs->waiting[job->endpoint][job->digest]++;
}

void jobs_init(struct jobs *jobs)
{
	*jobs = (struct jobs){ 0 };
	for (size_t i = 0; i < JOB_PLACES; i++)
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			TAILQ_INIT(&jobs->queued[i][d]);
	TAILQ_INIT(&jobs->signing);
	TAILQ_INIT(&jobs->recording);
}

static void job_free(struct job *job)
{
	tsu_release(job->tsu);
	buf_free(&job->body);
	free(job);
}

static void wipe_list(struct job_list *list)
{
	struct job *job;

	while ((job = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, job, link);
		job_free(job);
	}
}

void jobs_wipe(struct jobs *jobs)
{
	for (size_t i = 0; i < JOB_PLACES; i++)
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			wipe_list(&jobs->queued[i][d]);
	wipe_list(&jobs->signing);
	wipe_list(&jobs->recording);
}

bool jobs_have_room(const struct jobs *jobs, size_t endpoint, size_t digest)
{
	return jobs->count < JOBS_MAX &&
	       jobs->waiting[endpoint][digest] < 3 * (JOBS_MAX - jobs->count);
}

struct job *job_new(struct jobs *jobs, const struct msg_issue *issue, uint64_t now_ms)
{
	struct job *job = must_calloc(1, sizeof(*job));

	job->state = JOB_QUEUED;
	job->id = issue->id;
	job->accepted_ms = now_ms;
	job->number = ++jobs->last_number;
	job->endpoint = issue->endpoint;
	job->digest = issue->digest;
	job->null_params = issue->null_params != 0;
	job->cert_req = issue->cert_req != 0;
	job->policy = issue->policy;
	job->imprint_len = (uint8_t)issue->imprint.len;
	memcpy(job->imprint, issue->imprint.at, issue->imprint.len);
	job->nonce_len = (uint8_t)issue->nonce.len;
	if (issue->nonce.len > 0)
		memcpy(job->nonce, issue->nonce.at, issue->nonce.len);
	enqueue(jobs, job);
	jobs->count++;
	return job;
}

void job_to_lane(struct jobs *jobs, struct job *job, struct lane *lane, struct tsu *tsu)
{
	job_become(jobs, job, JOB_SIGNING);
	TAILQ_INSERT_TAIL(&jobs->signing, job, link);
	job->lane = lane;
	job->tsu = tsu_hold(tsu);
	job->tries++;
}

void job_back(struct jobs *jobs, struct job *job)
{
	job_become(jobs, job, JOB_QUEUED);
	job->lane = NULL;
	tsu_release(job->tsu);
	job->tsu = NULL;
	TAILQ_INSERT_HEAD(queue_of(jobs, job), job, link);
	jobs->waiting[job->endpoint][job->digest]++;
}

void job_to_recording(struct jobs *jobs, struct job *job, uint64_t seq)
{
	job_become(jobs, job, JOB_RECORDING);
	job->lane = NULL;
	job->seq = seq;
	TAILQ_INSERT_TAIL(&jobs->recording, job, link);
}

void job_answered(struct jobs *jobs, struct job *job)
{
	job_become(jobs, job, JOB_ANSWERED);
	jobs->count--;
	job_free(job);
}

void jobs_move(struct jobs *jobs, job_place *place, void *arg)
{
	struct job_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
	struct job *job;

	for (size_t i = 0; i < JOB_PLACES; i++)
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			TAILQ_CONCAT(&waiting, &jobs->queued[i][d], link);
	while ((job = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, job, link);
		jobs->waiting[job->endpoint][job->digest]--;
		job->endpoint = place(arg, job);
		enqueue(jobs, job);
	}
	TAILQ_FOREACH (job, &jobs->signing, link)
		job->endpoint = place(arg, job);
}
