/*
 * Owns nothing.  evhttp has taken the head and the body apart; this checks what evhttp does not
 * (RFC 9112 6.3: one way only to find the end of a body) and picks who answers.
 */
#include "tsa/front/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "tsa/front/exchange.h"
#include "tsa/front/http.h"
#include "tsa/front/pages.h"
#include "tsa/front/rate.h"

/* R21: of the first release endpoint. */
static const char sigstore_path[] = "/api/v1/timestamp";

/* What the head says about the body and the connection. */
struct framing {
	const char *length; /* the last Content-Length; NULL: none */
	unsigned lengths;
	const char *coding; /* the last Transfer-Encoding */
	unsigned codings;
	bool bad_name; /* a header name that is empty or ends in a blank */
	bool wants_close; /* "close" among the values of Connection */
};

/* True if the comma-separated list has this word, in any case. */
static bool list_has(const char *list, const char *word)
{
	size_t word_len = strlen(word);

	while (*list != '\0') {
		size_t len;

		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == word_len && strncasecmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

static struct framing read_framing(struct evhttp_request *request)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const struct evkeyval *header;
	struct framing f = { 0 };

	TAILQ_FOREACH (header, headers, next) {
		size_t name_len = strlen(header->key);

		if (name_len == 0 || header->key[name_len - 1] == ' ' ||
			header->key[name_len - 1] == '\t')
			f.bad_name = true;
		if (strcasecmp(header->key, "Content-Length") == 0) {
			f.length = header->value;
			f.lengths++;
		} else if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
			f.coding = header->value;
			f.codings++;
		} else if (strcasecmp(header->key, "Connection") == 0) {
			f.wants_close = f.wants_close || list_has(header->value, "close");
		}
	}
	return f;
}

static bool all_digits(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/*
 * RFC 9112 6.3: where two readers could disagree about the end of a body the request is refused
 * and the connection ends. NULL: the framing is good.
 */
static const char *framing_fault(const struct framing *f, int minor)
{
	if (f->bad_name)
		return "header: RFC 9112 5.1: no blank may stand before the colon";
	if (f->lengths > 1)
		return "Content-Length: RFC 9112 6.3: it is there more than once";
	if (f->lengths == 1 && !all_digits(f->length))
		return "Content-Length: RFC 9110 8.6: it is no number";
	if (f->codings > 0 && f->lengths > 0)
		return "Transfer-Encoding: RFC 9112 6.3: there is a Content-Length as well";
	if (f->codings > 0 && minor == 0)
		return "Transfer-Encoding: RFC 9112 6.1: not in HTTP/1.0";
	return NULL;
}

/* evhttp leaves the body of these methods in the stream, where it would be the next request. */
static bool leaves_body(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_POST:
	case EVHTTP_REQ_PUT:
	case EVHTTP_REQ_DELETE:
	case EVHTTP_REQ_OPTIONS:
	case EVHTTP_REQ_CONNECT:
	case EVHTTP_REQ_PATCH:
		return false;
	case EVHTTP_REQ_HEAD:
	case EVHTTP_REQ_TRACE:
	default:
		return true;
	}
}

static void close_with(struct conn *conn, int status, const char *text)
{
	conn->must_close = true;
	http_answer_text(conn, status, text);
}

/* Answers what is wrong with the HTTP itself; false: nothing is. */
static bool refused_as_http(struct conn *conn)
{
	struct evhttp_request *request = conn->request;
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	struct framing f = read_framing(request);
	const char *fault = framing_fault(&f, request->minor);

	conn->must_close = f.wants_close;
	/* RFC 9112 3.2.2: the absolute form of a URL is ours as well; evhttp sees a proxy's. */
	request->flags &= ~EVHTTP_PROXY_REQUEST;
	/* evhttp keeps the connection of a CONNECT whatever is said; here it is as any other. */
	if (method == EVHTTP_REQ_CONNECT)
		request->type = EVHTTP_REQ_OPTIONS;
	if (request->major != 1) {
		request->major = 1;
		request->minor = 1;
		close_with(
			conn, HTTP_VERSION_NOT_SUPPORTED, "HTTP: version: 1.0 and 1.1 are served");
		return true;
	}
	if (request->minor > 1)
		request->minor = 1; /* RFC 9110 2.5: answer with the highest that we speak */
	if (fault != NULL) {
		close_with(conn, HTTP_BADREQUEST, fault);
		return true;
	}
	if (f.codings > 1 || (f.codings == 1 && strcasecmp(f.coding, "chunked") != 0)) {
		close_with(conn, HTTP_NOTIMPLEMENTED,
			"Transfer-Encoding: RFC 9112 6.1: only chunked is served");
		return true;
	}
	if (method == EVHTTP_REQ_POST && f.lengths == 0 && f.codings == 0) {
		close_with(conn, HTTP_LENGTH_REQUIRED,
			"POST: RFC 9110 8.6: it has neither Content-Length nor a chunked body");
		return true;
	}
	if (leaves_body(method) && (f.codings > 0 || (f.lengths > 0 && strcmp(f.length, "0") != 0)))
		conn->must_close = true;
	return false;
}

/*
 * The path as it was sent, without a query; "/" for an empty one, "" for one too long. Taken from
 * the line itself in the usual form: evhttp reads "//test" as a host without a path, which would
 * be another endpoint than the one that was meant.
 */
static void path_of(const struct conn *conn, char *path, size_t cap)
{
	const char *sent = evhttp_request_get_uri(conn->request);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(conn->request);
	size_t len;

	if (sent[0] != '/')
		sent = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	if (sent == NULL || sent[0] == '\0')
		sent = "/";
	len = strcspn(sent, "?#");
	if (len >= cap)
		len = 0;
	memcpy(path, sent, len);
	path[len] = '\0';
}

static void answer_405(struct conn *conn, const char *allow)
{
	static const char text[] = "method: not served at this path\n";
	const struct answer answer = {
		.status = HTTP_BADMETHOD,
		.type = "text/plain; charset=utf-8",
		.body = { (const uint8_t *)text, sizeof(text) - 1 },
		.allow = allow,
	};

	http_answer(conn, &answer);
}

static void answer_file(struct conn *conn, const struct page *page)
{
	const struct answer answer = {
		.status = HTTP_OK,
		.type = page->type,
		.body = page->content,
		.pages = conn->front->pages,
	};

	http_answer(conn, &answer);
}

static void route_post(struct conn *conn, const struct endpoint *endpoint, bool sigstore)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(conn->request);

	if (evbuffer_get_length(body) > TSP_MAX_REQUEST)
		http_answer_text(
			conn, HTTP_ENTITYTOOLARGE, "body: a TimeStampReq has 8192 bytes at most");
	else
		exchange_begin(conn, endpoint, sigstore);
}

static void answer_429(struct conn *conn, unsigned wait_s)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "rate limit: %u requests a second\n",
		(unsigned)conn->front->setup.rate_limit);
	const struct answer answer = {
		.status = HTTP_TOO_MANY_REQUESTS,
		.type = "text/plain; charset=utf-8",
		.body = { (const uint8_t *)text, (size_t)len },
		.retry_after_s = wait_s,
	};

	http_answer(conn, &answer);
}

/* True if this client has asked too often; it was told so. */
static bool is_limited(struct conn *conn)
{
	unsigned wait_s = rate_take(
		conn->front->rate, evhttp_connection_get_addr(conn->http), front_now_ms());

	if (wait_s > 0)
		answer_429(conn, wait_s);
	return wait_s > 0;
}

static void route_client(struct conn *conn)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(conn->request);
	const struct pages *pages = conn->front->pages;
	const struct endpoint *endpoint;
	const struct page *page;
	char path[MSG_MAX_PATH];
	bool sigstore;

	path_of(conn, path, sizeof(path));
	sigstore = strcmp(path, sigstore_path) == 0;
	endpoint = sigstore ? pages_first_release(pages) : pages_endpoint(pages, path);
	page = pages_file(pages, path);
	if (endpoint == NULL && page == NULL)
		http_answer_text(conn, HTTP_NOTFOUND, "path: nothing is served here");
	else if (endpoint != NULL && method == EVHTTP_REQ_POST)
		route_post(conn, endpoint, sigstore);
	else if (page != NULL && (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD))
		answer_file(conn, page);
	else if (page == NULL)
		answer_405(conn, "POST");
	else
		answer_405(conn, endpoint == NULL ? "GET, HEAD" : "GET, HEAD, POST");
}

static const char *const admin_paths[MSG_STATUS_KINDS] = {
	[MSG_STATUS_LIVE] = "/livez",
	[MSG_STATUS_READY] = "/readyz",
	[MSG_STATUS_METRICS] = "/metrics",
};

static void route_admin(struct conn *conn)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(conn->request);
	char path[MSG_MAX_PATH];

	path_of(conn, path, sizeof(path));
	for (int kind = 0; kind < MSG_STATUS_KINDS; kind++) {
		if (strcmp(path, admin_paths[kind]) != 0)
			continue;
		if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
			exchange_ask_status(conn, (enum msg_status)kind);
		else
			answer_405(conn, "GET, HEAD");
		return;
	}
	http_answer_text(conn, HTTP_NOTFOUND, "path: /livez, /readyz and /metrics are served");
}

void route_request(struct conn *conn)
{
	if (refused_as_http(conn))
		return;
	if (conn->front->setup.front == MSG_FRONT_ADMIN)
		route_admin(conn);
	else if (!is_limited(conn))
		route_client(conn);
}
