/* Finds the leases of a journal, newest first; reads only segments in which one was opened. */
#ifndef TSA_RECORD_LEASE_WALK_H
#define TSA_RECORD_LEASE_WALK_H

#include "tsa/record/reader.h"

/* A lease and the seq of its lease-open. */
struct lease_start {
	uint32_t lease;
	uint64_t open_seq;
};

struct lease_walk;

/*
 * Walks the leases whose lease-open has a seq of at most bound. NULL and err if the directory
 * cannot be read.
 */
struct lease_walk *lease_walk_open(const char *directory, uint64_t bound, struct err *err);
/* Takes NULL. */
void lease_walk_free(struct lease_walk *w);
/* JOURNAL_RECORD: *start is the next older lease. */
enum journal_read lease_walk_next(struct lease_walk *w, struct lease_start *start, struct err *err);

#endif
