#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/hex.h"
#include "tsa/tsp/request.h"
#include "tsa/tsp/tstinfo.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* TSTInfo out of tokens that openssl ts -reply (3.0.22) made; see each case for its settings. */
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define IMPRINT_256 "3031300d060960864801650304020105000420" ABC_256
#define SERIAL "020c00f1e2d3c4b5a69788796a5c"
#define WHOLE_SECONDS                                                                              \
	"306a02010106042a030401" IMPRINT_256 SERIAL                                                \
	"180f32303236313132343038323531375a300302010102080b94a2e0198dec9f"
#define MILLISECONDS                                                                               \
	"30818f02010106052a03040506" IMPRINT_256 "020c00f1e2d3c4b5a69788796a5d"                    \
	"181332303236313132343038323531372e3134385a300a020101800201f481016402086c33a2d9d927ffd9"   \
	"a017a41530133111300f06035504030c085465737420545341"
#define MICROSECONDS                                                                               \
	"30818102010106042a0304013051300d060960864801650304020305000440ddaf35a193"                 \
	"617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd45" \
	"4d4423643ce80e2a9ac94fa54ca49f020c00f1e2d3c4b5a69788796a5e181532303236313132343038323531" \
	"372e31383737385a"
#define TOP_BIT_NONCE                                                                              \
	"307b02010106042a0304013041300d060960864801650304020205000430cb00753f45"                   \
	"a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a702" \
	"0c00f1e2d3c4b5a69788796a5f180f32303236313132343038323531375a3003020101020900cc7aed2d4e4e" \
	"9e1f"

static const char *const from_openssl[] = { WHOLE_SECONDS, MILLISECONDS, MICROSECONDS,
	TOP_BIT_NONCE };

/* As OpenSSL's with tsa, and with the extension of a qualified time-stamp after it. */
#define WITH_QUALIFIED                                                                             \
	"3081ac02010106052a03040506" IMPRINT_256 "020c00f1e2d3c4b5a69788796a5d"                    \
	"181332303236313132343038323531372e3134385a300a020101800201f481016402086c33a2d9d927ffd9"   \
	"a017a41530133111300f06035504030c085465737420545341"                                       \
	"a11b301906082b06010505070103040d300b30090607040081975e0101"

static const uint8_t policy[] = { 0x2a, 0x03, 0x04, 0x01 };
static const uint8_t serial[TSP_SERIAL_LEN] = { 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88,
	0x79, 0x6a, 0x5b, 0x4c };
static const uint8_t imprint[64] = { 0xba, 0x78 };
static const uint64_t in_2026_us = UINT64_C(1795508717) * 1000000; /* 2026-11-24T08:25:17Z */

static struct tsp_tstinfo plain(void)
{
	return (struct tsp_tstinfo){
		.policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.null_params = true,
		.imprint = { imprint, 32 },
		.serial = { serial, sizeof(serial) },
		.time_us = in_2026_us,
		.digits = 3,
		.accuracy = { .seconds = 1 },
	};
}

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

static bool decodes_hex(const char *hex, struct tsp_tstinfo *info)
{
	static uint8_t der[TSP_MAX_TSTINFO];

	return tsp_tstinfo_decode(unhex(hex, der, sizeof(der)), info);
}

static void p13_reads_and_writes_openssls_bytes(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(from_openssl); i++) {
		uint8_t der[TSP_MAX_TSTINFO];
		uint8_t again[TSP_MAX_TSTINFO];
		struct bytes theirs = unhex(from_openssl[i], der, sizeof(der));
		struct tsp_tstinfo info;

		assert_true(tsp_tstinfo_decode(theirs, &info));
		assert_same(tsp_tstinfo_encode(&info, again, sizeof(again)), theirs);
	}
}

/* accuracy 1 s 500 ms 100 us, three digits, tsa, policy asked for, nonce. */
static void p26_decodes_every_field(void **unused)
{
	struct tsp_tstinfo info;

	(void)unused;
	assert_true(decodes_hex(MILLISECONDS, &info));
	assert_int_equal(info.policy.len, 5);
	assert_int_equal(info.digest, TSP_SHA256);
	assert_true(info.null_params);
	assert_int_equal(info.imprint.len, 32);
	assert_int_equal(info.serial.len, 12);
	assert_int_equal(info.serial.at[0], 0);
	assert_true(info.time_us == in_2026_us + 148000);
	assert_int_equal(info.digits, 3);
	assert_int_equal(info.accuracy.seconds, 1);
	assert_int_equal(info.accuracy.millis, 500);
	assert_int_equal(info.accuracy.micros, 100);
	assert_int_equal(info.nonce.len, 8);
	assert_int_equal(info.tsa_name.len, 23);
	assert_int_equal(info.tsa_name.at[0], 0xa4);
	assert_true(decodes_hex(MICROSECONDS, &info));
	assert_true(info.time_us == in_2026_us + 187780);
	assert_int_equal(info.digits, 5);
	assert_int_equal(info.accuracy.seconds + info.accuracy.millis + info.accuracy.micros, 0);
	assert_int_equal(info.nonce.len, 0);
	assert_int_equal(info.tsa_name.len, 0);
}

/* Byte for byte what OpenSSL made for the same values, built from values here. */
static void p16_p17_encodes_the_values_it_is_given(void **unused)
{
	static const uint8_t nonce[] = { 0x0b, 0x94, 0xa2, 0xe0, 0x19, 0x8d, 0xec, 0x9f };
	/* with two leading zeros: a magnitude, of which DER takes one */
	static const uint8_t padded[] = { 0, 0, 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88,
		0x79, 0x6a, 0x5c };
	uint8_t abc[32];
	uint8_t expected[TSP_MAX_TSTINFO];
	uint8_t buf[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info = plain();

	(void)unused;
	info.imprint = unhex(ABC_256, abc, sizeof(abc));
	info.serial = (struct bytes){ padded, sizeof(padded) };
	info.nonce = (struct bytes){ nonce, sizeof(nonce) };
	assert_same(tsp_tstinfo_encode(&info, buf, sizeof(buf)),
		unhex(WHOLE_SECONDS, expected, sizeof(expected)));
}

/* The bytes of EN 319 422 9.1, counted out by hand above; OpenSSL reads them in test_token.c. */
static void t05_a_qualified_time_stamp_says_so_in_its_one_extension(void **unused)
{
	uint8_t der[TSP_MAX_TSTINFO];
	uint8_t again[TSP_MAX_TSTINFO];
	struct bytes wanted = unhex(WITH_QUALIFIED, der, sizeof(der));
	struct tsp_tstinfo info;

	(void)unused;
	assert_true(tsp_tstinfo_decode(wanted, &info));
	assert_true(info.qualified);
	assert_same(tsp_tstinfo_encode(&info, again, sizeof(again)), wanted);
	assert_true(decodes_hex(MILLISECONDS, &info));
	assert_false(info.qualified);
}

/* What the configuration lets pass never fails at a request. */
static void p21_a_name_within_its_limit_fits_beside_all_else(void **unused)
{
	static uint8_t name[TSP_MAX_TSA_NAME + 1] = { 0xa4, 0x82, (TSP_MAX_TSA_NAME - 4) >> 8,
		(TSP_MAX_TSA_NAME - 4) & 0xff };
	static const uint8_t longest_oid[TSP_MAX_OID] = { 0x2a };
	static const uint8_t longest_serial[20] = { 0x7f };
	static const uint8_t longest_nonce[TSP_MAX_NONCE] = { 0x7f };
	uint8_t buf[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info = {
		.policy = { longest_oid, sizeof(longest_oid) },
		.digest = TSP_SHA512,
		.null_params = true,
		.imprint = { imprint, sizeof(imprint) },
		.serial = { longest_serial, sizeof(longest_serial) },
		.time_us = in_2026_us + 1,
		.digits = 6,
		.accuracy = { .seconds = UINT32_MAX, .millis = 999, .micros = 999 },
		.nonce = { longest_nonce, sizeof(longest_nonce) },
		.tsa_name = { name, TSP_MAX_TSA_NAME },
		.qualified = true,
	};
	struct tsp_tstinfo back;
	struct bytes der = tsp_tstinfo_encode(&info, buf, sizeof(buf));

	(void)unused;
	assert_true(der.len > TSP_MAX_TSA_NAME);
	assert_true(tsp_tstinfo_decode(der, &back));
	assert_same(back.tsa_name, info.tsa_name);
	info.tsa_name.len++;
	assert_int_equal(tsp_tstinfo_encode(&info, buf, sizeof(buf)).len, 0);
}

static void p16_absent_parameters_stay_absent(void **unused)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info = plain();
	struct tsp_tstinfo back;
	size_t with_null;

	(void)unused;
	with_null = tsp_tstinfo_encode(&info, buf, sizeof(buf)).len;
	info.null_params = false;
	assert_int_equal(tsp_tstinfo_encode(&info, buf, sizeof(buf)).len, with_null - 2);
	assert_true(tsp_tstinfo_decode(tsp_tstinfo_encode(&info, buf, sizeof(buf)), &back));
	assert_false(back.null_params);
}

static void p19_splits_and_encodes_accuracy_without_zero_parts(void **unused)
{
	static const struct {
		uint32_t ms;
		uint16_t micros;
		const char *hex; /* of the element that follows genTime */
	} cases[] = {
		{ 1000, 0, "3003020101" },
		{ 500, 0, "3004800201f4" },
		{ 1500, 0, "3007020101800201f4" },
		{ 1, 0, "3003800101" },
		{ 999, 999, "3008800203e7810203e7" },
		{ 60000, 1, "300602013c810101" },
		{ 128000, 0, "300402020080" },
		{ UINT32_MAX, 0,
			"300902034189378002"
			"0127" },
		{ 0, 0, "" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t buf[TSP_MAX_TSTINFO];
		uint8_t expected[32];
		struct tsp_tstinfo info = plain();
		struct bytes part = unhex(cases[i].hex, expected, sizeof(expected));
		struct bytes der;
		struct tsp_tstinfo back;

		info.accuracy = tsp_accuracy_of_ms(cases[i].ms);
		info.accuracy.micros = cases[i].micros;
		der = tsp_tstinfo_encode(&info, buf, sizeof(buf));
		assert_true(der.len > part.len);
		assert_same((struct bytes){ der.at + der.len - part.len, part.len }, part);
		assert_int_equal(der.at[der.len - part.len - 1], 'Z');
		assert_true(tsp_tstinfo_decode(der, &back));
		assert_memory_equal(&back.accuracy, &info.accuracy, sizeof(info.accuracy));
	}
}

#define HEAD "02010106042a030401" IMPRINT_256 SERIAL
#define QC_STATEMENTS "301906082b06010505070103040d300b30090607040081975e0101"
#define QUALIFIED "a11b" QC_STATEMENTS
#define TIME "180f32303236313132343038323531375a"

static void p20_takes_only_a_tstinfo_of_its_own_kind(void **unused)
{
	static const char *const tails[] = {
		"3000", /* accuracy of nothing */
		"3003020100", /* zero seconds (P-19) */
		"3003800100", /* zero millis */
		"3004800203e8", /* 1000 millis */
		"300481020400", /* micros past 999 */
		"3006810101800101", /* out of order */
		"3006020101820101", /* unknown part */
		"30030201ff", /* negative */
		"300702050100000000", /* seconds past 32 bits */
		"0101ff", /* ordering (P-20) */
		"010100", /* ordering FALSE is not DER */
		"0200", /* empty nonce */
		"02020001", /* nonce not minimal */
		"a000", /* no GeneralName */
		"a0020500", /* not one of its choices */
		"a00482008200", /* two */
		"a1023000", /* an extension of nothing */
		"a100",
		"a11b" QC_STATEMENTS "0500",
		QUALIFIED QUALIFIED,
		QUALIFIED "a0028200", /* extensions before tsa */
		/* critical, which T-05 forbids */
		"a11e301c06082b060105050701030101ff040d300b3009060704008197"
		"5e0101",
		/* another statement; another extension */
		"a11b301906082b06010505070103040d300b30090607040081975e0102",
		"a11b301906082b06010505070104040d300b30090607040081975e0101",
		"020101020101", /* two nonces */
		"0500",
	};
	char hex[512];
	struct tsp_tstinfo info;

	(void)unused;
	assert_true(decodes_hex("305b" HEAD TIME, &info));
	assert_true(decodes_hex("305f" HEAD TIME "a0028200", &info));
	assert_true(decodes_hex("3078" HEAD TIME QUALIFIED, &info));
	for (size_t i = 0; i < COUNT(tails); i++) {
		(void)snprintf(hex, sizeof(hex), "30%02zx" HEAD TIME "%s",
			strlen(HEAD TIME) / 2 + strlen(tails[i]) / 2, tails[i]);
		if (decodes_hex(hex, &info))
			fail_msg("took %s", tails[i]);
	}
}

static void p13_p17_refuses_another_version_digest_or_serial(void **unused)
{
	static const char *const wrong[] = {
		"305b02010206042a030401" IMPRINT_256 SERIAL TIME, /* version 2 */
		"305b02010006042a030401" IMPRINT_256 SERIAL TIME,
		"305b02010106042a030401"
		"3031300d06096086480165030402020500"
		"0420" ABC_256 SERIAL TIME, /* 32 bytes, sha384 */
		"305b02010106042a030401"
		"3031300d06096086480165030402040500"
		"0420" ABC_256 SERIAL TIME, /* sha224 */
		"305c02010106042a030401"
		"3032300e0609608648016503040201050100"
		"0420" ABC_256 SERIAL TIME, /* NULL with content */
		"305002010106042a030401" IMPRINT_256 "020100" TIME, /* serial 0 */
		"305002010106042a030401" IMPRINT_256 "0201ff" TIME, /* negative */
		"306402010106042a030401" IMPRINT_256
		"0215010203040506070809101112131415161718192021" TIME, /* 168 bits */
		"305702010106"
		"00" IMPRINT_256 SERIAL TIME, /* empty policy */
	};
	struct tsp_tstinfo info;

	(void)unused;
	assert_true(decodes_hex("305002010106042a030401" IMPRINT_256 "020101" TIME, &info));
	assert_true(decodes_hex("306302010106042a030401" IMPRINT_256
				"02140102030405060708091011121314151617181920" TIME,
		&info));
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (decodes_hex(wrong[i], &info))
			fail_msg("took %s", wrong[i]);
}

#define OCTETS_16 "01020304050607080910111213141516"
#define OCTETS_32 OCTETS_16 OCTETS_16

static void p08_p09_a_policy_and_a_nonce_have_the_limits_of_a_request(void **unused)
{
	struct tsp_tstinfo info;

	(void)unused;
	assert_true(decodes_hex("3077"
				"0201010620" OCTETS_32 IMPRINT_256 SERIAL TIME,
		&info));
	assert_false(decodes_hex("3078"
				 "0201010621" OCTETS_32 "01" IMPRINT_256 SERIAL TIME,
		&info));
	assert_true(decodes_hex("30819d" HEAD TIME "0240" OCTETS_32 OCTETS_32, &info));
	assert_false(decodes_hex("30819e" HEAD TIME "0241" OCTETS_32 OCTETS_32 "01", &info));
}

/* Decodes a copy of exactly len bytes; what decodes must be what we would have written. */
static void is_ours_or_refused(const uint8_t *at, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	uint8_t again[TSP_MAX_TSTINFO];
	struct tsp_tstinfo info;

	assert_non_null(copy);
	memcpy(copy, at, len);
	if (tsp_tstinfo_decode((struct bytes){ copy, len }, &info))
		assert_same(tsp_tstinfo_encode(&info, again, sizeof(again)),
			(struct bytes){ copy, len });
	free(copy);
}

static void p20_takes_no_bytes_that_it_would_not_write(void **unused)
{
	(void)unused;
	for (size_t v = 0; v <= COUNT(from_openssl); v++) {
		const char *hex = v < COUNT(from_openssl) ? from_openssl[v] : WITH_QUALIFIED;
		uint8_t der[TSP_MAX_TSTINFO];
		size_t len = unhex(hex, der, sizeof(der) - 1).len;
		struct tsp_tstinfo info;

		for (size_t i = 0; i < len; i++) {
			uint8_t kept = der[i];

			for (unsigned x = 0; x < 256; x++) {
				der[i] = (uint8_t)x;
				is_ours_or_refused(der, len);
			}
			der[i] = kept;
		}
		for (size_t cut = 0; cut < len; cut++) {
			is_ours_or_refused(der, cut);
			assert_false(tsp_tstinfo_decode((struct bytes){ der, cut }, &info));
		}
		der[len] = 0;
		assert_false(tsp_tstinfo_decode((struct bytes){ der, len + 1 }, &info));
	}
}

static size_t encoded_len(const struct tsp_tstinfo *info)
{
	uint8_t buf[TSP_MAX_TSTINFO];

	return tsp_tstinfo_encode(info, buf, sizeof(buf)).len;
}

static void encodes_nothing_that_is_no_tstinfo(void **unused)
{
	static const uint8_t zeros[TSP_SERIAL_LEN];
	static const uint8_t ones[20] = { 0xff };
	struct tsp_tstinfo info = plain();

	(void)unused;
	assert_int_not_equal(encoded_len(&info), 0);
	info.imprint.len = 31;
	assert_int_equal(encoded_len(&info), 0);
	info = plain();
	info.digest = TSP_DIGEST_NONE;
	info.imprint.len = 0;
	assert_int_equal(encoded_len(&info), 0);
	info = plain();
	info.policy.len = 0;
	assert_int_equal(encoded_len(&info), 0);
	info = plain();
	info.serial.at = zeros;
	assert_int_equal(encoded_len(&info), 0);
	info.serial = (struct bytes){ ones, sizeof(ones) }; /* 160 bits and a sign octet */
	assert_int_equal(encoded_len(&info), 0);
	info.serial.len = 19;
	assert_int_not_equal(encoded_len(&info), 0);
	info = plain();
	info.time_us = in_2026_us + 1; /* finer than its three digits */
	assert_int_equal(encoded_len(&info), 0);
	info.time_us = UINT64_C(253402300800) * 1000000; /* year 10000 */
	assert_int_equal(encoded_len(&info), 0);
	info = plain();
	info.accuracy.millis = 1000;
	assert_int_equal(encoded_len(&info), 0);
	info = plain();
	info.digits = 7;
	assert_int_equal(encoded_len(&info), 0);
}

static void stays_within_its_buffer(void **unused)
{
	struct tsp_tstinfo info = plain();
	size_t needed = encoded_len(&info);

	(void)unused;
	for (size_t cap = 0; cap <= needed; cap++) {
		uint8_t *buf = malloc(cap == 0 ? 1 : cap);

		assert_non_null(buf);
		assert_int_equal(
			tsp_tstinfo_encode(&info, buf, cap).len, cap < needed ? 0 : needed);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p13_reads_and_writes_openssls_bytes),
		cmocka_unit_test(p26_decodes_every_field),
		cmocka_unit_test(p16_p17_encodes_the_values_it_is_given),
		cmocka_unit_test(t05_a_qualified_time_stamp_says_so_in_its_one_extension),
		cmocka_unit_test(p21_a_name_within_its_limit_fits_beside_all_else),
		cmocka_unit_test(p16_absent_parameters_stay_absent),
		cmocka_unit_test(p19_splits_and_encodes_accuracy_without_zero_parts),
		cmocka_unit_test(p20_takes_only_a_tstinfo_of_its_own_kind),
		cmocka_unit_test(p13_p17_refuses_another_version_digest_or_serial),
		cmocka_unit_test(p08_p09_a_policy_and_a_nonce_have_the_limits_of_a_request),
		cmocka_unit_test(p20_takes_no_bytes_that_it_would_not_write),
		cmocka_unit_test(encodes_nothing_that_is_no_tstinfo),
		cmocka_unit_test(stays_within_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
