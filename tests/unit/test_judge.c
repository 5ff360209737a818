/* A decoded request against an endpoint: the second half of request.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "asked.h"

static void p01_a_version_that_is_not_1_decodes_and_is_bad_request(void **unused)
{
	static const char *const versions[] = { "020100", "020102", "0201ff", "02020100",
		"020900ffffffffffffffff", "020a0100000000000000000a" };
	char fields[256];
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(versions); i++) {
		(void)snprintf(fields, sizeof(fields), "%s%s", versions[i], IMPRINT_256);
		assert_judged(&a, fields, TSP_BAD_REQUEST);
	}
	assert_judged(&a, "020102" IMPRINT_256, TSP_BAD_REQUEST);
	assert_string_equal(a.refusal.text, "request: RFC 3161 2.4.1: version is 2, must be 1");
	assert_judged(&a, "0201ff" IMPRINT_256, TSP_BAD_REQUEST);
	assert_string_equal(
		a.refusal.text, "request: RFC 3161 2.4.1: version is negative or huge, must be 1");
	assert_judged(&a, VERSION IMPRINT_256, TSP_GRANTED);
}

static void p07_parameters_of_another_kind_are_bad_alg(void **unused)
{
	static const char *const others[] = {
		VERSION "3031"
			"300d" ALGORITHM_256 "3000"
			"0420" ABC_256,
		VERSION "3032"
			"300e" ALGORITHM_256 "020105"
			"0420" ABC_256,
		VERSION "3031"
			"300d" ALGORITHM_256 "0400"
			"0420" ABC_256,
	};
	static const char *const malformed[] = {
		VERSION "3032"
			"300e" ALGORITHM_256 "050100"
			"0420" ABC_256, /* NULL, not empty */
		VERSION "3033"
			"300f" ALGORITHM_256 "05000500"
			"0420" ABC_256,
		VERSION "3030"
			"300c" ALGORITHM_256 "05"
			"0420" ABC_256,
		VERSION "3032"
			"300e" ALGORITHM_256 "058100"
			"0420" ABC_256,
		VERSION "302e"
			"300a"
			"060860864801650304"
			"82"
			"0420" ABC_256, /* OID cut */
		VERSION "3026"
			"3002"
			"0600"
			"0420" ABC_256,
	};
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_judged(&a, others[i], TSP_BAD_ALG);
		assert_true(a.req.bad_params);
	}
	for (size_t i = 0; i < COUNT(malformed); i++)
		assert_bad_format(&a, malformed[i]);
}

static void p07_refuses_weak_and_unknown_digests_as_bad_alg(void **unused)
{
	struct asked a;

	(void)unused;
	assert_true(decode_hex(&a, OPENSSL_SHA1));
	assert_int_equal(a.req.digest, TSP_DIGEST_NONE);
	assert_view(a.req.digest_oid, "2b0e03021a");
	assert_false(tsp_request_judge(&a.req, &release, &a.refusal));
	assert_int_equal(a.refusal.failure, TSP_BAD_ALG);
	assert_string_equal(a.refusal.text,
		"request: RFC 3161 2.4.1: hashAlgorithm 1.3.14.3.2.26 is not accepted here, use "
		"sha256, sha384, sha512");
	/* MD5 */
	assert_judged(&a,
		VERSION "3020300c06082a864886f70d0205050004109e107d9d372bb6826bd81d3542a419d6",
		TSP_BAD_ALG);
}

/* The longest words of a refusal are whole: nothing is cut off at the end. */
static void p07_says_what_to_use_even_with_the_longest_names(void **unused)
{
	static const char longest[] = "request: RFC 3161 2.4.1: hashAlgorithm "
				      "2.25.329800735698586629295641978511506172918."
				      "329800735698586629295641978511506172918 is not accepted "
				      "here, use sha256, sha384, sha512, sha3-256, sha3-384, "
				      "sha3-512";
	struct asked a;

	(void)unused;
	assert_decodes(&a, VERSION "304f"
				   "302b06276983f09da7ebcfdee0c7a1a7b2c0948cc8f9"
				   "d77683f09da7ebcfdee0c7a1a7b2c0948cc8f9d7760500"
				   "0420" ABC_256);
	assert_false(tsp_request_judge(&a.req, &all_digests, &a.refusal));
	assert_int_equal(a.refusal.failure, TSP_BAD_ALG);
	assert_string_equal(a.refusal.text, longest);
}

static void p07_refuses_a_digest_that_the_endpoint_does_not_take(void **unused)
{
	const struct tsp_rules only_384 = { .digests = 1U << TSP_SHA384 };
	struct asked a;

	(void)unused;
	assert_true(decode_hex(&a, OPENSSL_256));
	assert_false(tsp_request_judge(&a.req, &only_384, &a.refusal));
	assert_int_equal(a.refusal.failure, TSP_BAD_ALG);
	assert_string_equal(a.refusal.text,
		"request: RFC 3161 2.4.1: hashAlgorithm sha256 is not accepted here, use sha384");
	assert_true(decode_hex(&a, OPENSSL_384));
	assert_true(tsp_request_judge(&a.req, &only_384, &a.refusal));
}

static void p03_the_length_of_the_hash_must_match_its_algorithm(void **unused)
{
	static const char *const wrong[] = {
		VERSION "3030" HEAD_256 "041f7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
			"f20015ad",
		VERSION "3032" HEAD_256 "042100" ABC_256,
		VERSION "3011" HEAD_256 "0400",
		VERSION "3051" HEAD_256 "0440" ABC_256 ABC_256,
	};
	struct asked a;

	(void)unused;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_judged(&a, wrong[i], TSP_BAD_DATA_FORMAT);
	assert_judged(&a, wrong[0], TSP_BAD_DATA_FORMAT);
	assert_string_equal(a.refusal.text,
		"request: RFC 3161 2.4.1: hashedMessage has 31 bytes, sha256 needs 32");
	assert_bad_format(&a, VERSION "3052" HEAD_256 "0441" ABC_256 ABC_256 "00");
	assert_bad_format(&a, VERSION "3033" HEAD_256 "0420" ABC_256 "0500");
}

static void p03_does_not_look_at_the_hash_itself(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a,
		VERSION "3031" HEAD_256 "0420"
			"0000000000000000000000000000000000000000000000000000000000000000",
		TSP_GRANTED);
}

static void p06_refuses_every_extension_critical_or_not(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256 "a00c" EXTENSION, TSP_UNACCEPTED_EXTENSION);
	assert_true(a.req.has_extensions);
	assert_judged(&a, VERSION IMPRINT_256 "a00f" CRITICAL, TSP_UNACCEPTED_EXTENSION);
	assert_judged(&a, VERSION IMPRINT_256 "a01b" EXTENSION CRITICAL, TSP_UNACCEPTED_EXTENSION);
	/* TRUE may be any octet but zero here as well. */
	assert_judged(&a, VERSION IMPRINT_256 "a00f300d06032a030401010104030a0b0c",
		TSP_UNACCEPTED_EXTENSION);
}

static void p08_takes_the_policies_of_the_endpoint_only(void **unused)
{
	struct asked a;

	(void)unused;
	assert_judged(&a, VERSION IMPRINT_256 "06042a030401", TSP_GRANTED);
	assert_judged(&a, VERSION IMPRINT_256 "06052a03040506", TSP_GRANTED);
	assert_judged(&a, VERSION IMPRINT_256 "06042a030409", TSP_UNACCEPTED_POLICY);
	assert_string_equal(a.refusal.text,
		"request: RFC 3161 2.4.2: policy 1.2.3.4.9 is not offered at this endpoint");
	assert_judged(&a, VERSION IMPRINT_256 "06032a0304", TSP_UNACCEPTED_POLICY);
	assert_judged(&a, VERSION IMPRINT_256 "06062a0304050600", TSP_UNACCEPTED_POLICY);
}

static void p08_an_endpoint_without_policies_takes_no_request_for_one(void **unused)
{
	const struct tsp_rules none = { .digests = 1U << TSP_SHA256 };
	struct asked a;

	(void)unused;
	assert_decodes(&a, VERSION IMPRINT_256 "06042a030401");
	assert_false(tsp_request_judge(&a.req, &none, &a.refusal));
	assert_int_equal(a.refusal.failure, TSP_UNACCEPTED_POLICY);
	assert_decodes(&a, VERSION IMPRINT_256);
	assert_true(tsp_request_judge(&a.req, &none, &a.refusal));
}

/* requirements 1.2: version, algorithm, length, policy, extensions. */
static void p01_says_the_first_of_several_faults_in_a_fixed_order(void **unused)
{
	static const char bad_policy[] = "06042a030409";
	static const char bad_extension[] = "a00c" EXTENSION;
	char fields[512];
	struct asked a;

	(void)unused;
	(void)snprintf(fields, sizeof(fields),
		"0201023011300d06096086480165030402040500"
		"0400%s%s",
		bad_policy, bad_extension);
	assert_judged(&a, fields, TSP_BAD_REQUEST);
	(void)snprintf(fields, sizeof(fields),
		VERSION "3011300d06096086480165030402040500"
			"0400%s%s",
		bad_policy, bad_extension);
	assert_judged(&a, fields, TSP_BAD_ALG);
	(void)snprintf(fields, sizeof(fields), VERSION "3011" HEAD_256 "0400%s%s", bad_policy,
		bad_extension);
	assert_judged(&a, fields, TSP_BAD_DATA_FORMAT);
	(void)snprintf(
		fields, sizeof(fields), VERSION IMPRINT_256 "%s%s", bad_policy, bad_extension);
	assert_judged(&a, fields, TSP_UNACCEPTED_POLICY);
	(void)snprintf(fields, sizeof(fields), VERSION IMPRINT_256 "06042a030401%s", bad_extension);
	assert_judged(&a, fields, TSP_UNACCEPTED_EXTENSION);
}

static void p12_names_failures_as_the_rfc_spells_them(void **unused)
{
	(void)unused;
	assert_string_equal(tsp_failure_name(TSP_BAD_ALG), "badAlg");
	assert_string_equal(tsp_failure_name(TSP_BAD_REQUEST), "badRequest");
	assert_string_equal(tsp_failure_name(TSP_BAD_DATA_FORMAT), "badDataFormat");
	assert_string_equal(tsp_failure_name(TSP_TIME_NOT_AVAILABLE), "timeNotAvailable");
	assert_string_equal(tsp_failure_name(TSP_UNACCEPTED_POLICY), "unacceptedPolicy");
	assert_string_equal(tsp_failure_name(TSP_UNACCEPTED_EXTENSION), "unacceptedExtension");
	assert_string_equal(tsp_failure_name(TSP_ADD_INFO_NOT_AVAILABLE), "addInfoNotAvailable");
	assert_string_equal(tsp_failure_name(TSP_SYSTEM_FAILURE), "systemFailure");
	assert_string_equal(tsp_failure_name((enum tsp_failure)7), "unknown failure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p01_a_version_that_is_not_1_decodes_and_is_bad_request),
		cmocka_unit_test(p07_parameters_of_another_kind_are_bad_alg),
		cmocka_unit_test(p07_refuses_weak_and_unknown_digests_as_bad_alg),
		cmocka_unit_test(p07_says_what_to_use_even_with_the_longest_names),
		cmocka_unit_test(p07_refuses_a_digest_that_the_endpoint_does_not_take),
		cmocka_unit_test(p03_the_length_of_the_hash_must_match_its_algorithm),
		cmocka_unit_test(p03_does_not_look_at_the_hash_itself),
		cmocka_unit_test(p06_refuses_every_extension_critical_or_not),
		cmocka_unit_test(p08_takes_the_policies_of_the_endpoint_only),
		cmocka_unit_test(p08_an_endpoint_without_policies_takes_no_request_for_one),
		cmocka_unit_test(p01_says_the_first_of_several_faults_in_a_fixed_order),
		cmocka_unit_test(p12_names_failures_as_the_rfc_spells_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
