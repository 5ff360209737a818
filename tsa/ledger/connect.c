/* Owns a connection while it is being made, and whose turn it is among several hosts. */
#include "tsa/ledger/connect.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTEMPT_MS = 5000,
	MAX_SETTINGS = 12,
	MAX_LIST = MSG_MAX_URI,
};

/* What names a host; each a list, separated by commas. */
enum { HOST, HOSTADDR, PORT, LISTS };
static const char *const list_keys[LISTS] = { "host", "hostaddr", "port" };

struct connector {
	const char *conninfo;
	struct channel *channel;
	unsigned turn; /* 0: all hosts; n: host n alone */
	unsigned hosts;
	char list[LISTS][MAX_LIST];
};

struct settings {
	size_t count;
	const char *keys[MAX_SETTINGS];
	const char *values[MAX_SETTINGS];
};

struct connector *connector_new(const char *conninfo, struct channel *channel)
{
	struct connector *c = must_calloc(1, sizeof(*c));

	c->conninfo = conninfo;
	c->channel = channel;
	return c;
}

void connector_free(struct connector *c)
{
	free(c);
}

static unsigned items(const char *list)
{
	unsigned n = list[0] != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Item n (from 1) of a list; a list of one is for all hosts. */
static void copy_item(const char *list, unsigned n, char out[MAX_LIST])
{
	if (items(list) > 1) {
		for (; n > 1 && *list != '\0'; list++)
			n -= *list == ',';
	}
	(void)snprintf(out, MAX_LIST, "%.*s", (int)strcspn(list, ","), list);
}

/* An attempt with all hosts was too short for them: from now on one host each. */
static void begin_turns(struct connector *c, PGconn *conn)
{
	PQconninfoOption *options = PQconninfo(conn);

	memset(c->list, 0, sizeof(c->list));
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		for (int i = 0; i < LISTS; i++) {
			if (o->val != NULL && strcmp(o->keyword, list_keys[i]) == 0)
				(void)snprintf(c->list[i], MAX_LIST, "%s", o->val);
		}
	}
	PQconninfoFree(options);
	c->hosts = items(c->list[HOSTADDR]);
	if (c->hosts == 0)
		c->hosts = items(c->list[HOST]);
	c->turn = c->hosts > 1 ? 2 : 0; /* the first one had its time */
}

static void set(struct settings *s, const char *key, const char *value)
{
	s->keys[s->count] = key;
	s->values[s->count] = value;
	s->count++;
}

static PGconn *start(const struct connector *c)
{
	struct settings s = { 0 };
	char one[LISTS][MAX_LIST];

	/* What the operator's string says replaces what stands before it. */
	set(&s, "application_name", "tsa-ledger");
	set(&s, "tcp_user_timeout", "10000");
	set(&s, "keepalives_idle", "10");
	set(&s, "keepalives_interval", "5");
	set(&s, "keepalives_count", "3");
	set(&s, "dbname", c->conninfo);
	set(&s, "client_encoding", "UTF8");
	for (int i = 0; c->turn > 0 && i < LISTS; i++) {
		copy_item(c->list[i], c->turn, one[i]);
		set(&s, list_keys[i], one[i]);
	}
	return PQconnectStartParams(s.keys, s.values, 1);
}

enum outcome { MADE, REFUSED, TOO_LONG };

static enum outcome poll_until_made(struct connector *c, PGconn *conn)
{
	const int64_t end_ms = channel_now_ms() + ATTEMPT_MS;
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;

	while (wants != PGRES_POLLING_OK) {
		short events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		int64_t left = end_ms - channel_now_ms();

		if (wants == PGRES_POLLING_FAILED)
			return REFUSED;
		if (left <= 0)
			return TOO_LONG;
		switch (channel_wait(c->channel, PQsocket(conn), events, (int)left)) {
		case CHANNEL_SOCKET:
			wants = PQconnectPoll(conn);
			break;
		case CHANNEL_OVER:
			return TOO_LONG;
		case CHANNEL_NEWS:
		case CHANNEL_TIMEOUT:
			break;
		}
	}
	return MADE;
}

PGconn *connector_attempt(struct connector *c, struct err *err)
{
	PGconn *conn = start(c);
	enum outcome outcome = REFUSED;

	if (conn != NULL && PQstatus(conn) != CONNECTION_BAD)
		outcome = poll_until_made(c, conn);
	if (outcome == MADE) {
		c->turn = 0;
		return conn;
	}
	if (outcome == TOO_LONG)
		(void)err_set(err, "database: must answer within %d ms: it did not", ATTEMPT_MS);
	else
		(void)err_set(err, "database: must be reachable: %s", PQerrorMessage(conn));
	if (c->turn > 0)
		c->turn = c->turn % c->hosts + 1;
	else if (outcome == TOO_LONG)
		begin_turns(c, conn);
	PQfinish(conn);
	return NULL;
}
