/*
 * What a role that was taken over would try first.  For tests of the profiles of
 * tsa/core/sandbox.h, alone (tests/unit/test_sandbox.c) and in the role's own program.
 */
#ifndef TSA_TESTS_BREAKOUT_ATTEMPTS_H
#define TSA_TESTS_BREAKOUT_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

struct attempt {
	const char *name;
	/* 0 if it succeeded, else errno. fd is a TCP socket from before, not connected. */
	int (*make)(int fd);
};

/* All of them; *count is how many. */
const struct attempt *attempts(size_t *count);
/* NULL if there is none of that name. */
const struct attempt *attempt_by_name(const char *name);

#endif
