/*
 * One listening socket, TCP or Unix: handed over by the service manager, or bound here.
 */
#ifndef TSA_AUTHORITY_LISTEN_H
#define TSA_AUTHORITY_LISTEN_H

#include <stddef.h>
#include <sys/types.h>

#include "tsa/core/err.h"
#include "tsa/core/msg.h"

struct activation;

/* The file of a Unix socket that was bound here; path is empty: none. */
struct listen_file {
	char path[MSG_MAX_PATH];
	dev_t device;
	ino_t inode;
};

/*
 * address is "127.0.0.1:3161", "[::1]:3161" (port 0 takes any free one) or
 * "unix:/run/tsa/http.sock". Takes the socket of given that is bound there and may serve front
 * ("clients", "admin"), else binds one. Gives the descriptor (non-blocking, close-on-exec) and in
 * bound the address with its port; -1 and err if it cannot be had. No name is looked up.
 *
 * A Unix socket may be connected to by every user who can enter its folder. One that was left
 * behind, on which nobody listens, is replaced. file gets what listen_unlink takes away.
 */
int listen_on(struct activation *given, const char *front, const char *address,
	struct listen_file *file, char *bound, size_t cap, struct err *err);

/* Takes the file of a Unix socket away, if it is still the one that was made. */
void listen_unlink(const struct listen_file *file);

#endif
