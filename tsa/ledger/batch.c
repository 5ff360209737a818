/* Owns the copies of the records of one batch. */
#include "tsa/ledger/batch.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/core/log.h"

/* Memory that a batch of usual records never needs is given back. */
enum { KEEP_BODIES = 4 * 1024 * 1024 };

static void free_leases(struct batch *b)
{
	while (b->leases != NULL) {
		struct batch_lease *lease = b->leases;

		b->leases = lease->next;
		free(lease->node);
		free(lease);
	}
}

void batch_clear(struct batch *b)
{
	free_leases(b);
	if (b->body.buf.cap > KEEP_BODIES)
		array_free(&b->body);
	b->count = 0;
	b->last_seq = 0;
	array_begin(&b->lease, ARRAY_INT8);
	array_begin(&b->ctr, ARRAY_INT4);
	array_begin(&b->kind, ARRAY_INT2);
	array_begin(&b->flags, ARRAY_INT2);
	array_begin(&b->tsu, ARRAY_INT4);
	array_begin(&b->time, ARRAY_INT8);
	array_begin(&b->bound, ARRAY_INT4);
	array_begin(&b->leaf_hash, ARRAY_BYTEA);
	array_begin(&b->body, ARRAY_BYTEA);
}

void batch_free(struct batch *b)
{
	free_leases(b);
	array_free(&b->lease);
	array_free(&b->ctr);
	array_free(&b->kind);
	array_free(&b->flags);
	array_free(&b->tsu);
	array_free(&b->time);
	array_free(&b->bound);
	array_free(&b->leaf_hash);
	array_free(&b->body);
}

bool batch_full(const struct batch *b)
{
	return b->count == BATCH_MAX_RECORDS;
}

static void add_lease(struct batch *b, const struct msg_record *record, char *node)
{
	struct batch_lease *lease = must_calloc(1, sizeof(*lease));

	lease->next = b->leases;
	lease->lease = record->lease;
	lease->time_us = record->time_us;
	lease->node = node;
	b->leases = lease;
}

void batch_add(struct batch *b, const struct msg_record *record, char *node)
{
	struct batch_key *key;

	if (batch_full(b))
		BUG("batch: record %zu of at most %d", b->count + 1, BATCH_MAX_RECORDS);
	if (b->count == 0)
		b->first_time_us = (int64_t)record->time_us;
	key = &b->keys[b->count++];
	b->last_seq = record->seq;
	key->lease = record->lease;
	key->ctr = record->ctr;
	memcpy(key->leaf_hash, record->leaf_hash, sizeof(key->leaf_hash));
	if (node != NULL)
		add_lease(b, record, node);
	array_add_int(&b->lease, record->lease);
	array_add_int(&b->ctr, record->ctr);
	array_add_int(&b->kind, record->kind);
	array_add_int(&b->flags, record->flags);
	array_add_int(&b->tsu, record->tsu_id);
	array_add_int(&b->time, (int64_t)record->time_us);
	array_add_int(&b->bound, record->bound_us);
	array_add_bytes(
		&b->leaf_hash, (struct bytes){ record->leaf_hash, sizeof(record->leaf_hash) });
	array_add_bytes(&b->body, record->body);
}
