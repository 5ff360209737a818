/* Owns the evhttp server, the limits it runs under and the form of every answer. */
#include "tsa/front/http.h"

#include <stdio.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "tsa/core/log.h"
#include "tsa/front/admit.h"
#include "tsa/front/pages.h"
#include "tsa/front/route.h"

enum {
	MAX_HEAD = 8 * 1024, /* request line and headers */
	MAX_BODY = 64 * 1024, /* evhttp's own; ours is TSP_MAX_REQUEST and answers 413 (R30) */
	ALL_METHODS = 0xffff, /* also the ones evhttp does not know: 405 is ours */
	MAX_LINE = 512,
};

static void on_request(struct evhttp_request *request, void *arg)
{
	struct conn *conn = admit_conn(arg, request);

	conn->request = request;
	route_request(conn);
}

bool http_start(struct front *front, struct err *err)
{
	struct event_config *config = event_config_new();

	/*
	 * A change list saves epoll_ctl calls where interest goes on and off in one turn, as it
	 * does for each request; its one fault concerns descriptors that are duplicates.
	 */
	if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) != 0 ||
		event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) != 0 ||
		event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) != 0) {
		(void)err_set(err, "front: libevent gives no configuration");
		goto out;
	}
	front->base = event_base_new_with_config(config);
	front->http = front->base == NULL ? NULL : evhttp_new(front->base);
	if (front->http == NULL) {
		(void)err_set(err, "front: libevent gives no server");
		goto out;
	}
	evhttp_set_allowed_methods(front->http, ALL_METHODS);
	evhttp_set_max_headers_size(front->http, MAX_HEAD);
	evhttp_set_max_body_size(front->http, MAX_BODY);
	if (evhttp_set_flags(front->http, EVHTTP_SERVER_LINGERING_CLOSE) != 0)
		(void)err_set(err, "front: evhttp has no lingering close");
	evhttp_set_gencb(front->http, on_request, front);
out:
	if (config != NULL)
		event_config_free(config);
	return err->text[0] == '\0';
}

/* RFC 9110 6.6.1; made once a second. evhttp adds one only to HTTP/1.1. */
static const char *date_now(struct date *date)
{
	struct timespec now;
	struct tm utc;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != date->second) {
		(void)gmtime_r(&now.tv_sec, &utc);
		(void)evutil_date_rfc1123(date->text, sizeof(date->text), &utc);
		date->second = now.tv_sec;
	}
	return date->text;
}

/* evhttp gave the whole answer to the kernel; it closes the connection next, or reads on. */
static void on_sent(struct evhttp_request *request, void *arg)
{
	struct conn *conn = arg;

	(void)request;
	conn->request = NULL;
	if (evbuffer_get_length(bufferevent_get_input(conn->stream)) > 0)
		admit_become(conn, CONN_READING); /* pipelined */
	else
		admit_become(conn, CONN_IDLE);
}

static void put_header(struct conn *conn, const char *name, const char *value)
{
	if (evhttp_add_header(evhttp_request_get_output_headers(conn->request), name, value) != 0)
		BUG("evhttp refuses the header %s", name);
}

static void put_number(struct conn *conn, const char *name, size_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%zu", number);
	put_header(conn, name, text);
}

static void put_headers(struct conn *conn, const struct answer *answer)
{
	put_header(conn, "Date", date_now(&conn->front->date));
	put_header(conn, "Content-Type", answer->type);
	put_number(conn, "Content-Length", answer->body.len);
	if (answer->allow != NULL)
		put_header(conn, "Allow", answer->allow);
	if (answer->retry_after_s > 0)
		put_number(conn, "Retry-After", answer->retry_after_s);
	if (conn->must_close || conn->front->draining) {
		/* evhttp would tell an HTTP/1.0 client that asked for it keep-alive as well. */
		(void)evhttp_remove_header(
			evhttp_request_get_input_headers(conn->request), "Connection");
		put_header(conn, "Connection", "close");
	}
}

static void on_page_sent(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	pages_release(arg);
}

static void put_body(struct conn *conn, const struct answer *answer)
{
	struct evbuffer *out = evhttp_request_get_output_buffer(conn->request);
	int result;

	if (answer->body.len == 0 || evhttp_request_get_command(conn->request) == EVHTTP_REQ_HEAD)
		return;
	if (answer->pages != NULL)
		result = evbuffer_add_reference(out, answer->body.at, answer->body.len,
			on_page_sent, pages_hold(answer->pages));
	else
		result = evbuffer_add(out, answer->body.at, answer->body.len);
	if (result != 0)
		BUG("libevent: no memory");
}

/* 200 is tsad's to count. */
static void count_answer(struct conn *conn, const struct answer *answer)
{
	if (answer->counted)
		return;
	if (answer->status == HTTP_TOO_MANY_REQUESTS)
		front_count(conn->front, MSG_COUNT_LIMITED);
	else if (answer->status == HTTP_SERVUNAVAIL)
		front_count(conn->front, MSG_COUNT_OVERLOAD);
	else if (answer->status >= HTTP_BADREQUEST)
		front_count(conn->front, MSG_COUNT_FAULTY);
}

void http_answer(struct conn *conn, const struct answer *answer)
{
	count_answer(conn, answer);
	put_headers(conn, answer);
	put_body(conn, answer);
	evhttp_request_set_on_complete_cb(conn->request, on_sent, conn);
	admit_become(conn, CONN_WRITING);
	/* evhttp 2.1 has no words for 429 (RFC 6585 4). */
	evhttp_send_reply(conn->request, answer->status,
		answer->status == HTTP_TOO_MANY_REQUESTS ? "Too Many Requests" : NULL, NULL);
	/*
	 * evhttp reads while it writes, to learn of a close: it would drop the rest of an answer
	 * to a client that has shut down its side (allowed), and store without bound what a
	 * client sends that does not take its answer. The deadline of CONN_WRITING ends both.
	 */
	(void)bufferevent_disable(conn->stream, EV_READ);
}

const char *http_header(const struct conn *conn, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(conn->request), name);
}

void http_answer_text(struct conn *conn, int status, const char *text)
{
	char line[MAX_LINE];
	int len = snprintf(line, sizeof(line), "%s\n", text);
	const struct answer answer = {
		.status = status,
		.type = "text/plain; charset=utf-8",
		.body = { (const uint8_t *)line,
			(size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1 },
		.retry_after_s = status == HTTP_SERVUNAVAIL ? FRONT_RETRY_AFTER_S : 0,
	};

	http_answer(conn, &answer);
}
