/*
 * Drives the real tsa-journal over a socketpair, as tsad does.  TSA_JOURNAL is its path.
 * Include after cmocka.h.
 */
#ifndef TSA_TESTS_UNIT_JOURNAL_CHILD_H
#define TSA_TESTS_UNIT_JOURNAL_CHILD_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/journal_fixture.h"
#include "tsa/core/ipc.h"

enum { ANSWER_MS = 100000, NOBODY = 65534 };

struct child {
	pid_t pid;
	struct ipc *ipc;
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
	struct msg m; /* received last */
};

/* What the child gives up before it is executed. */
struct child_limits {
	rlim_t file_size; /* 0: none */
	bool as_nobody; /* if we are root */
};

static inline _Noreturn void child_exec(int channel, int program, const struct child_limits *limits)
{
	static char name[] = "tsa-journal";
	static char *const argv[] = { name, NULL };
	const struct rlimit size = { limits->file_size, limits->file_size };
	extern char **environ;

	if (dup2(channel, IPC_CHILD_FD) < 0 ||
		(limits->file_size > 0 && setrlimit(RLIMIT_FSIZE, &size) != 0) ||
		(limits->as_nobody && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)))
		_exit(99);
	(void)fexecve(program, argv, environ);
	_exit(98);
}

static inline struct child *child_start_limited(const struct child_limits *limits)
{
	struct child *c = must_calloc(1, sizeof(*c));
	/* Opened before rights are given up; away from the channel's number. */
	int opened = open(TSA_JOURNAL, O_RDONLY | O_CLOEXEC);
	int program = fcntl(opened, F_DUPFD_CLOEXEC, 10);
	int pair[2];

	assert_true(program >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		int channel = fcntl(pair[1], F_DUPFD, 10);

		child_exec(channel, program, limits);
	}
	(void)close(opened);
	(void)close(program);
	(void)close(pair[1]);
	c->ipc = ipc_new(pair[0], 0);
	return c;
}

static inline struct child *child_start(void)
{
	const struct child_limits none = { 0, false };

	return child_start_limited(&none);
}

static inline void child_send(struct child *c, const struct msg *m)
{
	assert_int_equal(ipc_send_wait(c->ipc, msg_encode(m, c->out)), IPC_OK);
}

static inline void child_send_setup(struct child *c, const char *directory, bool recover)
{
	struct msg m = { .type = MSG_SETUP_JOURNAL };

	m.setup_journal.version = MSG_VERSION;
	m.setup_journal.recover = recover ? 1 : 0;
	(void)snprintf(m.setup_journal.directory, sizeof(m.setup_journal.directory), "%.*s",
		MSG_MAX_PATH - 1, directory);
	child_send(c, &m);
}

/* The next message, in c->m; MSG_TYPES at the end of the channel. */
static inline enum msg_type child_recv(struct child *c)
{
	struct pollfd p = { .fd = ipc_fd(c->ipc), .events = POLLIN };
	struct bytes message;

	assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
	if (ipc_recv(c->ipc, c->in, false, &message) != IPC_OK)
		return MSG_TYPES;
	assert_true(msg_decode(message, &c->m));
	return c->m.type;
}

/* The next message that is not DISK, which comes whenever the disk changes. */
static inline void child_expect(struct child *c, enum msg_type type)
{
	enum msg_type found;

	do
		found = child_recv(c);
	while (found == MSG_DISK);
	if (found == MSG_FAILED && type != MSG_FAILED)
		fail_msg("FAILED: %s", c->m.failed.text);
	assert_int_equal(found, type);
}

static inline void child_expect_failed(struct child *c, enum msg_failure failure, const char *text)
{
	child_expect(c, MSG_FAILED);
	assert_int_equal(c->m.failed.failure, failure);
	if (strstr(c->m.failed.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", c->m.failed.text, text);
}

/* Reads DURABLEs until this seq is; gives how many came. */
static inline int child_expect_durable(struct child *c, uint64_t seq)
{
	int count = 0;

	do {
		child_expect(c, MSG_DURABLE);
		assert_true(c->m.durable.seq <= seq);
		count++;
	} while (c->m.durable.seq < seq);
	return count;
}

/* Closes our end. */
static inline void child_hang_up(struct child *c)
{
	ipc_free(c->ipc);
	c->ipc = NULL;
}

/* Waits for the end of the child; its wait status. Frees c. */
static inline int child_wait(struct child *c)
{
	int status = 0;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	if (c->ipc != NULL)
		ipc_free(c->ipc);
	free(c);
	return status;
}

static inline void child_expect_exit(struct child *c, int code)
{
	int status = child_wait(c);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static inline void child_expect_abort(struct child *c)
{
	int status = child_wait(c);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* Hangs up and expects that the child leaves well. */
static inline void child_stop(struct child *c)
{
	child_hang_up(c);
	child_expect_exit(c, 0);
}

static inline void child_kill(struct child *c)
{
	assert_int_equal(kill(c->pid, SIGKILL), 0);
	(void)child_wait(c);
}

/* Stops the process; returns when it stands still. */
static inline void child_freeze(const struct child *c)
{
	int status;

	assert_int_equal(kill(c->pid, SIGSTOP), 0);
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
}

static inline void child_thaw(const struct child *c)
{
	assert_int_equal(kill(c->pid, SIGCONT), 0);
}

/*
 * Directories get sparse files as spares: a spare is known by its size, and filling real ones
 * would write 192 MiB a test.
 */
static inline int child_set_up(void **state)
{
	struct fixture *f = fixture_new();

	for (int i = 1; i <= 4; i++) {
		char name[SEGMENT_NAME];
		int fd;

		(void)snprintf(name, sizeof(name), "spare-%d.new", i);
		fd = fixture_open_file(f, name, O_WRONLY | O_CREAT);
		assert_int_equal(ftruncate(fd, SEGMENT_SIZE), 0);
		(void)close(fd);
	}
	*state = f;
	return 0;
}

static inline int child_tear_down(void **state)
{
	fixture_remove(*state);
	return 0;
}

static inline struct msg record_message(
	uint64_t seq, uint32_t ctr, enum record_kind kind, struct bytes body)
{
	struct msg m = { .type = MSG_RECORD };

	m.record.seq = seq;
	m.record.lease = LEASE;
	m.record.ctr = ctr;
	m.record.kind = (uint8_t)kind;
	m.record.time_us = 1000 + seq;
	m.record.bound_us = -1;
	m.record.body = body;
	fixture_leaf(ctr, m.record.leaf_hash);
	return m;
}

/* Records first .. last of one lease that opens with record 1; counter = seq - 1. */
static inline void send_records(struct child *c, uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		struct msg m = record_message(seq, (uint32_t)seq - 1,
			seq == 1 ? RECORD_LEASE_OPEN : RECORD_TOKEN, bytes_of_text("body"));

		child_send(c, &m);
	}
}

/* Every record 1 .. last stands there once, in order, as sent by send_records(). */
static inline void expect_records(const struct fixture *f, uint64_t last)
{
	struct err err = { 0 };
	struct journal_reader *r = journal_reader_open(f->path, &err);
	struct msg_record record;

	assert_non_null(r);
	for (uint64_t seq = 1; seq <= last; seq++) {
		if (journal_reader_next(r, last, &record, &err) != JOURNAL_RECORD)
			fail_msg("%s", err.text);
		assert_int_equal(record.seq, seq);
		assert_int_equal(record.ctr, seq - 1);
		assert_int_equal(record.time_us, 1000 + seq);
		assert_int_equal(record.bound_us, -1);
		assert_true(bytes_equal(record.body, bytes_of_text("body")));
	}
	/* The next is not there: a frame would have been found. */
	assert_int_equal(journal_reader_next(r, last + 1, &record, &err), JOURNAL_FAILED);
	journal_reader_free(r);
}

static inline struct child *start_ready(const struct fixture *f, bool recover)
{
	struct child *c = child_start();

	child_send_setup(c, f->path, recover);
	child_expect(c, MSG_JOURNAL_READY);
	return c;
}

#endif
