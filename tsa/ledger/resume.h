/*
 * Where shipping goes on after a connection was made.  There is no file that says how far it
 * got: the database itself is asked, since it may have been restored from a backup, be another
 * one after a failover, or hold a commit whose answer was lost.
 */
#ifndef TSA_LEDGER_RESUME_H
#define TSA_LEDGER_RESUME_H

#include "tsa/ledger/source.h"
#include "tsa/ledger/store.h"

struct resume {
	uint64_t next_seq; /* ships next; all before it is in the database */
	uint32_t lease; /* the newest lease of the journal that the database knows; 0: none */
	uint64_t open_seq; /* its first record */
	uint64_t in_database; /* records of that lease */
	uint64_t in_journal;
	uint32_t database_end; /* one more than the lease's greatest counter */
	uint32_t journal_end;
	uint32_t newer_lease; /* one that only the database knows; 0: none */
	bool gap; /* rows before the last one are missing: next_seq is the lease's start */
	struct store_comparison last; /* the lease's last shipped records beside the journal's */
};

enum resume_result {
	RESUME_FOUND, /* a difference in last is for the caller to act on */
	RESUME_DATABASE_FAILED,
	RESUME_JOURNAL_FAILED,
};

/*
 * Reads the journal up to bound (at least 1). A lease's records are contiguous in the journal
 * and are shipped in its order, so the first lease, newest first, that has rows decides, and
 * their number says how far it got.  Where the journal was put back, it is the journal's last
 * lease before that, and the number may be too great or mean other rows: the rows before and after
 * the position are looked at, and if they are not what they should be all of the lease goes again,
 * which skips what is there.  batch is scratch.
 */
enum resume_result resume_find(struct source *source, struct database *db, uint32_t instance,
	uint64_t bound, struct batch *batch, struct resume *resume, struct err *err);

/*
 * True if the database knows more of this node than the journal does (R8).  Not the numbers of
 * records tell: the voids for the holes of an older copy make up for records that it lacks.
 */
bool resume_journal_is_behind(const struct resume *resume);

#endif
