/*
 * tsa-front: sockets that it inherits, and nothing else.  Landlock takes the file system and new
 * TCP connections away, the allow-list the system calls that would ask for them.
 */
#include "tsa/core/sandbox.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

#include "tsa/core/sandbox_part.h"

static const int allowed[] = {
	/* bytes of clients */
	SCMP_SYS(readv),
	/* connections come and go; listening, binding and connecting is not among them */
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	/* the event loop; epoll_pwait is glibc's epoll_wait where the kernel has no other */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
};

static const struct sandbox_condition conditions[] = {
	/* libevent asks how much can be read */
	{ SCMP_SYS(ioctl), 1, { SANDBOX_INT(1, FIONREAD) } },
	/* heap; no memory of ours becomes executable */
	{ SCMP_SYS(mmap), 2,
		{ { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
			{ 3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS } } },
	{ SCMP_SYS(mprotect), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
};

static const int refused[] = {
	/*
	 * getnameinfo() of a link-local peer (evhttp asks for each) opens a socket to learn the
	 * interface's name and prints the number where it gets none: any such client would
	 * kill the front.
	 */
	SCMP_SYS(socket),
#ifdef SANDBOX_SANITIZED
	/* A sanitizer's report is printed without names if it cannot read our program. */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
#endif
};

bool sandbox_front(bool *landlocked, struct err *err)
{
	static const struct sandbox_filter filter = {
		.allowed = allowed,
		.allowed_count = SANDBOX_COUNT(allowed),
		.conditions = conditions,
		.condition_count = SANDBOX_COUNT(conditions),
		.refused = refused,
		.refused_count = SANDBOX_COUNT(refused),
	};

	return sandbox_landlock(NULL, landlocked, err) && sandbox_seccomp(&filter, err);
}
