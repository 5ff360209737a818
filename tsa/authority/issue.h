/*
 * The life of a request inside tsad: from ISSUE through a lane and the journal to TOKEN or a
 * refusal (design section 2).  Nothing leaves before its record is durable; no serial is used
 * twice; no job waits longer than its limits.
 */
#ifndef TSA_AUTHORITY_ISSUE_H
#define TSA_AUTHORITY_ISSUE_H

#include "tsa/authority/config.h"
#include "tsa/authority/crew.h"
#include "tsa/authority/fronts.h"
#include "tsa/authority/job.h"
#include "tsa/authority/journal.h"
#include "tsa/authority/lease.h"
#include "tsa/authority/ledger.h"
#include "tsa/authority/timesrc.h"

struct issuing;

/* The neighbours, all owned by main and alive as long as this; ledger may be NULL. */
struct issue_links {
	const struct config *config;
	struct crew *crew;
	struct fronts *fronts;
	struct journal *journal;
	struct lease *lease;
	struct ledger *ledger;
	struct timesrc *clock;
	/* The lease is due: called when no job may start before a fresh one; main holds issuing. */
	void (*lease_due)(void *arg);
	void *arg;
};

struct issue_counts {
	uint64_t granted;
	uint64_t refused[32]; /* by PKIFailureInfo bit; refusals of the front are not among them */
	uint64_t busy;
	uint64_t voids[VOID_REASONS];
};

struct issuing *issue_new(const struct issue_links *links);
/* Takes NULL. */
void issue_free(struct issuing *issuing);

/* From the front. False: no honest front sends this. */
bool issue_request(struct issuing *issuing, const struct msg_issue *issue);
/* From the crew. */
void issue_signed(struct issuing *issuing, struct job *job, const struct msg_signed *signature);
void issue_job_failed(struct issuing *issuing, struct job *job, enum void_reason reason);
/* From the journal and, with ack = ledger, from the ledger: all up to seq may be answered. */
void issue_durable(struct issuing *issuing, uint64_t seq);

/* Gives waiting jobs to idle lanes. */
void issue_dispatch(struct issuing *issuing);
/* Answers jobs that are past their time; a few times a second. */
void issue_expire(struct issuing *issuing);

/*
 * Replaces the configuration in the same turn as crew_swap: jobs that wait go to the endpoint with
 * their path, or are refused as a fresh request would be; those in lanes follow if they come back.
 */
void issue_reload(struct issuing *issuing, const struct config *config);

/* While held, jobs wait (a fresh lease is being opened). */
void issue_hold(struct issuing *issuing, bool hold);
/* Refuses all that comes and all that waits with systemFailure, for good. */
void issue_refuse_all(struct issuing *issuing);
/* True while jobs are in lanes: their counters have no record yet. */
bool issue_in_flight(const struct issuing *issuing);
/* All jobs. */
size_t issue_open(const struct issuing *issuing);

/*
 * NULL while an endpoint can issue tokens now; else the first reason why not, for operators: the
 * journal, the ledger, no active TSU, the clock, the key's time.
 */
const char *issue_trouble(struct issuing *issuing, size_t endpoint);
const struct issue_counts *issue_counts(const struct issuing *issuing);

#endif
