/* The statements on the tables of schema/: the only place of this program that knows them. */
#ifndef TSA_LEDGER_STORE_H
#define TSA_LEDGER_STORE_H

#include "tsa/ledger/batch.h"
#include "tsa/ledger/database.h"
#include "tsa/ledger/tsu_files.h"

/*
 * One transaction: the rows of ledger.tsu that the database has not, node and lease for each
 * lease-open of the batch, then its records, whatever stands there already left out.
 * *inserted is the number of records that went in.  Failure leaves nothing, except a lost
 * connection during the commit, which leaves it open; to send it again is harmless.
 */
MUST_CHECK bool store_insert(struct database *db, uint32_t instance, struct batch *batch,
	struct tsu_row *tsus, uint64_t *inserted, struct err *err);

/* What the database holds under the keys of a batch. */
struct store_comparison {
	size_t present; /* rows that are there */
	bool differs; /* one of them is not the same record: the first of these is */
	struct batch_key ours;
	uint8_t theirs[MSG_HASH];
};
MUST_CHECK bool store_compare(struct database *db, uint32_t instance, const struct batch *batch,
	struct store_comparison *comparison, struct err *err);

/* Number of records that the database has of a lease. */
MUST_CHECK bool store_count(
	struct database *db, uint32_t instance, uint32_t lease, uint64_t *count, struct err *err);

/* The newest lease of this instance after a lease; 0 if there is none. */
MUST_CHECK bool store_newest_lease_after(
	struct database *db, uint32_t instance, uint32_t lease, uint32_t *newest, struct err *err);

#endif
