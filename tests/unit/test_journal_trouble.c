#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/journal_child.h"

/* ---- what it refuses ---- */

static void a_directory_that_is_not_there_is_a_wrong_setting(void **state)
{
	struct child *c = child_start();

	(void)state;
	child_send_setup(c, "/nowhere/journal", false);
	child_expect_failed(c, MSG_FAILURE_SETTING,
		"journal /nowhere/journal: directory must exist: No such file or directory");
	child_expect_exit(c, 1);
}

static void a_file_in_place_of_the_directory_is_a_wrong_setting(void **state)
{
	struct fixture *f = *state;
	struct child *c = child_start();
	char path[JOURNAL_PATH];

	fixture_write(f, "file", "x", 1);
	journal_path(f->path, "file", path);
	child_send_setup(c, path, false);
	child_expect_failed(c, MSG_FAILURE_SETTING, "/file: directory must exist: Not a directory");
	child_expect_exit(c, 1);
}

static void a_directory_that_cannot_be_written_is_a_wrong_setting(void **state)
{
	const struct child_limits limits = { .as_nobody = geteuid() == 0 };
	struct fixture *f = *state;
	struct child *c;

	assert_int_equal(chmod(f->path, 0555), 0);
	c = child_start_limited(&limits);
	child_send_setup(c, f->path, false);
	child_expect_failed(
		c, MSG_FAILURE_SETTING, ": directory must be writable: Permission denied");
	child_expect_exit(c, 1);
	assert_int_equal(chmod(f->path, 0700), 0);
}

static void a_journal_has_one_writer(void **state)
{
	struct fixture *f = *state;
	struct child *first = start_ready(f, false);
	struct child *second = child_start();

	child_send_setup(second, f->path, false);
	child_expect_failed(second, MSG_FAILURE_LOCKED, "it is in use by another process");
	child_expect_exit(second, 1);
	send_records(first, 1, 1);
	(void)child_expect_durable(first, 1);
	child_kill(first);
	/* The lock goes with the process. */
	child_stop(start_ready(f, false));
}

static void a_damaged_journal_is_refused_naming_file_and_offset(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	int fd;

	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	send_records(c, 2, 2);
	(void)child_expect_durable(c, 2);
	child_stop(c);
	fd = fixture_open_file(f, "0000000000000001.seg", O_WRONLY);
	assert_int_equal(pwrite(fd, "\xff", 1, SEGMENT_HEADER + FRAME_HEADER + 3), 1);
	(void)close(fd);
	c = child_start();
	child_send_setup(c, f->path, false);
	child_expect_failed(c, MSG_FAILURE_CORRUPT, "/0000000000000001.seg: offset 128: ");
	child_expect_exit(c, 1);
}

static void a_torn_last_frame_is_cut(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);
	int fd;

	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	send_records(c, 2, 2);
	(void)child_expect_durable(c, 2);
	child_stop(c);
	fd = fixture_open_file(f, "0000000000000001.seg", O_WRONLY);
	assert_int_equal(pwrite(fd, "\xff", 1, SEGMENT_HEADER + 126 + FRAME_HEADER + 3), 1);
	(void)close(fd);
	c = start_ready(f, false);
	assert_int_equal(c->m.journal_ready.last_seq, 1);
	send_records(c, 2, 2);
	(void)child_expect_durable(c, 2);
	child_stop(c);
	expect_records(f, 2);
}

/* RLIMIT_FSIZE turns writes into EFBIG, as a full disk turns them into ENOSPC. */
static void without_room_for_a_segment_it_does_not_start(void **state)
{
	const struct child_limits limits = { .file_size = 4096 };
	struct fixture *f = *state;
	struct child *c;

	for (int i = 1; i <= 4; i++) {
		char name[SEGMENT_NAME];

		(void)snprintf(name, sizeof(name), "spare-%d.new", i);
		fixture_unlink(f, name);
	}
	c = child_start_limited(&limits);
	child_send_setup(c, f->path, false);
	child_expect_failed(c, MSG_FAILURE_DISK, "/spare-1.new: fill at 0: File too large");
	child_expect_exit(c, 1);
}

static void a_failed_write_is_told_and_nothing_is_acknowledged(void **state)
{
	const struct child_limits limits = { .file_size = 200 };
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	child_stop(c);
	/* Nothing is written again at a start under the limit: the frame is in the way of it. */
	c = child_start_limited(&limits);
	child_send_setup(c, f->path, false);
	child_expect_failed(c, MSG_FAILURE_DISK, "settle its end at 254: File too large");
	child_expect_exit(c, 1);
	c = start_ready(f, false);
	send_records(c, 2, 2);
	(void)child_expect_durable(c, 2);
	child_stop(c);
	expect_records(f, 2);
}

static void a_write_past_the_limit_fails_while_running(void **state)
{
	const struct child_limits limits = { .file_size = 300 };
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	child_stop(c);
	c = child_start_limited(&limits);
	child_send_setup(c, f->path, false);
	child_expect(c, MSG_JOURNAL_READY);
	send_records(c, 2, 2);
	child_expect_failed(
		c, MSG_FAILURE_DISK, "/0000000000000001.seg: write at 254: File too large");
	child_expect_exit(c, 1);
	/* The half-written frame is cut at the next start. */
	c = start_ready(f, false);
	assert_int_equal(c->m.journal_ready.last_seq, 1);
	child_stop(c);
}

/* ---- bugs of the other side ---- */

static void a_gap_in_the_seqs_is_a_bug(void **state)
{
	struct fixture *f = *state;
	struct child *c = start_ready(f, false);

	send_records(c, 1, 1);
	(void)child_expect_durable(c, 1);
	send_records(c, 3, 3);
	child_expect_abort(c);
	expect_records(f, 1);
}

static void a_message_for_another_role_is_a_bug(void **state)
{
	struct child *c = start_ready(*state, false);
	const struct msg m = { .type = MSG_DURABLE };

	child_send(c, &m);
	child_expect_abort(c);
}

static void a_message_that_does_not_decode_is_a_bug(void **state)
{
	static const uint8_t wrong[] = { MSG_RECORD, 1, 2, 3 };
	struct child *c = start_ready(*state, false);

	assert_int_equal(ipc_send_wait(c->ipc, (struct bytes){ wrong, sizeof(wrong) }), IPC_OK);
	child_expect_abort(c);
}

static void a_record_before_setup_is_a_bug(void **state)
{
	struct child *c = child_start();

	(void)state;
	send_records(c, 1, 1);
	child_expect_abort(c);
}

static void another_version_of_the_protocol_is_told(void **state)
{
	struct child *c = child_start();
	struct msg m = { .type = MSG_SETUP_JOURNAL };

	(void)state;
	m.setup_journal.version = MSG_VERSION + 1;
	child_send(c, &m);
	child_expect_failed(
		c, MSG_FAILURE_VERSION, "tsa-journal: protocol: must be version 3: tsad speaks 4");
	child_expect_exit(c, 1);
}

/* ---- the command line ---- */

static int run_by_hand(const char *option, char *text, size_t cap)
{
	char command[512];
	FILE *out;
	size_t len;

	(void)snprintf(command, sizeof(command), "'%s' %s 2>&1 3<&-", TSA_JOURNAL, option);
	out = popen(command, "r");
	assert_non_null(out);
	len = fread(text, 1, cap - 1, out);
	text[len] = '\0';
	return WEXITSTATUS(pclose(out));
}

static void started_by_hand_it_says_who_starts_it(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(run_by_hand("", text, sizeof(text)), 3);
	assert_string_equal(text, "tsa-journal: is started by tsad, see tsad(8)\n");
}

static void gives_help_and_version(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(run_by_hand("--help", text, sizeof(text)), 0);
	assert_non_null(strstr(text, "usage: tsa-journal"));
	assert_int_equal(run_by_hand("--version", text, sizeof(text)), 0);
	assert_non_null(strstr(text, "tsa-journal "));
	assert_int_equal(run_by_hand("--nonsense", text, sizeof(text)), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, child_set_up, child_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_that_is_not_there_is_a_wrong_setting),
		TEST(a_file_in_place_of_the_directory_is_a_wrong_setting),
		TEST(a_directory_that_cannot_be_written_is_a_wrong_setting),
		TEST(a_journal_has_one_writer),
		TEST(a_damaged_journal_is_refused_naming_file_and_offset),
		TEST(a_torn_last_frame_is_cut),
		TEST(without_room_for_a_segment_it_does_not_start),
		TEST(a_failed_write_is_told_and_nothing_is_acknowledged),
		TEST(a_write_past_the_limit_fails_while_running),
		TEST(a_gap_in_the_seqs_is_a_bug),
		TEST(a_message_for_another_role_is_a_bug),
		TEST(a_message_that_does_not_decode_is_a_bug),
		cmocka_unit_test(a_record_before_setup_is_a_bug),
		cmocka_unit_test(another_version_of_the_protocol_is_told),
		cmocka_unit_test(started_by_hand_it_says_who_starts_it),
		cmocka_unit_test(gives_help_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
