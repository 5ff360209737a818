/*
 * One client: a keep-alive connection that is made again when it is lost, and at most one request
 * on it.  What becomes of each request is told to the tally; each answer is kept.
 */
#ifndef TSA_TESTS_CHAOS_CLIENT_H
#define TSA_TESTS_CHAOS_CLIENT_H

#include <netinet/in.h>

#include "tally.h"
#include "tests/load/verify.h"

enum { CLIENT_MAX_HTTP = 4096, CLIENT_MAX_PATH = 256 };

enum client_state {
	CLIENT_RESTING, /* no request; there may be a connection */
	CLIENT_CONNECTING, /* has a request */
	CLIENT_ASKING, /* sends it, or waits for the answer */
};

/* What all clients share; outlives them. */
struct client_world {
	struct sockaddr_in server;
	const char *path[ANSWER_MAX_ENDPOINTS];
	const struct verifier *maker[2]; /* makes requests: without, with certReq */
	uint64_t timeout_us; /* a request's */
	uint64_t pace_us; /* between the starts of two requests of one client; 0: none */
	struct tally *tally;
	struct buf *answers; /* records to be written */
};

struct client {
	const struct client_world *world;
	enum client_state state;
	uint8_t endpoint;
	uint8_t cert_req;
	int fd; /* -1: none */
	uint64_t due_us; /* monotonic; the next request starts no sooner */
	uint64_t started_us; /* monotonic */
	uint64_t sent_us; /* of the real clock */
	struct buf request; /* DER */
	uint8_t out[CLIENT_MAX_HTTP];
	size_t out_len;
	size_t sent;
	uint8_t *in; /* HTTP_MAX_ANSWER bytes */
	size_t in_len;
};

uint64_t client_now_us(void); /* monotonic */

void client_init(struct client *c, const struct client_world *world, uint8_t endpoint,
	uint8_t cert_req, uint64_t due_us);
void client_wipe(struct client *c);
/* A resting client makes a request and sends it. False with err if none can be made. */
MUST_CHECK bool client_start(struct client *c, struct err *err);
/* Events that it waits for; 0: none. */
short client_events(const struct client *c);
/* Takes what poll said. */
void client_step(struct client *c, short events);
/* Ends a request that has waited too long. */
void client_expire(struct client *c, uint64_t now_us);

#endif
