/*
 * tsa-ledger: reads the journal and what libpq reads, connects to PostgreSQL, writes nothing.
 * libpq brings the resolver, OpenSSL and Kerberos along, and these the modules that the machine's
 * configuration names: so shared objects may be mapped from files that landlock lets it read,
 * which are the system's, and no memory that it can write becomes executable.
 */
#include "tsa/core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tsa/core/bytes.h"
#include "tsa/core/sandbox_part.h"

static const int allowed[] = {
	/* the journal, passfile, certificates, the resolver's files */
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(lseek),
	SCMP_SYS(getdents64),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	/* sockets: which, stands below; to which port, landlock says */
	SCMP_SYS(connect),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg), /* A and AAAA asked for together */
	SCMP_SYS(shutdown),
	/* libpq masks SIGPIPE around OpenSSL's writes */
	SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait),
	/* who we are: the passfile's owner, the default user name, this host's name */
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getppid),
	SCMP_SYS(uname),
	/* glibc inside: qsort() of much, waiting of a resolver */
	SCMP_SYS(sysinfo),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sched_yield),
};

/* The kind of a socket without its flags. */
#define KIND(kind)                                                                                 \
	{                                                                                          \
		1, SCMP_CMP_MASKED_EQ, 0xf, kind                                                   \
	}
/* These bits of openat()'s flags are all set. */
#define ASKS_FOR(bits)                                                                             \
	{                                                                                          \
		2, SCMP_CMP_MASKED_EQ, bits, bits                                                  \
	}

static const struct sandbox_condition conditions[] = {
	/* files are opened to be read; who asks for more is refused (below) */
	{ SCMP_SYS(openat), 1, { { 2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, 0 } } },
	/* PostgreSQL, and the resolver's ways: DNS, a daemon on this machine */
	{ SCMP_SYS(socket), 1, { SANDBOX_INT(0, AF_UNIX) } },
	{ SCMP_SYS(socket), 2, { SANDBOX_INT(0, AF_INET), KIND(SOCK_STREAM) } },
	{ SCMP_SYS(socket), 2, { SANDBOX_INT(0, AF_INET), KIND(SOCK_DGRAM) } },
	{ SCMP_SYS(socket), 2, { SANDBOX_INT(0, AF_INET6), KIND(SOCK_STREAM) } },
	{ SCMP_SYS(socket), 2, { SANDBOX_INT(0, AF_INET6), KIND(SOCK_DGRAM) } },
	/* getaddrinfo() looks which addresses this machine has */
	{ SCMP_SYS(socket), 1, { SANDBOX_INT(0, AF_NETLINK) } },
	{ SCMP_SYS(setsockopt), 1, { SANDBOX_INT(1, SOL_SOCKET) } },
	{ SCMP_SYS(setsockopt), 1, { SANDBOX_INT(1, IPPROTO_IP) } },
	{ SCMP_SYS(setsockopt), 1, { SANDBOX_INT(1, IPPROTO_IPV6) } },
	{ SCMP_SYS(setsockopt), 1, { SANDBOX_INT(1, IPPROTO_TCP) } },
	{ SCMP_SYS(setsockopt), 1, { SANDBOX_INT(1, SOL_NETLINK) } },
	{ SCMP_SYS(ioctl), 1, { SANDBOX_INT(1, FIONREAD) } },
	/* blocking or not, close on exec, locks of a file that is read */
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_GETFD) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_SETFD) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_GETFL) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_SETFL) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_DUPFD_CLOEXEC) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_SETLK) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_SETLKW) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_OFD_SETLK) } },
	{ SCMP_SYS(fcntl), 1, { SANDBOX_INT(1, F_OFD_SETLKW) } },
	/* heap, files; a shared object's code is mapped, never written (above) */
	{ SCMP_SYS(mmap), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
	{ SCMP_SYS(mmap), 2,
		{ { 2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_EXEC },
			{ 3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0 } } },
	{ SCMP_SYS(mprotect), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
	/* a limit is asked for, of ourselves, and not set */
	{ SCMP_SYS(prlimit64), 2, { SANDBOX_INT(0, 0), { 2, SCMP_CMP_EQ, 0, 0 } } },
};

static const int refused[] = {
	/* getaddrinfo()'s netlink socket: without it all address families count as present; and
	 * nss-myhostname's, which then does not know this machine's names */
	SCMP_SYS(bind),
	/* Kerberos: no ticket cache in the kernel, and ours is only read */
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmodat),
};

/* Landlock refuses them as well; a kernel without it has this. */
static const struct sandbox_condition refused_if[] = {
	{ SCMP_SYS(openat), 1, { ASKS_FOR(O_WRONLY) } },
	{ SCMP_SYS(openat), 1, { ASKS_FOR(O_RDWR) } },
	{ SCMP_SYS(openat), 1, { ASKS_FOR(O_CREAT) } },
	{ SCMP_SYS(openat), 1, { ASKS_FOR(O_TRUNC) } },
};

bool sandbox_ledger(const struct sandbox_ledger *needs, bool *landlocked, struct err *err)
{
	static const struct sandbox_filter filter = {
		.allowed = allowed,
		.allowed_count = SANDBOX_COUNT(allowed),
		.conditions = conditions,
		.condition_count = SANDBOX_COUNT(conditions),
		.refused = refused,
		.refused_count = SANDBOX_COUNT(refused),
		.refused_if = refused_if,
		.refused_if_count = SANDBOX_COUNT(refused_if),
	};
	struct landlock_path *paths = must_calloc(needs->path_count + 1, sizeof(*paths));
	const struct landlock_reach reach = { .paths = paths,
		.path_count = needs->path_count,
		.connect = needs->ports,
		.connect_count = needs->port_count,
		.connect_any = needs->any_port,
		.abstract_sockets = needs->abstract_sockets };
	bool ok;

	for (size_t i = 0; i < needs->path_count; i++)
		paths[i] = (struct landlock_path){ needs->paths[i], -1,
			LANDLOCK_READ_FILE | LANDLOCK_READ_DIR };
	ok = sandbox_landlock(&reach, landlocked, err);
	free(paths);
	return ok && sandbox_seccomp(&filter, err);
}
