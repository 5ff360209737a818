/* Commands on standard input, a line each. */
#ifndef TSA_TESTS_CHAOS_LINES_H
#define TSA_TESTS_CHAOS_LINES_H

#include "tsa/core/err.h"

#include <stddef.h>

enum { LINES_MAX = 64 };

struct lines {
	char at[LINES_MAX];
	size_t len;
	bool ended; /* standard input did */
};

/* Reads once; blocks if nothing waits. False with err on failure or a line that is too long. */
MUST_CHECK bool lines_read(struct lines *l, struct err *err);
/* The next whole line, without its end, into line; false if there is none. */
bool lines_next(struct lines *l, char line[LINES_MAX]);

#endif
