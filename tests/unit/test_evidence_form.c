/* What is an Evidence Record and what is none; and how long large ones take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence_fixture.h"
#include "tsa/core/hex.h"

enum { MANY = 100000, DIGEST_LEN = 32 };

static struct buf usual(void)
{
	struct made made = { 0 };
	struct made_stamp stamp =
		lone_stamp(EVP_sha256(), hash_of_text(EVP_sha256(), "a"), "20200101000000Z");
	struct buf record;

	made_add(&made, &stamp);
	record = made_record(&made);
	made_wipe(&made);
	return record;
}

static void expect_none(struct bytes in, const char *text)
{
	struct err err = { 0 };
	struct evidence_record *record = evidence_read(in, &err);

	assert_null(record);
	if (strstr(err.text, text) == NULL)
		fail_msg("wanted '%s', found '%s'", text, err.text);
}

static void expect_none_hex(const char *hex, const char *text)
{
	uint8_t room[256];
	char tight[256] = "";
	size_t len;

	for (size_t i = 0; *hex != '\0'; hex++)
		if (*hex != ' ')
			tight[i++] = *hex;
	assert_true(hex_decode(tight, room, sizeof(room), &len));
	expect_none((struct bytes){ room, len }, text);
}

static void every_cut_is_refused_with_its_place(void **state)
{
	struct buf in = usual();

	(void)state;
	for (size_t len = 0; len < in.len; len++)
		expect_none((struct bytes){ in.at, len }, "offset");
	buf_free(&in);
}

static void what_follows_is_refused(void **state)
{
	struct buf in = usual();

	(void)state;
	buf_append(&in, bytes_of_text("x"));
	expect_none(buf_view(&in), "1 bytes follow");
	buf_free(&in);
}

static void the_form_is_that_of_the_rfc(void **state)
{
	(void)state;
	expect_none_hex("0400", "it is no SEQUENCE");
	expect_none_hex("3000", "were to come first");
	expect_none_hex("3007 020102 3000 3000", "version must be 1");
	expect_none_hex("300a 02050000000001 3000 3000", "X.690");
	expect_none_hex("3007 020101 3000 3000", "must have a chain: has none");
	expect_none_hex("3009 020101 3000 30023000", "must have an ArchiveTimeStamp");
	expect_none_hex("300b 020101 3000 300430023000", "no ArchiveTimeStamp");
	expect_none_hex("3005 020101 3000", "was to be the last");
	expect_none_hex("3009 020101 30020500 3000", "no AlgorithmIdentifier");
	expect_none_hex("300f 020101 3000 30083006 3004 a200 3000", "reducedHashtree is empty");
	expect_none_hex("3011 020101 3000 300a3008 3006 a2023000 3000", "at least one");
	expect_none_hex("3013 020101 3000 300c300a 3008 a20430020500 3000", "at least one");
}

/* The header of chains is made anew for a hash-tree renewal: there must be one way to write it. */
static void outer_ber_is_refused(void **state)
{
	(void)state;
	expect_none_hex("3080 020101 3000 300430023000 0000", "X.690 10.1");
	expect_none_hex("3009 020101 3000 30800000", "must have a chain");
	expect_none_hex("300d 020101 3000 3080 30023000 0000", "X.690 10.1");
	expect_none_hex("300c 020101 3000 3081 043002 3000", "X.690 10.1");
}

static void more_chains_than_the_limit_are_refused(void **state)
{
	struct buf chains = { 0 };
	struct buf inner = { 0 };
	struct buf record = { 0 };
	static const uint8_t head[] = { 2, 1, 1, 0x30, 0 };
	/* ArchiveTimeStamp whose timeStamp is an empty SEQUENCE. */
	static const uint8_t chain[] = { 0x30, 4, 0x30, 2, 0x30, 0 };

	(void)state;
	for (unsigned i = 0; i <= EVIDENCE_MAX_CHAINS; i++)
		buf_append(&chains, (struct bytes){ chain, sizeof(chain) });
	buf_append(&inner, (struct bytes){ head, sizeof(head) });
	put_element(&inner, 0x30, buf_view(&chains));
	put_element(&record, 0x30, buf_view(&inner));
	expect_none(buf_view(&record), "at most 64 chains");
	buf_free(&chains);
	buf_free(&inner);
	buf_free(&record);
}

static unsigned digest_of(void *arg, const EVP_MD *digest, uint8_t *out)
{
	(void)digest;
	memcpy(out, arg, DIGEST_LEN);
	return DIGEST_LEN;
}

static const struct verdict *passed(void *arg, const struct evidence_stamp *stamp)
{
	static struct verdict verdict;

	(void)arg;
	(void)stamp;
	verdict_start(&verdict);
	return &verdict;
}

/* A record over MANY hashes; the imprint is left wrong. */
static struct buf large_record(const uint8_t *hashes)
{
	struct buf list = { 0 };
	struct buf tree = { 0 };
	struct buf inner = { 0 };
	struct buf outer = { 0 };
	struct buf small = usual();
	size_t token;

	for (size_t i = 0; i < MANY; i++)
		put_element(&list, 0x04, (struct bytes){ hashes + i * DIGEST_LEN, DIGEST_LEN });
	put_element(&tree, 0x30, buf_view(&list));
	put_element(&inner, 0xa2, buf_view(&tree));
	/* The token of the small one: what follows the [0] AlgorithmIdentifier of SHA-256. */
	for (token = 0; small.at[token] != 0xa0 || small.at[token + 1] != 11; token++)
		;
	token += 13;
	buf_append(&inner, (struct bytes){ small.at + token, small.len - token });
	for (unsigned level = 0; level < 3; level++) {
		outer = (struct buf){ 0 };
		put_element(&outer, 0x30, buf_view(&inner));
		buf_free(&inner);
		inner = outer;
	}
	outer = (struct buf){ 0 };
	buf_append(&outer, (struct bytes){ (const uint8_t *)"\2\1\1", 3 });
	put_element(&outer, 0x30,
		(struct bytes){
			(const uint8_t *)"\x30\x0b\x06\x09\x60\x86\x48\1\x65\3\4\2\1", 13 });
	buf_append(&outer, buf_view(&inner));
	buf_free(&inner);
	put_element(&inner, 0x30, buf_view(&outer));
	buf_free(&outer);
	buf_free(&list);
	buf_free(&tree);
	buf_free(&small);
	return inner;
}

/* Anything that is not sorted takes minutes for this. */
static void thousands_of_objects_in_a_list_of_a_hundred_thousand_are_quick(void **state)
{
	uint8_t *hashes = must_calloc(MANY, DIGEST_LEN);
	struct evidence_object *objects = must_calloc(EVIDENCE_MAX_OBJECTS, sizeof(*objects));
	struct evidence_report *report = must_calloc(1, sizeof(*report));
	struct evidence_wants wants = {
		.objects = objects, .count = EVIDENCE_MAX_OBJECTS, .check = passed, .at = 1704067200
	};
	struct evidence_record *record;
	struct err err = { 0 };
	struct buf in;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		memcpy(hashes + (size_t)i * DIGEST_LEN,
			hash_of_bytes(EVP_sha256(), (struct bytes){ (uint8_t *)&i, sizeof(i) }).at,
			DIGEST_LEN);
	for (unsigned i = 0; i < EVIDENCE_MAX_OBJECTS; i++)
		objects[i] = (struct evidence_object){ "one", digest_of,
			hashes + (size_t)i * (MANY / EVIDENCE_MAX_OBJECTS) * DIGEST_LEN };
	in = large_record(hashes);
	record = evidence_read(buf_view(&in), &err);
	if (record == NULL)
		fail_msg("it must be a record: %s", err.text);
	evidence_check(record, &wants, report);
	assert_int_equal(report->stamps[0].extra_hashes, MANY - EVIDENCE_MAX_OBJECTS);
	assert_int_equal(report->verdict.status, CHECK_FAILED); /* the imprint is another */
	assert_int_equal(report->verdict.line_count, 7);
	assert_string_equal(report->verdict.lines[1].id, "ER-02");
	assert_int_equal(report->verdict.lines[1].result, CHECK_PASS);
	evidence_free(record);
	buf_free(&in);
	free(report);
	free(objects);
	free(hashes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_refused_with_its_place),
		cmocka_unit_test(what_follows_is_refused),
		cmocka_unit_test(the_form_is_that_of_the_rfc),
		cmocka_unit_test(outer_ber_is_refused),
		cmocka_unit_test(more_chains_than_the_limit_are_refused),
		cmocka_unit_test(thousands_of_objects_in_a_list_of_a_hundred_thousand_are_quick),
	};

	return cmocka_run_group_tests_name("evidence_form", tests, NULL, NULL);
}
