/* Each attempt leaves nothing behind if it succeeds, but for a file in /tmp that it removes. */
#include "tests/breakout/attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT_DISCARD = 9, PAGE = 4096 };

static int result(bool ok)
{
	return ok ? 0 : errno;
}

static int read_file(int fd)
{
	(void)fd;
	return result(open("/etc/hostname", O_RDONLY | O_CLOEXEC) >= 0);
}

static int create_file(int fd)
{
	static const char path[] = "/tmp/tsa-test-breakout";

	(void)fd;
	if (open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0)
		return errno;
	(void)unlink(path);
	return 0;
}

static int make_folder(int fd)
{
	static const char path[] = "/tmp/tsa-test-breakout.d";

	(void)fd;
	if (mkdir(path, 0700) != 0)
		return errno;
	(void)rmdir(path);
	return 0;
}

static int connect_out(int fd)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(PORT_DISCARD),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	/* Nobody is there, which is an answer of the network all the same. */
	return result(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ||
		      errno == ECONNREFUSED);
}

static int bind_port(int fd)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return result(bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
}

static int listen_there(int fd)
{
	return result(listen(fd, 1) == 0);
}

static int make_socket(int fd)
{
	(void)fd;
	return result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
}

static int packet_socket(int fd)
{
	(void)fd;
	return result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
}

static int run_program(int fd)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	(void)fd;
	(void)execv("/bin/true", argv);
	return errno;
}

static int fork_child(int fd)
{
	pid_t child = fork();

	(void)fd;
	if (child == 0)
		_exit(0);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	return result(child > 0);
}

static int trace_parent(int fd)
{
	(void)fd;
	return result(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0);
}

static int signal_parent(int fd)
{
	(void)fd;
	return result(kill(getppid(), 0) == 0);
}

static int executable_memory(int fd)
{
	(void)fd;
	return result(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		      MAP_FAILED);
}

static int executable_data(int fd)
{
	static _Alignas(PAGE) char page[PAGE];

	(void)fd;
	return result(mprotect(page, sizeof(page), PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
}

static int writable_code(int fd)
{
	return result(mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0) !=
		      MAP_FAILED);
}

static int own_limits(int fd)
{
	const struct rlimit limit = { 64, 64 };

	(void)fd;
	return result(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static int terminal(int fd)
{
	char byte = 'x';

	(void)fd;
	return result(ioctl(STDERR_FILENO, TIOCSTI, &byte) == 0);
}

static int namespaces(int fd)
{
	(void)fd;
	return result(unshare(CLONE_NEWUSER) == 0);
}

static const struct attempt all[] = {
	{ "read_file", read_file },
	{ "create_file", create_file },
	{ "make_folder", make_folder },
	{ "connect_out", connect_out },
	{ "bind_port", bind_port },
	{ "listen_there", listen_there },
	{ "make_socket", make_socket },
	{ "packet_socket", packet_socket },
	{ "run_program", run_program },
	{ "fork_child", fork_child },
	{ "trace_parent", trace_parent },
	{ "signal_parent", signal_parent },
	{ "executable_memory", executable_memory },
	{ "executable_data", executable_data },
	{ "writable_code", writable_code },
	{ "own_limits", own_limits },
	{ "terminal", terminal },
	{ "namespaces", namespaces },
};

const struct attempt *attempts(size_t *count)
{
	*count = sizeof(all) / sizeof(all[0]);
	return all;
}

const struct attempt *attempt_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	}
	return NULL;
}
