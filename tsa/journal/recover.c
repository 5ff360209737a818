/* Owns what was found; writes only to cut a torn tail and to make the instance file. */
#include "tsa/journal/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tsa/journal/tail.h"
#include "tsa/record/body.h"
#include "tsa/record/reader.h"
#include "tsa/record/segment_file.h"

void recovery_wipe(struct recovery *r)
{
	lease_tree_free(r->tree);
	*r = (struct recovery){ 0 };
}

/* ---- the instance ---- */

static bool random_instance(uint32_t *instance, struct err *err)
{
	/* Each draw fits with a chance of 127 in 256. */
	for (int tries = 0; tries < 256; tries++) {
		if (getrandom(instance, sizeof(*instance), 0) != (ssize_t)sizeof(*instance))
			return err_sys(err, "journal: getrandom");
		if (serial_instance_valid(*instance))
			return true;
	}
	return err_set(err, "journal: getrandom: gives no instance");
}

static bool write_instance(const struct home *home, uint32_t instance, struct err *err)
{
	char text[10];

	(void)snprintf(text, sizeof(text), "%08" PRIx32 "\n", instance);
	return home_write_file(home, "instance", bytes_of_text(text), err);
}

/* The file decides if it is whole, the segments if it is not; a new journal draws one. */
static bool find_instance(
	struct recovery *r, const struct home *home, bool has_segments, struct trouble *trouble)
{
	uint32_t in_file = 0;
	struct err ignored;

	if (journal_instance_read(home->path, &in_file, &ignored)) {
		if (has_segments && in_file != r->instance) {
			(void)err_set(&trouble->err,
				"journal %s/instance: names the instance of the segments:"
				" it says %08" PRIx32 ", they say %08" PRIx32,
				home->path, in_file, r->instance);
			return trouble_is(trouble, MSG_FAILURE_CORRUPT);
		}
		r->instance = in_file;
		return true;
	}
	if (!has_segments && !random_instance(&r->instance, &trouble->err))
		return trouble_is(trouble, MSG_FAILURE_OTHER);
	r->new_instance = true;
	if (!write_instance(home, r->instance, &trouble->err))
		return trouble_is(trouble, MSG_FAILURE_DISK);
	return true;
}

/* ---- all segments: are they one journal? ---- */

/* Header, instance and link of one segment to the one before. */
static bool check_segment(struct recovery *r, const struct home *home,
	const struct segment_list *list, size_t i, struct err *err)
{
	struct segment_header header;

	if (!segment_header_read(home->path, list->first_seq[i], &header, err))
		return false;
	if (i == 0) {
		r->instance = header.instance;
		if (header.first_seq != 1)
			return err_set(err,
				"journal %s: starts with record 1: the first segment there"
				" starts with %" PRIu64,
				home->path, header.first_seq);
		return true;
	}
	if (header.instance != r->instance)
		return err_set(err,
			"journal %s: one instance: the segment of record %" PRIu64
			" says %08" PRIx32 ", the first says %08" PRIx32,
			home->path, header.first_seq, header.instance, r->instance);
	return tail_has_chain(home->path, list->first_seq[i - 1], header.chain, err);
}

static bool check_segments(struct recovery *r, const struct home *home,
	const struct segment_list *list, struct trouble *trouble)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!check_segment(r, home, list, i, &trouble->err))
			return trouble_is(trouble, MSG_FAILURE_CORRUPT);
	}
	r->segment_count = list->count;
	return true;
}

/* ---- records: what became of the last lease? ---- */

static bool note_record(struct recovery *r, const struct msg_record *record, struct err *err)
{
	struct last_lease *last = &r->last;

	/* Only what was promised to a client: a lease may be opened while the clock is still wrong.
	 */
	if (record->kind == RECORD_TOKEN && record->time_us > last->last_time_us)
		last->last_time_us = record->time_us;
	if (record->kind == RECORD_LEASE_OPEN)
		*last = (struct last_lease){ .lease = record->lease,
			.open_seq = record->seq,
			.open = true,
			.last_time_us = last->last_time_us };
	if (record->lease != last->lease)
		return true;
	if (record->kind == RECORD_LEASE_CLOSE) {
		last->open = false;
		if (!body_lease_close_read(
			    record->body, &last->closed_count, last->closed_root, err))
			return err_while(err, "journal: record %" PRIu64, record->seq);
	}
	if (r->tree != NULL && last->open &&
		!lease_tree_add(r->tree, record->ctr, record->leaf_hash, err))
		return err_while(err, "journal: record %" PRIu64, record->seq);
	return true;
}

/* Reads the records from a seq to the end of the journal, and checks the chain over them. */
static bool note_records(
	struct recovery *r, const struct home *home, uint64_t from, struct err *err)
{
	struct journal_reader *reader = journal_reader_open(home->path, err);
	enum journal_read result = JOURNAL_FAILED;
	struct msg_record record;
	bool ok = false;

	if (reader == NULL)
		goto out;
	journal_reader_seek(reader, from);
	while ((result = journal_reader_next(reader, r->end.last_seq, &record, err)) ==
		JOURNAL_RECORD) {
		if (!note_record(r, &record, err))
			goto out;
	}
	ok = result == JOURNAL_END;
out:
	journal_reader_free(reader);
	return ok;
}

/* ---- the last segment ---- */

/* Reads its frames to the end, or to one that is not good: tail_settle() judges that. */
static bool scan_last(struct recovery *r, struct segment_file *file, uint64_t *last_frame_at,
	struct trouble *trouble)
{
	enum segment_read result;
	struct frame frame;
	struct msg_record record;
	uint64_t at = file->at;

	while ((result = segment_file_next(file, &frame, &trouble->err)) == SEGMENT_FRAME) {
		*last_frame_at = at;
		at = file->at;
		while (frame_next(&frame, &record)) {
			if (!note_record(r, &record, &trouble->err))
				return trouble_is(trouble, MSG_FAILURE_CORRUPT);
		}
	}
	if (result == SEGMENT_UNREADABLE)
		return trouble_is(trouble, MSG_FAILURE_DISK);
	return true;
}

/*
 * The last segment from its header on: where it ends, what stands behind.  The last frame is
 * written again and synced: the process before may have died between its write and its sync,
 * or on a failed sync, and then what we just read is in memory only.
 */
static bool recover_last(
	struct recovery *r, const struct home *home, uint64_t first_seq, struct trouble *trouble)
{
	struct segment_file file;
	uint64_t last_frame_at = 0;
	bool ok = false;

	if (!segment_file_open(&file, home->path, first_seq, &trouble->err)) {
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	r->last = (struct last_lease){ .lease = file.header.lease,
		.open_seq = file.header.lease_seq,
		.open = file.header.lease != 0 };
	if (!scan_last(r, &file, &last_frame_at, trouble))
		goto out;
	r->end.first_seq = first_seq;
	r->end.offset = file.at;
	r->end.last_seq = file.next_seq - 1;
	r->end.lease = r->last.lease;
	r->end.lease_seq = r->last.open_seq;
	memcpy(r->end.chain, file.chain, HASH_LEN);
	ok = tail_settle(&file, last_frame_at, &r->cut_len, trouble);
	r->cut_offset = r->cut_len > 0 ? file.at : 0;
out:
	segment_file_close(&file);
	return ok;
}

/* ---- all together ---- */

/*
 * A segment without records does not tell whether the lease of its header was closed: the one
 * before does.
 */
static bool note_segment_before(struct recovery *r, const struct home *home,
	const struct segment_list *list, struct trouble *trouble)
{
	if (list->count < 2 || r->end.last_seq >= r->end.first_seq)
		return true;
	if (!note_records(r, home, list->first_seq[list->count - 2], &trouble->err))
		return trouble_is(trouble, MSG_FAILURE_CORRUPT);
	return true;
}

static bool build_tree(struct recovery *r, const struct home *home, struct trouble *trouble)
{
	uint32_t lease = r->last.lease;

	r->tree = lease_tree_new();
	if (!note_records(r, home, r->last.open_seq, &trouble->err))
		return trouble_is(trouble, MSG_FAILURE_CORRUPT);
	if (r->last.lease != lease || !r->last.open) {
		(void)err_set(&trouble->err,
			"journal %s: record %" PRIu64 ": opens lease %" PRIu32 ": it does not",
			home->path, r->last.open_seq, lease);
		return trouble_is(trouble, MSG_FAILURE_CORRUPT);
	}
	return true;
}

bool recovery_run(
	struct recovery *r, const struct home *home, bool want_tree, struct trouble *trouble)
{
	struct segment_list list;
	bool ok = false;

	*r = (struct recovery){ 0 };
	if (!segment_list_read(home->path, &list, &trouble->err)) {
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	if (!check_segments(r, home, &list, trouble) ||
		!find_instance(r, home, list.count > 0, trouble))
		goto out;
	if (list.count > 0 && (!recover_last(r, home, list.first_seq[list.count - 1], trouble) ||
				      !note_segment_before(r, home, &list, trouble)))
		goto out;
	if (want_tree && r->last.open && !build_tree(r, home, trouble))
		goto out;
	/* A segment's name may have been given just before a crash. */
	if (!home_sync(home, &trouble->err)) {
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	ok = true;
out:
	segment_list_free(&list);
	return ok;
}
