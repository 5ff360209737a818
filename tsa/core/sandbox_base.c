/*
 * What every role gives up.  Apart from the profiles, so that a role that needs no more than this
 * is linked without libseccomp.
 */
#include "tsa/core/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

bool sandbox_base(struct err *err)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(err, "sandbox: no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_sys(err, "sandbox: not dumpable");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_sys(err, "sandbox: RLIMIT_CORE");
	return true;
}
