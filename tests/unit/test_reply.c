#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/hex.h"
#include "tsa/tsp/reply.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* openssl ts -reply (3.0.22): SHA-1 refused, policy refused. */
#define OPENSSL_BAD_ALG                                                                            \
	"30373035020102302c0c2a4d6573736167652064696765737420616c676f726974686d"                   \
	"206973206e6f7420737570706f727465642e03020780"
#define OPENSSL_BAD_POLICY                                                                         \
	"3030302e02010230240c2252657175657374656420706f6c696379206973206e6f74"                     \
	"20737570706f727465642e0303000001"
#define TOKEN                                                                                      \
	"3004"                                                                                     \
	"06022a03"
#define GRANTED "300b3003020100" TOKEN

static struct bytes unhex(const char *hex, uint8_t *out, size_t cap)
{
	struct bytes b = { out, 0 };

	assert_true(hex_decode(hex, out, cap, &b.len));
	return b;
}

static void assert_same(struct bytes a, struct bytes b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.at, b.at, a.len);
}

static bool decodes(const char *hex, struct tsp_reply *reply)
{
	static uint8_t der[1024];

	return tsp_reply_decode(unhex(hex, der, sizeof(der)), reply);
}

static void p11_a_granted_reply_is_status_0_and_the_token(void **unused)
{
	uint8_t token[16];
	uint8_t expected[32];
	uint8_t buf[64];
	struct bytes given = unhex(TOKEN, token, sizeof(token));
	struct bytes made = tsp_reply_granted(given, buf, sizeof(buf));
	struct tsp_reply reply;

	(void)unused;
	assert_same(made, unhex(GRANTED, expected, sizeof(expected)));
	assert_true(tsp_reply_decode(made, &reply));
	assert_int_equal(reply.status, 0);
	assert_int_equal(reply.failure, TSP_GRANTED);
	assert_int_equal(reply.text.len, 0);
	assert_same(reply.token, given);
}

static void a_granted_reply_needs_no_more_than_its_overhead(void **unused)
{
	static const size_t contents[] = { 256, 300, 65000 - TSP_REPLY_OVERHEAD };
	static uint8_t token[65536];
	static uint8_t buf[sizeof(token) + TSP_REPLY_OVERHEAD];

	(void)unused;
	for (size_t i = 0; i < COUNT(contents); i++) {
		struct tsp_reply reply;
		size_t len = contents[i];
		struct bytes made;

		memcpy(token, (const uint8_t[]){ 0x30, 0x82, (uint8_t)(len >> 8), (uint8_t)len },
			4);
		made = tsp_reply_granted(
			(struct bytes){ token, len + 4 }, buf, len + 4 + TSP_REPLY_OVERHEAD);
		assert_true(tsp_reply_decode(made, &reply));
		assert_int_equal(reply.token.len, len + 4);
		assert_int_equal(
			tsp_reply_granted((struct bytes){ token, len + 4 }, buf, made.len - 1).len,
			0);
	}
}

static void p12_refuses_as_openssl_does_byte_for_byte(void **unused)
{
	uint8_t expected[128];
	uint8_t buf[TSP_MAX_REFUSAL];

	(void)unused;
	assert_same(tsp_reply_refused(TSP_BAD_ALG, "Message digest algorithm is not supported.",
			    buf, sizeof(buf)),
		unhex(OPENSSL_BAD_ALG, expected, sizeof(expected)));
	assert_same(tsp_reply_refused(TSP_UNACCEPTED_POLICY, "Requested policy is not supported.",
			    buf, sizeof(buf)),
		unhex(OPENSSL_BAD_POLICY, expected, sizeof(expected)));
}

/* P-12: the eight values; DER of a named-bit list ends with the bit that is set. */
static void p12_every_failure_goes_both_ways(void **unused)
{
	static const struct {
		enum tsp_failure failure;
		const char *hex;
	} cases[] = {
		{ TSP_BAD_ALG, "3009300702010203020780" },
		{ TSP_BAD_REQUEST, "3009300702010203020520" },
		{ TSP_BAD_DATA_FORMAT, "3009300702010203020204" },
		{ TSP_TIME_NOT_AVAILABLE, "300a30080201020303010002" },
		{ TSP_UNACCEPTED_POLICY, "300a30080201020303000001" },
		{ TSP_UNACCEPTED_EXTENSION, "300b3009020102030407000080" },
		{ TSP_ADD_INFO_NOT_AVAILABLE, "300b3009020102030406000040" },
		{ TSP_SYSTEM_FAILURE, "300c300a02010203050600000040" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t expected[32];
		uint8_t buf[TSP_MAX_REFUSAL];
		struct bytes made = tsp_reply_refused(cases[i].failure, "", buf, sizeof(buf));
		struct tsp_reply reply;

		assert_same(made, unhex(cases[i].hex, expected, sizeof(expected)));
		assert_true(tsp_reply_decode(made, &reply));
		assert_int_equal(reply.status, 2);
		assert_int_equal(reply.failure, cases[i].failure);
		assert_int_equal(reply.text.len, 0);
		assert_int_equal(reply.token.len, 0);
	}
}

static void p12_makes_no_refusal_of_another_value(void **unused)
{
	uint8_t buf[TSP_MAX_REFUSAL];

	(void)unused;
	for (int i = -1; i < 64; i++) {
		struct bytes made = tsp_reply_refused((enum tsp_failure)i, "x", buf, sizeof(buf));
		bool named = strcmp(tsp_failure_name((enum tsp_failure)i), "unknown failure") != 0;

		assert_int_equal(made.len > 0, named && i != TSP_GRANTED);
	}
}

static void keeps_a_text_of_300_bytes_and_no_more(void **unused)
{
	char text[302];
	uint8_t buf[TSP_MAX_REFUSAL];
	struct tsp_reply reply;

	(void)unused;
	memset(text, 'x', sizeof(text));
	text[301] = '\0';
	assert_int_equal(tsp_reply_refused(TSP_BAD_ALG, text, buf, sizeof(buf)).len, 0);
	text[300] = '\0';
	assert_true(tsp_reply_decode(
		tsp_reply_refused(TSP_SYSTEM_FAILURE, text, buf, sizeof(buf)), &reply));
	assert_int_equal(reply.text.len, 300);
	assert_memory_equal(reply.text.at, text, 300);
	assert_int_equal(tsp_reply_refused(TSP_SYSTEM_FAILURE, text, buf, 300).len, 0);
}

static const char *const utf8_wrong[] = {
	"\x80",
	"\xc3",
	"\xc0\x80",
	"\xc1\xbf",
	"\xe0\x80\x80",
	"\xe0\x9f\xbf",
	"\xed\xa0\x80",
	"\xe2\x82",
	"\xf0\x80\x80\x80",
	"\xf0\x8f\xbf\xbf",
	"\xf4\x90\x80\x80",
	"\xf5\x80\x80\x80",
	"\xff",
	"a\xc3(",
	"\xe2\x28\xa1",
};

static void a_text_is_utf8_or_there_is_no_reply(void **unused)
{
	static const char *const good[] = { "plain", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf",
		"\xc2\x80" };
	uint8_t buf[TSP_MAX_REFUSAL];
	struct tsp_reply reply;

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct bytes made = tsp_reply_refused(TSP_BAD_ALG, good[i], buf, sizeof(buf));

		assert_true(tsp_reply_decode(made, &reply));
		assert_same(reply.text, bytes_of_text(good[i]));
	}
	for (size_t i = 0; i < COUNT(utf8_wrong); i++)
		assert_int_equal(
			tsp_reply_refused(TSP_BAD_ALG, utf8_wrong[i], buf, sizeof(buf)).len, 0);
}

static void takes_the_other_statuses_and_several_texts(void **unused)
{
	struct tsp_reply reply;

	(void)unused;
	assert_true(decodes("300b3003020101" TOKEN, &reply)); /* grantedWithMods */
	assert_int_equal(reply.status, 1);
	assert_true(decodes("300d300b020102"
			    "3006"
			    "0c0161"
			    "0c0162",
		&reply));
	assert_int_equal(reply.text.len, 1);
	assert_int_equal(reply.text.at[0], 'a');
	assert_int_equal(reply.failure, TSP_GRANTED);
	assert_true(decodes("30053003020105", &reply));
	assert_int_equal(reply.status, 5);
	/* a text beside a token is allowed, though ours never has one */
	assert_true(decodes("301030080201003003"
			    "0c0161" TOKEN,
		&reply));
	assert_int_equal(reply.text.len, 1);
	assert_int_equal(reply.token.len, 6);
}

static void p11_refuses_replies_that_break_a_rule(void **unused)
{
	static const char *const wrong[] = {
		"", "30", "3000", "30023000", "0500", "020100",
		"30053003020100", /* granted without a token */
		"30053003020101", "300b3003020102" TOKEN, /* a token though refused */
		"30053003020106", /* no such status */
		"300530030201ff", "3006300402020000", /* not minimal */
		"300f300702010003020780" TOKEN, /* granted, with failInfo */
		"3009300702010203020680", /* bit after the end */
		"3009300702010203020700", /* no bit set */
		"3008300602010203"
		"0100",
		"3007300502010203"
		"00",
		"3009300702010203020640", /* bit 1 is none of ours */
		"30093007020102030205a0", /* two bits */
		"300a30080201020303078000", /* trailing zero bits: BER */
		"300b3009020102030407800080", /* two */
		"300d300b020102030607000000"
		"0080", /* past bit 25 */
		"3009300702010203022001", "3009300702010203020880", /* nine unused bits cannot be */
		"3007300502010230"
		"00", /* PKIFreeText of no text */
		"30093007020102"
		"3002"
		"0c01", /* text cut off */
		"300a3008020102"
		"3003"
		"130161", /* PrintableString */
		"300a3008020102"
		"3003"
		"0c0180", /* no UTF-8 */
		"300d300b020102"
		"3006"
		"0c0161"
		"0c0180",
		"300e300c020102"
		"03020780"
		"3003"
		"0c0161", /* out of order */
		"300b3009020102"
		"03020780"
		"0500", /* a field more */
		"300d3003020100" TOKEN "0500", GRANTED "00", /* trailing byte */
		"30813003020100" TOKEN,
		"300b3003020100"
		"3104"
		"06022a03", /* token is no SEQUENCE */
	};
	struct tsp_reply reply;

	(void)unused;
	assert_true(decodes(GRANTED, &reply));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (decodes(wrong[i], &reply))
			fail_msg("took %s", wrong[i]);
}

/* Decodes a copy of exactly len bytes, so that a sanitizer sees a read past it. */
static bool survives(const uint8_t *at, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct tsp_reply reply;
	bool decoded;

	assert_non_null(copy);
	memcpy(copy, at, len);
	decoded = tsp_reply_decode((struct bytes){ copy, len }, &reply);
	free(copy);
	return decoded;
}

static void survives_replies_bent_cut_and_extended(void **unused)
{
	static const char *const good[] = { GRANTED, OPENSSL_BAD_ALG, OPENSSL_BAD_POLICY };

	(void)unused;
	for (size_t v = 0; v < COUNT(good); v++) {
		uint8_t der[128];
		size_t len = unhex(good[v], der, sizeof(der) - 1).len;

		for (size_t i = 0; i < len; i++) {
			uint8_t kept = der[i];

			for (unsigned x = 0; x < 256; x++) {
				der[i] = (uint8_t)x;
				(void)survives(der, len);
			}
			der[i] = kept;
		}
		assert_true(survives(der, len));
		for (size_t cut = 0; cut < len; cut++)
			assert_false(survives(der, cut));
		der[len] = 0;
		assert_false(survives(der, len + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p11_a_granted_reply_is_status_0_and_the_token),
		cmocka_unit_test(a_granted_reply_needs_no_more_than_its_overhead),
		cmocka_unit_test(p12_refuses_as_openssl_does_byte_for_byte),
		cmocka_unit_test(p12_every_failure_goes_both_ways),
		cmocka_unit_test(p12_makes_no_refusal_of_another_value),
		cmocka_unit_test(keeps_a_text_of_300_bytes_and_no_more),
		cmocka_unit_test(a_text_is_utf8_or_there_is_no_reply),
		cmocka_unit_test(takes_the_other_statuses_and_several_texts),
		cmocka_unit_test(p11_refuses_replies_that_break_a_rule),
		cmocka_unit_test(survives_replies_bent_cut_and_extended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
