/* The manifest of a bundle: what is read, what is refused, and that it comes back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/verify/manifest.h"

/* SHA-256 and SHA-512 of "abc" (FIPS 180-2, appendices B.1 and C.1). */
#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC512                                                                                     \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                         \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define FILE_ABC "\"size\":3,\"sha256\":\"" ABC256 "\",\"sha512\":\"" ABC512 "\""
#define HEAD "{\"format\":\"tsa-verify bundle 1\",\"files\":"

static const struct bytes abc = { (const uint8_t *)"abc", 3 };

static bool reads(const char *json, struct manifest *manifest, struct err *err)
{
	return manifest_read(bytes_of_text(json), manifest, err);
}

static void reads_what_a_file_has(void **unused)
{
	static const char json[] = HEAD "[{\"name\":\"certs/a.cer\"," FILE_ABC
					",\"is\":\"certificate\",\"new\":1}],\"by\":\"me\"}";
	struct manifest manifest;
	struct err err = { 0 };

	(void)unused;
	assert_true(reads(json, &manifest, &err));
	assert_int_equal(manifest.count, 1);
	assert_string_equal(manifest.by, "me");
	assert_null(manifest.made);
	assert_string_equal(manifest.files[0].is, "certificate");
	assert_ptr_equal(manifest_find(&manifest, "certs/a.cer"), &manifest.files[0]);
	assert_null(manifest_find(&manifest, "a.cer"));
	assert_true(manifest_check(&manifest.files[0], abc, &err));
	manifest_wipe(&manifest);
}

static void finds_every_difference_of_a_file(void **unused)
{
	struct manifest manifest = { 0 };
	struct manifest_file *file = manifest_add(&manifest, "a", abc);
	struct err err = { 0 };

	(void)unused;
	assert_true(manifest_check(file, abc, &err));
	assert_false(manifest_check(file, (struct bytes){ abc.at, 2 }, &err));
	assert_non_null(strstr(err.text, "must have 3 octets, as the manifest says: has 2"));
	assert_false(manifest_check(file, bytes_of_text("abd"), &err));
	assert_non_null(strstr(err.text, "SHA-256 must be as the manifest says"));
	file->sha512[63] ^= 1;
	assert_false(manifest_check(file, abc, &err));
	assert_non_null(strstr(err.text, "SHA-512 must be as the manifest says"));
	manifest_wipe(&manifest);
}

static void writes_what_it_reads(void **unused)
{
	struct manifest manifest = { .made = strdup("2026-11-24T08:15:00Z"), .by = strdup("me") };
	struct manifest_file *file = manifest_add(&manifest, "revocation/1.crl", abc);
	struct manifest again;
	struct buf first, second;
	struct err err = { 0 };

	(void)unused;
	file->source = strdup("http://x/\xff\"");
	file->fetched = strdup("2026-11-24T08:15:01Z");
	first = manifest_write(&manifest);
	assert_true(manifest_read(buf_view(&first), &again, &err));
	second = manifest_write(&again);
	assert_true(bytes_equal(buf_view(&first), buf_view(&second)));
	assert_string_equal(again.files[0].fetched, "2026-11-24T08:15:01Z");
	assert_memory_equal(again.files[0].sha512, file->sha512, MANIFEST_SHA512);
	buf_free(&first);
	buf_free(&second);
	manifest_wipe(&manifest);
	manifest_wipe(&again);
}

static void refuses_what_is_no_manifest(void **unused)
{
	static const struct {
		const char *json;
		const char *why;
	} cases[] = {
		{ "", "must be JSON" },
		{ "[]", "format: must be" },
		{ "{\"format\":\"tsa-verify bundle 2\",\"files\":[]}", "format: must be" },
		{ "{\"format\":\"tsa-verify bundle 1\"}", "files: must be an array" },
		{ HEAD "{}}", "files: must be an array" },
		{ HEAD "[1]}", "name: must be" },
		{ HEAD "[{\"name\":\"a\",\"name\":\"b\"}]}", "duplicate" },
		{ HEAD "[{\"name\":\"a\"}]}", "a: size: must be" },
		{ HEAD "[{\"name\":\"a\",\"size\":-1}]}", "a: size: must be" },
		{ HEAD "[{\"name\":\"a\",\"size\":1.5}]}", "a: size: must be" },
		{ HEAD "[{\"name\":\"a\",\"size\":3,\"sha256\":\"00\"}]}",
			"sha256: must be 32 octets" },
		{ HEAD "[{\"name\":\"a\",\"size\":3,\"sha256\":\"" ABC256 "\"}]}",
			"sha512: must be 64 octets" },
		{ HEAD "[{\"name\":\"a\"," FILE_ABC ",\"is\":7}]}", "is: must be a string" },
		{ HEAD "[{\"name\":\"a\"," FILE_ABC "},{\"name\":\"a\"," FILE_ABC "}]}",
			"must be there once" },
		{ HEAD "[]} x", "must be JSON" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct manifest manifest;
		struct err err = { 0 };

		if (reads(cases[i].json, &manifest, &err) || strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].json, err.text);
		manifest_wipe(&manifest);
	}
}

static void takes_names_inside_the_folder_alone(void **unused)
{
	static const char *const good[] = { "a", "token.tsr", "certs/12ab.cer", "a-b_c.d" };
	static const char *const bad[] = { "", "/", "/etc/passwd", "../a", "a/../b", "a/", "a//b",
		".a", "a/.b", "a/b/c", "a b", "a\\b", "\xc3\xa4", "a\n" };
	char longest[MANIFEST_MAX_NAME + 1];

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!is_manifest_name(good[i]))
			fail_msg("must be a name: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is_manifest_name(bad[i]))
			fail_msg("must be no name: %s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	longest[MANIFEST_MAX_NAME] = '\0';
	assert_false(is_manifest_name(longest));
	longest[MANIFEST_MAX_NAME - 1] = '\0';
	assert_true(is_manifest_name(longest));
}

static void has_its_limits(void **unused)
{
	struct buf json = { 0 };
	struct manifest manifest;
	struct err err = { 0 };

	(void)unused;
	buf_append(&json, bytes_of_text(HEAD "[0"));
	for (unsigned i = 0; i < MANIFEST_MAX_FILES; i++)
		buf_append(&json, bytes_of_text(",0"));
	buf_append(&json, bytes_of_text("]}"));
	assert_false(manifest_read(buf_view(&json), &manifest, &err));
	assert_non_null(strstr(err.text, "at most 8192"));
	manifest_wipe(&manifest);
	assert_false(manifest_read(
		(struct bytes){ json.at, (size_t)MANIFEST_MAX + 1 }, &manifest, &err));
	assert_non_null(strstr(err.text, "at most 8388608 octets"));
	buf_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_file_has),
		cmocka_unit_test(finds_every_difference_of_a_file),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(refuses_what_is_no_manifest),
		cmocka_unit_test(takes_names_inside_the_folder_alone),
		cmocka_unit_test(has_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
