/*
 * Named confinement profiles: seccomp allow-lists and landlock, entered after start and never
 * left.  Own target, so that only confined programs link libseccomp.
 */
#ifndef TSA_CORE_SANDBOX_H
#define TSA_CORE_SANDBOX_H

#include "tsa/core/err.h"

/*
 * For every role at its start: no_new_privs, not dumpable (no core, no ptrace by a process of
 * the same user), RLIMIT_CORE 0. Fails only if the kernel refuses one of them.
 */
MUST_CHECK bool sandbox_base(struct err *err);

/*
 * tsa-front after start: landlock without any path (and, where the kernel can, without TCP bind
 * and connect, and without signals and abstract sockets of others), then a seccomp allow-list
 * without open, connect, exec and fork; anything else kills the process with SIGSYS. The
 * listeners and the channel are inherited. Call tzset() first (log_open does).
 *
 * seccomp is a must: the front does not serve without it. *landlocked is false if this kernel
 * has no landlock (not built in, or not enabled at boot), which the owner should log: the
 * allow-list alone holds then. Fails on anything else.
 */
MUST_CHECK bool sandbox_front(bool *landlocked, struct err *err);

#endif
