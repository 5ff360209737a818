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
 * connection or an unconfirmed commit, which leaves it open; to send it again is harmless.
 */
MUST_CHECK bool store_insert(struct database *db, uint32_t instance, struct batch *batch,
	struct tsu_row *tsus, uint64_t *inserted, struct err *err);

/*
 * Commits something that the standbys must confirm: all that stands in the database before it is
 * then confirmed too, whoever put it there.  False: it is not, or the database cannot say.  A
 * batch that is there already writes nothing, and its commit would wait for nobody.
 */
MUST_CHECK bool store_confirm(struct database *db, struct err *err);

/* What the database holds under the keys of a batch. */
struct store_comparison {
	size_t present; /* rows that are there */
	size_t differing; /* of these, not the same record; the first of them is */
	struct batch_key ours;
	uint8_t theirs[MSG_HASH];
};
MUST_CHECK bool store_compare(struct database *db, uint32_t instance, const struct batch *batch,
	struct store_comparison *comparison, struct err *err);

/* What the database has of a lease: records, and one more than the greatest counter. */
struct store_extent {
	uint64_t count;
	uint32_t end;
};
MUST_CHECK bool store_extent(struct database *db, uint32_t instance, uint32_t lease,
	struct store_extent *extent, struct err *err);

/* The newest lease of this instance after a lease; 0 if there is none. */
MUST_CHECK bool store_newest_lease_after(
	struct database *db, uint32_t instance, uint32_t lease, uint32_t *newest, struct err *err);

#endif
