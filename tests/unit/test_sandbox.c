/*
 * Each test runs one action in a child that has confined itself as tsa-front does, and looks at
 * how the child ends.  The source is included, so that each layer can be tried alone.
 */
#include <setjmp.h>
#include <stdarg.h>

#include "tsa/core/sandbox.c" /* NOLINT(bugprone-suspicious-include) */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

enum { ALLOWED = 0, DENIED = 7, NOT_CONFINED = 8 };

/* What a child tries; its value is the child's exit status. fd is a TCP socket not connected. */
typedef int action(int fd);

static bool both_layers(bool *landlocked, struct err *err)
{
	return sandbox_front(landlocked, err);
}

/* The wait status of a child that confines itself by layer and then does what. */
static int status_of(bool (*layer)(bool *, struct err *), action *what)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = 0;
	pid_t child;

	assert_true(fd >= 0);
	tzset();
	child = fork();
	if (child == 0) {
		struct err err = { 0 };
		bool landlocked = false;

		if (!sandbox_base(&err) || !layer(&landlocked, &err))
			_exit(NOT_CONFINED);
		_exit(what(fd));
	}
	assert_true(child > 0);
	(void)close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void assert_killed(action *what)
{
	int status = status_of(both_layers, what);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_exit(int status, int wanted)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static int open_a_file(int fd)
{
	(void)fd;
	return open("/etc/hostname", O_RDONLY | O_CLOEXEC) < 0 ? DENIED : ALLOWED;
}

static int create_a_file(int fd)
{
	(void)fd;
	return open("/tmp/tsa-test-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? DENIED
										       : ALLOWED;
}

static int connect_out(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno == EACCES)
		return DENIED;
	return ALLOWED;
}

static int listen_elsewhere(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 && errno == EACCES)
		return DENIED;
	return ALLOWED;
}

static int run_a_program(int fd)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	(void)fd;
	(void)execv("/bin/true", argv);
	return DENIED;
}

static int fork_a_child(int fd)
{
	(void)fd;
	return fork() < 0 ? DENIED : ALLOWED;
}

static int make_memory_executable(int fd)
{
	(void)fd;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? DENIED
		       : ALLOWED;
}

static int make_data_executable(int fd)
{
	static _Alignas(4096) char page[4096];

	(void)fd;
	return mprotect(page, sizeof(page), PROT_READ | PROT_WRITE | PROT_EXEC) != 0 ? DENIED
										     : ALLOWED;
}

static int map_a_file(int fd)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? DENIED : ALLOWED;
}

static int change_a_terminal(int fd)
{
	char byte = 'x';

	(void)fd;
	return ioctl(STDERR_FILENO, TIOCSTI, &byte) != 0 ? DENIED : ALLOWED;
}

static int signal_the_parent(int fd)
{
	(void)fd;
	return kill(getppid(), 0) != 0 ? DENIED : ALLOWED;
}

static int change_own_limits(int fd)
{
	const struct rlimit limit = { 1, 1 };

	(void)fd;
	return setrlimit(RLIMIT_NOFILE, &limit) != 0 ? DENIED : ALLOWED;
}

static int make_a_socket(int fd)
{
	(void)fd;
	return socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM ? DENIED : ALLOWED;
}

static int abort_as_a_bug(int fd)
{
	(void)fd;
	abort();
}

/* Heap, time, waiting and what is inherited: what a front needs must stay. */
static int work_as_a_front(int fd)
{
	int available = 0;
	struct timespec now;
	struct tm utc;
	char *memory = malloc(1 << 20);
	char *more = realloc(memory, 8 << 20);
	struct pollfd log = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (more == NULL)
		free(memory);
	free(more);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)ioctl(fd, FIONREAD, &available);
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
	/* a line of the log (log.c) */
	return gmtime_r(&now.tv_sec, &utc) == NULL || poll(&log, 1, 0) != 1 ||
	       write(STDERR_FILENO, "", 0) != 0;
}

static void a_confined_front_that_opens_a_file_is_killed(void **unused)
{
	(void)unused;
#ifdef SANITIZED
	/* Refused there, so that a sanitizer's report can be printed. */
	assert_exit(status_of(both_layers, open_a_file), DENIED);
	assert_exit(status_of(both_layers, create_a_file), DENIED);
#else
	assert_killed(open_a_file);
	assert_killed(create_a_file);
#endif
}

static void a_confined_front_that_connects_or_binds_is_killed(void **unused)
{
	(void)unused;
	assert_killed(connect_out);
	assert_killed(listen_elsewhere);
}

static void a_confined_front_that_runs_a_program_or_forks_is_killed(void **unused)
{
	(void)unused;
	assert_killed(run_a_program);
	assert_killed(fork_a_child);
}

static void a_confined_front_that_makes_memory_executable_is_killed(void **unused)
{
	(void)unused;
	assert_killed(make_memory_executable);
	assert_killed(make_data_executable);
	assert_killed(map_a_file);
}

static void a_confined_front_that_touches_others_or_its_limits_is_killed(void **unused)
{
	(void)unused;
	assert_killed(change_a_terminal);
	assert_killed(signal_the_parent);
	assert_killed(change_own_limits);
}

static void a_new_socket_is_refused_softly_since_getnameinfo_asks_for_one(void **unused)
{
	(void)unused;
	assert_exit(status_of(both_layers, make_a_socket), DENIED);
}

static void a_bug_in_a_confined_front_ends_with_sigabrt(void **unused)
{
	int status = status_of(both_layers, abort_as_a_bug);

	(void)unused;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void a_confined_front_can_do_its_work(void **unused)
{
	(void)unused;
	assert_exit(status_of(both_layers, work_as_a_front), ALLOWED);
}

static void landlock_alone_denies_files_and_where_the_kernel_can_connections(void **unused)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_GET_ABI);

	(void)unused;
	if (abi < 1) {
		print_message("SKIPPED: landlock alone: this kernel has none\n");
		skip();
	}
	assert_exit(status_of(landlock_allow_nothing, open_a_file), DENIED);
	assert_exit(status_of(landlock_allow_nothing, create_a_file), DENIED);
	assert_exit(status_of(landlock_allow_nothing, run_a_program), DENIED);
	assert_exit(status_of(landlock_allow_nothing, connect_out), abi >= 4 ? DENIED : ALLOWED);
	assert_exit(
		status_of(landlock_allow_nothing, signal_the_parent), abi >= 6 ? DENIED : ALLOWED);
}

static void all_rights_of_every_landlock_version_are_handled(void **unused)
{
	size_t size;

	(void)unused;
	assert_int_equal(landlock_all(1, &size).fs, 0x1fff);
	assert_int_equal(size, 8);
	assert_int_equal(landlock_all(2, &size).fs, 0x3fff);
	assert_int_equal(landlock_all(3, &size).fs, 0x7fff);
	assert_int_equal(landlock_all(3, &size).net, 0);
	assert_int_equal(landlock_all(4, &size).net, 3);
	assert_int_equal(size, 16);
	assert_int_equal(landlock_all(5, &size).fs, 0xffff);
	assert_int_equal(landlock_all(7, &size).scoped, 3);
	assert_int_equal(size, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confined_front_that_opens_a_file_is_killed),
		cmocka_unit_test(a_confined_front_that_connects_or_binds_is_killed),
		cmocka_unit_test(a_confined_front_that_runs_a_program_or_forks_is_killed),
		cmocka_unit_test(a_confined_front_that_makes_memory_executable_is_killed),
		cmocka_unit_test(a_confined_front_that_touches_others_or_its_limits_is_killed),
		cmocka_unit_test(a_new_socket_is_refused_softly_since_getnameinfo_asks_for_one),
		cmocka_unit_test(a_bug_in_a_confined_front_ends_with_sigabrt),
		cmocka_unit_test(a_confined_front_can_do_its_work),
		cmocka_unit_test(landlock_alone_denies_files_and_where_the_kernel_can_connections),
		cmocka_unit_test(all_rights_of_every_landlock_version_are_handled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
