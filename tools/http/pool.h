/*
 * A few keep-alive connections to one HTTP server, each with one request at a time, in the
 * caller's event loop.  The server's certificate and name are always checked; redirects are
 * answers like any other; nothing is asked twice but what a server closed unread (see pool.c).
 */
#ifndef TSA_TOOLS_HTTP_POOL_H
#define TSA_TOOLS_HTTP_POOL_H

#include <event2/event.h>

#include "tools/http/url.h"
#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	HTTP_MAX_CONNECTIONS = 8,
	HTTP_MAX_FIELD = 256, /* of a header's value; the rest is cut off */
	HTTP_MAX_TIMEOUT = 3600, /* seconds */
};

struct http_settings {
	const char *agent; /* User-Agent */
	const char *ca; /* PEM: CAs of https servers; NULL: the system's */
	unsigned timeout_s; /* for one exchange, from connecting to the end of the answer */
	unsigned connections; /* 1 to HTTP_MAX_CONNECTIONS */
	size_t max_body; /* a longer answer is HTTP_UNFIT */
};

enum http_outcome {
	HTTP_ANSWERED, /* status, fields and body are there */
	HTTP_UNREACHABLE, /* there was no connection */
	HTTP_UNTRUSTED, /* the certificate of the server is not good; it would not be next time */
	HTTP_BROKEN, /* the connection ended before the answer did */
	HTTP_SLOW, /* the answer was not there in time */
	HTTP_UNFIT, /* no HTTP, or longer than max_body */
};

/* Fields are printable ASCII; "" if absent. */
struct http_answer {
	enum http_outcome outcome;
	int status;
	char type[HTTP_MAX_FIELD]; /* Content-Type */
	char location[HTTP_MAX_FIELD];
	char retry_after[HTTP_MAX_FIELD];
	struct bytes body;
	char why[HTTP_MAX_FIELD + 64]; /* of any other outcome: what happened, for a person */
};

/* What is asked; body of length 0: GET, else POST. All of it must live until done is called. */
struct http_ask {
	const char *target;
	const char *type; /* Content-Type of the body */
	struct bytes body;
};

/* answer and its body live until it returns. It may ask again; it must not free the pool. */
typedef void http_done(const struct http_answer *answer, void *arg);

struct http_pool;

/*
 * Looks the host's addresses up (which may block as long as the system's resolver does) but
 * connects to none yet. url and settings are copied, but for the strings in settings. NULL and
 * err on failure.
 */
struct http_pool *http_pool_new(struct event_base *base, const struct http_url *url,
	const struct http_settings *settings, struct err *err);
/* Ends what is under way without calling done. Takes NULL. Never from within done. */
void http_pool_free(struct http_pool *pool);

/* How many more requests it takes now. */
unsigned http_pool_room(const struct http_pool *pool);
/* Asks; done is called later, exactly once, from the event loop. There must be room. */
void http_pool_ask(struct http_pool *pool, const struct http_ask *ask, http_done *done, void *arg);

#endif
