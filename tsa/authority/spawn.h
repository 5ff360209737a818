/*
 * Starts, hears, reaps tsad's children.  A child is an executable of libexec/tsa with one end of
 * a SOCK_SEQPACKET channel as descriptor 3 and listeners from 4 on.  Children stand in process
 * groups of their own, so that a terminal's ^C reaches tsad alone.
 */
#ifndef TSA_AUTHORITY_SPAWN_H
#define TSA_AUTHORITY_SPAWN_H

#include <sys/types.h>

#include "tsa/core/err.h"
#include "tsa/core/msg.h"

enum { CHILD_MAX_LISTENERS = 16 };

struct event_base;
struct spawner;
struct child;

enum child_environment {
	CHILD_NO_ENVIRONMENT,
	CHILD_LIBPQ_ENVIRONMENT, /* what libpq reads, but no password */
	CHILD_ALL_ENVIRONMENT, /* vendor PKCS#11 modules need theirs (R14) */
};

struct child_program {
	const char *file; /* in libexec/tsa */
	const char *label; /* for logs: "front", "signer" ... */
	enum child_environment environment;
	size_t max_queued; /* bytes that may wait for the child */
	unsigned grace_s; /* after the end of its channel it has this long to exit */
};

struct child_events {
	/* One message; what it points to lives until the call returns. May call child_kill. */
	void (*message)(void *arg, const struct msg *m);
	/* The process is gone and reaped; status as waitpid gives it. The child is freed after. */
	void (*gone)(void *arg, int status);
	void *arg;
};

/* Finds libexec/tsa beside the folder of the running program. NULL and err if it cannot. */
struct spawner *spawner_new(struct event_base *base, struct err *err);
/* Kills children that are left, without events. Takes NULL. */
void spawner_free(struct spawner *spawner);
size_t spawner_children(const struct spawner *spawner);
void spawner_kill_all(struct spawner *spawner);

/*
 * Starts a child; detail ("tsu=a lane=1", may be "") goes into the log lines of its start and
 * death. NULL and err if the system refuses. The child belongs to the spawner, which frees it
 * after events.gone.
 */
struct child *child_start(struct spawner *spawner, const struct child_program *program,
	const char *detail, const int *listeners, size_t listener_count,
	const struct child_events *events, struct err *err);

/* Sends or queues. False if the child's queue is full. */
MUST_CHECK bool child_send(struct child *child, const struct msg *m);
/* Sends what may not be lost and cannot overflow; a full queue is a bug. */
void child_must_send(struct child *child, const struct msg *m);
bool child_idle_queue(const struct child *child);
/* Closes the channel after what waits was sent: the order to stop. */
void child_close(struct child *child);
void child_kill(struct child *child);
pid_t child_pid(const struct child *child);
/* True while its last messages are handed over after its death. */
bool child_is_gone(const struct child *child);
/* True once it has sent what is no message at all; it was killed for that. */
bool child_is_liar(const struct child *child);

/* Delay before the next start after this many failures in a row: 100 ms doubling to 5 s. */
unsigned backoff_ms(unsigned failures);

#endif
