/* Owns the sockets that were handed over until they are taken. */
#include "tsa/authority/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

/* A decimal number of the environment; -1 if it is none. */
static long number_of(const char *name)
{
	const char *value = getenv(name);
	char *end = NULL;
	long number;

	if (value == NULL || value[0] < '0' || value[0] > '9')
		return -1;
	errno = 0;
	number = strtol(value, &end, 10);
	return errno == 0 && *end == '\0' ? number : -1;
}

static int option_of(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static bool is_listener(int fd)
{
	int domain = option_of(fd, SO_DOMAIN);

	return (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX) &&
	       option_of(fd, SO_ACCEPTCONN) == 1 && option_of(fd, SO_TYPE) == SOCK_STREAM;
}

static bool adopt(struct activation *a, int fd, const char *name, size_t name_len, struct err *err)
{
	if (!is_listener(fd))
		return err_set(err,
			"LISTEN_FDS: descriptor %d: must be a TCP or Unix stream socket that "
			"listens: is not",
			fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return err_sys(err, "LISTEN_FDS: descriptor %d", fd);
	a->sockets[a->count].fd = fd;
	(void)snprintf(
		a->sockets[a->count].name, sizeof(a->sockets[0].name), "%.*s", (int)name_len, name);
	a->count++;
	return true;
}

static bool adopt_all(struct activation *a, long count, struct err *err)
{
	const char *name = getenv("LISTEN_FDNAMES");

	if (count > ACTIVATION_MAX)
		return err_set(err, "LISTEN_FDS: at most %d sockets: %ld are given", ACTIVATION_MAX,
			count);
	if (name == NULL)
		name = "";
	for (int i = 0; i < count; i++) {
		size_t len = strcspn(name, ":");

		if (!adopt(a, FIRST_FD + i, name, len, err))
			return false;
		name += len + (name[len] == ':' ? 1 : 0);
	}
	return true;
}

bool activation_read(struct activation *a, struct err *err)
{
	long count = number_of("LISTEN_FDS");
	bool ok = true;

	*a = (struct activation){ 0 };
	if (count > 0 && number_of("LISTEN_PID") == (long)getpid())
		ok = adopt_all(a, count, err);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return ok;
}

/* Equal but for the port, if that of wanted is 0. */
static bool same_address(const struct sockaddr_storage *found, const struct sockaddr *wanted)
{
	struct sockaddr_in v4[2];
	struct sockaddr_in6 v6[2];
	struct sockaddr_un local[2];

	if (found->ss_family != wanted->sa_family)
		return false;
	if (wanted->sa_family == AF_UNIX) {
		memcpy(&local[0], found, sizeof(local[0]));
		memcpy(&local[1], wanted, sizeof(local[1]));
		return strncmp(local[0].sun_path, local[1].sun_path, sizeof(local[0].sun_path)) ==
		       0;
	}
	if (wanted->sa_family == AF_INET) {
		memcpy(&v4[0], found, sizeof(v4[0]));
		memcpy(&v4[1], wanted, sizeof(v4[1]));
		return v4[0].sin_addr.s_addr == v4[1].sin_addr.s_addr &&
		       (v4[1].sin_port == 0 || v4[0].sin_port == v4[1].sin_port);
	}
	memcpy(&v6[0], found, sizeof(v6[0]));
	memcpy(&v6[1], wanted, sizeof(v6[1]));
	return memcmp(&v6[0].sin6_addr, &v6[1].sin6_addr, sizeof(v6[0].sin6_addr)) == 0 &&
	       (v6[1].sin6_port == 0 || v6[0].sin6_port == v6[1].sin6_port);
}

static bool may_serve(const char *name, const char *front)
{
	bool names_front = strcmp(name, "clients") == 0 || strcmp(name, "admin") == 0;

	return !names_front || strcmp(name, front) == 0;
}

int activation_take(
	struct activation *a, const char *front, const struct sockaddr *address, socklen_t len)
{
	for (size_t i = 0; i < a->count; i++) {
		struct sockaddr_storage found = { 0 };
		socklen_t found_len = sizeof(found);
		int fd = a->sockets[i].fd;

		if (fd < 0 || !may_serve(a->sockets[i].name, front) ||
			getsockname(fd, (struct sockaddr *)&found, &found_len) != 0 ||
			found_len < len || !same_address(&found, address))
			continue;
		a->sockets[i].fd = -1;
		return fd;
	}
	return -1;
}

bool activation_done(const struct activation *a, struct err *err)
{
	for (size_t i = 0; i < a->count; i++) {
		struct sockaddr_storage at = { 0 };
		socklen_t len = sizeof(at);
		char host[NI_MAXHOST] = "?";
		char port[NI_MAXSERV] = "?";

		if (a->sockets[i].fd < 0)
			continue;
		if (getsockname(a->sockets[i].fd, (struct sockaddr *)&at, &len) == 0)
			(void)getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
				sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
		return err_set(err,
			"LISTEN_FDS: each socket must be bound to an address of [tsad] listen or "
			"admin, and be named so if it is named clients or admin: descriptor %d "
			"(%s port %s, named \"%s\") is not",
			a->sockets[i].fd, host, port, a->sockets[i].name);
	}
	return true;
}

void activation_close(struct activation *a)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->sockets[i].fd >= 0)
			(void)close(a->sockets[i].fd);
	}
	a->count = 0;
}
