#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_COULD_NOT_RUN = 3 };

enum {
	OPT_URL = 256,
	OPT_CLIENTS,
	OPT_REQUESTS,
	OPT_TIMEOUT,
	OPT_SECONDS,
	OPT_RATE,
	OPT_HOLD,
	OPT_ANNOUNCE,
	OPT_DIGEST,
	OPT_POLICY,
	OPT_CERT,
	OPT_NO_CERT,
	OPT_NO_NONCE,
	OPT_UNTIL_CLOSED,
	OPT_TRUST,
	OPT_UNTRUSTED,
	OPT_OUT,
	OPT_KEEP,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
	{ "url", required_argument, NULL, OPT_URL },
	{ "clients", required_argument, NULL, OPT_CLIENTS },
	{ "requests", required_argument, NULL, OPT_REQUESTS },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "hold", no_argument, NULL, OPT_HOLD },
	{ "announce", required_argument, NULL, OPT_ANNOUNCE },
	{ "digest", required_argument, NULL, OPT_DIGEST },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "cert", no_argument, NULL, OPT_CERT },
	{ "no-cert", no_argument, NULL, OPT_NO_CERT },
	{ "no-nonce", no_argument, NULL, OPT_NO_NONCE },
	{ "until-closed", no_argument, NULL, OPT_UNTIL_CLOSED },
	{ "trust", required_argument, NULL, OPT_TRUST },
	{ "untrusted", required_argument, NULL, OPT_UNTRUSTED },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"usage: tsa-load --url http://HOST:PORT/PATH [options]\n"
	"Asks a timestamp authority from many keep-alive connections at once and verifies every\n"
	"answer with OpenSSL's own TS code.\n"
	"  --clients N       connections at the same time (64)\n"
	"  --requests N      requests in all (1000)\n"
	"  --timeout S       the whole run ends after so many seconds (300)\n"
	"  --seconds S       no request begins after so many seconds; fewer than N are no error\n"
	"  --rate N          N requests a second begin, whatever became of those before, and\n"
	"                    latency counts from when each was due (without: a client begins the\n"
	"                    next one when it has its answer)\n"
	"  --hold            at the end says \"held=N\" on stderr and holds the connections until\n"
	"                    standard input ends; says how many the server has closed\n"
	"  --announce N      says \"answered=N\" on stderr when so many answers have come\n"
	"  --digest NAME     sha256, sha384 or sha512 (sha256)\n"
	"  --policy OID      asks for this policy\n"
	"  --cert, --no-cert certReq (--cert); the answer must have certificates, or none\n"
	"  --no-nonce        asks without a nonce\n"
	"  --until-closed    a client ends, without an error, when the server says\n"
	"                    \"Connection: close\" or closes the connection between two answers\n"
	"  --trust PEM       roots: verifies signature and chain of every token\n"
	"  --untrusted PEM   further certificates for the chain (with --no-cert also the leaf)\n"
	"  --out FILE        one line a token: serial, genTime, latency in microseconds\n"
	"  --keep DIR        keeps every answer as DIR/NUMBER.tsr, its request as NUMBER.tsq\n"
	"Exit status: 0 every answer was granted and verified, 1 not all, 3 could not run.\n";

static _Noreturn void mistake(const char *what, const char *rule, const char *found)
{
	fprintf(stderr, "tsa-load: %s: %s: %s\n", what, rule, found);
	exit(EXIT_COULD_NOT_RUN);
}

static unsigned number(const char *option, const char *text, unsigned max)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n == 0 || n > max) {
		char rule[64];

		(void)snprintf(rule, sizeof(rule), "must be a number from 1 to %u", max);
		mistake(option, rule, text);
	}
	return (unsigned)n;
}

/* Copies len bytes of from; a mistake if they do not fit. */
static void copy(char *to, size_t cap, const char *from, size_t len, const char *url)
{
	if (len == 0 || len >= cap)
		mistake("--url", "host, port and path must fit", url);
	memcpy(to, from, len);
	to[len] = '\0';
}

static void read_url(struct options *o, const char *url)
{
	static const char scheme[] = "http://";
	const char *host = url + sizeof(scheme) - 1, *slash, *colon;
	size_t authority;

	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		mistake("--url", "must begin with http://", url);
	slash = strchr(host, '/');
	authority = slash == NULL ? strlen(host) : (size_t)(slash - host);
	colon = memrchr(host, ':', authority);
	if (host[0] == '[' && colon != NULL &&
		memchr(colon, ']', authority - (size_t)(colon - host)))
		colon = NULL; /* a colon inside an IPv6 address */
	if (colon == NULL)
		colon = host + authority;
	copy(o->host, sizeof(o->host), host, (size_t)(colon - host), url);
	if (colon < host + authority)
		copy(o->port, sizeof(o->port), colon + 1, authority - (size_t)(colon - host) - 1,
			url);
	if (slash != NULL)
		copy(o->path, sizeof(o->path), slash, strlen(slash), url);
}

static void take_number_or_flag(int c, struct options *o)
{
	switch (c) {
	case OPT_CLIENTS:
		o->clients = number("--clients", optarg, LOAD_MAX_CLIENTS);
		break;
	case OPT_REQUESTS:
		o->requests = number("--requests", optarg, LOAD_MAX_REQUESTS);
		break;
	case OPT_TIMEOUT:
		o->timeout_s = number("--timeout", optarg, 86400);
		break;
	case OPT_SECONDS:
		o->seconds = number("--seconds", optarg, 86400);
		break;
	case OPT_RATE:
		o->rate = number("--rate", optarg, LOAD_MAX_RATE);
		break;
	case OPT_HOLD:
		o->hold = true;
		break;
	case OPT_ANNOUNCE:
		o->announce = number("--announce", optarg, LOAD_MAX_REQUESTS);
		break;
	case OPT_CERT:
		o->cert_req = true;
		break;
	case OPT_NO_CERT:
		o->cert_req = false;
		break;
	case OPT_NO_NONCE:
		o->nonce = false;
		break;
	case OPT_UNTIL_CLOSED:
		o->until_closed = true;
		break;
	case OPT_HELP:
		fputs(help, stdout);
		exit(0);
	case OPT_VERSION:
		puts("tsa-load " TSA_VERSION);
		exit(0);
	default:
		exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
	}
}

static void take(int c, struct options *o)
{
	switch (c) {
	case OPT_URL:
		read_url(o, optarg);
		break;
	case OPT_DIGEST:
		o->digest = optarg;
		break;
	case OPT_POLICY:
		o->policy = optarg;
		break;
	case OPT_TRUST:
		o->trust = optarg;
		break;
	case OPT_UNTRUSTED:
		o->untrusted = optarg;
		break;
	case OPT_OUT:
		o->out = optarg;
		break;
	case OPT_KEEP:
		o->keep = optarg;
		break;
	default:
		take_number_or_flag(c, o);
	}
}

void options_read(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){
		.port = "80",
		.path = "/",
		.clients = 64,
		.requests = 1000,
		.timeout_s = 300,
		.digest = "sha256",
		.cert_req = true,
		.nonce = true,
	};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(c, o);
	if (optind != argc)
		mistake("command line", "takes options only", argv[optind]);
	if (o->host[0] == '\0')
		mistake("--url", "must be given", "nothing");
	if (o->clients > o->requests)
		o->clients = o->requests;
}
