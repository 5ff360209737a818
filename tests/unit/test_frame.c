#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vectors.h"
#include "tsa/record/frame.h"

static void bytes_into(const char *section, const char *name, uint8_t *out, size_t len)
{
	struct buf b = vector_bytes(section, name);

	assert_int_equal(b.len, len);
	memcpy(out, b.at, len);
	buf_free(&b);
}

static struct segment_header vector_header(const char *section)
{
	struct segment_header h = {
		.instance = vector_u32(section, "instance"),
		.lease = vector_u32(section, "lease"),
		.lease_seq = (uint64_t)vector_integer(section, "lease_seq"),
		.first_seq = (uint64_t)vector_integer(section, "first_seq"),
		.created_us = (uint64_t)vector_integer(section, "created_us"),
	};

	bytes_into(section, "chain", h.chain, HASH_LEN);
	return h;
}

/* The vector's record; its body is in *body, which the caller frees. */
static struct msg_record vector_record(const char *section, struct buf *body)
{
	struct msg_record r = {
		.seq = (uint64_t)vector_integer(section, "seq"),
		.lease = vector_u32(section, "lease"),
		.ctr = vector_u32(section, "ctr"),
		.kind = (uint8_t)vector_integer(section, "kind"),
		.flags = (uint8_t)vector_integer(section, "flags"),
		.time_us = (uint64_t)vector_integer(section, "time_us"),
		.tsu_id = vector_u32(section, "tsu_id"),
		.bound_us = (int32_t)vector_integer(section, "bound_us"),
	};

	bytes_into(section, "leaf_hash", r.leaf_hash, HASH_LEN);
	*body = vector_bytes(section, "body");
	r.body = buf_view(body);
	return r;
}

static void expect_record(const struct msg_record *found, const char *section)
{
	struct buf body;
	struct msg_record wanted = vector_record(section, &body);

	assert_int_equal(found->seq, wanted.seq);
	assert_int_equal(found->lease, wanted.lease);
	assert_int_equal(found->ctr, wanted.ctr);
	assert_int_equal(found->kind, wanted.kind);
	assert_int_equal(found->flags, wanted.flags);
	assert_int_equal(found->time_us, wanted.time_us);
	assert_int_equal(found->tsu_id, wanted.tsu_id);
	assert_int_equal(found->bound_us, wanted.bound_us);
	assert_memory_equal(found->leaf_hash, wanted.leaf_hash, HASH_LEN);
	assert_true(bytes_equal(found->body, wanted.body));
	buf_free(&body);
}

static void a_segment_header_is_as_committed(void **unused)
{
	static const char *const sections[] = { "segment.first", "segment.later" };

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		struct segment_header h = vector_header(sections[i]);
		struct segment_header again;
		uint8_t out[SEGMENT_HEADER];
		char *wanted_name = vector_text(sections[i], "name");
		char name[SEGMENT_NAME];
		struct err err = { 0 };

		segment_header_encode(&h, out);
		vector_equals(sections[i], "hex", (struct bytes){ out, sizeof(out) });
		assert_true(segment_header_decode(out, &again, &err));
		assert_int_equal(again.instance, h.instance);
		assert_int_equal(again.lease, h.lease);
		assert_int_equal(again.lease_seq, h.lease_seq);
		assert_int_equal(again.first_seq, h.first_seq);
		assert_int_equal(again.created_us, h.created_us);
		assert_memory_equal(again.chain, h.chain, HASH_LEN);
		segment_name(h.first_seq, name);
		assert_string_equal(name, wanted_name);
		free(wanted_name);
	}
}

static void refuses_a_segment_header_with_any_bit_flipped(void **unused)
{
	struct buf header = vector_bytes("segment.later", "hex");

	(void)unused;
	for (size_t bit = 0; bit < 8 * (size_t)SEGMENT_HEADER; bit++) {
		struct segment_header h;
		struct err err = { 0 };

		header.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(segment_header_decode(header.at, &h, &err));
		assert_int_not_equal(err.text[0], '\0');
		header.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_free(&header);
}

static void a_file_name_stands_for_its_first_seq(void **unused)
{
	(void)unused;
	assert_int_equal(segment_name_seq("0000000000000001.seg"), 1);
	assert_true(segment_name_seq("ffffffffffffffff.seg") == UINT64_MAX);
}

static void refuses_any_other_file_name(void **unused)
{
	static const char *const names[] = { "", ".", "instance", "1.seg", "000000000000001.seg",
		"0000000000000001.seg.tmp", "0000000000000001.se", "000000000000000G.seg",
		"000000000000000A.seg", "0000000000000000.seg", "spare-1.new",
		"00000000000000001.seg" };

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(segment_name_seq(names[i]), 0);
}

/* Builds the frame of a vector from the records first .. last. */
static struct buf build(const char *section, int first, int last, uint8_t chain[HASH_LEN])
{
	struct buf frame = { 0 };

	bytes_into(section, "chain_before", chain, HASH_LEN);
	frame_begin(&frame);
	for (int i = first; i <= last; i++) {
		char record_section[16];
		struct buf body;
		struct msg_record record;

		(void)snprintf(record_section, sizeof(record_section), "record.%d", i);
		record = vector_record(record_section, &body);
		frame_add(&frame, &record);
		buf_free(&body);
	}
	frame_finish(&frame, (uint32_t)(last - first + 1), (uint64_t)first, chain);
	return frame;
}

static void check_frame(const char *section, int first, int last)
{
	uint8_t chain[HASH_LEN];
	uint8_t read_chain[HASH_LEN];
	struct buf built = build(section, first, last, chain);
	struct err err = { 0 };
	struct msg_record record;
	struct frame frame;
	int i = first;

	vector_equals(section, "hex", buf_view(&built));
	vector_equals(section, "chain", (struct bytes){ chain, HASH_LEN });
	bytes_into(section, "chain_before", read_chain, HASH_LEN);
	assert_int_equal(frame_len(built.at), built.len);
	assert_int_equal(frame_read(buf_view(&built), read_chain, &frame, &err), FRAME_GOOD);
	assert_memory_equal(read_chain, chain, HASH_LEN);
	assert_int_equal(frame.whole.len, built.len);
	assert_int_equal(frame.first_seq, first);
	for (; frame_next(&frame, &record); i++) {
		char record_section[16];

		(void)snprintf(record_section, sizeof(record_section), "record.%d", i);
		expect_record(&record, record_section);
	}
	assert_int_equal(i, last + 1);
	buf_free(&built);
}

static void frames_are_as_committed(void **unused)
{
	(void)unused;
	check_frame("frame.first", 1, 1);
	check_frame("frame.second", 2, 2);
	check_frame("frame.both", 1, 2);
}

static enum frame_result read_with_chain_of(const char *section, struct bytes rest)
{
	uint8_t chain[HASH_LEN];
	uint8_t before[HASH_LEN];
	struct frame frame;
	struct err err = { 0 };
	enum frame_result result;

	bytes_into(section, "chain_before", chain, HASH_LEN);
	memcpy(before, chain, HASH_LEN);
	result = frame_read(rest, chain, &frame, &err);
	if (result != FRAME_GOOD)
		assert_memory_equal(chain, before, HASH_LEN);
	return result;
}

/* R3: the chain finds flipped bytes, no CRC beside it. */
static void a_frame_with_any_bit_flipped_is_broken(void **unused)
{
	struct buf frame = vector_bytes("frame.both", "hex");

	(void)unused;
	for (size_t bit = 0; bit < 8 * frame.len; bit++) {
		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(read_with_chain_of("frame.both", buf_view(&frame)), FRAME_BROKEN);
		frame.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_free(&frame);
}

static void a_frame_cut_anywhere_is_broken(void **unused)
{
	struct buf frame = vector_bytes("frame.both", "hex");

	(void)unused;
	for (size_t len = 1; len < frame.len; len++)
		assert_int_equal(read_with_chain_of("frame.both", (struct bytes){ frame.at, len }),
			FRAME_BROKEN);
	buf_free(&frame);
}

static void a_frame_in_another_place_is_broken(void **unused)
{
	struct buf frame = vector_bytes("frame.first", "hex");

	(void)unused;
	assert_int_equal(read_with_chain_of("frame.first", buf_view(&frame)), FRAME_GOOD);
	assert_int_equal(read_with_chain_of("frame.second", buf_view(&frame)), FRAME_BROKEN);
	buf_free(&frame);
}

static void zeros_are_the_end(void **unused)
{
	static const uint8_t zeros[64];

	(void)unused;
	for (size_t len = 0; len <= sizeof(zeros); len++)
		assert_int_equal(
			read_with_chain_of("frame.first", (struct bytes){ zeros, len }), FRAME_END);
}

/* A chain value that is right does not make a wrong inside right. */
static void a_frame_whose_seqs_do_not_follow_is_broken(void **unused)
{
	uint8_t chain[HASH_LEN] = { 0 };
	uint8_t read_chain[HASH_LEN] = { 0 };
	struct msg_record record = { .seq = 5, .body = { chain, 1 } };
	struct buf built = { 0 };
	struct frame frame;
	struct err err = { 0 };

	(void)unused;
	frame_begin(&built);
	frame_add(&built, &record);
	record.seq = 7;
	frame_add(&built, &record);
	frame_finish(&built, 2, 5, chain);
	assert_int_equal(frame_read(buf_view(&built), read_chain, &frame, &err), FRAME_BROKEN);
	assert_string_equal(err.text, "frame: seq: 7 where 6 follows");
	buf_free(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_header_is_as_committed),
		cmocka_unit_test(refuses_a_segment_header_with_any_bit_flipped),
		cmocka_unit_test(a_file_name_stands_for_its_first_seq),
		cmocka_unit_test(refuses_any_other_file_name),
		cmocka_unit_test(frames_are_as_committed),
		cmocka_unit_test(a_frame_with_any_bit_flipped_is_broken),
		cmocka_unit_test(a_frame_cut_anywhere_is_broken),
		cmocka_unit_test(a_frame_in_another_place_is_broken),
		cmocka_unit_test(zeros_are_the_end),
		cmocka_unit_test(a_frame_whose_seqs_do_not_follow_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
