/*
 * The forms in which a request reaches tsa-front beside plain DER, what they are answered with, and
 * the rate limit: requirements.md 1.1 and 1.4, P-22, R21, R32.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/front_rig.h"
#include "tsa/tsp/reply.h"

enum { TOKEN_LEN = 5000, PER_S = 3 };

/* rig_request, and its imprint alone, in base64. */
#define REQUEST_64                                                                                 \
	"MEMCAQEwMTANBglghkgBZQMEAgEFAAQgQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWYCCPECAwQFBgcI" \
	"AQH/"
#define IMPRINT_64 "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
#define HASHED "\"artifactHash\":\"" IMPRINT_64 "\",\"hashAlgorithm\":\"sha256\""

/* 64 bytes: behind one more it is cut within a character. */
#define EIGHT_UMLAUTS "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
#define LONG_NAME EIGHT_UMLAUTS EIGHT_UMLAUTS EIGHT_UMLAUTS EIGHT_UMLAUTS

static const char json_type[] = "Content-Type: application/json\r\n";

struct world {
	struct rig *rig;
	int fd;
	struct rig_reply reply;
};

static int open_with(void **state, uint32_t rate_limit)
{
	struct world *w = must_calloc(1, sizeof(*w));

	w->rig = rig_spawn();
	rig_set_up_limited(w->rig, MSG_FRONT_CLIENTS, 1000, rate_limit);
	(void)rig_hear(w->rig, MSG_READY);
	w->fd = rig_connect(w->rig);
	*state = w;
	return 0;
}

static int open_world(void **state)
{
	return open_with(state, 0);
}

static int open_limited(void **state)
{
	return open_with(state, PER_S);
}

static int close_world(void **state)
{
	struct world *w = *state;

	(void)close(w->fd);
	rig_stop(w->rig);
	free(w);
	return 0;
}

static void post_text(struct world *w, const char *path, const char *headers, const char *text)
{
	rig_post_as(w->fd, path, headers, text, strlen(text));
}

static void expect(struct world *w, int status, const char *type)
{
	rig_read(w->fd, false, &w->reply);
	assert_int_equal(w->reply.status, status);
	assert_string_equal(rig_header(&w->reply, "Content-Type"), type);
}

static void expect_token(struct world *w)
{
	(void)rig_grant(w->rig, TOKEN_LEN);
	expect(w, 200, "application/timestamp-reply");
}

/* The body as text. */
static const char *body_of(struct world *w)
{
	assert_true(w->reply.body_len < sizeof(w->reply.body));
	w->reply.body[w->reply.body_len] = '\0';
	return (const char *)w->reply.body;
}

static void expect_refusal(struct world *w, const char *words)
{
	struct tsp_reply got;

	expect(w, 200, "application/timestamp-reply");
	assert_true(tsp_reply_decode((struct bytes){ w->reply.body, w->reply.body_len }, &got));
	assert_int_equal(got.status, 2);
	assert_int_equal(got.failure, TSP_BAD_DATA_FORMAT);
	assert_non_null(memmem(got.text.at, got.text.len, words, strlen(words)));
}

static void expect_json_error(struct world *w, int status, const char *words)
{
	char code[32];

	expect(w, status, "application/json");
	(void)snprintf(code, sizeof(code), "{\"code\": %d, \"message\": \"", status);
	assert_memory_equal(body_of(w), code, strlen(code));
	assert_non_null(strstr(body_of(w), words));
}

/* What the next ISSUE asks for; it is granted. */
static struct msg_issue expect_issue(struct world *w)
{
	struct msg_issue issue = rig_hear(w->rig, MSG_ISSUE)->issue;
	uint8_t token[] = { 0x30, 0x00 };
	const struct msg m = { .type = MSG_TOKEN,
		.token = { .id = issue.id, .token = { token, sizeof(token) } } };

	rig_tell(w->rig, &m);
	expect(w, 200, "application/timestamp-reply");
	return issue;
}

static void content_transfer_encoding_base64_is_honoured(void **state)
{
	static const char *const headers[] = { "Content-Transfer-Encoding: base64\r\n",
		"content-transfer-encoding: BASE64 \r\nContent-Type: text/plain\r\n" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		post_text(w, "/", headers[i], REQUEST_64);
		expect_token(w);
	}
	post_text(w, "/", headers[0],
		"MEMCAQEwMTANBglghkgBZQMEAgEFAAQgQUJDREVGR0hJSktMTU5PUFFS\r\n"
		"U1RVVldYWVphYmNkZWYCCPECAwQFBgcIAQH/\r\n");
	expect_token(w);
	rig_post(w->fd, "/", "Content-Transfer-Encoding: binary\r\n");
	expect_token(w);
}

static void base64_that_is_none_is_bad_data_format(void **state)
{
	struct world *w = *state;
	const char *header = "Content-Transfer-Encoding: base64\r\n";

	post_text(w, "/", header, REQUEST_64 "=");
	expect_refusal(w, "RFC 2045 6.8");
	rig_post(w->fd, "/", header);
	expect_refusal(w, "RFC 2045 6.8");
	post_text(w, "/", header, "");
	expect_refusal(w, "is empty");
	post_text(w, "/", "", REQUEST_64); /* nothing says that it is base64 */
	expect_refusal(w, "is no SEQUENCE");
}

static void a_legacy_request_is_told_the_switch_of_its_tool(void **state)
{
	static const char *const headers[] = { "Content-Type: application/octet-stream\r\n", "",
		"Content-Type: application/octet-stream\r\nAccept: application/octet-stream\r\n"
		"User-Agent: Transport\r\n" };
	static const char *const bodies[] = { "MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcBoAYEBAECAwA=",
		"MCEGCisGAQQBgjcDAgEwEwYJKoZIhvcNAQcB\noAYEBAECAwA=\r\n" };
	struct world *w = *state;

	for (size_t i = 0; i < 3; i++) {
		post_text(w, "/test", headers[i], bodies[i % 2]);
		expect(w, 400, "text/plain; charset=utf-8");
		assert_non_null(strstr(body_of(w), "/tr URL /td sha256"));
		assert_non_null(strstr(body_of(w), "--tsmode RFC3161"));
	}
	/* With the NUL that some versions of signtool append. */
	rig_post_as(w->fd, "/", "", bodies[0], strlen(bodies[0]) + 1);
	expect(w, 400, "text/plain; charset=utf-8");
	assert_int_equal(rig_hear(w->rig, MSG_COUNTS)->counts.count[MSG_COUNT_FAULTY], 0);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void sigstores_form_is_served_at_its_path_and_at_every_endpoint(void **state)
{
	static const struct {
		const char *path;
		const char *headers;
		uint8_t endpoint;
	} cases[] = {
		{ "/api/v1/timestamp", "Content-Type: application/json\r\n", 0 },
		{ "/", "content-type: Application/JSON; charset=utf-8\r\n", 0 },
		{ "/test", "Content-Type: application/json\r\n", 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg_issue issue;

		post_text(w, cases[i].path, cases[i].headers, "{" HASHED "}");
		issue = expect_issue(w);
		assert_int_equal(issue.endpoint, cases[i].endpoint);
		assert_int_equal(issue.digest, 1);
		assert_int_equal(issue.cert_req, 0);
		assert_int_equal(issue.null_params, 1);
	}
}

static void sigstores_form_with_all_its_members_becomes_the_same_request(void **state)
{
	struct world *w = *state;
	struct msg_issue issue;

	post_text(w, "/", json_type,
		"{" HASHED ",\"nonce\":65535,\"certificates\":true,\"tsaPolicyOID\":\"1.2.3\"}");
	issue = rig_hear(w->rig, MSG_ISSUE)->issue;
	assert_int_equal(issue.imprint.len, 32);
	assert_memory_equal(issue.imprint.at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", 32);
	assert_int_equal(issue.nonce.len, 3);
	assert_memory_equal(issue.nonce.at, "\x00\xff\xff", 3);
	assert_int_equal(issue.cert_req, 1);
	assert_int_equal(issue.policy.len, 2);
	assert_memory_equal(issue.policy.at, "\x2a\x03", 2);
}

static void the_sigstore_path_takes_der_as_well_and_nothing_but_post(void **state)
{
	struct world *w = *state;

	rig_post(w->fd, "/api/v1/timestamp", "Content-Type: application/timestamp-query\r\n");
	expect_token(w);
	rig_post(w->fd, "/api/v1/timestamp", json_type); /* a SEQUENCE is no JSON */
	expect_token(w);
	rig_write_text(w->fd, "GET /api/v1/timestamp HTTP/1.1\r\nHost: t\r\n\r\n");
	expect(w, 405, "text/plain; charset=utf-8");
	assert_string_equal(rig_header(&w->reply, "Allow"), "POST");
	post_text(w, "/api/v1/timestamp", "Content-Type: text/plain\r\n", "{" HASHED "}");
	expect_json_error(w, 415, "Content-Type");
	/* Elsewhere it is a body that is no TimeStampReq. */
	post_text(w, "/", "Content-Type: text/plain\r\n", "{" HASHED "}");
	expect_refusal(w, "is no SEQUENCE");
}

static void refusals_of_sigstores_form_are_http_400_in_json(void **state)
{
	static const struct {
		const char *body;
		const char *words;
	} cases[] = {
		{ "{", "badDataFormat: JSON: RFC 8259" },
		{ "{" HASHED ",\"nonce\":99999999999999999999}", "at most 63 bits" },
		{ "{" HASHED ",\"tsaPolicyOID\":\"1.2.4\"}", "unacceptedPolicy: " },
		{ "{\"artifactHash\":\"" IMPRINT_64 "\",\"hashAlgorithm\":\"sha1\"}", "badAlg: " },
		{ "{\"artifactHash\":\"" IMPRINT_64 "\",\"hashAlgorithm\":\"sha384\"}",
			"badAlg: " },
		{ "{\"artifactHash\":\"" IMPRINT_64 "\",\"hashAlgorithm\":\"a" LONG_NAME "\"}",
			"badAlg: hashAlgorithm: RFC 3161 2.4.1: " },
		{ "{" HASHED ",\"tsaPolicyOID\":\"a" LONG_NAME "\"}",
			"badDataFormat: tsaPolicyOID: X.660: " },
		{ "{\"artifactHash\":\"" IMPRINT_64 "\",\"hashAlgorithm\":\"sha512\"}",
			"badDataFormat: request: RFC 3161 2.4.1: hashedMessage has 32 bytes" },
	};
	struct world *w = *state;
	const struct msg_counts *counts;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		post_text(w, "/", json_type, cases[i].body);
		expect_json_error(w, 400, cases[i].words);
		assert_non_null(strstr(body_of(w), "(request 5a17f00d"));
	}
	counts = &rig_hear(w->rig, MSG_COUNTS)->counts;
	assert_true(counts->count[MSG_COUNT_REFUSED] > 0);
	assert_int_equal(counts->count[MSG_COUNT_FAULTY], 0);
	post_text(w, "/", json_type, "{" HASHED "}");
	(void)expect_issue(w);
}

static void what_tsad_refuses_of_sigstores_form_is_json_as_well(void **state)
{
	struct world *w = *state;
	struct msg refused = { .type = MSG_REFUSED,
		.refused = { .fail_info = TSP_TIME_NOT_AVAILABLE, .text = "clock: out" } };
	struct msg busy = { .type = MSG_BUSY, .busy = { .retry_after_s = 7 } };

	post_text(w, "/", json_type, "{" HASHED "}");
	refused.refused.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &refused);
	expect_json_error(w, 503, "timeNotAvailable: clock: out");
	assert_string_equal(rig_header(&w->reply, "Retry-After"), "1");
	post_text(w, "/", json_type, "{" HASHED "}");
	busy.busy.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &busy);
	expect_json_error(w, 503, "overload");
	assert_string_equal(rig_header(&w->reply, "Retry-After"), "7");
	/* The next one on the connection is in DER again. */
	post_text(w, "/", "", "x");
	expect_refusal(w, "is no SEQUENCE");
}

static void who_asks_too_often_gets_429_with_retry_after_and_is_counted(void **state)
{
	struct world *w = *state;
	const struct msg_counts *counts;

	for (int i = 0; i < 2 * PER_S; i++) {
		rig_post(w->fd, "/", "");
		expect_token(w);
	}
	rig_post(w->fd, "/", "");
	expect(w, 429, "text/plain; charset=utf-8");
	assert_memory_equal(w->reply.head, "HTTP/1.1 429 Too Many Requests\r\n", 32);
	assert_string_equal(rig_header(&w->reply, "Retry-After"), "1");
	assert_string_equal(body_of(w), "rate limit: 3 requests a second\n");
	assert_null(rig_header(&w->reply, "Connection"));
	counts = &rig_hear(w->rig, MSG_COUNTS)->counts;
	assert_true(counts->count[MSG_COUNT_LIMITED] >= 1);
	assert_int_equal(counts->count[MSG_COUNT_REFUSED], 0);
	/* The connection is kept, and a third of a second makes room for one more. */
	do {
		rig_post(w->fd, "/nothing", "");
		rig_read(w->fd, false, &w->reply);
	} while (w->reply.status == 429);
	assert_int_equal(w->reply.status, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
		WORLD_TEST(content_transfer_encoding_base64_is_honoured),
		WORLD_TEST(base64_that_is_none_is_bad_data_format),
		WORLD_TEST(a_legacy_request_is_told_the_switch_of_its_tool),
		WORLD_TEST(sigstores_form_is_served_at_its_path_and_at_every_endpoint),
		WORLD_TEST(sigstores_form_with_all_its_members_becomes_the_same_request),
		WORLD_TEST(the_sigstore_path_takes_der_as_well_and_nothing_but_post),
		WORLD_TEST(refusals_of_sigstores_form_are_http_400_in_json),
		WORLD_TEST(what_tsad_refuses_of_sigstores_form_is_json_as_well),
		cmocka_unit_test_setup_teardown(
			who_asks_too_often_gets_429_with_retry_after_and_is_counted, open_limited,
			close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
