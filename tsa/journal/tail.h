/* The end of a segment: is it whole, torn, or damaged? */
#ifndef TSA_JOURNAL_TAIL_H
#define TSA_JOURNAL_TAIL_H

#include "tsa/journal/trouble.h"
#include "tsa/record/segment_file.h"

/*
 * True if the last thing in the segment that starts with first_seq is this chain value, as the
 * header of the segment after it says: nothing between them is missing.
 */
MUST_CHECK bool tail_has_chain(
	const char *directory, uint64_t first_seq, const uint8_t chain[HASH_LEN], struct err *err);

/*
 * Settles what stands behind the last good frame, at file->at. If no later frame verifies it is
 * a torn write: zeroed and synced, its length put into *cut_len (0: nothing stands there). If
 * one does, acknowledged records were damaged: CORRUPT. The frame at last_frame_at (0: none) is
 * written again and synced.
 */
MUST_CHECK bool tail_settle(const struct segment_file *file, uint64_t last_frame_at,
	uint64_t *cut_len, struct trouble *trouble);

#endif
