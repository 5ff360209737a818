/* Owns nothing. */
#include "options.h"

#include <getopt.h>
#include <stddef.h>

enum {
	OPT_LINT = 256,
	OPT_SHOW,
	OPT_PROFILE,
	OPT_CRL,
	OPT_UNTRUSTED,
	OPT_QUERY,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
	{ "lint", no_argument, NULL, OPT_LINT },
	{ "show", no_argument, NULL, OPT_SHOW },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "crl", required_argument, NULL, OPT_CRL },
	{ "untrusted", required_argument, NULL, OPT_UNTRUSTED },
	{ "query", required_argument, NULL, OPT_QUERY },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

const char verify_help[] =
	"usage: tsa-verify --lint [options] FILE...\n"
	"       tsa-verify --show [--untrusted PEM] [--json] FILE...\n"
	"       tsa-verify --help | --version\n"
	"Reads time-stamp responses and tokens (RFC 3161) of any authority; - is standard input.\n"
	"--lint applies the rules of the standards to each FILE and tells each that is broken, with\n"
	"its ID. It asks no trust anchor: it does not say whose the token is. --show prints each\n"
	"FILE field by field.\n"
	"\n"
	"  --profile NAME    rfc3161, etsi (EN 319 421 and 422) or csbr (CA/Browser Forum) (rfc3161)\n"
	"  --query REQUEST   the request that FILE answers: policy, nonce, certificates, imprint\n"
	"  --crl FILE        a CRL of the signer's issuer; may be repeated\n"
	"  --untrusted PEM   certificates that the token does not have\n"
	"  --json            one JSON object a line for each FILE; --lint: and one of the counts\n"
	"\n"
	"Exit status: 0 nothing found, 1 findings, 3 could not run.\n";

static bool take_option(int c, struct verify_options *options, struct err *err)
{
	switch (c) {
	case OPT_LINT:
		options->lint = true;
		return true;
	case OPT_SHOW:
		options->show = true;
		return true;
	case OPT_PROFILE:
		options->profile = profile_by_name(optarg);
		return options->profile != PROFILES ||
		       err_set(err, "--profile: must be rfc3161, etsi or csbr: is %.60s", optarg);
	case OPT_CRL:
		if (options->crl_count == VERIFY_MAX_CRLS)
			return err_set(err, "--crl: at most %d: are more", VERIFY_MAX_CRLS);
		options->crls[options->crl_count++] = optarg;
		return true;
	case OPT_UNTRUSTED:
		options->untrusted = optarg;
		return true;
	case OPT_QUERY:
		options->query = optarg;
		return true;
	case OPT_JSON:
		options->json = true;
		return true;
	case OPT_HELP:
		options->help = true;
		return true;
	case OPT_VERSION:
		options->version = true;
		return true;
	default:
		return err_set(err, "see tsa-verify --help");
	}
}

static bool check(const struct verify_options *options, struct err *err)
{
	if (options->lint == options->show)
		return err_set(err, "--lint or --show: one must be given");
	if (options->file_count == 0)
		return err_set(err, "FILE: must be given");
	if (options->query != NULL && options->file_count != 1)
		return err_set(
			err, "--query: must go with one FILE: there are %d", options->file_count);
	if (options->show && (options->query != NULL || options->crl_count > 0))
		return err_set(err, "--query, --crl: must go with --lint");
	return true;
}

bool verify_options_read(int argc, char **argv, struct verify_options *options, struct err *err)
{
	int c;

	*options = (struct verify_options){ .profile = PROFILE_RFC3161 };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!take_option(c, options, err))
			return false;
	options->files = argv + optind;
	options->file_count = argc - optind;
	return options->help || options->version || check(options, err);
}
