/*
 * What tsad gives up once its listeners are bound (R11): no new privileges, not dumpable, no
 * capabilities.  seccomp and landlock would pass on over exec and cripple its children; each of
 * those confines itself.
 */
#ifndef TSA_AUTHORITY_PRIVILEGE_H
#define TSA_AUTHORITY_PRIVILEGE_H

#include "tsa/core/err.h"

MUST_CHECK bool privilege_drop(struct err *err);

#endif
