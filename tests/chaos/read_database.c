#include "read_database.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

enum column {
	COLUMN_NODE,
	COLUMN_LEASE,
	COLUMN_CTR,
	COLUMN_KIND,
	COLUMN_FLAGS,
	COLUMN_TSU,
	COLUMN_BOUND,
	COLUMN_TIME,
	COLUMN_LEAF,
	COLUMN_BODY,
	COLUMNS,
};

static const char statement[] =
	"select node_id, lease_id, ctr, kind, flags, tsu_id, bound_us, time_us, leaf_hash, sha256(body) "
	"from ledger.record where lease_id >= $1::int8 and (lease_id > $1::int8 or ctr >= $2::int4)";

/* A column of type int2, int4, int8, in binary. */
static int64_t integer(const PGresult *row, enum column column)
{
	const uint8_t *at = (const uint8_t *)PQgetvalue(row, 0, (int)column);
	int len = PQgetlength(row, 0, (int)column);
	uint64_t n = at[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		n = n << 8 | at[i];
	return (int64_t)n;
}

static void take(struct book *book, const PGresult *row)
{
	struct seen seen = { .there = true,
		.kind = (uint8_t)integer(row, COLUMN_KIND),
		.flags = (uint8_t)integer(row, COLUMN_FLAGS),
		.tsu_id = (uint32_t)integer(row, COLUMN_TSU),
		.bound_us = (int32_t)integer(row, COLUMN_BOUND),
		.time_us = (uint64_t)integer(row, COLUMN_TIME) };
	uint32_t lease = (uint32_t)integer(row, COLUMN_LEASE);
	uint32_t ctr = (uint32_t)integer(row, COLUMN_CTR);
	struct slot *slot = book_slot(book, lease, ctr);
	struct seen *known;

	if (integer(row, COLUMN_NODE) != book->instance)
		book_finding(book,
			"PostgreSQL: lease %" PRIu32 " counter %" PRIu32 ": is of another node",
			lease, ctr);
	if (slot == NULL)
		return;
	memcpy(seen.leaf, PQgetvalue(row, 0, COLUMN_LEAF), HASH_LEN);
	memcpy(seen.body, PQgetvalue(row, 0, COLUMN_BODY), HASH_LEN);
	known = &slot->seen[SOURCE_DATABASE];
	if (known->there && !seen_same(known, &seen))
		book_finding(book,
			"PostgreSQL: lease %" PRIu32 " counter %" PRIu32
			": its row was another one before",
			lease, ctr);
	*known = seen;
}

static bool is_row(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_SINGLE_TUPLE && PQnfields(result) == COLUMNS &&
	       PQgetlength(result, 0, COLUMN_LEAF) == HASH_LEN &&
	       PQgetlength(result, 0, COLUMN_BODY) == HASH_LEN;
}

/* Takes all rows as they come; false if they did not all come. */
static bool take_rows(struct book *book, PGconn *conn)
{
	PGresult *result;
	bool whole = false;

	while ((result = PQgetResult(conn)) != NULL) {
		if (is_row(result))
			take(book, result);
		whole = PQresultStatus(result) == PGRES_TUPLES_OK;
		PQclear(result);
	}
	return whole;
}

bool database_read(
	struct book *book, const char *conninfo, uint32_t lease, uint32_t ctr, struct err *err)
{
	const uint64_t lease_be = htobe64(lease);
	const uint32_t ctr_be = htobe32(ctr);
	const char *values[] = { (const char *)&lease_be, (const char *)&ctr_be };
	const int lengths[] = { sizeof(lease_be), sizeof(ctr_be) };
	const int formats[] = { 1, 1 };
	PGconn *conn = PQconnectdb(conninfo);
	bool ok = PQstatus(conn) == CONNECTION_OK &&
		  PQsendQueryParams(conn, statement, 2, NULL, values, lengths, formats, 1) == 1 &&
		  PQsetSingleRowMode(conn) == 1 && take_rows(book, conn);

	if (!ok)
		(void)err_set(err, "PostgreSQL: %.300s", PQerrorMessage(conn));
	PQfinish(conn);
	return ok;
}
