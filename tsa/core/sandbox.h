/*
 * Named confinement profiles: seccomp allow-lists and landlock, entered after start and never
 * left.  Own target, so that only confined programs link libseccomp.
 */
#ifndef TSA_CORE_SANDBOX_H
#define TSA_CORE_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "tsa/core/err.h"

/*
 * For every role at its start: no_new_privs, not dumpable (no core, no ptrace by a process of
 * the same user), RLIMIT_CORE 0. Fails only if the kernel refuses one of them.
 */
MUST_CHECK bool sandbox_base(struct err *err);

/*
 * The profiles. Each is entered once, after start: landlock first, then a seccomp allow-list;
 * what stands on neither kills the process with SIGSYS, or is refused where a library can do
 * without. seccomp is a must: no role works without it. *landlocked is false if this kernel has no
 * landlock (not built in, or not enabled at boot), which the owner should log: the allow-list
 * alone holds then. They fail on anything else. Call sandbox_base() and tzset() (log_open does)
 * before.
 */

/*
 * tsa-front: no path, no TCP bind and connect, no signals and abstract sockets of others (as far
 * as the kernel can), no open, connect, exec and fork. Listeners and channel are inherited.
 */
MUST_CHECK bool sandbox_front(bool *landlocked, struct err *err);

/*
 * tsa-journal: reads and writes what is beneath directory, a descriptor of it that is open; no
 * socket, exec or fork. What libcrypto reads at its first use must have been read.
 */
MUST_CHECK bool sandbox_journal(int directory, bool *landlocked, struct err *err);

struct sandbox_ledger {
	/* Files and folders that may be read; what is not there is left out. */
	const char *const *paths;
	size_t path_count;
	const uint16_t *ports; /* TCP ports that may be connected to */
	size_t port_count;
	bool any_port;
	bool abstract_sockets; /* may be connected to */
};

/*
 * tsa-ledger: reads paths, connects to ports and to any Unix socket that its user may, asks DNS;
 * writes no file, binds no port; no exec or fork. Borrows needs for the call.
 */
MUST_CHECK bool sandbox_ledger(
	const struct sandbox_ledger *needs, bool *landlocked, struct err *err);

#endif
