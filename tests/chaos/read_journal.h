/* Reads a journal directory from where it stopped, frame by frame, every chain value checked. */
#ifndef TSA_TESTS_CHAOS_READ_JOURNAL_H
#define TSA_TESTS_CHAOS_READ_JOURNAL_H

#include "book.h"
#include "tsa/record/segment_file.h"

struct journal_view {
	const char *directory;
	struct segment_file file; /* the segment that is read; fd -1: none yet */
	uint64_t records;
};

void journal_view_init(struct journal_view *v, const char *directory);
void journal_view_close(struct journal_view *v);

/*
 * Takes every record that is new. False with err if something else than a frame or nothing
 * stands where the next one belongs: while records are being written it may, for a moment.
 */
MUST_CHECK bool journal_view_read(struct journal_view *v, struct book *book, struct err *err);

#endif
