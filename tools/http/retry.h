/* Retry-After (RFC 9110 10.2.3), and how long to wait when the server says nothing.  Pure. */
#ifndef TSA_TOOLS_HTTP_RETRY_H
#define TSA_TOOLS_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	/* What a server may ask a person to wait for, in seconds; past it we give up and say so. */
	HTTP_MAX_RETRY_AFTER = 300,
	HTTP_FIRST_BACKOFF_MS = 500,
	HTTP_MAX_BACKOFF_MS = 30000,
};

/*
 * The value of a Retry-After header, seconds or one of the three forms of HTTP-date, as seconds
 * from now (seconds since 1970); a date that is past is 0. False if it is neither.
 */
bool http_retry_after(const char *value, int64_t now, int64_t *wait_s);

/* True for the answers that may be different in a moment: 408, 429, 500, 502, 503, 504. */
bool http_status_is_passing(int status);

/*
 * Milliseconds before try number tried + 1 (tried >= 1): doubled each time, up to
 * HTTP_MAX_BACKOFF_MS, of which random (any value) takes away up to a half, so that many clients
 * do not come back together.
 */
unsigned http_backoff_ms(unsigned tried, uint32_t random);

#endif
