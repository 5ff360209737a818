/*
 * How many requests a second one client address may send: a token bucket for each, in a table of
 * fixed size whose oldest entries are used again.  An IPv6 client is its /64, since that is the
 * least that one client has.
 */
#ifndef TSA_FRONT_RATE_H
#define TSA_FRONT_RATE_H

#include <stdint.h>

struct rate;
struct sockaddr;

/* per_s requests a second and twice as many at once; 0: no limit, gives NULL. seed: random. */
struct rate *rate_new(uint32_t per_s, uint64_t seed);
/* Takes NULL. */
void rate_free(struct rate *rate);

/*
 * One request of client at now_ms, a clock that only goes forward. 0: it may go on; else the
 * seconds after which another one may. A client without an IP address (NULL, a Unix socket) always
 * may, and so does everyone if rate is NULL.
 */
unsigned rate_take(struct rate *rate, const struct sockaddr *client, uint64_t now_ms);

#endif
