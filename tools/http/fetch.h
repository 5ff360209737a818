/* One document, waited for: what certificates, CRLs and OCSP responses are fetched with. */
#ifndef TSA_TOOLS_HTTP_FETCH_H
#define TSA_TOOLS_HTTP_FETCH_H

#include "tools/http/pool.h"

/*
 * Fetches url into body (which is empty before), running base's events until the answer is there
 * or something breaks base's loop (event_base_loopbreak: false, and err says so). One connection,
 * one try; only status 200 will do, redirects are not followed. False and err on failure. The
 * caller frees body either way.
 */
MUST_CHECK bool http_fetch(struct event_base *base, const char *url,
	const struct http_settings *settings, struct buf *body, struct err *err);
/* The same by POST of content, which is of that type. */
MUST_CHECK bool http_fetch_by_post(struct event_base *base, const char *url, const char *type,
	struct bytes content, const struct http_settings *settings, struct buf *body,
	struct err *err);

#endif
