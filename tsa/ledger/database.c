/* Owns the connection. */
#include "tsa/ledger/database.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/log.h"
#include "tsa/ledger/connect.h"

/* A statement that takes longer is reported; it is not given up, the server may be busy. */
enum { PATIENCE_MS = 10000 };

struct database {
	struct connector *connector;
	struct channel *channel;
	PGconn *conn;
	bool awaited;
	char warning[160]; /* SQLSTATE 01000 that the last statement came with; empty: none */
};

struct database *database_new(const char *conninfo, bool awaited, struct channel *channel)
{
	struct database *db = must_calloc(1, sizeof(*db));

	db->connector = connector_new(conninfo, channel);
	db->channel = channel;
	db->awaited = awaited;
	return db;
}

void database_free(struct database *db)
{
	if (db == NULL)
		return;
	database_drop(db);
	connector_free(db->connector);
	free(db);
}

bool database_connected(const struct database *db)
{
	return db->conn != NULL;
}

void database_drop(struct database *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

/* The server's words without DETAIL, which would show a row's body. */
static void write_words(const PGconn *conn, const PGresult *result, char *out, size_t cap)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (words == NULL)
		words = PQerrorMessage(conn);
	(void)snprintf(out, cap, "%s%s%s", words, state == NULL ? "" : ", SQLSTATE ",
		state == NULL ? "" : state);
}

/*
 * R37: a wait for the standby that is cancelled ends in a commit that reports success, and in a
 * warning with the SQLSTATE of warnings that have none of their own.
 */
static const char unconfirmed_state[] = "01000";

static void take_notice(void *arg, const PGresult *result)
{
	struct database *db = arg;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	/* Class 01 are warnings; among them a commit that the standby may not have. */
	bool warning = state != NULL && strncmp(state, "01", 2) == 0;

	if (state != NULL && strcmp(state, unconfirmed_state) == 0)
		(void)snprintf(db->warning, sizeof(db->warning), "%s",
			words == NULL ? "a warning without words" : words);
	log_event(warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "database_notice", words,
		"severity=%s sqlstate=%s", severity == NULL ? "-" : severity,
		state == NULL ? "-" : state);
}

/*
 * Time-outs: a commit that one of the role or the database cut short would be in doubt.
 * synchronous_commit: where nothing waits for the commit the journal is the other copy, and a
 * standby is not waited for (ledger.md 1.6).  Where tokens wait, what the operator's string, role
 * or server says holds, but for off: then no commit would be durable.
 */
#define SESSION(synchronous_commit)                                                                \
	"select set_config(name, value, false) from (values "                                      \
	"('synchronous_commit', " synchronous_commit "), ('statement_timeout', '0'), "             \
	"('lock_timeout', '0'), ('idle_session_timeout', '0'), "                                   \
	"('default_transaction_isolation', 'read committed'), "                                    \
	"('search_path', 'pg_catalog')) as settings (name, value)"
static const char session[] = SESSION("'local'");
static const char awaited_session[] =
	SESSION("replace(current_setting('synchronous_commit'), 'off', 'on')");

bool database_connect(struct database *db, struct err *err)
{
	uint64_t rows;

	db->conn = connector_attempt(db->connector, err);
	if (db->conn == NULL)
		return false;
	(void)PQsetNoticeReceiver(db->conn, take_notice, db);
	if (PQsetnonblocking(db->conn, 1) != 0) {
		database_drop(db);
		return err_set(err, "database: connection must be non-blocking: libpq refused");
	}
	if (!database_do(db, db->awaited ? awaited_session : session, NULL, &rows, err)) {
		database_drop(db);
		return false;
	}
	return true;
}

bool database_confirmed(const struct database *db, struct err *err)
{
	if (!db->awaited || db->warning[0] == '\0')
		return true;
	return err_set(err,
		"database: R37: a commit that tokens wait for must be on the standby: %s, "
		"SQLSTATE %s",
		db->warning, unconfirmed_state);
}

void database_server(const struct database *db, char *out, size_t cap)
{
	const char *version = PQparameterStatus(db->conn, "server_version");

	(void)snprintf(out, cap, "PostgreSQL %s", version == NULL ? "of unknown version" : version);
}

static bool lost(const struct database *db, struct err *err)
{
	char words[256];

	write_words(db->conn, NULL, words, sizeof(words));
	return err_set(err, "database: connection must hold: %s", words);
}

bool database_idle(struct database *db, int timeout_ms, struct err *err)
{
	if (channel_wait(db->channel, PQsocket(db->conn), POLLIN, timeout_ms) != CHANNEL_SOCKET)
		return true;
	if (PQconsumeInput(db->conn) != 1 || PQstatus(db->conn) != CONNECTION_OK)
		return lost(db, err);
	return true;
}

void params_bytes(struct params *p, struct bytes value)
{
	/* A null pointer would be SQL's null. */
	p->at[p->count] = value.len == 0 ? "" : (const char *)value.at;
	p->len[p->count] = (int)value.len;
	p->format[p->count] = 1;
	p->count++;
}

void params_int4(struct params *p, int32_t value)
{
	struct writer w = { .at = p->ints[p->count], .cap = sizeof(p->ints[0]) };

	writer_u32(&w, (uint32_t)value);
	params_bytes(p, (struct bytes){ w.at, w.len });
}

void params_int8(struct params *p, int64_t value)
{
	struct writer w = { .at = p->ints[p->count], .cap = sizeof(p->ints[0]) };

	writer_u64(&w, (uint64_t)value);
	params_bytes(p, (struct bytes){ w.at, w.len });
}

/* Sends what libpq still holds and takes in what came, until the next result is whole. */
static bool wait_result(struct database *db, struct err *err)
{
	for (;;) {
		int unsent = PQflush(db->conn);

		if (unsent < 0)
			return lost(db, err);
		if (unsent == 0 && !PQisBusy(db->conn))
			return true;
		switch (channel_wait(db->channel, PQsocket(db->conn),
			unsent > 0 ? POLLIN | POLLOUT : POLLIN, PATIENCE_MS)) {
		case CHANNEL_SOCKET:
			if (PQconsumeInput(db->conn) != 1)
				return lost(db, err);
			break;
		case CHANNEL_OVER:
			return err_set(err, "database: must answer before this process ends: "
					    "it did not");
		case CHANNEL_TIMEOUT:
			channel_database(db->channel, false,
				"database: must answer a statement within 10 s: still waiting");
			break;
		case CHANNEL_NEWS:
			break;
		}
	}
}

/* The first result that is an error, else the last one. */
static PGresult *collect(struct database *db, struct err *err)
{
	PGresult *kept = NULL;

	for (;;) {
		PGresult *next;

		if (!wait_result(db, err)) {
			PQclear(kept);
			return NULL;
		}
		next = PQgetResult(db->conn);
		if (next == NULL)
			break;
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
	if (kept == NULL)
		(void)lost(db, err);
	return kept;
}

PGresult *database_run(
	struct database *db, const char *sql, const struct params *params, struct err *err)
{
	static const struct params none = { 0 };
	PGresult *result;
	ExecStatusType status;
	char words[400];

	if (params == NULL)
		params = &none;
	db->warning[0] = '\0';
	if (PQsendQueryParams(db->conn, sql, params->count, NULL, params->at, params->len,
		    params->format, 1) != 1) {
		(void)lost(db, err);
		return NULL;
	}
	result = collect(db, err);
	if (result == NULL)
		return NULL;
	status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	write_words(db->conn, result, words, sizeof(words));
	(void)err_set(err, "database: must take the statement: %s", words);
	PQclear(result);
	return NULL;
}

bool database_do(struct database *db, const char *sql, const struct params *params, uint64_t *rows,
	struct err *err)
{
	PGresult *result = database_run(db, sql, params, err);

	if (result == NULL)
		return false;
	*rows = strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return true;
}

int64_t database_int(const PGresult *result, int row, int column)
{
	struct reader r = { .rest = database_bytes(result, row, column) };

	if (r.rest.len == 4)
		return (int32_t)reader_u32(&r);
	return (int64_t)reader_u64(&r);
}

struct bytes database_bytes(const PGresult *result, int row, int column)
{
	return (struct bytes){ (const uint8_t *)PQgetvalue(result, row, column),
		(size_t)PQgetlength(result, row, column) };
}
