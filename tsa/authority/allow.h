/*
 * What an endpoint's table allows: asked of every ISSUE, and again of every job that is not signed
 * yet when a reload changes the tables.
 */
#ifndef TSA_AUTHORITY_ALLOW_H
#define TSA_AUTHORITY_ALLOW_H

#include "tsa/authority/config.h"
#include "tsa/authority/job.h"

/*
 * Resolves the policy of an ISSUE. False if the tables of config do not allow it, which the front
 * has checked: a message that breaks them does not come from an honest one.
 */
MUST_CHECK bool allow_issue(
	const struct config *config, const struct msg_issue *issue, struct msg_oid *policy);

/*
 * The endpoint of a job when config is replaced by next: the one with the same path. Resolves its
 * policy anew. JOB_NOWHERE, with failure and why in the job, where a fresh request would be
 * refused.
 */
uint8_t allow_job(const struct config *config, const struct config *next, struct job *job);

#endif
