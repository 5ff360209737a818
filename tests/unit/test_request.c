/* TimeStampReq: what decodes, to what, and what does not; test_judge.c has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "asked.h"

static const char *const from_openssl[] = { OPENSSL_256, OPENSSL_256_BARE, OPENSSL_256_POLICY,
	OPENSSL_384, OPENSSL_512, OPENSSL_SHA1 };

static void p01_takes_what_openssl_sends(void **unused)
{
	struct asked a;

	(void)unused;
	assert_true(decode_hex(&a, OPENSSL_256_POLICY));
	assert_int_equal(a.req.version, 1);
	assert_int_equal(a.req.digest, TSP_SHA256);
	assert_true(a.req.null_params);
	assert_false(a.req.bad_params);
	assert_view(a.req.imprint, ABC_256);
	assert_view(a.req.policy, "2a03040506");
	assert_view(a.req.nonce, "6c33a2d9d927ffd9");
	assert_true(a.req.cert_req);
	assert_false(a.req.has_extensions);
	assert_true(tsp_request_judge(&a.req, &release, &a.refusal));
	assert_true(decode_hex(&a, OPENSSL_256_BARE));
	assert_int_equal(a.req.policy.len, 0);
	assert_int_equal(a.req.nonce.len, 0);
	assert_false(a.req.cert_req);
	assert_true(tsp_request_judge(&a.req, &release, &a.refusal));
}

static void p07_takes_sha2_and_where_it_is_opted_in_sha3(void **unused)
{
	static const struct {
		const char *hex;
		enum tsp_digest digest;
		const char *nonce;
	} cases[] = {
		{ OPENSSL_256, TSP_SHA256, "0b94a2e0198dec9f" },
		{ OPENSSL_384, TSP_SHA384, "00cc7aed2d4e4e9e1f" },
		{ OPENSSL_512, TSP_SHA512, "102508dcefdf6a5c" },
		{ OPENSSL_SHA3_256, TSP_SHA3_256, "7c70dbc641f18909" },
		{ OPENSSL_SHA3_384, TSP_SHA3_384, "7b5744db2a7c6202" },
		{ OPENSSL_SHA3_512, TSP_SHA3_512, "00f25acb1214f06908" },
	};
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(decode_hex(&a, cases[i].hex));
		assert_int_equal(a.req.digest, cases[i].digest);
		assert_int_equal(a.req.imprint.len, tsp_digest_len(cases[i].digest));
		assert_view(a.req.nonce, cases[i].nonce);
		assert_true(tsp_request_judge(&a.req, &all_digests, &a.refusal));
		assert_int_equal(tsp_request_judge(&a.req, &release, &a.refusal),
			cases[i].digest <= TSP_SHA512);
	}
}

/* Decodes and judges a copy of exactly len bytes, so that a sanitizer sees a read past it. */
static bool survives(const uint8_t *at, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct tsp_request req;
	struct tsp_refusal refusal;
	bool decoded;

	assert_non_null(copy);
	memcpy(copy, at, len);
	decoded = tsp_request_decode((struct bytes){ copy, len }, &req, &refusal);
	if (decoded) {
		assert_int_equal(refusal.failure, TSP_GRANTED);
		assert_true(req.imprint.len <= TSP_MAX_IMPRINT && req.nonce.len <= TSP_MAX_NONCE);
		assert_true(req.policy.len <= TSP_MAX_OID);
		(void)tsp_request_judge(&req, &release, &refusal);
	} else {
		assert_int_equal(refusal.failure, TSP_BAD_DATA_FORMAT);
		assert_memory_equal(refusal.text, "request: ", 9);
	}
	free(copy);
	return decoded;
}

static void p01_survives_every_value_of_every_byte(void **unused)
{
	struct asked a;

	(void)unused;
	for (size_t v = 0; v < COUNT(from_openssl); v++) {
		assert_true(decode_hex(&a, from_openssl[v]));
		for (size_t i = 0; i < a.len; i++) {
			uint8_t kept = a.bytes[i];

			for (unsigned x = 0; x < 256; x++) {
				a.bytes[i] = (uint8_t)x;
				(void)survives(a.bytes, a.len);
			}
			a.bytes[i] = kept;
		}
		assert_true(survives(a.bytes, a.len));
	}
}

static void p01_refuses_a_request_cut_or_extended_anywhere(void **unused)
{
	struct asked a;

	(void)unused;
	for (size_t v = 0; v < COUNT(from_openssl); v++) {
		assert_true(decode_hex(&a, from_openssl[v]));
		for (size_t len = 0; len < a.len; len++)
			assert_false(survives(a.bytes, len));
		for (unsigned x = 0; x < 256; x++) {
			a.bytes[a.len] = (uint8_t)x;
			assert_false(survives(a.bytes, a.len + 1));
		}
	}
}

/* A byte put in or taken out anywhere breaks a length: none of them is a request. */
static void p01_refuses_a_request_with_a_byte_more_or_less(void **unused)
{
	struct asked a;
	uint8_t bent[256];

	(void)unused;
	assert_true(decode_hex(&a, OPENSSL_256_POLICY));
	for (size_t i = 0; i < a.len; i++) {
		memcpy(bent, a.bytes, i);
		memcpy(bent + i, a.bytes + i + 1, a.len - i - 1);
		assert_false(survives(bent, a.len - 1));
		bent[i] = 0x00;
		memcpy(bent + i + 1, a.bytes + i, a.len - i);
		assert_false(survives(bent, a.len + 1));
	}
}

static void p01_refuses_more_than_the_largest_body(void **unused)
{
	struct asked a;

	(void)unused;
	memset(a.bytes, 0, sizeof(a.bytes));
	memcpy(a.bytes, (const uint8_t[]){ 0x30, 0x82, 0x1f, 0xfd }, 4);
	assert_false(tsp_request_decode(
		(struct bytes){ a.bytes, TSP_MAX_REQUEST + 1 }, &a.req, &a.refusal));
	assert_string_equal(
		a.refusal.text, "request: limit: has 8193 bytes, at most 8192 are taken");
}

static void p01_refuses_ber_that_is_not_der(void **unused)
{
	static const char *const wrong[] = {
		"308136" VERSION IMPRINT_256, /* length in two octets */
		"30820036" VERSION IMPRINT_256, /* in three */
		"3080" VERSION IMPRINT_256 "0000", /* indefinite */
		"3036020101"
		"3131300d060960864801650304020105000420" ABC_256, /* SET */
		"303702020001" IMPRINT_256, /* version not minimal */
		"1036" VERSION IMPRINT_256, /* primitive SEQUENCE */
		"3038" VERSION "3033300d06096086480165030402010500"
		"2422"
		"0420" ABC_256,
	};
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(decode_hex(&a, wrong[i]));
		assert_int_equal(a.refusal.failure, TSP_BAD_DATA_FORMAT);
	}
}

static void p01_refuses_fields_that_are_missing_unknown_repeated_or_out_of_order(void **unused)
{
	static const char *const wrong[] = {
		"", VERSION, IMPRINT_256, IMPRINT_256 VERSION, VERSION IMPRINT_256 CERT NONCE,
		VERSION IMPRINT_256 NONCE "06022a03",
		VERSION IMPRINT_256 "06022a03"
				    "06022a03",
		VERSION IMPRINT_256 NONCE NONCE, VERSION IMPRINT_256 CERT CERT,
		VERSION IMPRINT_256 "0500", VERSION IMPRINT_256 "a10c" EXTENSION,
		VERSION IMPRINT_256 "a00c" EXTENSION CERT,
		VERSION IMPRINT_256 "a00c" EXTENSION "a00c" EXTENSION,
		VERSION IMPRINT_256 "300406022a03", /* reqPolicy inside a SEQUENCE */
	};
	struct asked a;

	(void)unused;
	assert_decodes(&a, VERSION IMPRINT_256 "06022a03" NONCE CERT "a00c" EXTENSION);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_bad_format(&a, wrong[i]);
}

static void p16_tells_null_parameters_from_none(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256, TSP_GRANTED);
	assert_true(a.req.null_params);
	assert_judged(&a,
		VERSION "302f"
			"300b" ALGORITHM_256 "0420" ABC_256,
		TSP_GRANTED);
	assert_false(a.req.null_params);
	assert_false(a.req.bad_params);
}

static void p06_extensions_that_are_not_der_are_bad_data_format(void **unused)
{
	static const char *const wrong[] = {
		VERSION IMPRINT_256 "a000", /* at least one */
		VERSION IMPRINT_256 "a00e300c" EXTENSION, /* explicit tag */
		VERSION IMPRINT_256 "8003"
				    "020101", /* primitive */
		VERSION IMPRINT_256 "a0023000", /* no OID */
		VERSION IMPRINT_256 "a007300506032a0304", /* no value */
		VERSION IMPRINT_256 "a00f300d06032a030401010004030a0b0c", /* FALSE encoded */
		VERSION IMPRINT_256 "a00e" EXTENSION "0500",
		VERSION IMPRINT_256 "a00e300c06032a030404030a0b0c0500",
		VERSION IMPRINT_256 "a00d300a06032a030404030a0b0c30",
	};
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_bad_format(&a, wrong[i]);
}

#define OCTETS_16 "2a030405060708090a0b0c0d0e0f1011"

static void p08_a_policy_has_its_limit_and_its_form(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256 "0620" OCTETS_16 OCTETS_16, TSP_UNACCEPTED_POLICY);
	assert_bad_format(&a, VERSION IMPRINT_256 "0621" OCTETS_16 OCTETS_16 "01");
	assert_bad_format(&a, VERSION IMPRINT_256 "0600");
	assert_bad_format(&a, VERSION IMPRINT_256 "06032a8001");
	assert_bad_format(&a, VERSION IMPRINT_256 "06022a83");
}

static void p09_takes_any_nonce_as_it_is(void **unused)
{
	static const char *const nonces[] = { "00", "01", "7f", "0080", "ff", "80", "ff7f",
		"7fffffffffffffff", "00ffffffffffffffff", "8f01020304050607",
		"0102030405060708090a0b0c0d0e0f1011121314" };
	char fields[512];
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(nonces); i++) {
		(void)snprintf(fields, sizeof(fields), "%s%s02%02zx%s", VERSION, IMPRINT_256,
			strlen(nonces[i]) / 2, nonces[i]);
		assert_judged(&a, fields, TSP_GRANTED);
		assert_view(a.req.nonce, nonces[i]);
	}
	assert_judged(&a, VERSION IMPRINT_256 "0240" ABC_256 ABC_256, TSP_GRANTED);
	assert_int_equal(a.req.nonce.len, TSP_MAX_NONCE);
}

static void p09_refuses_a_nonce_that_is_empty_not_minimal_or_too_long(void **unused)
{
	struct asked a;

	(void)unused;
	assert_bad_format(&a, VERSION IMPRINT_256 "0200");
	assert_string_equal(a.refusal.text,
		"request: X.690 8.3: nonce is an INTEGER that is empty, not minimal or cut off");
	assert_bad_format(&a, VERSION IMPRINT_256 "02020001");
	assert_bad_format(&a, VERSION IMPRINT_256 "0202ff80");
	assert_bad_format(&a, VERSION IMPRINT_256 "0203ffffff");
	assert_bad_format(&a, VERSION IMPRINT_256 "024101" ABC_256 ABC_256);
	assert_string_equal(
		a.refusal.text, "request: limit: nonce has 65 octets, at most 64 are taken");
}

/* Design section 6: two real signers send 01 and 31. */
static void p10_cert_req_is_true_for_any_octet_but_zero(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256 "0101ff", TSP_GRANTED);
	assert_true(a.req.cert_req);
	assert_judged(&a, VERSION IMPRINT_256 "010101", TSP_GRANTED);
	assert_true(a.req.cert_req);
	assert_judged(&a, VERSION IMPRINT_256 "010131", TSP_GRANTED);
	assert_true(a.req.cert_req);
	assert_judged(&a, VERSION IMPRINT_256, TSP_GRANTED);
	assert_false(a.req.cert_req);
}

static void p10_refuses_an_encoded_default_and_a_boolean_of_other_size(void **unused)
{
	struct asked a;

	(void)unused;
	assert_bad_format(&a, VERSION IMPRINT_256 "010100");
	assert_string_equal(a.refusal.text,
		"request: X.690 11.5: certReq is an encoded FALSE, the default, which DER leaves "
		"out");
	assert_bad_format(&a, VERSION IMPRINT_256 "0100");
	assert_bad_format(&a, VERSION IMPRINT_256 "0102ffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p01_takes_what_openssl_sends),
		cmocka_unit_test(p07_takes_sha2_and_where_it_is_opted_in_sha3),
		cmocka_unit_test(p01_survives_every_value_of_every_byte),
		cmocka_unit_test(p01_refuses_a_request_cut_or_extended_anywhere),
		cmocka_unit_test(p01_refuses_a_request_with_a_byte_more_or_less),
		cmocka_unit_test(p01_refuses_more_than_the_largest_body),
		cmocka_unit_test(p01_refuses_ber_that_is_not_der),
		cmocka_unit_test(
			p01_refuses_fields_that_are_missing_unknown_repeated_or_out_of_order),
		cmocka_unit_test(p16_tells_null_parameters_from_none),
		cmocka_unit_test(p06_extensions_that_are_not_der_are_bad_data_format),
		cmocka_unit_test(p08_a_policy_has_its_limit_and_its_form),
		cmocka_unit_test(p09_takes_any_nonce_as_it_is),
		cmocka_unit_test(p09_refuses_a_nonce_that_is_empty_not_minimal_or_too_long),
		cmocka_unit_test(p10_cert_req_is_true_for_any_octet_but_zero),
		cmocka_unit_test(p10_refuses_an_encoded_default_and_a_boolean_of_other_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
