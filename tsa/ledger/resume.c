/* Owns nothing. */
#include "tsa/ledger/resume.h"

#include <string.h>

#include "tsa/record/lease_walk.h"

bool resume_journal_is_behind(const struct resume *resume)
{
	return resume->database_end > resume->journal_end || resume->newer_lease != 0;
}

/* The newest lease with rows. No such lease: all as it was. */
static enum resume_result find_lease(struct lease_walk *walk, struct database *db,
	uint32_t instance, uint64_t bound, struct resume *resume, struct err *err)
{
	uint64_t end_seq = bound + 1;
	struct lease_start start;
	enum journal_read got;

	while ((got = lease_walk_next(walk, &start, err)) == JOURNAL_RECORD) {
		struct store_extent extent;

		if (!store_extent(db, instance, start.lease, &extent, err))
			return RESUME_DATABASE_FAILED;
		if (extent.count > 0) {
			resume->lease = start.lease;
			resume->in_database = extent.count;
			resume->database_end = extent.end;
			resume->in_journal = end_seq - start.open_seq;
			resume->open_seq = start.open_seq;
			return RESUME_FOUND;
		}
		end_seq = start.open_seq;
	}
	return got == JOURNAL_FAILED ? RESUME_JOURNAL_FAILED : RESUME_FOUND;
}

/* Raises resume->journal_end to what the lease's records from..to say. */
static bool read_end(struct source *source, uint64_t from, uint64_t to, struct batch *batch,
	struct resume *resume, struct err *err)
{
	while (from <= to) {
		if (!source_fill(source, from, to, batch, err))
			return false;
		for (size_t i = 0; i < batch->count; i++) {
			if (batch->keys[i].ctr >= resume->journal_end)
				resume->journal_end = batch->keys[i].ctr + 1;
		}
		from += batch->count;
	}
	return true;
}

/*
 * The greatest counter is among the lease's last records, but for so many that were late.  Only
 * where these are fewer than the database's does the whole lease have to say.
 */
static bool find_journal_end(
	struct source *source, struct batch *batch, struct resume *resume, struct err *err)
{
	const uint64_t last = resume->open_seq + resume->in_journal - 1;
	uint64_t from = resume->open_seq;

	if (resume->in_journal > BATCH_MAX_RECORDS)
		from = last - BATCH_MAX_RECORDS + 1;
	if (!read_end(source, from, last, batch, resume, err))
		return false;
	return resume->journal_end >= resume->database_end || from == resume->open_seq ||
	       read_end(source, resume->open_seq, from - 1, batch, resume, err);
}

/* Compares the records from..to, at most a batch of them, with what the database has. */
static enum resume_result compare(struct source *source, struct database *db, uint32_t instance,
	uint64_t from, uint64_t to, struct batch *batch, struct store_comparison *comparison,
	struct err *err)
{
	if (!source_fill(source, from, to, batch, err))
		return RESUME_JOURNAL_FAILED;
	if (!store_compare(db, instance, batch, comparison, err))
		return RESUME_DATABASE_FAILED;
	return RESUME_FOUND;
}

/*
 * The number of rows is the position only if they are the journal's first ones: then the last
 * before it are there and the next after it are not.  Else the whole lease goes again, which
 * skips what is there.
 */
static enum resume_result check_position(struct source *source, struct database *db,
	uint32_t instance, struct batch *batch, struct resume *resume, struct err *err)
{
	const uint64_t open_seq = resume->open_seq;
	const uint64_t next = resume->next_seq;
	const uint64_t end = open_seq + resume->in_journal;
	struct store_comparison after = { 0 };
	uint64_t from = open_seq;
	enum resume_result result;

	if (next - open_seq > BATCH_MAX_RECORDS)
		from = next - BATCH_MAX_RECORDS;
	result = compare(source, db, instance, from, next - 1, batch, &resume->last, err);
	if (result == RESUME_FOUND && next < end)
		result = compare(source, db, instance, next, end - 1, batch, &after, err);
	if (resume->last.present < next - from || after.present > 0) {
		resume->gap = true;
		resume->next_seq = open_seq;
	}
	return result;
}

enum resume_result resume_find(struct source *source, struct database *db, uint32_t instance,
	uint64_t bound, struct batch *batch, struct resume *resume, struct err *err)
{
	struct lease_walk *walk = lease_walk_open(source->directory, bound, err);
	enum resume_result result = RESUME_JOURNAL_FAILED;
	uint64_t shipped;

	memset(resume, 0, sizeof(*resume));
	resume->open_seq = 1;
	if (walk != NULL)
		result = find_lease(walk, db, instance, bound, resume, err);
	lease_walk_free(walk);
	if (result != RESUME_FOUND)
		return result;
	if (!store_newest_lease_after(db, instance, resume->lease, &resume->newer_lease, err))
		return RESUME_DATABASE_FAILED;
	if (resume->lease != 0 && !find_journal_end(source, batch, resume, err))
		return RESUME_JOURNAL_FAILED;
	shipped =
		resume->in_database < resume->in_journal ? resume->in_database : resume->in_journal;
	resume->next_seq = resume->open_seq + shipped;
	if (shipped == 0)
		return RESUME_FOUND;
	return check_position(source, db, instance, batch, resume, err);
}
