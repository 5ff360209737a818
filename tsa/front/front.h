/*
 * What one tsa-front process holds: a single struct front on the heap of main(), passed down.
 * Its parts belong to the modules named beside them.
 */
#ifndef TSA_FRONT_FRONT_H
#define TSA_FRONT_FRONT_H

#include <sys/queue.h>
#include <time.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"
#include "tsa/tsp/reply.h"

struct bufferevent;
struct event;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evhttp_request;
struct front;
struct pages;
struct rate;

enum {
	FRONT_MAX_LISTENERS = 16, /* addresses of one front */
	FRONT_MAX_WAITING = 4096, /* exchanges that wait for tsad; 503 beyond */
	FRONT_MAX_QUEUED = 1 << 20, /* bytes of ISSUE that wait for tsad to read; 503 beyond */
	FRONT_BUCKETS = 4096, /* of the table of waiting exchanges */
	FRONT_TICK_MS = 250, /* how often deadlines are looked at */
	FRONT_DRAIN_MS = 10000, /* how long accepted requests may take after DRAIN */
	FRONT_MAX_REPLY = MSG_MAX_TOKEN + TSP_REPLY_OVERHEAD,
	FRONT_RETRY_AFTER_S = 1, /* of our own 503 */
};

/*
 * A connection is in one state, which is the list it stands on; each list is a queue ordered by
 * deadline, since all its members wait equally long (admit.c).
 */
enum conn_state {
	CONN_READING, /* accepted, or the first byte of a request is there: not yet complete */
	CONN_WAITING, /* tsad was asked */
	CONN_WRITING, /* the answer is on its way to the client */
	CONN_IDLE, /* kept alive between two requests */
	CONN_STATES,
};

/* One HTTP connection and the one request that it may have at a time. */
struct conn {
	struct front *front;
	TAILQ_ENTRY(conn) at;
	enum conn_state state;
	bool heard; /* a byte came since it was accepted or last idle */
	bool must_close; /* after this answer */
	uint64_t deadline_ms;
	int fd;
	struct bufferevent *stream;
	struct evhttp_connection *http;
	struct evhttp_request *request; /* from complete to sent; evhttp owns it */
	/* the exchange with tsad (exchange.c) */
	uint64_t id;
	uint8_t asked; /* enum msg_type that tsad was asked with */
	uint8_t status_kind; /* enum msg_status, when asked is MSG_STATUS */
	bool json; /* asked in sigstore's form: refusals are JSON */
	struct conn *next_waiting; /* in the same bucket */
};

TAILQ_HEAD(conn_list, conn);

/* Connections and the listeners they come from (admit.c). */
struct admit {
	struct conn_list fresh; /* accepted in this turn, not yet known to us as evhttp's */
	struct conn_list list[CONN_STATES];
	struct conn **by_fd;
	size_t fd_count;
	uint32_t count;
	uint32_t max;
	struct event *adopt;
	struct evhttp_bound_socket *listener[FRONT_MAX_LISTENERS];
	size_t listener_count;
	bool full; /* listeners are paused until a connection ends */
	bool resting; /* listeners are paused until the next tick: accept() failed */
	uint64_t said_full_ms;
};

/* Requests that tsad was asked about (exchange.c). */
struct exchanges {
	struct conn *bucket[FRONT_BUCKETS];
	unsigned count;
	uint32_t last_number; /* lower half of the last request id */
	unsigned logged; /* lines about requests since the last summary */
	unsigned unlogged; /* lines that were too many */
	uint64_t next_summary_ms;
	uint8_t reply[FRONT_MAX_REPLY];
};

/* The Date header, made once a second (http.c). */
struct date {
	time_t second;
	char text[32];
};

struct front {
	struct msg_setup_front setup;
	struct event_base *base;
	struct evhttp *http;
	struct event *tick;
	struct pages *pages; /* what is served */
	struct pages *next_pages; /* being received; NULL between TABLES_DONE and the next part */
	struct admit admit;
	struct exchanges exchanges;
	struct date date;
	struct rate *rate; /* NULL: no limit */
	struct msg_counts counts; /* not yet told to tsad */
	bool counted; /* one of them is not 0 */
	bool draining;
	uint64_t drain_until_ms;
	/* the channel (channel.c) */
	struct ipc *channel;
	struct event *readable;
	struct event *writable;
	unsigned ready_owed; /* tables in force that tsad was not told of: nothing goes before */
	struct msg in;
	uint8_t in_buf[IPC_MAX_MESSAGE];
	uint8_t out_buf[IPC_MAX_MESSAGE];
};

/* One more answer of this kind, for the metrics. */
void front_count(struct front *front, enum msg_count kind);

/* Milliseconds of a clock that only goes forward. */
uint64_t front_now_ms(void);

/*
 * Accepts no more, closes idle connections, lets accepted requests be answered; the event loop
 * ends when the last connection is gone or FRONT_DRAIN_MS has passed. May be called twice.
 */
void front_drain(struct front *front);

#endif
