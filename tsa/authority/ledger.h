/*
 * tsad's side of tsa-ledger: tells it what is durable, hears what is committed in PostgreSQL,
 * and knows how old the oldest record is that is not.
 */
#ifndef TSA_AUTHORITY_LEDGER_H
#define TSA_AUTHORITY_LEDGER_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"

struct event_base;
struct ledger;

struct ledger_events {
	/* A record that differs from ours stands under the same key: nothing may be issued. */
	void (*conflict)(void *arg, const char *text);
	/* Its channel was closed by ledger_stop and it has exited. */
	void (*stopped)(void *arg);
	void *arg;
};

/* Only where the configuration has a database. */
struct ledger *ledger_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, uint32_t instance, uint64_t durable,
	const struct ledger_events *events);
/* Takes NULL. */
void ledger_free(struct ledger *ledger);

/* Another configuration, with the same database and journal; lives until the next call. */
void ledger_reload(struct ledger *ledger, const struct config *config);

/* All up to seq is on disk; tsa-ledger is told within milliseconds. */
void ledger_durable(struct ledger *ledger, uint64_t seq);

struct ledger_state {
	bool connected;
	uint64_t shipped; /* all up to this seq is committed */
	uint64_t unshipped; /* records durable but not committed */
	uint64_t unshipped_age_s; /* age of the oldest of them */
	const char *text; /* why not connected; or the server's version */
};
struct ledger_state ledger_state(const struct ledger *ledger);
/* True once the oldest unshipped record is older than max_unshipped_age: nothing is issued. */
bool ledger_too_old(const struct ledger *ledger);

/* Tells what is durable, lets it ship that and exit. */
void ledger_stop(struct ledger *ledger);

#endif
