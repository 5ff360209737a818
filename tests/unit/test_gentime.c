/* genTime of a TSTInfo (P-18): its form, and its calendar against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tsa/core/hex.h"
#include "tsa/tsp/tstinfo.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A TSTInfo in hex up to its genTime. */
#define VERSION_AND_POLICY "02010106042a030401"
#define IMPRINT_256                                                                                \
	"3031300d060960864801650304020105000420"                                                   \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SERIAL "020c00f1e2d3c4b5a69788796a5c"
#define HEAD VERSION_AND_POLICY IMPRINT_256 SERIAL

static const uint8_t policy[] = { 0x2a, 0x03, 0x04, 0x01 };
static const uint8_t serial[TSP_SERIAL_LEN] = { 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88,
	0x79, 0x6a, 0x5b, 0x4c };
static const uint8_t imprint[64] = { 0xba, 0x78 };

static struct tsp_tstinfo plain(void)
{
	return (struct tsp_tstinfo){
		.policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.null_params = true,
		.imprint = { imprint, 32 },
		.serial = { serial, sizeof(serial) },
		.digits = 3,
		.accuracy = { .seconds = 1 },
	};
}

/* The GeneralizedTime of an encoded TSTInfo as text. */
static void time_text(uint64_t time_us, unsigned digits, char text[32])
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info = plain();
	struct tsp_tstinfo back;
	struct bytes der;
	const uint8_t *at;

	info.time_us = time_us;
	info.digits = digits;
	der = tsp_tstinfo_encode(&info, buf, sizeof(buf));
	assert_int_not_equal(der.len, 0);
	assert_true(tsp_tstinfo_decode(der, &back));
	if (back.time_us != time_us)
		fail_msg("%llu came back as %llu", (unsigned long long)time_us,
			(unsigned long long)back.time_us);
	assert_true(back.digits <= digits);
	at = memmem(der.at, der.len, "\x02\x0d\x00", 3); /* serial: tag, length, sign octet */
	assert_non_null(at);
	at += 2 + 13;
	assert_int_equal(at[0], 0x18);
	memcpy(text, at + 2, at[1]);
	text[at[1]] = '\0';
}

static void p18_gen_time_has_no_trailing_zeros_and_no_empty_fraction(void **unused)
{
	static const struct {
		uint64_t time_us;
		unsigned digits;
		const char *text;
	} cases[] = {
		{ 0, 0, "19700101000000Z" },
		{ 1, 6, "19700101000000.000001Z" },
		{ 1000, 3, "19700101000000.001Z" },
		{ 500000, 3, "19700101000000.5Z" },
		{ 520000, 3, "19700101000000.52Z" },
		{ 120, 6, "19700101000000.00012Z" },
		{ 999999, 6, "19700101000000.999999Z" },
		{ UINT64_C(1000000), 3, "19700101000001Z" },
		{ UINT64_C(951782400000000), 0, "20000229000000Z" },
		{ UINT64_C(4107542399000000), 0, "21000228235959Z" },
		{ UINT64_C(4107542400000000), 0, "21000301000000Z" },
		{ UINT64_C(1795478400000000), 6, "20261124000000Z" },
		{ UINT64_C(253402300799999999), 6, "99991231235959.999999Z" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[32];

		time_text(cases[i].time_us, cases[i].digits, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* What the text must be, by the C library's calendar. */
static void expected_text(uint64_t time_us, char text[32])
{
	time_t seconds = (time_t)(time_us / 1000000);
	char fraction[16];
	struct tm tm;
	size_t len;

	assert_non_null(gmtime_r(&seconds, &tm));
	len = strftime(text, 32, "%Y%m%d%H%M%S", &tm);
	(void)snprintf(fraction, sizeof(fraction), ".%06u", (unsigned)(time_us % 1000000));
	for (size_t i = strlen(fraction); i > 0 && (fraction[i - 1] == '0' || i == 1); i--)
		fraction[i - 1] = '\0';
	(void)snprintf(text + len, 32 - len, "%sZ", fraction);
}

static void p18_gen_time_agrees_with_the_calendar_at_any_time(void **unused)
{
	static const unsigned digits[] = { 0, 3, 6 };
	uint64_t random = 42; /* MMIX's generator: the same times in every run */

	(void)unused;
	for (unsigned i = 0; i < 60000; i++) {
		char text[32];
		char expected[32];
		uint64_t time_us;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		time_us = tsp_time_cut(
			(random >> 1) % (UINT64_C(253402300800) * 1000000), digits[i % 3]);
		time_text(time_us, digits[i % 3], text);
		expected_text(time_us, expected);
		assert_string_equal(text, expected);
	}
}

/* Both sides of every midnight to the year 2170, and of one in 61 days to 9999. */
static void p18_gen_time_agrees_with_the_calendar_at_every_midnight(void **unused)
{
	(void)unused;
	for (uint64_t day = 1; day <= 2932896; day += day < 73049 ? 1 : 61) {
		char text[32];
		char expected[32];

		time_text(day * UINT64_C(86400000000), 0, text);
		expected_text(day * UINT64_C(86400000000), expected);
		assert_string_equal(text, expected);
		time_text(day * UINT64_C(86400000000) - 1, 6, text);
		expected_text(day * UINT64_C(86400000000) - 1, expected);
		assert_string_equal(text, expected);
	}
}

static bool takes_time(const char *text)
{
	uint8_t der[TSP_MAX_TSTINFO];
	char hex[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info;
	size_t len = strlen(text);
	char content[128];

	hex_encode(bytes_of_text(text), content);
	(void)snprintf(hex, sizeof(hex), "30%02zx" HEAD "18%02zx%s", sizeof(HEAD) / 2 + 2 + len,
		len, content);
	assert_true(hex_decode(hex, der, sizeof(der), &len));
	return tsp_tstinfo_decode((struct bytes){ der, len }, &info);
}

static void p18_refuses_other_forms_of_gen_time(void **unused)
{
	static const char *const wrong[] = {
		"",
		"Z",
		"202611240825Z",
		"2026112408251Z",
		"20261124082517",
		"20261124082517z",
		"20261124082517+0000",
		"20261124082517.Z",
		"20261124082517.0Z",
		"20261124082517.10Z",
		"20261124082517.000Z",
		"20261124082517,5Z",
		"20261124082517.1234567Z",
		"20261124082517.5",
		"20261124082517.-1Z",
		"20261124082517.5ZZ",
		"20261124082517 Z",
		"2026112408251aZ",
		"20260024082517Z",
		"20261324082517Z",
		"20261100082517Z",
		"20261131082517Z",
		"20260230082517Z",
		"20260229082517Z",
		"21000229082517Z",
		"20261124242517Z",
		"20261124086017Z",
		"20261124082560Z",
		"19691231235959Z",
		"00001124082517Z",
		"261124082517Z",
		"20261124082517.5+1Z",
	};

	(void)unused;
	assert_true(takes_time("20261124082517Z"));
	assert_true(takes_time("20261124082517.5Z"));
	assert_true(takes_time("20240229235959.123456Z"));
	assert_true(takes_time("20000229000000Z"));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (takes_time(wrong[i]))
			fail_msg("took %s", wrong[i]);
}

static void p18_cuts_a_time_to_its_digits(void **unused)
{
	(void)unused;
	assert_true(tsp_time_cut(1999999, 0) == 1000000);
	assert_true(tsp_time_cut(1999999, 3) == 1999000);
	assert_true(tsp_time_cut(1999999, 6) == 1999999);
	assert_true(tsp_time_cut(0, 0) == 0);
}

/* Of three digits DER would leave one or two of .430 and .500, which some clients misread. */
static void p18_three_digits_are_three_or_none(void **unused)
{
	uint64_t last_us = 0;

	(void)unused;
	assert_true(tsp_time_cut(1430999, 3) == 1429000);
	assert_true(tsp_time_cut(1500000, 3) == 1499000);
	assert_true(tsp_time_cut(2000999, 3) == 2000000);
	for (uint64_t us = 0; us < 3000000; us += 250) {
		uint64_t cut_us = tsp_time_cut(us, 3);
		char text[TSP_TIME_TEXT];
		size_t len = tsp_time_text(cut_us, text);

		assert_true(cut_us >= last_us && us - cut_us < tsp_time_resolution_us(3));
		assert_true(
			len == strlen("19700101000000Z") || len == strlen("19700101000000.123Z"));
		last_us = cut_us;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p18_gen_time_has_no_trailing_zeros_and_no_empty_fraction),
		cmocka_unit_test(p18_gen_time_agrees_with_the_calendar_at_any_time),
		cmocka_unit_test(p18_gen_time_agrees_with_the_calendar_at_every_midnight),
		cmocka_unit_test(p18_refuses_other_forms_of_gen_time),
		cmocka_unit_test(p18_cuts_a_time_to_its_digits),
		cmocka_unit_test(p18_three_digits_are_three_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
