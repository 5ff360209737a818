/* Owns the segment that is open; reads the journal's directory and never writes. */
#include "tsa/record/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsa/record/segment_file.h"

struct journal_reader {
	char *directory;
	uint64_t next_seq; /* of the record that is given next */
	bool open;
	struct segment_file file;
	bool in_frame; /* frame holds records not yet given */
	struct frame frame;
};

struct journal_reader *journal_reader_open(const char *directory, struct err *err)
{
	struct journal_reader *r;

	if (strlen(directory) > MSG_MAX_PATH) {
		(void)err_set(
			err, "journal %s: path has at most %d bytes", directory, MSG_MAX_PATH);
		return NULL;
	}
	if (access(directory, R_OK | X_OK) != 0) {
		(void)err_sys(err, "journal %s: directory must be readable", directory);
		return NULL;
	}
	r = must_calloc(1, sizeof(*r));
	r->directory = must_strdup(directory);
	r->next_seq = 1;
	return r;
}

static void forget_segment(struct journal_reader *r)
{
	if (r->open)
		segment_file_close(&r->file);
	r->open = false;
	r->in_frame = false;
}

void journal_reader_free(struct journal_reader *r)
{
	if (r == NULL)
		return;
	forget_segment(r);
	free(r->directory);
	free(r);
}

void journal_reader_seek(struct journal_reader *r, uint64_t seq)
{
	if (seq == r->next_seq)
		return;
	forget_segment(r);
	r->next_seq = seq;
}

uint64_t journal_reader_next_seq(const struct journal_reader *r)
{
	return r->next_seq;
}

static bool open_segment(struct journal_reader *r, uint64_t first_seq, struct err *err)
{
	r->open = segment_file_open(&r->file, r->directory, first_seq, err);
	if (!r->open)
		segment_file_close(&r->file);
	return r->open;
}

/* Opens the segment that holds the next record, or would if it was written. */
static bool find_segment(struct journal_reader *r, struct err *err)
{
	struct segment_list list;
	uint64_t first_seq = 0;
	bool ok = false;

	if (!segment_list_read(r->directory, &list, err))
		goto out;
	for (size_t i = 0; i < list.count && list.first_seq[i] <= r->next_seq; i++)
		first_seq = list.first_seq[i];
	if (first_seq == 0) {
		(void)err_set(err, "journal %s: record %" PRIu64 ": no segment holds it",
			r->directory, r->next_seq);
		goto out;
	}
	ok = open_segment(r, first_seq, err);
out:
	segment_list_free(&list);
	return ok;
}

/* The open segment ended before the bound: its successor follows it, or there is a gap. */
static bool next_segment(struct journal_reader *r, struct err *err)
{
	struct segment_header before = r->file.header;
	uint64_t at = r->file.at;

	memcpy(before.chain, r->file.chain, HASH_LEN);
	before.first_seq = r->file.next_seq;
	forget_segment(r);
	if (!open_segment(r, before.first_seq, err))
		return err_while(err,
			"journal %s: record %" PRIu64 " is not at %" PRIu64
			" of the segment before",
			r->directory, before.first_seq, at);
	if (r->file.header.instance != before.instance ||
		memcmp(r->file.header.chain, before.chain, HASH_LEN) != 0) {
		(void)err_set(err, "journal %s: header: follows the segment before: it does not",
			r->file.path);
		forget_segment(r);
		return false;
	}
	return true;
}

/* Reads frames until one holds the next record. */
static bool find_frame(struct journal_reader *r, struct err *err)
{
	while (!r->in_frame) {
		if (!r->open && !find_segment(r, err))
			return false;
		switch (segment_file_next(&r->file, &r->frame, err)) {
		case SEGMENT_FRAME:
			r->in_frame = r->file.next_seq > r->next_seq;
			break;
		case SEGMENT_END:
			if (!next_segment(r, err))
				return false;
			break;
		case SEGMENT_BROKEN:
		case SEGMENT_UNREADABLE:
			forget_segment(r);
			return false;
		}
	}
	return true;
}

enum journal_read journal_reader_next(
	struct journal_reader *r, uint64_t bound, struct msg_record *record, struct err *err)
{
	if (r->next_seq > bound)
		return JOURNAL_END;
	if (!find_frame(r, err))
		return JOURNAL_FAILED;
	/* Seqs in a good frame follow one another, so this ends at the one that is sought. */
	while (frame_next(&r->frame, record) && record->seq < r->next_seq)
		;
	r->next_seq++;
	r->in_frame = r->file.next_seq > r->next_seq;
	return JOURNAL_RECORD;
}
