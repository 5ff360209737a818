/*
 * The only place a job changes state.  A request may be repeated: a token that nobody fetched
 * harms nobody (RFC 3161 has no state between requests).
 */
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "output.h"
#include "tools/http/retry.h"
#include "tsa/core/log.h"

static const bool may_follow[JOB_STATES][JOB_STATES] = {
	[JOB_FREE] = { [JOB_HASHING] = true },
	[JOB_HASHING] = { [JOB_ASKING] = true, [JOB_FREE] = true },
	[JOB_ASKING] = { [JOB_WAITING] = true, [JOB_FREE] = true },
	[JOB_WAITING] = { [JOB_ASKING] = true, [JOB_FREE] = true },
};

static void job_become(struct job *job, enum job_state next)
{
	if (!may_follow[job->state][next])
		BUG("job: state %d -> %d", (int)job->state, (int)next);
	job->state = next;
}

static void on_again(evutil_socket_t fd, short what, void *arg);

bool job_init(struct job *job, struct stamper *stamper, struct err *err)
{
	job->stamper = stamper;
	job->again = evtimer_new(stamper->base, on_again, job);
	return job->again != NULL || err_set(err, "event: out of memory");
}

static void clear(struct job *job)
{
	stamp_hash_free(job->hash);
	free(job->out);
	job->hash = NULL;
	job->out = NULL;
}

void job_wipe(struct job *job)
{
	clear(job);
	if (job->again != NULL)
		event_free(job->again);
}

/* The place is free for the next file. */
static void leave(struct job *job)
{
	if (job->stamper->hashing == job)
		job->stamper->hashing = NULL;
	(void)event_del(job->again);
	clear(job);
	job_become(job, JOB_FREE);
	stamper_go_on(job->stamper);
}

void job_fail(struct job *job, enum stamp_exit status, const char *why)
{
	report_failed(job->stamper->report, job->file, status, why);
	leave(job);
}

/* --- hashing --------------------------------------------------------------------------------- */

static char *name_out(const struct job *job)
{
	const char *given = job->stamper->options->out;
	char *out = NULL;

	if (given != NULL)
		return must_strdup(given);
	if (asprintf(&out, "%s.tsr", job->file) < 0)
		abort();
	return out;
}

void job_begin(struct job *job, const char *file)
{
	const struct stamp_options *options = job->stamper->options;
	struct err err = { 0 };

	job->file = file;
	job->tries = 0;
	job->out = name_out(job);
	job->query = (struct stamp_query){
		.digest = options->digest,
		.policy = { options->policy_room, options->policy_len },
		.cert_req = !options->no_cert,
	};
	job_become(job, JOB_HASHING);
	/* Before a token is asked for in vain; writing checks it once more. */
	if (!options->force && access(job->out, F_OK) == 0) {
		(void)err_set(&err, "%.300s: is there already (--force replaces it)", job->out);
		job_fail(job, STAMP_COULD_NOT_RUN, err.text);
		return;
	}
	job->hash = stamp_hash_open(file, options->digest, &err);
	if (job->hash == NULL) {
		job_fail(job, STAMP_COULD_NOT_RUN, err.text);
		return;
	}
	job->stamper->hashing = job;
}

static void ask(struct job *job);

void job_hash(struct job *job)
{
	struct err err = { 0 };
	bool done = false;

	if (!stamp_hash_step(job->hash, &done, job->query.imprint, &err)) {
		job_fail(job, STAMP_COULD_NOT_RUN, err.text);
		return;
	}
	if (!done)
		return;
	stamp_hash_free(job->hash);
	job->hash = NULL;
	job->stamper->hashing = NULL;
	if (!job->stamper->options->no_nonce && !stamp_query_add_nonce(&job->query, &err)) {
		job_fail(job, STAMP_COULD_NOT_RUN, err.text);
		return;
	}
	job->request = stamp_query_encode(&job->query, job->room, sizeof(job->room));
	ask(job);
}

/* --- asking ---------------------------------------------------------------------------------- */

static void on_done(const struct http_answer *answer, void *arg);

static void ask(struct job *job)
{
	const struct http_ask request = {
		.target = job->stamper->options->url.target,
		.type = "application/timestamp-query",
		.body = job->request,
	};

	job_become(job, JOB_ASKING);
	job->tries++;
	http_pool_ask(job->stamper->pool, &request, on_done, job);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;

	(void)fd;
	(void)what;
	ask(job);
}

/* Waits, or fails with why if there were enough tries. wait_s < 0: as long as we think right. */
static void try_again(struct job *job, int64_t wait_s, enum stamp_exit status, const char *why)
{
	uint32_t random = 0;
	struct timeval wait = { .tv_sec = wait_s };

	if (job->tries > job->stamper->options->retries || job->stamper->interrupted ||
		job->stamper->dead) {
		job_fail(job, status, why);
		return;
	}
	if (wait_s < 0) {
		unsigned ms;

		(void)RAND_bytes((unsigned char *)&random, sizeof(random));
		ms = http_backoff_ms(job->tries, random);
		wait = (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L };
	}
	job_become(job, JOB_WAITING);
	(void)event_add(job->again, &wait);
}

static bool keep(
	struct job *job, struct bytes body, const struct stamp_token *token, struct err *err)
{
	struct stamper *stamper = job->stamper;

	/* First, so that a file whose evidence could not be kept is tried by the next run. */
	if (stamper->evidence != NULL &&
		!evidence_add(stamper->evidence, job->file, stamper->options->url_text, &job->query,
			body, token, err))
		return err_while(err, "--evidence");
	return output_write(job->out, body, stamper->options->force, err) ||
	       err_while(err, "%.300s", job->out);
}

static void keep_token(struct job *job, struct bytes body, const struct stamp_token *token)
{
	struct err err = { 0 };

	if (!keep(job, body, token, &err)) {
		job_fail(job, STAMP_COULD_NOT_RUN, err.text);
		return;
	}
	report_stamped(job->stamper->report, job->file, job->out, &job->query, token);
	leave(job);
}

/* Only these two may be different the next time; all others are about the request. */
static bool is_passing(enum tsp_failure failure)
{
	return failure == TSP_TIME_NOT_AVAILABLE || failure == TSP_SYSTEM_FAILURE;
}

static bool is_reply(const char *type)
{
	return strncasecmp(type, "application/timestamp-rep", 25) == 0;
}

static void judge(struct job *job, const struct http_answer *answer)
{
	struct stamper *stamper = job->stamper;
	struct stamp_token token;
	struct err err = { 0 };
	enum stamp_verdict verdict;

	stamper->rules.now = time(NULL);
	verdict = stamp_judge(&job->query, answer->body, &stamper->rules, &token, &err);
	if (verdict == STAMP_GRANTED)
		keep_token(job, answer->body, &token);
	else if (verdict == STAMP_REFUSED && is_passing(token.failure))
		try_again(job, -1, STAMP_NOT_ALL, err.text);
	else if (verdict == STAMP_REFUSED || token.der.len > 0 || is_reply(answer->type))
		job_fail(job, STAMP_NOT_ALL, err.text);
	else {
		err_set(&err,
			"answer: must be a TimeStampResp: is %zu bytes of Content-Type \"%s\"",
			answer->body.len, answer->type);
		job_fail(job, STAMP_NOT_ALL, err.text);
	}
	stamp_token_wipe(&token);
}

static void on_busy(struct job *job, const struct http_answer *answer)
{
	int64_t wait_s = -1;
	struct err err = { 0 };

	if (answer->retry_after[0] != '\0' &&
		!http_retry_after(answer->retry_after, time(NULL), &wait_s))
		wait_s = -1;
	err_set(&err, "the server is busy or broken: HTTP status %d, %u tries", answer->status,
		job->tries);
	if (wait_s > HTTP_MAX_RETRY_AFTER) {
		err_set(&err,
			"the server is busy: HTTP status %d: Retry-After: at most %d s are waited "
			"for: is %" PRId64 " s",
			answer->status, HTTP_MAX_RETRY_AFTER, wait_s);
		job_fail(job, STAMP_NOT_ALL, err.text);
		return;
	}
	try_again(job, wait_s, STAMP_NOT_ALL, err.text);
}

/* 201 is what sigstore's TSA said until its version 2. */
static void on_status(struct job *job, const struct http_answer *answer)
{
	struct err err = { 0 };

	if (answer->status == 200 || answer->status == 201) {
		judge(job, answer);
	} else if (http_status_is_passing(answer->status)) {
		on_busy(job, answer);
	} else if (answer->status >= 300 && answer->status <= 399) {
		err_set(&err,
			"HTTP status must be 200: is %d, to \"%s\": redirects are not followed",
			answer->status, answer->location);
		job_fail(job, STAMP_NOT_ALL, err.text);
	} else {
		err_set(&err, "HTTP status must be 200: is %d: is there a TSA at this URL?",
			answer->status);
		job_fail(job, STAMP_NOT_ALL, err.text);
	}
}

/* There is no such server: the other files would wait for nothing. */
static void give_up(struct job *job, const char *why)
{
	job->stamper->dead = true;
	job_fail(job, STAMP_COULD_NOT_RUN, why);
}

static void on_done(const struct http_answer *answer, void *arg)
{
	struct job *job = arg;
	struct err err = { 0 };

	err_set(&err, "server: %s", answer->why);
	switch (answer->outcome) {
	case HTTP_ANSWERED:
		on_status(job, answer);
		break;
	case HTTP_UNREACHABLE:
		if (job->tries > job->stamper->options->retries)
			give_up(job, err.text);
		else
			try_again(job, -1, STAMP_COULD_NOT_RUN, err.text);
		break;
	case HTTP_UNTRUSTED:
		give_up(job, err.text);
		break;
	case HTTP_BROKEN:
	case HTTP_SLOW:
		try_again(job, -1, STAMP_NOT_ALL, err.text);
		break;
	case HTTP_UNFIT:
		job_fail(job, STAMP_NOT_ALL, err.text);
		break;
	}
}
