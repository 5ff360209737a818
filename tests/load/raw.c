/*
 * tsa-raw: sends bytes as they are to a TCP port, step by step, and prints what comes back; for
 * tests of bad input.  What came goes to standard output, how it ended to standard error:
 *   end=closed|reset|timeout bytes=N ms=N
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "tsa/core/bytes.h"
#include "tsa/core/hex.h"

enum { EXIT_COULD_NOT_RUN = 3, MAX_STEP = 1 << 20 };

static const char help[] =
	"usage: tsa-raw PORT SECONDS STEP...\n"
	"Connects to 127.0.0.1:PORT, does the steps, then reads until the other side closes or\n"
	"SECONDS have passed since the last step.\n"
	"  text:WORDS     sends WORDS; \\r and \\n are meant as in C\n"
	"  hex:DIGITS     sends these bytes\n"
	"  file:PATH      sends the file\n"
	"  drip:MS:WORDS  sends WORDS byte by byte, MS milliseconds apart\n"
	"  pause:MS       waits, without reading\n"
	"  read           waits until something comes, and prints it\n"
	"  half-close     ends the sending side\n"
	"  reset          closes with RST and ends\n"
	"Exit status: 0 whatever came back, 3 could not run.\n";

struct raw {
	int fd;
	int timeout_ms;
	unsigned long bytes;
	const char *end; /* NULL: still open */
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "tsa-raw: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_all(struct raw *r, const uint8_t *at, size_t len)
{
	while (len > 0 && r->end == NULL) {
		ssize_t n = send(r->fd, at, len, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return; /* the other side has closed: what it said is read at the end */
		}
		at += n;
		len -= (size_t)n;
	}
}

/* Reads once; false after the end or the timeout. */
static bool receive(struct raw *r, int64_t until_ms)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	int64_t left = until_ms - now_ms();
	char buf[4096];
	ssize_t n;

	if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
		r->end = "timeout";
		return false;
	}
	n = recv(r->fd, buf, sizeof(buf), 0);
	if (n > 0) {
		r->bytes += (unsigned long)n;
		(void)fwrite(buf, 1, (size_t)n, stdout);
		return true;
	}
	r->end = n == 0 ? "closed" : "reset";
	return false;
}

/* \r and \n become bytes, in place; gives the length. */
static size_t unescape(char *text)
{
	size_t len = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '\\' && (p[1] == 'r' || p[1] == 'n'))
			text[len++] = *++p == 'r' ? '\r' : '\n';
		else
			text[len++] = *p;
	}
	return len;
}

static void send_file(struct raw *r, const char *path)
{
	uint8_t *content = must_calloc(1, MAX_STEP);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL)
		fail(path, strerror(errno));
	len = fread(content, 1, MAX_STEP, f);
	(void)fclose(f);
	send_all(r, content, len);
	free(content);
}

static void send_hex(struct raw *r, const char *digits)
{
	uint8_t *bytes = must_calloc(1, MAX_STEP);
	size_t len = 0;

	if (!hex_decode(digits, bytes, MAX_STEP, &len))
		fail("hex", "must be an even number of digits");
	send_all(r, bytes, len);
	free(bytes);
}

/* Waits without reading; a close by the other side does not shorten it. */
static void pause_ms(const char *number)
{
	long ms = strtol(number, NULL, 10);

	if (ms <= 0 || ms > 120000)
		fail("pause", "must be 1 to 120000 ms");
	(void)poll(NULL, 0, (int)ms);
}

/* Stops early when the other side answers or closes: that is what a slow sender waits for. */
static void drip(struct raw *r, char *rest)
{
	char *words = strchr(rest, ':');
	long ms = strtol(rest, NULL, 10);
	size_t len;

	if (words == NULL || ms <= 0 || ms > 10000)
		fail("drip", "must be MS:WORDS");
	len = unescape(++words);
	for (size_t i = 0; i < len; i++) {
		struct pollfd p = { .fd = r->fd, .events = POLLIN };

		send_all(r, (const uint8_t *)words + i, 1);
		if (poll(&p, 1, (int)ms) != 0)
			return;
	}
}

static char *after(char *step, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(step, prefix, len) == 0 ? step + len : NULL;
}

static void reset(struct raw *r)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	r->end = "reset-by-us";
}

static void do_step(struct raw *r, char *step)
{
	char *rest;

	if ((rest = after(step, "text:")) != NULL) {
		size_t len = unescape(rest);

		send_all(r, (const uint8_t *)rest, len);
	} else if ((rest = after(step, "hex:")) != NULL) {
		send_hex(r, rest);
	} else if ((rest = after(step, "file:")) != NULL) {
		send_file(r, rest);
	} else if ((rest = after(step, "drip:")) != NULL) {
		drip(r, rest);
	} else if ((rest = after(step, "pause:")) != NULL) {
		pause_ms(rest);
	} else if (strcmp(step, "read") == 0) {
		(void)receive(r, now_ms() + r->timeout_ms);
	} else if (strcmp(step, "half-close") == 0) {
		(void)shutdown(r->fd, SHUT_WR);
	} else if (strcmp(step, "reset") == 0) {
		reset(r);
	} else {
		fail("step", step);
	}
}

static int connect_to(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		fail(port, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	struct raw r = { .fd = -1 };
	int64_t start;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tsa-raw " TSA_VERSION);
		return 0;
	}
	if (argc < 4)
		fail("command line", "PORT, SECONDS and a step are needed");
	r.timeout_ms = (int)(strtod(argv[2], NULL) * 1000);
	r.fd = connect_to(argv[1]);
	start = now_ms();
	for (int i = 3; i < argc && r.end == NULL; i++)
		do_step(&r, argv[i]);
	if (r.end == NULL) {
		int64_t until = now_ms() + r.timeout_ms;

		while (receive(&r, until))
			continue;
	}
	(void)fflush(stdout);
	fprintf(stderr, "end=%s bytes=%lu ms=%lld\n", r.end, r.bytes,
		(long long)(now_ms() - start));
	(void)close(r.fd);
	return 0;
}
