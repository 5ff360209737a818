/* What clients of tsa-front may send and what they get: P-22, R30, clients.md 2 and 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/front_rig.h"
#include "tsa/tsp/reply.h"

enum { TOKEN_LEN = 5000 };

/* A front, one client of it, and room for its answers. */
struct world {
	struct rig *rig;
	int fd;
	struct rig_reply reply;
};

static int open_world(void **state)
{
	struct world *w = must_calloc(1, sizeof(*w));

	w->rig = rig_start();
	w->fd = rig_connect(w->rig);
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	(void)close(w->fd);
	rig_stop(w->rig);
	free(w);
	return 0;
}

static void reconnect(struct world *w)
{
	(void)close(w->fd);
	w->fd = rig_connect(w->rig);
}

/* The next answer must be the token that tsad gives now. */
static void expect_token(struct world *w)
{
	struct tsp_reply got;

	(void)rig_grant(w->rig, TOKEN_LEN);
	rig_read(w->fd, false, &w->reply);
	assert_int_equal(w->reply.status, 200);
	assert_string_equal(rig_header(&w->reply, "Content-Type"), "application/timestamp-reply");
	assert_true(tsp_reply_decode((struct bytes){ w->reply.body, w->reply.body_len }, &got));
	assert_int_equal(got.status, 0);
	assert_int_equal(got.token.len, TOKEN_LEN);
	assert_int_equal(got.text.len, 0);
}

/* The next answer has this status and ends the connection. */
static void expect_end_with(struct world *w, int status)
{
	rig_read(w->fd, false, &w->reply);
	assert_int_equal(w->reply.status, status);
	assert_non_null(rig_header(&w->reply, "Connection"));
	assert_string_equal(rig_header(&w->reply, "Connection"), "close");
	assert_true(rig_ended(w->fd));
	reconnect(w);
}

static void expect_status(struct world *w, int status)
{
	rig_read(w->fd, false, &w->reply);
	assert_int_equal(w->reply.status, status);
}

static void a_token_is_an_http_200_of_the_registered_type_with_length_and_date(void **state)
{
	struct world *w = *state;

	rig_post(w->fd, "/", "Content-Type: application/timestamp-query\r\n");
	expect_token(w); /* P-22 */
	assert_non_null(rig_header(&w->reply, "Content-Length"));
	assert_null(rig_header(&w->reply, "Transfer-Encoding"));
	assert_non_null(strstr(rig_header(&w->reply, "Date"), " GMT"));
	assert_null(rig_header(&w->reply, "Connection"));
}

static void http_1_1_keeps_the_connection(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		rig_post(w->fd, i % 2 == 0 ? "/" : "/test", "");
		expect_token(w);
	}
}

static void connection_close_is_obeyed_also_in_a_list(void **state)
{
	struct world *w = *state;

	rig_post(w->fd, "/", "Connection: close\r\n");
	expect_token(w);
	assert_string_equal(rig_header(&w->reply, "Connection"), "close");
	assert_true(rig_ended(w->fd));
	reconnect(w);
	rig_post(w->fd, "/", "Connection: TE, Close\r\n");
	expect_token(w);
	assert_string_equal(rig_header(&w->reply, "Connection"), "close");
	assert_true(rig_ended(w->fd));
}

static void post_1_0(int fd, const char *headers)
{
	char head[256];

	(void)snprintf(head, sizeof(head), "POST / HTTP/1.0\r\nContent-Length: %zu\r\n%s\r\n",
		sizeof(rig_request), headers);
	rig_write_text(fd, head);
	rig_write(fd, rig_request, sizeof(rig_request));
}

static void http_1_0_gets_a_length_and_the_end_of_the_connection(void **state)
{
	struct world *w = *state;

	post_1_0(w->fd, "");
	expect_token(w);
	assert_non_null(rig_header(&w->reply, "Date"));
	assert_true(rig_ended(w->fd));
}

static void http_1_0_keep_alive_is_granted_openly(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) { /* osslsigncode, ab -k */
		post_1_0(w->fd, "Connection: keep-alive\r\n");
		expect_token(w);
		assert_string_equal(rig_header(&w->reply, "Connection"), "keep-alive");
	}
}

/* The request in two chunks, the size of the second as it is given. */
static void write_chunked(int fd, const char *size_of_64)
{
	uint8_t all[512];
	int len = snprintf((char *)all, 200,
		"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\n");

	memcpy(all + len, rig_request, 5);
	len += 5;
	len += snprintf((char *)all + len, 100, "\r\n%s\r\n", size_of_64);
	memcpy(all + len, rig_request + 5, 64);
	len += 64;
	len += snprintf((char *)all + len, 100, "\r\n0\r\nTrailer: x\r\n\r\n");
	rig_write(fd, all, (size_t)len);
}

static void a_chunked_body_is_served(void **state)
{
	struct world *w = *state;

	write_chunked(w->fd, "40");
	expect_token(w);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void a_chunk_whose_size_is_none_is_refused_and_ends(void **state)
{
	static const char *const sizes[] = { "-40", "g", "", "ffffffffffffffffff", "40;x=y" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		write_chunked(w->fd, sizes[i]);
		expect_end_with(w, 413); /* so evhttp says; it takes no extensions either */
	}
}

static void expect_100_continue_is_answered_before_the_body(void **state)
{
	struct world *w = *state;

	rig_write_text(w->fd, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 69\r\n"
			      "Expect: 100-continue\r\n\r\n");
	expect_status(w, 100);
	rig_write(w->fd, rig_request, sizeof(rig_request));
	expect_token(w);
	rig_write_text(w->fd, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 69\r\n"
			      "Expect: the-moon\r\n\r\n");
	expect_end_with(w, 417);
}

static void any_content_type_and_none_is_served_if_the_body_is_a_request(void **state)
{
	static const char *const types[] = { "", "Content-Type: application/octet-stream\r\n",
		"content-type: APPLICATION/Timestamp-Query; charset=utf-8\r\n",
		"Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type:\r\n" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		rig_post(w->fd, "/", types[i]);
		expect_token(w);
	}
}

static void a_byte_at_a_time_is_served(void **state)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 69\r\n\r\n";
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(head) - 1; i++)
		rig_write(w->fd, head + i, 1);
	for (size_t i = 0; i < sizeof(rig_request); i++)
		rig_write(w->fd, rig_request + i, 1);
	expect_token(w);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct world *w = *state;
	struct tsp_reply got;

	rig_post(w->fd, "/", "");
	rig_write_text(w->fd, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
	rig_post_body(w->fd, "/", "", 0);
	rig_post(w->fd, "/", "");
	expect_token(w);
	expect_status(w, 200);
	assert_string_equal(rig_header(&w->reply, "Content-Type"), "text/html; charset=utf-8");
	expect_status(w, 200);
	assert_true(tsp_reply_decode((struct bytes){ w->reply.body, w->reply.body_len }, &got));
	assert_int_equal(got.status, 2);
	expect_token(w);
}

static void a_client_that_has_shut_down_its_side_gets_its_answer(void **state)
{
	struct world *w = *state;

	rig_post(w->fd, "/", "");
	assert_int_equal(shutdown(w->fd, SHUT_WR), 0);
	expect_token(w);
	assert_true(rig_ended(w->fd));
	reconnect(w);
	/* Longer than a socket takes at once. */
	rig_write_text(w->fd, "GET /big.crl HTTP/1.1\r\nHost: t\r\n\r\n");
	assert_int_equal(shutdown(w->fd, SHUT_WR), 0);
	expect_status(w, 200);
	assert_int_equal(w->reply.body_len, 200000);
	assert_true(rig_ended(w->fd));
}

static void files_are_served_to_get_and_without_body_to_head(void **state)
{
	struct world *w = *state;

	rig_write_text(w->fd, "GET /big.crl?now HTTP/1.1\r\nHost: t\r\n\r\n");
	expect_status(w, 200);
	assert_string_equal(rig_header(&w->reply, "Content-Type"), "application/pkix-crl");
	assert_int_equal(w->reply.body_len, 200000);
	assert_int_equal(w->reply.body[199999], 'x');
	rig_write_text(w->fd, "HEAD / HTTP/1.1\r\nHost: t\r\n\r\n");
	rig_read(w->fd, true, &w->reply);
	assert_int_equal(w->reply.status, 200);
	assert_string_equal(rig_header(&w->reply, "Content-Length"), "11");
	rig_write_text(w->fd, "GET http://tsa.example/ HTTP/1.1\r\nHost: t\r\n\r\n");
	expect_status(w, 200); /* RFC 9112 3.2.2 */
	assert_memory_equal(w->reply.body, "<p>help</p>", 11);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void other_methods_are_405_and_name_what_is_allowed(void **state)
{
	static const struct {
		const char *line;
		const char *allow;
	} cases[] = {
		{ "GET /test", "POST" },
		{ "PUT /test", "POST" },
		{ "OPTIONS /test", "POST" },
		{ "DELETE /", "GET, HEAD, POST" },
		{ "PATCH /", "GET, HEAD, POST" },
		{ "BREW /", "GET, HEAD, POST" },
		{ "POST /big.crl", "GET, HEAD" },
		{ "TRACE /big.crl", "GET, HEAD" },
		{ "CONNECT /test", "POST" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char head[128];

		(void)snprintf(head, sizeof(head),
			"%s HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", cases[i].line);
		rig_write_text(w->fd, head);
		expect_status(w, 405);
		assert_string_equal(rig_header(&w->reply, "Allow"), cases[i].allow);
	}
	rig_post(w->fd, "/", "");
	expect_token(w);
}

/* evhttp itself never closes after this method. */
static void connect_is_a_method_like_others_and_its_connection_ends_where_it_is_said_to(
	void **state)
{
	struct world *w = *state;

	rig_write_text(w->fd, "CONNECT t:80 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
	expect_end_with(w, 405);
	rig_write_text(w->fd, "CONNECT / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n"
			      "Content-Length: 0\r\n\r\n");
	expect_end_with(w, 400);
}

static void an_unknown_path_is_404(void **state)
{
	static const char *const paths[] = { "/nothing", "/test/", "//", "//test", "/livez", "*",
		"/%2f" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		rig_post(w->fd, paths[i], "");
		expect_status(w, 404);
	}
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void a_post_without_length_or_chunks_is_411_and_ends(void **state)
{
	struct world *w = *state;

	rig_write_text(w->fd, "POST / HTTP/1.1\r\nHost: t\r\n\r\n");
	expect_end_with(w, 411);
	rig_write_text(w->fd, "POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect_end_with(w, 411);
}

static void framing_that_two_readers_could_read_differently_is_refused_and_ends(void **state)
{
	static const struct {
		const char *headers;
		int status;
	} cases[] = {
		{ "Content-Length: 0\r\nContent-Length: 0\r\n", 400 },
		{ "Content-Length: 0\r\nContent-Length: 5\r\n", 400 },
		{ "Content-Length: +0\r\n", 400 },
		{ "Content-Length: -1\r\n", 400 },
		{ "Content-Length: 0x0\r\n", 400 },
		{ "Content-Length: 0, 0\r\n", 400 },
		{ "Content-Length : 0\r\n", 400 },
		{ "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400 },
		{ "Content-Length: 0\r\nTransfer-Encoding: gzip\r\n", 400 },
		{ "Transfer-Encoding: gzip\r\n", 501 },
		{ "Transfer-Encoding: gzip, chunked\r\n", 501 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char head[256];

		(void)snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: t\r\n%s\r\n0\r\n\r\n",
			cases[i].headers);
		rig_write_text(w->fd, head);
		expect_end_with(w, cases[i].status);
	}
	rig_write_text(w->fd, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	expect_end_with(w, 400);
	/* evhttp leaves the body of a HEAD in the stream: it must not become a request. */
	rig_write_text(w->fd, "HEAD / HTTP/1.1\r\nContent-Length: 36\r\n\r\n"
			      "GET /big.crl HTTP/1.1\r\nHost: t\r\n\r\n");
	rig_read(w->fd, true, &w->reply);
	assert_int_equal(w->reply.status, 200);
	assert_true(rig_ended(w->fd));
}

static void what_is_no_http_is_400_and_other_versions_are_505(void **state)
{
	struct world *w = *state;

	rig_write_text(w->fd, "\x16\x03\x01\x02 TLS ClientHello\r\n\r\n");
	expect_end_with(w, 400);
	rig_write_text(w->fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	expect_end_with(w, 400);
	rig_write_text(w->fd, "GET / HTTP/0.9\r\n\r\n");
	expect_end_with(w, 505);
	rig_write_text(w->fd, "GET / HTTP/1.7\r\nHost: t\r\n\r\n");
	expect_status(w, 200);
	assert_memory_equal(w->reply.head, "HTTP/1.1 200", 12);
}

static void a_body_over_8_kib_is_413(void **state)
{
	struct world *w = *state;
	uint8_t *body = must_calloc(1, 70000);

	rig_post_body(w->fd, "/", body, TSP_MAX_REQUEST + 1);
	expect_status(w, 413);
	rig_post_body(w->fd, "/", body, 65536);
	expect_status(w, 413);
	rig_post(w->fd, "/", "");
	expect_token(w);
	rig_post_body(w->fd, "/", body, 65537); /* evhttp's own answer (R30) */
	expect_end_with(w, 413);
	free(body);
}

static void a_head_over_8_kib_is_refused_and_ends(void **state)
{
	struct world *w = *state;
	char *head = must_calloc(1, 9001);

	memset(head, 'a', 9000);
	rig_write_text(w->fd, "GET / HTTP/1.1\r\nX: ");
	rig_write_text(w->fd, head);
	rig_write_text(w->fd, "\r\n\r\n");
	expect_end_with(w, 400);
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
		WORLD_TEST(a_token_is_an_http_200_of_the_registered_type_with_length_and_date),
		WORLD_TEST(http_1_1_keeps_the_connection),
		WORLD_TEST(connection_close_is_obeyed_also_in_a_list),
		WORLD_TEST(http_1_0_gets_a_length_and_the_end_of_the_connection),
		WORLD_TEST(http_1_0_keep_alive_is_granted_openly),
		WORLD_TEST(a_chunked_body_is_served),
		WORLD_TEST(a_chunk_whose_size_is_none_is_refused_and_ends),
		WORLD_TEST(expect_100_continue_is_answered_before_the_body),
		WORLD_TEST(any_content_type_and_none_is_served_if_the_body_is_a_request),
		WORLD_TEST(a_byte_at_a_time_is_served),
		WORLD_TEST(pipelined_requests_are_answered_in_order),
		WORLD_TEST(a_client_that_has_shut_down_its_side_gets_its_answer),
		WORLD_TEST(files_are_served_to_get_and_without_body_to_head),
		WORLD_TEST(other_methods_are_405_and_name_what_is_allowed),
		WORLD_TEST(
			connect_is_a_method_like_others_and_its_connection_ends_where_it_is_said_to),
		WORLD_TEST(an_unknown_path_is_404),
		WORLD_TEST(a_post_without_length_or_chunks_is_411_and_ends),
		WORLD_TEST(framing_that_two_readers_could_read_differently_is_refused_and_ends),
		WORLD_TEST(what_is_no_http_is_400_and_other_versions_are_505),
		WORLD_TEST(a_body_over_8_kib_is_413),
		WORLD_TEST(a_head_over_8_kib_is_refused_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
