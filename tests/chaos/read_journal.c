#include "read_journal.h"

#include <inttypes.h>
#include <string.h>

#include "tsa/record/body.h"

void journal_view_init(struct journal_view *v, const char *directory)
{
	*v = (struct journal_view){ .directory = directory, .file = { .fd = -1, .next_seq = 1 } };
}

void journal_view_close(struct journal_view *v)
{
	segment_file_close(&v->file);
}

static uint8_t reason_of(struct book *book, const struct msg_record *record)
{
	for (int i = 0; i < VOID_REASONS; i++) {
		struct buf body = { 0 };
		bool same;

		body_void((enum void_reason)i, &body);
		same = bytes_equal(buf_view(&body), record->body);
		buf_free(&body);
		if (same)
			return (uint8_t)i;
	}
	book_finding(book,
		"journal: lease %" PRIu32 " counter %" PRIu32 ": a void without a reason",
		record->lease, record->ctr);
	return 0;
}

static void take(struct journal_view *v, struct book *book, const struct msg_record *record)
{
	struct slot *slot = book_slot(book, record->lease, record->ctr);
	struct seen *seen;

	v->records++;
	if (slot == NULL)
		return;
	seen = &slot->seen[SOURCE_JOURNAL];
	if (seen->there)
		book_finding(book,
			"journal: lease %" PRIu32 " counter %" PRIu32 ": stands there twice",
			record->lease, record->ctr);
	*seen = (struct seen){ .there = true,
		.kind = record->kind,
		.flags = record->flags,
		.reason = record->kind == RECORD_VOID ? reason_of(book, record) : 0,
		.tsu_id = record->tsu_id,
		.bound_us = record->bound_us,
		.time_us = record->time_us };
	memcpy(seen->leaf, record->leaf_hash, HASH_LEN);
	hash_one(record->body, seen->body);
}

/* Opens the segment that goes on after the one that is open; *more is false if there is none. */
static bool next_segment(struct journal_view *v, bool *more, struct err *err)
{
	struct segment_file next = { .fd = -1 };
	struct segment_list list = { 0 };
	bool ok = segment_list_read(v->directory, &list, err);

	*more = false;
	for (size_t i = 0; ok && i < list.count; i++) {
		if (list.first_seq[i] == v->file.next_seq &&
			!(v->file.fd >= 0 && v->file.header.first_seq == v->file.next_seq))
			*more = true;
	}
	segment_list_free(&list);
	if (!ok || !*more)
		return ok;
	if (!segment_file_open(&next, v->directory, v->file.next_seq, err)) {
		segment_file_close(&next);
		return false;
	}
	ok = v->file.next_seq == 1 || memcmp(next.header.chain, v->file.chain, HASH_LEN) == 0;
	if (!ok) {
		(void)err_set(err, "%s: its chain must be that of the segment before", next.path);
		segment_file_close(&next);
		return false;
	}
	segment_file_close(&v->file);
	v->file = next;
	return true;
}

static bool read_frames(struct journal_view *v, struct book *book, struct err *err)
{
	struct msg_record record;
	struct frame frame;
	enum segment_read result;

	while ((result = segment_file_next(&v->file, &frame, err)) == SEGMENT_FRAME) {
		while (frame_next(&frame, &record))
			take(v, book, &record);
	}
	return result == SEGMENT_END;
}

bool journal_view_read(struct journal_view *v, struct book *book, struct err *err)
{
	bool more = true;

	while (more) {
		if (v->file.fd >= 0 && !read_frames(v, book, err))
			return false;
		if (!next_segment(v, &more, err))
			return false;
	}
	return true;
}
