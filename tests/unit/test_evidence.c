/* The rules of RFC 4998 (longterm.md 1.8), each kept and each broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "evidence_fixture.h"

#define T2010 "20100101000000Z"
#define T2020 "20200101000000Z"
#define T2021 "20210101000000Z"
#define T2022 "20220101000000Z"

static const struct made_hash none;

static struct made_hash sha256_of(const char *text)
{
	return hash_of_text(EVP_sha256(), text);
}

/* The last token's hash, as a renewal has it. */
static struct made_hash token_hash(const struct made *made)
{
	return hash_of_bytes(EVP_sha256(), buf_view(&made->token));
}

static void add_lone(struct made *made, const char *text, const char *time)
{
	struct made_stamp stamp = lone_stamp(EVP_sha256(), sha256_of(text), time);

	made_add(made, &stamp);
}

static void one_object_without_a_tree_is_proved_at_the_first_time(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect_passed(&asked);
	assert_int_equal(asked.report.poe, 1577836800);
	assert_int_equal(asked.report.stamp_count, 1);
	assert_int_equal(asked.calls, 1);
	assert_int_equal(asked.times[0], 1704067200);
}

static void another_object_is_not_proved(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a", "b" } };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-02", "must have the sha256 of b");
}

static void no_object_proves_nothing(void **state)
{
	struct made made = { 0 };
	struct asked asked = { 0 };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "ER-02", "no object");
	assert_int_equal(asked.report.verdict.need_count, 1);
}

static void nothing_is_proved_while_no_token_was_asked_about(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" }, .no_tokens = true };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_NO_POE, "ER-07", "no token was asked about");
	assert_false(asked.report.stamps[0].token_checked);
	asked.objects[1] = "b";
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-02", "must have the sha256 of b");
}

static void an_object_in_another_digest_is_missing_not_wrong(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" }, .only = EVP_sha512(), .exact_group = true };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "ER-02", "not at hand");
}

/* A first list of two, then lists of three and one. */
static struct made_stamp deep_stamp(void)
{
	struct made_stamp stamp =
		list_stamp(EVP_sha256(), T2020, sha256_of("a"), sha256_of("b"), none);

	stamp.lists[1] =
		(struct made_list){ { sha256_of("x"), sha256_of("y"), sha256_of("z") }, 3 };
	stamp.lists[2] = (struct made_list){ { sha256_of("w") }, 1 };
	stamp.list_count = 3;
	return stamp;
}

static void a_tree_of_many_branches_is_one_sorted_concatenation_a_level(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a", "b" }, .exact_group = true };
	struct made_stamp stamp = deep_stamp();

	(void)state;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect_passed(&asked);
	assert_int_equal(asked.report.stamps[0].hashes, 6);
}

static void an_object_in_a_later_list_is_not_searched_for(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "x" } };
	struct made_stamp stamp = deep_stamp();

	(void)state;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-02", "first list");
}

static void a_root_that_is_not_the_imprint_is_found(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp = deep_stamp();

	(void)state;
	stamp.imprint = sha256_of("another");
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-03", "ATS 0/0");
	assert_false(asked.report.stamps[0].tree_holds);
	assert_int_equal(asked.calls, 0);
}

/* A list of one: [a], then [b]. */
static void ask_lone(bool made_rehashed, bool rehash_single, struct asked *asked)
{
	struct made made = { 0 };
	struct made_stamp stamp = list_stamp(EVP_sha256(), T2020, sha256_of("a"), none, none);

	stamp.lists[1] = (struct made_list){ { sha256_of("b") }, 1 };
	stamp.list_count = 2;
	stamp.rehash = made_rehashed;
	made_add(&made, &stamp);
	*asked = (struct asked){ .objects = { "a" }, .rehash_single = rehash_single };
	ask(&made, asked);
}

static void a_lone_first_value_is_carried_and_hashed_again_only_if_asked(void **state)
{
	static struct asked asked;

	(void)state;
	ask_lone(false, false, &asked);
	expect_passed(&asked);
	ask_lone(true, true, &asked);
	expect_passed(&asked);
	ask_lone(true, false, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-03", "hashed again");
	ask_lone(false, true, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-03", "carried as it is");
}

static void hashes_of_another_length_are_refused(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp = deep_stamp();

	(void)state;
	stamp.lists[1].hash[1].len--;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_FORMAT_FAILURE, "ER-01", "32 octets");
}

static void more_than_the_group_is_reported_and_fails_only_if_asked(void **state)
{
	struct made_stamp stamp =
		list_stamp(EVP_sha256(), T2020, sha256_of("a"), sha256_of("b"), sha256_of("c"));
	static struct asked asked;
	struct made made = { 0 };

	(void)state;
	made_add(&made, &stamp);
	asked = (struct asked){ .objects = { "c", "a" } };
	ask(&made, &asked);
	expect_passed(&asked);
	assert_int_equal(asked.report.stamps[0].extra_hashes, 1);
	made_add(&made, &stamp);
	asked = (struct asked){ .objects = { "c", "a" }, .exact_group = true };
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-06", "has 1 more");
}

static void a_renewal_covers_the_time_stamp_field(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp renewal;

	(void)state;
	add_lone(&made, "a", T2020);
	renewal = list_stamp(EVP_sha256(), T2021, sha256_of("other"), token_hash(&made), none);
	made_add(&made, &renewal);
	renewal = lone_stamp(EVP_sha256(), token_hash(&made), T2022);
	made_add(&made, &renewal);
	ask(&made, &asked);
	expect_passed(&asked);
	assert_int_equal(asked.calls, 3);
	assert_int_equal(asked.times[0], 1609459200); /* each at the next one's genTime */
	assert_int_equal(asked.times[1], 1640995200);
	assert_int_equal(asked.times[2], 1704067200);
	assert_int_equal(asked.report.stamps[1].extra_hashes, 1);
}

static void a_renewal_over_the_whole_stamp_is_named(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp renewal;

	(void)state;
	add_lone(&made, "a", T2020);
	renewal =
		lone_stamp(EVP_sha256(), hash_of_bytes(EVP_sha256(), buf_view(&made.stamp)), T2021);
	made_add(&made, &renewal);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-04", "not conformant: it has that of");
}

static void a_renewal_of_something_else_is_refused(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };

	(void)state;
	add_lone(&made, "a", T2020);
	add_lone(&made, "a", T2021);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-04",
		"timeStamp field of ATS 0/0: has not");
}

static void times_that_go_back_are_refused_equal_ones_are_not(void **state)
{
	static const struct {
		const char *first;
		const char *second;
		bool passes;
	} cases[] = {
		{ T2020, T2020, true },
		{ "20200101000000.5Z", "20200101000000.5Z", true },
		{ "20200101000000.5Z", "20200101000000.4Z", false },
		{ T2021, T2020, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made made = { 0 };
		struct asked asked = { .objects = { "a" } };
		struct made_stamp renewal;

		add_lone(&made, "a", cases[i].first);
		renewal = lone_stamp(EVP_sha256(), token_hash(&made), cases[i].second);
		made_add(&made, &renewal);
		ask(&made, &asked);
		if (cases[i].passes)
			expect_passed(&asked);
		else
			expect(&asked, CHECK_FAILED, SUB_TIMESTAMP_ORDER_FAILURE, "ER-07",
				"must not be older");
	}
}

/* Chain 0 over first with that digest, chain 1 in SHA-512 over second as the function joins it. */
typedef struct made_hash joining(struct made_hash object, struct made_hash before);

static void ask_two_chains(const EVP_MD *digest, const char *first_time, const char *first,
	const char *second, const char *second_time, joining *join, struct asked *asked)
{
	struct made made = { 0 };
	struct made_stamp stamp = lone_stamp(digest, hash_of_text(digest, first), first_time);
	struct made_hash object = hash_of_text(EVP_sha512(), second);

	made_add(&made, &stamp);
	stamp = list_stamp(EVP_sha512(), second_time,
		join(object, made_before(&made, EVP_sha512())), hash_of_text(EVP_sha512(), "other"),
		none);
	made_next_chain(&made);
	made_add(&made, &stamp);
	ask(&made, asked);
}

static struct made_hash in_order(struct made_hash object, struct made_hash before)
{
	return hash_of_two(EVP_sha512(), object, before);
}

static struct made_hash swapped(struct made_hash object, struct made_hash before)
{
	return hash_of_two(EVP_sha512(), before, object);
}

static struct made_hash sorted(struct made_hash object, struct made_hash before)
{
	return memcmp(object.at, before.at, object.len) < 0 ? in_order(object, before)
							    : swapped(object, before);
}

static struct made_hash alone(struct made_hash object, struct made_hash before)
{
	(void)before;
	return object;
}

static void a_hash_tree_renewal_covers_object_and_chains_before(void **state)
{
	struct asked asked = { .objects = { "a" } };

	(void)state;
	ask_two_chains(EVP_sha256(), T2020, "a", "a", T2021, in_order, &asked);
	expect_passed(&asked);
	assert_int_equal(asked.report.poe, 1577836800);
	assert_int_equal(asked.report.stamps[1].extra_hashes, 1);
}

/* longterm.md 0.10: a chain put before that covers other data. */
static void a_foreign_first_chain_proves_nothing(void **state)
{
	struct asked asked = { .objects = { "a" } };

	(void)state;
	ask_two_chains(EVP_sha256(), T2020, "foreign", "a", T2021, in_order, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-02", "ATS 0/0");
}

static void an_object_that_a_later_chain_lacks_is_not_proved(void **state)
{
	struct asked asked = { .objects = { "a" } };

	(void)state;
	ask_two_chains(EVP_sha256(), T2020, "a", "foreign", T2021, in_order, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-05", "ATS 1/0");
	asked = (struct asked){ .objects = { "a" } };
	ask_two_chains(EVP_sha256(), T2020, "a", "a", T2021, alone, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-05", "ATS 1/0");
}

/* Which of two objects sorts behind the chains is luck: one of many does. */
static void a_sorted_concatenation_is_refused_and_named(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
	unsigned passed = 0;
	unsigned named = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct asked asked = { .objects = { names[i] } };

		ask_two_chains(EVP_sha256(), T2020, names[i], names[i], T2021, sorted, &asked);
		if (asked.report.verdict.status == CHECK_PASSED) {
			passed++;
			continue;
		}
		expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-05",
			"not conformant: sorted concatenation");
		named++;
	}
	assert_true(named > 0); /* fixed bytes: so many as there are today */
	assert_int_equal(passed + named, 10);
}

static void a_digest_must_last_until_the_next_chain(void **state)
{
	struct asked asked = { .objects = { "a" } };

	(void)state;
	ask_two_chains(EVP_sha1(), T2010, "a", "a", "20120801000000Z", in_order, &asked);
	expect_passed(&asked);
	asked = (struct asked){ .objects = { "a" } };
	ask_two_chains(EVP_sha1(), T2010, "a", "a", "20120801000001Z", in_order, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "ER-07",
		"sha1 was no longer relied on");
}

static void the_last_digest_must_last_until_now(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" }, .at = "1343779200" };
	struct made_stamp stamp = lone_stamp(EVP_sha1(), hash_of_text(EVP_sha1(), "a"), T2010);

	(void)state;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect_passed(&asked);
	made_add(&made, &stamp);
	asked = (struct asked){ .objects = { "a" }, .at = "1343779201" };
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "ER-07",
		"the time of the check");
}

static void a_token_that_was_not_good_in_time_decides(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" }, .bad_stamp = 1 };
	struct made_stamp renewal;

	(void)state;
	add_lone(&made, "a", T2020);
	renewal = lone_stamp(EVP_sha256(), token_hash(&made), T2021);
	made_add(&made, &renewal);
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE, "ER-07",
		"ATS 0/0: its token must be valid at 2021-01-01T00:00:00Z");
	assert_int_equal(asked.calls, 2);
	assert_string_equal(asked.report.verdict.needs[0], "an older time-stamp");
}

static void digests_must_agree(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp = lone_stamp(EVP_sha512(), hash_of_text(EVP_sha512(), "a"), T2020);

	(void)state;
	stamp.other_digest = EVP_sha256();
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-01", "is sha256, not sha512");

	add_lone(&made, "a", T2020);
	stamp = lone_stamp(EVP_sha512(), hash_of_bytes(EVP_sha512(), buf_view(&made.token)), T2021);
	made_add(&made, &stamp);
	asked = (struct asked){ .objects = { "a" } };
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_HASH_FAILURE, "ER-01", "must have one digest");

	add_lone(&made, "a", T2020);
	made.declared[0] = EVP_sha384();
	asked = (struct asked){ .objects = { "a" } };
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_FORMAT_FAILURE, "ER-01", "lacks sha256");
}

static void without_the_field_the_digest_is_that_of_the_imprint(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp = lone_stamp(EVP_sha512(), hash_of_text(EVP_sha512(), "a"), T2020);

	(void)state;
	stamp.no_digest_field = true;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect_passed(&asked);
}

static void a_digest_without_an_end_is_none(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp =
		lone_stamp(EVP_shake256(), hash_of_text(EVP_shake256(), "a"), T2020);

	(void)state;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_FORMAT_FAILURE, "ER-01", "must be a known one");
}

static void what_is_no_token_is_a_broken_form(void **state)
{
	struct made made = { 0 };
	struct asked asked = { .objects = { "a" } };
	struct made_stamp stamp = lone_stamp(EVP_sha256(), sha256_of("a"), T2020);

	(void)state;
	stamp.no_token = true;
	made_add(&made, &stamp);
	ask(&made, &asked);
	expect(&asked, CHECK_FAILED, SUB_FORMAT_FAILURE, "ER-01", "no time-stamp token");
}

static void encryption_is_said_to_be_unsupported(void **state)
{
	struct made made = { .encrypted = true };
	struct asked asked = { .objects = { "a" } };

	(void)state;
	add_lone(&made, "a", T2020);
	ask(&made, &asked);
	expect(&asked, CHECK_INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, "ER-01", "not supported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_object_without_a_tree_is_proved_at_the_first_time),
		cmocka_unit_test(another_object_is_not_proved),
		cmocka_unit_test(no_object_proves_nothing),
		cmocka_unit_test(nothing_is_proved_while_no_token_was_asked_about),
		cmocka_unit_test(an_object_in_another_digest_is_missing_not_wrong),
		cmocka_unit_test(a_tree_of_many_branches_is_one_sorted_concatenation_a_level),
		cmocka_unit_test(an_object_in_a_later_list_is_not_searched_for),
		cmocka_unit_test(a_root_that_is_not_the_imprint_is_found),
		cmocka_unit_test(a_lone_first_value_is_carried_and_hashed_again_only_if_asked),
		cmocka_unit_test(hashes_of_another_length_are_refused),
		cmocka_unit_test(more_than_the_group_is_reported_and_fails_only_if_asked),
		cmocka_unit_test(a_renewal_covers_the_time_stamp_field),
		cmocka_unit_test(a_renewal_over_the_whole_stamp_is_named),
		cmocka_unit_test(a_renewal_of_something_else_is_refused),
		cmocka_unit_test(times_that_go_back_are_refused_equal_ones_are_not),
		cmocka_unit_test(a_hash_tree_renewal_covers_object_and_chains_before),
		cmocka_unit_test(a_foreign_first_chain_proves_nothing),
		cmocka_unit_test(an_object_that_a_later_chain_lacks_is_not_proved),
		cmocka_unit_test(a_sorted_concatenation_is_refused_and_named),
		cmocka_unit_test(a_digest_must_last_until_the_next_chain),
		cmocka_unit_test(the_last_digest_must_last_until_now),
		cmocka_unit_test(a_token_that_was_not_good_in_time_decides),
		cmocka_unit_test(digests_must_agree),
		cmocka_unit_test(without_the_field_the_digest_is_that_of_the_imprint),
		cmocka_unit_test(a_digest_without_an_end_is_none),
		cmocka_unit_test(what_is_no_token_is_a_broken_form),
		cmocka_unit_test(encryption_is_said_to_be_unsupported),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
