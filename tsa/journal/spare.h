/*
 * Spare segments: files of zeros, on disk before they are needed, so that a commit only
 * overwrites blocks that exist.  They are made in small steps while nothing else is to do.
 */
#ifndef TSA_JOURNAL_SPARE_H
#define TSA_JOURNAL_SPARE_H

#include "tsa/journal/home.h"

enum {
	SPARE_TARGET = 2, /* ledger.md 1.6: at least two ahead */
	SPARE_MAX = 9, /* "spare-1.new" to "spare-9.new" */
};

struct spares {
	const struct home *home; /* borrowed */
	uint64_t segment_size;
	bool whole[SPARE_MAX + 1]; /* by number; [0] is not used */
	unsigned filling; /* number of the one that is being filled; 0: none */
	int fd; /* its descriptor, else -1 */
	uint64_t filled; /* its bytes on disk */
};

/*
 * Finds the spares that are there; the first half-filled one is gone on with, what cannot be a
 * spare of this size is removed. spares_close() in any case.
 */
MUST_CHECK bool spares_open(
	struct spares *s, const struct home *home, uint64_t segment_size, struct err *err);
void spares_close(struct spares *s);

/* Number of whole spares. */
unsigned spares_count(const struct spares *s);

/*
 * Writes and syncs the next small part of a spare. Fails if the disk has no room or an error;
 * the half-filled file is removed then, so that others on the disk have its room.
 */
MUST_CHECK bool spares_step(struct spares *s, struct err *err);

/*
 * Takes one whole spare and gives its descriptor, to be closed by the caller, and its name;
 * fills one at once if none is there. -1 and err if none can be made.
 */
int spares_take(struct spares *s, char name[SEGMENT_NAME], struct err *err);

#endif
