#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

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

static void a_new_journal_gets_an_instance_and_one_zero_filled_segment(void **state)
{
	struct fixture *f = *state;
	static uint8_t content[SMALL_SEGMENT + 1];
	struct segment_header header;
	struct err err = { 0 };
	uint32_t instance = 0;

	fixture_start(f, false);
	assert_true(journal_instance_read(f->path, &instance, &err));
	assert_true(serial_instance_valid(instance));
	assert_int_equal(instance, f->r.instance);
	assert_true(segment_header_read(f->path, 1, &header, &err));
	assert_int_equal(header.instance, instance);
	assert_int_equal(header.lease, 0);
	assert_int_equal(header.first_seq, 1);
	assert_int_equal(fixture_read(f, first_segment, content, sizeof(content)), SMALL_SEGMENT);
	for (size_t i = SEGMENT_HEADER; i < SMALL_SEGMENT; i++)
		assert_int_equal(content[i], 0);
	fixture_stop(f);
}

static void the_instance_stays_over_restarts(void **state)
{
	struct fixture *f = *state;
	uint32_t instance;

	fixture_start(f, false);
	instance = f->r.instance;
	fixture_stop(f);
	fixture_start(f, false);
	assert_int_equal(f->r.instance, instance);
	assert_false(f->r.new_instance);
	fixture_stop(f);
}

/* Group commit: what was added together is one frame. */
static void records_added_together_are_one_frame(void **state)
{
	struct fixture *f = *state;
	static uint8_t content[SMALL_SEGMENT];
	struct bytes body = bytes_of_text("body");
	uint8_t chain[HASH_LEN] = { 0 };
	struct frame frame;
	struct err err = { 0 };

	fixture_start(f, false);
	for (uint32_t i = 0; i < 5; i++)
		fixture_add(f, LEASE, i, i == 0 ? RECORD_LEASE_OPEN : RECORD_TOKEN, body);
	assert_int_equal(segment_writer_durable(f->writer), 0);
	fixture_commit(f);
	assert_int_equal(segment_writer_durable(f->writer), 5);
	(void)fixture_read(f, first_segment, content, sizeof(content));
	assert_int_equal(frame_read((struct bytes){ content + SEGMENT_HEADER,
					    sizeof(content) - SEGMENT_HEADER },
				 chain, &frame, &err),
		FRAME_GOOD);
	assert_int_equal(frame.count, 5);
	assert_int_equal(frame.first_seq, 1);
	fixture_stop(f);
}

static void a_commit_of_nothing_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	fixture_start(f, false);
	assert_true(segment_writer_commit(f->writer, &err));
	assert_int_equal(segment_writer_durable(f->writer), 0);
	fixture_stop(f);
}

/* R2: what is durable is recognised. */
static void a_record_that_is_there_already_is_not_added_again(void **state)
{
	struct fixture *f = *state;
	struct msg_record record = { .seq = 1, .body = bytes_of_text("b") };
	struct err err = { 0 };

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	assert_false(segment_writer_add(f->writer, &record));
	record.seq = 2;
	assert_true(segment_writer_add(f->writer, &record));
	assert_false(segment_writer_add(f->writer, &record));
	assert_true(segment_writer_commit(f->writer, &err));
	assert_int_equal(segment_writer_durable(f->writer), 2);
	fixture_stop(f);
}

static void a_frame_is_full_before_it_outgrows_its_limits(void **state)
{
	struct fixture *f = *state;
	static uint8_t longest[MSG_MAX_BODY];
	uint32_t count = 0;

	fixture_start(f, false);
	/* Small ones: bounded by the room in a segment. */
	for (; !segment_writer_is_full(f->writer); count++)
		fixture_add(f, LEASE, count, RECORD_TOKEN, bytes_of_text("b"));
	assert_in_range(count, 100, FRAME_MAX_RECORDS);
	fixture_commit(f);
	/* The longest one fits whenever the frame is not full. */
	while (!segment_writer_is_full(f->writer))
		fixture_add(f, LEASE, count++, RECORD_TOKEN,
			(struct bytes){ longest, sizeof(longest) });
	fixture_commit(f);
	fixture_stop(f);
}

static void a_full_segment_is_followed_by_one_that_names_the_lease(void **state)
{
	struct fixture *f = *state;
	struct segment_list list;
	struct segment_header header;
	struct segment_header before = { 0 };
	struct err err = { 0 };

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	fixture_put_close(f, LEASE, 1);
	fixture_put_lease(f, LEASE + 1, 60, 2000);
	assert_true(segment_list_read(f->path, &list, &err));
	assert_true(list.count >= 4);
	for (size_t i = 0; i < list.count; i++) {
		assert_true(segment_header_read(f->path, list.first_seq[i], &header, &err));
		assert_int_equal(header.lease, i == 0 ? 0 : LEASE + 1);
		assert_int_equal(header.lease_seq, i == 0 ? 0 : 3);
		if (i > 0)
			assert_memory_not_equal(header.chain, before.chain, HASH_LEN);
		before = header;
	}
	segment_list_free(&list);
	fixture_stop(f);
	fixture_start(f, false);
	assert_int_equal(f->r.end.last_seq, 63);
	assert_int_equal(f->r.last.lease, LEASE + 1);
	assert_int_equal(f->r.last.open_seq, 3);
	fixture_stop(f);
}

static void spares_are_filled_in_steps_and_taken_whole(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	char name[SEGMENT_NAME];
	int fd;

	fixture_start(f, false);
	assert_int_equal(spares_count(&f->spares), 0);
	assert_true(spares_step(&f->spares, &err));
	assert_true(spares_step(&f->spares, &err));
	assert_int_equal(spares_count(&f->spares), 2);
	assert_true(home_has_file(&f->home, "spare-1.new"));
	assert_true(home_has_file(&f->home, "spare-2.new"));
	fd = spares_take(&f->spares, name, &err);
	assert_true(fd >= 0);
	assert_string_equal(name, "spare-1.new");
	assert_int_equal(spares_count(&f->spares), 1);
	(void)close(fd);
	fixture_stop(f);
}

static void a_restart_keeps_whole_spares_finishes_one_and_removes_the_rest(void **state)
{
	struct fixture *f = *state;
	static const uint8_t zeros[SMALL_SEGMENT + 1];
	static uint8_t content[SMALL_SEGMENT + 1];
	struct err err = { 0 };

	fixture_write(f, "spare-1.new", zeros, SMALL_SEGMENT);
	fixture_write(f, "spare-3.new", zeros, 100);
	fixture_write(f, "spare-4.new", zeros, 200);
	fixture_write(f, "spare-5.new", zeros, SMALL_SEGMENT + 1);
	fixture_start(f, false);
	/* spare-1 became the first segment. */
	assert_false(home_has_file(&f->home, "spare-1.new"));
	assert_false(home_has_file(&f->home, "spare-4.new"));
	assert_false(home_has_file(&f->home, "spare-5.new"));
	assert_int_equal(spares_count(&f->spares), 0);
	assert_true(spares_step(&f->spares, &err));
	assert_int_equal(spares_count(&f->spares), 1);
	assert_int_equal(fixture_read(f, "spare-3.new", content, sizeof(content)), SMALL_SEGMENT);
	fixture_stop(f);
}

/* SIGXFSZ is ignored, so RLIMIT_FSIZE turns writes into EFBIG as a full disk into ENOSPC. */
static void with_file_size_limit(rlim_t limit, void (*run)(struct fixture *), struct fixture *f)
{
	struct rlimit before;
	struct rlimit low;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	low = before;
	low.rlim_cur = limit;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	run(f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void step_without_room(struct fixture *f)
{
	struct err err = { 0 };

	assert_false(spares_step(&f->spares, &err));
	assert_non_null(strstr(err.text, "spare-1.new: fill at 0: File too large"));
}

static void a_spare_that_cannot_be_filled_gives_its_room_back(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	with_file_size_limit(1000, step_without_room, f);
	assert_false(home_has_file(&f->home, "spare-1.new"));
	assert_int_equal(spares_count(&f->spares), 0);
	fixture_stop(f);
}

static void commit_over_the_limit(struct fixture *f)
{
	struct err err = { 0 };
	uint64_t durable = segment_writer_durable(f->writer);

	fixture_add(f, LEASE, 1, RECORD_TOKEN, bytes_of_text("b"));
	assert_false(segment_writer_commit(f->writer, &err));
	assert_non_null(strstr(err.text, "0000000000000001.seg: write at "));
	assert_non_null(strstr(err.text, "File too large"));
	assert_int_equal(segment_writer_durable(f->writer), durable);
}

static void a_write_that_fails_is_not_durable(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	with_file_size_limit(SEGMENT_HEADER, commit_over_the_limit, f);
	fixture_stop(f);
	fixture_start(f, false);
	assert_int_equal(f->r.end.last_seq, 1);
	fixture_stop(f);
}

static void fill_segment_without_room(struct fixture *f)
{
	struct err err = { 0 };
	static const uint8_t body[10000];
	bool ok = true;

	for (uint32_t i = 1; ok && i < 10; i++) {
		fixture_add(f, LEASE, i, RECORD_TOKEN, (struct bytes){ body, sizeof(body) });
		ok = segment_writer_commit(f->writer, &err);
	}
	assert_false(ok);
	assert_non_null(strstr(err.text, "spare-1.new: fill at 0: File too large"));
	/* Three of 10 kB fill 32 kB: all that was in the segment is durable. */
	assert_int_equal(segment_writer_durable(f->writer), 4);
}

static void a_full_segment_without_a_spare_is_an_error_of_the_disk(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	with_file_size_limit(SMALL_SEGMENT - 1, fill_segment_without_room, f);
	fixture_stop(f);
}

static void a_small_file_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	uint8_t content[16];
	struct stat st;
	char path[JOURNAL_PATH];

	fixture_start(f, false);
	assert_true(home_write_file(&f->home, "small", bytes_of_text("first"), &err));
	assert_true(home_write_file(&f->home, "small", bytes_of_text("2nd"), &err));
	assert_int_equal(fixture_read(f, "small", content, sizeof(content)), 3);
	assert_false(home_has_file(&f->home, "small.tmp"));
	journal_path(f->path, "small", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fixture_stop(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_journal_gets_an_instance_and_one_zero_filled_segment),
		TEST(the_instance_stays_over_restarts),
		TEST(records_added_together_are_one_frame),
		TEST(a_commit_of_nothing_writes_nothing),
		TEST(a_record_that_is_there_already_is_not_added_again),
		TEST(a_frame_is_full_before_it_outgrows_its_limits),
		TEST(a_full_segment_is_followed_by_one_that_names_the_lease),
		TEST(spares_are_filled_in_steps_and_taken_whole),
		TEST(a_restart_keeps_whole_spares_finishes_one_and_removes_the_rest),
		TEST(a_spare_that_cannot_be_filled_gives_its_room_back),
		TEST(a_write_that_fails_is_not_durable),
		TEST(a_full_segment_without_a_spare_is_an_error_of_the_disk),
		TEST(a_small_file_is_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
