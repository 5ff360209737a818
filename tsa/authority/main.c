/* Reads the command line and the configuration; service.c and check.c do the rest. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tsa/authority/incident_id.h"
#include "tsa/authority/service.h"
#include "tsa/core/log.h"

static const char usage[] =
	"usage: tsad --config FILE [--check] [--debug] [--accept-incident ID]\n"
	"\n"
	"The RFC 3161 timestamp authority. Runs in the foreground and logs to standard error.\n"
	"\n"
	"  --config FILE  the configuration, see tsad.conf(5)\n"
	"  --check        read it, open every key, make a test signature, print every finding\n"
	"  --debug        log every request as well\n"
	"  --accept-incident ID\n"
	"                 start though PostgreSQL holds other records than the journal: ID is how\n"
	"                 the report of the conflict ended; nothing is changed, it goes on record\n"
	"  --help         this text\n"
	"  --version      the version\n"
	"\n"
	"SIGHUP: read the configuration again and change over to it without losing a request.\n"
	"SIGTERM: answer what is accepted, close the lease, exit.\n"
	"Exit status: 0 good; 1 findings, or it could not start or go on; 78 (do not restart) a PIN\n"
	"was refused, or PostgreSQL holds another record under a serial of ours.\n";

struct findings {
	bool check;
	unsigned errors;
};

static void on_finding(void *arg, bool warning, const char *text)
{
	struct findings *f = arg;

	if (!warning)
		f->errors++;
	if (f->check)
		printf("%s: %s\n", warning ? "warning" : "FINDING", text);
	else if (warning)
		log_event(LOG_LEVEL_WARNING, "config", text, "%s", "");
	else
		fprintf(stderr, "tsad: %s\n", text);
}

static bool may_accept(const struct config *config, const struct incident *accepted)
{
	if (accepted == NULL || config->database[0] != '\0')
		return true;
	fputs("tsad: --accept-incident: R8: is about records in PostgreSQL: no database is set\n",
		stderr);
	return false;
}

static int run(const char *path, bool check, const struct incident *accepted)
{
	struct findings findings = { .check = check };
	struct config *config = config_read(path, (int64_t)time(NULL), on_finding, &findings);
	int status = EXIT_FINDINGS;

	if (config != NULL && may_accept(config, accepted))
		status = check ? service_check(config) : service_run(path, config, accepted);
	if (check)
		printf("%s: %s\n", path, status == 0 ? "no findings" : "has findings");
	config_free(config);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' }, { "debug", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'v' },
		{ "accept-incident", required_argument, NULL, 'a' }, { NULL, 0, NULL, 0 } };
	struct incident accepted;
	const char *id = NULL;
	struct err err = { 0 };
	enum log_level level = LOG_LEVEL_INFO;
	const char *path = NULL;
	bool check = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			check = true;
			break;
		case 'a':
			id = optarg;
			break;
		case 'd':
			level = LOG_LEVEL_DEBUG;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_GOOD;
		case 'v':
			printf("tsad %s\n", TSA_VERSION);
			return EXIT_GOOD;
		default:
			return EXIT_FINDINGS;
		}
	}
	if (path == NULL || optind != argc) {
		fputs("tsad: command line: --config FILE is required and the only argument: see tsad "
		      "--help\n",
			stderr);
		return EXIT_FINDINGS;
	}
	if (id != NULL && !incident_id_read(id, &accepted, &err)) {
		fprintf(stderr, "tsad: %s\n", err.text);
		return EXIT_FINDINGS;
	}
	log_open("tsad", level);
	/* Until the service hears it: a reload that comes too early is none, and no end. */
	if (!check)
		(void)signal(SIGHUP, SIG_IGN);
	return run(path, check, id == NULL ? NULL : &accepted);
}
