#include "crowd.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http.h"

enum { MAX_HTTP_REQUEST = 4096 };

struct client {
	int fd; /* -1: none */
	bool connecting;
	bool ended;
	unsigned served; /* answers on this connection */
	struct exchange *exchange;
	uint64_t started_us;
	uint8_t request[MAX_HTTP_REQUEST];
	size_t request_len;
	size_t sent;
	uint8_t *answer; /* HTTP_MAX_ANSWER */
	size_t answered;
};

struct crowd {
	const struct options *o;
	const struct addrinfo *address;
	struct exchange *exchanges;
	size_t count;
	size_t next; /* the first exchange that no client has */
	unsigned answered;
	struct client *clients;
	struct pollfd *polls;
	struct err *note;
};

static uint64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Keeps the first reason only. */
static void note(struct crowd *crowd, const struct err *why)
{
	if (crowd->note->text[0] == '\0')
		*crowd->note = *why;
}

static void client_close(struct client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	c->connecting = false;
	c->served = 0;
}

/* The exchange of c is over; the connection is left to the caller. */
static void client_finish(struct client *c, enum exchange_end end)
{
	c->exchange->end = end;
	c->exchange = NULL;
}

static void client_connect(struct crowd *crowd, struct client *c)
{
	const struct addrinfo *a = crowd->address;
	struct err why = { 0 };
	int on = 1;

	c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0) {
		if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0)
			return;
		c->connecting = errno == EINPROGRESS;
		if (c->connecting)
			return;
	}
	err_sys(&why, "connect");
	note(crowd, &why);
	client_close(c);
	client_finish(c, EXCHANGE_CONNECT_FAILED);
	c->ended = true; /* a server that takes no connection is not asked again */
}

static void client_start(struct crowd *crowd, struct client *c)
{
	const struct options *o = crowd->o;
	struct exchange *e = &crowd->exchanges[crowd->next++];
	int head = snprintf((char *)c->request, sizeof(c->request),
		"POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/timestamp-query\r\n"
		"Content-Length: %zu\r\n\r\n",
		o->path, o->host, o->port, e->request.len);

	if (head < 0 || (size_t)head + e->request.len > sizeof(c->request))
		abort(); /* options.h bounds path and host, verify.c the request */
	memcpy(c->request + head, e->request.at, e->request.len);
	c->request_len = (size_t)head + e->request.len;
	c->sent = 0;
	c->answered = 0;
	c->exchange = e;
	c->started_us = now_us();
	if (c->fd < 0)
		client_connect(crowd, c);
}

/* The connection is gone while an exchange was on it. */
static void client_lost(struct crowd *crowd, struct client *c, const char *how)
{
	struct err why = { 0 };
	bool idle = c->served > 0 && c->answered == 0;

	if (c->connecting) {
		err_set(&why, "connect: %s", how);
		client_finish(c, EXCHANGE_CONNECT_FAILED);
		c->ended = true;
	} else {
		err_set(&why, "%s after %zu bytes of the answer, %u answers before", how,
			c->answered, c->served);
		client_finish(c, idle ? EXCHANGE_CLOSED_IDLE : EXCHANGE_UNANSWERED);
		c->ended = crowd->o->until_closed;
	}
	if (!idle || !crowd->o->until_closed)
		note(crowd, &why);
	client_close(c);
}

static void client_send(struct crowd *crowd, struct client *c)
{
	ssize_t n;

	if (c->connecting) {
		int error = 0;
		socklen_t len = sizeof(error);

		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
			client_lost(crowd, c, strerror(error));
			return;
		}
		c->connecting = false;
		c->started_us = now_us(); /* latency is that of a keep-alive connection */
	}
	n = send(c->fd, c->request + c->sent, c->request_len - c->sent, MSG_NOSIGNAL);
	if (n >= 0)
		c->sent += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		client_lost(crowd, c, strerror(errno));
}

/* What there is of the answer is judged; true if the exchange is over. */
static void client_judge(struct crowd *crowd, struct client *c)
{
	struct err why = { 0 };
	struct http_answer answer = { 0 };

	switch (http_read((struct bytes){ c->answer, c->answered }, &answer, &why)) {
	case HTTP_MORE:
		return;
	case HTTP_BAD:
		note(crowd, &why);
		client_finish(c, EXCHANGE_BROKEN);
		client_close(c);
		return;
	case HTTP_WHOLE:
		break;
	}
	c->exchange->latency_us = now_us() - c->started_us;
	c->exchange->status = answer.status;
	buf_append(&c->exchange->answer, answer.body);
	client_finish(c, EXCHANGE_ANSWERED);
	c->served++;
	if (++crowd->answered == crowd->o->announce)
		fprintf(stderr, "answered=%u\n", crowd->answered);
	if (answer.close) {
		client_close(c);
		c->ended = crowd->o->until_closed;
	}
}

static void client_receive(struct crowd *crowd, struct client *c)
{
	ssize_t n;

	if (c->answered == HTTP_MAX_ANSWER) {
		client_lost(crowd, c, "answer is too long");
		return;
	}
	n = recv(c->fd, c->answer + c->answered, HTTP_MAX_ANSWER - c->answered, 0);
	if (n > 0) {
		c->answered += (size_t)n;
		client_judge(crowd, c);
	} else if (n == 0) {
		client_lost(crowd, c, "closed");
	} else if (errno != EAGAIN && errno != EINTR) {
		client_lost(crowd, c, strerror(errno));
	}
}

static void client_event(struct crowd *crowd, struct client *c, short events)
{
	if (events & POLLOUT)
		client_send(crowd, c);
	if (c->exchange != NULL && c->fd >= 0 && !c->connecting &&
		(events & (POLLIN | POLLHUP | POLLERR)))
		client_receive(crowd, c);
	else if (c->exchange != NULL && c->connecting && (events & (POLLHUP | POLLERR)))
		client_send(crowd, c); /* asks for the error */
}

/* Gives idle clients work and fills the poll table; false if nobody waits for anything. */
static bool crowd_prepare(struct crowd *crowd)
{
	bool busy = false;

	for (unsigned i = 0; i < crowd->o->clients; i++) {
		struct client *c = &crowd->clients[i];

		if (c->exchange == NULL && !c->ended && crowd->next < crowd->count)
			client_start(crowd, c);
		crowd->polls[i] = (struct pollfd){ .fd = -1 };
		if (c->exchange == NULL)
			continue;
		busy = true;
		crowd->polls[i].fd = c->fd;
		crowd->polls[i].events = POLLIN;
		if (c->connecting || c->sent < c->request_len)
			crowd->polls[i].events |= POLLOUT;
	}
	return busy;
}

static void crowd_loop(struct crowd *crowd)
{
	uint64_t end = now_us() + (uint64_t)crowd->o->timeout_s * 1000000;

	while (crowd_prepare(crowd)) {
		uint64_t now = now_us();
		struct err why = { 0 };

		if (now >= end) {
			err_set(&why, "the run: --timeout %u: is over", crowd->o->timeout_s);
			note(crowd, &why);
			return;
		}
		if (poll(crowd->polls, crowd->o->clients, (int)((end - now) / 1000 + 1)) < 0) {
			if (errno == EINTR)
				continue;
			err_sys(&why, "poll");
			note(crowd, &why);
			return;
		}
		for (unsigned i = 0; i < crowd->o->clients; i++) {
			if (crowd->polls[i].revents != 0 && crowd->clients[i].exchange != NULL)
				client_event(crowd, &crowd->clients[i], crowd->polls[i].revents);
		}
	}
}

static void crowd_make(struct crowd *crowd)
{
	crowd->clients = must_calloc(crowd->o->clients, sizeof(*crowd->clients));
	crowd->polls = must_calloc(crowd->o->clients, sizeof(*crowd->polls));
	for (unsigned i = 0; i < crowd->o->clients; i++) {
		crowd->clients[i].fd = -1;
		crowd->clients[i].answer = must_calloc(1, HTTP_MAX_ANSWER);
	}
}

static void crowd_wipe(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->o->clients; i++) {
		struct client *c = &crowd->clients[i];

		if (c->exchange != NULL)
			client_finish(c, EXCHANGE_TIMEOUT);
		client_close(c);
		free(c->answer);
	}
	free(crowd->clients);
	free(crowd->polls);
}

static bool resolve(const struct options *o, struct addrinfo **address, struct err *err)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char host[LOAD_MAX_HOST];
	size_t len = strlen(o->host);
	int rc;

	/* [::1] loses its brackets. */
	if (o->host[0] == '[' && o->host[len - 1] == ']')
		(void)snprintf(host, sizeof(host), "%.*s", (int)(len - 2), o->host + 1);
	else
		(void)snprintf(host, sizeof(host), "%s", o->host);
	rc = getaddrinfo(host, o->port, &hints, address);
	if (rc != 0)
		return err_set(err, "--url: host and port: %s", gai_strerror(rc));
	return true;
}

bool crowd_run(const struct options *o, struct exchange *exchanges, size_t count, uint64_t *wall_us,
	struct err *first_note, struct err *err)
{
	struct addrinfo *address = NULL;
	struct crowd crowd = { .o = o, .exchanges = exchanges, .count = count, .note = first_note };
	uint64_t start;

	if (!resolve(o, &address, err))
		return false;
	crowd.address = address;
	crowd_make(&crowd);
	start = now_us();
	crowd_loop(&crowd);
	*wall_us = now_us() - start;
	crowd_wipe(&crowd);
	freeaddrinfo(address);
	return true;
}
