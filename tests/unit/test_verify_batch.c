/* Which files a run of tsa-verify takes, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/scratch.h"
#include "tools/verify/batch.h"

static char folder[512]; /* the present test's, and its working directory */

static void make_file(const char *name)
{
	FILE *out = fopen(name, "wbe");

	assert_non_null(out);
	assert_int_equal(fclose(out), 0);
}

static int set_up(void **state)
{
	(void)state;
	scratch_template(folder, sizeof(folder), "batch");
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int tear_down(void **state)
{
	char command[sizeof(folder) + 16];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") != 0 || system(command) != 0;
}

/* All paths, each with a space behind it. */
static void assert_batch(char *const *paths, int count, bool data_beside, const char *wanted)
{
	struct err err = { 0 };
	struct batch *batch = batch_new(paths, count, data_beside, &err);
	char found[4096] = "";

	assert_non_null(batch);
	for (size_t i = 0; i < batch_count(batch); i++) {
		(void)strcat(found, batch_path(batch, i));
		(void)strcat(found, " ");
	}
	assert_string_equal(found, wanted);
	batch_free(batch);
}

static void files_are_taken_as_they_are_named(void **unused)
{
	char *paths[] = { (char *)"b", (char *)"-", (char *)"not there", (char *)"a" };

	(void)unused;
	assert_batch(paths, 4, false, "b - not there a ");
}

static void a_folder_is_its_files_by_name_then_its_folders(void **unused)
{
	char *paths[] = { (char *)"f" };

	(void)unused;
	assert_int_equal(
		mkdir("f", 0700) | mkdir("f/b", 0700) | mkdir("f/a", 0700) | mkdir("f/a/x", 0700),
		0);
	make_file("f/z");
	make_file("f/c");
	make_file("f/b/1");
	make_file("f/a/2");
	make_file("f/a/x/3");
	assert_batch(paths, 1, false, "f/c f/z f/a/2 f/a/x/3 f/b/1 ");
}

static void links_to_folders_and_what_is_no_file_are_left_out(void **unused)
{
	char *paths[] = { (char *)"f" };

	(void)unused;
	assert_int_equal(mkdir("f", 0700), 0);
	make_file("f/file");
	assert_int_equal(symlink("file", "f/link"), 0);
	assert_int_equal(symlink(".", "f/loop"), 0);
	assert_int_equal(symlink("nowhere", "f/dangling"), 0);
	assert_int_equal(mkfifo("f/pipe", 0600), 0);
	assert_batch(paths, 1, false, "f/file f/link ");
}

static void data_that_have_a_token_are_no_tokens(void **unused)
{
	char *paths[] = { (char *)"f", (char *)"f/a" };

	(void)unused;
	assert_int_equal(mkdir("f", 0700), 0);
	make_file("f/a");
	make_file("f/a.tsr");
	make_file("f/a-b"); /* between both by name */
	make_file("f/c");
	make_file("f/d.der");
	make_file("f/d");
	assert_batch(paths, 1, false, "f/a f/a-b f/a.tsr f/c f/d f/d.der ");
	assert_batch(paths, 2, true, "f/a-b f/a.tsr f/c f/d.der f/a ");
}

static void folders_have_a_limit(void **unused)
{
	char *paths[] = { (char *)"f" };
	char path[512] = "f";
	struct err err = { 0 };
	struct batch *batch;

	(void)unused;
	for (unsigned i = 0; i <= BATCH_MAX_DEPTH; i++) {
		assert_int_equal(mkdir(path, 0700), 0);
		(void)strcat(path, "/d");
	}
	assert_batch(paths, 1, false, "");
	assert_int_equal(mkdir(path, 0700), 0);
	make_file("f/a");
	assert_batch(paths, 1, false, "f/a ");
	batch = batch_new(paths, 1, false, &err);
	assert_non_null(batch);
	assert_int_equal(batch_failure_count(batch), 1);
	assert_string_equal(batch_failure(batch, 0, &err), path);
	assert_non_null(strstr(err.text, "at most 32 deep"));
	batch_free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			files_are_taken_as_they_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_folder_is_its_files_by_name_then_its_folders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			links_to_folders_and_what_is_no_file_are_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			data_that_have_a_token_are_no_tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_have_a_limit, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
