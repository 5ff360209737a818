/*
 * A clock for tsad, preloaded: adjtimex says what the file TSA_TEST_CLOCK says: "good" (within a
 * millisecond), "lost" (not synchronised) or "late" (good, and 14 months ahead, when no key of the
 * test may sign any more).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

enum { FOURTEEN_MONTHS_S = 14 * 31 * 86400 };

/* glibc's own prototype stands in sys/timex.h. */
int adjtimex(struct timex *t)
{
	const char *path = getenv("TSA_TEST_CLOCK");
	FILE *file = path == NULL ? NULL : fopen(path, "r");
	char state[8] = "";
	struct timespec now;

	if (file == NULL || fgets(state, sizeof(state), file) == NULL ||
		clock_gettime(CLOCK_REALTIME, &now) != 0)
		abort();
	fclose(file);
	memset(t, 0, sizeof(*t));
	t->time.tv_sec = now.tv_sec + (strcmp(state, "late") == 0 ? FOURTEEN_MONTHS_S : 0);
	t->time.tv_usec = now.tv_nsec / 1000;
	t->maxerror = 1000;
	t->status = strcmp(state, "lost") == 0 ? STA_UNSYNC : 0;
	return strcmp(state, "lost") == 0 ? TIME_ERROR : TIME_OK;
}
