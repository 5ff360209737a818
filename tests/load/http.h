/*
 * An HTTP answer as tsa-load wants it (clients.md section 3: a length, one media type without
 * parameters, no chunks).  Pure.
 */
#ifndef TSA_TESTS_LOAD_HTTP_H
#define TSA_TESTS_LOAD_HTTP_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

/* No answer of ours is longer: a token with its certificates. */
enum { HTTP_MAX_ANSWER = 65536 };

enum http_state {
	HTTP_MORE, /* the answer goes on */
	HTTP_WHOLE, /* head and body are there */
	HTTP_BAD, /* breaks a rule; err says which */
};

struct http_answer {
	int status;
	bool close; /* the server ends the connection after it */
	struct bytes body; /* points into what was read */
};

/* Reads an answer from the start of in; nothing may follow it. */
enum http_state http_read(struct bytes in, struct http_answer *answer, struct err *err);

#endif
