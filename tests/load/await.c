/*
 * tsa-await: waits for a line of a log file or for the end of a process, woken by inotify and a
 * pidfd; tests wait on events, never on the clock.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_TIMEOUT = 1, EXIT_PROCESS_ENDED = 2, EXIT_COULD_NOT_RUN = 3 };

static const char help[] =
	"usage: tsa-await --timeout S [--pid PID] [--file LOG [--after BYTES] [--count N] REGEX]\n"
	"Waits until N lines (1) of LOG after its first BYTES match the extended REGEX, and prints\n"
	"the last of them. Without --file waits until the process PID has ended.\n"
	"Exit status: 0 it came, 1 not in S seconds, 2 the process ended without it, 3 could not run.\n";

struct await {
	const char *file;
	long after;
	unsigned count;
	int timeout_s;
	long pid;
	const char *pattern;
};

static const struct option longs[] = {
	{ "timeout", required_argument, NULL, 't' },
	{ "pid", required_argument, NULL, 'p' },
	{ "file", required_argument, NULL, 'f' },
	{ "after", required_argument, NULL, 'a' },
	{ "count", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "tsa-await: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static long number(const char *text)
{
	char *end = NULL;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0)
		fail("number", text);
	return n;
}

static void take(int c, struct await *a)
{
	switch (c) {
	case 't':
		a->timeout_s = (int)number(optarg);
		break;
	case 'p':
		a->pid = number(optarg);
		break;
	case 'f':
		a->file = optarg;
		break;
	case 'a':
		a->after = number(optarg);
		break;
	case 'c':
		a->count = (unsigned)number(optarg);
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	case 'v':
		puts("tsa-await " TSA_VERSION);
		exit(0);
	default:
		exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
	}
}

static void read_options(int argc, char **argv, struct await *a)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(c, a);
	if (a->timeout_s <= 0 || a->timeout_s > 3600)
		fail("--timeout", "must be 1 to 3600 seconds");
	if (a->file == NULL && a->pid <= 0)
		fail("command line", "needs --file or --pid");
	if ((a->file != NULL) != (optind == argc - 1))
		fail("command line", "a REGEX belongs to --file");
	a->pattern = argv[optind];
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads what the log has more; true when the last line wanted is there (it is printed). */
static bool found(struct await *a, FILE *log, const regex_t *regex)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool done = false;
	long at = ftell(log);

	clearerr(log);
	while (!done && (len = getline(&line, &cap, log)) > 0) {
		if (line[len - 1] != '\n') {
			/* half a line: read it again when the rest is there */
			(void)fseek(log, at, SEEK_SET);
			break;
		}
		at = ftell(log);
		if (regexec(regex, line, 0, NULL, 0) == 0 && --a->count == 0) {
			fputs(line, stdout);
			done = true;
		}
	}
	free(line);
	return done;
}

/* Waits for news of the file or the process; false when the time is over. */
static bool wait_for_news(int watch, int process, int64_t until, bool *ended)
{
	struct pollfd p[2] = { { .fd = watch, .events = POLLIN },
		{ .fd = process, .events = POLLIN } };
	int64_t left = until - now_ms();
	char drained[4096];

	if (left <= 0 || poll(p, 2, (int)left) <= 0)
		return false;
	if (p[0].revents != 0 && read(watch, drained, sizeof(drained)) < 0 && errno != EAGAIN)
		fail("inotify", strerror(errno));
	*ended = p[1].revents != 0;
	return true;
}

static int await_line(struct await *a, int process, int64_t until)
{
	FILE *log = fopen(a->file, "r");
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	bool ended = process == -1 && a->pid > 0;
	regex_t regex;
	int status;

	if (log == NULL || watch < 0 || inotify_add_watch(watch, a->file, IN_MODIFY) < 0)
		fail(a->file, strerror(errno));
	if (regcomp(&regex, a->pattern, REG_EXTENDED | REG_NOSUB) != 0)
		fail(a->pattern, "is no extended regular expression");
	(void)fseek(log, a->after, SEEK_SET);
	for (;;) {
		if (found(a, log, &regex)) {
			status = 0;
			break;
		}
		/* What it wrote before it ended has been read above. */
		if (ended) {
			status = EXIT_PROCESS_ENDED;
			break;
		}
		if (!wait_for_news(watch, process, until, &ended)) {
			status = EXIT_TIMEOUT;
			break;
		}
	}
	regfree(&regex);
	(void)close(watch);
	(void)fclose(log);
	return status;
}

int main(int argc, char **argv)
{
	struct await a = { .count = 1 };
	int process = -1;
	int64_t until;
	bool ended = false;

	read_options(argc, argv, &a);
	until = now_ms() + (int64_t)a.timeout_s * 1000;
	if (a.pid > 0) {
		process = (int)syscall(SYS_pidfd_open, (int)a.pid, 0);
		if (process < 0 && errno != ESRCH)
			fail("pidfd_open", strerror(errno));
	}
	if (a.file != NULL)
		return await_line(&a, process, until);
	if (process < 0)
		return 0;
	return wait_for_news(-1, process, until, &ended) ? 0 : EXIT_TIMEOUT;
}
