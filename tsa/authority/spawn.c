/* Owns every child process, its channel and its events. Knows no role. */
#include "tsa/authority/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "tsa/core/ipc.h"
#include "tsa/core/log.h"

enum {
	MAX_DETAIL = 128,
	TURN_MESSAGES = 64, /* messages of one child before others have their turn */
	/* Read after a child's death: more than a channel holds (R13), yet a process that took over
	 * its end cannot keep tsad reading. */
	LAST_MESSAGES = 4096,
};

struct child {
	TAILQ_ENTRY(child) link;
	struct spawner *spawner;
	const char *label;
	char detail[MAX_DETAIL];
	pid_t pid;
	struct ipc *ipc; /* NULL once closed */
	struct event *readable;
	struct event *writable;
	struct event *grace;
	struct child_events events;
	unsigned grace_s;
	bool gone; /* reaped; the pid may be another's */
	bool closing; /* close when the queue is empty */
	bool is_liar; /* sent what is no message */
};

struct spawner {
	struct event_base *base;
	struct event *sigchld;
	char folder[PATH_MAX]; /* libexec/tsa */
	int folder_fd; /* the same, opened before root was given up: it may stand below a folder
			  that the user may not enter */
	TAILQ_HEAD(, child) children;
	size_t count;
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
	struct msg m;
};

unsigned backoff_ms(unsigned failures)
{
	unsigned ms = 100;

	for (unsigned i = 1; i < failures && ms < 5000; i++)
		ms *= 2;
	return ms < 5000 ? ms : 5000;
}

static void close_channel(struct child *c)
{
	if (c->ipc == NULL)
		return;
	event_free(c->readable);
	event_free(c->writable);
	c->readable = NULL;
	c->writable = NULL;
	ipc_free(c->ipc);
	c->ipc = NULL;
}

static void child_free(struct child *c)
{
	close_channel(c);
	if (c->grace != NULL)
		event_free(c->grace);
	TAILQ_REMOVE(&c->spawner->children, c, link);
	c->spawner->count--;
	free(c);
}

/* The channel ended; the process has a moment to follow. */
static void expect_exit(struct child *c)
{
	const struct timeval soon = { .tv_sec = c->grace_s };

	close_channel(c);
	(void)evtimer_add(c->grace, &soon);
}

/* Too long, or none of the set: whatever sent it is not our program any more. */
static void bad_message(struct child *c, enum ipc_result got)
{
	c->is_liar = true;
	log_event(LOG_LEVEL_ERROR, "child_bad_message",
		got == IPC_OK ? "a message that is none of the protocol: killed"
			      : "a message over the limit: killed",
		"child=%s pid=%d", c->label, (int)c->pid);
	child_kill(c);
}

/* Hands over what the channel holds. Returns false once the channel has ended. */
static bool hear(struct child *c, unsigned most)
{
	struct spawner *s = c->spawner;

	for (unsigned i = 0; i < most && c->ipc != NULL; i++) {
		struct bytes message;
		enum ipc_result got = ipc_recv(c->ipc, s->in, false, &message);

		if (got == IPC_AGAIN)
			return true;
		if (got == IPC_CLOSED)
			return false;
		if (got != IPC_OK || !msg_decode(message, &s->m)) {
			bad_message(c, got);
			return false;
		}
		c->events.message(c->events.arg, &s->m);
	}
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	if (!hear(c, TURN_MESSAGES))
		expect_exit(c);
}

static void after_send(struct child *c)
{
	if (ipc_wants_write(c->ipc))
		(void)event_add(c->writable, NULL);
	else if (c->closing)
		expect_exit(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	(void)ipc_flush(c->ipc);
	after_send(c);
}

static void on_grace(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	child_kill(arg);
}

static void log_death(const struct child *c, int status)
{
	bool quiet = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	log_event(quiet ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "child_died", NULL,
		"child=%s pid=%d%s%s %s=%d", c->label, (int)c->pid, c->detail[0] == '\0' ? "" : " ",
		c->detail, WIFSIGNALED(status) ? "signal" : "status",
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void reap_one(struct spawner *s, pid_t pid, int status)
{
	struct child *c;

	TAILQ_FOREACH (c, &s->children, link) {
		if (c->pid == pid)
			break;
	}
	if (c == NULL)
		return;
	c->gone = true;
	/* What it said before it died still counts. */
	(void)hear(c, LAST_MESSAGES);
	close_channel(c);
	log_death(c, status);
	c->events.gone(c->events.arg, status);
	child_free(c);
}

static void on_sigchld(evutil_socket_t fd, short what, void *arg)
{
	int status;
	pid_t pid;

	(void)fd;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reap_one(arg, pid, status);
}

/* <prefix>/sbin/tsad has its children in <prefix>/libexec/tsa. */
static bool find_folder(struct spawner *s, struct err *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len <= 0)
		return err_sys(err, "tsad: /proc/self/exe");
	self[len] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(self, '/');

		if (slash == NULL)
			return err_set(err, "tsad: %s: has no folder", self);
		*slash = '\0';
	}
	if (snprintf(s->folder, sizeof(s->folder), "%s/libexec/tsa", self) >=
		(int)sizeof(s->folder))
		return err_set(err, "tsad: %s: path is too long", self);
	s->folder_fd = open(s->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->folder_fd < 0)
		return err_sys(err, "tsad: %s: must hold the programs of the roles", s->folder);
	return true;
}

struct spawner *spawner_new(struct event_base *base, struct err *err)
{
	struct spawner *s = must_calloc(1, sizeof(*s));

	s->base = base;
	s->folder_fd = -1;
	TAILQ_INIT(&s->children);
	if (!find_folder(s, err)) {
		spawner_free(s);
		return NULL;
	}
	s->sigchld = evsignal_new(base, SIGCHLD, on_sigchld, s);
	if (s->sigchld == NULL || event_add(s->sigchld, NULL) != 0) {
		(void)err_set(err, "tsad: SIGCHLD: cannot be watched");
		spawner_free(s);
		return NULL;
	}
	return s;
}

void spawner_kill_all(struct spawner *s)
{
	struct child *c;

	TAILQ_FOREACH (c, &s->children, link)
		child_kill(c);
}

void spawner_free(struct spawner *s)
{
	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->children)) {
		struct child *c = TAILQ_FIRST(&s->children);

		child_kill(c);
		(void)waitpid(c->pid, NULL, 0);
		child_free(c);
	}
	if (s->sigchld != NULL)
		event_free(s->sigchld);
	if (s->folder_fd >= 0)
		(void)close(s->folder_fd);
	free(s);
}

size_t spawner_children(const struct spawner *s)
{
	return s->count;
}

static bool begins_with_any(const char *variable, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static bool is_for_libpq(const char *variable)
{
	static const char *const prefixes[] = { "PG", "KRB5", "SSL_CERT_",
		"HOME=", "TZ=", "LANG=", "LC_" };

	/* A password is in a file or nowhere (R23). */
	return strncmp(variable, "PGPASSWORD=", 11) != 0 &&
	       begins_with_any(variable, prefixes, sizeof(prefixes) / sizeof(prefixes[0]));
}

/* What the service manager said to tsad: a child must not speak to it in tsad's name. */
static bool is_for_tsad(const char *variable)
{
	static const char *const prefixes[] = { "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=",
		"NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=" };

	return begins_with_any(variable, prefixes, sizeof(prefixes) / sizeof(prefixes[0]));
}

static bool is_kept(const char *variable, enum child_environment kept)
{
	switch (kept) {
	case CHILD_NO_ENVIRONMENT:
		return false;
	case CHILD_LIBPQ_ENVIRONMENT:
		return is_for_libpq(variable);
	case CHILD_ALL_ENVIRONMENT:
		break;
	}
	return !is_for_tsad(variable);
}

/* In the child: leaves in its environment what is meant for it. */
static void trim_environment(enum child_environment kept)
{
	size_t n = 0;

	for (size_t i = 0; environ[i] != NULL; i++) {
		if (is_kept(environ[i], kept))
			environ[n++] = environ[i];
	}
	environ[n] = NULL;
}

/* After fork: places the descriptors and becomes the program. Never returns. */
static void become(const struct spawner *s, const struct child_program *program, int channel,
	const int *listeners, size_t listener_count)
{
	char path[PATH_MAX + 64];
	int folder;
	char *const argv[] = { (char *)(uintptr_t)program->file, NULL };
	int high[1 + CHILD_MAX_LISTENERS];

	(void)setpgid(0, 0);
	(void)snprintf(path, sizeof(path), "%s/%s", s->folder, program->file);
	folder = fcntl(s->folder_fd, F_DUPFD_CLOEXEC, 64);
	/* First out of the way of the places they are going to, then there without close-on-exec.
	 */
	high[0] = fcntl(channel, F_DUPFD_CLOEXEC, 64);
	for (size_t i = 0; i < listener_count; i++)
		high[1 + i] = fcntl(listeners[i], F_DUPFD_CLOEXEC, 64);
	for (size_t i = 0; i <= listener_count; i++) {
		if (high[i] < 0 || dup2(high[i], IPC_CHILD_FD + (int)i) < 0)
			_exit(126);
	}
	/* Whatever else tsad was started with is not theirs. */
	if (close_range(IPC_CHILD_FD + 1 + (unsigned)listener_count, UINT_MAX,
		    CLOSE_RANGE_CLOEXEC) != 0)
		_exit(126);
	trim_environment(program->environment);
	execve(path, argv, environ);
	(void)execveat(folder, program->file, argv, environ, 0);
	_exit(127);
}

static void own_channel(struct child *c, int fd, size_t max_queued)
{
	struct spawner *s = c->spawner;

	c->ipc = ipc_new(fd, max_queued);
	c->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(s->base, fd, EV_WRITE, on_writable, c);
	c->grace = evtimer_new(s->base, on_grace, c);
	if (c->readable == NULL || c->writable == NULL || c->grace == NULL ||
		event_add(c->readable, NULL) != 0)
		BUG("libevent takes no events for child %s", c->label);
}

struct child *child_start(struct spawner *s, const struct child_program *program,
	const char *detail, const int *listeners, size_t listener_count,
	const struct child_events *events, struct err *err)
{
	struct child *c;
	int fds[2];
	pid_t pid;

	if (listener_count > CHILD_MAX_LISTENERS)
		BUG("%zu listeners for a child", listener_count);
	if (faccessat(s->folder_fd, program->file, X_OK, 0) != 0) {
		(void)err_sys(err, "tsad: %s/%s: must be an executable", s->folder, program->file);
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		(void)err_sys(err, "tsad: channel to %s", program->label);
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		become(s, program, fds[1], listeners, listener_count);
	(void)close(fds[1]);
	if (pid < 0) {
		(void)err_sys(err, "tsad: fork for %s", program->label);
		(void)close(fds[0]);
		return NULL;
	}
	c = must_calloc(1, sizeof(*c));
	c->spawner = s;
	c->label = program->label;
	c->grace_s = program->grace_s;
	c->pid = pid;
	c->events = *events;
	(void)snprintf(c->detail, sizeof(c->detail), "%s", detail);
	own_channel(c, fds[0], program->max_queued);
	TAILQ_INSERT_TAIL(&s->children, c, link);
	s->count++;
	log_event(LOG_LEVEL_INFO, "child_started", NULL, "child=%s%s%s pid=%d", c->label,
		c->detail[0] == '\0' ? "" : " ", c->detail, (int)pid);
	return c;
}

bool child_send(struct child *c, const struct msg *m)
{
	if (c->ipc == NULL || c->closing)
		return true; /* going; its end is told by events.gone */
	if (!ipc_send(c->ipc, msg_encode(m, c->spawner->out)))
		return false;
	after_send(c);
	return true;
}

void child_must_send(struct child *c, const struct msg *m)
{
	if (!child_send(c, m))
		BUG("the queue to %s is full at %s", c->label, msg_name(m->type));
}

bool child_idle_queue(const struct child *c)
{
	return c->ipc == NULL || !ipc_wants_write(c->ipc);
}

void child_close(struct child *c)
{
	const struct timeval soon = { .tv_sec = c->grace_s };

	c->closing = true;
	if (c->ipc != NULL && !ipc_wants_write(c->ipc))
		expect_exit(c);
	else
		(void)evtimer_add(c->grace, &soon);
}

void child_kill(struct child *c)
{
	if (!c->gone)
		(void)kill(c->pid, SIGKILL);
}

bool child_is_gone(const struct child *c)
{
	return c->gone;
}

bool child_is_liar(const struct child *c)
{
	return c->is_liar;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}
