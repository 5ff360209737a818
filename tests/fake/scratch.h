/*
 * Where a test's own folder goes: $TMPDIR (deploy/test names one in memory), or /tmp.
 */
#ifndef TSA_TEST_SCRATCH_H
#define TSA_TEST_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

/* "$TMPDIR/NAME-XXXXXX" for mkdtemp. */
static inline void scratch_template(char *out, size_t cap, const char *name)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(out, cap, "%s/%s-XXXXXX", base == NULL ? "/tmp" : base, name);
}

#endif
