/* Owns nothing. */
#include "tsa/ledger/resume.h"

#include <string.h>

#include "tsa/record/lease_walk.h"

bool resume_journal_is_behind(const struct resume *resume)
{
	return resume->in_database > resume->in_journal || resume->newer_lease != 0;
}

/* The newest lease with rows; its first seq into *open_seq. No such lease: all as it was. */
static enum resume_result find_lease(struct lease_walk *walk, struct database *db,
	uint32_t instance, uint64_t bound, struct resume *resume, uint64_t *open_seq,
	struct err *err)
{
	uint64_t end_seq = bound + 1;
	struct lease_start start;
	enum journal_read got;

	while ((got = lease_walk_next(walk, &start, err)) == JOURNAL_RECORD) {
		uint64_t count;

		if (!store_count(db, instance, start.lease, &count, err))
			return RESUME_DATABASE_FAILED;
		if (count > 0) {
			resume->lease = start.lease;
			resume->in_database = count;
			resume->in_journal = end_seq - start.open_seq;
			*open_seq = start.open_seq;
			return RESUME_FOUND;
		}
		end_seq = start.open_seq;
	}
	return got == JOURNAL_FAILED ? RESUME_JOURNAL_FAILED : RESUME_FOUND;
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
	uint32_t instance, uint64_t open_seq, struct batch *batch, struct resume *resume,
	struct err *err)
{
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
	uint64_t open_seq = 1;
	uint64_t shipped;

	memset(resume, 0, sizeof(*resume));
	if (walk != NULL)
		result = find_lease(walk, db, instance, bound, resume, &open_seq, err);
	lease_walk_free(walk);
	if (result != RESUME_FOUND)
		return result;
	if (!store_newest_lease_after(db, instance, resume->lease, &resume->newer_lease, err))
		return RESUME_DATABASE_FAILED;
	shipped =
		resume->in_database < resume->in_journal ? resume->in_database : resume->in_journal;
	resume->next_seq = open_seq + shipped;
	if (shipped == 0)
		return RESUME_FOUND;
	return check_position(source, db, instance, open_seq, batch, resume, err);
}
