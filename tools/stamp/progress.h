/* A bar on the terminal, for work that takes longer than a moment. */
#ifndef TSA_TOOLS_STAMP_PROGRESS_H
#define TSA_TOOLS_STAMP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_MAX_LINE = 160 };

/* All zero is switched off. */
struct progress {
	bool on;
	bool drawn;
	int64_t begun_ms;
	int64_t drawn_ms;
};

/* On if standard error is a terminal and quiet is not set. */
void progress_init(struct progress *progress, bool quiet);
/*
 * Draws done of total files and, of a single one, bytes of size (0: not known), if the work has
 * gone on for a second and the last drawing is a while ago.
 */
void progress_draw(
	struct progress *progress, unsigned done, unsigned total, uint64_t bytes, uint64_t size);
/* Takes the bar away, before something else is written and at the end. */
void progress_clear(struct progress *progress);

/* The line itself, without control characters; elapsed since the beginning. Pure. */
void progress_line(char line[PROGRESS_MAX_LINE], unsigned done, unsigned total, uint64_t bytes,
	uint64_t size, int64_t elapsed_ms);

#endif
