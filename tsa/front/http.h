/*
 * The HTTP server: evhttp with our limits, and the one way to answer.  What evhttp answers by
 * itself (a head that is no HTTP, a head over 8 KiB, a body over 64 KiB, an Expect that it does
 * not know) is an HTML page with "Connection: close" (R30: documented in tsa-front(8)).
 */
#ifndef TSA_FRONT_HTTP_H
#define TSA_FRONT_HTTP_H

#include "tsa/core/err.h"
#include "tsa/front/front.h"

/* Makes the event base and the server, without listeners. */
MUST_CHECK bool http_start(struct front *front, struct err *err);

struct answer {
	int status;
	const char *type; /* media type */
	struct bytes body; /* copied, unless pages is given */
	struct pages *pages; /* body lives in these; held until it is sent. NULL: nowhere */
	const char *allow; /* of a 405; NULL: none */
	unsigned retry_after_s; /* of a 429 or 503; 0: none */
	bool counted; /* in the metrics: there already, or by tsad */
};

/*
 * Answers the complete request of conn, once. Content-Length is always set; to HEAD the body is
 * left out. Afterwards conn->request is evhttp's alone.
 */
void http_answer(struct conn *conn, const struct answer *answer);

/* An answer with one line of text for a person. */
void http_answer_text(struct conn *conn, int status, const char *text);

/* What evhttp has no name for. */
enum {
	HTTP_LENGTH_REQUIRED = 411,
	HTTP_UNSUPPORTED_TYPE = 415,
	HTTP_TOO_MANY_REQUESTS = 429,
	HTTP_VERSION_NOT_SUPPORTED = 505,
};

/* The first header of that name in the request, in any case; NULL if there is none. */
const char *http_header(const struct conn *conn, const char *name);

#endif
