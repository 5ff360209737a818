/*
 * Reads a journal directory (frame.h) while tsa-journal may be appending to it: no locks, never
 * past the bound that the caller gives (what tsad said is DURABLE), every frame's chain checked
 * from its segment's header on.  Never writes.  lease_walk.h finds where leases start,
 * directory.h the instance, the segments and the names of TSU files.
 *
 *   r = journal_reader_open(directory, &err);
 *   journal_reader_seek(r, seq);
 *   while (journal_reader_next(r, bound, &record, &err) == JOURNAL_RECORD) ...
 */
#ifndef TSA_RECORD_READER_H
#define TSA_RECORD_READER_H

#include "tsa/record/directory.h"

enum journal_read {
	JOURNAL_RECORD, /* here it is */
	JOURNAL_END, /* nothing more up to the bound */
	JOURNAL_FAILED, /* unreadable, damaged, or the bound is past what is there; err says */
};

struct journal_reader;

/* Opens at seq 1. NULL and err if the directory cannot be read. */
struct journal_reader *journal_reader_open(const char *directory, struct err *err);
/* Takes NULL. */
void journal_reader_free(struct journal_reader *r);

/* The next record given will be seq, which may not exist yet. Reads nothing. */
void journal_reader_seek(struct journal_reader *r, uint64_t seq);
/* The seq that comes next. */
uint64_t journal_reader_next_seq(const struct journal_reader *r);

/*
 * Gives the next record if its seq is at most bound. record->body lives until the next call.
 * After JOURNAL_FAILED the next call tries the same record again, from its segment's header on.
 */
enum journal_read journal_reader_next(
	struct journal_reader *r, uint64_t bound, struct msg_record *record, struct err *err);

#endif
