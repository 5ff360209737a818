/* The digests of the data that a token should be over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/scratch.h"
#include "tools/verify/data.h"
#include "tsa/core/hex.h"

/* FIPS 180-4: SHA-256 and SHA-1 of "abc". */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d"

static void write_file(char path[512], const char *text)
{
	int fd;

	scratch_template(path, 512, "data");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void assert_digest(struct data *data, const EVP_MD *digest, const char *wanted)
{
	uint8_t value[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned len = data_digest(data, digest, value);

	hex_encode((struct bytes){ value, len }, hex);
	assert_string_equal(hex, wanted);
}

static void hashes_a_file_as_each_token_asks(void **unused)
{
	struct err err = { 0 };
	struct data *data;
	char path[512];

	(void)unused;
	write_file(path, "abc");
	data = data_of_file(path, &err);
	assert_non_null(data);
	assert_digest(data, EVP_sha256(), ABC_SHA256);
	assert_digest(data, EVP_sha1(), ABC_SHA1);
	(void)unlink(path); /* what is known is not read again */
	assert_digest(data, EVP_sha256(), ABC_SHA256);
	assert_false(data_failed(data, &err));
	data_free(data);
}

/* A pipe has its end once. */
static void hashes_a_pipe_with_every_digest_at_once(void **unused)
{
	char path[32];
	struct err err = { 0 };
	struct data *data;
	int ends[2];

	(void)unused;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	(void)close(ends[1]);
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	data = data_of_file(path, &err);
	(void)close(ends[0]);
	assert_non_null(data);
	assert_digest(data, EVP_sha1(), ABC_SHA1);
	assert_digest(data, EVP_sha256(), ABC_SHA256);
	data_free(data);
}

static void a_given_digest_is_of_its_length(void **unused)
{
	uint8_t value[32], out[EVP_MAX_MD_SIZE];
	size_t len;
	struct data *data;

	(void)unused;
	assert_true(hex_decode(ABC_SHA256, value, sizeof(value), &len));
	data = data_of_digest((struct bytes){ value, len });
	assert_digest(data, EVP_sha256(), ABC_SHA256);
	assert_digest(data, EVP_sha3_256(), ABC_SHA256);
	assert_int_equal(data_digest(data, EVP_sha1(), out), 0);
	data_free(data);
}

static void an_imprint_is_of_its_digest_alone(void **unused)
{
	uint8_t value[32], out[EVP_MAX_MD_SIZE];
	size_t len;
	struct data *data;

	(void)unused;
	assert_true(hex_decode(ABC_SHA256, value, sizeof(value), &len));
	data = data_of_imprint(NID_sha256, (struct bytes){ value, len });
	assert_digest(data, EVP_sha256(), ABC_SHA256);
	assert_int_equal(data_digest(data, EVP_sha3_256(), out), 0);
	data_free(data);
}

static void says_what_cannot_be_read(void **unused)
{
	struct err err = { 0 };

	(void)unused;
	assert_null(data_of_file("/nonexistent/data", &err));
	assert_non_null(strstr(err.text, "cannot be read"));
	assert_null(data_of_file("/", &err));
	assert_non_null(strstr(err.text, "is a folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_a_file_as_each_token_asks),
		cmocka_unit_test(hashes_a_pipe_with_every_digest_at_once),
		cmocka_unit_test(a_given_digest_is_of_its_length),
		cmocka_unit_test(an_imprint_is_of_its_digest_alone),
		cmocka_unit_test(says_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
