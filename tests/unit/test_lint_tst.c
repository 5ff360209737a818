/* Rules of tsa-verify --lint for TSTInfo, the request and the profiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"

#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256 "0609608648016503040201"
#define QC_STATEMENTS "06082b06010505070103"
#define QTST "300b 3009 0607 040081975e0101"

static const struct lint_case cases[] = {
	{ "P-13- version 2", TST_VERSION, "020102", "P-13", "it is 2", PROFILE_RFC3161 },
	{ "P-13- a version that does not fit", TST_VERSION, "020a 01000000000000000001", "P-13",
		"does not fit", PROFILE_RFC3161 },
	{ "P-13- something behind TSTInfo", TST_BEHIND, "0500", "P-13", "2 bytes follow",
		PROFILE_RFC3161 },
	{ "P-13- TSTInfo that is cut", TST_BEHIND, "30", "P-13", "1 bytes follow",
		PROFILE_RFC3161 },
	{ "P-13- a nonce with a needless octet", TST_NONCE, "02020005", "P-13", "X.690 8.3.2",
		PROFILE_RFC3161 },
	{ "P-13- ordering TRUE as 01", TST_ORDERING, "010101", "P-13", "X.690 11.1",
		PROFILE_RFC3161 },
	{ "P-13- a field out of its place", TST_TSA, "0500", "P-13", "out of its place",
		PROFILE_RFC3161 },
	{ "P-13- no policy", TST_POLICY, "", "P-13", "were to come first", PROFILE_RFC3161 },
	{ "P-13- no serial number", TST_SERIAL, "", "P-13", "serialNumber", PROFILE_RFC3161 },
	{ "P-13- genTime is UTCTime", TST_GEN_TIME, "170d 3236303330313132303030305a", "P-13",
		"no GeneralizedTime", PROFILE_RFC3161 },
	{ "P-03- a hash of 31 bytes", TST_IMPRINT,
		"3030 300d" SHA256 "0500 041f"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015",
		"P-03", "31 bytes", PROFILE_RFC3161 },
	{ "P-03- a hash of 33 bytes", TST_IMPRINT, "3032 300d" SHA256 "0500 0421" HASH "00", "P-03",
		"33 bytes", PROFILE_RFC3161 },
	{ "P-03+ P-07+ SHA-384", TST_IMPRINT,
		"3041 300d 0609608648016503040202 0500 0430" HASH
		"00000000000000000000000000000000",
		"", NULL, PROFILE_RFC3161 },
	{ "P-07+ SHA3-256", TST_IMPRINT, "3031 300d 0609608648016503040208 0500 0420" HASH, "",
		NULL, PROFILE_RFC3161 },
	{ "P-07- SHA-1", TST_IMPRINT,
		"3021 3009 06052b0e03021a 0500 0414 000102030405060708090a0b0c0d0e0f10111213",
		"P-07", "SHA1 is weak", PROFILE_RFC3161 },
	{ "P-07- MD5", TST_IMPRINT,
		"3020 300c 06082a864886f70d0205 0500 0410 000102030405060708090a0b0c0d0e0f", "P-07",
		"MD5 is weak", PROFILE_RFC3161 },
	{ "P-07- an unknown digest", TST_IMPRINT, "302a 3006 06022a03 0500 0420" HASH, "P-07",
		"1.2.3 is unknown", PROFILE_RFC3161 },
	{ "P-07+ parameters absent", TST_IMPRINT, "302f 300b" SHA256 "0420" HASH, "", NULL,
		PROFILE_RFC3161 },
	{ "P-07- other parameters", TST_IMPRINT, "3032 300e" SHA256 "020100 0420" HASH, "P-07",
		"something else", PROFILE_RFC3161 },
	{ "P-17+ 160 bits with a sign octet", TST_SERIAL,
		"0215 00ff0102030405060708090a0b0c0d0e0f101112 13", "", NULL, PROFILE_RFC3161 },
	{ "P-17- 161 bits", TST_SERIAL, "0215 01ff0102030405060708090a0b0c0d0e0f101112 13", "P-17",
		"161 bits", PROFILE_RFC3161 },
	{ "P-17- 168 bits, negative", TST_SERIAL,
		"0215 80ff0102030405060708090a0b0c0d0e0f101112 13", "P-17", "168 bits",
		PROFILE_RFC3161 },
	{ "P-19+ all three parts", TST_ACCURACY, "300a 020101 8001 01 8102 03e7", "", NULL,
		PROFILE_RFC3161 },
	{ "P-19+ absent", TST_ACCURACY, "", "", NULL, PROFILE_RFC3161 },
	{ "P-19- millis 0", TST_ACCURACY, "3003 8001 00", "P-19", "millis is 0", PROFILE_RFC3161 },
	{ "P-19- millis 1000", TST_ACCURACY, "3004 8002 03e8", "P-19", "millis is 1000",
		PROFILE_RFC3161 },
	{ "P-19- micros 0", TST_ACCURACY, "3003 8101 00", "P-19", "micros is 0", PROFILE_RFC3161 },
	{ "P-19- micros 1000", TST_ACCURACY, "3004 8102 03e8", "P-19", "micros is 1000",
		PROFILE_RFC3161 },
	{ "P-19- negative seconds", TST_ACCURACY, "3003 0201ff", "P-19", "negative",
		PROFILE_RFC3161 },
	{ "P-20+ TRUE beside a fraction", TST_ORDERING, "0101ff", "", NULL, PROFILE_RFC3161 },
	{ "P-20- FALSE is encoded", TST_ORDERING, "010100", "P-20", "it is encoded",
		PROFILE_RFC3161 },
	{ "P-21- no GeneralName", TST_TSA, "a002 0500", "P-21", "no GeneralName", PROFILE_RFC3161 },
	{ "P-21- another name", TST_TSA, "a012 a410 300e 310c 300a 0603550403 0c03 545355", "P-21",
		"another name", PROFILE_RFC3161 },
	{ "T-02+ an extension that is not critical", TST_EXTENSIONS,
		"a10b 3009 0603 2a0304 0402 0500", "", NULL, PROFILE_ETSI },
	{ "T-02- a critical extension", TST_EXTENSIONS, "a10e 300c 0603 2a0304 0101ff 0402 0500",
		"T-02", "1.2.3.4 is", PROFILE_RFC3161 },
	{ "T-02- a malformed extension", TST_EXTENSIONS, "a107 3005 0603 2a0304", "T-02",
		"malformed", PROFILE_RFC3161 },
	{ "T-02- no accuracy", TST_ACCURACY, "", "T-02", "there is none", PROFILE_ETSI },
	{ "T-02- ordering", TST_ORDERING, "0101ff", "T-02", "it is TRUE", PROFILE_ETSI },
	{ "T-02+ a fraction beside an accuracy of 1 ms", TST_ACCURACY, "3003 8001 01", "", NULL,
		PROFILE_ETSI },
	{ "T-05+ qualified", TST_EXTENSIONS, "a11b 3019" QC_STATEMENTS "040d" QTST, "", NULL,
		PROFILE_ETSI },
	{ "T-05- critical", TST_EXTENSIONS, "a11e 301c" QC_STATEMENTS "0101ff 040d" QTST,
		"T-02 T-05", "qcStatements is critical", PROFILE_ETSI },
	{ "T-05- another statement", TST_EXTENSIONS,
		"a11b 3019" QC_STATEMENTS "040d 300b 3009 0607 040081975e0102", "T-05",
		"no esi4-qtstStatement-1", PROFILE_ETSI },
	{ "T-05- twice", TST_EXTENSIONS,
		"a136 3019" QC_STATEMENTS "040d" QTST "3019" QC_STATEMENTS "040d" QTST, "T-05",
		"there twice", PROFILE_ETSI },
	{ "T-06+ BTSP with an accuracy", TST_POLICY, "0606 04008f670101", "", NULL,
		PROFILE_RFC3161 },
	{ "T-08+ one second", TST_ACCURACY, "3003 020101", "", NULL, PROFILE_ETSI },
	{ "T-08- more than a second", TST_ACCURACY, "3006 020101 8001 01", "T-08", "1001000 us",
		PROFILE_ETSI },
	{ "T-08- zero", TST_ACCURACY, "3000", "T-08", "it is 0 us", PROFILE_ETSI },
	{ "C-01- SHA-1", TST_IMPRINT,
		"3021 3009 06052b0e03021a 0500 0414 000102030405060708090a0b0c0d0e0f10111213",
		"P-07 C-01", "it is SHA-1", PROFILE_CSBR },
};

static void expect_time(const char *text, const char *ids, const char *found)
{
	struct made made = made_new(lint_group());

	made_set_time(&made, text);
	lint_expect(&made, NULL, ids, found);
}

static void takes_good_times(void **state)
{
	(void)state;
	expect_time("20260301120000Z", "", NULL);
	expect_time("20260301000000Z", "", NULL);
	expect_time("20260301120000.5Z", "", NULL);
	expect_time("20260301120000.000001Z", "", NULL);
	expect_time("20280229120000Z", "T-10", NULL); /* a leap day, past the key's end */
}

static void refuses_bad_times(void **state)
{
	(void)state;
	expect_time("20260301120000.50Z", "P-18", "ends in a zero");
	expect_time("20260301120000.0Z", "P-18", "ends in a zero");
	expect_time("20260301120000.Z", "P-18", "without a fraction");
	expect_time("20260301120000,5Z", "P-18", "comma");
	expect_time("20260301120000", "P-18", "does not end in Z");
	expect_time("20260301130000+0100", "P-18", "does not end in Z");
	expect_time("202603011200Z", "P-18", "no seconds");
	expect_time("2026030112Z", "P-18", "no seconds");
	expect_time("20260229120000Z", "P-18", "no such date");
	expect_time("20260301240000Z", "P-18", "no such date");
	expect_time("20260301120060Z", "P-18", "no such date");
	expect_time("20261301120000Z", "P-18", "no such date");
	expect_time("2026030112000aZ", "P-18", "YYYYMMDDhhmmss");
	expect_time("20260301120000Zx", "P-18", "no fraction and no Z");
	expect_time("20260301120000+2500", "P-18", "no fraction and no Z");
	expect_time("", "P-18", "YYYYMMDDhhmmss");
}

static void compares_genTime_with_the_certificate(void **state)
{
	(void)state;
	expect_time("20251231235959Z", "P-23 T-11", "not valid before 2026-01-01");
	expect_time("20260101000000Z", "", NULL);
}

static void wants_ordering_beside_a_fraction(void **state)
{
	struct made made = made_new(lint_group());

	(void)state;
	made_set_time(&made, "20260301120000Z");
	made_set(&made, TST_ORDERING, "0101ff");
	lint_expect(&made, NULL, "P-20", "whole seconds");
}

static void wants_genTime_as_precise_as_the_accuracy(void **state)
{
	const struct lint_beside etsi = { .profile = PROFILE_ETSI };
	struct made made = made_new(lint_group());

	(void)state;
	made_set_time(&made, "20260301120000Z");
	made_set(&made, TST_ACCURACY, "3004 800201f4");
	lint_expect(&made, &etsi, "T-02", "500000 us beside whole seconds");
}

static void holds_btsp_to_its_accuracy(void **state)
{
	struct made made = made_new(lint_group());

	(void)state;
	made_set(&made, TST_POLICY, "0606 04008f670101");
	made_set(&made, TST_ACCURACY, "");
	lint_expect(&made, NULL, "T-06", "no accuracy");
	made = made_new(lint_group());
	made_set(&made, TST_POLICY, "0606 04008f670101");
	made_set(&made, TST_ACCURACY, "3003 02013c");
	lint_expect(&made, NULL, "T-06", "60000000 us");
}

/* tsa with the subject's own name. */
static void takes_the_subject_as_tsa(void **state)
{
	struct made made = made_new(lint_group());
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(lint_group()->leaf), &der);
	struct bytes name = { der, (size_t)len };

	(void)state;
	made_set_element(&made, TST_ACCURACY, 0xa4, name); /* for its bytes only */
	made_set_element(&made, TST_TSA, 0xa0, buf_view(&made.part[TST_ACCURACY]));
	made_set(&made, TST_ACCURACY, "3003020101");
	OPENSSL_free(der);
	lint_expect(&made, NULL, "", NULL);
}

#define QUERY_IMPRINT "3031300d" SHA256 "05000420" HASH
#define QUERY "3041020101" QUERY_IMPRINT "06032a03040201050101ff"

static void compare_with(
	const char *query, enum part part, const char *hex, const char *ids, const char *text)
{
	const struct lint_beside beside = { .profile = PROFILE_RFC3161, .query = query };
	struct made made = made_new(lint_group());

	if (hex != NULL)
		made_set(&made, part, hex);
	lint_expect(&made, &beside, ids, text);
}

static void takes_the_answer_to_its_request(void **state)
{
	(void)state;
	compare_with(QUERY, PARTS, NULL, "", NULL);
	/* no policy asked for; certReq absent and no certificates; no nonce in both */
	compare_with("303c020101" QUERY_IMPRINT "0201050101ff", PARTS, NULL, "", NULL);
	compare_with(
		"3041020101" QUERY_IMPRINT "06032a03040201fb0101ff", TST_NONCE, "0201fb", "", NULL);
	compare_with("303e020101" QUERY_IMPRINT "06032a03040101ff", TST_NONCE, "", "", NULL);
}

static void finds_another_policy(void **state)
{
	(void)state;
	compare_with(QUERY, TST_POLICY, "06032a0305", "P-08", "it is 1.2.3.5");
}

static void finds_another_nonce(void **state)
{
	(void)state;
	compare_with(QUERY, TST_NONCE, "", "P-09", "absent");
	compare_with(QUERY, TST_NONCE, "020106", "P-09", "another");
	compare_with(QUERY, TST_NONCE, "0201fb", "P-09", "another");
	compare_with("303e020101" QUERY_IMPRINT "06032a03040101ff", PARTS, NULL, "P-09",
		"none was sent");
}

static void finds_another_imprint(void **state)
{
	(void)state;
	compare_with(QUERY, TST_IMPRINT, "302f300b" SHA256 "0420" HASH, "P-16", "parameters");
	compare_with(QUERY, TST_IMPRINT,
		"3031300d" SHA256 "05000420"
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"P-16", "it is another");
}

static void finds_certificates_that_were_not_asked_for(void **state)
{
	(void)state;
	compare_with("303e020101" QUERY_IMPRINT "06032a0304020105", PARTS, NULL, "P-10",
		"certReq is FALSE");
	compare_with(
		"303e020101" QUERY_IMPRINT "06032a0304020105", DATA_CERTIFICATES, "", "", NULL);
	compare_with(QUERY, DATA_CERTIFICATES, "", "P-10", "certReq is TRUE");
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		{ "P-18+ good times", takes_good_times, NULL, NULL, NULL },
		{ "P-18- bad times", refuses_bad_times, NULL, NULL, NULL },
		{ "P-23 genTime in the certificate's validity",
			compares_genTime_with_the_certificate, NULL, NULL, NULL },
		{ "P-20- TRUE beside whole seconds", wants_ordering_beside_a_fraction, NULL, NULL,
			NULL },
		{ "T-02- whole seconds beside a finer accuracy",
			wants_genTime_as_precise_as_the_accuracy, NULL, NULL, NULL },
		{ "T-06- BTSP without its accuracy", holds_btsp_to_its_accuracy, NULL, NULL, NULL },
		{ "P-21+ the subject", takes_the_subject_as_tsa, NULL, NULL, NULL },
		{ "P-08+ P-09+ P-10+ P-16+ an answer to its request",
			takes_the_answer_to_its_request, NULL, NULL, NULL },
		{ "P-08- another policy", finds_another_policy, NULL, NULL, NULL },
		{ "P-09- another nonce, none, one too many", finds_another_nonce, NULL, NULL,
			NULL },
		{ "P-16- another imprint", finds_another_imprint, NULL, NULL, NULL },
		{ "P-10- certificates against certReq", finds_certificates_that_were_not_asked_for,
			NULL, NULL, NULL },
	};
	struct CMUnitTest
		tests[sizeof(cases) / sizeof(cases[0]) + sizeof(others) / sizeof(others[0])];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[count++] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = lint_run_case,
			.initial_state = (void *)&cases[i] };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests(
		"lint: TSTInfo", tests, count, lint_set_up_group, lint_tear_down_group);
}
