/*
 * All clients in one poll loop, told on standard input what to do, a line a command; each is
 * answered by one line on standard output.  clients.c has the list of commands.
 */
#ifndef TSA_TESTS_CHAOS_CROWD_H
#define TSA_TESTS_CHAOS_CROWD_H

#include "client.h"

struct crowd_options {
	struct client_world world; /* tally and answers are the crowd's own */
	unsigned endpoints;
	unsigned clients[ANSWER_MAX_ENDPOINTS]; /* of each endpoint */
	int answers_fd;
};

/* Runs until it is told to quit, or standard input ends. False with err if it cannot go on. */
MUST_CHECK bool crowd_run(const struct crowd_options *o, struct err *err);

#endif
