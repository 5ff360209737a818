/*
 * Owns the addresses of the server and the places for connections; exchange.c does the work on
 * one of them.
 */
#include "pool_part.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tools/http/tls.h"

/*
 * The resolver of the C library and not libevent's: names are what they are for every other
 * program of the machine (nsswitch.conf), and all addresses are given, where evhttp would
 * connect to the first only.
 */
static bool look_up(struct http_pool *pool, struct err *err)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = pool->url.numeric ? AI_NUMERICHOST : 0,
	};
	struct addrinfo *all = NULL;
	int failed = getaddrinfo(pool->url.host, NULL, &hints, &all);

	if (failed != 0)
		return err_set(err, "host %s: must have an address: %s", pool->url.host,
			failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
	for (const struct addrinfo *a = all; a != NULL && pool->address_count < HTTP_MAX_ADDRESSES;
		a = a->ai_next) {
		char *room = pool->addresses[pool->address_count];

		if (getnameinfo(a->ai_addr, a->ai_addrlen, room, HTTP_MAX_ADDRESS, NULL, 0,
			    NI_NUMERICHOST) == 0)
			pool->address_count++;
	}
	freeaddrinfo(all);
	return pool->address_count > 0 ||
	       err_set(err, "host %s: must have an address: none", pool->url.host);
}

struct http_pool *http_pool_new(struct event_base *base, const struct http_url *url,
	const struct http_settings *settings, struct err *err)
{
	struct http_pool *pool = must_calloc(1, sizeof(*pool));
	bool ok;

	pool->base = base;
	pool->url = *url;
	pool->settings = *settings;
	ok = look_up(pool, err);
	if (ok && url->tls)
		ok = (pool->tls = http_tls_new(settings->ca, err)) != NULL;
	for (unsigned i = 0; ok && i < settings->connections; i++)
		ok = exchange_init(&pool->connections[i], pool, err);
	if (ok)
		return pool;
	http_pool_free(pool);
	return NULL;
}

void http_pool_free(struct http_pool *pool)
{
	if (pool == NULL)
		return;
	for (unsigned i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		exchange_wipe(&pool->connections[i]);
	SSL_CTX_free(pool->tls);
	free(pool);
}

unsigned http_pool_room(const struct http_pool *pool)
{
	unsigned room = 0;

	for (unsigned i = 0; i < pool->settings.connections; i++)
		if (!pool->connections[i].busy)
			room++;
	return room;
}

/* One that is open already, if there is one. */
static struct http_connection *choose(struct http_pool *pool)
{
	struct http_connection *idle = NULL;

	for (unsigned i = 0; i < pool->settings.connections; i++) {
		struct http_connection *c = &pool->connections[i];

		if (c->busy)
			continue;
		if (c->evcon != NULL && !c->closed)
			return c;
		if (idle == NULL)
			idle = c;
	}
	return idle;
}

void http_pool_ask(struct http_pool *pool, const struct http_ask *ask, http_done *done, void *arg)
{
	struct http_connection *c = choose(pool);

	if (c == NULL)
		abort(); /* the contract: there must be room */
	c->ask = *ask;
	c->done = done;
	c->arg = arg;
	exchange_begin(c);
}
