#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/hex.h"
#include "tsa/tsp/der.h"

enum { ROOM = 70000 };

static uint8_t room[ROOM];

/* The bytes of a hex text, in room: one reader at a time. */
static struct der reads(const char *hex)
{
	size_t len;

	assert_true(hex_decode(hex, room, sizeof(room), &len));
	return (struct der){ .rest = { room, len } };
}

static void assert_hex(struct bytes b, const char *hex)
{
	char text[2 * 256 + 1];

	assert_true(b.len <= 256);
	hex_encode(b, text);
	assert_string_equal(text, hex);
}

static void takes_elements_in_order_and_ends_exactly(void **unused)
{
	struct der d = reads("02010504026869");

	(void)unused;
	assert_true(der_next_is(&d, DER_INTEGER));
	assert_false(der_next_is(&d, DER_OCTET_STRING));
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 5);
	assert_false(der_finished(&d));
	assert_hex(der_take(&d, DER_OCTET_STRING), "6869");
	assert_true(der_finished(&d));
	assert_false(der_next_is(&d, DER_INTEGER));
}

static void gives_the_whole_element_with_tag_and_length(void **unused)
{
	struct der d = reads("30030201050500");
	uint8_t tag;

	(void)unused;
	assert_hex(der_take_whole(&d, DER_SEQUENCE), "3003020105");
	assert_int_equal(der_take_any(&d, &tag).len, 0);
	assert_int_equal(tag, DER_NULL);
	assert_true(der_finished(&d));
	d = reads("30030201050500");
	assert_int_equal(der_take_whole(&d, DER_SET).len, 0);
	assert_true(d.failed);
}

static void stays_failed_after_a_wrong_tag(void **unused)
{
	struct der d = reads("020105020106");

	(void)unused;
	assert_int_equal(der_take(&d, DER_OCTET_STRING).len, 0);
	assert_true(d.failed);
	assert_false(der_next_is(&d, DER_INTEGER));
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 0);
	assert_false(der_finished(&d));
}

static void what_is_entered_fails_with_its_parent(void **unused)
{
	struct der d = reads("020105");
	struct der inner = der_enter(&d, DER_SEQUENCE);

	(void)unused;
	assert_true(inner.failed);
	assert_false(der_finished(&inner));
}

static void reads_no_further_than_what_was_entered(void **unused)
{
	struct der d = reads("30030201050201063003020207");
	struct der inner = der_enter(&d, DER_SEQUENCE);
	struct der short_one;

	(void)unused;
	assert_int_equal(der_take_u64(&inner, DER_INTEGER), 5);
	assert_true(der_finished(&inner));
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 6);
	short_one = der_enter(&d, DER_SEQUENCE);
	assert_true(der_finished(&d));
	(void)der_take(&short_one, DER_INTEGER); /* claims two octets, its parent has one */
	assert_true(short_one.failed);
}

/* Reads a copy of exactly these bytes, so that a sanitizer sees a read past them. */
static void assert_no_element(struct bytes b)
{
	uint8_t *copy = malloc(b.len == 0 ? 1 : b.len);
	struct der d = { .rest = { copy, b.len } };
	uint8_t tag = 0xee;

	assert_non_null(copy);
	if (b.len > 0)
		memcpy(copy, b.at, b.len);
	assert_int_equal(der_take_any(&d, &tag).len, 0);
	assert_int_equal(tag, 0);
	assert_true(d.failed);
	free(copy);
}

/* X.690 10.1 and 8.1.2.4: everything here is BER at best. */
static void refuses_headers_that_are_not_der(void **unused)
{
	static const char *const wrong[] = {
		"", "04", "0402ff", /* shorter than its length */
		"04810161", /* one octet would do */
		"0482000161", /* leading zero octet */
		"048200", /* length cut off */
		"048400000001", /* ditto, and not minimal */
		"0485000000000161", /* more octets than any of ours */
		"04847fffffff61", /* far past the end */
		"0484ffffffff61", "04ff61", /* X.690 8.1.3.5: reserved */
		"0480", "0480610000", /* indefinite */
		"1f0161", /* tag number in further octets */
	};

	struct der good = { 0 };

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_no_element(reads(wrong[i]).rest);
	memset(room, 0, sizeof(room)); /* 128 octets of content, the length in one octet too many */
	memcpy(room, (const uint8_t[]){ 0x04, 0x82, 0x00, 0x80 }, 4);
	assert_no_element((struct bytes){ room, 4 + 128 });
	memcpy(room, (const uint8_t[]){ 0x04, 0x81, 0x80 }, 3);
	good.rest = (struct bytes){ room, 3 + 128 };
	assert_int_equal(der_take(&good, DER_OCTET_STRING).len, 128);
	assert_true(der_finished(&good));
}

static void takes_each_length_in_its_one_form(void **unused)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
	static uint8_t content[65536];
	static uint8_t out[ROOM];

	(void)unused;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct der_out w = der_out_on(out, sizeof(out));
		struct der d;

		der_put(&w, DER_OCTET_STRING, (struct bytes){ content, lengths[i] });
		d = (struct der){ .rest = der_out_view(&w) };
		assert_int_equal(der_take(&d, DER_OCTET_STRING).len, lengths[i]);
		assert_true(der_finished(&d));
	}
}

static void takes_integers_of_any_size_as_they_are(void **unused)
{
	static const char *const good[] = { "020100", "02017f", "02020080", "0201ff", "020180",
		"0202ff7f", "021500ffffffffffffffffffffffffffffffffffffffff" };

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct der d = reads(good[i]);

		assert_hex(der_take_integer(&d), good[i] + 4);
		assert_true(der_finished(&d));
	}
}

static void refuses_integers_that_are_empty_or_not_minimal(void **unused)
{
	static const char *const wrong[] = { "0200", "02020001", "0202007f", "0202ff80", "0202ffff",
		"02030000ff" };

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct der d = reads(wrong[i]);
		struct der again = d;

		assert_int_equal(der_take_integer(&d).len, 0);
		assert_true(d.failed);
		assert_int_equal(der_take_u64(&again, DER_INTEGER), 0);
		assert_true(again.failed);
	}
}

static void a_u64_is_not_negative_and_fits(void **unused)
{
	struct der d = reads("020900ffffffffffffffff");

	(void)unused;
	assert_true(der_take_u64(&d, DER_INTEGER) == UINT64_MAX);
	assert_true(der_finished(&d));
	d = reads("8102012c");
	assert_int_equal(der_take_u64(&d, DER_CONTEXT | 1), 300);
	assert_true(der_finished(&d));
	d = reads("0201ff");
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 0);
	assert_true(d.failed);
	d = reads("0209010000000000000000");
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 0);
	assert_true(d.failed);
	d = reads("020a0080000000000000000000");
	assert_int_equal(der_take_u64(&d, DER_INTEGER), 0);
	assert_true(d.failed);
}

static void true_is_any_octet_but_zero(void **unused)
{
	static const struct {
		const char *hex;
		bool value, failed;
	} cases[] = {
		{ "0101ff", true, false },
		{ "010101", true, false }, /* two real signers */
		{ "010131", true, false },
		{ "010100", false, false },
		{ "0100", false, true },
		{ "0102ffff", false, true },
		{ "02010a", false, true },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct der d = reads(cases[i].hex);

		assert_int_equal(der_take_boolean(&d), cases[i].value);
		assert_int_equal(d.failed, cases[i].failed);
	}
}

static void refuses_malformed_oids(void **unused)
{
	static const char *const wrong[] = { "0600", "060180", "060186", "06032a8001", "06032a8680",
		"06022a80" };
	struct der d = reads("06092a864886f70d010101");

	(void)unused;
	assert_int_equal(der_take_oid(&d).len, 9);
	assert_true(der_finished(&d));
	d = reads("06038680"
		  "01"); /* a group of zeros inside an arc is fine */
	assert_int_equal(der_take_oid(&d).len, 3);
	assert_true(der_finished(&d));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		d = reads(wrong[i]);
		assert_int_equal(der_take_oid(&d).len, 0);
		assert_true(d.failed);
	}
}

static const struct {
	const char *text;
	const char *hex;
} oids[] = {
	{ "0.0", "00" },
	{ "0.39", "27" },
	{ "1.0", "28" },
	{ "1.39", "4f" },
	{ "2.0", "50" },
	{ "2.5", "55" },
	{ "2.19", "63" },
	{ "2.20", "64" },
	{ "2.39", "77" },
	{ "2.40", "78" },
	{ "2.47", "7f" },
	{ "2.48", "8100" },
	{ "2.999", "8837" },
	{ "1.2.840.113549.1.9.16.1.4", "2a864886f70d0109100104" },
	{ "2.23.140.1.4.2", "67810c010402" },
	{ "2.16.840.1.101.3.4.2.1", "608648016503040201" },
	{ "1.2.0.127.128.16383.16384", "2a007f8100ff7f818000" },
	{ "2.25.329800735698586629295641978511506172918", /* X.667's own example */
		"6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776" },
};

static void oids_go_to_text_and_back(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
		size_t chars = strlen(oids[i].text);
		uint8_t content[32];
		char text[128];
		size_t len = der_oid_from_text(oids[i].text, content, sizeof(content));

		assert_hex((struct bytes){ content, len }, oids[i].hex);
		assert_int_equal(der_oid_from_text(oids[i].text, content, len - 1), 0);
		assert_true(der_oid_to_text((struct bytes){ content, len }, text, sizeof(text)));
		assert_string_equal(text, oids[i].text);
		assert_true(der_oid_to_text((struct bytes){ content, len }, text, chars + 1));
		for (size_t cap = 0; cap <= chars; cap++)
			assert_false(der_oid_to_text((struct bytes){ content, len }, text, cap));
	}
}

static void refuses_texts_that_are_no_oid(void **unused)
{
	static const char *const wrong[] = { "", "1", "1.", ".1", "1..2", "1.2.", "3.1", "0.40",
		"1.40", "10.1", "1.2.x", "1.2 ", " 1.2", "1.02", "01.2", "1.2.-1", "1.2.3,4",
		"+1.2" };
	uint8_t content[32];

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(der_oid_from_text(wrong[i], content, sizeof(content)), 0);
}

static void refuses_an_arc_longer_than_its_place(void **unused)
{
	static uint8_t content[512];
	char text[1024];

	(void)unused;
	memset(text, '9', sizeof(text));
	memcpy(text, "1.2.", 4);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(der_oid_from_text(text, content, sizeof(content)), 0);
	memset(content, 0xff, sizeof(content));
	content[sizeof(content) - 1] = 0x7f;
	assert_false(
		der_oid_to_text((struct bytes){ content, sizeof(content) }, text, sizeof(text)));
}

static void refuses_content_that_is_no_oid(void **unused)
{
	static const uint8_t cut[] = { 0x2a, 0x86 };
	static const uint8_t padded[] = { 0x2a, 0x80, 0x01 };
	char text[32];

	(void)unused;
	assert_false(der_oid_to_text((struct bytes){ cut, 0 }, text, sizeof(text)));
	assert_false(der_oid_to_text((struct bytes){ cut, 2 }, text, sizeof(text)));
	assert_false(der_oid_to_text((struct bytes){ padded, 3 }, text, sizeof(text)));
}

static void writes_integers_minimally(void **unused)
{
	static const struct {
		uint64_t v;
		const char *hex;
	} cases[] = {
		{ 0, "020100" },
		{ 1, "020101" },
		{ 127, "02017f" },
		{ 128, "02020080" },
		{ 255, "020200ff" },
		{ 256, "02020100" },
		{ UINT64_C(0x7fffffffffffffff), "02087fffffffffffffff" },
		{ UINT64_MAX, "020900ffffffffffffffff" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct der_out w = der_out_on(room, 16);
		struct der d;

		der_put_u64(&w, DER_INTEGER, cases[i].v);
		assert_hex(der_out_view(&w), cases[i].hex);
		d = (struct der){ .rest = der_out_view(&w) };
		assert_true(der_take_u64(&d, DER_INTEGER) == cases[i].v);
	}
}

static void a_magnitude_loses_its_leading_zeros(void **unused)
{
	static const uint8_t low[] = { 0, 0, 0x12, 0x34 };
	static const uint8_t high[] = { 0, 0, 0xf2, 0x34 };
	struct der_out w = der_out_on(room, 64);

	(void)unused;
	der_put_unsigned(&w, DER_INTEGER, (struct bytes){ low, 2 });
	der_put_unsigned(&w, DER_INTEGER, (struct bytes){ high, sizeof(high) });
	der_put_unsigned(&w, DER_INTEGER, (struct bytes){ low, sizeof(low) });
	assert_hex(der_out_view(&w), "02021234020300f234020100");
}

static void a_header_covers_what_was_put_since_its_mark(void **unused)
{
	struct der_out w = der_out_on(room, 64);
	static const uint8_t oid[] = { 0x2a, 0x03 };
	size_t inner;

	(void)unused;
	der_put(&w, DER_OCTET_STRING, bytes_of_text("z"));
	inner = der_out_mark(&w);
	der_put_null(&w);
	der_put_oid(&w, (struct bytes){ oid, 2 });
	der_put_header(&w, DER_SEQUENCE, inner);
	assert_hex(der_out_view(&w), "300606022a030500"
				     "04017a");
}

static void writes_nothing_outside_its_buffer(void **unused)
{
	(void)unused;
	for (size_t cap = 0; cap <= 8; cap++) {
		uint8_t *place = malloc(cap + 1); /* + 1: malloc(0) may give NULL */
		struct der_out w;
		struct bytes view;

		assert_non_null(place);
		w = der_out_on(place + 1, cap);
		der_put(&w, DER_OCTET_STRING, bytes_of_text("abcd"));
		view = der_out_view(&w);
		assert_int_equal(view.len, cap < 6 ? 0 : 6);
		der_put_null(&w);
		assert_int_equal(der_out_view(&w).len, cap < 8 ? 0 : 8);
		free(place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_elements_in_order_and_ends_exactly),
		cmocka_unit_test(gives_the_whole_element_with_tag_and_length),
		cmocka_unit_test(stays_failed_after_a_wrong_tag),
		cmocka_unit_test(what_is_entered_fails_with_its_parent),
		cmocka_unit_test(reads_no_further_than_what_was_entered),
		cmocka_unit_test(refuses_headers_that_are_not_der),
		cmocka_unit_test(takes_each_length_in_its_one_form),
		cmocka_unit_test(takes_integers_of_any_size_as_they_are),
		cmocka_unit_test(refuses_integers_that_are_empty_or_not_minimal),
		cmocka_unit_test(a_u64_is_not_negative_and_fits),
		cmocka_unit_test(true_is_any_octet_but_zero),
		cmocka_unit_test(refuses_malformed_oids),
		cmocka_unit_test(oids_go_to_text_and_back),
		cmocka_unit_test(refuses_texts_that_are_no_oid),
		cmocka_unit_test(refuses_an_arc_longer_than_its_place),
		cmocka_unit_test(refuses_content_that_is_no_oid),
		cmocka_unit_test(writes_integers_minimally),
		cmocka_unit_test(a_magnitude_loses_its_leading_zeros),
		cmocka_unit_test(a_header_covers_what_was_put_since_its_mark),
		cmocka_unit_test(writes_nothing_outside_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
