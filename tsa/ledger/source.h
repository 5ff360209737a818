/* Batches out of the journal: reads records up to a bound and makes them ready to be inserted. */
#ifndef TSA_LEDGER_SOURCE_H
#define TSA_LEDGER_SOURCE_H

#include "tsa/ledger/batch.h"
#include "tsa/ledger/tsu_files.h"
#include "tsa/record/reader.h"

struct source {
	const char *directory;
	struct journal_reader *reader;
	struct tsu_files *tsus;
	uint32_t missing_tsu; /* reported as missing already; 0: none */
};

/* directory lives longer. source_close() in any case. */
MUST_CHECK bool source_open(struct source *s, const char *directory, struct err *err);
void source_close(struct source *s);

/* The database may be another one now: everything that goes with records goes again. */
void source_restart(struct source *s);

/*
 * Fills the batch, emptied first, with the records from seq from on, as many as there are up to
 * bound, of the lease of the first, and as it holds.  Fails if the journal cannot be read or a
 * lease-open does not decode.
 */
MUST_CHECK bool source_fill(
	struct source *s, uint64_t from, uint64_t bound, struct batch *batch, struct err *err);

#endif
