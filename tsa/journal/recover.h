/*
 * What a journal directory holds at start: checks it, cuts a torn tail, and finds where to go
 * on.  A crash can only tear the frame that was being written, which is the last thing in the
 * last segment; any other damage is refused (MSG_FAILURE_CORRUPT).
 */
#ifndef TSA_JOURNAL_RECOVER_H
#define TSA_JOURNAL_RECOVER_H

#include "tsa/journal/segment.h"
#include "tsa/record/tree.h"

/* What is known of the lease that was opened last. */
struct last_lease {
	uint32_t lease; /* 0: there is none */
	uint64_t open_seq;
	bool open; /* it has no lease-close */
	uint64_t last_time_us; /* greatest genTime of the tokens that were read */
	uint32_t closed_count; /* as the lease-close says */
	uint8_t closed_root[HASH_LEN];
};

struct recovery {
	uint32_t instance;
	size_t segment_count;
	struct segment_end end;
	struct last_lease last;
	struct lease_tree *tree; /* of the last lease, if it is open and the tree was asked for */
	uint64_t cut_offset; /* where a torn frame was cut off in the last segment; 0: none */
	uint64_t cut_len;
	bool new_instance; /* the instance file was written now */
};

/*
 * Recovers the journal that home holds; with want_tree also the tree of a lease that is open,
 * which reads the journal from its lease-open on. recovery_wipe() in any case.
 */
MUST_CHECK bool recovery_run(
	struct recovery *r, const struct home *home, bool want_tree, struct trouble *trouble);
void recovery_wipe(struct recovery *r);

#endif
