/*
 * What the service manager is told (sd_notify(3)'s protocol, in few lines of our own: one datagram
 * of "KEY=value" lines to the socket named by NOTIFY_SOCKET). Without that variable all of this
 * does nothing. Nothing here waits: what the manager does not take at once is lost, but for its
 * being asked again (WATCHDOG).
 */
#ifndef TSA_AUTHORITY_NOTIFY_H
#define TSA_AUTHORITY_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd; /* -1: nobody listens */
	uint64_t watchdog_every_ms; /* 0: no watchdog */
	uint64_t watchdog_at_ms; /* of the last word */
};

/*
 * Reads NOTIFY_SOCKET (a path, or @name for an abstract one), WATCHDOG_USEC and WATCHDOG_PID and
 * takes them out of the environment. A socket that cannot be reached is logged, notify_failed.
 */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* STATUS=text: one line for a person. */
void notify_status(struct notify *n, const char *text);
/* READY=1 at the end of the start, and of a reload. */
void notify_ready(struct notify *n, const char *status);
/* RELOADING=1 with the moment, as Type=notify-reload wants it; notify_ready() follows. */
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n);
/* To be called a few times a second: WATCHDOG=1 twice in the time that the manager allows. */
void notify_tick(struct notify *n);

#endif
