/*
 * tsad's side of tsa-ledger: tells it what is durable, hears what is committed in PostgreSQL,
 * and knows how old the oldest record is that is not.  With ack = ledger it says which tokens may
 * be answered.
 */
#ifndef TSA_AUTHORITY_LEDGER_H
#define TSA_AUTHORITY_LEDGER_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"
#include "tsa/record/body.h"

struct event_base;
struct ledger;

struct ledger_events {
	/* A record that differs from ours stands under the same key: nothing may be issued. */
	void (*conflict)(void *arg, const char *text);
	/* More may be answered now; called with ack = ledger only. */
	void (*answerable)(void *arg);
	/*
	 * The journal is behind PostgreSQL (R8), which is said once a run for the same facts.
	 * False: no record can say so now; it is said again when tsa-ledger finds it again.
	 */
	bool (*incident)(void *arg, const struct incident *incident);
	/* Its channel was closed by ledger_stop and it has exited. */
	void (*stopped)(void *arg);
	void *arg;
};

/*
 * Only where the configuration has a database.  Starts nothing yet: what ledger_durable() says
 * until ledger_start() is told then.
 */
struct ledger *ledger_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, uint32_t instance, uint64_t durable,
	const struct ledger_events *events);
/* Takes NULL. */
void ledger_free(struct ledger *ledger);
/* Takes NULL. */
void ledger_start(struct ledger *ledger);

/* Another configuration, with the same database and journal; lives until the next call. */
void ledger_reload(struct ledger *ledger, const struct config *config);

/* All up to seq is on disk; tsa-ledger is told within milliseconds, at once if tokens wait. */
void ledger_durable(struct ledger *ledger, uint64_t seq);
/* Kills a tsa-ledger that hangs; a few times a second.  Takes NULL. */
void ledger_tick(struct ledger *ledger);
/*
 * Of the records up to durable, all up to the one given may be answered: with ack = ledger those
 * that are committed as well.  Takes NULL.
 */
uint64_t ledger_answerable(const struct ledger *ledger, uint64_t durable);
/*
 * NULL, or with ack = ledger why no token can be answered in time: PostgreSQL has been away, or
 * has committed nothing of what waits, for a while.  Lives until the next call.  Takes NULL.
 */
const char *ledger_trouble(struct ledger *ledger);

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
