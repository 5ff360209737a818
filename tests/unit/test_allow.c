/* What an endpoint allows, and where jobs go when the tables change under them (R17, R18). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/authority/allow.h"
#include "tsa/authority/tsu.h"

static const struct msg_oid first = { 2, { 0x2a, 1 } };
static const struct msg_oid second = { 2, { 0x2a, 2 } };
static const uint8_t some[64] = { 1, 2, 3 };

struct world {
	struct config *from; /* "/": first; "/fast": first, second */
	struct config *to;
	struct jobs jobs;
	struct tsu tsu; /* held by jobs in lanes, and by this */
};

static void add_endpoint(struct config *c, const char *path, const struct msg_oid *policy,
	const struct msg_oid *other, uint32_t digests)
{
	struct config_endpoint *e = &c->endpoints[c->endpoint_count++];

	(void)snprintf(e->path, sizeof(e->path), "%s", path);
	e->policies[0] = *policy;
	e->policy_count = 1;
	if (other != NULL)
		e->policies[e->policy_count++] = *other;
	e->digests = digests;
}

static int open_world(void **state)
{
	struct world *w = must_calloc(1, sizeof(*w));

	w->from = must_calloc(1, sizeof(*w->from));
	w->to = must_calloc(1, sizeof(*w->to));
	add_endpoint(w->from, "/", &first, NULL, 1u << TSP_SHA256);
	add_endpoint(w->from, "/fast", &first, &second, 1u << TSP_SHA256 | 1u << TSP_SHA512);
	jobs_init(&w->jobs);
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	jobs_wipe(&w->jobs);
	config_free(w->from);
	config_free(w->to);
	free(w);
	return 0;
}

static struct job *ask(struct world *w, uint64_t id, uint8_t endpoint, enum tsp_digest digest,
	const struct msg_oid *policy)
{
	struct msg_issue issue = { .id = id,
		.endpoint = endpoint,
		.digest = (uint8_t)digest,
		.imprint = { some, tsp_digest_len(digest) } };
	struct job *job;

	if (policy != NULL)
		issue.policy = *policy;
	assert_true(allow_issue(w->from, &issue, &issue.policy));
	job = job_new(&w->jobs, &issue, 0);
	job->default_policy = policy == NULL;
	return job;
}

static uint8_t place(void *arg, struct job *job)
{
	struct world *w = arg;

	return allow_job(w->from, w->to, job);
}

static void change(struct world *w)
{
	jobs_move(&w->jobs, place, w);
}

static void an_issue_resolves_to_the_default_policy(void **state)
{
	struct world *w = *state;

	assert_memory_equal(&ask(w, 1, 1, TSP_SHA256, NULL)->policy, &first, sizeof(first));
	assert_memory_equal(&ask(w, 2, 1, TSP_SHA256, &second)->policy, &second, sizeof(second));
}

static void an_issue_beyond_the_tables_is_not_allowed(void **state)
{
	struct world *w = *state;
	const struct msg_issue good = {
		.endpoint = 0, .digest = TSP_SHA256, .imprint = { some, 32 }
	};
	struct msg_issue bad = good;
	struct msg_oid policy;

	assert_true(allow_issue(w->from, &good, &policy));
	bad.endpoint = 2;
	assert_false(allow_issue(w->from, &bad, &policy));
	bad = good;
	bad.digest = TSP_SHA512;
	bad.imprint.len = 64;
	assert_false(allow_issue(w->from, &bad, &policy));
	bad = good;
	bad.imprint.len = 31;
	assert_false(allow_issue(w->from, &bad, &policy));
	bad = good;
	bad.policy = second;
	assert_false(allow_issue(w->from, &bad, &policy));
	bad = good;
	bad.nonce = (struct bytes){ (const uint8_t *)"\0\1", 2 };
	assert_false(allow_issue(w->from, &bad, &policy));
}

static void a_job_goes_to_the_endpoint_with_its_path(void **state)
{
	struct world *w = *state;
	struct job *a = ask(w, 1, 0, TSP_SHA256, NULL);
	struct job *b = ask(w, 2, 1, TSP_SHA256, NULL);
	struct job *c = ask(w, 3, 1, TSP_SHA512, &second);

	add_endpoint(w->to, "/new", &first, NULL, 1u << TSP_SHA256);
	add_endpoint(w->to, "/fast", &first, &second, 1u << TSP_SHA256 | 1u << TSP_SHA512);
	add_endpoint(w->to, "/", &first, NULL, 1u << TSP_SHA256);
	change(w);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[2][TSP_SHA256]), a);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[1][TSP_SHA256]), b);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[1][TSP_SHA512]), c);
	assert_true(TAILQ_EMPTY(&w->jobs.queued[0][TSP_SHA256]));
	assert_int_equal(w->jobs.count, 3);
}

static void a_job_without_a_policy_of_its_own_gets_the_new_default(void **state)
{
	struct world *w = *state;
	struct job *job = ask(w, 1, 0, TSP_SHA256, NULL);

	add_endpoint(w->to, "/", &second, NULL, 1u << TSP_SHA256);
	change(w);
	assert_int_equal(job->endpoint, 0);
	assert_memory_equal(&job->policy, &second, sizeof(second));
}

/* As a fresh request would be refused. */
static void a_job_that_is_not_allowed_any_more_is_refused(void **state)
{
	struct world *w = *state;
	struct job *gone = ask(w, 1, 0, TSP_SHA256, NULL);
	struct job *digest = ask(w, 2, 1, TSP_SHA512, NULL);
	struct job *policy = ask(w, 3, 1, TSP_SHA256, &second);
	struct job *good = ask(w, 4, 1, TSP_SHA256, &first);

	add_endpoint(w->to, "/fast", &first, NULL, 1u << TSP_SHA256);
	change(w);
	assert_int_equal(gone->endpoint, JOB_NOWHERE);
	assert_int_equal(gone->failure, TSP_BAD_REQUEST);
	assert_int_equal(digest->endpoint, JOB_NOWHERE);
	assert_int_equal(digest->failure, TSP_BAD_ALG);
	assert_int_equal(policy->endpoint, JOB_NOWHERE);
	assert_int_equal(policy->failure, TSP_UNACCEPTED_POLICY);
	assert_non_null(policy->why);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[0][TSP_SHA256]), good);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[JOB_NOWHERE][TSP_SHA256]), gone);
	/* A further change does not bring them back. */
	add_endpoint(w->from, "/", &first, NULL, 1u << TSP_SHA256);
	change(w);
	assert_int_equal(gone->endpoint, JOB_NOWHERE);
}

/* R17: a job in a lane stays there, and goes to the new place only if it comes back. */
static void a_job_in_a_lane_moves_when_it_comes_back(void **state)
{
	struct world *w = *state;
	struct job *stays = ask(w, 1, 1, TSP_SHA256, NULL);
	struct job *homeless = ask(w, 2, 0, TSP_SHA256, NULL);

	job_to_lane(&w->jobs, stays, NULL, &w->tsu);
	job_to_lane(&w->jobs, homeless, NULL, &w->tsu);
	assert_int_equal(w->tsu.more_holders, 2);
	add_endpoint(w->to, "/fast", &first, NULL, 1u << TSP_SHA256);
	change(w);
	assert_int_equal(stays->state, JOB_SIGNING);
	job_back(&w->jobs, stays);
	job_back(&w->jobs, homeless);
	assert_int_equal(w->tsu.more_holders, 0);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[0][TSP_SHA256]), stays);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.queued[JOB_NOWHERE][TSP_SHA256]), homeless);
}

static void a_signed_job_needs_no_endpoint(void **state)
{
	struct world *w = *state;
	struct job *job = ask(w, 1, 0, TSP_SHA256, NULL);

	job_to_lane(&w->jobs, job, NULL, &w->tsu);
	job_to_recording(&w->jobs, job, 7);
	change(w);
	assert_ptr_equal(TAILQ_FIRST(&w->jobs.recording), job);
	assert_ptr_equal(job->tsu, &w->tsu);
}

#define IN_ITS_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ITS_WORLD(an_issue_resolves_to_the_default_policy),
		IN_ITS_WORLD(an_issue_beyond_the_tables_is_not_allowed),
		IN_ITS_WORLD(a_job_goes_to_the_endpoint_with_its_path),
		IN_ITS_WORLD(a_job_without_a_policy_of_its_own_gets_the_new_default),
		IN_ITS_WORLD(a_job_that_is_not_allowed_any_more_is_refused),
		IN_ITS_WORLD(a_job_in_a_lane_moves_when_it_comes_back),
		IN_ITS_WORLD(a_signed_job_needs_no_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
