/*
 * What tsad gives up once its listeners are bound (R11): root where it was started as root, new
 * privileges, being dumpable, capabilities.  seccomp and landlock would pass on over exec and
 * cripple its children; each of those confines itself.
 */
#ifndef TSA_AUTHORITY_PRIVILEGE_H
#define TSA_AUTHORITY_PRIVILEGE_H

#include "tsa/core/err.h"

/*
 * Started as root, becomes user (a name, not root's) for good with its groups, and logs
 * running_as; HOME, USER and LOGNAME are that user's from then on. Otherwise user is not looked
 * at. Fails if the user is not known, is root, or anything of root would stay.
 */
MUST_CHECK bool privilege_drop(const char *user, struct err *err);

#endif
