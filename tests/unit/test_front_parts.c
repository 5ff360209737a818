/*
 * The pure parts of tsa-front: base64, Authenticode's old request, sigstore's JSON, the rate limit
 * (requirements.md 1.1, R32; clients.md 2).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tsa/front/base64.h"
#include "tsa/front/legacy.h"
#include "tsa/front/rate.h"
#include "tsa/front/sigstore.h"

/* ---- base64 ---- */

static void base64_is_read_as_rfc_4648_10_has_it(void **unused)
{
	static const struct {
		const char *text;
		const char *bytes;
	} cases[] = { { "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" }, { "Zm9v\r\nYmE=\r\n", "fooba" }, { "\nZm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" } };
	uint8_t out[16];
	size_t len;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(base64_decode(bytes_of_text(cases[i].text), out, sizeof(out), &len));
		assert_int_equal(len, strlen(cases[i].bytes));
		assert_memory_equal(out, cases[i].bytes, len);
	}
}

static void base64_that_is_not_strict_is_refused(void **unused)
{
	static const char *const cases[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=",
		"====", "Zg==Zg==", "Z=g=", "Zm 9v", "Zm9v ", "Zm9v-", "Zm9_",
		"Zm9v=", "Zm9v==", "Zm\t9v", "\xc3\xa4m9v" };
	static const uint8_t with_nul[] = { 'Z', 'm', '9', 'v', 0 };
	uint8_t out[16];
	size_t len;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(base64_decode(bytes_of_text(cases[i]), out, sizeof(out), &len));
	assert_false(base64_decode((struct bytes){ with_nul, 5 }, out, sizeof(out), &len));
}

static void base64_never_writes_past_the_room_there_is(void **unused)
{
	uint8_t out[4] = { 0, 0, 0, 0x55 };
	size_t len;

	(void)unused;
	assert_true(base64_decode(bytes_of_text("Zm9v"), out, 3, &len));
	assert_false(base64_decode(bytes_of_text("Zm9vYg=="), out, 3, &len));
	assert_int_equal(out[3], 0x55);
}

/* ---- legacy ---- */

/* SEQUENCE { 1.3.6.1.4.1.311.3.2.1, SEQUENCE { pkcs7-data, [0] { OCTET STRING 01 02 } } } */
static const uint8_t spc[] = { 0x30, 0x21, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
	0x03, 0x02, 0x01, 0x30, 0x13, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07,
	0x01, 0xa0, 0x06, 0x04, 0x04, 0x01, 0x02, 0x03, 0x00 };
static const char spc_base64[] = "MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcBoAYEBAECAwA=";

static void a_legacy_request_is_known_in_base64_with_what_tools_add(void **unused)
{
	static const char nul[] = "MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcBoAYEBAECAwA=\r\n\0";

	(void)unused;
	assert_true(legacy_is(bytes_of_text(spc_base64)));
	assert_true(legacy_is(
		bytes_of_text("MCEGCisGAQQBgjcDAgEw\r\nEwYJKoZIhvcNAQcBoAYE\r\nBAECAwA=\r\n")));
	assert_true(legacy_is((struct bytes){ (const uint8_t *)nul, sizeof(nul) }));
	assert_true(legacy_is((struct bytes){ spc, sizeof(spc) }));
}

static void what_is_no_legacy_request_is_not_taken_for_one(void **unused)
{
	uint8_t bent[sizeof(spc)];
	uint8_t big[TSP_MAX_REQUEST + 1] = { 'M' };

	(void)unused;
	assert_false(legacy_is((struct bytes){ 0 }));
	assert_false(legacy_is(bytes_of_text("MCEGCisGAQQBgjcDAgEw")));
	assert_false(legacy_is(bytes_of_text("MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcBoAYEBAECAwA")));
	assert_false(legacy_is((struct bytes){ spc, sizeof(spc) - 1 }));
	assert_false(legacy_is((struct bytes){ big, sizeof(big) }));
	for (size_t i = 0; i < 15; i++) { /* tags, lengths and the OID */
		memcpy(bent, spc, sizeof(spc));
		bent[i] ^= 0x01;
		assert_false(legacy_is((struct bytes){ bent, sizeof(bent) }));
	}
}

static void the_text_names_the_switch_of_each_tool(void **unused)
{
	static const char *const words[] = { "signtool", "/tr URL /td sha256", "osslsigncode",
		"-ts URL", "jsign", "--tsmode RFC3161", "signcode", "Set-AuthenticodeSignature" };

	(void)unused;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_non_null(strstr(legacy_text, words[i]));
}

/* ---- sigstore ---- */

#define HASH "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=" /* "ABC...Zabcdef" */
#define HASHED "\"artifactHash\":\"" HASH "\",\"hashAlgorithm\":\"sha256\""

static struct sigstore_request request;
static enum tsp_failure failure;

static bool read_text(const char *text)
{
	struct err err = { 0 };

	return sigstore_read(bytes_of_text(text), &request, &failure, &err);
}

static void a_request_of_a_sigstore_client_becomes_a_timestamp_request(void **unused)
{
	static const uint8_t policy[] = { 0x2a, 0x03 };

	(void)unused;
	assert_true(read_text("{" HASHED "}"));
	assert_int_equal(request.request.version, 1);
	assert_int_equal(request.request.digest, TSP_SHA256);
	assert_true(request.request.null_params);
	assert_int_equal(request.request.imprint.len, 32);
	assert_memory_equal(request.request.imprint.at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", 32);
	assert_int_equal(request.request.nonce.len, 0);
	assert_int_equal(request.request.policy.len, 0);
	assert_false(request.request.cert_req);
	assert_true(read_text(" {\"certificates\":true,\"tsaPolicyOID\":\"1.2.3\",\"nonce\":5,"
			      "\"HashAlgorithm\":\"SHA512\",\"artifacthash\":\"" HASH "\","
			      "\"unknown\":{\"a\":[1,2.5,\"}]\"]}}\n"));
	assert_int_equal(request.request.digest, TSP_SHA512);
	assert_true(request.request.cert_req);
	assert_true(bytes_equal(request.request.policy, (struct bytes){ policy, sizeof(policy) }));
	assert_true(read_text("{" HASHED ",\"nonce\":null,\"certificates\":null,"
			      "\"tsaPolicyOID\":\"\"}"));
	assert_int_equal(request.request.nonce.len, 0);
	assert_int_equal(request.request.policy.len, 0);
}

static void the_nonce_becomes_the_shortest_integer(void **unused)
{
	static const struct {
		const char *text;
		size_t len;
		uint8_t octets[8];
	} cases[] = {
		{ "0", 1, { 0 } },
		{ "1", 1, { 1 } },
		{ "127", 1, { 0x7f } },
		{ "128", 2, { 0x00, 0x80 } },
		{ "32768", 3, { 0x00, 0x80, 0x00 } },
		{ "-1", 1, { 0xff } },
		{ "-128", 1, { 0x80 } },
		{ "-129", 2, { 0xff, 0x7f } },
		{ "9223372036854775807", 8, { 0x7f, 255, 255, 255, 255, 255, 255, 255 } },
		{ "-9223372036854775808", 8, { 0x80 } },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[200];

		(void)snprintf(text, sizeof(text), "{" HASHED ",\"nonce\":%s}", cases[i].text);
		assert_true(read_text(text));
		assert_int_equal(request.request.nonce.len, cases[i].len);
		assert_memory_equal(request.request.nonce.at, cases[i].octets, cases[i].len);
	}
}

static void what_breaks_the_form_is_refused_with_its_rule(void **unused)
{
	static const struct {
		const char *text;
		const char *finding;
	} cases[] = {
		{ "", "JSON: RFC 8259: is empty" },
		{ "{", "JSON: RFC 8259" },
		{ "[]", "is an object" },
		{ "5", "is an object" },
		{ "{" HASHED "} x", "JSON: RFC 8259" },
		{ "{\"hashAlgorithm\":\"sha256\"}", "artifactHash: is missing" },
		{ "{\"artifactHash\":\"" HASH "\"}", "hashAlgorithm: is missing" },
		{ "{" HASHED ",\"nonce\":1,\"nonce\":2}", "RFC 8259 4" },
		{ "{" HASHED ",\"nonce\":1,\"Nonce\":2}", "nonce: RFC 8259 4: is there twice" },
		{ "{" HASHED ",\"nonce\":9223372036854775808}", "at most 63 bits" },
		{ "{" HASHED ",\"nonce\":\"5\"}", "nonce: is an integer" },
		{ "{" HASHED ",\"nonce\":5.0}", "nonce: is an integer" },
		{ "{" HASHED ",\"certificates\":1}", "certificates: is true or false" },
		{ "{" HASHED ",\"tsaPolicyOID\":\"1.2.x\"}", "tsaPolicyOID: X.660" },
		{ "{" HASHED ",\"tsaPolicyOID\":\"3.2\"}", "tsaPolicyOID: X.660" },
		{ "{" HASHED ",\"tsaPolicyOID\":7}", "tsaPolicyOID: is a text" },
		{ "{\"artifactHash\":\"====\",\"hashAlgorithm\":\"sha256\"}", "RFC 4648 4" },
		{ "{\"artifactHash\":5,\"hashAlgorithm\":\"sha256\"}", "is a text in base64" },
		{ "{" HASHED ",\"x\":[[[[[[[[1]]]]]]]]}", "at most 8 deep" },
		{ "{" HASHED ",\"x\":\"\xff\"}", "JSON: RFC 8259" },
		{ "{" HASHED ",\"x\":\"\\u0000\"}", "JSON: RFC 8259" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { 0 };

		assert_false(sigstore_read(bytes_of_text(cases[i].text), &request, &failure, &err));
		assert_non_null(strstr(err.text, cases[i].finding));
		assert_int_equal(failure, TSP_BAD_DATA_FORMAT);
	}
	assert_true(read_text("{" HASHED ",\"x\":[[[[[[[1]]]]]]],\"y\":\"[[[[[[[[[[[[\"}"));
}

static void a_weak_or_unknown_digest_is_bad_alg(void **unused)
{
	static const char *const names[] = { "sha1", "MD5", "sha-256", "sha256x",
		"sha256sha256sha256", "" };

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[200];

		(void)snprintf(text, sizeof(text),
			"{\"artifactHash\":\"" HASH "\",\"hashAlgorithm\":\"%s\"}", names[i]);
		assert_false(read_text(text)); /* P-07, C-01 */
		assert_int_equal(failure, TSP_BAD_ALG);
	}
}

static void an_error_is_an_object_with_code_and_message(void **unused)
{
	char out[SIGSTORE_MAX_ERROR];
	char longest[SIGSTORE_MAX_ERROR + 1];
	size_t len = sigstore_error(400, "a \"quoted\" \xc3\xa4\n", out);

	(void)unused;
	assert_int_equal(
		len, strlen("{\"code\": 400, \"message\": \"a \\\"quoted\\\" \xc3\xa4\\n\"}"));
	assert_memory_equal(
		out, "{\"code\": 400, \"message\": \"a \\\"quoted\\\" \xc3\xa4\\n\"}", len);
	assert_int_equal(sigstore_error(400, "\xff", out), 0);
	memset(longest, 'x', sizeof(longest));
	longest[SIGSTORE_MAX_ERROR] = '\0';
	assert_int_equal(sigstore_error(400, longest, out), 0);
}

/* ---- rate ---- */

enum { PER_S = 5, START_MS = 1000000 };

static struct sockaddr_storage v4(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
	memcpy(&address, &in, sizeof(in));
	return address;
}

static struct sockaddr_storage v6(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };

	assert_int_equal(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
	memcpy(&address, &in, sizeof(in));
	return address;
}

static unsigned take(struct rate *rate, struct sockaddr_storage from, uint64_t now_ms)
{
	return rate_take(rate, (const struct sockaddr *)&from, now_ms);
}

/* Requests that go on, of many at one time. */
static unsigned granted(struct rate *rate, struct sockaddr_storage from, uint64_t now_ms)
{
	unsigned count = 0;

	for (int i = 0; i < 10 * PER_S; i++)
		count += take(rate, from, now_ms) == 0 ? 1 : 0;
	return count;
}

static void a_client_may_send_a_burst_and_then_what_the_rate_allows(void **unused)
{
	struct rate *rate = rate_new(PER_S, 1);

	(void)unused;
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS), 2 * PER_S);
	assert_int_equal(take(rate, v4("192.0.2.1"), START_MS), 1);
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS + 199), 0);
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS + 200), 1);
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS + 1200), PER_S);
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS + 900000), 2 * PER_S);
	rate_free(rate);
}

static void clients_have_buckets_of_their_own_and_a_64_is_one_client(void **unused)
{
	struct rate *rate = rate_new(PER_S, 2);

	(void)unused;
	assert_int_equal(granted(rate, v4("192.0.2.1"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v4("192.0.2.2"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v6("::ffff:192.0.2.1"), START_MS), 0);
	assert_int_equal(granted(rate, v6("2001:db8::1"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v6("2001:db8::ffff:2"), START_MS), 0);
	assert_int_equal(granted(rate, v6("2001:db8:0:1::1"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v6("2001:db8:0:2::1"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v6("2001:db8:0:3::1"), START_MS), 2 * PER_S);
	assert_int_equal(granted(rate, v6("::1"), START_MS), 2 * PER_S);
	rate_free(rate);
}

static void a_unix_socket_and_no_limit_let_everyone_through(void **unused)
{
	struct rate *rate = rate_new(PER_S, 3);
	struct sockaddr_storage local = { .ss_family = AF_UNIX };

	(void)unused;
	assert_int_equal(granted(rate, local, START_MS), 10 * PER_S);
	assert_int_equal(rate_take(rate, NULL, START_MS), 0);
	rate_free(rate);
	assert_null(rate_new(0, 4));
	assert_int_equal(granted(NULL, v4("192.0.2.1"), START_MS), 10 * PER_S);
}

/* Far more clients than there is room for: a busy one is not forgotten for those seen once. */
static void the_bucket_of_the_client_not_seen_for_longest_is_used_again(void **unused)
{
	struct rate *rate = rate_new(PER_S, 5);
	const struct sockaddr_storage busy = v4("192.0.2.1");
	uint64_t now_ms = START_MS;
	unsigned of_busy = 0;

	(void)unused;
	assert_int_equal(granted(rate, busy, now_ms), 2 * PER_S);
	for (uint32_t i = 0; i < 200000; i++) {
		char text[INET_ADDRSTRLEN];
		struct in_addr in = { htonl(0x0a000000 + i) };

		assert_int_equal(
			take(rate, v4(inet_ntop(AF_INET, &in, text, sizeof(text))), now_ms), 0);
		if (i % 1000 == 0)
			of_busy += take(rate, busy, ++now_ms) == 0 ? 1 : 0;
	}
	assert_int_equal(of_busy, 1); /* 200 ms at 5 a second */
	rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_read_as_rfc_4648_10_has_it),
		cmocka_unit_test(base64_that_is_not_strict_is_refused),
		cmocka_unit_test(base64_never_writes_past_the_room_there_is),
		cmocka_unit_test(a_legacy_request_is_known_in_base64_with_what_tools_add),
		cmocka_unit_test(what_is_no_legacy_request_is_not_taken_for_one),
		cmocka_unit_test(the_text_names_the_switch_of_each_tool),
		cmocka_unit_test(a_request_of_a_sigstore_client_becomes_a_timestamp_request),
		cmocka_unit_test(the_nonce_becomes_the_shortest_integer),
		cmocka_unit_test(what_breaks_the_form_is_refused_with_its_rule),
		cmocka_unit_test(a_weak_or_unknown_digest_is_bad_alg),
		cmocka_unit_test(an_error_is_an_object_with_code_and_message),
		cmocka_unit_test(a_client_may_send_a_burst_and_then_what_the_rate_allows),
		cmocka_unit_test(clients_have_buckets_of_their_own_and_a_64_is_one_client),
		cmocka_unit_test(a_unix_socket_and_no_limit_let_everyone_through),
		cmocka_unit_test(the_bucket_of_the_client_not_seen_for_longest_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
