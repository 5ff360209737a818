/*
 * tsa-serve: an HTTP server that says exactly what files tell it to, byte for byte: what a client
 * meets in the field, and what no decent server does.
 *
 * The n-th request for /NAME is answered with DIR/NAME.n, else with DIR/NAME, else with 404.  The
 * first line of such a file says what comes after the rest of it was sent: "keep" the connection,
 * "close" it, or "hold" it and say no more.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "tsa/core/bytes.h"

enum { EXIT_COULD_NOT_RUN = 3, MAX_NAME = 100, MAX_PATHS = 64, MAX_REQUEST = 1 << 20 };

static const char help[] =
	"usage: tsa-serve --dir DIR [--tls PEM]\n"
	"Answers HTTP requests on a free port of 127.0.0.1 with the files of DIR, byte for byte:\n"
	"the n-th for /NAME with NAME.n, else NAME, else 404. The first line of a file is \"keep\",\n"
	"\"close\" or \"hold\": what happens to the connection once the rest has been sent.\n"
	"Says \"port=N\", and a line for each request, on standard output. PEM: certificate and key.\n";

struct path {
	char name[MAX_NAME];
	unsigned count;
};

struct server {
	const char *dir;
	const char *pem;
	SSL_CTX *tls; /* NULL: http */
	struct event_base *base;
	struct path paths[MAX_PATHS];
	size_t path_count;
	unsigned connections;
};

struct client {
	struct server *server;
	unsigned number;
	bool closing; /* when all is sent */
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "tsa-serve: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static unsigned count_path(struct server *server, const char *name)
{
	for (size_t i = 0; i < server->path_count; i++)
		if (strcmp(server->paths[i].name, name) == 0)
			return ++server->paths[i].count;
	if (server->path_count == MAX_PATHS)
		fail(name, "too many different paths");
	(void)snprintf(server->paths[server->path_count].name, MAX_NAME, "%s", name);
	server->paths[server->path_count].count = 1;
	server->path_count++;
	return 1;
}

static FILE *open_answer(const struct server *server, const char *name, unsigned n)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.%u", server->dir, name, n);
	f = fopen(path, "rb");
	if (f != NULL)
		return f;
	(void)snprintf(path, sizeof(path), "%s/%s", server->dir, name);
	return fopen(path, "rb");
}

static void close_client(struct bufferevent *socket, struct client *client)
{
	bufferevent_free(socket);
	free(client);
}

/* Sends the file; the first line says what then. */
static void send_file(struct bufferevent *socket, struct client *client, FILE *f)
{
	char line[16] = "", part[65536];
	size_t n;

	if (fgets(line, sizeof(line), f) == NULL)
		fail("answer", "must begin with keep, close or hold");
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		(void)bufferevent_write(socket, part, n);
	if (strcmp(line, "close\n") == 0)
		client->closing = true;
	else if (strcmp(line, "hold\n") == 0)
		(void)bufferevent_disable(socket, EV_READ);
	else if (strcmp(line, "keep\n") != 0)
		fail("answer", "must begin with keep, close or hold");
}

static void answer(struct bufferevent *socket, struct client *client, const char *method,
	const char *name, size_t body_len)
{
	static const char none[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	unsigned n = count_path(client->server, name);
	FILE *f = open_answer(client->server, name, n);

	printf("request: %s /%s n=%u connection=%u body=%zu\n", method, name, n, client->number,
		body_len);
	(void)fflush(stdout);
	if (f == NULL) {
		(void)bufferevent_write(socket, none, sizeof(none) - 1);
		return;
	}
	send_file(socket, client, f);
	(void)fclose(f);
	if (client->closing && evbuffer_get_length(bufferevent_get_output(socket)) == 0)
		close_client(socket, client);
}

static size_t body_length(char *head)
{
	char *rest = NULL;

	for (char *line = strtok_r(head, "\r\n", &rest); line != NULL;
		line = strtok_r(NULL, "\r\n", &rest))
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			return strtoul(line + 15, NULL, 10);
	return 0;
}

static void on_read(struct bufferevent *socket, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(socket);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	char method[8] = "", name[MAX_NAME] = "", *head;
	size_t body;

	if (end.pos < 0)
		return;
	head = must_calloc(1, (size_t)end.pos + 1);
	(void)evbuffer_copyout(in, head, (size_t)end.pos);
	if (sscanf(head, "%7[A-Z] /%99[A-Za-z0-9._-] HTTP/", method, name) < 1)
		fail("request", head);
	body = body_length(head);
	free(head);
	if (body > MAX_REQUEST)
		fail("request", "too long");
	if (evbuffer_get_length(in) < (size_t)end.pos + 4 + body)
		return;
	(void)evbuffer_drain(in, (size_t)end.pos + 4 + body);
	answer(socket, client, method, name, body);
}

static void on_written(struct bufferevent *socket, void *arg)
{
	struct client *client = arg;

	/* It is also called when there was nothing to write yet. */
	if (client->closing && evbuffer_get_length(bufferevent_get_output(socket)) == 0)
		close_client(socket, client);
}

static void on_event(struct bufferevent *socket, short what, void *arg)
{
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		close_client(socket, arg);
}

static void on_accept(
	struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
	struct server *server = arg;
	struct client *client = must_calloc(1, sizeof(*client));
	const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct bufferevent *socket;

	(void)listener;
	(void)a;
	(void)len;
	client->server = server;
	client->number = ++server->connections;
	socket = server->tls == NULL
			 ? bufferevent_socket_new(server->base, fd, options)
			 : bufferevent_openssl_socket_new(server->base, fd, SSL_new(server->tls),
				   BUFFEREVENT_SSL_ACCEPTING, options);
	if (socket == NULL)
		fail("connection", "out of memory");
	bufferevent_setcb(socket, on_read, on_written, on_event, client);
	(void)bufferevent_enable(socket, EV_READ | EV_WRITE);
}

static void read_options(int argc, char **argv, struct server *server)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "tls", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'd')
			server->dir = optarg;
		else if (c == 't')
			server->pem = optarg;
		else if (c == 'h') {
			fputs(help, stdout);
			exit(0);
		} else
			exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
	}
	if (server->dir == NULL || optind != argc)
		fail("command line", "see --help");
}

static void set_tls(struct server *server)
{
	if (server->pem == NULL)
		return;
	server->tls = SSL_CTX_new(TLS_server_method());
	if (server->tls == NULL ||
		SSL_CTX_use_certificate_chain_file(server->tls, server->pem) != 1 ||
		SSL_CTX_use_PrivateKey_file(server->tls, server->pem, SSL_FILETYPE_PEM) != 1)
		fail(server->pem, "must hold a certificate and its key");
}

int main(int argc, char **argv)
{
	struct server server = { 0 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct evconnlistener *listener;

	(void)signal(SIGPIPE, SIG_IGN); /* clients that have read enough */
	read_options(argc, argv, &server);
	set_tls(&server);
	server.base = event_base_new();
	listener = server.base == NULL ? NULL
				       : evconnlistener_new_bind(server.base, on_accept, &server,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
						 (struct sockaddr *)&at, sizeof(at));
	if (listener == NULL ||
		getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&at, &len) != 0)
		fail("listener", strerror(errno));
	printf("port=%u\n", (unsigned)ntohs(at.sin_port));
	(void)fflush(stdout);
	(void)event_base_dispatch(server.base);
	return 0;
}
