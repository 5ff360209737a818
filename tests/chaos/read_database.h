/* Reads ledger.record from PostgreSQL into the book. */
#ifndef TSA_TESTS_CHAOS_READ_DATABASE_H
#define TSA_TESTS_CHAOS_READ_DATABASE_H

#include "book.h"

/*
 * Reads the rows from (lease, ctr) on, of a login that may read everything. False with err if the
 * database does not answer, which it may for a moment.
 */
MUST_CHECK bool database_read(
	struct book *book, const char *conninfo, uint32_t lease, uint32_t ctr, struct err *err);

#endif
