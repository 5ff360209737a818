#include "crowd.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http.h"

enum { MAX_HTTP_REQUEST = 4096, MAX_EVENTS = 256 };

struct client {
	int fd; /* -1: none */
	bool connecting;
	bool ended;
	uint32_t watched; /* events that epoll is asked for; 0: not there */
	unsigned served; /* answers on this connection */
	struct exchange *exchange;
	uint64_t started_us; /* at a rate: when it was due */
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
	unsigned busy; /* clients with an exchange */
	struct client *clients;
	unsigned *idle; /* a ring of clients without one, the one that rests longest first */
	unsigned idle_first;
	unsigned idle_count;
	int epoll;
	uint64_t start_us;
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
	c->watched = 0;
}

static void client_rest(struct crowd *crowd, struct client *c)
{
	unsigned at = (crowd->idle_first + crowd->idle_count++) % crowd->o->clients;

	crowd->idle[at] = (unsigned)(c - crowd->clients);
}

/* The exchange of c is over; the connection is left to the caller. */
static void client_finish(struct crowd *crowd, struct client *c, enum exchange_end end)
{
	c->exchange->end = end;
	c->exchange = NULL;
	crowd->busy--;
	if (!c->ended)
		client_rest(crowd, c);
}

/* An epoll that does not take a descriptor leaves this program nothing to do. */
static void client_watch(struct crowd *crowd, struct client *c)
{
	bool sending = c->connecting || (c->exchange != NULL && c->sent < c->request_len);
	struct epoll_event e = { .events = EPOLLIN | (sending ? EPOLLOUT : 0u) };

	if (c->fd < 0 || c->watched == e.events)
		return;
	e.data.u32 = (uint32_t)(c - crowd->clients);
	if (epoll_ctl(crowd->epoll, c->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e) !=
		0)
		abort();
	c->watched = e.events;
}

static bool set_no_delay(int fd)
{
	int on = 1;

	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

static void client_connect(struct crowd *crowd, struct client *c)
{
	const struct addrinfo *a = crowd->address;
	struct err why = { 0 };

	c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && set_no_delay(c->fd)) {
		if (connect(c->fd, a->ai_addr, a->ai_addrlen) == 0)
			return;
		c->connecting = errno == EINPROGRESS;
		if (c->connecting)
			return;
	}
	err_sys(&why, "connect");
	note(crowd, &why);
	client_close(c);
	c->ended = true; /* a server that takes no connection is not asked again */
	client_finish(crowd, c, EXCHANGE_CONNECT_FAILED);
}

/* Writes the request of c's exchange, all of it as the kernel will get it. */
static void client_write_request(struct crowd *crowd, struct client *c)
{
	const struct options *o = crowd->o;
	const struct exchange *e = c->exchange;
	int head = snprintf((char *)c->request, sizeof(c->request),
		"POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/timestamp-query\r\n"
		"Content-Length: %zu\r\n\r\n",
		o->path, o->host, o->port, e->request.len);

	if (head < 0 || (size_t)head + e->request.len > sizeof(c->request))
		abort(); /* options.h bounds path and host, verify.c the request */
	if (e->request.len > 0) /* a body may be empty */
		memcpy(c->request + head, e->request.at, e->request.len);
	c->request_len = (size_t)head + e->request.len;
	c->sent = 0;
	c->answered = 0;
}

/* The connection is gone while an exchange was on it. */
static void client_lost(struct crowd *crowd, struct client *c, const char *how)
{
	struct err why = { 0 };
	bool idle = c->served > 0 && c->answered == 0;

	if (c->connecting) {
		err_set(&why, "connect: %s", how);
		c->ended = true;
		client_finish(crowd, c, EXCHANGE_CONNECT_FAILED);
	} else {
		err_set(&why, "%s after %zu bytes of the answer, %u answers before", how,
			c->answered, c->served);
		c->ended = crowd->o->until_closed;
		client_finish(crowd, c, idle ? EXCHANGE_CLOSED_IDLE : EXCHANGE_UNANSWERED);
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
		if (crowd->o->rate == 0)
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
		client_finish(crowd, c, EXCHANGE_BROKEN);
		client_close(c);
		return;
	case HTTP_WHOLE:
		break;
	}
	c->exchange->latency_us = now_us() - c->started_us;
	c->exchange->status = answer.status;
	buf_append(&c->exchange->answer, answer.body);
	c->served++;
	if (++crowd->answered == crowd->o->announce)
		fprintf(stderr, "answered=%u\n", crowd->answered);
	if (answer.close) {
		client_close(c);
		c->ended = crowd->o->until_closed;
	}
	client_finish(crowd, c, EXCHANGE_ANSWERED);
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

/* Gives c the next exchange, which is due at due_us. */
static void client_start(struct crowd *crowd, struct client *c, uint64_t due_us)
{
	c->exchange = &crowd->exchanges[crowd->next++];
	crowd->busy++;
	client_write_request(crowd, c);
	c->started_us = due_us;
	if (c->fd < 0)
		client_connect(crowd, c);
	if (c->exchange != NULL && !c->connecting)
		client_send(crowd, c);
	client_watch(crowd, c);
}

/* Nothing may come on a connection that waits for its next exchange but its end. */
static void client_idle_event(struct client *c)
{
	char byte;

	if (recv(c->fd, &byte, 1, 0) >= 0 || (errno != EAGAIN && errno != EINTR))
		client_close(c);
}

static void client_event(struct crowd *crowd, struct client *c, uint32_t events)
{
	if (c->fd < 0)
		return;
	if (c->exchange == NULL) {
		client_idle_event(c);
		return;
	}
	if (c->connecting || (events & EPOLLOUT) != 0)
		client_send(crowd, c); /* of a connection that failed it asks for the error */
	if (c->exchange != NULL && c->fd >= 0 && !c->connecting &&
		(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		client_receive(crowd, c);
	client_watch(crowd, c);
}

/* When the next exchange is to begin; UINT64_MAX: no further one. */
static uint64_t next_due_us(const struct crowd *crowd, uint64_t now)
{
	const struct options *o = crowd->o;
	uint64_t due = now;

	if (o->rate > 0)
		due = crowd->start_us + (uint64_t)crowd->next * 1000000 / o->rate;
	if (crowd->next == crowd->count)
		return UINT64_MAX;
	if (o->seconds > 0 && due >= crowd->start_us + (uint64_t)o->seconds * 1000000)
		return UINT64_MAX;
	return due;
}

/* Gives idle clients what is due; gives when the next one is, UINT64_MAX if nothing waits for it.
 */
static uint64_t crowd_give(struct crowd *crowd)
{
	uint64_t now = now_us();
	uint64_t due;

	while ((due = next_due_us(crowd, now)) <= now && crowd->idle_count > 0) {
		struct client *c = &crowd->clients[crowd->idle[crowd->idle_first]];

		crowd->idle_first = (crowd->idle_first + 1) % crowd->o->clients;
		crowd->idle_count--;
		client_start(crowd, c, due);
	}
	/* What is due and finds no client free waits, and the clock of its latency runs. */
	return crowd->idle_count > 0 ? due : UINT64_MAX;
}

/* Waits until something comes, or until_us; false if it cannot. */
static bool crowd_wait(struct crowd *crowd, uint64_t until_us)
{
	struct epoll_event events[MAX_EVENTS];
	uint64_t now = now_us();
	uint64_t left = until_us > now ? until_us - now : 0;
	const struct timespec t = { .tv_sec = (time_t)(left / 1000000),
		.tv_nsec = (long)(left % 1000000) * 1000 };
	int n = epoll_pwait2(crowd->epoll, events, MAX_EVENTS, &t, NULL);

	for (int i = 0; i < n; i++)
		client_event(crowd, &crowd->clients[events[i].data.u32], events[i].events);
	return n >= 0 || errno == EINTR;
}

static void crowd_loop(struct crowd *crowd)
{
	uint64_t end = crowd->start_us + (uint64_t)crowd->o->timeout_s * 1000000;
	struct err why = { 0 };

	for (;;) {
		uint64_t due = crowd_give(crowd);

		if (crowd->busy == 0 && due == UINT64_MAX)
			return;
		if (now_us() >= end) {
			err_set(&why, "the run: --timeout %u: is over", crowd->o->timeout_s);
			break;
		}
		if (!crowd_wait(crowd, due < end ? due : end)) {
			err_sys(&why, "epoll");
			break;
		}
	}
	note(crowd, &why);
}

/* At a rate the first exchange of a connection must not wait for it. */
static void crowd_connect(struct crowd *crowd)
{
	const struct addrinfo *a = crowd->address;

	for (unsigned i = 0; i < crowd->o->clients; i++) {
		struct client *c = &crowd->clients[i];

		/* One that fails is tried again, and told, with its first exchange. */
		c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 || !set_no_delay(c->fd) ||
			connect(c->fd, a->ai_addr, a->ai_addrlen) != 0 ||
			fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
			client_close(c);
		client_watch(crowd, c);
	}
}

static bool is_open(const struct client *c)
{
	char byte;

	return c->fd >= 0 && recv(c->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static unsigned count_open(const struct crowd *crowd)
{
	unsigned open = 0;

	for (unsigned i = 0; i < crowd->o->clients; i++)
		open += is_open(&crowd->clients[i]);
	return open;
}

/* Says how many connections are open and holds them until standard input ends. */
static unsigned crowd_hold(const struct crowd *crowd)
{
	unsigned held = count_open(crowd);
	char byte;

	(void)fprintf(stderr, "held=%u\n", held);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return held - count_open(crowd);
}

static void crowd_make(struct crowd *crowd)
{
	struct rlimit files;

	crowd->clients = must_calloc(crowd->o->clients, sizeof(*crowd->clients));
	crowd->idle = must_calloc(crowd->o->clients, sizeof(*crowd->idle));
	for (unsigned i = 0; i < crowd->o->clients; i++) {
		crowd->clients[i].fd = -1;
		crowd->clients[i].answer = must_calloc(1, HTTP_MAX_ANSWER);
		client_rest(crowd, &crowd->clients[i]);
	}
	/* Else every wait for what is due is 50 us too long. */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void crowd_wipe(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->o->clients; i++) {
		struct client *c = &crowd->clients[i];

		if (c->exchange != NULL)
			client_finish(crowd, c, EXCHANGE_TIMEOUT);
		client_close(c);
		free(c->answer);
	}
	free(crowd->clients);
	free(crowd->idle);
	(void)close(crowd->epoll);
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

bool crowd_run(const struct options *o, struct exchange *exchanges, size_t count,
	struct crowd_run *run, struct err *err)
{
	struct addrinfo *address = NULL;
	struct crowd crowd = { .o = o, .exchanges = exchanges, .count = count, .note = &run->note };

	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (crowd.epoll < 0)
		return err_sys(err, "epoll");
	if (!resolve(o, &address, err)) {
		(void)close(crowd.epoll);
		return false;
	}
	crowd.address = address;
	crowd_make(&crowd);
	if (o->rate > 0)
		crowd_connect(&crowd);
	crowd.start_us = now_us();
	crowd_loop(&crowd);
	run->wall_us = now_us() - crowd.start_us;
	if (o->hold)
		run->lost = crowd_hold(&crowd);
	crowd_wipe(&crowd);
	freeaddrinfo(address);
	return true;
}
