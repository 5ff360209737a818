/* Owns nothing; segment headers, frames and records as bytes. */
#include "tsa/record/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tsa/core/log.h"

static const char segment_magic[] = "TSAJRNL1";
static const char frame_magic[] = "TSAF";

enum {
	MAGIC_SEGMENT_LEN = 8,
	MAGIC_FRAME_LEN = 4,
	HEADER_HASHED = 72, /* bytes of a segment header that its hash covers */
	SEQ_DIGITS = 16,
};

static bool all_zero(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.at[i] != 0)
			return false;
	}
	return true;
}

void segment_header_encode(const struct segment_header *h, uint8_t out[SEGMENT_HEADER])
{
	struct writer w = { .at = out, .cap = SEGMENT_HEADER };
	uint8_t hash[HASH_LEN];

	memset(out, 0, SEGMENT_HEADER);
	writer_raw(&w, bytes_of_text(segment_magic));
	writer_u32(&w, h->instance);
	writer_u32(&w, h->lease);
	writer_u64(&w, h->lease_seq);
	writer_u64(&w, h->first_seq);
	writer_u64(&w, h->created_us);
	writer_raw(&w, (struct bytes){ h->chain, HASH_LEN });
	hash_one((struct bytes){ out, w.len }, hash);
	writer_raw(&w, (struct bytes){ hash, HASH_LEN });
}

bool segment_header_decode(
	const uint8_t in[SEGMENT_HEADER], struct segment_header *h, struct err *err)
{
	struct reader r = { .rest = { in, SEGMENT_HEADER } };
	uint8_t hash[HASH_LEN];

	if (!bytes_equal(reader_take(&r, MAGIC_SEGMENT_LEN), bytes_of_text(segment_magic)))
		return err_set(err, "header: starts with %s: it does not", segment_magic);
	h->instance = reader_u32(&r);
	h->lease = reader_u32(&r);
	h->lease_seq = reader_u64(&r);
	h->first_seq = reader_u64(&r);
	h->created_us = reader_u64(&r);
	memcpy(h->chain, reader_take(&r, HASH_LEN).at, HASH_LEN);
	hash_one((struct bytes){ in, HEADER_HASHED }, hash);
	if (!bytes_equal(reader_take(&r, HASH_LEN), (struct bytes){ hash, HASH_LEN }))
		return err_set(err, "header: holds its own SHA-256: it does not match");
	if (!all_zero(r.rest))
		return err_set(err, "header: ends with zeros: it does not");
	return true;
}

void segment_name(uint64_t first_seq, char out[SEGMENT_NAME])
{
	(void)snprintf(out, SEGMENT_NAME, "%016" PRIx64 ".seg", first_seq);
}

uint64_t segment_name_seq(const char *name)
{
	uint64_t seq = 0;

	for (size_t i = 0; i < SEQ_DIGITS; i++) {
		const char *digits = "0123456789abcdef";
		const char *found = name[i] == '\0' ? NULL : strchr(digits, name[i]);

		if (found == NULL)
			return 0;
		seq = seq << 4 | (uint64_t)(found - digits);
	}
	return strcmp(name + SEQ_DIGITS, ".seg") == 0 ? seq : 0;
}

static void append_writer(struct buf *out, const struct writer *w)
{
	if (writer_done(w) != w->cap)
		BUG("frame: %zu bytes written where the format has %zu", w->len, w->cap);
	buf_append(out, (struct bytes){ w->at, w->len });
}

void frame_add(struct buf *out, const struct msg_record *record)
{
	uint8_t header[RECORD_HEADER];
	struct writer w = { .at = header, .cap = sizeof(header) };

	if (record->body.len > MSG_MAX_BODY)
		BUG("frame: record %" PRIu64 " has a body of %zu bytes", record->seq,
			record->body.len);
	writer_u64(&w, record->seq);
	writer_u32(&w, record->lease);
	writer_u32(&w, record->ctr);
	writer_u8(&w, record->kind);
	writer_u8(&w, record->flags);
	writer_u64(&w, record->time_us);
	writer_u32(&w, record->tsu_id);
	writer_u32(&w, (uint32_t)record->bound_us);
	writer_raw(&w, (struct bytes){ record->leaf_hash, HASH_LEN });
	writer_u32(&w, (uint32_t)record->body.len);
	append_writer(out, &w);
	buf_append(out, record->body);
}

void frame_begin(struct buf *out)
{
	static const uint8_t room[FRAME_HEADER];

	out->len = 0;
	buf_append(out, (struct bytes){ room, sizeof(room) });
}

void frame_finish(struct buf *out, uint32_t count, uint64_t first_seq, uint8_t chain[HASH_LEN])
{
	struct writer w = { .at = out->at, .cap = FRAME_HEADER };
	const struct bytes parts[] = { { chain, HASH_LEN }, buf_view(out) };

	if (count == 0 || count > FRAME_MAX_RECORDS || out->len - FRAME_HEADER > FRAME_MAX_LEN)
		BUG("frame: %" PRIu32 " records of %zu bytes", count, out->len - FRAME_HEADER);
	writer_raw(&w, bytes_of_text(frame_magic));
	writer_u32(&w, (uint32_t)(out->len - FRAME_HEADER));
	writer_u32(&w, count);
	writer_u64(&w, first_seq);
	hash_parts(parts, 2, chain);
	buf_append(out, (struct bytes){ chain, HASH_LEN });
}

/* One record, straight through; whether it was whole is in r. */
static void record_read(struct reader *r, struct msg_record *record)
{
	struct bytes leaf;

	record->seq = reader_u64(r);
	record->lease = reader_u32(r);
	record->ctr = reader_u32(r);
	record->kind = reader_u8(r);
	record->flags = reader_u8(r);
	record->time_us = reader_u64(r);
	record->tsu_id = reader_u32(r);
	record->bound_us = (int32_t)reader_u32(r);
	leaf = reader_take(r, HASH_LEN);
	memset(record->leaf_hash, 0, HASH_LEN);
	if (leaf.len == HASH_LEN)
		memcpy(record->leaf_hash, leaf.at, HASH_LEN);
	record->body = reader_bytes(r, MSG_MAX_BODY);
}

/* Each record decodes, seqs follow one another, and the last ends where the records end. */
static bool records_are_whole(const struct frame *frame, struct err *err)
{
	struct reader r = frame->records;

	for (uint32_t i = 0; i < frame->count; i++) {
		struct msg_record record;

		record_read(&r, &record);
		if (r.failed)
			return err_set(err,
				"frame: record %" PRIu32 " of %" PRIu32 " does not decode", i + 1,
				frame->count);
		if (record.seq != frame->first_seq + i)
			return err_set(err, "frame: seq: %" PRIu64 " where %" PRIu64 " follows",
				record.seq, frame->first_seq + i);
	}
	if (!reader_finished(&r))
		return err_set(err, "frame: records: %zu bytes are left", r.rest.len);
	return true;
}

/* The frame's header; *len is the length of its records. */
static bool header_read(struct reader *r, struct frame *frame, uint32_t *len, struct err *err)
{
	if (!bytes_equal(reader_take(r, MAGIC_FRAME_LEN), bytes_of_text(frame_magic)))
		return err_set(err, "frame: starts with %s: it does not", frame_magic);
	*len = reader_u32(r);
	frame->count = reader_u32(r);
	frame->first_seq = reader_u64(r);
	if (r->failed || *len > FRAME_MAX_LEN || frame->count == 0 ||
		frame->count > FRAME_MAX_RECORDS)
		return err_set(err, "frame: header: %" PRIu32 " bytes, %" PRIu32 " records", *len,
			frame->count);
	return true;
}

size_t frame_len(const uint8_t header[FRAME_HEADER])
{
	struct reader r = { .rest = { header, FRAME_HEADER } };
	struct frame frame;
	struct err ignored;
	uint32_t len = 0;

	if (!header_read(&r, &frame, &len, &ignored))
		return 0;
	return FRAME_HEADER + (size_t)len + HASH_LEN;
}

enum frame_result frame_read(
	struct bytes rest, uint8_t chain[HASH_LEN], struct frame *frame, struct err *err)
{
	struct reader r = { .rest = rest };
	size_t header_len = rest.len < FRAME_HEADER ? rest.len : FRAME_HEADER;
	struct bytes parts[2] = { { chain, HASH_LEN } };
	struct bytes stored;
	uint8_t hash[HASH_LEN];
	uint32_t len = 0;

	if (all_zero((struct bytes){ rest.at, header_len }))
		return FRAME_END;
	if (!header_read(&r, frame, &len, err))
		return FRAME_BROKEN;
	frame->records = (struct reader){ .rest = reader_take(&r, len) };
	stored = reader_take(&r, HASH_LEN);
	if (r.failed) {
		(void)err_set(err, "frame: %" PRIu32 " bytes of records: they are cut", len);
		return FRAME_BROKEN;
	}
	parts[1] = (struct bytes){ rest.at, FRAME_HEADER + (size_t)len };
	hash_parts(parts, 2, hash);
	if (!bytes_equal(stored, (struct bytes){ hash, HASH_LEN })) {
		(void)err_set(err, "frame: SHA-256 chain: it does not match");
		return FRAME_BROKEN;
	}
	if (!records_are_whole(frame, err))
		return FRAME_BROKEN;
	frame->whole = (struct bytes){ rest.at, FRAME_HEADER + (size_t)len + HASH_LEN };
	memcpy(chain, hash, HASH_LEN);
	return FRAME_GOOD;
}

bool frame_next(struct frame *frame, struct msg_record *record)
{
	if (frame->records.rest.len == 0)
		return false;
	record_read(&frame->records, record);
	if (frame->records.failed)
		BUG("frame: a record of a good frame does not decode");
	return true;
}
