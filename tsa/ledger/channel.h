/*
 * tsa-ledger's end of the channel to tsad: DURABLE in, SHIPPED, DATABASE, INCIDENT and FAILED out.
 * Every wait of this process goes through channel_wait(), so that tsad is heard, and its end of
 * file noticed, whatever the database does.
 */
#ifndef TSA_LEDGER_CHANNEL_H
#define TSA_LEDGER_CHANNEL_H

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

struct channel;

/* Takes fd. */
struct channel *channel_new(int fd);
void channel_free(struct channel *c);

/*
 * Waits for the first message. False if tsad is gone; a version that is not ours is answered
 * with FAILED and ends the process; anything else that is no SETUP_LEDGER is a bug.
 */
MUST_CHECK bool channel_setup(struct channel *c, struct msg_setup_ledger *setup);

/* Tells tsad that this process is up; the database may be away. */
void channel_ready(struct channel *c);

/* All up to here is durable in the journal and may be read; 0: nothing was said yet. */
uint64_t channel_durable(const struct channel *c);
/* True after end of file: ship what is durable, then leave. */
bool channel_closed(const struct channel *c);
/* True when the time for that is over as well. */
bool channel_over(const struct channel *c);

enum channel_wait {
	CHANNEL_SOCKET, /* fd is ready */
	CHANNEL_NEWS, /* something came from tsad, or its end of file */
	CHANNEL_TIMEOUT, /* neither, for timeout_ms */
	CHANNEL_OVER, /* channel_over() */
};

/*
 * Waits for events (of poll) on fd (-1: none) and for tsad; timeout_ms -1: without end while
 * tsad is there. Takes in whatever tsad sent.
 */
enum channel_wait channel_wait(struct channel *c, int fd, short events, int timeout_ms);

/* All up to seq is committed. */
void channel_shipped(struct channel *c, uint64_t seq);
/* Tells the log what is new, and tsad that as well; the same again after some seconds. */
void channel_database(struct channel *c, bool connected, const char *text);
/* The journal is behind the database, and no record of it says so. */
void channel_incident(struct channel *c, const struct msg_incident *incident);
/* This process cannot go on: tells tsad and the log and leaves. */
_Noreturn void channel_fail(struct channel *c, enum msg_failure failure, const char *text);

/* Milliseconds of the monotonic clock. */
int64_t channel_now_ms(void);

#endif
