/* The seccomp filter of a profile: its own rows and what every role needs. */
#include "tsa/core/sandbox_part.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What every confined role does, by purpose. */
static const int common[] = {
	/* bytes of the channel, of the log and of what else is open */
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(sendto),
	SCMP_SYS(close),
	/* may the channel or the log be written? ppoll is glibc's poll() where the kernel has none
	 */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* memory, which mmap and mprotect of each profile do not make executable */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	/* the clock, where the vDSO does not answer it */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	/* glibc inside: locks of the heap, seeds */
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	/* after SIGSTOP and SIGCONT */
	SCMP_SYS(restart_syscall),
	/* abort() of a BUG, so that tsad sees SIGABRT; tgkill stands below */
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	/* the end */
	SCMP_SYS(exit_group),
#ifdef SANDBOX_SANITIZED
	/* the sanitizers' locks, and what they ask before a function that does not return */
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

static bool add_conditions(scmp_filter_ctx filter, uint32_t action,
	const struct sandbox_condition *conditions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sandbox_condition *c = &conditions[i];

		if (seccomp_rule_add_array(filter, action, c->call, c->count, c->arg) != 0)
			return false;
	}
	return true;
}

static bool add_common_conditions(scmp_filter_ctx filter, pid_t pid)
{
	const struct sandbox_condition conditions[] = {
		/* abort(): a signal to ourselves, and no other */
		{ SCMP_SYS(tgkill), 2, { SANDBOX_INT(0, pid), SANDBOX_INT(2, SIGABRT) } },
#ifdef SANDBOX_SANITIZED
		/* is the report for a terminal? */
		{ SCMP_SYS(ioctl), 1, { SANDBOX_INT(1, TCGETS) } },
#endif
	};

	return add_conditions(filter, SCMP_ACT_ALLOW, conditions, SANDBOX_COUNT(conditions));
}

static bool add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = seccomp_rule_add_array(filter, action, calls[i], 0, NULL);

		/* EDOM: this architecture does not have the call (poll on aarch64). */
		if (result != 0 && result != -EDOM)
			return false;
	}
	return true;
}

static bool add_rules(scmp_filter_ctx filter, const struct sandbox_filter *rules)
{
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);

	return add_calls(filter, SCMP_ACT_ALLOW, common, SANDBOX_COUNT(common)) &&
	       add_calls(filter, SCMP_ACT_ALLOW, rules->allowed, rules->allowed_count) &&
	       add_calls(filter, refuse, rules->refused, rules->refused_count) &&
	       add_common_conditions(filter, getpid()) &&
	       add_conditions(filter, SCMP_ACT_ALLOW, rules->conditions, rules->condition_count) &&
	       add_conditions(filter, refuse, rules->refused_if, rules->refused_if_count);
}

bool sandbox_seccomp(const struct sandbox_filter *rules, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = false;
	int result;

	if (filter == NULL)
		return err_set(err, "sandbox: seccomp: no memory for the filter");
	/* Calls of another architecture die too; a binary tree costs less than a long list. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
		!add_rules(filter, rules)) {
		(void)err_set(err, "sandbox: seccomp: libseccomp refuses a rule");
		goto out;
	}
	result = seccomp_load(filter);
	if (result != 0) {
		(void)err_set(err, "sandbox: seccomp_load: %s", strerror(-result));
		goto out;
	}
	ok = true;
out:
	seccomp_release(filter);
	return ok;
}
