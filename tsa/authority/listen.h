/*
 * One listening TCP socket: handed over by the service manager, or bound here.
 */
#ifndef TSA_AUTHORITY_LISTEN_H
#define TSA_AUTHORITY_LISTEN_H

#include <stddef.h>

#include "tsa/core/err.h"

struct activation;

/*
 * address is "127.0.0.1:3161" or "[::1]:3161"; port 0 takes any free one. Takes the socket of given
 * that is bound there and may serve front ("clients", "admin"), else binds one. Gives the
 * descriptor (non-blocking, close-on-exec) and in bound the address with its port; -1 and err if it
 * cannot be had. No name is looked up.
 */
int listen_on(struct activation *given, const char *front, const char *address, char *bound,
	size_t cap, struct err *err);

#endif
