#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tsa/core/bytes.h"
#include "tsa/core/hex.h"

static void reads_integers_big_endian_and_ends_exactly(void **unused)
{
	static const uint8_t wire[] = { 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4 };
	struct reader r = { .rest = { wire, sizeof(wire) } };

	(void)unused;
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_u16(&r), 2);
	assert_int_equal(reader_u32(&r), 3);
	assert_false(reader_finished(&r));
	assert_int_equal(reader_u64(&r), 4);
	assert_true(reader_finished(&r));
}

static void refuses_a_length_past_the_end(void **unused)
{
	static const uint8_t claims_nine_has_two[] = { 0, 0, 0, 9, 'h', 'i' };
	struct reader r = { .rest = { claims_nine_has_two, sizeof(claims_nine_has_two) } };

	(void)unused;
	assert_int_equal(reader_bytes(&r, 64).len, 0);
	assert_false(reader_finished(&r));
}

static void refuses_a_length_over_its_limit(void **unused)
{
	static const uint8_t two[] = { 0, 0, 0, 2, 'h', 'i' };
	struct reader r = { .rest = { two, sizeof(two) } };

	(void)unused;
	assert_int_equal(reader_bytes(&r, 1).len, 0);
	assert_true(r.failed);
}

static void stays_failed_after_running_short(void **unused)
{
	static const uint8_t two[] = { 7, 7 };
	struct reader r = { .rest = { two, sizeof(two) } };

	(void)unused;
	assert_int_equal(reader_u32(&r), 0);
	assert_int_equal(reader_u8(&r), 0);
	assert_false(reader_finished(&r));
}

static void refuses_a_text_with_a_zero_inside(void **unused)
{
	static const uint8_t wire[] = { 0, 0, 0, 3, 'a', 0, 'b' };
	struct reader r = { .rest = { wire, sizeof(wire) } };
	char text[8];

	(void)unused;
	reader_text(&r, text, sizeof(text));
	assert_true(r.failed);
	assert_string_equal(text, "");
}

static void refuses_a_text_that_fills_its_place_without_an_end(void **unused)
{
	static const uint8_t wire[] = { 0, 0, 0, 3, 'a', 'b', 'c' };
	struct reader r = { .rest = { wire, sizeof(wire) } };
	struct reader fits = r;
	char three[3];
	char four[4];

	(void)unused;
	reader_text(&r, three, sizeof(three));
	assert_true(r.failed);
	reader_text(&fits, four, sizeof(four));
	assert_true(reader_finished(&fits));
	assert_string_equal(four, "abc");
}

static void writes_nothing_more_once_full(void **unused)
{
	uint8_t place[5];
	struct writer w = { .at = place, .cap = sizeof(place) };

	(void)unused;
	writer_u32(&w, 1);
	assert_int_equal(writer_done(&w), 4);
	writer_u16(&w, 2);
	assert_int_equal(writer_done(&w), 0);
	writer_u8(&w, 3);
	assert_int_equal(writer_done(&w), 0);
}

static void a_buffer_keeps_what_was_appended(void **unused)
{
	struct buf buf = { 0 };

	(void)unused;
	for (int i = 0; i < 1000; i++)
		buf_append(&buf, bytes_of_text("0123456789"));
	assert_int_equal(buf.len, 10000);
	assert_memory_equal(buf.at + 9990, "0123456789", 10);
	buf_free(&buf);
	assert_null(buf.at);
}

static void hex_goes_both_ways(void **unused)
{
	static const uint8_t raw[] = { 0x00, 0x9f, 0xff };
	uint8_t back[3];
	char text[7];
	size_t len = 0;

	(void)unused;
	hex_encode((struct bytes){ raw, sizeof(raw) }, text);
	assert_string_equal(text, "009fff");
	assert_true(hex_decode("009FfF", back, sizeof(back), &len));
	assert_int_equal(len, 3);
	assert_memory_equal(back, raw, 3);
}

static void hex_refuses_odd_foreign_and_long(void **unused)
{
	uint8_t back[2];
	size_t len;

	(void)unused;
	assert_false(hex_decode("0", back, sizeof(back), &len));
	assert_false(hex_decode("0g", back, sizeof(back), &len));
	assert_false(hex_decode("000000", back, sizeof(back), &len));
}

static void a_text_is_not_cut_within_a_character(void **unused)
{
	static const char text[] = "a\xc3\xa4\xf0\x9f\x98\x80z";
	static const size_t fits[] = { 0, 1, 1, 3, 3, 3, 3, 7, 8, 8 };

	(void)unused;
	for (size_t max = 0; max < sizeof(fits) / sizeof(fits[0]); max++)
		assert_int_equal(text_fitting(text, max), fits[max]);
	assert_int_equal(text_fitting("\xbf\xbf", 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_integers_big_endian_and_ends_exactly),
		cmocka_unit_test(refuses_a_length_past_the_end),
		cmocka_unit_test(refuses_a_length_over_its_limit),
		cmocka_unit_test(stays_failed_after_running_short),
		cmocka_unit_test(refuses_a_text_with_a_zero_inside),
		cmocka_unit_test(refuses_a_text_that_fills_its_place_without_an_end),
		cmocka_unit_test(writes_nothing_more_once_full),
		cmocka_unit_test(a_buffer_keeps_what_was_appended),
		cmocka_unit_test(a_text_is_not_cut_within_a_character),
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(hex_refuses_odd_foreign_and_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
