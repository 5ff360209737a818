#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vectors.h"
#include "tsa/record/entry.h"

static struct serial vector_serial(const char *section)
{
	return (struct serial){ vector_u32(section, "instance"), vector_u32(section, "lease"),
		vector_u32(section, "ctr") };
}

static void check_entry_and_leaf(const char *section, const uint8_t entry[ENTRY_LEN])
{
	uint8_t leaf[HASH_LEN];

	vector_equals(section, "entry", (struct bytes){ entry, ENTRY_LEN });
	entry_leaf_hash(entry, leaf);
	vector_equals(section, "leaf", (struct bytes){ leaf, HASH_LEN });
}

/* The token of the vector with one octet of its TSTInfo or signature changed, if asked. */
static void token_entry(size_t flip_tstinfo, size_t flip_signature, uint8_t out[ENTRY_LEN])
{
	const char *section = "entry.token";
	struct buf certificate = vector_bytes(section, "certificate");
	struct buf tstinfo = vector_bytes(section, "tstinfo");
	struct buf signature = vector_bytes(section, "signature");
	uint8_t key_id[HASH_LEN];

	if (flip_tstinfo > 0)
		tstinfo.at[flip_tstinfo] ^= 1;
	if (flip_signature > 0)
		signature.at[flip_signature] ^= 1;
	hash_one(buf_view(&certificate), key_id);
	vector_equals(section, "key_id", (struct bytes){ key_id, HASH_LEN });
	assert_int_equal(tsu_id_of(key_id), vector_u32(section, "tsu_id"));
	entry_of_token(vector_serial(section), (uint64_t)vector_integer(section, "time_us"), key_id,
		buf_view(&tstinfo), buf_view(&signature), out);
	buf_free(&certificate);
	buf_free(&tstinfo);
	buf_free(&signature);
}

/* ledger.md 1.3.1, design D5 */
static void a_tokens_entry_is_made_of_the_token_alone(void **unused)
{
	uint8_t entry[ENTRY_LEN];

	(void)unused;
	token_entry(0, 0, entry);
	check_entry_and_leaf("entry.token", entry);
}

static void another_tstinfo_or_signature_is_another_entry(void **unused)
{
	uint8_t entry[ENTRY_LEN];
	uint8_t other_tstinfo[ENTRY_LEN];
	uint8_t other_signature[ENTRY_LEN];

	(void)unused;
	token_entry(0, 0, entry);
	token_entry(40, 0, other_tstinfo);
	token_entry(0, 40, other_signature);
	assert_memory_not_equal(entry, other_tstinfo, ENTRY_LEN);
	assert_memory_not_equal(entry, other_signature, ENTRY_LEN);
}

/* The lengths are hashed too: a byte cannot move from one part to the other. */
static void tstinfo_and_signature_do_not_run_into_each_other(void **unused)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4 };
	static const uint8_t key_id[HASH_LEN];
	struct serial serial = { 0x01000000, 1, 1 };
	uint8_t a[ENTRY_LEN];
	uint8_t b[ENTRY_LEN];

	(void)unused;
	entry_of_token(
		serial, 1, key_id, (struct bytes){ bytes, 1 }, (struct bytes){ bytes + 1, 3 }, a);
	entry_of_token(
		serial, 1, key_id, (struct bytes){ bytes, 2 }, (struct bytes){ bytes + 2, 2 }, b);
	assert_memory_not_equal(a, b, ENTRY_LEN);
}

static void an_events_entry_commits_to_its_body(void **unused)
{
	static const char *const sections[] = { "entry.void", "entry.lease-open",
		"entry.lease-close", "entry.incident" };

	(void)unused;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		struct buf body = vector_bytes(sections[i], "body");
		uint8_t entry[ENTRY_LEN];

		entry_of_event((enum record_kind)vector_integer(sections[i], "kind"),
			vector_serial(sections[i]),
			(uint64_t)vector_integer(sections[i], "time_us"), buf_view(&body), entry);
		check_entry_and_leaf(sections[i], entry);
		buf_free(&body);
	}
}

/* These stand in entries, journals and the column record.kind. */
static void the_kind_numbers_are_for_ever(void **unused)
{
	(void)unused;
	assert_int_equal(RECORD_TOKEN, 0);
	assert_int_equal(RECORD_VOID, 1);
	assert_int_equal(RECORD_LEASE_OPEN, 2);
	assert_int_equal(RECORD_LEASE_CLOSE, 3);
	assert_int_equal(RECORD_CLOCK, 4);
	assert_int_equal(RECORD_CEREMONY, 5);
	assert_int_equal(RECORD_ANCHOR, 6);
	assert_int_equal(RECORD_CONFIG, 7);
	assert_int_equal(RECORD_INCIDENT, 8);
	assert_int_equal(RECORD_SHARD_LINK, 9);
	assert_int_equal(RECORD_EXPORT, 10);
}

static void a_tsu_id_is_the_first_31_bits(void **unused)
{
	static const uint8_t ones[HASH_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t last_of_them[HASH_LEN] = { 0, 0, 0, 2 };
	static const uint8_t after_them[HASH_LEN] = { 0, 0, 0, 1, 0xff };

	(void)unused;
	assert_int_equal(tsu_id_of(ones), 0x7fffffff);
	assert_int_equal(tsu_id_of(last_of_them), 1);
	assert_int_equal(tsu_id_of(after_them), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tokens_entry_is_made_of_the_token_alone),
		cmocka_unit_test(another_tstinfo_or_signature_is_another_entry),
		cmocka_unit_test(tstinfo_and_signature_do_not_run_into_each_other),
		cmocka_unit_test(an_events_entry_commits_to_its_body),
		cmocka_unit_test(the_kind_numbers_are_for_ever),
		cmocka_unit_test(a_tsu_id_is_the_first_31_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
