/* Owns nothing. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "tools/http/pool.h"
#include "tsa/tsp/der.h"

enum { DEFAULT_TIMEOUT = 30, DEFAULT_RETRIES = 4 };

enum {
	OPT_URL = 256,
	OPT_OUT,
	OPT_DIGEST,
	OPT_POLICY,
	OPT_NO_NONCE,
	OPT_NO_CERT,
	OPT_TRUST,
	OPT_UNTRUSTED,
	OPT_CA,
	OPT_EVIDENCE,
	OPT_TIMEOUT,
	OPT_RETRIES,
	OPT_SKEW,
	OPT_JSON,
	OPT_QUIET,
	OPT_FORCE,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
	{ "url", required_argument, NULL, OPT_URL },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "digest", required_argument, NULL, OPT_DIGEST },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "no-nonce", no_argument, NULL, OPT_NO_NONCE },
	{ "no-cert", no_argument, NULL, OPT_NO_CERT },
	{ "trust", required_argument, NULL, OPT_TRUST },
	{ "untrusted", required_argument, NULL, OPT_UNTRUSTED },
	{ "ca", required_argument, NULL, OPT_CA },
	{ "evidence", required_argument, NULL, OPT_EVIDENCE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "skew", required_argument, NULL, OPT_SKEW },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

const char stamp_help[] =
	"usage: tsa-stamp --url URL [options] FILE...\n"
	"       tsa-stamp --url URL [options] --out RESPONSE FILE | -\n"
	"       tsa-stamp --help | --version\n"
	"Asks a time-stamp authority (RFC 3161) for a token over each FILE, checks the answer and\n"
	"writes it to FILE.tsr. What is there already is not replaced.\n"
	"\n"
	"  --url URL         of the authority, http:// or https://\n"
	"  --out RESPONSE    where the answer goes; for one FILE, or - for standard input\n"
	"  --digest NAME     sha256, sha384, sha512, sha3-256, sha3-384 or sha3-512 (sha256)\n"
	"  --policy OID      asks for this policy\n"
	"  --no-nonce        asks without a nonce\n"
	"  --no-cert         asks for tokens without certificates; needs --untrusted\n"
	"  --trust PEM       trust anchors: the signer's chain must end at one of them\n"
	"  --untrusted PEM   further certificates for the chain\n"
	"  --ca PEM          CAs of an https server (the system's)\n"
	"  --evidence DIR    also keeps answers, certificates and CRLs there, with an index.json\n"
	"  --timeout S       for one try, from connecting to the end of the answer (30)\n"
	"  --retries N       further tries where the server is busy or the network fails (4)\n"
	"  --skew S          genTime may differ so much from this machine's clock; 0: any (300)\n"
	"  --json            one JSON object a file on standard output\n"
	"  --quiet           says nothing but errors\n"
	"  --force           replaces a RESPONSE that is there\n"
	"\n"
	"Exit status: 0 all stamped, 1 refused, no valid answer or evidence incomplete, 3 could\n"
	"not run.\n";

static bool take_number(
	const char *option, const char *text, unsigned max, unsigned *number, struct err *err)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || n > max)
		return err_set(err, "--%s: must be a number up to %u: is %.60s", option, max, text);
	*number = (unsigned)n;
	return true;
}

static bool take_policy(struct stamp_options *options, struct err *err)
{
	options->policy_len =
		der_oid_from_text(optarg, options->policy_room, sizeof(options->policy_room));
	return options->policy_len > 0 ||
	       err_set(err, "--policy: must be an object identifier: is %.100s", optarg);
}

static bool take_digest(struct stamp_options *options, struct err *err)
{
	options->digest = tsp_digest_by_name(optarg);
	return options->digest != TSP_DIGEST_NONE ||
	       err_set(err,
		       "--digest: must be sha256, sha384, sha512 or one of sha3-256, sha3-384, "
		       "sha3-512: is %.60s",
		       optarg);
}

static bool take_flag(int c, struct stamp_options *options)
{
	switch (c) {
	case OPT_NO_NONCE:
		options->no_nonce = true;
		return true;
	case OPT_NO_CERT:
		options->no_cert = true;
		return true;
	case OPT_JSON:
		options->json = true;
		return true;
	case OPT_QUIET:
		options->quiet = true;
		return true;
	case OPT_FORCE:
		options->force = true;
		return true;
	case OPT_HELP:
		options->help = true;
		return true;
	case OPT_VERSION:
		options->version = true;
		return true;
	default:
		return false;
	}
}

/* NULL: not one of those that are kept as they are. */
static const char **place_of(int c, struct stamp_options *options)
{
	switch (c) {
	case OPT_URL:
		return &options->url_text;
	case OPT_OUT:
		return &options->out;
	case OPT_TRUST:
		return &options->trust;
	case OPT_UNTRUSTED:
		return &options->untrusted;
	case OPT_CA:
		return &options->ca;
	case OPT_EVIDENCE:
		return &options->evidence;
	default:
		return NULL;
	}
}

static bool take(int c, const char *word, struct stamp_options *options, struct err *err)
{
	const char **place = place_of(c, options);

	if (place != NULL) {
		*place = optarg;
		return true;
	}
	switch (c) {
	case OPT_DIGEST:
		return take_digest(options, err);
	case OPT_POLICY:
		return take_policy(options, err);
	case OPT_TIMEOUT:
		return take_number("timeout", optarg, HTTP_MAX_TIMEOUT, &options->timeout_s, err);
	case OPT_RETRIES:
		return take_number("retries", optarg, STAMP_MAX_RETRIES, &options->retries, err);
	case OPT_SKEW:
		return take_number("skew", optarg, STAMP_MAX_SKEW, &options->skew_s, err);
	case ':':
		return err_set(err, "%.100s: needs a value", word);
	case '?':
		return err_set(err, "%.100s: is no option, see --help", word);
	default:
		return take_flag(c, options);
	}
}

static bool check(struct stamp_options *options, struct err *err)
{
	if (options->url_text == NULL)
		return err_set(err, "--url is required: is not given");
	if (!http_url_parse(options->url_text, &options->url, err))
		return err_while(err, "--url");
	if (options->file_count == 0)
		return err_set(err, "a FILE is required: none is given");
	if (options->out != NULL && options->file_count != 1)
		return err_set(err, "--out: is for one FILE: %d are given", options->file_count);
	if (options->out != NULL && strcmp(options->out, "-") == 0)
		return err_set(err, "--out: must be a file: is standard output");
	for (int i = 0; options->out == NULL && i < options->file_count; i++)
		if (strcmp(options->files[i], "-") == 0)
			return err_set(err, "-: standard input needs --out");
	if (options->no_cert && options->untrusted == NULL)
		return err_set(err, "--no-cert: needs the signer's certificate in --untrusted, or "
				    "nothing could be checked");
	if (options->timeout_s == 0)
		return err_set(err, "--timeout: must be 1 to %d seconds: is 0", HTTP_MAX_TIMEOUT);
	return true;
}

bool stamp_options_read(int argc, char **argv, struct stamp_options *options, struct err *err)
{
	int c;

	*options = (struct stamp_options){
		.digest = TSP_SHA256,
		.timeout_s = DEFAULT_TIMEOUT,
		.retries = DEFAULT_RETRIES,
		.skew_s = STAMP_SKEW_S,
	};
	for (;;) {
		int word = optind;

		c = getopt_long(argc, argv, ":", longs, NULL);
		if (c == -1)
			break;
		if (!take(c, argv[optind - 1 > word ? optind - 1 : word], options, err))
			return false;
		if (options->help || options->version)
			return true;
	}
	options->files = argv + optind;
	options->file_count = argc - optind;
	return check(options, err);
}
