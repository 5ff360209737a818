/* The command line of tsa-load. */
#ifndef TSA_TESTS_LOAD_OPTIONS_H
#define TSA_TESTS_LOAD_OPTIONS_H

#include <stdbool.h>

enum {
	LOAD_MAX_CLIENTS = 16384,
	LOAD_MAX_REQUESTS = 200000, /* every answer is held until it is verified */
	LOAD_MAX_RATE = 1000000,
	LOAD_MAX_HOST = 256,
	LOAD_MAX_PORT = 8,
	LOAD_MAX_PATH = 512,
};

struct options {
	char host[LOAD_MAX_HOST];
	char port[LOAD_MAX_PORT];
	char path[LOAD_MAX_PATH];
	unsigned clients;
	unsigned requests;
	unsigned timeout_s;
	unsigned seconds; /* no exchange begins after so many; 0: all begin */
	unsigned rate; /* exchanges that begin in a second; 0: each when a client is free */
	bool hold; /* keeps the connections open until standard input ends */
	unsigned announce; /* 0: do not */
	const char *digest;
	const char *policy; /* dotted OID; NULL: none asked */
	bool cert_req;
	bool nonce;
	bool until_closed;
	const char *trust; /* PEM of roots; NULL: signatures are not verified */
	const char *untrusted; /* PEM of further certificates; may be NULL */
	const char *out; /* file of one line a token; NULL: none */
	const char *keep; /* folder for the answers; NULL: none */
};

/* Ends the program after --help and --version (0) and after a mistake (3). */
void options_read(int argc, char **argv, struct options *o);

#endif
