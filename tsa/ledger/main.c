/*
 * tsa-ledger: ships the journal's records to PostgreSQL.  Started by tsad; holds the login to
 * the database, never a client's bytes and never a TSU key.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"
#include "tsa/ledger/confine.h"
#include "tsa/ledger/ship.h"

enum { EXIT_USAGE = 3 };

static int answer_option(const char *option)
{
	if (strcmp(option, "--version") == 0) {
		(void)printf("tsa-ledger %s\n", TSA_VERSION);
		return 0;
	}
	if (strcmp(option, "--help") == 0) {
		(void)printf("usage: tsa-ledger [--help | --version]\n\n"
			     "Ships the records of the journal to PostgreSQL. It is started by "
			     "tsad; see\ntsa-ledger(8) and tsad(8).\n");
		return 0;
	}
	(void)fprintf(stderr, "tsa-ledger: option %s: must be --help or --version: it is neither\n",
		option);
	return EXIT_USAGE;
}

static bool is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct confinement *confinement = NULL;
	struct msg_setup_ledger setup;
	struct channel *channel;
	struct err err = { 0 };

	if (argc > 1)
		return answer_option(argv[1]);
	log_open("ledger", LOG_LEVEL_INFO);
	if (!is_channel(IPC_CHILD_FD)) {
		(void)fprintf(stderr, "tsa-ledger: is started by tsad, see tsad(8)\n");
		return EXIT_USAGE;
	}
	/* The order to stop is the end of the channel: the last records come before it. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	channel = channel_new(IPC_CHILD_FD);
	if (!sandbox_base(&err))
		channel_fail(channel, MSG_FAILURE_OTHER, err.text);
	if (channel_setup(channel, &setup)) {
		confinement = confinement_enter(setup.directory, setup.database, &err);
		if (confinement == NULL)
			channel_fail(channel, MSG_FAILURE_OTHER, err.text);
		channel_ready(channel);
		ship_run(channel, &setup, confinement);
	}
	confinement_free(confinement);
	channel_free(channel);
	_exit(0);
}
