/* Owns the list of segments and the leases found in the one that was scanned last. */
#include "tsa/record/lease_walk.h"

#include <stdlib.h>
#include <string.h>

struct lease_walk {
	char *directory;
	uint64_t bound;
	struct segment_list list;
	size_t unread; /* segments 0 .. unread-1 were not looked at */
	struct buf found; /* struct lease_start, oldest first, not yet given */
	bool has_newer;
	uint64_t newer_lease_seq; /* seq of the newest lease-open before what was looked at */
	struct journal_reader *reader;
};

struct lease_walk *lease_walk_open(const char *directory, uint64_t bound, struct err *err)
{
	struct lease_walk *w = must_calloc(1, sizeof(*w));

	w->directory = must_strdup(directory);
	w->bound = bound;
	w->reader = journal_reader_open(directory, err);
	if (w->reader == NULL || !segment_list_read(directory, &w->list, err)) {
		lease_walk_free(w);
		return NULL;
	}
	w->unread = w->list.count;
	return w;
}

void lease_walk_free(struct lease_walk *w)
{
	if (w == NULL)
		return;
	journal_reader_free(w->reader);
	segment_list_free(&w->list);
	buf_free(&w->found);
	free(w->directory);
	free(w);
}

/* Collects the leases opened in one segment. */
static bool scan(struct lease_walk *w, size_t index, struct err *err)
{
	uint64_t last = w->bound;
	struct segment_header header;
	struct msg_record record;
	enum journal_read result;

	if (index + 1 < w->list.count && w->list.first_seq[index + 1] <= last)
		last = w->list.first_seq[index + 1] - 1;
	if (!segment_header_read(w->directory, w->list.first_seq[index], &header, err))
		return false;
	journal_reader_seek(w->reader, w->list.first_seq[index]);
	while ((result = journal_reader_next(w->reader, last, &record, err)) == JOURNAL_RECORD) {
		struct lease_start start = { .lease = record.lease, .open_seq = record.seq };

		if (record.kind == RECORD_LEASE_OPEN)
			buf_append(&w->found, (struct bytes){ (uint8_t *)&start, sizeof(start) });
	}
	w->has_newer = true;
	w->newer_lease_seq = header.lease_seq;
	return result == JOURNAL_END;
}

enum journal_read lease_walk_next(struct lease_walk *w, struct lease_start *start, struct err *err)
{
	while (w->found.len == 0) {
		uint64_t first_seq;

		if (w->unread == 0)
			return JOURNAL_END;
		first_seq = w->list.first_seq[--w->unread];
		/* Past the bound, or no lease was opened in it: the newest lease is older. */
		if (first_seq > w->bound || (w->has_newer && w->newer_lease_seq < first_seq))
			continue;
		if (!scan(w, w->unread, err))
			return JOURNAL_FAILED;
	}
	w->found.len -= sizeof(*start);
	memcpy(start, w->found.at + w->found.len, sizeof(*start));
	return JOURNAL_RECORD;
}
