/*
 * The connection to PostgreSQL and statements on it.  Nothing here blocks: while the server
 * works, tsad is heard.  Knows no table.
 */
#ifndef TSA_LEDGER_DATABASE_H
#define TSA_LEDGER_DATABASE_H

#include <libpq-fe.h>

#include "tsa/ledger/array.h"
#include "tsa/ledger/channel.h"

struct database;

/*
 * conninfo and channel live longer. Connects nothing yet.  awaited: tokens wait for the commit, so
 * it is one that the standbys which the server waits for have too, and a commit with a warning
 * that they may not is none (R37).
 */
struct database *database_new(const char *conninfo, bool awaited, struct channel *channel);
void database_free(struct database *db);

/* One attempt; the session is then set up for shipping. */
MUST_CHECK bool database_connect(struct database *db, struct err *err);
bool database_connected(const struct database *db);
/* Gives the connection up. */
void database_drop(struct database *db);
/* "PostgreSQL 15.20"; of the present connection. */
void database_server(const struct database *db, char *out, size_t cap);

/*
 * Waits until something comes from tsad, or the connection is lost (false, err says why).
 * timeout_ms as for channel_wait().
 */
MUST_CHECK bool database_idle(struct database *db, int timeout_ms, struct err *err);

/* Parameters of one statement, in binary format; what they point at lives until it is done. */
enum { PARAMS_MAX = 12 };
struct params {
	int count;
	const char *at[PARAMS_MAX];
	int len[PARAMS_MAX];
	int format[PARAMS_MAX];
	uint8_t ints[PARAMS_MAX][8];
};

void params_bytes(struct params *p, struct bytes value);
void params_int4(struct params *p, int32_t value);
void params_int8(struct params *p, int64_t value);

/*
 * Runs one statement and gives its result, in binary format, which the caller clears; NULL and
 * err if the server refuses or the connection is lost. params may be NULL.
 */
PGresult *database_run(
	struct database *db, const char *sql, const struct params *params, struct err *err);
/* The same where only the number of rows matters. */
MUST_CHECK bool database_do(struct database *db, const char *sql, const struct params *params,
	uint64_t *rows, struct err *err);

/*
 * True unless commits are awaited and the last statement, one that committed, came with a warning
 * that a standby may not have it; then err has the server's words.
 */
MUST_CHECK bool database_confirmed(const struct database *db, struct err *err);

/* A value of a result: an integer of 4 or 8 bytes; 0 for null. */
int64_t database_int(const PGresult *result, int row, int column);
struct bytes database_bytes(const PGresult *result, int row, int column);

#endif
