/*
 * A lane: one tsa-signer process, one session, one job.  Knows how one is started, proves its key,
 * signs, fails and ends; which lanes there are and whose turn it is to start is the crew's.
 */
#ifndef TSA_AUTHORITY_LANE_H
#define TSA_AUTHORITY_LANE_H

#include <sys/queue.h>

#include "tsa/authority/login.h"
#include "tsa/authority/spawn.h"
#include "tsa/authority/tsu.h"
#include "tsa/record/body.h"

enum { LANE_TRY_MS = 1400 }; /* R16: a try has 1.4 s, then SIGKILL */

struct event_base;
struct job;
struct lane;

enum lane_state {
	LANE_DOWN, /* no process; waits for its turn or a timer */
	LANE_STARTING, /* proves its key */
	LANE_IDLE,
	LANE_BUSY, /* has a job */
	LANE_ENDING, /* killed, failed or told to end, not reaped yet */
};

/* What the crew hears; every call is the last thing that the lane does in its turn. */
struct lane_events {
	/* Its key is proven: it is idle. token: what the token says of itself. */
	void (*proven)(void *arg, struct lane *lane, const char *token);
	/* Its job is signed; it is idle again, or ends. */
	void (*signature)(void *arg, struct job *job, const struct msg_signed *signature);
	/* Its job will not be signed here. */
	void (*job_failed)(void *arg, struct job *job, enum void_reason reason);
	/* Its process is reaped, it is down; failure and text say why. May free the lane. */
	void (*gone)(void *arg, struct lane *lane);
	/* The time for its next start has come. */
	void (*due)(void *arg, struct lane *lane);
	void *arg;
};

struct lane {
	TAILQ_ENTRY(lane) link; /* the crew's */
	const struct lane_events *events;
	struct tsu *tsu; /* held */
	struct login *login; /* of its token; the crew counts */
	unsigned generation; /* of the configuration it is from */
	unsigned number;
	enum lane_state state;
	struct child *child;
	struct job *job;
	struct event *timer; /* deadline of a start or a try; or the next start */
	unsigned failures;
	struct pin_mark pin; /* its PIN file, as it was when the process was started */
	bool in_proof; /* started, and neither proven nor gone */
	bool proven; /* once, at least */
	bool gave_up; /* is not started again */
	bool retired; /* of a generation that is over: ends with the job that it has */
	uint8_t failure; /* of the last process: enum msg_failure */
	char text[MSG_MAX_TEXT]; /* what FAILED said */
};

TAILQ_HEAD(lane_list, lane);

/* Down. Holds the TSU; events live as long as the lane. */
struct lane *lane_new(struct event_base *base, struct tsu *tsu, unsigned number,
	const struct lane_events *events);
/* It is down, or the spawner ends its process without events. */
void lane_free(struct lane *lane);

/* Starts the process of a lane that is down. False and err if the system refuses. */
MUST_CHECK bool lane_start(struct lane *lane, struct spawner *spawner, struct err *err);
/* Down: the next start is due after a delay that grows with its failures. */
void lane_start_later(struct lane *lane);
bool lane_waits(const struct lane *lane);
/* Idle: gives it a job, whose TSTInfo is ready, for at most LANE_TRY_MS. */
void lane_sign(struct lane *lane, struct job *job, struct bytes tstinfo);
/* Lets it end: at once, or with the job that it has. Events go on until it is gone. */
void lane_retire(struct lane *lane);
/* Ends its process, whatever it does; a job that it has is not heard of any more. */
void lane_close(struct lane *lane);

#endif
