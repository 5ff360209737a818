/* Signals, privileges, listeners and the log of a process that is only played. */
#include "authority.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tsa/authority/listen.h"
#include "tsa/authority/privilege.h"
#include "tsa/authority/reach.h"
#include "tsa/authority/signals.h"

struct signals {
	void (*stop)(void *arg, int number);
	void (*reload)(void *arg);
	void *arg;
};

static struct signals *the_signals;
static bool is_loud; /* TSA_FUZZ_LOG is set: for a person who looks at one input */

void fake_process_reset(void)
{
	the_signals = NULL;
	is_loud = getenv("TSA_FUZZ_LOG") != NULL;
}

struct signals *signals_watch(struct event_base *base, void (*stop)(void *arg, int number),
	void (*reload)(void *arg), void *arg)
{
	(void)base;
	the_signals = must_calloc(1, sizeof(*the_signals));
	the_signals->stop = stop;
	the_signals->reload = reload;
	the_signals->arg = arg;
	return the_signals;
}

void signals_free(struct signals *signals)
{
	the_signals = NULL;
	free(signals);
}

void fake_sigterm(void)
{
	the_signals->stop(the_signals->arg, SIGTERM);
}

void fake_sighup(void)
{
	the_signals->reload(the_signals->arg);
}

bool privilege_drop(const char *user, struct err *err)
{
	(void)user;
	(void)err;
	return true;
}

bool reach_check(const struct config *config, config_finding *report, void *arg)
{
	(void)config;
	(void)report;
	(void)arg;
	return true;
}

void reach_keep_first(void *arg, bool warning, const char *text)
{
	(void)arg;
	(void)warning;
	(void)text;
}

int listen_on(struct activation *given, const char *front, const char *address,
	struct listen_file *file, char *bound, size_t cap, struct err *err)
{
	(void)given;
	(void)front;
	(void)err;
	file->path[0] = '\0';
	(void)snprintf(bound, cap, "%s", address);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void listen_unlink(const struct listen_file *file)
{
	(void)file;
}

void log_open(const char *role, enum log_level level)
{
	(void)role;
	(void)level;
}

void log_event(enum log_level level, const char *event, const char *text, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	/* Arguments that do not fit their format are found here as well. */
	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (is_loud)
		fprintf(stderr, "%s %s text=\"%s\"\n", event, line, text == NULL ? "" : text);
	fake_watch()->logged(level, event, line);
}

void log_bug(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
