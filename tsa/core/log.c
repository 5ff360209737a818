#include "tsa/core/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 }; /* at most PIPE_BUF: a pipe takes a line whole or not at all */

static const char *log_role = "tsa";
static enum log_level log_level = LOG_LEVEL_INFO;
static unsigned long log_lost; /* lines since the last one that could be written */

void log_open(const char *role, enum log_level level)
{
	log_role = role;
	log_level = level;
	/* The first use of the time zone opens a file, which confined roles may not. */
	tzset();
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_DEBUG:
		return "debug";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_ERROR:
		break;
	}
	return "error";
}

/* Appends text in quotes, with \ before " and \; the line keeps room for its end. */
static size_t append_quoted(char *line, size_t used, const char *text)
{
	size_t room = LINE_MAX_BYTES - 4;

	used += (size_t)snprintf(line + used, LINE_MAX_BYTES - used, " text=\"");
	for (; *text != '\0' && used < room; text++) {
		if (*text == '"' || *text == '\\')
			line[used++] = '\\';
		line[used++] = *text;
	}
	line[used++] = '"';
	return used;
}

static size_t start_line(char *line, enum log_level level, const char *event)
{
	struct timespec now;
	struct tm utc;
	size_t used;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	used = strftime(line, LINE_MAX_BYTES, "ts=%Y-%m-%dT%H:%M:%S", &utc);
	used += (size_t)snprintf(line + used, LINE_MAX_BYTES - used,
		".%06ldZ level=%s role=%s event=%s", now.tv_nsec / 1000, level_name(level),
		log_role, event);
	return used;
}

/*
 * False: whoever reads the log is gone (POLLERR) or behind, and no role waits for that.  POLLOUT
 * of a pipe is a whole free page, with room for what other roles write at the same moment.
 */
static bool can_write(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents == POLLOUT;
}

/* One write a line keeps the lines of several processes apart. */
static bool try_line(const char *line, size_t len)
{
	return can_write() && write(STDERR_FILENO, line, len) == (ssize_t)len;
}

static bool tell_lost(void)
{
	char line[LINE_MAX_BYTES];
	size_t used = start_line(line, LOG_LEVEL_WARNING, "log_lost");

	used += (size_t)snprintf(line + used, LINE_MAX_BYTES - used, " count=%lu\n", log_lost);
	if (!try_line(line, used))
		return false;
	log_lost = 0;
	return true;
}

static void write_line(const char *line, size_t len)
{
	if ((log_lost > 0 && !tell_lost()) || !try_line(line, len))
		log_lost++;
}

static size_t append_fields(char *line, size_t used, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static size_t append_fields(char *line, size_t used, const char *fmt, va_list args)
{
	int n;

	if (fmt[0] == '\0')
		return used;
	line[used++] = ' ';
	n = vsnprintf(line + used, LINE_MAX_BYTES / 2, fmt, args);
	if (n <= 0)
		return used - 1; /* no fields, no blank */
	return used + ((size_t)n < LINE_MAX_BYTES / 2 ? (size_t)n : LINE_MAX_BYTES / 2 - 1);
}

static size_t finish_line(char *line, size_t used)
{
	for (size_t i = 0; i < used; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	line[used++] = '\n';
	return used;
}

void log_event(enum log_level level, const char *event, const char *text, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t used;
	va_list args;

	if (level < log_level)
		return;
	used = start_line(line, level, event);
	va_start(args, fmt);
	used = append_fields(line, used, fmt, args);
	va_end(args);
	if (text != NULL)
		used = append_quoted(line, used, text);
	write_line(line, finish_line(line, used));
}

_Noreturn void log_bug(const char *file, int line_number, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_event(LOG_LEVEL_ERROR, "bug", text, "at=%s:%d", file, line_number);
	abort();
}
