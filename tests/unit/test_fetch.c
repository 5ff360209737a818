/*
 * What --fetch asks for, and how often, against an HTTP server in a process of its own; and which
 * URLs of a certificate are asked at all.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>

#include "make_certificate.h"
#include "tools/pem/pointers.h"
#include "tools/verify/fetch.h"

enum { BIG = 100000 };

struct world {
	pid_t server;
	unsigned port;
	struct fetch *fetch;
	char url[64];
};

/* --- the server ------------------------------------------------------------------------------ */

static void send_more(struct evhttp_connection *connection, void *arg)
{
	static const char more[4096];
	struct evbuffer *out = evbuffer_new();

	(void)connection;
	(void)evbuffer_add(out, more, sizeof(more));
	evhttp_send_reply_chunk_with_cb(arg, out, send_more, arg);
	evbuffer_free(out);
}

/* "/slow" is never answered, "/endless" never to its end; else how many requests there were. */
static void serve(struct evhttp_request *request, void *arg)
{
	const char *uri = evhttp_request_get_uri(request);
	unsigned *count = arg;
	struct evbuffer *out;

	(*count)++;
	if (strcmp(uri, "/slow") == 0)
		return;
	if (strcmp(uri, "/endless") == 0) {
		evhttp_send_reply_start(request, 200, "OK");
		send_more(NULL, request);
		return;
	}
	out = evbuffer_new();
	if (strcmp(uri, "/big") == 0)
		for (unsigned i = 0; i < BIG / 10; i++)
			(void)evbuffer_add(out, "0123456789", 10);
	else if (strcmp(uri, "/empty") != 0)
		(void)evbuffer_add_printf(out, "%u", *count);
	evhttp_send_reply(request, 200, "OK", out);
	evbuffer_free(out);
}

static _Noreturn void run_server(int tell)
{
	struct event_base *base = event_base_new();
	struct evhttp *server = evhttp_new(base);
	struct evhttp_bound_socket *bound;
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);
	unsigned count = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	evhttp_set_gencb(server, serve, &count);
	bound = evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
	if (bound == NULL ||
		getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &len) != 0 ||
		write(tell, &at.sin_port, sizeof(at.sin_port)) != sizeof(at.sin_port))
		_exit(1);
	(void)event_base_dispatch(base);
	_exit(0);
}

static int set_up(void **state)
{
	static const struct http_settings settings = { .agent = "test", .timeout_s = 1 };
	struct world *w = calloc(1, sizeof(*w));
	struct err err = { 0 };
	uint16_t port;
	int tell[2];

	assert_non_null(w);
	assert_int_equal(pipe(tell), 0);
	w->server = fork();
	assert_true(w->server >= 0);
	if (w->server == 0)
		run_server(tell[1]);
	assert_int_equal(read(tell[0], &port, sizeof(port)), sizeof(port));
	(void)close(tell[0]);
	(void)close(tell[1]);
	w->port = ntohs(port);
	w->fetch = fetch_new(&settings, &err);
	assert_non_null(w->fetch);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	fetch_free(w->fetch);
	(void)kill(w->server, SIGKILL);
	(void)waitpid(w->server, NULL, 0);
	free(w);
	return 0;
}

static const char *url_of(struct world *w, const char *path)
{
	(void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u/%s", w->port, path);
	return w->url;
}

static void assert_text(const struct fetched *document, const char *text)
{
	assert_non_null(document);
	if (!bytes_equal(buf_view(&document->octets), bytes_of_text(text)))
		fail_msg("wanted %s, found %.*s (%s)", text, (int)document->octets.len,
			(const char *)document->octets.at, document->why.text);
}

/* --- documents ------------------------------------------------------------------------------- */

static void a_url_is_asked_once(void **state)
{
	struct world *w = *state;
	int64_t when = 0;

	assert_text(fetch_get(w->fetch, url_of(w, "a"), 100), "1");
	assert_text(fetch_get(w->fetch, url_of(w, "a"), 100), "1");
	fetch_begin(w->fetch);
	assert_text(fetch_get(w->fetch, url_of(w, "a"), 100), "1");
	assert_text(fetch_get(w->fetch, url_of(w, "b"), 100), "2");
	assert_true(fetch_when(w->fetch, url_of(w, "a"), &when));
	assert_true(when > 0);
	assert_false(fetch_when(w->fetch, url_of(w, "never"), &when));
}

static void so_is_what_failed(void **state)
{
	struct world *w = *state;
	struct fetched *document = fetch_get(w->fetch, url_of(w, "empty"), 100);

	assert_non_null(document);
	assert_int_equal(document->octets.len, 0);
	assert_string_equal(document->why.text, "the answer must not be empty: is");
	assert_ptr_equal(fetch_get(w->fetch, url_of(w, "empty"), 100), document);
	assert_text(fetch_get(w->fetch, url_of(w, "a"), 100), "2");
}

static void each_request_posted_is_another_document(void **state)
{
	struct world *w = *state;
	struct bytes one = bytes_of_text("one"), two = bytes_of_text("two");

	assert_text(fetch_get(w->fetch, url_of(w, "a"), 100), "1");
	assert_text(fetch_post(w->fetch, url_of(w, "a"), "text/plain", one, 100), "2");
	assert_text(fetch_post(w->fetch, url_of(w, "a"), "text/plain", two, 100), "3");
	assert_text(fetch_post(w->fetch, url_of(w, "a"), "text/plain", one, 100), "2");
}

static void a_token_has_so_many_exchanges(void **state)
{
	struct world *w = *state;
	char path[32];

	fetch_begin(w->fetch);
	for (unsigned i = 0; i < FETCH_MAX_PER_TOKEN; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		assert_non_null(fetch_get(w->fetch, url_of(w, path), 100));
	}
	assert_null(fetch_get(w->fetch, url_of(w, "more"), 100));
	assert_text(fetch_get(w->fetch, url_of(w, "0"), 100), "1");
	fetch_begin(w->fetch);
	assert_text(fetch_get(w->fetch, url_of(w, "more"), 100), "33");
}

static void what_is_too_long_is_not_taken(void **state)
{
	struct world *w = *state;
	const struct fetched *document = fetch_get(w->fetch, url_of(w, "big"), BIG - 1);

	assert_int_equal(document->octets.len, 0);
	assert_non_null(strstr(document->why.text, "at most 99999 bytes"));
	document = fetch_get(w->fetch, url_of(w, "endless"), BIG);
	assert_int_equal(document->octets.len, 0);
	if (strstr(document->why.text, "at most 100000 bytes") == NULL)
		fail_msg("%s", document->why.text);
}

static void who_does_not_answer_is_not_waited_for(void **state)
{
	struct world *w = *state;
	const struct fetched *document = fetch_get(w->fetch, url_of(w, "slow"), 100);

	assert_int_equal(document->octets.len, 0);
	assert_non_null(strstr(document->why.text, "no complete answer in 1 s"));
}

static void other_schemes_are_not_asked(void **state)
{
	struct world *w = *state;
	const struct fetched *document = fetch_get(w->fetch, "file:///etc/passwd", 100);

	assert_int_equal(document->octets.len, 0);
	assert_non_null(strstr(document->why.text, "must begin with http://"));
}

/* --- a certificate's pointers ---------------------------------------------------------------- */

static X509 *pointing(const char *crls, const char *access)
{
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *certificate = make_certificate(&(struct make_certificate){ .common_name = "pointing",
		.key = key,
		.issuer_key = key,
		.not_after = 2000000000,
		.extensions = {
			{ "crlDistributionPoints", crls }, { "authorityInfoAccess", access } } });

	EVP_PKEY_free(key);
	return certificate;
}

static void urls_are_read_by_what_they_are_for(void **state)
{
	X509 *certificate = pointing("URI:ldap://x/a,URI:http://x/a.crl,URI:HTTPS://x/b.crl",
		"caIssuers;URI:http://x/ca,OCSP;URI:http://x/ocsp,caIssuers;DNS:x");
	struct pointers found;

	(void)state;
	pointers_read(certificate, POINTER_CRL, &found);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.urls[0], "http://x/a.crl");
	assert_string_equal(found.urls[1], "HTTPS://x/b.crl");
	pointers_free(&found);
	pointers_read(certificate, POINTER_ISSUER, &found);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.urls[0], "http://x/ca");
	pointers_free(&found);
	pointers_read(certificate, POINTER_OCSP, &found);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.urls[0], "http://x/ocsp");
	pointers_free(&found);
	X509_free(certificate);
}

static void of_too_many_urls_the_first_are_read(void **state)
{
	X509 *certificate = pointing("URI:http://x/1,URI:http://x/2,URI:http://x/3,URI:http://x/4,"
				     "URI:http://x/5,URI:http://x/6,URI:http://x/7,URI:http://x/8,"
				     "URI:http://x/9",
		"OCSP;DNS:x");
	struct pointers found;

	(void)state;
	pointers_read(certificate, POINTER_CRL, &found);
	assert_int_equal(found.count, POINTERS_MAX);
	assert_string_equal(found.urls[POINTERS_MAX - 1], "http://x/8");
	pointers_free(&found);
	pointers_read(certificate, POINTER_OCSP, &found);
	assert_int_equal(found.count, 0);
	pointers_free(&found);
	X509_free(certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_url_is_asked_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(so_is_what_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_request_posted_is_another_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_token_has_so_many_exchanges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_too_long_is_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_does_not_answer_is_not_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_schemes_are_not_asked, set_up, tear_down),
		cmocka_unit_test(urls_are_read_by_what_they_are_for),
		cmocka_unit_test(of_too_many_urls_the_first_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
