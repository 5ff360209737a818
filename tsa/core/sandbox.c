/*
 * Owns nothing; changes what this process may still do.  Two layers for the front: landlock takes
 * the file system and new TCP connections away, the seccomp allow-list takes away the system
 * calls that would be needed to ask for them.
 */
#include "tsa/core/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

/* gcc and clang each have their own word for -fsanitize=address. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

/*
 * The kernel's struct landlock_ruleset_attr as of ABI 6; a kernel takes the part it knows. Not
 * from <linux/landlock.h>: Debian 12's header ends at ABI 2. A right that is not listed as
 * handled stays allowed, so all that a kernel knows are listed.
 */
struct landlock_rights {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

enum {
	LANDLOCK_GET_ABI = 1, /* flag of landlock_create_ruleset */
	LANDLOCK_FS_ABI_1 = 13, /* rights by number: execute .. make_sym */
	LANDLOCK_NET_RIGHTS = 2, /* bind_tcp, connect_tcp */
	LANDLOCK_SCOPE_RIGHTS = 2, /* abstract Unix sockets, signals to outside */
};

static uint64_t first_bits(unsigned count)
{
	return (UINT64_C(1) << count) - 1;
}

/* All rights of this ABI; *size is how much of the struct the kernel knows. */
static struct landlock_rights landlock_all(long abi, size_t *size)
{
	struct landlock_rights all = { .fs = first_bits(LANDLOCK_FS_ABI_1) };

	*size = offsetof(struct landlock_rights, net);
	if (abi >= 2)
		all.fs = first_bits(14); /* refer */
	if (abi >= 3)
		all.fs = first_bits(15); /* truncate */
	if (abi >= 4) {
		all.net = first_bits(LANDLOCK_NET_RIGHTS);
		*size = offsetof(struct landlock_rights, scoped);
	}
	if (abi >= 5)
		all.fs = first_bits(16); /* ioctl_dev */
	if (abi >= 6) {
		all.scoped = first_bits(LANDLOCK_SCOPE_RIGHTS);
		*size = sizeof(all);
	}
	return all;
}

/* Landlock with no rule: nothing of the file system and no new TCP socket can be reached. */
static bool landlock_allow_nothing(bool *landlocked, struct err *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_GET_ABI);
	struct landlock_rights all;
	size_t size;
	long ruleset;
	long result;

	*landlocked = false;
	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return true;
	if (abi < 1)
		return err_sys(err, "sandbox: landlock version");
	all = landlock_all(abi, &size);
	ruleset = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (ruleset < 0)
		return err_sys(err, "sandbox: landlock_create_ruleset of ABI %ld", abi);
	result = syscall(SYS_landlock_restrict_self, ruleset, 0);
	if (result != 0)
		(void)err_sys(err, "sandbox: landlock_restrict_self");
	(void)close((int)ruleset);
	*landlocked = result == 0;
	return result == 0;
}

/* What the front does all day, by purpose. Calls with a condition stand in add_conditions(). */
static const int front_calls[] = {
	/* bytes of clients, of the channel and of the log */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(sendto),
	/* may a line of the log be written? ppoll is glibc's poll() where the kernel has none */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* connections come and go; listening, binding and connecting is not among them */
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	/* the event loop; epoll_pwait is glibc's epoll_wait where the kernel has no other */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	/* memory, without making any executable (below) */
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
#ifdef SANITIZED
	/* the sanitizers' locks, and what they ask before a function that does not return */
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

/* Refused with EPERM instead of a kill: what libraries ask for and can do without. */
static const int front_refused[] = {
	/*
	 * getnameinfo() of a link-local peer (evhttp asks for each) opens a socket to learn the
	 * interface's name and prints the number where it gets none: any such client would
	 * kill the front.
	 */
	SCMP_SYS(socket),
#ifdef SANITIZED
	/* A sanitizer's report is printed without names if it cannot read our program. */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
#endif
};

struct condition {
	int call;
	unsigned count;
	struct scmp_arg_cmp arg[2];
};

/* Calls that are allowed only with these arguments. pid is ours. */
static bool add_conditions(scmp_filter_ctx filter, pid_t pid)
{
	const struct scmp_arg_cmp no_exec = { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 };
	const struct scmp_arg_cmp no_file = { 3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS };
	const struct scmp_arg_cmp to_us = { 0, SCMP_CMP_EQ, (scmp_datum_t)pid, 0 };
	const struct scmp_arg_cmp is_abort = { 2, SCMP_CMP_EQ, SIGABRT, 0 };
	const struct condition conditions[] = {
		/* libevent asks how much can be read */
		{ SCMP_SYS(ioctl), 1, { { 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, FIONREAD } } },
#ifdef SANITIZED
		/* is the report for a terminal? */
		{ SCMP_SYS(ioctl), 1, { { 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, TCGETS } } },
#endif
		/* heap; no memory of ours becomes executable */
		{ SCMP_SYS(mmap), 2, { no_exec, no_file } },
		{ SCMP_SYS(mprotect), 1, { no_exec } },
		/* abort() */
		{ SCMP_SYS(tgkill), 2, { to_us, is_abort } },
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const struct condition *c = &conditions[i];

		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, c->call, c->count, c->arg) != 0)
			return false;
	}
	return true;
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

static bool add_front_rules(scmp_filter_ctx filter)
{
	return add_calls(filter, SCMP_ACT_ALLOW, front_calls,
		       sizeof(front_calls) / sizeof(front_calls[0])) &&
	       add_calls(filter, SCMP_ACT_ERRNO(EPERM), front_refused,
		       sizeof(front_refused) / sizeof(front_refused[0])) &&
	       add_conditions(filter, getpid());
}

static bool seccomp_front(struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = false;
	int result;

	if (filter == NULL)
		return err_set(err, "sandbox: seccomp: no memory for the filter");
	/* Calls of another architecture die too; a binary tree costs less than a long list. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
		!add_front_rules(filter)) {
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

bool sandbox_front(bool *landlocked, struct err *err)
{
	return landlock_allow_nothing(landlocked, err) && seccomp_front(err);
}
