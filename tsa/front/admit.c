/*
 * Owns the listeners and every struct conn.  A connection is known here from the moment evhttp
 * asks for its bufferevent until evhttp says that it is closed; evhttp owns the connection
 * itself.  Freed only in on_closed(), which evhttp calls whatever ended the connection.
 */
#include "tsa/front/admit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>

#include "tsa/core/log.h"
#include "tsa/front/exchange.h"

enum {
	/* Descriptors beside connections: stdio, channel, listeners, epoll, those being closed. */
	SPARE_FDS = 64,
	/*
	 * Bytes that may lie unread in one connection: evhttp's largest body with room for the
	 * head of the next request. Its parser would else store a chunk-size line without end.
	 */
	MAX_UNREAD = 96 * 1024,
	SAY_FULL_EVERY_MS = 10000,
	/* While draining: how long a new connection may take to send its first byte. */
	DRAIN_SILENT_MS = 1000,
};

static const unsigned limit_ms[CONN_STATES] = {
	[CONN_READING] = 10000, /* a request complete, from its first byte or the accept (R31) */
	[CONN_WAITING] = 4000, /* tsad's own limit is 3 s (R16) */
	[CONN_WRITING] = 30000, /* the client takes its answer */
	[CONN_IDLE] = 60000, /* kept alive */
};

static const bool may_follow[CONN_STATES][CONN_STATES] = {
	[CONN_READING] = { [CONN_WAITING] = true, [CONN_WRITING] = true },
	[CONN_WAITING] = { [CONN_WRITING] = true },
	[CONN_WRITING] = { [CONN_IDLE] = true, [CONN_READING] = true },
	[CONN_IDLE] = { [CONN_READING] = true },
};

static void enter(struct conn *conn, enum conn_state state)
{
	conn->state = state;
	if (state == CONN_IDLE)
		conn->heard = false;
	conn->deadline_ms = front_now_ms() + limit_ms[state];
	TAILQ_INSERT_TAIL(&conn->front->admit.list[state], conn, at);
}

void admit_become(struct conn *conn, enum conn_state next)
{
	if (!may_follow[conn->state][next])
		BUG("connection: state %d after %d", next, conn->state);
	TAILQ_REMOVE(&conn->front->admit.list[conn->state], conn, at);
	enter(conn, next);
}

/* Listeners run unless the cap is reached or accept() failed a moment ago. */
static void run_listeners(struct admit *a)
{
	for (size_t i = 0; i < a->listener_count; i++) {
		struct evconnlistener *listener = evhttp_bound_socket_get_listener(a->listener[i]);

		if (a->full || a->resting)
			(void)evconnlistener_disable(listener);
		else
			(void)evconnlistener_enable(listener);
	}
}

static void pause_if_full(struct admit *a)
{
	uint64_t now = front_now_ms();

	if (a->count < a->max || a->full)
		return;
	a->full = true;
	run_listeners(a);
	if (now < a->said_full_ms)
		return;
	a->said_full_ms = now + SAY_FULL_EVERY_MS;
	log_event(LOG_LEVEL_WARNING, "connections_full", "no more are accepted until one ends",
		"max_connections=%u", a->max);
}

static void forget(struct conn *conn)
{
	struct front *front = conn->front;
	struct admit *a = &front->admit;

	a->count--;
	free(conn);
	if (a->full) {
		a->full = false;
		run_listeners(a);
	}
	if (front->draining && a->count == 0)
		(void)event_base_loopbreak(front->base);
}

/* Bytes came: the first one of a request ends the idle time. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *conn = arg;

	(void)input;
	if (info->n_added == 0)
		return;
	conn->heard = true;
	if (conn->state == CONN_IDLE)
		admit_become(conn, CONN_READING);
}

/* evhttp is about to free this connection, for whatever reason. */
static void on_closed(struct evhttp_connection *http, void *arg)
{
	struct conn *conn = arg;
	struct admit *a = &conn->front->admit;

	(void)http;
	if (conn->state == CONN_WAITING)
		exchange_forget(conn);
	TAILQ_REMOVE(&a->list[conn->state], conn, at);
	a->by_fd[conn->fd] = NULL;
	(void)evbuffer_remove_cb(bufferevent_get_input(conn->stream), on_input, conn);
	forget(conn);
}

/*
 * evhttp 2.1 names a server's connection only with its first complete request, and a slow client
 * never gets that far. But it sets itself as the argument of the bufferevent's callbacks right
 * after bevcb returned; NULL there means that it gave the connection up.
 */
static void adopt(struct front *front, struct conn *conn)
{
	struct admit *a = &front->admit;
	void *http = NULL;

	bufferevent_getcb(conn->stream, NULL, NULL, NULL, &http);
	conn->http = http;
	if (http == NULL) {
		(void)bufferevent_decref(conn->stream);
		forget(conn);
		return;
	}
	if (evhttp_connection_get_bufferevent(conn->http) != conn->stream)
		BUG("evhttp: the callbacks' argument is not the connection");
	(void)bufferevent_decref(conn->stream);
	conn->fd = bufferevent_getfd(conn->stream);
	if (conn->fd < 0 || (size_t)conn->fd >= a->fd_count || a->by_fd[conn->fd] != NULL)
		BUG("connection: descriptor %d is out of range or taken", conn->fd);
	a->by_fd[conn->fd] = conn;
	evhttp_connection_set_closecb(conn->http, on_closed, conn);
	if (evbuffer_add_cb(bufferevent_get_input(conn->stream), on_input, conn) == NULL)
		BUG("libevent: no memory");
	enter(conn, CONN_READING);
}

/* Runs in the turn of the accept, before anything can be read. */
static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
	struct front *front = arg;
	struct conn *conn;

	(void)fd;
	(void)what;
	while ((conn = TAILQ_FIRST(&front->admit.fresh)) != NULL) {
		TAILQ_REMOVE(&front->admit.fresh, conn, at);
		adopt(front, conn);
	}
}

/* evhttp asks for the bufferevent of a connection it has just accepted. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct front *front = arg;
	struct admit *a = &front->admit;
	struct conn *conn = must_calloc(1, sizeof(*conn));

	conn->front = front;
	conn->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (conn->stream == NULL)
		BUG("libevent: no memory");
	bufferevent_setwatermark(conn->stream, EV_READ, 0, MAX_UNREAD);
	/* Ours until adopt(), so that it can look at it whatever evhttp did meanwhile. */
	bufferevent_incref(conn->stream);
	TAILQ_INSERT_TAIL(&a->fresh, conn, at);
	a->count++;
	pause_if_full(a);
	event_active(a->adopt, EV_TIMEOUT, 0);
	return conn->stream;
}

/* No descriptors or no memory: what waits in the backlog can wait for the next tick. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct front *front = arg;

	(void)listener;
	log_event(LOG_LEVEL_WARNING, "accept_failed", strerror(errno), "connections=%u",
		front->admit.count);
	front->admit.resting = true;
	run_listeners(&front->admit);
}

static bool take_listener(struct front *front, int fd, struct err *err)
{
	struct admit *a = &front->admit;
	const int on = 1;
	int listening = 0;
	socklen_t len = sizeof(listening);
	struct evconnlistener *listener;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || listening == 0)
		return err_set(err, "front: descriptor %d is no listening socket", fd);
	if (evutil_make_socket_nonblocking(fd) != 0)
		return err_sys(err, "front: descriptor %d: O_NONBLOCK", fd);
	/* Accepted sockets inherit it; a Unix socket has no such option. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listener = evconnlistener_new(front->base, NULL, NULL,
		LEV_OPT_DISABLED | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL)
		return err_set(err, "front: libevent does not take descriptor %d", fd);
	evconnlistener_set_error_cb(listener, on_accept_error);
	a->listener[a->listener_count] = evhttp_bind_listener(front->http, listener);
	if (a->listener[a->listener_count] == NULL)
		return err_set(err, "front: evhttp does not take descriptor %d", fd);
	a->listener_count++;
	return true;
}

/* As many descriptors as the cap needs; fewer lower the cap. */
static bool make_room(struct admit *a, uint32_t wanted, struct err *err)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_sys(err, "front: RLIMIT_NOFILE");
	files.rlim_cur = (rlim_t)wanted + SPARE_FDS;
	if (files.rlim_cur > files.rlim_max)
		files.rlim_cur = files.rlim_max;
	if (files.rlim_cur <= SPARE_FDS)
		return err_set(err, "front: RLIMIT_NOFILE: %u leaves no connection",
			(unsigned)files.rlim_cur);
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_sys(err, "front: RLIMIT_NOFILE");
	a->max = (uint32_t)(files.rlim_cur - SPARE_FDS);
	a->fd_count = (size_t)files.rlim_cur;
	a->by_fd = must_calloc(a->fd_count, sizeof(struct conn *));
	if (a->max < wanted)
		log_event(LOG_LEVEL_WARNING, "connections_capped",
			"the hard limit on open files allows no more",
			"max_connections=%u wanted=%u", a->max, wanted);
	return true;
}

bool admit_start(struct front *front, struct err *err)
{
	struct admit *a = &front->admit;

	TAILQ_INIT(&a->fresh);
	for (int state = 0; state < CONN_STATES; state++)
		TAILQ_INIT(&a->list[state]);
	if (front->setup.listeners > FRONT_MAX_LISTENERS || front->setup.max_connections == 0)
		BUG("setup: %u listeners, %u connections", front->setup.listeners,
			front->setup.max_connections);
	if (!make_room(a, front->setup.max_connections, err))
		return false;
	a->adopt = event_new(front->base, -1, 0, on_adopt, front);
	if (a->adopt == NULL)
		return err_set(err, "front: libevent gives no event");
	evhttp_set_bevcb(front->http, on_accept, front);
	for (int i = 0; i < front->setup.listeners; i++) {
		if (!take_listener(front, IPC_FIRST_LISTENER_FD + i, err))
			return false;
	}
	return true;
}

void admit_open(struct front *front)
{
	run_listeners(&front->admit);
}

static bool has_unread(const struct conn *conn)
{
	int available = 0;

	if (evbuffer_get_length(bufferevent_get_input(conn->stream)) > 0)
		return true;
	return ioctl(conn->fd, FIONREAD, &available) == 0 && available > 0;
}

/* Closes those on the list whose client has sent nothing and whose deadline is before. */
static void close_silent(struct conn_list *list, uint64_t before_ms)
{
	struct conn *conn = TAILQ_FIRST(list);

	while (conn != NULL && conn->deadline_ms < before_ms) {
		struct conn *next = TAILQ_NEXT(conn, at);

		if (!conn->heard && !has_unread(conn))
			evhttp_connection_free(conn->http);
		conn = next;
	}
}

void admit_stop(struct front *front)
{
	struct admit *a = &front->admit;

	for (size_t i = 0; i < a->listener_count; i++)
		evhttp_del_accept_socket(front->http, a->listener[i]);
	a->listener_count = 0;
	close_silent(&a->list[CONN_IDLE], UINT64_MAX);
}

struct conn *admit_conn(struct front *front, struct evhttp_request *request)
{
	struct evhttp_connection *http = evhttp_request_get_connection(request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(http));
	struct conn *conn = NULL;

	if (fd >= 0 && (size_t)fd < front->admit.fd_count)
		conn = front->admit.by_fd[fd];
	if (conn == NULL || conn->http != http)
		BUG("request of a connection that is not ours: descriptor %d", fd);
	return conn;
}

struct conn *admit_overdue_waiting(const struct front *front)
{
	struct conn *first = TAILQ_FIRST(&front->admit.list[CONN_WAITING]);

	return first != NULL && first->deadline_ms <= front_now_ms() ? first : NULL;
}

void admit_tick(struct front *front)
{
	static const enum conn_state closing[] = { CONN_READING, CONN_WRITING, CONN_IDLE };
	struct admit *a = &front->admit;
	uint64_t now = front_now_ms();

	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++) {
		struct conn_list *list = &a->list[closing[i]];
		struct conn *first;

		while ((first = TAILQ_FIRST(list)) != NULL && first->deadline_ms <= now)
			evhttp_connection_free(first->http);
	}
	if (front->draining)
		close_silent(
			&a->list[CONN_READING], now + limit_ms[CONN_READING] - DRAIN_SILENT_MS);
	if (a->resting) {
		a->resting = false;
		run_listeners(a);
	}
}
