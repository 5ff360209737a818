#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"

static const char first_segment[] = "0000000000000001.seg";

static int set_up(void **state)
{
	*state = fixture_new();
	return 0;
}

static int tear_down(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* Three frames: lease-open; two records; two records. Where each starts, and where all end. */
struct three {
	uint64_t at[4];
	uint8_t content[SMALL_SEGMENT];
};

static struct three *write_three_frames(struct fixture *f)
{
	struct three *three = must_calloc(1, sizeof(*three));
	struct bytes body = bytes_of_text("body of a record");

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 20);
	for (uint32_t ctr = 1; ctr < 5; ctr++) {
		fixture_add(f, LEASE, ctr, RECORD_TOKEN, body);
		if (ctr % 2 == 0)
			fixture_commit(f);
	}
	fixture_stop(f);
	assert_int_equal(
		fixture_read(f, first_segment, three->content, SMALL_SEGMENT), SMALL_SEGMENT);
	three->at[0] = SEGMENT_HEADER;
	for (int i = 0; i < 3; i++)
		three->at[i + 1] = three->at[i] + frame_len(three->content + three->at[i]);
	return three;
}

static void expect_refused(struct fixture *f, enum msg_failure failure, const char *text)
{
	struct trouble trouble = { 0 };

	assert_false(fixture_try_start(f, true, &trouble));
	assert_int_equal(trouble.failure, failure);
	if (strstr(trouble.err.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", trouble.err.text, text);
}

/* Recovers with this content of the segment; the last frame must be cut and go on working. */
static void expect_last_frame_cut(
	struct fixture *f, const struct three *three, const uint8_t *content)
{
	static uint8_t after[SMALL_SEGMENT];

	fixture_write(f, first_segment, content, SMALL_SEGMENT);
	fixture_start(f, true);
	assert_int_equal(f->r.end.last_seq, 3);
	assert_int_equal(f->r.end.offset, three->at[2]);
	assert_int_equal(lease_tree_end(f->r.tree), 3);
	fixture_stop(f);
	(void)fixture_read(f, first_segment, after, sizeof(after));
	assert_memory_equal(after, three->content, three->at[2]);
	for (size_t i = three->at[2]; i < SMALL_SEGMENT; i++)
		assert_int_equal(after[i], 0);
}

/* ledger.md 1.6: a torn tail is cut at the last good frame. */
static void a_last_frame_torn_at_any_offset_is_cut(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	for (uint64_t end = three->at[2]; end < three->at[3]; end++) {
		uint8_t content[SMALL_SEGMENT] = { 0 };

		memcpy(content, three->content, end);
		expect_last_frame_cut(f, three, content);
	}
	free(three);
}

/* The disk may have written the later pages of a frame and not the first. */
static void a_last_frame_whose_start_is_missing_is_cut(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	for (uint64_t from = three->at[2] + 1; from < three->at[3]; from += 7) {
		uint8_t content[SMALL_SEGMENT];

		memcpy(content, three->content, sizeof(content));
		memset(content + three->at[2], 0, from - three->at[2]);
		expect_last_frame_cut(f, three, content);
	}
	free(three);
}

static void a_cut_is_reported_and_the_journal_goes_on(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	three->content[three->at[3] - 1] ^= 1;
	fixture_write(f, first_segment, three->content, SMALL_SEGMENT);
	fixture_start(f, false);
	assert_int_equal(f->r.cut_offset, three->at[2]);
	/* Up to the last byte that is not zero; the chain value may end with zeros. */
	assert_in_range(f->r.cut_len, three->at[3] - three->at[2] - 2, three->at[3] - three->at[2]);
	fixture_put(f, LEASE, 3, RECORD_TOKEN, 30);
	fixture_stop(f);
	fixture_start(f, false);
	assert_int_equal(f->r.cut_len, 0);
	assert_int_equal(f->r.end.last_seq, 4);
	fixture_stop(f);
	free(three);
}

/* Acknowledged records are never cut: with a later frame that verifies it was no crash. */
static void a_byte_flipped_in_any_earlier_frame_is_refused(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	for (uint64_t at = three->at[0]; at < three->at[2]; at++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "0000000000000001.seg: offset %d: ",
			(int)(at < three->at[1] ? three->at[0] : three->at[1]));
		three->content[at] ^= 0x40;
		fixture_write(f, first_segment, three->content, SMALL_SEGMENT);
		expect_refused(f, MSG_FAILURE_CORRUPT, text);
		three->content[at] ^= 0x40;
	}
	fixture_write(f, first_segment, three->content, SMALL_SEGMENT);
	fixture_start(f, false);
	assert_int_equal(f->r.end.last_seq, 5);
	fixture_stop(f);
	free(three);
}

static void a_frame_overwritten_with_zeros_is_refused(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	/* Its stored chain value is left, as when single sectors are lost. */
	memset(three->content + three->at[1], 0, three->at[2] - three->at[1] - HASH_LEN);
	fixture_write(f, first_segment, three->content, SMALL_SEGMENT);
	expect_refused(f, MSG_FAILURE_CORRUPT, "only a last frame may be torn");
	free(three);
}

static void a_damaged_header_is_refused(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	three->content[20] ^= 1;
	fixture_write(f, first_segment, three->content, SMALL_SEGMENT);
	expect_refused(f, MSG_FAILURE_CORRUPT, "header: holds its own SHA-256: it does not match");
	free(three);
}

/* Several segments of lease LEASE; gives their first seqs. */
static struct segment_list write_segments(struct fixture *f)
{
	struct segment_list list;
	struct err err = { 0 };

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 60, 2000);
	fixture_stop(f);
	assert_true(segment_list_read(f->path, &list, &err));
	assert_true(list.count >= 4);
	return list;
}

static void a_missing_segment_is_refused(void **state)
{
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);
	char name[SEGMENT_NAME];

	segment_name(list.first_seq[1], name);
	fixture_unlink(f, name);
	expect_refused(f, MSG_FAILURE_CORRUPT, "ends with the chain value of its successor");
	segment_list_free(&list);
}

static void a_missing_first_segment_is_refused(void **state)
{
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);

	fixture_unlink(f, first_segment);
	expect_refused(f, MSG_FAILURE_CORRUPT, "starts with record 1");
	segment_list_free(&list);
}

/* Cuts the last frame of an earlier segment: nothing there can be a torn tail. */
static void an_earlier_segment_that_ends_early_is_refused(void **state)
{
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);
	static uint8_t content[SMALL_SEGMENT];
	char name[SEGMENT_NAME];

	segment_name(list.first_seq[1], name);
	(void)fixture_read(f, name, content, sizeof(content));
	memset(content + SEGMENT_HEADER + 3000, 0, sizeof(content) - SEGMENT_HEADER - 3000);
	fixture_write(f, name, content, sizeof(content));
	expect_refused(f, MSG_FAILURE_CORRUPT, "ends with the chain value of its successor");
	segment_list_free(&list);
}

/* Seen only when the segment is read: here because its lease is open and the tree is wanted. */
static void damage_in_an_earlier_segment_of_the_open_lease_is_refused(void **state)
{
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);
	static uint8_t content[SMALL_SEGMENT];
	char name[SEGMENT_NAME];

	segment_name(list.first_seq[1], name);
	(void)fixture_read(f, name, content, sizeof(content));
	content[5000] ^= 1;
	fixture_write(f, name, content, sizeof(content));
	expect_refused(f, MSG_FAILURE_CORRUPT, "SHA-256 chain: it does not match");
	segment_list_free(&list);
}

static void a_segment_of_another_instance_is_refused(void **state)
{
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);
	struct segment_header header;
	static uint8_t content[SMALL_SEGMENT];
	char name[SEGMENT_NAME];
	struct err err = { 0 };

	segment_name(list.first_seq[2], name);
	(void)fixture_read(f, name, content, sizeof(content));
	assert_true(segment_header_decode(content, &header, &err));
	header.instance ^= 1;
	segment_header_encode(&header, content);
	fixture_write(f, name, content, sizeof(content));
	expect_refused(f, MSG_FAILURE_CORRUPT, "one instance");
	segment_list_free(&list);
}

/* D3: the instance is part of every serial; it must not change while there are records. */
static void a_lost_instance_file_is_written_again_from_the_segments(void **state)
{
	static const char *const damaged[] = { "", "5e3a91c4", "5e3a91c4 \n", "00000001\n",
		"fe3a91c4\n", "ze3a91c4\n", "5e3a91c45\n" };
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);
	struct err err = { 0 };
	uint32_t instance;
	uint32_t again;

	assert_true(journal_instance_read(f->path, &instance, &err));
	fixture_unlink(f, "instance");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		fixture_start(f, false);
		assert_int_equal(f->r.instance, instance);
		assert_true(f->r.new_instance);
		fixture_stop(f);
		assert_true(journal_instance_read(f->path, &again, &err));
		assert_int_equal(again, instance);
		fixture_write(f, "instance", damaged[i], strlen(damaged[i]));
		assert_false(journal_instance_read(f->path, &again, &err));
	}
	free(three);
}

static void another_instance_than_that_of_the_segments_is_refused(void **state)
{
	struct fixture *f = *state;
	struct three *three = write_three_frames(f);

	fixture_write(f, "instance", "5e3a91c4\n", 9);
	expect_refused(f, MSG_FAILURE_CORRUPT, "it says 5e3a91c4, they say ");
	free(three);
}

/* ---- the last lease (R2) ---- */

static void an_empty_journal_has_no_lease(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, true);
	assert_int_equal(f->r.end.last_seq, 0);
	assert_int_equal(f->r.last.lease, 0);
	assert_false(f->r.last.open);
	assert_null(f->r.tree);
	fixture_stop(f);
	/* Also one that has a segment already. */
	fixture_start(f, true);
	assert_int_equal(f->r.end.first_seq, 1);
	assert_int_equal(f->r.end.last_seq, 0);
	assert_int_equal(f->r.last.lease, 0);
	assert_null(f->r.tree);
	fixture_stop(f);
}

static void a_closed_lease_is_reported_with_count_and_root(void **state)
{
	struct fixture *f = *state;
	uint8_t root[HASH_LEN];

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 4, 10);
	fixture_put_close(f, LEASE, 5);
	fixture_stop(f);
	fixture_start(f, true);
	fixture_leaf(5, root);
	assert_int_equal(f->r.last.lease, LEASE);
	assert_false(f->r.last.open);
	assert_int_equal(f->r.last.closed_count, 5);
	assert_memory_equal(f->r.last.closed_root, root, HASH_LEN);
	assert_int_equal(f->r.last.last_time_us, 5);
	assert_null(f->r.tree);
	fixture_stop(f);
}

/* Adds leaves to a tree of the test's own, to compare with. */
static void expect_tree(const struct lease_tree *t, uint32_t dense, uint32_t end)
{
	struct tree wanted = { 0 };

	for (uint32_t ctr = 0; ctr < dense; ctr++) {
		uint8_t leaf[HASH_LEN];

		fixture_leaf(ctr, leaf);
		tree_add(&wanted, leaf);
	}
	assert_non_null(t);
	assert_int_equal(lease_tree_dense(t)->size, dense);
	assert_memory_equal(
		lease_tree_dense(t)->hash, wanted.hash, tree_hash_count(dense) * (size_t)HASH_LEN);
	assert_int_equal(lease_tree_end(t), end);
}

static void the_tree_of_an_open_lease_is_rebuilt_over_segments(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 30, 2000);
	fixture_put_close(f, LEASE, 31);
	fixture_put_lease(f, LEASE + 1, 60, 2000);
	fixture_stop(f);
	fixture_start(f, true);
	assert_int_equal(f->r.last.lease, LEASE + 1);
	assert_true(f->r.last.open);
	assert_int_equal(f->r.last.last_time_us, f->r.end.last_seq);
	expect_tree(f->r.tree, 61, 61);
	fixture_stop(f);
}

static void no_tree_is_built_that_was_not_asked_for(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 3, 10);
	fixture_stop(f);
	fixture_start(f, false);
	assert_true(f->r.last.open);
	assert_null(f->r.tree);
	fixture_stop(f);
}

/* Counters in the order 0 2 1 5 3 8: dense to 3, then 5 and 8 wait for 4, 6 and 7. */
static void counters_out_of_order_leave_gaps_in_the_rebuilt_tree(void **state)
{
	static const uint32_t order[] = { 2, 1, 5, 3, 8 };
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		fixture_put(f, LEASE, order[i], RECORD_TOKEN, 10);
	fixture_stop(f);
	fixture_start(f, true);
	expect_tree(f->r.tree, 4, 9);
	assert_int_equal(lease_tree_first_gap(f->r.tree), 4);
	fixture_stop(f);
}

/* One serial, one record: a journal that says otherwise is not taken. */
static void a_counter_that_stands_twice_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 2, 10);
	fixture_put(f, LEASE, 1, RECORD_VOID, 10);
	fixture_stop(f);
	expect_refused(f, MSG_FAILURE_CORRUPT, "record 4: lease: counter 1 comes twice");
}

/* A crash between the switch of segments and the first frame there. */
static void a_last_segment_without_records_does_not_hide_the_lease(void **state)
{
	static const uint8_t zeros[SMALL_SEGMENT - SEGMENT_HEADER];
	struct fixture *f = *state;
	struct segment_list list = write_segments(f);
	char name[SEGMENT_NAME];
	int fd;

	segment_name(list.first_seq[list.count - 1], name);
	fd = fixture_open_file(f, name, O_WRONLY);
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros), SEGMENT_HEADER), sizeof(zeros));
	(void)close(fd);
	fixture_start(f, true);
	assert_int_equal(f->r.end.last_seq, list.first_seq[list.count - 1] - 1);
	assert_int_equal(f->r.last.last_time_us, f->r.end.last_seq);
	assert_int_equal(f->r.last.lease, LEASE);
	expect_tree(f->r.tree, (uint32_t)f->r.end.last_seq, (uint32_t)f->r.end.last_seq);
	fixture_put(f, LEASE, 100, RECORD_TOKEN, 10);
	fixture_stop(f);
	segment_list_free(&list);
}

static void a_lease_closed_at_the_end_of_a_segment_stays_closed(void **state)
{
	struct fixture *f = *state;
	struct segment_list list;
	struct err err = { 0 };
	char name[SEGMENT_NAME];
	int fd;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 13, 2000);
	fixture_put_close(f, LEASE, 14);
	/* Too long for the rest of the segment. */
	fixture_put(f, LEASE + 1, 0, RECORD_LEASE_OPEN, MSG_MAX_BODY);
	fixture_stop(f);
	assert_true(segment_list_read(f->path, &list, &err));
	assert_int_equal(list.count, 2);
	segment_name(list.first_seq[1], name);
	/* Tear the lease-open: the last segment is empty. */
	fd = fixture_open_file(f, name, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, SEGMENT_HEADER + 200), 1);
	(void)close(fd);
	fixture_start(f, true);
	assert_int_equal(f->r.last.lease, LEASE);
	assert_false(f->r.last.open);
	assert_int_equal(f->r.last.closed_count, 14);
	assert_null(f->r.tree);
	fixture_stop(f);
	segment_list_free(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_last_frame_torn_at_any_offset_is_cut),
		TEST(a_last_frame_whose_start_is_missing_is_cut),
		TEST(a_cut_is_reported_and_the_journal_goes_on),
		TEST(a_byte_flipped_in_any_earlier_frame_is_refused),
		TEST(a_frame_overwritten_with_zeros_is_refused),
		TEST(a_damaged_header_is_refused),
		TEST(a_missing_segment_is_refused),
		TEST(a_missing_first_segment_is_refused),
		TEST(an_earlier_segment_that_ends_early_is_refused),
		TEST(damage_in_an_earlier_segment_of_the_open_lease_is_refused),
		TEST(a_segment_of_another_instance_is_refused),
		TEST(a_lost_instance_file_is_written_again_from_the_segments),
		TEST(another_instance_than_that_of_the_segments_is_refused),
		TEST(an_empty_journal_has_no_lease),
		TEST(a_closed_lease_is_reported_with_count_and_root),
		TEST(the_tree_of_an_open_lease_is_rebuilt_over_segments),
		TEST(no_tree_is_built_that_was_not_asked_for),
		TEST(counters_out_of_order_leave_gaps_in_the_rebuilt_tree),
		TEST(a_counter_that_stands_twice_is_refused),
		TEST(a_last_segment_without_records_does_not_hide_the_lease),
		TEST(a_lease_closed_at_the_end_of_a_segment_stays_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
