/* From a TimeStampReq to the TSTInfo: what RFC 3161 wants to be the same in both, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "asked.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/tstinfo.h"

static const uint8_t serial[TSP_SERIAL_LEN] = { 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88,
	0x79, 0x6a, 0x5b, 0x4c };

/* What the service puts into a TSTInfo for a request that it grants. */
static struct bytes answer(const struct tsp_request *req, uint8_t *buf, size_t cap)
{
	const struct tsp_tstinfo info = {
		.policy = req->policy.len > 0 ? req->policy : policies[0],
		.digest = req->digest,
		.null_params = req->null_params,
		.imprint = req->imprint,
		.serial = { serial, sizeof(serial) },
		.time_us = UINT64_C(1795508717) * 1000000,
		.accuracy = { .seconds = 1 },
		.nonce = req->nonce,
	};

	return tsp_tstinfo_encode(&info, buf, cap);
}

/* The element number skip (0 is version) of the SEQUENCE that der is, tag and length included. */
static struct bytes field(struct bytes der, unsigned skip)
{
	struct der outer = { .rest = der };
	struct der fields = der_enter(&outer, DER_SEQUENCE);
	struct bytes before;
	uint8_t tag = 0;

	for (unsigned i = 0; i < skip; i++)
		(void)der_take_any(&fields, &tag);
	before = fields.rest;
	(void)der_take_any(&fields, &tag);
	assert_false(fields.failed);
	return (struct bytes){ before.at, before.len - fields.rest.len };
}

static void assert_nonce_echoed(const char *nonce)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	char fields[512];
	char element[160];
	struct asked a;
	struct bytes der;
	struct bytes found;

	(void)snprintf(element, sizeof(element), "02%02zx%s", strlen(nonce) / 2, nonce);
	(void)snprintf(fields, sizeof(fields), "%s%s%s", VERSION, IMPRINT_256, element);
	assert_judged(&a, fields, TSP_GRANTED);
	der = answer(&a.req, buf, sizeof(buf));
	assert_int_not_equal(der.len, 0);
	/* version, policy, messageImprint, serialNumber, genTime, accuracy, nonce */
	found = field(der, 6);
	assert_view(found, element);
	assert_ptr_equal(found.at + found.len, der.at + der.len);
}

static void p09_nonce_negative_is_echoed(void **unused)
{
	(void)unused;
	assert_nonce_echoed("ff");
	assert_nonce_echoed("80");
	assert_nonce_echoed("ff7f");
	assert_nonce_echoed("8f01020304050607");
}

static void p09_nonce_zero_is_echoed(void **unused)
{
	(void)unused;
	assert_nonce_echoed("00");
}

static void p09_nonce_of_one_bit_is_echoed(void **unused)
{
	(void)unused;
	assert_nonce_echoed("01");
}

static void p09_nonce_of_64_bits_is_echoed_with_and_without_a_sign_octet(void **unused)
{
	(void)unused;
	assert_nonce_echoed("7fffffffffffffff");
	assert_nonce_echoed("00ffffffffffffffff");
	assert_nonce_echoed("008000000000000000");
}

static void p09_nonce_of_160_bits_is_echoed(void **unused)
{
	(void)unused;
	assert_nonce_echoed("0102030405060708090a0b0c0d0e0f1011121314");
	assert_nonce_echoed("00f102030405060708090a0b0c0d0e0f1011121314");
}

static void p09_nonce_of_64_octets_is_echoed(void **unused)
{
	(void)unused;
	assert_nonce_echoed(ABC_256 ABC_256);
	assert_nonce_echoed("7a7816bf8f01cfea414140de5dae2223"
			    "b00361a396177a9cb410ff61f20015ad" ABC_256);
}

static void p09_nonce_absent_stays_absent(void **unused)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct asked a;
	struct bytes der;
	struct bytes last;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256, TSP_GRANTED);
	der = answer(&a.req, buf, sizeof(buf));
	last = field(der, 5); /* accuracy ends it */
	assert_int_equal(last.at[0], DER_SEQUENCE);
	assert_ptr_equal(last.at + last.len, der.at + der.len);
}

static void assert_imprint_echoed(const char *hex)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct asked a;
	struct bytes asked;
	struct bytes found;

	assert_true(decode_hex(&a, hex));
	assert_true(tsp_request_judge(&a.req, &all_digests, &a.refusal));
	asked = field((struct bytes){ a.bytes, a.len }, 1);
	found = field(answer(&a.req, buf, sizeof(buf)), 2);
	assert_int_equal(found.len, asked.len);
	assert_memory_equal(found.at, asked.at, asked.len);
}

static void p16_the_imprint_is_echoed_for_every_digest(void **unused)
{
	static const char *const requests[] = { OPENSSL_256, OPENSSL_384, OPENSSL_512,
		OPENSSL_SHA3_256, OPENSSL_SHA3_384, OPENSSL_SHA3_512 };

	(void)unused;
	for (size_t i = 0; i < COUNT(requests); i++)
		assert_imprint_echoed(requests[i]);
}

static void p16_absent_parameters_are_echoed_as_absent(void **unused)
{
	(void)unused;
	assert_imprint_echoed("3034" VERSION "302f"
			      "300b" ALGORITHM_256 "0420" ABC_256);
}

static void p16_null_parameters_are_echoed_as_null(void **unused)
{
	(void)unused;
	assert_imprint_echoed(OPENSSL_256_BARE);
}

static void p08_the_policy_asked_for_is_the_tokens(void **unused)
{
	uint8_t buf[TSP_MAX_TSTINFO];
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256 "06052a03040506", TSP_GRANTED);
	assert_view(field(answer(&a.req, buf, sizeof(buf)), 1), "06052a03040506");
	assert_judged(&a, VERSION IMPRINT_256, TSP_GRANTED);
	assert_view(field(answer(&a.req, buf, sizeof(buf)), 1), "06042a030401");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p09_nonce_negative_is_echoed),
		cmocka_unit_test(p09_nonce_zero_is_echoed),
		cmocka_unit_test(p09_nonce_of_one_bit_is_echoed),
		cmocka_unit_test(p09_nonce_of_64_bits_is_echoed_with_and_without_a_sign_octet),
		cmocka_unit_test(p09_nonce_of_160_bits_is_echoed),
		cmocka_unit_test(p09_nonce_of_64_octets_is_echoed),
		cmocka_unit_test(p09_nonce_absent_stays_absent),
		cmocka_unit_test(p16_the_imprint_is_echoed_for_every_digest),
		cmocka_unit_test(p16_absent_parameters_are_echoed_as_absent),
		cmocka_unit_test(p16_null_parameters_are_echoed_as_null),
		cmocka_unit_test(p08_the_policy_asked_for_is_the_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
