#include "tsa/authority/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tsa/authority/activation.h"
#include "tsa/authority/config.h"

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

static int listen_tcp(struct activation *given, const char *front, const char *address, char *bound,
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

static int new_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* True if a socket's file is there and nobody listens on it: what a crash leaves behind. */
static bool is_stale(const struct sockaddr_un *at)
{
	struct stat st;
	int fd;
	bool stale;

	if (lstat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = new_unix();
	stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
		errno == ECONNREFUSED;
	if (fd >= 0)
		(void)close(fd);
	return stale;
}

/*
 * The folder decides who may connect, as a proxy runs as another user. No chmod: where tsad starts
 * as root and the folder is its user's, a link in the socket's place would lead it to any file.
 */
static bool bind_open_to_all(int fd, const struct sockaddr_un *at)
{
	mode_t mask = umask(0111);
	bool bound = bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

	(void)umask(mask); /* leaves errno as it is */
	return bound;
}

static bool bind_unix(
	int fd, const struct sockaddr_un *at, struct listen_file *file, struct err *err)
{
	struct stat st;

	if (is_stale(at) && unlink(at->sun_path) != 0)
		return err_sys(err, "listen unix:%s: nobody listens on it, and removing it failed",
			at->sun_path);
	if (!bind_open_to_all(fd, at))
		return err_sys(err, "listen unix:%s: must be free and ours to bind", at->sun_path);
	if (lstat(at->sun_path, &st) != 0)
		return err_sys(err, "listen unix:%s", at->sun_path);
	(void)snprintf(file->path, sizeof(file->path), "%s", at->sun_path);
	file->device = st.st_dev;
	file->inode = st.st_ino;
	if (listen(fd, BACKLOG) == 0)
		return true;
	(void)err_sys(err, "listen unix:%s", at->sun_path);
	listen_unlink(file);
	return false;
}

static int listen_unix(struct activation *given, const char *front, const char *path,
	struct listen_file *file, struct err *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(at.sun_path)) {
		(void)err_set(err, "listen unix:%s: is too long", path);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	fd = activation_take(given, front, (const struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	if (fd >= 0)
		return fd;
	fd = new_unix();
	if (fd < 0) {
		(void)err_sys(err, "listen unix:%s", path);
	} else if (!bind_unix(fd, &at, file, err)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

int listen_on(struct activation *given, const char *front, const char *address,
	struct listen_file *file, char *bound, size_t cap, struct err *err)
{
	const size_t prefix = sizeof(CONFIG_UNIX) - 1;

	file->path[0] = '\0';
	if (strncmp(address, CONFIG_UNIX, prefix) != 0)
		return listen_tcp(given, front, address, bound, cap, err);
	(void)snprintf(bound, cap, "%s", address);
	return listen_unix(given, front, address + prefix, file, err);
}

void listen_unlink(const struct listen_file *file)
{
	struct stat st;

	if (file->path[0] != '\0' && lstat(file->path, &st) == 0 && st.st_dev == file->device &&
		st.st_ino == file->inode)
		(void)unlink(file->path); /* else the next start finds nobody listening on it */
}
