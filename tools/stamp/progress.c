/* Owns what is on the terminal's line. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 1000, AGAIN_MS = 200, WIDTH = 30 };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){ .on = !quiet && isatty(STDERR_FILENO) == 1,
		.begun_ms = now_ms() };
}

/* "3:07 left", once a part is done that says something. */
static void put_left(char *out, size_t cap, double part, int64_t elapsed_ms)
{
	double left_s = part > 0.01 ? (double)elapsed_ms / 1000 / part * (1 - part) : 0;
	long seconds = left_s < 360000 ? (long)(left_s + 0.5) : 360000;

	if (part <= 0.01)
		(void)snprintf(out, cap, "...");
	else
		(void)snprintf(out, cap, "%ld:%02ld left", seconds / 60, seconds % 60);
}

void progress_line(char line[PROGRESS_MAX_LINE], unsigned done, unsigned total, uint64_t bytes,
	uint64_t size, int64_t elapsed_ms)
{
	bool by_bytes = total == 1;
	double part = 0;
	char bar[WIDTH + 1], left[32];

	if (by_bytes && size > 0)
		part = (double)bytes / (double)size;
	else if (!by_bytes && total > 0)
		part = (double)done / (double)total;
	part = part > 1 ? 1 : part;
	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < (int)(part * WIDTH) ? '#' : '.';
	bar[WIDTH] = '\0';
	put_left(left, sizeof(left), part, elapsed_ms);
	if (!by_bytes)
		(void)snprintf(
			line, PROGRESS_MAX_LINE, "[%s] %u of %u files, %s", bar, done, total, left);
	else if (size > 0)
		(void)snprintf(line, PROGRESS_MAX_LINE,
			"[%s] %" PRIu64 " of %" PRIu64 " MiB read, %s", bar, bytes >> 20,
			size >> 20, left);
	else
		(void)snprintf(line, PROGRESS_MAX_LINE, "%" PRIu64 " MiB read", bytes >> 20);
}

void progress_draw(
	struct progress *progress, unsigned done, unsigned total, uint64_t bytes, uint64_t size)
{
	char line[PROGRESS_MAX_LINE];
	int64_t now;

	if (!progress->on)
		return;
	now = now_ms();
	if (now - progress->begun_ms < FIRST_MS || now - progress->drawn_ms < AGAIN_MS)
		return;
	progress_line(line, done, total, bytes, size, now - progress->begun_ms);
	(void)fprintf(stderr, "\r%s\033[K", line);
	progress->drawn = true;
	progress->drawn_ms = now;
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		(void)fputs("\r\033[K", stderr);
	progress->drawn = false;
}
