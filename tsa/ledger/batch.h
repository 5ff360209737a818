/*
 * Records of one lease on their way to PostgreSQL in one transaction, as the arrays of one INSERT.
 */
#ifndef TSA_LEDGER_BATCH_H
#define TSA_LEDGER_BATCH_H

#include "tsa/core/msg.h"
#include "tsa/ledger/array.h"

/* Measured (ledger.md 1.4.3): larger batches bring nothing and delay the journal's wake-up. */
enum { BATCH_MAX_RECORDS = 500 };

/* What a record is known by, and what it must be the same in. */
struct batch_key {
	uint32_t lease;
	uint32_t ctr;
	uint8_t leaf_hash[MSG_HASH];
};

/* A lease that is opened in this batch. */
struct batch_lease {
	struct batch_lease *next;
	uint32_t lease;
	uint64_t time_us;
	char *node;
};

/* All zero is empty; used again after batch_clear(). */
struct batch {
	size_t count;
	uint64_t last_seq;
	int64_t first_time_us; /* of its first record */
	struct batch_key keys[BATCH_MAX_RECORDS];
	struct batch_lease *leases; /* of its lease-open, if it is among them */
	struct array lease;
	struct array ctr;
	struct array kind;
	struct array flags;
	struct array tsu;
	struct array time;
	struct array bound;
	struct array leaf_hash;
	struct array body;
};

void batch_clear(struct batch *b);
void batch_free(struct batch *b);
bool batch_full(const struct batch *b);
/*
 * Copies the record. node is the node's name of a lease-open (taken), else NULL.  The batch is
 * not full.
 */
void batch_add(struct batch *b, const struct msg_record *record, char *node);

#endif
