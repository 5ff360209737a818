/* Owns the socket to the service manager. */
#include "tsa/authority/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tsa/core/log.h"

enum { MAX_STATE = 512 };

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A number of the environment; 0 if it is none. */
static uint64_t number_of(const char *name)
{
	const char *value = getenv(name);
	char *end = NULL;
	unsigned long long number;

	if (value == NULL || value[0] < '0' || value[0] > '9')
		return 0;
	errno = 0;
	number = strtoull(value, &end, 10);
	return errno == 0 && *end == '\0' ? number : 0;
}

static bool connect_to(struct notify *n, const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(to.sun_path)) {
		errno = EINVAL;
		return false;
	}
	memcpy(to.sun_path, name, len);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return n->fd >= 0 && connect(n->fd, (const struct sockaddr *)&to,
				     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
						 (name[0] == '/' ? 1 : 0))) == 0;
}

void notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t pid = number_of("WATCHDOG_PID");

	*n = (struct notify){ .fd = -1 };
	if (name != NULL && !connect_to(n, name)) {
		log_event(
			LOG_LEVEL_WARNING, "notify_failed", strerror(errno), "socket=%.100s", name);
		notify_close(n);
	}
	if (pid == 0 || pid == (uint64_t)getpid())
		n->watchdog_every_ms = number_of("WATCHDOG_USEC") / 2 / 1000;
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	n->fd = -1;
}

static void say(struct notify *n, const char *state)
{
	if (n->fd >= 0)
		(void)send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notify_status(struct notify *n, const char *text)
{
	char state[MAX_STATE];

	(void)snprintf(state, sizeof(state), "STATUS=%s", text);
	say(n, state);
}

void notify_ready(struct notify *n, const char *status)
{
	char state[MAX_STATE];

	(void)snprintf(state, sizeof(state), "READY=1\nSTATUS=%s", status);
	say(n, state);
}

void notify_reloading(struct notify *n)
{
	char state[MAX_STATE];

	(void)snprintf(state, sizeof(state),
		"RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the configuration again",
		now_us());
	say(n, state);
}

void notify_stopping(struct notify *n)
{
	say(n, "STOPPING=1\nSTATUS=answering what is accepted, then ending");
}

void notify_tick(struct notify *n)
{
	uint64_t now_ms = now_us() / 1000;

	if (n->watchdog_every_ms == 0 || now_ms - n->watchdog_at_ms < n->watchdog_every_ms)
		return;
	n->watchdog_at_ms = now_ms;
	say(n, "WATCHDOG=1");
}
