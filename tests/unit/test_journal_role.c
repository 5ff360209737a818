#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/journal_child.h"

/* ---- start and stop ---- */

static void starts_an_empty_journal_and_says_what_is_there(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, true);
	uint32_t instance = 0;
	struct err err = { 0 };

	assert_true(serial_instance_valid(c->m.journal_ready.instance));
	assert_int_equal(c->m.journal_ready.last_seq, 0);
	assert_int_equal(c->m.journal_ready.last_lease, 0);
	assert_int_equal(c->m.journal_ready.lease_open, 0);
	assert_true(journal_instance_read(f->path, &instance, &err));
	assert_int_equal(instance, c->m.journal_ready.instance);
	assert_int_equal(child_recv(c), MSG_DISK);
	assert_int_equal(c->m.disk.spare_segments, 3);
	assert_in_range(c->m.disk.used_percent, 0, 100);
	child_stop(c);
}

static void its_files_are_for_its_user_alone(void **state)
{
	static const char *const names[] = { "0000000000000001.seg", "instance", "lock" };
	struct fixture *f = *state;

	fixture_unlink(f, "spare-1.new");
	fixture_unlink(f, "spare-2.new");
	fixture_unlink(f, "spare-3.new");
	fixture_unlink(f, "spare-4.new");
	child_stop(start_ready(f, false));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[JOURNAL_PATH];
		struct stat st;

		journal_path(f->path, names[i], path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* ledger.md 1.6: two spares ahead, made while nothing else is to do. */
static void makes_two_spares_by_itself(void **state)
{
	struct fixture *f = *state;
	struct child *c;

	fixture_unlink(f, "spare-2.new");
	fixture_unlink(f, "spare-3.new");
	fixture_unlink(f, "spare-4.new");
	c = start_ready(f, false);
	do
		assert_int_equal(child_recv(c), MSG_DISK);
	while (c->m.disk.spare_segments < 2);
	child_stop(c);
}

static void sigterm_is_for_tsad_to_decide(void **state)
{
	struct child *c = start_ready(*state, false);

	assert_int_equal(kill(c->pid, SIGTERM), 0);
	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	child_stop(c);
}

/* ---- group commit ---- */

static void acknowledges_a_record_once_it_is_on_disk(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	for (uint64_t seq = 1; seq <= 10; seq++) {
		send_records(c, seq, seq);
		assert_int_equal(child_expect_durable(c, seq), 1);
		expect_records(f, seq);
	}
	child_stop(c);
}

/* All that waits is one write, one sync and one acknowledgement. */
static void takes_all_that_waits_into_one_frame(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	child_freeze(c);
	send_records(c, 1, 50);
	child_thaw(c);
	assert_int_equal(child_expect_durable(c, 50), 1);
	child_stop(c);
	expect_records(f, 50);
}

static void crosses_into_a_spare_segment_when_one_is_full(void **state)
{
	static const uint8_t longest[MSG_MAX_BODY];
	const uint64_t last = SEGMENT_SIZE / MSG_MAX_BODY + 100;
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	struct segment_list list;
	struct err err = { 0 };
	uint64_t durable = 0;

	for (uint64_t seq = 1; seq <= last; seq++) {
		struct msg m = record_message(seq, (uint32_t)seq - 1, RECORD_TOKEN,
			(struct bytes){ longest, sizeof(longest) });

		child_send(c, &m);
		/* Few are under way at a time, so neither side's queue fills for good. */
		while (seq - durable >= 20) {
			child_expect(c, MSG_DURABLE);
			durable = c->m.durable.seq;
		}
	}
	/* The last acknowledgement may have come already, in one group with those awaited above. */
	if (durable < last)
		(void)child_expect_durable(c, last);
	child_stop(c);
	assert_true(segment_list_read(f->path, &list, &err));
	assert_int_equal(list.count, 2);
	segment_list_free(&list);
	fixture_start(f, false);
	assert_int_equal(f->r.end.last_seq, last);
	fixture_stop(f);
}

/* ---- after a crash (R2) ---- */

static void recognises_what_is_durable_when_it_is_sent_again(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	send_records(c, 1, 10);
	(void)child_expect_durable(c, 10);
	send_records(c, 11, 20);
	child_kill(c);
	c = start_ready(f, false);
	/* Of the second ten, all, some or none had been written. */
	assert_in_range(c->m.journal_ready.last_seq, 10, 20);
	send_records(c, 5, 20);
	(void)child_expect_durable(c, 20);
	/* Nothing new in this one: it is acknowledged all the same. */
	send_records(c, 20, 20);
	assert_int_equal(child_expect_durable(c, 20), 1);
	child_stop(c);
	expect_records(f, 20);
}

static void a_kill_in_the_middle_of_a_stream_loses_nothing_acknowledged(void **state)
{
	struct fixture *f = *state;
	struct child *c;
	uint64_t last = 0;

	for (int round = 0; round < 10; round++) {
		c = start_ready(f, false);
		assert_true(c->m.journal_ready.last_seq >= last);
		last = c->m.journal_ready.last_seq;
		send_records(c, last + 1, last + 40);
		child_expect(c, MSG_DURABLE);
		last = c->m.durable.seq;
		child_kill(c);
	}
	c = start_ready(f, false);
	assert_true(c->m.journal_ready.last_seq >= last);
	expect_records(f, c->m.journal_ready.last_seq);
	child_stop(c);
}

static void reports_the_tree_of_an_unclosed_lease_with_its_gaps(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	const uint32_t count = 2 * MSG_MAX_LEAVES + 20;
	uint64_t seq = 0;
	struct tree dense = { 0 };
	uint8_t leaf[HASH_LEN];

	/* Counters 0 1 2, then 4 .. : counter 3 never came. */
	for (uint32_t ctr = 0; ctr <= count + 3; ctr++) {
		struct msg m = record_message(seq + 1, ctr,
			ctr == 0 ? RECORD_LEASE_OPEN : RECORD_TOKEN, bytes_of_text("body"));

		if (ctr == 3)
			continue;
		child_send(c, &m);
		if (++seq % 100 == 0)
			(void)child_expect_durable(c, seq);
	}
	(void)child_expect_durable(c, seq);
	child_kill(c);
	c = child_start();
	child_send_setup(c, f->path, true);
	child_expect(c, MSG_LEASE_TREE);
	assert_int_equal(c->m.lease_tree.lease, LEASE);
	assert_int_equal(c->m.lease_tree.size, 3);
	assert_int_equal(c->m.lease_tree.hash_count, 2);
	for (uint32_t ctr = 0; ctr < 3; ctr++) {
		fixture_leaf(ctr, leaf);
		tree_add(&dense, leaf);
	}
	assert_memory_equal(c->m.lease_tree.hash, dense.hash, 2 * HASH_LEN);
	for (uint32_t ctr = 4; ctr <= count + 3;) {
		uint32_t left = count + 4 - ctr;

		child_expect(c, MSG_LEASE_LEAVES);
		assert_int_equal(
			c->m.lease_leaves.count, left < MSG_MAX_LEAVES ? 20 : MSG_MAX_LEAVES);
		for (uint16_t i = 0; i < c->m.lease_leaves.count; i++, ctr++) {
			fixture_leaf(ctr, leaf);
			assert_int_equal(c->m.lease_leaves.leaf[i].ctr, ctr);
			assert_memory_equal(c->m.lease_leaves.leaf[i].leaf, leaf, HASH_LEN);
		}
	}
	child_expect(c, MSG_JOURNAL_READY);
	assert_int_equal(c->m.journal_ready.lease_open, 1);
	assert_int_equal(c->m.journal_ready.last_lease, LEASE);
	assert_int_equal(c->m.journal_ready.last_seq, seq);
	assert_int_equal(c->m.journal_ready.last_time_us, 1000 + seq);
	child_stop(c);
}

static void reports_count_and_root_of_a_closed_lease(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	struct buf body = { 0 };
	uint8_t root[HASH_LEN];
	struct msg m;

	fixture_leaf(77, root);
	body_lease_close(3, root, &body);
	send_records(c, 1, 3);
	m = record_message(4, 3, RECORD_LEASE_CLOSE, buf_view(&body));
	child_send(c, &m);
	(void)child_expect_durable(c, 4);
	child_stop(c);
	c = start_ready(f, true);
	assert_int_equal(c->m.journal_ready.last_lease, LEASE);
	assert_int_equal(c->m.journal_ready.lease_open, 0);
	assert_int_equal(c->m.journal_ready.closed_count, 3);
	assert_memory_equal(c->m.journal_ready.closed_root, root, HASH_LEN);
	child_stop(c);
	buf_free(&body);
}

/* ---- end of file (R12) ---- */

static void writes_what_it_was_sent_before_the_channel_ended(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	child_freeze(c);
	send_records(c, 1, 20);
	child_hang_up(c);
	child_thaw(c);
	child_expect_exit(c, 0);
	expect_records(f, 20);
}

/* Our end goes with answers unread: the kernel then says ECONNRESET before the messages. */
static void writes_what_it_was_sent_also_after_a_reset(void **state)
{
	struct fixture *f = *state;
	struct child *c = child_start();
	struct pollfd p = { .fd = ipc_fd(c->ipc), .events = POLLIN };

	child_send_setup(c, f->path, false);
	assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
	child_freeze(c);
	send_records(c, 1, 20);
	child_hang_up(c);
	child_thaw(c);
	child_expect_exit(c, 0);
	expect_records(f, 20);
}

/* ---- TSU files ---- */

static void send_tsu_file(struct child *c, const char *pem)
{
	struct msg m = { .type = MSG_TSU_FILE };

	memset(m.tsu_file.cert_sha256, 0xab, MSG_HASH);
	memset(m.tsu_file.chain_sha256, 0xcd, MSG_HASH);
	m.tsu_file.pem = bytes_of_text(pem);
	child_send(c, &m);
}

static void keeps_certificates_before_a_later_record_is_acknowledged(void **state)
{
	static const char name[] =
		"tsu-abababababababababababababababababababababababababababababababab"
		"-cdcdcdcdcdcdcdcd.pem";
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	uint8_t content[32];

	send_tsu_file(c, "first pem");
	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	assert_int_equal(fixture_read(f, name, content, sizeof(content)), 9);
	assert_memory_equal(content, "first pem", 9);
	/* The same TSU has the same certificates: what is there stays. */
	send_tsu_file(c, "second pem");
	send_records(c, 2, 2);
	(void)child_expect_durable(c, 2);
	assert_int_equal(fixture_read(f, name, content, sizeof(content)), 9);
	child_stop(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, child_set_up, child_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_an_empty_journal_and_says_what_is_there),
		TEST(its_files_are_for_its_user_alone),
		TEST(makes_two_spares_by_itself),
		TEST(sigterm_is_for_tsad_to_decide),
		TEST(acknowledges_a_record_once_it_is_on_disk),
		TEST(takes_all_that_waits_into_one_frame),
		TEST(crosses_into_a_spare_segment_when_one_is_full),
		TEST(recognises_what_is_durable_when_it_is_sent_again),
		TEST(a_kill_in_the_middle_of_a_stream_loses_nothing_acknowledged),
		TEST(reports_the_tree_of_an_unclosed_lease_with_its_gaps),
		TEST(reports_count_and_root_of_a_closed_lease),
		TEST(writes_what_it_was_sent_before_the_channel_ended),
		TEST(writes_what_it_was_sent_also_after_a_reset),
		TEST(keeps_certificates_before_a_later_record_is_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
