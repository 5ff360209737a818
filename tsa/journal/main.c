/*
 * tsa-journal: the one writer of the journal.  A plain loop: take all records that wait, write
 * them as one frame, sync, acknowledge.  No record is acknowledged before it is on disk.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "tsa/core/ipc.h"
#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"
#include "tsa/journal/recover.h"

enum {
	/* How often the disk is looked at, and a spare is tried for again that had no room. */
	DISK_INTERVAL_MS = 10000,
	/*
	 * Records that come together go on coming: the next group is let grow so long. What comes
	 * alone is written at once.
	 */
	GATHER_MS = 1,
	EXIT_NOT_BY_TSAD = 3,
};

struct journal {
	struct ipc *ipc;
	struct home home;
	struct spares spares;
	struct segment_writer *writer;
	bool known_again; /* a durable record came again: acknowledge it again */
	unsigned group; /* records taken since the last commit */
	bool gather; /* the last commit was of several records */
	bool no_spare; /* the last try failed: wait for DISK_INTERVAL_MS */
	uint64_t disk_at_ms; /* when the disk was looked at */
	struct msg_disk disk; /* as reported last */
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
	struct msg message;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void send_message(struct journal *j, const struct msg *m)
{
	/* If tsad is gone, ipc_recv says so next; what it sent before is still written. */
	(void)ipc_send_wait(j->ipc, msg_encode(m, j->out));
}

/* Tells tsad why and leaves. */
static _Noreturn void fail(struct journal *j, uint8_t failure, const char *text)
{
	struct msg m = { .type = MSG_FAILED, .failed = { .failure = failure } };

	log_event(LOG_LEVEL_ERROR, "failed", text, "class=%s", msg_failure_name(failure));
	(void)snprintf(
		m.failed.text, sizeof(m.failed.text), "%.*s", (int)sizeof(m.failed.text) - 1, text);
	send_message(j, &m);
	_exit(1);
}

/* ---- the disk ---- */

static uint8_t used_percent(const struct journal *j)
{
	struct statvfs fs;
	uint64_t used;
	uint64_t whole;

	if (fstatvfs(j->home.fd, &fs) != 0)
		return j->disk.used_percent;
	/* As df(1): of what an ordinary user may fill, rounded up. */
	used = (uint64_t)fs.f_blocks - fs.f_bfree;
	whole = used + fs.f_bavail;
	if (whole == 0)
		return 100;
	return (uint8_t)((used * 100 + whole - 1) / whole);
}

static void report_disk(struct journal *j, bool always)
{
	struct msg m = { .type = MSG_DISK };

	m.disk.used_percent = used_percent(j);
	m.disk.spare_segments = (uint8_t)spares_count(&j->spares);
	j->disk_at_ms = now_ms();
	if (!always && m.disk.used_percent == j->disk.used_percent &&
		m.disk.spare_segments == j->disk.spare_segments)
		return;
	j->disk = m.disk;
	send_message(j, &m);
}

static bool wants_spare(const struct journal *j)
{
	return !j->no_spare && spares_count(&j->spares) < SPARE_TARGET;
}

static void make_spare(struct journal *j)
{
	struct err err = { 0 };

	if (!spares_step(&j->spares, &err)) {
		log_event(LOG_LEVEL_WARNING, "no_spare", err.text, "spares=%u",
			spares_count(&j->spares));
		j->no_spare = true;
	}
	if (spares_count(&j->spares) != j->disk.spare_segments)
		report_disk(j, false);
}

static void look_at_disk(struct journal *j)
{
	if (now_ms() - j->disk_at_ms < DISK_INTERVAL_MS)
		return;
	j->no_spare = false;
	report_disk(j, false);
}

/* ---- start ---- */

static void add_leaf(void *arg, uint32_t ctr, const uint8_t *leaf)
{
	struct journal *j = arg;
	struct msg_lease_leaves *leaves = &j->message.lease_leaves;

	leaves->leaf[leaves->count].ctr = ctr;
	memcpy(leaves->leaf[leaves->count].leaf, leaf, HASH_LEN);
	leaves->count++;
	if (leaves->count == MSG_MAX_LEAVES) {
		send_message(j, &j->message);
		leaves->count = 0;
	}
}

static void report_tree(struct journal *j, const struct recovery *r)
{
	const struct tree *dense = lease_tree_dense(r->tree);
	struct msg m = { .type = MSG_LEASE_TREE };

	m.lease_tree.lease = r->last.lease;
	m.lease_tree.size = dense->size;
	m.lease_tree.hash_count = (uint8_t)tree_hash_count(dense->size);
	memcpy(m.lease_tree.hash, dense->hash, (size_t)m.lease_tree.hash_count * HASH_LEN);
	send_message(j, &m);
	j->message = (struct msg){ .type = MSG_LEASE_LEAVES };
	lease_tree_each_waiting(r->tree, add_leaf, j);
	if (j->message.lease_leaves.count > 0)
		send_message(j, &j->message);
}

static void report_ready(struct journal *j, const struct recovery *r)
{
	struct msg m = { .type = MSG_JOURNAL_READY };

	if (r->cut_len > 0)
		log_event(LOG_LEVEL_WARNING, "torn_tail_cut", NULL,
			"segment=%016" PRIx64 " offset=%" PRIu64 " bytes=%" PRIu64,
			r->end.first_seq, r->cut_offset, r->cut_len);
	if (r->new_instance)
		log_event(LOG_LEVEL_INFO, "instance_written", NULL, "instance=%08" PRIx32,
			r->instance);
	if (r->tree != NULL)
		report_tree(j, r);
	m.journal_ready.instance = r->instance;
	m.journal_ready.last_seq = r->end.last_seq;
	m.journal_ready.last_lease = r->last.lease;
	m.journal_ready.lease_open = r->last.open ? 1 : 0;
	m.journal_ready.last_time_us = r->last.last_time_us;
	m.journal_ready.closed_count = r->last.closed_count;
	memcpy(m.journal_ready.closed_root, r->last.closed_root, HASH_LEN);
	send_message(j, &m);
	log_event(LOG_LEVEL_INFO, "ready", NULL,
		"instance=%08" PRIx32 " segments=%zu last_seq=%" PRIu64 " last_lease=%" PRIu32
		" lease_open=%d spares=%u",
		r->instance, r->segment_count, r->end.last_seq, r->last.lease, r->last.open,
		spares_count(&j->spares));
}

/* From here on this process has its directory, its channel and its log, and nothing else. */
static bool confine(const struct journal *j, struct err *err)
{
	uint8_t hash[HASH_LEN];
	bool landlocked;

	/* At its first hash libcrypto reads its configuration. */
	hash_parts(NULL, 0, hash);
	if (!sandbox_journal(j->home.fd, &landlocked, err))
		return false;
	if (!landlocked)
		log_event(LOG_LEVEL_WARNING, "landlock_missing",
			"this kernel has none: confined by seccomp alone", "profile=journal");
	return true;
}

static void start(struct journal *j, const struct msg_setup_journal *setup)
{
	struct trouble trouble = { .failure = MSG_FAILURE_OTHER };
	struct recovery r;

	if (!home_open(&j->home, setup->directory, &trouble) || !confine(j, &trouble.err) ||
		!recovery_run(&r, &j->home, setup->recover != 0, &trouble))
		fail(j, trouble.failure, trouble.err.text);
	if (!spares_open(&j->spares, &j->home, SEGMENT_SIZE, &trouble.err))
		fail(j, MSG_FAILURE_DISK, trouble.err.text);
	j->writer = segment_writer_open(&j->home, &j->spares, r.instance, &r.end, &trouble.err);
	if (j->writer == NULL)
		fail(j, MSG_FAILURE_DISK, trouble.err.text);
	report_ready(j, &r);
	recovery_wipe(&r);
	report_disk(j, true);
}

/* The first message is SETUP_JOURNAL of our version. */
static void set_up(struct journal *j)
{
	struct bytes message;
	struct err err = { 0 };

	if (ipc_recv(j->ipc, j->in, true, &message) != IPC_OK)
		_exit(0);
	if (!msg_check_version(message, MSG_SETUP_JOURNAL, "tsa-journal", &err))
		fail(j, MSG_FAILURE_VERSION, err.text);
	if (!msg_decode(message, &j->message) || j->message.type != MSG_SETUP_JOURNAL)
		BUG("the first message is no SETUP_JOURNAL");
	start(j, &j->message.setup_journal);
}

/* ---- the loop ---- */

static void keep_tsu_file(struct journal *j, const struct msg_tsu_file *file)
{
	struct err err = { 0 };
	char name[TSU_FILE_NAME];

	tsu_file_name(file->cert_sha256, file->chain_sha256, name);
	if (!home_has_file(&j->home, name) && !home_write_file(&j->home, name, file->pem, &err))
		fail(j, MSG_FAILURE_DISK, err.text);
}

static void take(struct journal *j, struct bytes message)
{
	if (!msg_decode(message, &j->message))
		BUG("a message of %zu bytes does not decode", message.len);
	if (j->message.type == MSG_TSU_FILE)
		keep_tsu_file(j, &j->message.tsu_file);
	else if (j->message.type != MSG_RECORD)
		BUG("%s is no message for tsa-journal", msg_name(j->message.type));
	else if (!segment_writer_add(j->writer, &j->message.record))
		j->known_again = true;
	else
		j->group++;
}

/* Takes what waits, up to a full frame. False if the channel has ended. */
static bool take_all(struct journal *j)
{
	struct bytes message;
	int closed = 0;

	while (!segment_writer_is_full(j->writer)) {
		switch (ipc_recv(j->ipc, j->in, false, &message)) {
		case IPC_OK:
			take(j, message);
			closed = 0;
			break;
		case IPC_AGAIN:
			return true;
		case IPC_CLOSED:
			/* ECONNRESET comes once, before messages that still wait behind it. */
			if (++closed == 2)
				return false;
			break;
		case IPC_FAILED:
			BUG("channel: recv: %s", strerror(errno));
		}
	}
	return true;
}

static void commit(struct journal *j)
{
	uint64_t before = segment_writer_durable(j->writer);
	struct msg m = { .type = MSG_DURABLE };
	struct err err = { 0 };

	if (!segment_writer_commit(j->writer, &err))
		fail(j, MSG_FAILURE_DISK, err.text);
	m.durable.seq = segment_writer_durable(j->writer);
	if (m.durable.seq > before || j->known_again)
		send_message(j, &m);
	j->known_again = false;
	j->gather = j->group > 1;
	j->group = 0;
	if (spares_count(&j->spares) != j->disk.spare_segments)
		report_disk(j, false);
}

/* Blocks until a message waits; makes spares meanwhile. */
static void wait_for_message(struct journal *j)
{
	for (;;) {
		struct pollfd p = { .fd = ipc_fd(j->ipc), .events = POLLIN };
		int n = poll(&p, 1, wants_spare(j) ? 0 : DISK_INTERVAL_MS);

		if (n < 0 && errno != EINTR)
			BUG("channel: poll: %s", strerror(errno));
		look_at_disk(j);
		if (n > 0)
			return;
		if (wants_spare(j))
			make_spare(j);
	}
}

static _Noreturn void run(struct journal *j)
{
	bool open = true;

	while (open) {
		wait_for_message(j);
		if (j->gather)
			(void)poll(NULL, 0, GATHER_MS);
		open = take_all(j);
		commit(j);
		/* Under full load nothing is ever idle; a commit now and then waits a little. */
		if (spares_count(&j->spares) == 0 && wants_spare(j))
			make_spare(j);
	}
	log_event(LOG_LEVEL_INFO, "stopped", "the channel ended", "last_seq=%" PRIu64,
		segment_writer_durable(j->writer));
	_exit(0);
}

/* ---- the command line ---- */

static void usage(FILE *out)
{
	(void)fprintf(out, "usage: tsa-journal [--help] [--version]\n"
			   "Writes the journal of the timestamp authority; is started by tsad.\n");
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			(void)printf("tsa-journal %s\n", TSA_VERSION);
			exit(0);
		default:
			usage(stderr);
			exit(EXIT_NOT_BY_TSAD);
		}
	}
}

static bool has_channel(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(IPC_CHILD_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* tsad decides when to stop, by closing the channel; a limit or a closed log is an error only. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	struct journal *j;

	read_options(argc, argv);
	log_open("journal", LOG_LEVEL_INFO);
	if (!has_channel()) {
		(void)fprintf(stderr, "tsa-journal: is started by tsad, see tsad(8)\n");
		return EXIT_NOT_BY_TSAD;
	}
	if (!sandbox_base(&err)) {
		(void)fprintf(stderr, "tsa-journal: %s\n", err.text);
		return 1;
	}
	ignore_signals();
	(void)umask(077);
	j = must_calloc(1, sizeof(*j));
	j->ipc = ipc_new(IPC_CHILD_FD, 0);
	set_up(j);
	run(j);
}
