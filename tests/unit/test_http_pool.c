/*
 * The tools' HTTP client against libevent's HTTP server in the same loop.  getaddrinfo() is
 * wrapped: a name with several addresses is not something every machine has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netdb.h>

#include "tools/http/fetch.h"

int __real_getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **all);
int __wrap_getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **all);

/* "first-A-then-B": those two addresses; anything else is looked up. */
int __wrap_getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **all)
{
	char first[32] = "", then[32] = "";

	if (node == NULL || sscanf(node, "first-%31[0-9.]-then-%31[0-9.]", first, then) != 2)
		return __real_getaddrinfo(node, service, hints, all);
	assert_int_equal(__real_getaddrinfo(first, service, hints, all), 0);
	return __real_getaddrinfo(then, service, hints, &(*all)->ai_next);
}

struct world {
	struct event_base *base;
	struct evhttp *server;
	unsigned port;
	unsigned served;
	const struct evhttp_connection *seen[8];
	size_t seen_count;
	char host[64]; /* of the last request */
	char agent[64];
	char type[64];
	char body[64];
	enum evhttp_cmd_type method;
	/* what came back */
	unsigned done;
	struct http_answer answer;
	char text[64];
};

static void note(struct evhttp_request *req, const char *name, char out[64])
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(req), name);

	(void)snprintf(out, 64, "%s", value == NULL ? "" : value);
}

static void note_connection(struct world *w, const struct evhttp_connection *connection)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (w->seen[i] == connection)
			return;
	assert_true(w->seen_count < sizeof(w->seen) / sizeof(w->seen[0]));
	w->seen[w->seen_count++] = connection;
}

static void serve(struct evhttp_request *req, void *arg)
{
	struct world *w = arg;
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	struct evbuffer *out = evbuffer_new();
	int n = evbuffer_copyout(in, w->body, sizeof(w->body) - 1) > 0
			? (int)evbuffer_get_length(in)
			: 0;

	w->body[n] = '\0';
	w->served++;
	note_connection(w, evhttp_request_get_connection(req));
	w->method = evhttp_request_get_command(req);
	note(req, "Host", w->host);
	note(req, "User-Agent", w->agent);
	note(req, "Content-Type", w->type);
	(void)evhttp_add_header(
		evhttp_request_get_output_headers(req), "Content-Type", "text/x-\x01\x80test");
	(void)evbuffer_add_printf(out, "hello");
	if (strcmp(evhttp_request_get_uri(req), "/gone") == 0)
		evhttp_send_reply(req, 410, "Gone", out);
	else
		evhttp_send_reply(req, 200, "OK", out);
	evbuffer_free(out);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct evhttp_bound_socket *bound;
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	w->base = event_base_new();
	w->server = evhttp_new(w->base);
	evhttp_set_gencb(w->server, serve, w);
	bound = evhttp_bind_socket_with_handle(w->server, "127.0.0.1", 0);
	assert_non_null(bound);
	assert_int_equal(
		getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &len), 0);
	w->port = ntohs(at.sin_port);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	evhttp_free(w->server);
	event_base_free(w->base);
	free(w);
	return 0;
}

static const struct http_settings settings = {
	.agent = "test/1", .timeout_s = 20, .connections = 2, .max_body = 100
};

static struct http_pool *pool_of(struct world *w, const char *host)
{
	struct err err = { 0 };
	struct http_url url;
	char text[128];
	struct http_pool *pool;

	(void)snprintf(text, sizeof(text), "http://%s:%u/path", host, w->port);
	assert_true(http_url_parse(text, &url, &err));
	pool = http_pool_new(w->base, &url, &settings, &err);
	assert_non_null(pool);
	return pool;
}

static void on_done(const struct http_answer *answer, void *arg)
{
	struct world *w = arg;

	w->done++;
	w->answer = *answer;
	(void)snprintf(w->text, sizeof(w->text), "%.*s", (int)answer->body.len,
		answer->body.at == NULL ? "" : (const char *)answer->body.at);
}

/* The answers to ask, count times, as many at once as there is room. */
static void ask_all(struct world *w, struct http_pool *pool, unsigned count, const char *body)
{
	const struct http_ask ask = {
		.target = "/path",
		.type = "text/plain",
		.body = bytes_of_text(body),
	};

	w->done = 0;
	for (unsigned asked = 0; w->done < count;) {
		for (; asked < count && http_pool_room(pool) > 0; asked++)
			http_pool_ask(pool, &ask, on_done, w);
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	}
}

static void asks_with_get_and_post(void **state)
{
	struct world *w = *state;
	struct http_pool *pool = pool_of(w, "127.0.0.1");
	char host[64];

	ask_all(w, pool, 1, "");
	assert_int_equal(w->answer.outcome, HTTP_ANSWERED);
	assert_int_equal(w->answer.status, 200);
	assert_string_equal(w->text, "hello");
	assert_string_equal(w->answer.type, "text/x-??test"); /* fit to be printed */
	assert_int_equal(w->method, EVHTTP_REQ_GET);
	assert_string_equal(w->agent, "test/1");
	(void)snprintf(host, sizeof(host), "127.0.0.1:%u", w->port);
	assert_string_equal(w->host, host);
	ask_all(w, pool, 1, "body");
	assert_int_equal(w->method, EVHTTP_REQ_POST);
	assert_string_equal(w->type, "text/plain");
	assert_string_equal(w->body, "body");
	http_pool_free(pool);
}

static void asks_as_many_as_there_is_room_for(void **state)
{
	struct world *w = *state;
	struct http_pool *pool = pool_of(w, "127.0.0.1");

	assert_int_equal(http_pool_room(pool), 2);
	ask_all(w, pool, 50, "body");
	assert_int_equal(w->served, 50);
	assert_int_equal(w->seen_count, 2);
	assert_int_equal(http_pool_room(pool), 2);
	http_pool_free(pool);
}

static void goes_on_to_the_next_address(void **state)
{
	struct world *w = *state;
	/* nobody listens on 127.0.0.2 */
	struct http_pool *pool = pool_of(w, "first-127.0.0.2-then-127.0.0.1");

	ask_all(w, pool, 10, "body");
	assert_int_equal(w->answer.outcome, HTTP_ANSWERED);
	assert_int_equal(w->served, 10);
	/* by name, whatever the address */
	assert_int_equal(strncmp(w->host, "first-127.0.0.2-then-127.0.0.1:", 31), 0);
	http_pool_free(pool);
}

static void says_when_no_address_answers(void **state)
{
	struct world *w = *state;
	struct http_pool *pool = pool_of(w, "first-127.0.0.2-then-127.0.0.3");

	ask_all(w, pool, 3, "body");
	assert_int_equal(w->answer.outcome, HTTP_UNREACHABLE);
	assert_non_null(strstr(w->answer.why, "Connection refused"));
	assert_int_equal(w->served, 0);
	http_pool_free(pool);
}

static void ends_what_is_under_way_with_the_pool(void **state)
{
	struct world *w = *state;
	struct http_pool *pool = pool_of(w, "127.0.0.1");
	const struct http_ask ask = { .target = "/path" };

	http_pool_ask(pool, &ask, on_done, w);
	http_pool_ask(pool, &ask, on_done, w);
	assert_int_equal(http_pool_room(pool), 0);
	http_pool_free(pool);
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 0);
	assert_int_equal(w->done, 0);
}

static void fetches_a_document(void **state)
{
	struct world *w = *state;
	struct http_settings small = settings;
	struct buf body = { 0 };
	struct err err = { 0 };
	char url[64];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/document", w->port);
	assert_true(http_fetch(w->base, url, &settings, &body, &err));
	assert_int_equal(body.len, 5);
	buf_free(&body);
	small.max_body = 4;
	body = (struct buf){ 0 };
	assert_false(http_fetch(w->base, url, &small, &body, &err));
	assert_non_null(strstr(err.text, "at most 4 bytes"));
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/gone", w->port);
	assert_false(http_fetch(w->base, url, &settings, &body, &err));
	assert_string_equal(err.text, "HTTP status must be 200: is 410");
	assert_false(http_fetch(w->base, "ldap://127.0.0.1/x", &settings, &body, &err));
	assert_int_equal(body.len, 0);
	buf_free(&body);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(asks_with_get_and_post),
		WITH_SERVER(asks_as_many_as_there_is_room_for),
		WITH_SERVER(goes_on_to_the_next_address),
		WITH_SERVER(says_when_no_address_answers),
		WITH_SERVER(ends_what_is_under_way_with_the_pool),
		WITH_SERVER(fetches_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
