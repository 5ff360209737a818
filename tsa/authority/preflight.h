/*
 * What is looked at once, before a service starts.
 */
#ifndef TSA_AUTHORITY_PREFLIGHT_H
#define TSA_AUTHORITY_PREFLIGHT_H

#include "tsa/authority/config.h"

/* False if the kernel does not let us read the clock's state. */
MUST_CHECK bool preflight_clock(struct err *err);

/*
 * Once the listeners are bound: gives up what root or a capability was needed for, and looks
 * whether the user that the roles run as reaches what they open.
 */
MUST_CHECK bool preflight_unprivileged(const struct config *config, struct err *err);

/* What every log must start with: an unchecked clock (R24), keys that are kept in files (D6). */
void preflight_warn(const struct config *config);

#endif
