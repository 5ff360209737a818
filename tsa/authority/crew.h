/*
 * The TSUs and their lanes: one tsa-signer process, one session, one job each.  Starts them in
 * the order that costs a wrong PIN one attempt (D13), kills one that misses its deadline (R16),
 * starts it again with back-off.
 */
#ifndef TSA_AUTHORITY_CREW_H
#define TSA_AUTHORITY_CREW_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"
#include "tsa/authority/tsu.h"
#include "tsa/record/body.h"

enum { CREW_TRY_MS = 1400 }; /* R16: a try has 1.4 s, then SIGKILL */

struct event_base;
struct job;
struct crew;
struct lane;

struct crew_events {
	/* Every lane of every TSU has proven its key; once, at start. */
	void (*ready)(void *arg);
	/* A lane could not prove its key at start. */
	void (*fatal)(void *arg, uint8_t failure, const char *text);
	/* One lane's proof, for --check. */
	void (*proven)(void *arg, const struct tsu *tsu, const char *token);
	/* The job in a lane is signed; the lane is idle again. */
	void (*signature)(void *arg, struct job *job, const struct msg_signed *signature);
	/* The job in a lane will not be signed there. */
	void (*job_failed)(void *arg, struct job *job, enum void_reason reason);
	/* A lane became idle for other reasons than a signature: it was started again. */
	void (*lane_idle)(void *arg);
	/* crew_stop is done: no signer is left. */
	void (*stopped)(void *arg);
	void *arg;
};

/*
 * Starts the signers of config: lanes as configured, or one a TSU (for --check). NULL and err if
 * a certificate does not load or a child does not start.
 */
struct crew *crew_new(struct event_base *base, struct spawner *spawner, const struct config *config,
	bool one_lane, const struct crew_events *events, struct err *err);
/* Takes NULL. */
void crew_free(struct crew *crew);

/* The TSU with this index in config. */
struct tsu *crew_tsu(struct crew *crew, size_t index);
/* An idle lane of that TSU, or NULL. */
struct lane *crew_idle_lane(struct crew *crew, size_t index);
/* True if any lane at all is idle. */
bool crew_any_idle(const struct crew *crew);
/* Gives a job, whose TSTInfo is ready, to an idle lane for at most CREW_TRY_MS. */
void crew_sign(struct lane *lane, struct job *job, struct bytes tstinfo);

/* Lanes of a TSU that have proven their key and live. */
unsigned crew_lanes_up(const struct crew *crew, size_t index);

/* Ends every signer; the lanes are idle. */
void crew_stop(struct crew *crew);

#endif
