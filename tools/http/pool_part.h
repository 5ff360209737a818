/* Between pool.c and exchange.c only. */
#ifndef TSA_TOOLS_HTTP_POOL_PART_H
#define TSA_TOOLS_HTTP_POOL_PART_H

#include <event2/http.h>
#include <openssl/ssl.h>

#include "tools/http/pool.h"

enum {
	HTTP_MAX_ADDRESSES = 8, /* of one host; more are not tried */
	HTTP_MAX_ADDRESS = 64, /* characters of one, with a scope */
	HTTP_MAX_HEAD = 65536, /* bytes of an answer's headers */
};

/* One place for a connection; it lives as long as the pool. */
struct http_connection {
	struct http_pool *pool;
	struct evhttp_connection *evcon; /* NULL: none */
	SSL *session; /* a reference of ours, to ask why it failed; NULL: no TLS */
	struct event *timer;
	struct event *turn; /* runs what an evhttp callback may not do: free its connection */
	bool busy;
	bool kept; /* evcon has brought an answer before */
	bool closed; /* by the server, between two exchanges */
	size_t address; /* which of the pool's */
	size_t tried; /* addresses in this exchange */
	int64_t deadline_ms;
	int failure; /* of evhttp, EXCHANGE_... */
	int error; /* errno with it */
	struct http_ask ask;
	http_done *done;
	void *arg;
	struct http_answer answer;
	struct buf body;
};

struct http_pool {
	struct event_base *base;
	struct http_url url;
	struct http_settings settings;
	SSL_CTX *tls; /* NULL: http */
	char addresses[HTTP_MAX_ADDRESSES][HTTP_MAX_ADDRESS];
	size_t address_count;
	size_t good; /* the address that answered last; begin there */
	struct http_connection connections[HTTP_MAX_CONNECTIONS];
};

/* Makes the events of a connection's place. */
MUST_CHECK bool exchange_init(struct http_connection *c, struct http_pool *pool, struct err *err);
void exchange_wipe(struct http_connection *c);
/* Begins an exchange; ask, done and arg are set. */
void exchange_begin(struct http_connection *c);

#endif
