/*
 * tsad's side of tsa-journal: starts it again when it dies, keeps every record until it is
 * durable, sends again what was not acknowledged (R2).
 */
#ifndef TSA_AUTHORITY_JOURNAL_H
#define TSA_AUTHORITY_JOURNAL_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"

struct event_base;
struct journal;

struct journal_events {
	/* Only at the first start, before ready: the tree of a lease that was left open. */
	void (*tree)(void *arg, const struct msg_lease_tree *tree);
	void (*leaves)(void *arg, const struct msg_lease_leaves *leaves);
	/* The first start is done. */
	void (*ready)(void *arg, const struct msg_journal_ready *ready);
	/* Every record up to seq is on disk; called with seq rising. */
	void (*durable)(void *arg, uint64_t seq);
	/* It failed in a way that ends the service (class of msg_failure), at start or later. */
	void (*fatal)(void *arg, uint8_t failure, const char *text);
	/* Its channel was closed by journal_stop and it has exited. */
	void (*stopped)(void *arg);
	void *arg;
};

/*
 * The certificates of config's TSUs go to the journal before any record. Starts the first one.
 * config lives until journal_reload.
 */
struct journal *journal_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, const struct journal_events *events);
/* Takes NULL. */
void journal_free(struct journal *journal);

/* Another configuration: before a record of its TSUs their certificates go to the journal. */
void journal_reload(struct journal *journal, const struct config *config);

/* Takes a copy of the record and its body; records come with seq rising by one. */
void journal_append(struct journal *journal, const struct msg_record *record);

/* NULL while records are written; else why no token may be issued now (for refusals and logs). */
const char *journal_trouble(const struct journal *journal);
/* Kills a tsa-journal that hangs; a few times a second. */
void journal_tick(struct journal *journal);
uint64_t journal_durable(const struct journal *journal);
size_t journal_waiting(const struct journal *journal);
const struct msg_disk *journal_disk(const struct journal *journal);

/* Lets it finish what it holds and exit. */
void journal_stop(struct journal *journal);

#endif
