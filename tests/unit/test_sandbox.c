/*
 * Each test runs one action in a child that has confined itself as a role does, and looks at how
 * the child ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/breakout/attempts.h"
#include "tests/fake/scratch.h"
#include "tsa/core/sandbox.h"
#include "tsa/core/sandbox_part.h"

enum { NOT_CONFINED = 250, KILLED = -1, MAX_FOLDER = 80 };

/* The world of a test: a folder that the role may have, and listeners. */
struct place {
	char folder[MAX_FOLDER];
	int directory;
	int allowed; /* a listener whose port the ledger may connect to */
	int other; /* one that it may not */
	int local; /* a Unix socket in the folder */
	long landlock_abi;
};

typedef bool profile(const struct place *place, struct err *err);
typedef int action(const struct place *place, int fd);

static uint16_t port_of(int listener)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static int listener(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void local_name(const struct place *place, struct sockaddr_un *at)
{
	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	assert_true(snprintf(at->sun_path, sizeof(at->sun_path), "%s/socket", place->folder) <
		    (int)sizeof(at->sun_path));
}

static int set_up(void **state)
{
	struct place *place = test_calloc(1, sizeof(*place));
	struct sockaddr_un at;
	int file;

	scratch_template(place->folder, sizeof(place->folder), "tsa-sandbox");
	assert_non_null(mkdtemp(place->folder));
	place->directory = open(place->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->landlock_abi = sandbox_landlock_abi();
	place->allowed = listener();
	place->other = listener();
	place->local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	local_name(place, &at);
	assert_int_equal(bind(place->local, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(place->local, 8), 0);
	file = openat(place->directory, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	(void)close(file);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	(void)close(place->allowed);
	(void)close(place->other);
	(void)close(place->local);
	(void)unlinkat(place->directory, "file", 0);
	(void)unlinkat(place->directory, "socket", 0);
	(void)rmdir(place->folder);
	(void)close(place->directory);
	test_free(place);
	return 0;
}

static bool as_front(const struct place *place, struct err *err)
{
	bool landlocked;

	(void)place;
	return sandbox_front(&landlocked, err);
}

static bool as_journal(const struct place *place, struct err *err)
{
	bool landlocked;

	return sandbox_journal(place->directory, &landlocked, err);
}

static bool as_ledger(const struct place *place, struct err *err)
{
	const char *const paths[] = { place->folder, "/etc/hosts", "/etc/nsswitch.conf",
		"/etc/passwd", "/nowhere/at/all" };
	const uint16_t ports[] = { port_of(place->allowed) };
	const struct sandbox_ledger needs = { .paths = paths,
		.path_count = sizeof(paths) / sizeof(paths[0]),
		.ports = ports,
		.port_count = 1 };
	bool landlocked;

	return sandbox_ledger(&needs, &landlocked, err);
}

static bool by_landlock_alone(const struct place *place, struct err *err)
{
	bool landlocked;

	(void)place;
	return sandbox_landlock(NULL, &landlocked, err);
}

/* The wait status of a child that confines itself by profile and then does what. */
static int status_of(
	const struct place *place, profile *confine, action *what, const struct attempt *attempt)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = 0;
	pid_t child;

	assert_true(fd >= 0);
	tzset();
	child = fork();
	if (child == 0) {
		struct err err = { 0 };

		if (!sandbox_base(&err) || !confine(place, &err))
			_exit(NOT_CONFINED);
		_exit(attempt != NULL ? attempt->make(fd) : what(place, fd));
	}
	assert_true(child > 0);
	(void)close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* KILLED by SIGSYS, or the exit status: an errno, 0 for success. */
static int outcome(const struct place *place, profile *confine, const struct attempt *attempt)
{
	int status = status_of(place, confine, NULL, attempt);

	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return KILLED;
	}
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), NOT_CONFINED);
	return WEXITSTATUS(status);
}

#ifdef SANDBOX_SANITIZED
/* Opening is refused there, so that a sanitizer's report can be printed. */
enum { FRONT_OPENS = EPERM };
#else
enum { FRONT_OPENS = KILLED };
#endif

/* What each profile does to each attempt; EACCES is landlock's word, EPERM the allow-list's. */
static const struct {
	const char *attempt;
	int front;
	int journal;
	int ledger;
} wanted[] = {
	{ "read_file", FRONT_OPENS, EACCES, EACCES },
	{ "create_file", FRONT_OPENS, EACCES, EPERM },
	{ "make_folder", KILLED, KILLED, EPERM },
	{ "connect_out", KILLED, KILLED, EACCES },
	{ "bind_port", KILLED, KILLED, EPERM },
	{ "listen_there", KILLED, KILLED, KILLED },
	{ "make_socket", EPERM, KILLED, 0 }, /* front: getnameinfo() asks; ledger: DNS */
	{ "packet_socket", EPERM, KILLED, KILLED },
	{ "run_program", KILLED, KILLED, KILLED },
	{ "fork_child", KILLED, KILLED, KILLED },
	{ "trace_parent", KILLED, KILLED, KILLED },
	{ "signal_parent", KILLED, KILLED, KILLED },
	{ "executable_memory", KILLED, KILLED, KILLED },
	{ "executable_data", KILLED, KILLED, KILLED },
	{ "writable_code", KILLED, KILLED, KILLED },
	{ "own_limits", KILLED, KILLED, KILLED },
	{ "terminal", KILLED, KILLED, KILLED },
	{ "namespaces", KILLED, KILLED, KILLED },
};

static bool needs_landlock(const char *attempt, int result)
{
	long abi = sandbox_landlock_abi();

	if (result != EACCES)
		return false;
	return abi == 0 || (strcmp(attempt, "connect_out") == 0 && abi < 4);
}

static void expect(
	const struct place *place, const char *role, profile *confine, const char *name, int result)
{
	const struct attempt *attempt = attempt_by_name(name);
	int found;

	assert_non_null(attempt);
	if (needs_landlock(name, result)) {
		print_message(
			"SKIPPED: %s: %s: this kernel's landlock has no such rule\n", role, name);
		return;
	}
	found = outcome(place, confine, attempt);
	if (found != result)
		fail_msg("%s: %s: wanted %d, found %d", role, name, result, found);
}

static void each_profile_stops_each_attempt_as_it_says(void **state)
{
	size_t count;

	(void)attempts(&count);
	assert_int_equal(sizeof(wanted) / sizeof(wanted[0]), count);
	for (size_t i = 0; i < count; i++) {
		expect(*state, "front", as_front, wanted[i].attempt, wanted[i].front);
		expect(*state, "journal", as_journal, wanted[i].attempt, wanted[i].journal);
		expect(*state, "ledger", as_ledger, wanted[i].attempt, wanted[i].ledger);
	}
}

static bool not_at_all(const struct place *place, struct err *err)
{
	(void)place;
	(void)err;
	return true;
}

/* The control: what is refused above is refused by the profile, not by the machine. */
static void unconfined_most_attempts_succeed(void **state)
{
	static const char *const names[] = { "read_file", "create_file", "make_folder",
		"connect_out", "bind_port", "listen_there", "make_socket", "run_program",
		"fork_child", "signal_parent", "executable_memory", "executable_data",
		"own_limits" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int found = outcome(*state, not_at_all, attempt_by_name(names[i]));

		if (found != 0)
			fail_msg("%s: wanted success, found errno %d", names[i], found);
	}
}

static int abort_as_a_bug(const struct place *place, int fd)
{
	(void)place;
	(void)fd;
	abort();
}

static void a_bug_in_a_confined_role_ends_with_sigabrt(void **state)
{
	profile *const profiles[] = { as_front, as_journal, as_ledger };

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		int status = status_of(*state, profiles[i], abort_as_a_bug, NULL);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

static void assert_works(const struct place *place, profile *confine, action *what)
{
	int status = status_of(place, confine, what, NULL);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Steps of a role's work: the number of the first that fails is the exit status. */
#define STEP(number, works)                                                                        \
	do {                                                                                       \
		if (!(works))                                                                      \
			return number;                                                             \
	} while (0)

/* A line of the log (log.c), the heap, the time: what each role needs. */
static int work_as_any(void)
{
	struct timespec now;
	struct tm utc;
	char *memory = malloc(1 << 20);
	char *more = realloc(memory, 8 << 20);
	struct pollfd log = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (more == NULL)
		free(memory);
	free(more);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	STEP(1, gmtime_r(&now.tv_sec, &utc) != NULL && poll(&log, 1, 0) == 1);
	STEP(2, write(STDERR_FILENO, "", 0) == 0);
	return 0;
}

static int work_as_a_front(const struct place *place, int fd)
{
	int available = 0;

	(void)place;
	STEP(3, ioctl(fd, FIONREAD, &available) == 0 || errno == EINVAL);
	(void)shutdown(fd, SHUT_WR);
	STEP(4, close(fd) == 0);
	return work_as_any();
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int work_as_a_journal(const struct place *place, int fd)
{
	static int many[4096]; /* sorted by way of sysinfo() */
	struct statvfs fs;
	DIR *dir;
	int file = openat(place->directory, "new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)fd;
	STEP(3, file >= 0 && pwrite(file, "x", 1, 0) == 1 && fdatasync(file) == 0);
	STEP(4, renameat(place->directory, "new", place->directory, "named") == 0);
	STEP(5, fsync(place->directory) == 0 && unlinkat(place->directory, "named", 0) == 0);
	dir = opendir(place->folder);
	STEP(6, dir != NULL && readdir(dir) != NULL && closedir(dir) == 0);
	STEP(7, fstatvfs(place->directory, &fs) == 0);
	STEP(8, access(place->folder, R_OK | X_OK) == 0);
	qsort(many, sizeof(many) / sizeof(many[0]), sizeof(many[0]), by_value);
	return work_as_any();
}

static int try_port(int listener)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port_of(listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
}

static int work_as_a_ledger(const struct place *place, int fd)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	struct sockaddr_un at;
	int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)fd;
	STEP(3, openat(place->directory, "file", O_RDONLY | O_CLOEXEC) >= 0);
	STEP(4, openat(place->directory, "file", O_RDWR | O_CLOEXEC) < 0 && errno == EPERM);
	STEP(5, try_port(place->allowed) == 0);
	STEP(6, place->landlock_abi < 4 || try_port(place->other) == EACCES);
	local_name(place, &at);
	STEP(7, connect(local, (const struct sockaddr *)&at, sizeof(at)) == 0);
	STEP(8, getaddrinfo("localhost", "5432", &hints, &found) == 0);
	freeaddrinfo(found);
	STEP(9, getpwuid(geteuid()) != NULL);
	return work_as_any();
}

static void each_role_can_do_its_work(void **state)
{
	assert_works(*state, as_front, work_as_a_front);
	assert_works(*state, as_journal, work_as_a_journal);
	assert_works(*state, as_ledger, work_as_a_ledger);
}

static void landlock_alone_denies_files_and_where_the_kernel_can_connections(void **state)
{
	long abi = sandbox_landlock_abi();
	profile *alone = by_landlock_alone;

	if (abi < 1) {
		print_message("SKIPPED: landlock alone: this kernel has none\n");
		skip();
	}
	expect(*state, "landlock", alone, "read_file", EACCES);
	expect(*state, "landlock", alone, "create_file", EACCES);
	expect(*state, "landlock", alone, "run_program", EACCES);
	expect(*state, "landlock", alone, "connect_out", abi >= 4 ? EACCES : 0);
	expect(*state, "landlock", alone, "bind_port", abi >= 4 ? EACCES : 0);
	expect(*state, "landlock", alone, "signal_parent", abi >= 6 ? EPERM : 0);
}

static void all_rights_of_every_landlock_version_are_handled(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(sandbox_landlock_all(1, &size).fs, 0x1fff);
	assert_int_equal(size, 8);
	assert_int_equal(sandbox_landlock_all(2, &size).fs, 0x3fff);
	assert_int_equal(sandbox_landlock_all(3, &size).fs, 0x7fff);
	assert_int_equal(sandbox_landlock_all(3, &size).net, 0);
	assert_int_equal(sandbox_landlock_all(4, &size).net, 3);
	assert_int_equal(size, 16);
	assert_int_equal(sandbox_landlock_all(5, &size).fs, 0xffff);
	assert_int_equal(sandbox_landlock_all(7, &size).scoped, 3);
	assert_int_equal(size, 24);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(each_profile_stops_each_attempt_as_it_says),
		WITH_PLACE(unconfined_most_attempts_succeed),
		WITH_PLACE(a_bug_in_a_confined_role_ends_with_sigabrt),
		WITH_PLACE(each_role_can_do_its_work),
		WITH_PLACE(landlock_alone_denies_files_and_where_the_kernel_can_connections),
		cmocka_unit_test(all_rights_of_every_landlock_version_are_handled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
