#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/http.h"
#include "tsa/tsp/reply.h"

enum { RETRY_US = 100000 }; /* a server that takes no connection is asked again after that */

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t client_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

void client_init(struct client *c, const struct client_world *world, uint8_t endpoint,
	uint8_t cert_req, uint64_t due_us)
{
	*c = (struct client){
		.world = world,
		.endpoint = endpoint,
		.cert_req = cert_req,
		.fd = -1,
		.due_us = due_us,
		.in = must_calloc(1, HTTP_MAX_ANSWER),
	};
}

static void disconnect(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

void client_wipe(struct client *c)
{
	disconnect(c);
	buf_free(&c->request);
	free(c->in);
}

/* The request is over; the next one keeps the pace if it can. */
static void rest(struct client *c)
{
	uint64_t now = client_now_us();

	c->state = CLIENT_RESTING;
	c->due_us += c->world->pace_us;
	if (c->due_us < now)
		c->due_us = now;
}

static void count_bad(const struct client *c, enum cause cause)
{
	tally_bad(c->world->tally, c->endpoint, cause, client_now_us());
}

static void fail(struct client *c, enum cause cause)
{
	count_bad(c, cause);
	disconnect(c);
	rest(c);
	if (c->due_us < c->started_us + RETRY_US)
		c->due_us = c->started_us + RETRY_US;
}

static bool make_request(struct client *c, struct err *err)
{
	const struct client_world *w = c->world;
	int head;

	c->request.len = 0;
	if (!verifier_request(w->maker[c->cert_req], &c->request, err))
		return false;
	head = snprintf((char *)c->out, sizeof(c->out),
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		"Content-Type: application/timestamp-query\r\nContent-Length: %zu\r\n\r\n",
		w->path[c->endpoint], ntohs(w->server.sin_port), c->request.len);
	if (head < 0 || (size_t)head + c->request.len > sizeof(c->out))
		return err_set(err, "request: must fit %zu bytes", sizeof(c->out));
	memcpy(c->out + head, c->request.at, c->request.len);
	c->out_len = (size_t)head + c->request.len;
	c->sent = 0;
	c->in_len = 0;
	return true;
}

/* Opens a connection; what becomes of it is seen by client_step(). */
static bool open_connection(struct client *c, struct err *err)
{
	const struct sockaddr_in *server = &c->world->server;
	const int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return err_sys(err, "socket");
	c->state = CLIENT_CONNECTING;
	if (connect(c->fd, (const struct sockaddr *)server, sizeof(*server)) != 0 &&
		errno != EINPROGRESS)
		fail(c, CAUSE_REFUSED_CONNECTION);
	return true;
}

bool client_start(struct client *c, struct err *err)
{
	if (!make_request(c, err))
		return false;
	c->started_us = client_now_us();
	c->sent_us = clock_us(CLOCK_REALTIME);
	c->state = CLIENT_ASKING;
	return c->fd >= 0 || open_connection(c, err);
}

short client_events(const struct client *c)
{
	switch (c->state) {
	case CLIENT_RESTING:
		return c->fd < 0 ? 0 : POLLIN;
	case CLIENT_CONNECTING:
		return POLLOUT;
	case CLIENT_ASKING:
		break;
	}
	return c->sent < c->out_len ? POLLIN | POLLOUT : POLLIN;
}

static void connected(struct client *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
		fail(c, CAUSE_REFUSED_CONNECTION);
	else
		c->state = CLIENT_ASKING;
}

static void send_more(struct client *c)
{
	ssize_t n = send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);

	if (n >= 0)
		c->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		fail(c, CAUSE_RESET);
}

static void keep(const struct client *c, struct bytes reply)
{
	const struct answer answer = {
		.endpoint = c->endpoint,
		.cert_req = c->cert_req,
		.sent_us = c->sent_us,
		.received_us = clock_us(CLOCK_REALTIME),
		.request = buf_view(&c->request),
		.reply = reply,
	};

	answer_encode(&answer, c->world->answers);
}

/* A refusal is an answer like others, for the connection. */
static void count_reply(struct client *c, struct bytes body)
{
	struct tsp_reply reply;

	if (!tsp_reply_decode(body, &reply)) {
		count_bad(c, CAUSE_BROKEN);
		return;
	}
	if (reply.status == 0) {
		tally_good(c->world->tally, c->endpoint, c->started_us, client_now_us());
		return;
	}
	tally_words(c->world->tally, reply.text);
	if (reply.failure == TSP_SYSTEM_FAILURE)
		count_bad(c, CAUSE_SYSTEM_FAILURE);
	else if (reply.failure == TSP_TIME_NOT_AVAILABLE)
		count_bad(c, CAUSE_TIME_NOT_AVAILABLE);
	else
		count_bad(c, CAUSE_OTHER_REFUSAL);
}

static void judge(struct client *c)
{
	struct http_answer answer = { 0 };
	struct err why = { 0 };

	switch (http_read((struct bytes){ c->in, c->in_len }, &answer, &why)) {
	case HTTP_MORE:
		return;
	case HTTP_BAD:
		fail(c, CAUSE_BROKEN);
		return;
	case HTTP_WHOLE:
		break;
	}
	if (answer.status != 200) {
		count_bad(c, answer.status == 503 ? CAUSE_HTTP_503 : CAUSE_HTTP_OTHER);
	} else {
		keep(c, answer.body);
		count_reply(c, answer.body);
	}
	if (answer.close)
		disconnect(c);
	rest(c);
}

static void receive(struct client *c)
{
	ssize_t n;

	if (c->in_len == HTTP_MAX_ANSWER) {
		fail(c, CAUSE_BROKEN);
		return;
	}
	n = recv(c->fd, c->in + c->in_len, HTTP_MAX_ANSWER - c->in_len, 0);
	if (n > 0) {
		c->in_len += (size_t)n;
		judge(c);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		fail(c, CAUSE_RESET);
	}
}

void client_step(struct client *c, short events)
{
	switch (c->state) {
	case CLIENT_RESTING:
		/* Nothing may come now but the end of the connection. */
		c->world->tally->idle_lost++;
		disconnect(c);
		return;
	case CLIENT_CONNECTING:
		connected(c);
		return;
	case CLIENT_ASKING:
		break;
	}
	if (events & POLLOUT)
		send_more(c);
	if (c->state == CLIENT_ASKING && (events & (POLLIN | POLLHUP | POLLERR)))
		receive(c);
}

void client_expire(struct client *c, uint64_t now_us)
{
	if (c->state != CLIENT_RESTING && now_us >= c->started_us + c->world->timeout_us)
		fail(c, CAUSE_TIMEOUT);
}
