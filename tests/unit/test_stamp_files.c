/* What tsa-stamp reads and writes: digests in slices, files that appear whole, the bar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/scratch.h"
#include "tools/stamp/hash.h"
#include "tools/stamp/output.h"
#include "tools/stamp/progress.h"

enum { MIB = 1 << 20 };

static char folder[512]; /* the present test's, and its working directory */

static int set_up(void **unused)
{
	(void)unused;
	scratch_template(folder, sizeof(folder), "stamp");
	return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int tear_down(void **unused)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;

	(void)unused;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		(void)unlink(entry->d_name);
	(void)closedir(dir);
	return chdir("/") != 0 || rmdir(folder) != 0;
}

static struct bytes text(const char *t)
{
	return bytes_of_text(t);
}

static void put(const char *path, int flags, const void *content, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	assert_int_equal(close(fd), 0);
}

static void assert_file(const char *path, const char *wanted)
{
	char found[256] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	(void)close(fd);
	assert_string_equal(found, wanted);
}

/* Hidden ones as well. */
static size_t files(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 2; /* . and .. */
}

/* --- digests --- */

static bool hash_all(const char *path, uint8_t out[64], unsigned *steps, struct err *err)
{
	struct stamp_hash *hash = stamp_hash_open(path, TSP_SHA256, err);
	bool done = false, ok = hash != NULL;

	for (*steps = 0; ok && !done; (*steps)++)
		ok = stamp_hash_step(hash, &done, out, err);
	stamp_hash_free(hash);
	return ok;
}

static void digests_a_file_in_slices(void **unused)
{
	static uint8_t content[20 * MIB + 7];
	uint8_t wanted[EVP_MAX_MD_SIZE], found[64];
	struct err err = { 0 };
	unsigned steps;

	(void)unused;
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 251);
	put("file", O_TRUNC, content, sizeof(content));
	assert_true(hash_all("file", found, &steps, &err));
	assert_int_equal(EVP_Digest(content, sizeof(content), wanted, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(found, wanted, 32);
	assert_in_range(steps, 3, 21); /* other work has its turn between */
}

static void digests_an_empty_file(void **unused)
{
	uint8_t wanted[EVP_MAX_MD_SIZE], found[64];
	struct err err = { 0 };
	unsigned steps;

	(void)unused;
	put("file", O_TRUNC, "", 0);
	assert_true(hash_all("file", found, &steps, &err));
	assert_int_equal(EVP_Digest("", 0, wanted, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(found, wanted, 32);
}

static void knows_how_far_it_is(void **unused)
{
	struct err err = { 0 };
	struct stamp_hash *hash;
	uint8_t out[64];
	bool done = true;

	(void)unused;
	put("file", O_TRUNC, "", 0);
	assert_int_equal(truncate("file", 20 * MIB), 0);
	hash = stamp_hash_open("file", TSP_SHA256, &err);
	assert_non_null(hash);
	assert_int_equal(stamp_hash_size(hash), 20 * MIB);
	assert_true(stamp_hash_step(hash, &done, out, &err));
	assert_false(done);
	assert_in_range(stamp_hash_taken(hash), 1, 20 * MIB - 1);
	stamp_hash_free(hash);
}

static void refuses_a_file_that_changes_meanwhile(void **unused)
{
	struct err err = { 0 };
	struct stamp_hash *hash;
	uint8_t out[64];
	bool done = false, ok = true;

	(void)unused;
	put("file", O_TRUNC, "", 0);
	assert_int_equal(truncate("file", 20 * MIB), 0);
	hash = stamp_hash_open("file", TSP_SHA256, &err);
	assert_non_null(hash);
	assert_true(stamp_hash_step(hash, &done, out, &err));
	put("file", O_APPEND, "x", 1);
	while (ok && !done)
		ok = stamp_hash_step(hash, &done, out, &err);
	stamp_hash_free(hash);
	assert_false(ok);
	assert_string_equal(err.text, "must not change while it is read: did");
}

/* A signal, and the answers to other requests, must have their turn. */
static void waits_for_a_pipe_only_a_moment_at_a_time(void **unused)
{
	uint8_t found[EVP_MAX_MD_SIZE], wanted[EVP_MAX_MD_SIZE];
	struct stamp_hash *hash;
	struct err err = { 0 };
	bool done = true;
	int fd;

	(void)unused;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	hash = stamp_hash_open("pipe", TSP_SHA256, &err);
	assert_non_null(hash);
	assert_true(stamp_hash_step(hash, &done, found, &err));
	assert_false(done); /* nobody has opened it yet */
	fd = open("pipe", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_true(stamp_hash_step(hash, &done, found, &err));
	assert_false(done);
	assert_int_equal(close(fd), 0);
	assert_true(stamp_hash_step(hash, &done, found, &err));
	assert_true(done);
	assert_int_equal(EVP_Digest("abc", 3, wanted, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(found, wanted, 32);
	stamp_hash_free(hash);
}

static void refuses_what_is_no_file(void **unused)
{
	struct err err = { 0 };

	(void)unused;
	assert_null(stamp_hash_open(".", TSP_SHA256, &err));
	assert_string_equal(err.text, "must be a file: is a folder");
	assert_null(stamp_hash_open("nothing", TSP_SHA256, &err));
	assert_string_equal(err.text, "cannot be read: No such file or directory");
}

/* --- files --- */

static void writes_a_file_with_the_permissions_of_umask(void **unused)
{
	mode_t before = umask(0037);
	struct err err = { 0 };
	struct stat st;

	(void)unused;
	assert_true(output_write("file", text("content"), false, &err));
	umask(before);
	assert_file("file", "content");
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(files(), 1);
}

static void replaces_only_if_told_to(void **unused)
{
	struct err err = { 0 };
	char path[600];

	(void)unused;
	assert_true(output_write("file", text("first"), false, &err));
	assert_false(output_write("file", text("second"), false, &err));
	assert_non_null(strstr(err.text, "is there already"));
	assert_file("file", "first");
	assert_int_equal(files(), 1);
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	assert_true(output_write(path, text("second"), true, &err));
	assert_file("file", "second");
	assert_int_equal(files(), 1);
}

static void leaves_nothing_where_it_cannot_write(void **unused)
{
	struct err err = { 0 };

	(void)unused;
	assert_false(output_write("nowhere/file", text("content"), true, &err));
	assert_non_null(strstr(err.text, "folder: No such file"));
	assert_false(output_write("folder/", text("content"), true, &err));
	assert_false(output_write("", text("content"), true, &err));
	/* a folder has the name */
	assert_int_equal(mkdir("taken", 0700), 0);
	assert_false(output_write("taken", text("content"), true, &err));
	assert_non_null(strstr(err.text, "cannot be written"));
	assert_false(output_write("taken", text("content"), false, &err));
	assert_int_equal(rmdir("taken"), 0);
	assert_int_equal(files(), 0);
}

/* --- the bar --- */

static void says_how_far_the_work_is(void **unused)
{
	char line[PROGRESS_MAX_LINE];

	(void)unused;
	progress_line(line, 500, 2000, 0, 0, 10000);
	assert_string_equal(line, "[#######.......................] 500 of 2000 files, 0:30 left");
	progress_line(line, 2000, 2000, 0, 0, 10000);
	assert_string_equal(line, "[##############################] 2000 of 2000 files, 0:00 left");
	progress_line(line, 0, 2000, 0, 0, 1000);
	assert_string_equal(line, "[..............................] 0 of 2000 files, ...");
	progress_line(line, 0, 1, UINT64_C(3) << 30, UINT64_C(4) << 30, 90000);
	assert_string_equal(
		line, "[######################........] 3072 of 4096 MiB read, 0:30 left");
	progress_line(line, 0, 1, UINT64_C(5) << 20, 0, 90000);
	assert_string_equal(line, "5 MiB read");
	/* a file that grew */
	progress_line(line, 0, 1, 20, 10, 90000);
	assert_non_null(strstr(line, "[##############################]"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(digests_a_file_in_slices),
		IN_FOLDER(digests_an_empty_file),
		IN_FOLDER(knows_how_far_it_is),
		IN_FOLDER(refuses_a_file_that_changes_meanwhile),
		IN_FOLDER(waits_for_a_pipe_only_a_moment_at_a_time),
		IN_FOLDER(refuses_what_is_no_file),
		IN_FOLDER(writes_a_file_with_the_permissions_of_umask),
		IN_FOLDER(replaces_only_if_told_to),
		IN_FOLDER(leaves_nothing_where_it_cannot_write),
		cmocka_unit_test(says_how_far_the_work_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
