/* The BER reader of tsa-verify: every length checked, limits kept, DER told from BER. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/hex.h"
#include "tsa/token/read/ber.h"
#include "tsa/tsp/der.h"

enum { ROOM = 4096 };

/* Bytes of hex in room. */
static struct bytes of_hex(const char *hex, uint8_t room[ROOM])
{
	size_t len = 0;

	assert_true(hex_decode(hex, room, ROOM, &len));
	return (struct bytes){ room, len };
}

static void expect_refusal(const char *hex, const char *text)
{
	uint8_t room[ROOM];
	struct ber tree;
	struct err err = { 0 };

	assert_false(ber_parse(of_hex(hex, room), &tree, &err));
	if (strstr(err.text, text) == NULL)
		fail_msg("%s: wanted '%s', found '%s'", hex, text, err.text);
	ber_free(&tree);
}

static void expect_flaw(const char *hex, const char *text)
{
	uint8_t room[ROOM];
	struct ber tree;
	struct ber_flaws flaws = { 0 };
	struct err err = { 0 };

	assert_true(ber_parse(of_hex(hex, room), &tree, &err));
	ber_strict(&tree, 0, (uint32_t)tree.count, &flaws);
	if (text == NULL)
		assert_int_equal(flaws.count, 0);
	else if (flaws.count != 1 || strstr(flaws.first, text) == NULL)
		fail_msg("%s: wanted '%s', found %zu: '%s'", hex, text, flaws.count, flaws.first);
	ber_free(&tree);
}

static void refuses_what_is_cut_or_past_the_end(void **state)
{
	(void)state;
	expect_refusal("", "offset 0");
	expect_refusal("30", "the length is missing");
	expect_refusal("0401", "past the end");
	expect_refusal("30020401", "past the end");
	expect_refusal("300304020000", "past the end"); /* of its parent */
	expect_refusal("048180", "past the end");
	expect_refusal("0482ff", "cut off");
	expect_refusal("04ff00", "cut off"); /* X.690 8.1.3.5 c */
	expect_refusal("0489010000000000000000", "past the end");
	expect_refusal("3080", "an element was to follow");
	expect_refusal("30800500", "an element was to follow");
	expect_refusal("3080050000", "end-of-contents");
	expect_refusal("0480", "indefinite length of a primitive");
	expect_refusal("0000", "end-of-contents");
	expect_refusal("30020000", "end-of-contents");
	expect_refusal("1f", "the tag does not end");
	expect_refusal("1f80808080808000", "the tag does not end");
}

static void keeps_its_limits(void **state)
{
	uint8_t *deep = calloc(2, BER_MAX_DEPTH + 2);
	uint8_t *many = calloc(1, 5 + 2 * BER_MAX_NODES);
	struct ber tree;
	struct err err = { 0 };
	size_t len = 2 * BER_MAX_NODES;

	(void)state;
	for (size_t i = 0; i < BER_MAX_DEPTH + 1; i++) {
		deep[2 * i] = 0x30;
		deep[2 * i + 1] = 0x80;
	}
	assert_false(ber_parse((struct bytes){ deep, 2 * (BER_MAX_DEPTH + 1) }, &tree, &err));
	assert_non_null(strstr(err.text, "at most 64 levels"));
	ber_free(&tree);
	many[0] = 0x30;
	many[1] = 0x83;
	many[2] = (uint8_t)(len >> 16);
	many[3] = (uint8_t)(len >> 8);
	many[4] = (uint8_t)len;
	for (size_t i = 0; i < BER_MAX_NODES; i++)
		many[5 + 2 * i] = 0x05;
	assert_false(ber_parse((struct bytes){ many, 5 + len }, &tree, &err));
	assert_non_null(strstr(err.text, "elements"));
	ber_free(&tree);
	assert_false(ber_parse((struct bytes){ many, BER_MAX_INPUT + 1UL }, &tree, &err));
	assert_non_null(strstr(err.text, "bytes"));
	ber_free(&tree);
	free(deep);
	free(many);
}

static void walks_what_is_inside(void **state)
{
	uint8_t room[ROOM];
	struct ber tree;
	struct ber_walk walk, inner;
	struct err err = { 0 };

	(void)state;
	/* SEQUENCE { INTEGER 5, [0] indefinite { NULL }, BOOLEAN } and a byte behind */
	assert_true(ber_parse(of_hex("300c020105a080050000000101ffaa", room), &tree, &err));
	assert_int_equal(tree.rest.len, 1);
	walk = ber_inside(&tree, tree.nodes);
	assert_null(ber_take_if(&walk, DER_OID));
	assert_int_equal(ber_take(&walk, DER_INTEGER)->content.at[0], 5);
	inner = ber_inside(&tree, ber_take(&walk, DER_CONTEXT_CONSTRUCTED));
	assert_non_null(ber_take(&inner, DER_NULL));
	assert_true(ber_finished(&inner));
	assert_int_equal(ber_offset(&tree, ber_peek(&walk)), 11);
	assert_false(ber_finished(&walk));
	assert_null(ber_take(&walk, DER_NULL));
	assert_true(walk.failed);
	assert_null(ber_next(&walk));
	assert_false(ber_finished(&walk));
	ber_free(&tree);
}

static void joins_a_constructed_string(void **state)
{
	uint8_t room[ROOM];
	struct ber tree;
	struct buf out = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(ber_parse(of_hex("24800401612404040200620000", room), &tree, &err));
	assert_true(ber_octets(&tree, tree.nodes, &out));
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.at, "a\0b", 3);
	ber_free(&tree);
	assert_true(ber_parse(of_hex("24020500", room), &tree, &err));
	assert_false(ber_octets(&tree, tree.nodes, &out));
	ber_free(&tree);
	buf_free(&out);
}

static void reads_numbers(void **state)
{
	uint8_t room[ROOM];
	int64_t number;

	(void)state;
	assert_true(ber_number(of_hex("05", room), &number));
	assert_int_equal(number, 5);
	assert_true(ber_number(of_hex("ff", room), &number));
	assert_int_equal(number, -1);
	assert_true(ber_number(of_hex("7fffffffffffffff", room), &number));
	assert_true(number == INT64_MAX);
	assert_false(ber_number(of_hex("00ffffffffffffffff", room), &number));
	assert_false(ber_number((struct bytes){ 0 }, &number));
}

static void tells_der_from_ber(void **state)
{
	(void)state;
	expect_flaw("300d0101ff020200800500030206400c00", NULL);
	expect_flaw("308005000000", "offset 0: X.690 10.1: indefinite");
	expect_flaw("3081020500", "offset 0: X.690 10.1: length");
	expect_flaw("30830000020500", "offset 0: X.690 10.1: length");
	expect_flaw("3003048100", "offset 2: X.690 10.1: length");
	expect_flaw("2403040100", "X.690 10.2");
	expect_flaw("010101", "X.690 11.1");
	expect_flaw("0100", "X.690 11.1");
	expect_flaw("0200", "X.690 8.3.2");
	expect_flaw("0202ff80", "X.690 8.3.2");
	expect_flaw("050100", "X.690 8.8.2");
	expect_flaw("06022a80", "X.690 8.19");
	expect_flaw("0600", "X.690 8.19");
	expect_flaw("0300", "X.690 8.6.2");
	expect_flaw("03020800", "X.690 8.6.2");
	expect_flaw("030107", "X.690 8.6.2");
	expect_flaw("030206c1", "X.690 11.2.1");
	expect_flaw("3106020102020101", "offset 5: X.690 11.6");
	expect_flaw("3106020101020102", NULL);
	expect_flaw("310702010102020080", NULL); /* shorter first */
	expect_flaw("31050401000500", NULL);
	expect_flaw("bf8101020500", NULL); /* a tag number over 30 */
	expect_flaw("bf810181020500", "X.690 10.1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_cut_or_past_the_end),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(walks_what_is_inside),
		cmocka_unit_test(joins_a_constructed_string),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(tells_der_from_ber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
