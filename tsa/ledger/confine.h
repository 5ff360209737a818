/*
 * Where tsa-ledger leaves the rest of the machine: what libpq will read and where it will connect,
 * told from the connection string beforehand, as the profile of sandbox.h.
 */
#ifndef TSA_LEDGER_CONFINE_H
#define TSA_LEDGER_CONFINE_H

#include "tsa/core/err.h"

struct confinement;

/*
 * Confines the process; conninfo is as in tsad.conf(5). Logs landlock_missing where the kernel has
 * none. The caller frees with confinement_free. NULL and err if the kernel refuses.
 */
struct confinement *confinement_enter(const char *directory, const char *conninfo, struct err *err);
void confinement_free(struct confinement *c);

/*
 * A rule of landlock belongs to a file, not to its name: true if a file that may be read was
 * replaced or changed since, or came into being, and a new process would read it. Gives its path.
 */
bool confinement_is_stale(const struct confinement *c, const char **path);

#endif
