/*
 * Requests as hex, put together from their fields, decoded and judged: for the tests of
 * request.c.  Include after cmocka.h.
 */
#ifndef TSA_TESTS_UNIT_ASKED_H
#define TSA_TESTS_UNIT_ASKED_H

#include <stdio.h>
#include <string.h>

#include "tsa/core/hex.h"
#include "tsa/tsp/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* openssl ts -query (3.0.22) over the file "abc"; "sha256 -cert", "-tspolicy 1.2.3.4.5.6" ... */
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define IMPRINT_256 "3031300d060960864801650304020105000420" ABC_256
#define OPENSSL_256 "3043020101" IMPRINT_256 "02080b94a2e0198dec9f0101ff"
#define OPENSSL_256_BARE "3036020101" IMPRINT_256
#define OPENSSL_256_POLICY                                                                         \
	"304a020101" IMPRINT_256 "06052a030405060208"                                              \
	"6c33a2d9d927ffd90101ff"
#define OPENSSL_384                                                                                \
	"30540201013041300d060960864801650304020205000430cb00753f45a35e8bb5a03d699a"               \
	"c65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7020900cc7aed2d4e4e" \
	"9e1f0101ff"
#define OPENSSL_512                                                                                \
	"30630201013051300d060960864801650304020305000440ddaf35a193617abacc417349ae"               \
	"20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a" \
	"9ac94fa54ca49f0208102508dcefdf6a5c0101ff"
#define OPENSSL_SHA1                                                                               \
	"30330201013021300906052b0e03021a05000414a9993e364706816aba3e25717850c26c9c"               \
	"d0d89d0208159587950b995afc0101ff"
#define OPENSSL_SHA3_256                                                                           \
	"30430201013031300d0609608648016503040208050004203a985da74fe225b2045c172d6b"               \
	"d390bd855f086e3e9d525b46bfe2451143153202087c70dbc641f189090101ff"
#define OPENSSL_SHA3_384                                                                           \
	"30530201013041300d060960864801650304020905000430ec01498288516fc926459f58e2"               \
	"c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d2502087b5744db2a7c62" \
	"020101ff"
#define OPENSSL_SHA3_512                                                                           \
	"30640201013051300d060960864801650304020a05000440b751850b1a57168a5693cd924b"               \
	"6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a565" \
	"92f8274eec53f0020900f25acb1214f069080101ff"
#define VERSION "020101"
#define NONCE "020101"
#define CERT "0101ff"
#define EXTENSION "300a06032a030404030a0b0c"
#define CRITICAL "300d06032a03040101ff04030a0b0c"

static const uint8_t policy_1[] = { 0x2a, 0x03, 0x04, 0x01 };
static const uint8_t policy_6[] = { 0x2a, 0x03, 0x04, 0x05, 0x06 };
static const struct bytes policies[] = { { policy_1, sizeof(policy_1) },
	{ policy_6, sizeof(policy_6) } };
static const struct tsp_rules release = {
	.digests = 1U << TSP_SHA256 | 1U << TSP_SHA384 | 1U << TSP_SHA512,
	.policies = policies,
	.policy_count = COUNT(policies),
};

static const struct tsp_rules all_digests = {
	.digests = 1U << TSP_SHA256 | 1U << TSP_SHA384 | 1U << TSP_SHA512 | 1U << TSP_SHA3_256 |
		   1U << TSP_SHA3_384 | 1U << TSP_SHA3_512,
	.policies = policies,
	.policy_count = COUNT(policies),
};

/* One request at a time: the views of req point into bytes. */
struct asked {
	uint8_t bytes[2 * TSP_MAX_REQUEST];
	size_t len;
	struct tsp_request req;
	struct tsp_refusal refusal;
};

static inline bool decode_hex(struct asked *a, const char *hex)
{
	assert_true(hex_decode(hex, a->bytes, sizeof(a->bytes), &a->len));
	return tsp_request_decode((struct bytes){ a->bytes, a->len }, &a->req, &a->refusal);
}

/* A SEQUENCE around fields, each a hex text; the length in its shortest form. */
static inline bool decode_fields(struct asked *a, const char *fields)
{
	char hex[4 * TSP_MAX_REQUEST];
	size_t len = strlen(fields) / 2;

	(void)snprintf(hex, sizeof(hex), len < 128 ? "30%02zx%s" : "3081%02zx%s", len, fields);
	assert_true(len < 256);
	return decode_hex(a, hex);
}

static inline void assert_decodes(struct asked *a, const char *fields)
{
	if (!decode_fields(a, fields))
		fail_msg("%s: %s", fields, a->refusal.text);
	assert_int_equal(a->refusal.failure, TSP_GRANTED);
}

static inline void assert_bad_format(struct asked *a, const char *fields)
{
	assert_false(decode_fields(a, fields));
	assert_int_equal(a->refusal.failure, TSP_BAD_DATA_FORMAT);
	assert_memory_equal(a->refusal.text, "request: ", 9);
}

static inline void assert_judged(struct asked *a, const char *fields, enum tsp_failure failure)
{
	assert_decodes(a, fields);
	assert_int_equal(tsp_request_judge(&a->req, &release, &a->refusal), failure == TSP_GRANTED);
	assert_int_equal(a->refusal.failure, failure);
	assert_int_equal(a->refusal.text[0] == '\0', failure == TSP_GRANTED);
}

static inline void assert_view(struct bytes b, const char *hex)
{
	char text[2 * 128 + 1];

	assert_true(b.len <= 128);
	hex_encode(b, text);
	assert_string_equal(text, hex);
}

#define ALGORITHM_256 "0609608648016503040201"
#define HEAD_256 "300d06096086480165030402010500"

#endif
