#include "tsa/authority/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsa/authority/activation.h"

enum { BACKLOG = 1024, HOST_MAX = 64, PORT_MAX = 8 };

/* "[v6]:port" or "v4:port" into its two parts. */
static bool split(const char *address, char host[HOST_MAX], char port[PORT_MAX])
{
	const char *colon = strrchr(address, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - address);

	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len == 0 || len >= HOST_MAX || strlen(colon + 1) >= PORT_MAX)
		return false;
	memcpy(host, address, len);
	host[len] = '\0';
	(void)snprintf(port, PORT_MAX, "%s", colon + 1);
	return true;
}

static bool open_socket(const struct addrinfo *ai, const char *address, int *fd, struct err *err)
{
	const int on = 1;

	*fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_sys(err, "listen %s", address);
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(*fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(*fd, BACKLOG) != 0)
		return err_sys(err, "listen %s: must be free and ours to bind", address);
	return true;
}

static void name_bound(int fd, char *bound, size_t cap)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[HOST_MAX] = "?";
	char port[PORT_MAX] = "?";

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	(void)snprintf(bound, cap, ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_on(struct activation *given, const char *front, const char *address, char *bound,
	size_t cap, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	char port[PORT_MAX];
	int fd = -1;
	int rc;

	if (!split(address, host, port)) {
		(void)err_set(err, "listen %s: must be ADDRESS:PORT", address);
		return -1;
	}
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		(void)err_set(
			err, "listen %s: must be a numeric address: %s", address, gai_strerror(rc));
		return -1;
	}
	fd = activation_take(given, front, found->ai_addr, found->ai_addrlen);
	if (fd < 0 && !open_socket(found, address, &fd, err)) {
		if (fd >= 0)
			(void)close(fd);
		fd = -1;
	} else {
		name_bound(fd, bound, cap);
	}
	freeaddrinfo(found);
	return fd;
}
