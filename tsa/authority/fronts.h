/*
 * tsad's side of the tsa-front processes: one for clients, one for the admin listener (R19).
 * Owns the listeners, which outlive a front that dies; gives each front its tables.
 */
#ifndef TSA_AUTHORITY_FRONTS_H
#define TSA_AUTHORITY_FRONTS_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"

struct event_base;
struct fronts;

struct fronts_events {
	/* A request that decoded; false if no honest front would send it: the front is killed. */
	bool (*issue)(void *arg, const struct msg_issue *issue);
	/* Fills in the text of a status page (room for MSG_MAX_STATUS); true: HTTP 200, else 503.
	 */
	bool (*status)(void *arg, enum msg_status what, char *text, size_t cap);
	/* Every front listens; once, at start. */
	void (*ready)(void *arg);
	/*
	 * The tables of the last fronts_reload are in force: every ISSUE before was made with the
	 * old ones, every ISSUE after with these.
	 */
	void (*tables)(void *arg);
	/* A front could not be started at start. */
	void (*fatal)(void *arg, const char *text);
	/* After fronts_drain: no front for clients is left. */
	void (*drained)(void *arg);
	/* After fronts_stop: none at all is left. */
	void (*stopped)(void *arg);
	void *arg;
};

/*
 * Binds the listeners of config, or takes those that the service manager hands over (activation.h);
 * NULL and err if one cannot be had. Starts nothing yet.
 */
struct fronts *fronts_new(struct event_base *base, struct spawner *spawner,
	const struct config *config, const struct fronts_events *events, struct err *err);
/* Takes NULL. */
void fronts_free(struct fronts *fronts);
void fronts_start(struct fronts *fronts);

/*
 * New tables for the clients' front, which end in events.tables: at once where none runs, which may
 * be before this returns. A front that does not take them is killed. config lives until the next
 * call. Not while another one goes on.
 */
void fronts_reload(struct fronts *fronts, const struct config *config);

/* A few times a second: new tables for the clients' front where one TSU has followed another. */
void fronts_tick(struct fronts *fronts);

/* Answers that the fronts for clients gave by themselves since the start. */
uint64_t fronts_count(const struct fronts *fronts, enum msg_count kind);

/* Answers to the front that asked; dropped if that front is gone. */
void fronts_token(struct fronts *fronts, uint64_t id, struct bytes token);
void fronts_refuse(struct fronts *fronts, uint64_t id, uint8_t fail_info, const char *text);
void fronts_busy(struct fronts *fronts, uint64_t id, uint8_t retry_after_s);

/* Accept no more, answer what is accepted (R12). */
void fronts_drain(struct fronts *fronts);
void fronts_stop(struct fronts *fronts);

#endif
