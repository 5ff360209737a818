/* http:// and https:// URLs, taken apart.  Pure. */
#ifndef TSA_TOOLS_HTTP_URL_H
#define TSA_TOOLS_HTTP_URL_H

#include <stdint.h>

#include "tsa/core/err.h"

/* Limits of a URL; longer ones are refused. */
enum { HTTP_MAX_HOST = 253, HTTP_MAX_TARGET = 2000, HTTP_MAX_URL = 2300 };

struct http_url {
	bool tls;
	bool numeric; /* host is an address, not a name */
	uint16_t port;
	char host[HTTP_MAX_HOST + 1]; /* an IPv6 address without its brackets */
	char authority[HTTP_MAX_HOST + 16]; /* for the Host header; no port that is the default */
	char target[HTTP_MAX_TARGET + 1]; /* path and query, begins with "/" */
};

/*
 * Takes an absolute URL apart. False and err if it is none, its scheme is neither http nor https,
 * it has a user, a password or a fragment, or a part is over its limit.
 */
MUST_CHECK bool http_url_parse(const char *text, struct http_url *url, struct err *err);

#endif
