/*
 * To be preloaded: the kernel vouches for its clock, as it does on a machine whose clock chrony
 * keeps. The time itself stays the real one.  A virtual machine without synchronisation reads
 * UNSYNC, so tsad with clock = kernel rightly issues nothing there (R24).
 */
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
	BOUND_US = 1000,
	LEAP_WARNINGS = STA_INS | STA_DEL,
};

int adjtimex(struct timex *t)
{
	long state = syscall(SYS_adjtimex, t);

	if (state < 0)
		return -1;
	t->status &= ~(STA_UNSYNC | STA_CLOCKERR | LEAP_WARNINGS);
	t->maxerror = BOUND_US;
	t->esterror = BOUND_US;
	return TIME_OK;
}
