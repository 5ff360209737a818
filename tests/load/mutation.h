/*
 * Good bytes bent: every bit turned, cut at every length, extended by every byte and more, every
 * byte taken out, doubled or set to the values that matter in DER; then what a seed gives.  Pure.
 */
#ifndef TSA_TESTS_LOAD_MUTATION_H
#define TSA_TESTS_LOAD_MUTATION_H

#include "tsa/core/bytes.h"

enum { MUTATION_MAX_GROWTH = 2048 }; /* bytes by which one may be longer than its base */

/* How many there are for a base of that length without a seed. */
size_t mutation_count(size_t base_len);

/* Number n of them in out, which has room for base.len + MUTATION_MAX_GROWTH. Gives its length. */
size_t mutation_make(struct bytes base, size_t n, uint8_t *out);

/* One to four edits at random places. Gives its length; the same room. */
size_t mutation_random(struct bytes base, uint64_t *seed, uint8_t *out);

#endif
