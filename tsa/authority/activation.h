/*
 * Listening sockets that the service manager opened and hands over (sd_listen_fds(3)'s protocol, in
 * few lines of our own). The configuration stays what decides: a socket serves the address in
 * `listen' or `admin' that it is bound to, a socket bound to none of them is an error, and an
 * address without a socket is bound by tsad as ever.
 */
#ifndef TSA_AUTHORITY_ACTIVATION_H
#define TSA_AUTHORITY_ACTIVATION_H

#include <stddef.h>
#include <sys/socket.h>

#include "tsa/core/err.h"

enum { ACTIVATION_MAX = 16, ACTIVATION_MAX_NAME = 32 };

struct activation {
	size_t count;
	struct {
		int fd; /* -1: taken */
		char name[ACTIVATION_MAX_NAME]; /* of LISTEN_FDNAMES; may be empty */
	} sockets[ACTIVATION_MAX];
};

/*
 * Reads LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES and takes them out of the environment. Makes the
 * sockets close-on-exec and non-blocking. Fails if one is no listening TCP or Unix stream socket,
 * or there are too many. None is given if the variables are not meant for this process.
 */
MUST_CHECK bool activation_read(struct activation *a, struct err *err);

/*
 * Gives the socket bound to address (struct sockaddr_in, sockaddr_in6 or sockaddr_un), which is the
 * caller's from then on; -1 if there is none. Port 0 is any port. A socket that is named "clients"
 * or "admin" is only given to that front.
 */
int activation_take(
	struct activation *a, const char *front, const struct sockaddr *address, socklen_t len);

/* Fails if a socket is left: it is bound to what the configuration does not name. */
MUST_CHECK bool activation_done(const struct activation *a, struct err *err);
void activation_close(struct activation *a);

#endif
