/*
 * Segment headers, frames and records as they are read from disk.  The chain value of the input
 * is also put right, or nothing behind it would ever be reached; what reads as good must be
 * written to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/record/body.h"
#include "tsa/record/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const uint8_t *data, size_t size)
{
	struct segment_header header;
	uint8_t again[SEGMENT_HEADER];
	struct err err;

	if (size < SEGMENT_HEADER || !segment_header_decode(data, &header, &err))
		return;
	segment_header_encode(&header, again);
	if (memcmp(again, data, SEGMENT_HEADER) != 0)
		abort();
}

/* A body has one form. */
static void check_lease_close(struct bytes body)
{
	struct buf again = { 0 };
	uint8_t root[HASH_LEN];
	uint32_t count;
	struct err err;

	if (!body_lease_close_read(body, &count, root, &err))
		return;
	body_lease_close(count, root, &again);
	if (!bytes_equal(buf_view(&again), body))
		abort();
	buf_free(&again);
}

static void check_frame(struct bytes rest)
{
	uint8_t chain[HASH_LEN] = { 0 };
	uint8_t chain_again[HASH_LEN] = { 0 };
	struct buf again = { 0 };
	struct msg_record record;
	struct frame frame;
	struct err err;
	uint32_t count = 0;

	if (frame_read(rest, chain, &frame, &err) != FRAME_GOOD)
		return;
	frame_begin(&again);
	while (frame_next(&frame, &record)) {
		check_lease_close(record.body);
		frame_add(&again, &record);
		count++;
	}
	frame_finish(&again, count, frame.first_seq, chain_again);
	if (!bytes_equal(buf_view(&again), frame.whole))
		abort();
	buf_free(&again);
}

/* The input with the chain value that its frame should have; the caller frees. */
static uint8_t *with_right_chain(const uint8_t *data, size_t size)
{
	static const uint8_t before[HASH_LEN];
	uint8_t *copy = must_calloc(1, size);
	size_t len = size < FRAME_HEADER ? 0 : frame_len(data);

	if (size > 0)
		memcpy(copy, data, size);
	if (len > 0 && len <= size) {
		const struct bytes parts[] = { { before, HASH_LEN }, { data, len - HASH_LEN } };

		hash_parts(parts, 2, copy + len - HASH_LEN);
	}
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *right = with_right_chain(data, size);

	check_header(data, size);
	check_frame((struct bytes){ data, size });
	check_frame((struct bytes){ right, size });
	free(right);
	return 0;
}
