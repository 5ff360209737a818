#include "tsa/authority/allow.h"

#include <string.h>

#include "tsa/tsp/der.h"

/* The policy that was asked for, or the default; false if the endpoint has none such. */
static bool resolve_policy(
	const struct config_endpoint *e, const struct msg_oid *asked, struct msg_oid *policy)
{
	if (asked->len == 0) {
		*policy = e->policies[0];
		return true;
	}
	for (size_t i = 0; i < e->policy_count; i++) {
		if (e->policies[i].len == asked->len &&
			memcmp(e->policies[i].at, asked->at, asked->len) == 0) {
			*policy = *asked;
			return true;
		}
	}
	return false;
}

static bool takes_digest(const struct config_endpoint *e, uint8_t digest)
{
	return (e->digests & 1u << digest) != 0;
}

bool allow_issue(const struct config *c, const struct msg_issue *issue, struct msg_oid *policy)
{
	const struct config_endpoint *e;

	if (issue->endpoint >= c->endpoint_count)
		return false;
	e = &c->endpoints[issue->endpoint];
	if (issue->digest >= TSP_DIGESTS || !takes_digest(e, issue->digest))
		return false;
	if (issue->imprint.len == 0 ||
		issue->imprint.len != tsp_digest_len((enum tsp_digest)issue->digest))
		return false;
	return (issue->nonce.len == 0 || der_integer_is_minimal(issue->nonce)) &&
	       resolve_policy(e, &issue->policy, policy);
}

static uint8_t refuse(struct job *job, enum tsp_failure failure, const char *why)
{
	job->failure = failure;
	job->why = why;
	return JOB_NOWHERE;
}

uint8_t allow_job(const struct config *config, const struct config *next, struct job *job)
{
	const struct msg_oid none = { 0 };
	size_t i = 0;

	if (job->endpoint == JOB_NOWHERE)
		return JOB_NOWHERE; /* since an earlier reload */
	while (i < next->endpoint_count &&
		strcmp(next->endpoints[i].path, config->endpoints[job->endpoint].path) != 0)
		i++;
	if (i == next->endpoint_count)
		return refuse(job, TSP_BAD_REQUEST, "no time-stamps are issued here any more");
	if (!takes_digest(&next->endpoints[i], job->digest))
		return refuse(job, TSP_BAD_ALG, "the digest is not accepted any more");
	if (!resolve_policy(
		    &next->endpoints[i], job->default_policy ? &none : &job->policy, &job->policy))
		return refuse(
			job, TSP_UNACCEPTED_POLICY, "the policy is not offered here any more");
	return (uint8_t)i;
}
