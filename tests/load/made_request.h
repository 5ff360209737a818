/* TimeStampReqs put together from their parts, good and bad ones; pure. */
#ifndef TSA_TESTS_LOAD_MADE_REQUEST_H
#define TSA_TESTS_LOAD_MADE_REQUEST_H

#include "tsa/core/bytes.h"

enum { MADE_MAX_REQUEST = 1024 }; /* bytes; parts that need more are cut */

/* Numbers that follow from a seed alone. */
uint32_t made_random(uint64_t *seed);

/* How many shapes of good requests there are: those of real clients (what they send is known). */
size_t made_shape_count(void);

/*
 * A good request of that shape in out, its imprint and nonce from the seed; policy: content octets
 * of the OID that shapes which name one ask for. Gives its length.
 */
size_t made_shape(size_t shape, struct bytes policy, uint64_t *seed, uint8_t out[MADE_MAX_REQUEST]);

/*
 * A request in which any part may be missing, wrong or too long, but all lengths are right, so that
 * a decoder reads it to the end. Gives its length.
 */
size_t made_any(struct bytes policy, uint64_t *seed, uint8_t out[MADE_MAX_REQUEST]);

#endif
