/*
 * Run by hand: makes a journal of N tokens for tsa-ledger and says how fast it is shipped.
 *   ledger_rate PROGRAM CONNINFO N BODY_BYTES
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger_journal.h"
#include "tsa/core/ipc.h"

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ipc *start(const char *program, pid_t *pid)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		int copy = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);

		(void)dup2(copy, IPC_CHILD_FD);
		(void)execl(program, program, (char *)NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	return ipc_new(pair[0], 0);
}

static void tell(struct ipc *ipc, const struct msg *m)
{
	static uint8_t out[IPC_MAX_MESSAGE];

	(void)ipc_send_wait(ipc, msg_encode(m, out));
}

/* Until all is shipped; false if the program gave up. */
static bool follow(struct ipc *ipc, uint64_t last)
{
	static uint8_t in[IPC_MAX_MESSAGE];
	static struct msg m;
	struct bytes message;

	while (ipc_recv(ipc, in, true, &message) == IPC_OK && msg_decode(message, &m)) {
		if (m.type == MSG_FAILED)
			return false;
		if (m.type == MSG_SHIPPED && m.shipped.seq == last)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static struct msg m;
	struct ledger_journal j;
	char directory[] = "/var/tmp/ledger-rate.XXXXXX";
	char journal[64];
	struct ipc *ipc;
	double began;
	pid_t pid = 0;
	bool ok;

	if (argc != 5 || mkdtemp(directory) == NULL) {
		(void)fprintf(stderr, "usage: ledger_rate PROGRAM CONNINFO N BODY_BYTES\n");
		return 3;
	}
	(void)snprintf(journal, sizeof(journal), "%s/journal", directory);
	ledger_journal_begin(&j, journal, 0x20000000 + (uint32_t)getpid());
	ledger_journal_tsu(&j);
	ledger_journal_lease(&j, 1795507200);
	ledger_journal_tokens(&j, (unsigned)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	ledger_journal_flush(&j);

	ipc = start(argv[1], &pid);
	if (ipc == NULL)
		return 3;
	m.type = MSG_SETUP_LEDGER;
	m.setup_ledger.version = MSG_VERSION;
	m.setup_ledger.instance = j.instance;
	(void)snprintf(m.setup_ledger.database, sizeof(m.setup_ledger.database), "%s", argv[2]);
	(void)snprintf(m.setup_ledger.directory, sizeof(m.setup_ledger.directory), "%s", journal);
	tell(ipc, &m);
	began = now_s();
	m = (struct msg){ .type = MSG_DURABLE, .durable = { .seq = j.seq } };
	tell(ipc, &m);
	ok = follow(ipc, j.seq);
	(void)printf("%" PRIu64 " records in %.2f s: %.0f records/s%s; journal %s\n", j.seq,
		now_s() - began, (double)j.seq / (now_s() - began), ok ? "" : " (failed)", journal);
	ipc_free(ipc);
	(void)waitpid(pid, NULL, 0);
	ledger_journal_end(&j);
	return ok ? 0 : 1;
}
