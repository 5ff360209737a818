#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger_world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "tests/fake/scratch.h"

enum { WAIT_MS = 30000 };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* bash -c with pg.sh, the cluster's variables and the schema's folder at hand. */
static int run_bash(const char *command)
{
	char *line;
	int status;

	if (asprintf(&line,
		    "set -eu -o pipefail; . '%s'; if [ -n \"${PG_DIR:-}\" ]; then "
		    "eval \"$(pg_environment)\"; fi; schema='%s'; %s",
		    TSA_PG_SH, TSA_SCHEMA, command) < 0)
		abort();
	status = fork();
	if (status == 0) {
		(void)execlp("bash", "bash", "-c", line, (char *)NULL);
		_exit(127);
	}
	free(line);
	if (status < 0 || waitpid(status, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ledger_world_pg(const char *command)
{
	assert_int_equal(run_bash(command), 0);
}

/* The folder's name comes back through a file, since the cluster is for all commands. */
static int make_folder(void)
{
	char path[] = "/tmp/ledger-world.XXXXXX";
	char line[64] = "";
	char *command;
	FILE *file;
	int fd = mkstemp(path);

	if (fd < 0 || asprintf(&command, "pg_folder > '%s'", path) < 0)
		return -1;
	(void)unsetenv("PG_DIR");
	if (run_bash(command) == 0 && (file = fdopen(fd, "r")) != NULL) {
		if (fgets(line, sizeof(line), file) != NULL)
			line[strcspn(line, "\n")] = '\0';
		(void)fclose(file);
	}
	free(command);
	(void)unlink(path);
	return line[0] == '/' ? setenv("PG_DIR", line, 1) : -1;
}

int ledger_world_begin(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	if (make_folder() != 0)
		return -1;
	return run_bash("pg_init && pg_start && createdb ledger_template && "
			"\"$schema/apply\" ledger_template >/dev/null && "
			"psql -qX -c 'create role tsa_node login in role ts_writer' postgres");
}

int ledger_world_end(void **state)
{
	(void)state;
	return run_bash("pg_remove");
}

int ledger_world_setup(void **state)
{
	struct ledger_world *w = must_calloc(1, sizeof(*w));
	char path[MSG_MAX_PATH];

	*state = w;
	scratch_template(w->directory, sizeof(w->directory), "tsa-ledger");
	if (mkdtemp(w->directory) == NULL || run_bash("createdb -T ledger_template ledger") != 0)
		return -1;
	(void)snprintf(w->conninfo, sizeof(w->conninfo), "host=%s user=tsa_node dbname=ledger",
		getenv("PG_DIR"));
	(void)snprintf(
		w->admin, sizeof(w->admin), "host=%s user=admin dbname=ledger", getenv("PG_DIR"));
	(void)snprintf(w->log, sizeof(w->log), "%s/log", w->directory);
	(void)snprintf(path, sizeof(path), "%s/journal", w->directory);
	ledger_journal_begin(&w->journal, path, 0x1a2b3c4d);
	ledger_journal_tsu(&w->journal);
	return 0;
}

static void remove_directory(const char *directory)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execlp("rm", "rm", "-rf", "--", directory, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

int ledger_world_teardown(void **state)
{
	struct ledger_world *w = *state;

	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
	}
	ipc_free(w->ipc);
	ledger_journal_end(&w->journal);
	remove_directory(w->directory);
	free(w);
	/* A test that failed may have left the server stopped. */
	return run_bash("pg_isready -q || pg_start; dropdb --force ledger");
}

int64_t ledger_world_sql(struct ledger_world *w, const char *fmt, ...)
{
	PGconn *conn = PQconnectdb(w->admin);
	PGresult *result;
	int64_t value = 0;
	char *sql;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&sql, fmt, args) < 0)
		abort();
	va_end(args);
	result = PQexec(conn, sql);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		value = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	else if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	free(sql);
	PQclear(result);
	PQfinish(conn);
	return value;
}

static void tell(struct ledger_world *w, const struct msg *m)
{
	static uint8_t out[IPC_MAX_MESSAGE];

	assert_int_equal(ipc_send_wait(w->ipc, msg_encode(m, out)), IPC_OK);
}

/* Takes one message; false at end of file. */
static bool hear(struct ledger_world *w, int64_t end_ms)
{
	static uint8_t in[IPC_MAX_MESSAGE];
	static struct msg m;
	struct pollfd p = { .fd = ipc_fd(w->ipc), .events = POLLIN };
	struct bytes message;
	int64_t left = end_ms - now_ms();

	if (left <= 0 || poll(&p, 1, (int)left) <= 0)
		fail_msg("nothing from tsa-ledger for %d ms; database: %s", WAIT_MS, w->database);
	if (ipc_recv(w->ipc, in, false, &message) != IPC_OK)
		return false;
	assert_true(msg_decode(message, &m));
	if (m.type == MSG_SHIPPED) {
		w->shipped = m.shipped.seq;
	} else if (m.type == MSG_DATABASE) {
		w->has_news = true;
		w->is_up = m.database.connected;
		(void)snprintf(w->database, sizeof(w->database), "%s", m.database.text);
	} else if (m.type == MSG_INCIDENT) {
		w->incidents++;
		w->incident = m.incident;
	} else if (m.type == MSG_FAILED) {
		w->failed = m.failed;
	} else {
		assert_int_equal(m.type, MSG_READY);
	}
	return true;
}

static void become_ledger(int channel, const char *log)
{
	int copy = fcntl(channel, F_DUPFD_CLOEXEC, 10);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)dup2(copy, IPC_CHILD_FD);
	(void)dup2(out, STDERR_FILENO);
	(void)execl(TSA_LEDGER, "tsa-ledger", (char *)NULL);
	_exit(127);
}

void ledger_world_spawn(struct ledger_world *w, const char *journal, uint32_t version)
{
	static struct msg m;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0)
		become_ledger(pair[1], w->log);
	(void)close(pair[1]);
	ipc_free(w->ipc);
	w->ipc = ipc_new(pair[0], 0);
	w->shipped = 0;
	m.type = MSG_SETUP_LEDGER;
	m.setup_ledger.version = version;
	m.setup_ledger.instance = w->journal.instance;
	(void)snprintf(m.setup_ledger.database, sizeof(m.setup_ledger.database), "%s", w->conninfo);
	(void)snprintf(m.setup_ledger.directory, sizeof(m.setup_ledger.directory), "%s", journal);
	tell(w, &m);
}

void ledger_world_start(struct ledger_world *w, const char *journal)
{
	ledger_world_spawn(w, journal, MSG_VERSION);
	assert_true(hear(w, now_ms() + WAIT_MS));
}

void ledger_world_durable_to(struct ledger_world *w, uint64_t seq)
{
	struct msg m = { .type = MSG_DURABLE, .durable = { .seq = seq } };

	tell(w, &m);
}

void ledger_world_durable(struct ledger_world *w)
{
	ledger_journal_flush(&w->journal);
	ledger_world_durable_to(w, w->journal.seq);
}

void ledger_world_await_shipped(struct ledger_world *w, uint64_t at_least)
{
	const int64_t end_ms = now_ms() + WAIT_MS;

	while (w->shipped < at_least)
		assert_true(hear(w, end_ms));
}

void ledger_world_await_database(struct ledger_world *w, bool up)
{
	const int64_t end_ms = now_ms() + WAIT_MS;

	w->has_news = false;
	while (!w->has_news || w->is_up != up)
		assert_true(hear(w, end_ms));
}

void ledger_world_await_incident(struct ledger_world *w)
{
	const int64_t end_ms = now_ms() + WAIT_MS;

	while (w->incidents == 0)
		assert_true(hear(w, end_ms));
}

void ledger_world_await_failed(struct ledger_world *w)
{
	const int64_t end_ms = now_ms() + WAIT_MS;

	while (w->failed.text[0] == '\0')
		assert_true(hear(w, end_ms));
}

int ledger_world_status(struct ledger_world *w)
{
	const int64_t end_ms = now_ms() + WAIT_MS;
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(w->pid, &status, WNOHANG)) == 0 && now_ms() < end_ms)
		(void)poll(NULL, 0, 10);
	if (pid == 0)
		fail_msg("tsa-ledger does not leave");
	w->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int ledger_world_close(struct ledger_world *w)
{
	ipc_free(w->ipc);
	w->ipc = NULL;
	return ledger_world_status(w);
}

bool ledger_world_logged(const struct ledger_world *w, const char *text)
{
	FILE *file = fopen(w->log, "r");
	char line[4096];
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	if (file != NULL)
		(void)fclose(file);
	return found;
}

static void assert_row(const PGresult *result, int row, struct ledger_journal_row expected)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "%" PRIu32 "/%" PRIu32, expected.lease, expected.ctr);
	assert_string_equal(PQgetvalue(result, row, 0), key);
	assert_int_equal(PQgetlength(result, row, 1), HASH_LEN);
	assert_memory_equal(PQgetvalue(result, row, 1), expected.leaf_hash, HASH_LEN);
	assert_memory_equal(PQgetvalue(result, row, 2), expected.body_sha256, HASH_LEN);
}

void ledger_world_assert_rows(struct ledger_world *w, uint64_t count)
{
	PGconn *conn = PQconnectdb(w->admin);
	PGresult *result = PQexecParams(conn,
		"select lease_id || '/' || ctr, leaf_hash, sha256(body) from ledger.record "
		"where node_id = 439041101 order by lease_id, ctr",
		0, NULL, NULL, NULL, NULL, 1);

	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	assert_int_equal(PQntuples(result), count);
	for (int row = 0; row < PQntuples(result); row++)
		assert_row(result, row, ledger_journal_row(&w->journal, (size_t)row));
	PQclear(result);
	PQfinish(conn);
}
