/*
 * The listening sockets of one front.  tsad owns them: they outlive a front that dies.
 */
#ifndef TSA_AUTHORITY_LISTENERS_H
#define TSA_AUTHORITY_LISTENERS_H

#include "tsa/authority/config.h"
#include "tsa/authority/listen.h"

struct listeners {
	int fd[CONFIG_MAX_LISTENERS];
	struct listen_file file[CONFIG_MAX_LISTENERS]; /* of Unix sockets among them */
	size_t count;
};

/*
 * What the service manager opened, and the rest by ourselves, of both fronts. On failure what was
 * opened stays for listeners_close.
 */
MUST_CHECK bool listeners_bind(const struct config *config, struct listeners *clients,
	struct listeners *admin, struct err *err);

/* Closes them, and takes the files of Unix sockets away. */
void listeners_close(struct listeners *listeners);

#endif
