/*
 * The writing end of the journal: records are collected into one frame, the frame is written
 * and synced as a whole (group commit), and a full segment is followed by a spare one.
 */
#ifndef TSA_JOURNAL_SEGMENT_H
#define TSA_JOURNAL_SEGMENT_H

#include "tsa/journal/spare.h"
#include "tsa/record/frame.h"

/* Where a journal ends; all zero: it has no segment yet. */
struct segment_end {
	uint64_t first_seq; /* of the last segment, its name; 0: none */
	uint64_t offset; /* of the next frame in it */
	uint64_t last_seq; /* of the last record that is durable */
	uint32_t lease; /* opened last */
	uint64_t lease_seq; /* seq of its lease-open */
	uint8_t chain[HASH_LEN];
};

struct segment_writer;

/*
 * Goes on at end; a journal without a segment gets its first at once. home and spares are
 * borrowed and outlive the writer. NULL and err if a file cannot be opened or made.
 */
struct segment_writer *segment_writer_open(const struct home *home, struct spares *spares,
	uint32_t instance, const struct segment_end *end, struct err *err);
/* Forgets what was not committed. Takes NULL. */
void segment_writer_close(struct segment_writer *w);

/* True when the frame takes no further record: commit first. */
bool segment_writer_is_full(const struct segment_writer *w);

/*
 * Adds a record to the frame. False if its seq is durable or in the frame already: nothing is
 * added. A seq that leaves a gap is a bug of the sender and aborts.
 */
bool segment_writer_add(struct segment_writer *w, const struct msg_record *record);

/*
 * Writes the frame and syncs it; without records does nothing. After a failure the state of the
 * file is unknown (a second fdatasync may lie): the process has to end.
 */
MUST_CHECK bool segment_writer_commit(struct segment_writer *w, struct err *err);

/* The last record that is durable. */
uint64_t segment_writer_durable(const struct segment_writer *w);

#endif
