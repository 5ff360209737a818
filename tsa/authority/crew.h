/*
 * Which lanes there are: those of the configuration in force, those of the next one while it is
 * being loaded, and those of earlier ones that still have a job.  Starts them in the order that
 * costs a wrong PIN one attempt (D13), starts again with back-off what dies, and changes from one
 * generation to the next in one step (R17, R18).
 */
#ifndef TSA_AUTHORITY_CREW_H
#define TSA_AUTHORITY_CREW_H

#include "tsa/authority/lane.h"

enum { CREW_TRY_MS = LANE_TRY_MS };

struct crew;

struct crew_events {
	/* Every lane of what crew_load was given has proven its key: crew_swap may come. */
	void (*loaded)(void *arg);
	/* One could not, or died before all had; the lanes of that load end (not for --check). */
	void (*refused)(void *arg, uint8_t failure, const char *text);
	/* One lane's proof, for --check; may be NULL. */
	void (*proven)(void *arg, const struct tsu *tsu, const char *token);
	/* The job in a lane is signed; the lane is idle again. */
	void (*signature)(void *arg, struct job *job, const struct msg_signed *signature);
	/* The job in a lane will not be signed there. */
	void (*job_failed)(void *arg, struct job *job, enum void_reason reason);
	/* A lane in force became idle for other reasons than a signature: it was started again. */
	void (*lane_idle)(void *arg);
	/* crew_stop is done: no signer is left. */
	void (*stopped)(void *arg);
	void *arg;
};

/* No lanes yet. is_check: one lane a TSU, and every TSU's result is wanted, not the first failure.
 */
struct crew *crew_new(struct event_base *base, struct spawner *spawner, bool is_check,
	const struct crew_events *events);
/* Takes NULL. */
void crew_free(struct crew *crew);

/*
 * Starts the lanes of config beside those in force, one at a time; ends in events.loaded or
 * events.refused, which may come before this returns. Holds config as long as a lane or a job
 * needs it. False and err, and nothing begun, if a certificate does not load. Not while another
 * load goes on.
 */
MUST_CHECK bool crew_load(struct crew *crew, struct config *config, struct err *err);
/* Reports what R20 has against config, see logins_allow. */
void crew_allows(const struct crew *crew, const struct config *config, const char *path,
	config_finding *report, void *arg);
/* Ends the lanes of a load that is not in force yet; without a word. */
void crew_drop(struct crew *crew);
/* Puts what was loaded in force: its lanes get the jobs, the others end with the one they have. */
void crew_swap(struct crew *crew);
/* Of the configuration in force: 1 for the first, rising with every load. */
unsigned crew_generation(const struct crew *crew);

/* The TSU with this index in the configuration in force. */
struct tsu *crew_tsu(struct crew *crew, size_t index);
/* An idle lane of that TSU, or NULL. */
struct lane *crew_idle_lane(struct crew *crew, size_t index);
/* Gives a job, whose TSTInfo is ready, to an idle lane for at most CREW_TRY_MS. */
void crew_sign(struct lane *lane, struct job *job, struct bytes tstinfo);

/* Lanes of a TSU in force that have proven their key and live. */
unsigned crew_lanes_up(const struct crew *crew, size_t index);

/* Ends every signer; the lanes are idle. */
void crew_stop(struct crew *crew);

#endif
