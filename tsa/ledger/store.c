/* Owns nothing; each function is one conversation with the database. */
#include "tsa/ledger/store.h"

#include <string.h>

static bool begin_or_commit(struct database *db, const char *sql, const char *tag, struct err *err)
{
	PGresult *result = database_run(db, sql, NULL, err);
	bool ok;

	if (result == NULL)
		return false;
	/* A commit of a transaction that failed says ROLLBACK. */
	ok = strcmp(PQcmdStatus(result), tag) == 0;
	if (!ok)
		(void)err_set(err, "database: %s must be done: server says %.32s", tag,
			PQcmdStatus(result));
	PQclear(result);
	return ok;
}

static bool insert_tsu(
	struct database *db, const struct tsu_row *row, int64_t added_us, struct err *err)
{
	static const char sql[] =
		"insert into ledger.tsu (tsu_id, cert_sha256, spki_sha256, cert_der, chain_der, "
		"chain_sha256, not_before_us, sign_until_us, added_us) values ($1::int4, "
		"$2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::int8, $8::int8, "
		"$9::int8) on conflict do nothing";
	struct params p = { 0 };
	uint64_t rows;

	params_int4(&p, (int32_t)row->tsu_id);
	params_bytes(&p, (struct bytes){ row->cert_sha256, sizeof(row->cert_sha256) });
	params_bytes(&p, (struct bytes){ row->spki_sha256, sizeof(row->spki_sha256) });
	params_bytes(&p, buf_view(&row->cert_der));
	params_bytes(&p, buf_view(&row->chain_der));
	params_bytes(&p, (struct bytes){ row->chain_sha256, sizeof(row->chain_sha256) });
	params_int8(&p, row->not_before_us);
	params_int8(&p, row->sign_until_us);
	params_int8(&p, added_us);
	return database_do(db, sql, &p, &rows, err) || err_while(err, "ledger.tsu: %s", row->file);
}

static bool insert_lease(
	struct database *db, uint32_t instance, const struct batch_lease *lease, struct err *err)
{
	static const char node_sql[] = "insert into ledger.node (node_id, name, added_us) "
				       "values ($1::int4, $2::text, $3::int8) "
				       "on conflict do nothing";
	static const char lease_sql[] = "insert into ledger.lease (node_id, lease_id, granted_us) "
					"values ($1::int4, $2::int8, $3::int8) "
					"on conflict do nothing";
	struct params node = { 0 };
	struct params grant = { 0 };
	uint64_t rows;

	params_int4(&node, (int32_t)instance);
	params_bytes(&node, bytes_of_text(lease->node));
	params_int8(&node, (int64_t)lease->time_us);
	if (!database_do(db, node_sql, &node, &rows, err))
		return err_while(err, "ledger.node");
	params_int4(&grant, (int32_t)instance);
	params_int8(&grant, lease->lease);
	params_int8(&grant, (int64_t)lease->time_us);
	return database_do(db, lease_sql, &grant, &rows, err) || err_while(err, "ledger.lease");
}

static bool insert_records(struct database *db, uint32_t instance, struct batch *b,
	uint64_t *inserted, struct err *err)
{
	static const char sql[] =
		"insert into ledger.record (lease_id, node_id, ctr, kind, flags, tsu_id, time_us, "
		"bound_us, leaf_hash, body) select lease_id, $1::int4, ctr, kind, flags, tsu_id, "
		"time_us, bound_us, leaf_hash, body from unnest($2::int8[], $3::int4[], "
		"$4::int2[], $5::int2[], $6::int4[], $7::int8[], $8::int4[], $9::bytea[], "
		"$10::bytea[]) as r (lease_id, ctr, kind, flags, tsu_id, time_us, bound_us, "
		"leaf_hash, body) on conflict do nothing";
	struct params p = { 0 };

	params_int4(&p, (int32_t)instance);
	params_bytes(&p, array_view(&b->lease));
	params_bytes(&p, array_view(&b->ctr));
	params_bytes(&p, array_view(&b->kind));
	params_bytes(&p, array_view(&b->flags));
	params_bytes(&p, array_view(&b->tsu));
	params_bytes(&p, array_view(&b->time));
	params_bytes(&p, array_view(&b->bound));
	params_bytes(&p, array_view(&b->leaf_hash));
	params_bytes(&p, array_view(&b->body));
	return database_do(db, sql, &p, inserted, err) ||
	       err_while(err, "ledger.record: lease %u counter %u and what follows",
		       (unsigned)b->keys[0].lease, (unsigned)b->keys[0].ctr);
}

static bool has_companions(const struct batch *batch, const struct tsu_row *tsus)
{
	const struct tsu_row *row = tsus;

	while (row != NULL && (row->shipped || row->broken))
		row = row->next;
	return row != NULL || batch->leases != NULL;
}

static bool insert_with_companions(struct database *db, uint32_t instance, struct batch *batch,
	const struct tsu_row *tsus, uint64_t *inserted, struct err *err)
{
	const struct batch_lease *lease;

	if (!begin_or_commit(db, "begin", "BEGIN", err))
		return false;
	for (const struct tsu_row *row = tsus; row != NULL; row = row->next) {
		if (!row->shipped && !row->broken &&
			!insert_tsu(db, row, batch->first_time_us, err))
			return false;
	}
	for (lease = batch->leases; lease != NULL; lease = lease->next) {
		if (!insert_lease(db, instance, lease, err))
			return false;
	}
	return insert_records(db, instance, batch, inserted, err) &&
	       begin_or_commit(db, "commit", "COMMIT", err);
}

/* Records alone, nearly always, are one statement: a transaction of its own, one round trip. */
static bool insert_all(struct database *db, uint32_t instance, struct batch *batch,
	const struct tsu_row *tsus, uint64_t *inserted, struct err *err)
{
	if (has_companions(batch, tsus))
		return insert_with_companions(db, instance, batch, tsus, inserted, err);
	return insert_records(db, instance, batch, inserted, err);
}

bool store_insert(struct database *db, uint32_t instance, struct batch *batch, struct tsu_row *tsus,
	uint64_t *inserted, struct err *err)
{
	/* After a failure the caller gives the connection up, which ends its transaction. */
	if (!insert_all(db, instance, batch, tsus, inserted, err) || !database_confirmed(db, err))
		return false;
	for (struct tsu_row *row = tsus; row != NULL; row = row->next)
		row->shipped = true;
	return true;
}

bool store_confirm(struct database *db, struct err *err)
{
	/*
	 * A transaction that only takes a number writes no WAL before its commit record, and the
	 * server waits for no standby then.  This writes some; nobody decodes it.  Standbys
	 * confirm WAL in its order.
	 */
	static const char sql[] =
		"select pg_logical_emit_message(true, 'tsa-ledger'::text, ''::text)";
	PGresult *result = database_run(db, sql, NULL, err);

	if (result == NULL)
		return err_while(err, "ack = ledger");
	PQclear(result);
	return database_confirmed(db, err);
}

/* The key of the batch with this counter; a batch is of one lease. NULL if none. */
static const struct batch_key *key_of(const struct batch *batch, uint32_t ctr)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->keys[i].ctr == ctr)
			return &batch->keys[i];
	}
	return NULL;
}

static void compare_row(
	const PGresult *result, int row, const struct batch_key *ours, struct store_comparison *c)
{
	struct bytes theirs = database_bytes(result, row, 1);

	if (ours == NULL)
		return;
	c->present++;
	if (bytes_equal(theirs, (struct bytes){ ours->leaf_hash, MSG_HASH }))
		return;
	if (c->differing++ > 0)
		return;
	c->ours = *ours;
	if (theirs.len == MSG_HASH)
		memcpy(c->theirs, theirs.at, MSG_HASH);
}

bool store_compare(struct database *db, uint32_t instance, const struct batch *batch,
	struct store_comparison *comparison, struct err *err)
{
	static const char sql[] = "select ctr, leaf_hash from ledger.record where "
				  "lease_id = $1::int8 and node_id = $2::int4 and "
				  "ctr = any ($3::int4[]) order by ctr";
	struct array ctrs = { 0 };
	struct params p = { 0 };
	PGresult *result;

	memset(comparison, 0, sizeof(*comparison));
	if (batch->count == 0)
		return true;
	array_begin(&ctrs, ARRAY_INT4);
	for (size_t i = 0; i < batch->count; i++)
		array_add_int(&ctrs, batch->keys[i].ctr);
	params_int8(&p, batch->keys[0].lease);
	params_int4(&p, (int32_t)instance);
	params_bytes(&p, array_view(&ctrs));
	result = database_run(db, sql, &p, err);
	for (int row = 0; result != NULL && row < PQntuples(result); row++) {
		uint32_t ctr = (uint32_t)database_int(result, row, 0);

		compare_row(result, row, key_of(batch, ctr), comparison);
	}
	array_free(&ctrs);
	if (result == NULL)
		return err_while(err, "ledger.record: lease %u", (unsigned)batch->keys[0].lease);
	PQclear(result);
	return true;
}

bool store_extent(struct database *db, uint32_t instance, uint32_t lease,
	struct store_extent *extent, struct err *err)
{
	static const char sql[] = "select count(*), max(ctr) + 1::int8 from ledger.record where "
				  "lease_id = $1::int8 and node_id = $2::int4";
	struct params p = { 0 };
	PGresult *result;

	params_int8(&p, lease);
	params_int4(&p, (int32_t)instance);
	result = database_run(db, sql, &p, err);
	if (result == NULL)
		return err_while(err, "ledger.record: lease %u", (unsigned)lease);
	extent->count = (uint64_t)database_int(result, 0, 0);
	extent->end = (uint32_t)database_int(result, 0, 1);
	PQclear(result);
	return true;
}

bool store_newest_lease_after(
	struct database *db, uint32_t instance, uint32_t lease, uint32_t *newest, struct err *err)
{
	/* Steps from lease to lease of all nodes through the key: one probe each, no scan. */
	static const char sql[] =
		"with recursive l (lease_id) as ((select lease_id from ledger.record "
		"where lease_id > $1::int8 order by lease_id limit 1) union all "
		"select (select r.lease_id from ledger.record r where r.lease_id > l.lease_id "
		"order by r.lease_id limit 1) from l where l.lease_id is not null) "
		"select max(l.lease_id) from l where exists (select from ledger.record r "
		"where r.lease_id = l.lease_id and r.node_id = $2::int4)";
	struct params p = { 0 };
	PGresult *result;

	params_int8(&p, lease);
	params_int4(&p, (int32_t)instance);
	result = database_run(db, sql, &p, err);
	if (result == NULL)
		return err_while(err, "ledger.record: leases after %u", (unsigned)lease);
	*newest = (uint32_t)database_int(result, 0, 0);
	PQclear(result);
	return true;
}
