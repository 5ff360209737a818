/* What holds of every carrier that could be opened. */
#ifndef TSA_TESTS_FUZZ_CARRIER_WHOLE_H
#define TSA_TESTS_FUZZ_CARRIER_WHOLE_H

#include "tools/verify/carrier.h"

/*
 * Opens data and aborts unless what was found is consistent: each time-stamp is of a signature that
 * is there, all octets can be read, and a refusal has words. NULL: refused. The caller frees.
 */
struct carrier *carrier_open_whole(struct bytes data);

#endif
