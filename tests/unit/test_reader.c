#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"
#include "tsa/record/lease_walk.h"

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

static struct journal_reader *must_open(const struct fixture *f)
{
	struct err err = { 0 };
	struct journal_reader *r = journal_reader_open(f->path, &err);

	assert_non_null(r);
	return r;
}

/* Reads from the reader's place to bound; every record must be the next, and the last bound. */
static void expect_all_to(struct journal_reader *r, uint64_t bound)
{
	uint64_t seq = journal_reader_next_seq(r);
	struct msg_record record;
	struct err err = { 0 };
	enum journal_read result;

	while ((result = journal_reader_next(r, bound, &record, &err)) == JOURNAL_RECORD) {
		assert_int_equal(record.seq, seq);
		assert_int_equal(record.time_us, seq);
		seq++;
	}
	if (result != JOURNAL_END)
		fail_msg("%s", err.text);
	assert_int_equal(seq, bound + 1);
	assert_int_equal(journal_reader_next_seq(r), seq);
}

/* Two leases over several segments, frames of one and of five records. */
static uint64_t write_journal(struct fixture *f)
{
	static const uint8_t body[900];

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 40, 2000);
	fixture_put_close(f, LEASE, 41);
	fixture_put(f, LEASE + 7, 0, RECORD_LEASE_OPEN, 100);
	for (uint32_t ctr = 1; ctr <= 100; ctr++) {
		fixture_add(f, LEASE + 7, ctr, RECORD_TOKEN, (struct bytes){ body, sizeof(body) });
		if (ctr % 5 == 0)
			fixture_commit(f);
	}
	fixture_stop(f);
	return f->seq;
}

static void reads_every_record_over_all_segments(void **state)
{
	struct fixture *f = *state;
	uint64_t last = write_journal(f);
	struct journal_reader *r = must_open(f);

	expect_all_to(r, last);
	journal_reader_free(r);
}

static void starts_at_any_seq(void **state)
{
	struct fixture *f = *state;
	uint64_t last = write_journal(f);
	struct journal_reader *r = must_open(f);

	for (uint64_t seq = 1; seq <= last; seq++) {
		journal_reader_seek(r, seq);
		expect_all_to(r, last < seq + 3 ? last : seq + 3);
	}
	journal_reader_seek(r, last + 1);
	expect_all_to(r, last);
	journal_reader_free(r);
}

/* R5: tsa-ledger never reads beyond what is DURABLE, also when that is inside a frame. */
static void stops_at_every_bound_and_goes_on_from_there(void **state)
{
	struct fixture *f = *state;
	uint64_t last = write_journal(f);
	struct journal_reader *r = must_open(f);

	for (uint64_t bound = 1; bound <= last; bound++)
		expect_all_to(r, bound);
	journal_reader_free(r);
}

static void follows_the_writer_into_new_segments(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r = must_open(f);

	fixture_start(f, false);
	fixture_put(f, LEASE, 0, RECORD_LEASE_OPEN, 10);
	for (uint32_t ctr = 1; ctr < 60; ctr++) {
		expect_all_to(r, f->seq);
		fixture_put(f, LEASE, ctr, RECORD_TOKEN, 1500);
	}
	expect_all_to(r, f->seq);
	fixture_stop(f);
	journal_reader_free(r);
}

static void expect_failure(struct journal_reader *r, uint64_t bound, const char *text)
{
	struct msg_record record;
	struct err err = { 0 };

	assert_int_equal(journal_reader_next(r, bound, &record, &err), JOURNAL_FAILED);
	if (strstr(err.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void a_bound_past_the_end_is_a_failure_until_it_is_written(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r = must_open(f);

	expect_failure(r, 1, "record 1: no segment holds it");
	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 2, 10);
	expect_all_to(r, 3);
	expect_failure(r, 4, "record 4 is not at ");
	expect_failure(r, 4, "record 4 is not at ");
	fixture_put(f, LEASE, 3, RECORD_TOKEN, 10);
	expect_all_to(r, 4);
	fixture_stop(f);
	journal_reader_free(r);
}

static void a_damaged_frame_is_a_failure_naming_file_and_offset(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r = must_open(f);
	uint64_t last = write_journal(f);
	int fd = fixture_open_file(f, "0000000000000001.seg", O_RDWR);

	assert_int_equal(pwrite(fd, "x", 1, 5000), 1);
	expect_all_to(r, 2);
	expect_failure(r, last, "0000000000000001.seg: offset 4372: frame: SHA-256 chain");
	/* Repaired, the same reader goes on. */
	assert_int_equal(pwrite(fd, "b", 1, 5000), 1);
	expect_all_to(r, last);
	(void)close(fd);
	journal_reader_free(r);
}

static void a_segment_that_does_not_follow_is_a_failure(void **state)
{
	struct fixture *f = *state;
	struct journal_reader *r = must_open(f);
	uint64_t last = write_journal(f);
	uint8_t bytes[SEGMENT_HEADER];
	struct segment_header header;
	struct segment_list list;
	struct err err = { 0 };
	char name[SEGMENT_NAME];
	int fd;

	assert_true(segment_list_read(f->path, &list, &err));
	assert_true(segment_header_read(f->path, list.first_seq[1], &header, &err));
	header.chain[0] ^= 1;
	segment_header_encode(&header, bytes);
	segment_name(list.first_seq[1], name);
	fd = fixture_open_file(f, name, O_WRONLY);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	(void)close(fd);
	expect_all_to(r, list.first_seq[1] - 1);
	expect_failure(r, last, "follows the segment before: it does not");
	segment_list_free(&list);
	journal_reader_free(r);
}

static void refuses_a_directory_that_is_not_there(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_null(journal_reader_open("/nowhere/journal", &err));
	assert_string_equal(err.text,
		"journal /nowhere/journal: directory must be readable: No such file or directory");
	assert_null(lease_walk_open("/nowhere/journal", 1, &err));
}

/* ---- leases ---- */

static void expect_lease(struct lease_walk *w, uint32_t lease, uint64_t open_seq)
{
	struct lease_start start = { 0 };
	struct err err = { 0 };

	assert_int_equal(lease_walk_next(w, &start, &err), JOURNAL_RECORD);
	assert_int_equal(start.lease, lease);
	assert_int_equal(start.open_seq, open_seq);
}

static void expect_no_lease(struct lease_walk *w)
{
	struct lease_start start;
	struct err err = { 0 };

	assert_int_equal(lease_walk_next(w, &start, &err), JOURNAL_END);
	assert_int_equal(lease_walk_next(w, &start, &err), JOURNAL_END);
	lease_walk_free(w);
}

static struct lease_walk *must_walk(const struct fixture *f, uint64_t bound)
{
	struct err err = { 0 };
	struct lease_walk *w = lease_walk_open(f->path, bound, &err);

	assert_non_null(w);
	return w;
}

static void an_empty_journal_has_no_leases(void **state)
{
	struct fixture *f = *state;

	expect_no_lease(must_walk(f, 0));
	fixture_start(f, false);
	expect_no_lease(must_walk(f, 0));
	fixture_stop(f);
}

static void leases_come_newest_first(void **state)
{
	struct fixture *f = *state;
	struct lease_walk *w;
	uint64_t last;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 2, 10); /* opens at 1 */
	fixture_put_lease(f, LEASE + 1, 70, 1500); /* 4, over several segments */
	fixture_put_lease(f, LEASE + 2, 0, 10); /* 75 */
	fixture_put_lease(f, LEASE + 3, 70, 1500); /* 76 */
	fixture_put_lease(f, LEASE + 4, 0, 10); /* 147 */
	last = f->seq;
	fixture_stop(f);
	assert_int_equal(last, 147);
	w = must_walk(f, last);
	expect_lease(w, LEASE + 4, 147);
	expect_lease(w, LEASE + 3, 76);
	expect_lease(w, LEASE + 2, 75);
	expect_lease(w, LEASE + 1, 4);
	expect_lease(w, LEASE, 1);
	expect_no_lease(w);
}

static void leases_past_the_bound_are_not_seen(void **state)
{
	struct fixture *f = *state;
	struct lease_walk *w;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 2, 10);
	fixture_put_lease(f, LEASE + 1, 40, 1500);
	fixture_put_lease(f, LEASE + 2, 40, 1500);
	fixture_stop(f);
	w = must_walk(f, 44);
	expect_lease(w, LEASE + 1, 4);
	expect_lease(w, LEASE, 1);
	expect_no_lease(w);
	w = must_walk(f, 3);
	expect_lease(w, LEASE, 1);
	expect_no_lease(w);
}

/* A segment without a lease-open is skipped: damage in it is not looked at here. */
static void only_segments_in_which_a_lease_was_opened_are_read(void **state)
{
	struct fixture *f = *state;
	struct segment_list list;
	struct err err = { 0 };
	struct lease_walk *w;
	char name[SEGMENT_NAME];
	uint64_t last;
	int fd;

	fixture_start(f, false);
	fixture_put_lease(f, LEASE, 100, 1500);
	last = f->seq;
	fixture_stop(f);
	assert_true(segment_list_read(f->path, &list, &err));
	assert_true(list.count >= 4);
	segment_name(list.first_seq[1], name);
	fd = fixture_open_file(f, name, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 1000), 1);
	(void)close(fd);
	w = must_walk(f, last);
	expect_lease(w, LEASE, 1);
	expect_no_lease(w);
	segment_list_free(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_every_record_over_all_segments),
		TEST(starts_at_any_seq),
		TEST(stops_at_every_bound_and_goes_on_from_there),
		TEST(follows_the_writer_into_new_segments),
		TEST(a_bound_past_the_end_is_a_failure_until_it_is_written),
		TEST(a_damaged_frame_is_a_failure_naming_file_and_offset),
		TEST(a_segment_that_does_not_follow_is_a_failure),
		TEST(refuses_a_directory_that_is_not_there),
		TEST(an_empty_journal_has_no_leases),
		TEST(leases_come_newest_first),
		TEST(leases_past_the_bound_are_not_seen),
		TEST(only_segments_in_which_a_lease_was_opened_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
