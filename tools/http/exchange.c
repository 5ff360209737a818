/*
 * One exchange on one connection: connect (to each address in turn), send, take the answer, all
 * before a deadline.
 *
 * evhttp connects again by itself where it can, but not over TLS (the session is used up), and it
 * connects to one address only; so a connection that ended, however, is freed here and made anew.
 * evhttp's callbacks only write down what happened; the event "turn" acts on it.
 */
#include "pool_part.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

#include "tools/http/tls.h"

/* What evhttp says happened: its own codes, and those. */
enum { EXCHANGE_ANSWERED = -1, EXCHANGE_NOT_CONNECTED = -2, EXCHANGE_NOT_BEGUN = -3 };

enum { EVHTTP_GRACE_S = 10 }; /* our deadline comes before evhttp's own */

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_turn(evutil_socket_t fd, short what, void *arg);

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool exchange_init(struct http_connection *c, struct http_pool *pool, struct err *err)
{
	c->pool = pool;
	c->timer = evtimer_new(pool->base, on_timer, c);
	c->turn = event_new(pool->base, -1, 0, on_turn, c);
	return (c->timer != NULL && c->turn != NULL) || err_set(err, "event: out of memory");
}

/* Never from within a callback of evhttp. */
static void drop(struct http_connection *c)
{
	if (c->evcon != NULL) {
		evhttp_connection_set_closecb(c->evcon, NULL, NULL);
		evhttp_connection_free(c->evcon);
	}
	SSL_free(c->session);
	c->evcon = NULL;
	c->session = NULL;
	c->kept = false;
	c->closed = false;
}

void exchange_wipe(struct http_connection *c)
{
	drop(c);
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->turn != NULL)
		event_free(c->turn);
	buf_free(&c->body);
}

static void on_closed(struct evhttp_connection *evcon, void *arg)
{
	struct http_connection *c = arg;

	(void)evcon;
	c->closed = true;
}

static struct bufferevent *new_socket(struct http_connection *c, struct err *err)
{
	struct http_pool *pool = c->pool;
	const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

	if (pool->tls == NULL)
		return bufferevent_socket_new(pool->base, -1, options);
	c->session = http_tls_session(pool->tls, &pool->url, err);
	if (c->session == NULL || SSL_up_ref(c->session) != 1)
		return NULL;
	return bufferevent_openssl_socket_new(
		pool->base, -1, c->session, BUFFEREVENT_SSL_CONNECTING, options);
}

static bool open_connection(struct http_connection *c, struct err *err)
{
	struct http_pool *pool = c->pool;
	struct bufferevent *socket = new_socket(c, err);

	if (socket == NULL)
		return false;
	c->evcon = evhttp_connection_base_bufferevent_new(
		pool->base, NULL, socket, pool->addresses[c->address], pool->url.port);
	if (c->evcon == NULL) {
		bufferevent_free(socket);
		return false;
	}
	evhttp_connection_set_timeout(c->evcon, (int)pool->settings.timeout_s + EVHTTP_GRACE_S);
	evhttp_connection_set_max_headers_size(c->evcon, HTTP_MAX_HEAD);
	evhttp_connection_set_max_body_size(c->evcon, (ev_ssize_t)pool->settings.max_body);
	evhttp_connection_set_closecb(c->evcon, on_closed, c);
	return true;
}

/* --- what evhttp says ------------------------------------------------------------------------ */

static void on_error(enum evhttp_request_error error, void *arg)
{
	struct http_connection *c = arg;

	c->failure = (int)error;
}

/* A header's value, made fit to be printed. */
static void take_field(struct evhttp_request *reply, const char *name, char out[HTTP_MAX_FIELD])
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(reply), name);
	size_t i = 0;

	for (; value != NULL && value[i] != '\0' && i + 1 < HTTP_MAX_FIELD; i++)
		out[i] = (char)(value[i] >= ' ' && value[i] <= '~' ? value[i] : '?');
	out[i] = '\0';
}

static void take_answer(struct http_connection *c, struct evhttp_request *reply)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(reply);
	size_t len = evbuffer_get_length(in);

	c->failure = EXCHANGE_ANSWERED;
	c->answer.outcome = HTTP_ANSWERED;
	c->answer.status = evhttp_request_get_response_code(reply);
	take_field(reply, "Content-Type", c->answer.type);
	take_field(reply, "Location", c->answer.location);
	take_field(reply, "Retry-After", c->answer.retry_after);
	if (len > 0)
		buf_append(&c->body, (struct bytes){ evbuffer_pullup(in, -1), len });
}

/* reply: NULL after on_error; without a status if there was no connection. */
static void on_reply(struct evhttp_request *reply, void *arg)
{
	struct http_connection *c = arg;

	c->error = errno;
	if (reply != NULL && evhttp_request_get_response_code(reply) != 0)
		take_answer(c, reply);
	else if (reply != NULL)
		c->failure = EXCHANGE_NOT_CONNECTED;
	event_active(c->turn, EV_TIMEOUT, 0);
}

/* --- sending --------------------------------------------------------------------------------- */

static bool set_headers(struct http_connection *c, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char length[24];

	if (evhttp_add_header(headers, "Host", c->pool->url.authority) != 0 ||
		evhttp_add_header(headers, "User-Agent", c->pool->settings.agent) != 0)
		return false;
	if (c->ask.body.len == 0)
		return true;
	(void)snprintf(length, sizeof(length), "%zu", c->ask.body.len);
	return evhttp_add_header(headers, "Content-Type", c->ask.type) == 0 &&
	       evhttp_add_header(headers, "Content-Length", length) == 0 &&
	       evbuffer_add(evhttp_request_get_output_buffer(request), c->ask.body.at,
		       c->ask.body.len) == 0;
}

static bool send_request(struct http_connection *c, struct err *err)
{
	struct evhttp_request *request = NULL;

	if (c->evcon == NULL && !open_connection(c, err))
		return false;
	request = evhttp_request_new(on_reply, c);
	if (request == NULL)
		return false;
	evhttp_request_set_error_cb(request, on_error);
	if (!set_headers(c, request)) {
		evhttp_request_free(request);
		return false;
	}
	return evhttp_make_request(c->evcon, request,
		       c->ask.body.len == 0 ? EVHTTP_REQ_GET : EVHTTP_REQ_POST, c->ask.target) == 0;
}

static void set_timer(struct http_connection *c, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(c->timer, &tv);
}

/* To the present address, or on the connection that is there. */
static void attempt(struct http_connection *c)
{
	struct err err = { "out of memory" };
	int64_t left = c->deadline_ms - now_ms();

	/* An address that swallows everything must leave time for the others. */
	if (!c->kept && c->tried < c->pool->address_count)
		left /= (int64_t)(c->pool->address_count - c->tried);
	c->tried++;
	c->failure = EXCHANGE_NOT_BEGUN;
	c->answer = (struct http_answer){ .outcome = HTTP_UNREACHABLE };
	set_timer(c, left > 0 ? left : 0);
	if (send_request(c, &err))
		return;
	(void)snprintf(c->answer.why, sizeof(c->answer.why), "%.300s", err.text);
	c->failure = EXCHANGE_NOT_BEGUN;
	c->tried = c->pool->address_count;
	event_active(c->turn, EV_TIMEOUT, 0);
}

void exchange_begin(struct http_connection *c)
{
	c->busy = true;
	c->deadline_ms = now_ms() + (int64_t)c->pool->settings.timeout_s * 1000;
	c->tried = 0;
	if (c->closed)
		drop(c);
	if (c->evcon == NULL)
		c->address = c->pool->good;
	attempt(c);
}

/* --- the end --------------------------------------------------------------------------------- */

static void finish(struct http_connection *c)
{
	struct http_answer answer = c->answer;
	struct buf body = c->body;

	c->body = (struct buf){ 0 };
	c->busy = false;
	answer.body = buf_view(&body);
	(void)event_del(c->timer);
	(void)event_del(c->turn);
	c->done(&answer, c->arg);
	buf_free(&body);
}

__attribute__((format(printf, 3, 4))) static void explain(
	struct http_connection *c, enum http_outcome outcome, const char *fmt, ...)
{
	va_list args;

	c->answer.outcome = outcome;
	va_start(args, fmt);
	(void)vsnprintf(c->answer.why, sizeof(c->answer.why), fmt, args);
	va_end(args);
}

static const char *address_of(const struct http_connection *c)
{
	return c->pool->addresses[c->address];
}

/* Errors that only a connection which never was can have. */
static bool is_connecting_error(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
	case EADDRNOTAVAIL:
	case EACCES:
	case EPERM:
		return true;
	default:
		return false;
	}
}

static void explain_tls(struct http_connection *c)
{
	struct bufferevent *socket = evhttp_connection_get_bufferevent(c->evcon);
	long verdict = SSL_get_verify_result(c->session);
	unsigned long error = bufferevent_get_openssl_error(socket);
	const char *reason = error == 0 ? NULL : ERR_reason_error_string(error);

	if (verdict != X509_V_OK)
		explain(c, HTTP_UNTRUSTED, "certificate of %s: must be good for that name: %s",
			c->pool->url.host, X509_verify_cert_error_string(verdict));
	else
		explain(c, HTTP_UNREACHABLE, "%s port %u: TLS: %s", address_of(c),
			(unsigned)c->pool->url.port,
			reason != NULL ? reason : "the connection was closed");
}

static void explain_end(struct http_connection *c)
{
	unsigned port = c->pool->url.port;
	bool connecting = c->failure == EXCHANGE_NOT_CONNECTED || is_connecting_error(c->error);

	if (c->session != NULL && !SSL_is_init_finished(c->session) && !connecting)
		explain_tls(c);
	else if (connecting)
		explain(c, HTTP_UNREACHABLE, "%s port %u: %s", address_of(c), port,
			strerror(is_connecting_error(c->error) ? c->error : ECONNREFUSED));
	else if (c->error == ECONNRESET || c->error == EPIPE)
		explain(c, HTTP_BROKEN, "%s port %u: %s", address_of(c), port, strerror(c->error));
	else
		explain(c, HTTP_BROKEN,
			"%s port %u: the connection was closed before the answer was complete",
			address_of(c), port);
}

static void explain_failure(struct http_connection *c)
{
	switch (c->failure) {
	case EXCHANGE_NOT_BEGUN:
		break; /* why is there already */
	case EVREQ_HTTP_TIMEOUT:
		explain(c, HTTP_SLOW, "no answer in %u s", c->pool->settings.timeout_s);
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		explain(c, HTTP_UNFIT, "what came is no HTTP answer");
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		explain(c, HTTP_UNFIT, "the answer must have at most %zu bytes: has more",
			c->pool->settings.max_body);
		break;
	default:
		explain_end(c);
	}
}

/* A server may close a connection it kept just when the next request is under way. */
static bool was_closed_unread(const struct http_connection *c)
{
	return c->kept && (c->failure == EVREQ_HTTP_EOF || c->failure == EVREQ_HTTP_BUFFER_ERROR);
}

static bool try_next_address(struct http_connection *c)
{
	if (c->answer.outcome != HTTP_UNREACHABLE || c->tried >= c->pool->address_count)
		return false;
	drop(c);
	c->address = (c->address + 1) % c->pool->address_count;
	attempt(c);
	return true;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *c = arg;

	(void)fd;
	(void)what;
	if (c->failure == EXCHANGE_ANSWERED) {
		c->kept = true;
		c->pool->good = c->address;
		finish(c);
		return;
	}
	if (was_closed_unread(c)) {
		drop(c);
		c->tried = 0;
		attempt(c);
		return;
	}
	explain_failure(c);
	if (try_next_address(c))
		return;
	drop(c);
	finish(c);
}

static bool is_connected(const struct http_connection *c)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return c->evcon != NULL &&
	       getpeername(bufferevent_getfd(evhttp_connection_get_bufferevent(c->evcon)),
		       (struct sockaddr *)&peer, &len) == 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_connection *c = arg;
	int64_t left = c->deadline_ms - now_ms();

	(void)fd;
	(void)what;
	if (is_connected(c) && left > 0) {
		set_timer(c, left);
		return;
	}
	if (is_connected(c))
		explain(c, HTTP_SLOW, "%s port %u: no complete answer in %u s", address_of(c),
			(unsigned)c->pool->url.port, c->pool->settings.timeout_s);
	else
		explain(c, HTTP_UNREACHABLE, "%s port %u: no connection in time", address_of(c),
			(unsigned)c->pool->url.port);
	if (try_next_address(c))
		return;
	drop(c);
	finish(c);
}
