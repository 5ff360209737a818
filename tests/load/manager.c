/*
 * tsa-manager: a service manager in a few lines, for tests of what tsad speaks with one. Opens
 * listening sockets, hands them to a program, and writes down what the program tells.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FD = 3, MAX_SOCKETS = 20, MAX_NAMES = 256, EXIT_COULD_NOT_RUN = 3 };

static const char help[] =
	"usage: tsa-manager --out FILE --notify SOCKET [OPTIONS] -- PROGRAM ARGUMENTS\n"
	"Runs PROGRAM as a service manager does: NOTIFY_SOCKET is SOCKET (a path, or @name), and\n"
	"sockets are handed over from descriptor 3 on. FILE gets a line \"pid=N\", a line\n"
	"\"listening=ADDRESS:PORT name=NAME\" a socket and each line that PROGRAM tells.\n"
	"Ends with PROGRAM and its exit status; hands SIGTERM on to it.\n"
	"\n"
	"  --listen PORT=NAME    a socket on 127.0.0.1; port 0 is any; unix:PATH=NAME a Unix socket\n"
	"  --bound PORT=NAME     one that is bound and does not listen\n"
	"  --other-pid           LISTEN_PID is not that of PROGRAM\n"
	"  --watchdog-ms N       WATCHDOG_USEC\n";

struct manager {
	FILE *out;
	const char *socket;
	const char *watchdog_ms;
	bool other_pid;
	int sockets[MAX_SOCKETS];
	int count;
	char names[MAX_NAMES];
};

static _Noreturn void stop(const char *what)
{
	(void)fprintf(stderr, "tsa-manager: %s: %s\n", what, strerror(errno));
	exit(EXIT_COULD_NOT_RUN);
}

/* Out of the way of the places where sockets will be handed over. */
static void keep_socket(struct manager *m, int fd, const char *name)
{
	m->sockets[m->count] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	(void)close(fd);
	(void)snprintf(m->names + strlen(m->names), sizeof(m->names) - strlen(m->names), "%s%s",
		m->count == 0 ? "" : ":", name);
	m->count++;
}

/* "unix:PATH=NAME" */
static void add_unix(struct manager *m, const char *path, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = (size_t)(name - path);

	if (len >= sizeof(at.sun_path))
		stop(path);
	memcpy(at.sun_path, path, len);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0 ||
		chmod(at.sun_path, 0666) != 0)
		stop(path);
	keep_socket(m, fd, name + 1);
	(void)fprintf(m->out, "listening=unix:%s name=%s\n", at.sun_path, name + 1);
}

/* "PORT=NAME": a socket, out of the way of the places where they will be handed over. */
static void add_socket(struct manager *m, const char *text, bool listening)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	const char *name = strchr(text, '=');
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (name == NULL || m->count == MAX_SOCKETS ||
		strlen(m->names) + strlen(name) >= sizeof(m->names))
		stop(text);
	if (strncmp(text, "unix:", 5) == 0) {
		(void)close(fd);
		add_unix(m, text + 5, name);
		return;
	}
	at.sin_port = htons((uint16_t)atoi(text));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
		(listening && listen(fd, 64) != 0) ||
		getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		stop(text);
	keep_socket(m, fd, name + 1);
	(void)fprintf(
		m->out, "listening=127.0.0.1:%u name=%s\n", (unsigned)ntohs(at.sin_port), name + 1);
}

static int open_notify(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	if (len >= sizeof(at.sun_path))
		stop(name);
	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	if (bind(fd, (const struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0)
		stop(name);
	/* Whoever the program has become by then may tell. */
	if (name[0] == '/' && chmod(name, 0666) != 0)
		stop(name);
	return fd;
}

static void set_number(const char *name, long value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%ld", value);
	(void)setenv(name, text, 1);
}

static _Noreturn void become(const struct manager *m, char **argv)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < m->count; i++) {
		if (dup2(m->sockets[i], FIRST_FD + i) < 0)
			stop("dup2");
	}
	(void)setenv("NOTIFY_SOCKET", m->socket, 1);
	if (m->watchdog_ms != NULL) {
		set_number("WATCHDOG_USEC", atol(m->watchdog_ms) * 1000);
		set_number("WATCHDOG_PID", getpid());
	}
	if (m->count > 0) {
		set_number("LISTEN_PID", m->other_pid ? getppid() : getpid());
		set_number("LISTEN_FDS", m->count);
		(void)setenv("LISTEN_FDNAMES", m->names, 1);
	}
	(void)execv(argv[0], argv);
	stop(argv[0]);
}

/* One datagram has one or more lines. */
static void write_down(struct manager *m, int notify)
{
	char text[4096];
	ssize_t n = recv(notify, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	text[n] = '\0';
	(void)fprintf(m->out, "%s\n", text);
}

static int watch(struct manager *m, int notify, int signals, pid_t program)
{
	struct pollfd p[] = { { .fd = notify, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo got;
	int status;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			stop("poll");
		if ((p[0].revents & POLLIN) != 0) {
			write_down(m, notify);
			continue; /* all that was said before it ended */
		}
		if ((p[1].revents & POLLIN) == 0 ||
			read(signals, &got, sizeof(got)) != (ssize_t)sizeof(got))
			continue;
		if (got.ssi_signo == SIGTERM)
			(void)kill(program, SIGTERM);
		else if (waitpid(program, &status, WNOHANG) == program)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static int run(struct manager *m, char **argv)
{
	int notify = open_notify(m->socket);
	sigset_t watched;
	pid_t program;
	int signals;

	(void)sigemptyset(&watched);
	(void)sigaddset(&watched, SIGCHLD);
	(void)sigaddset(&watched, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &watched, NULL);
	signals = signalfd(-1, &watched, SFD_CLOEXEC);
	program = fork();
	if (signals < 0 || program < 0)
		stop("start");
	if (program == 0)
		become(m, argv);
	(void)fprintf(m->out, "pid=%d\n", (int)program);
	return watch(m, notify, signals, program);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
		{ "notify", required_argument, NULL, 'n' },
		{ "listen", required_argument, NULL, 'l' },
		{ "bound", required_argument, NULL, 'b' }, { "other-pid", no_argument, NULL, 'p' },
		{ "watchdog-ms", required_argument, NULL, 'w' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	struct manager m = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(help, stdout);
			return 0;
		}
		if (option == 'o') {
			m.out = fopen(optarg, "we");
			if (m.out == NULL)
				stop(optarg);
			(void)setvbuf(m.out, NULL, _IOLBF, BUFSIZ);
			continue;
		}
		if (m.out == NULL || option == '?') {
			(void)fputs(help, stderr);
			return EXIT_COULD_NOT_RUN;
		}
		if (option == 'n')
			m.socket = optarg;
		else if (option == 'w')
			m.watchdog_ms = optarg;
		else if (option == 'p')
			m.other_pid = true;
		else
			add_socket(&m, optarg, option == 'l');
	}
	if (m.socket == NULL || m.out == NULL || optind == argc) {
		(void)fputs(help, stderr);
		return EXIT_COULD_NOT_RUN;
	}
	return run(&m, argv + optind);
}
