/*
 * tsa-chaos-clients: keep-alive clients that go on whatever happens to the server, count what
 * failed and why, and lose no answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"

enum { EXIT_COULD_NOT_RUN = 3, MAX_CLIENTS = 4096, DEFAULT_TIMEOUT_MS = 6000 };

static const char help[] =
	"usage: tsa-chaos-clients --port N --endpoint PATH:CLIENTS... --answers FILE\n"
	"                         [--rate N] [--timeout-ms N]\n"
	"Asks 127.0.0.1:N from many keep-alive connections at once, every second client with\n"
	"certReq, makes lost connections again, and appends every answer to FILE (answers.h).\n"
	"  --rate N        requests a second of all clients together (0: as fast as they can)\n"
	"  --timeout-ms N  a request without its answer has failed after that (6000)\n"
	"Commands on standard input, each answered by one line with the counts since the last fault:\n"
	"  fault           counts from here, and measures recovery from here\n"
	"  mend            measures recovery from here, counts on\n"
	"  good N          waits for N more good answers on each endpoint\n"
	"  bad N           waits until N requests have failed\n"
	"  recovered       waits for a good answer on each endpoint to a request made after the fault\n"
	"  for MS          waits so many milliseconds\n"
	"  pause, resume   pause waits for the answers that are due\n"
	"  quit            the same, and ends\n"
	"Exit status: 0 told to quit, 3 could not run.\n";

static _Noreturn void mistake(const char *what, const char *why)
{
	fprintf(stderr, "tsa-chaos-clients: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static unsigned number(const char *option, const char *text, unsigned max)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n > max)
		mistake(option, text);
	return (unsigned)n;
}

/* PATH:CLIENTS; text is cut in two. */
static void take_endpoint(struct crowd_options *o, char *text)
{
	char *colon = strrchr(text, ':');

	if (o->endpoints == ANSWER_MAX_ENDPOINTS || colon == NULL || text[0] != '/' ||
		colon - text >= CLIENT_MAX_PATH)
		mistake("--endpoint", text);
	*colon = '\0';
	o->world.path[o->endpoints] = text;
	o->clients[o->endpoints] = number("--endpoint", colon + 1, MAX_CLIENTS);
	if (o->clients[o->endpoints] == 0)
		mistake("--endpoint", "needs a client");
	o->endpoints++;
}

static void set_pace(struct crowd_options *o, unsigned rate)
{
	unsigned clients = 0;

	for (unsigned i = 0; i < o->endpoints; i++)
		clients += o->clients[i];
	o->world.pace_us = rate == 0 ? 0 : (uint64_t)clients * 1000000 / rate;
}

static void open_answers(struct crowd_options *o, const char *path)
{
	o->answers_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (o->answers_fd < 0)
		mistake(path, strerror(errno));
}

static void read_options(int argc, char **argv, struct crowd_options *o)
{
	static const struct option longs[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "endpoint", required_argument, NULL, 'e' },
		{ "answers", required_argument, NULL, 'a' },
		{ "rate", required_argument, NULL, 'r' },
		{ "timeout-ms", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned rate = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'p')
			o->world.server.sin_port =
				htons((uint16_t)number("--port", optarg, UINT16_MAX));
		else if (c == 'e')
			take_endpoint(o, optarg);
		else if (c == 'a')
			open_answers(o, optarg);
		else if (c == 'r')
			rate = number("--rate", optarg, 1000000);
		else if (c == 't')
			o->world.timeout_us =
				(uint64_t)number("--timeout-ms", optarg, 3600000) * 1000;
		else if (c == 'h')
			exit(fputs(help, stdout) < 0 ? EXIT_COULD_NOT_RUN : 0);
		else
			exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
	}
	if (optind != argc || o->world.server.sin_port == 0 || o->endpoints == 0 ||
		o->answers_fd < 0)
		mistake("command line", "needs --port, --endpoint and --answers only");
	set_pace(o, rate);
}

int main(int argc, char **argv)
{
	static const struct options without = { .digest = "sha256", .nonce = true };
	static const struct options with = { .digest = "sha256", .nonce = true, .cert_req = true };
	struct crowd_options o = {
		.world = { .server = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			.timeout_us = DEFAULT_TIMEOUT_MS * 1000ull },
		.answers_fd = -1,
	};
	struct verifier *makers[2] = { NULL, NULL };
	struct err err = { 0 };
	bool ok;

	read_options(argc, argv, &o);
	makers[0] = verifier_new(&without, &err);
	makers[1] = makers[0] == NULL ? NULL : verifier_new(&with, &err);
	o.world.maker[0] = makers[0];
	o.world.maker[1] = makers[1];
	ok = makers[1] != NULL && crowd_run(&o, &err);
	if (!ok)
		fprintf(stderr, "tsa-chaos-clients: %s\n", err.text);
	verifier_free(makers[0]);
	verifier_free(makers[1]);
	return ok ? 0 : EXIT_COULD_NOT_RUN;
}
