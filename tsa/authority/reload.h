/*
 * SIGHUP (R18): another configuration takes the place of the one in force without a request being
 * lost.  It is read and checked; new signers prove their keys beside the old ones; the front takes
 * the new tables; and in the turn in which it says so all parts of tsad change over together.
 * Whatever fails before that leaves the configuration in force untouched.
 */
#ifndef TSA_AUTHORITY_RELOAD_H
#define TSA_AUTHORITY_RELOAD_H

#include "tsa/authority/issue.h"
#include "tsa/authority/notify.h"
#include "tsa/authority/tenure.h"

enum reload_state {
	RELOAD_NONE,
	RELOAD_PROVING, /* new signers start */
	RELOAD_TABLES, /* the front has new tables: there is no way back */
};

struct reload {
	const char *path; /* of the configuration file */
	struct config *config; /* in force; held */
	/* The neighbours, alive as long as this; ledger may be NULL. */
	struct notify *notify;
	struct crew *crew;
	struct fronts *fronts;
	struct journal *journal;
	struct lease *lease;
	struct ledger *ledger;
	struct issuing *issuing;
	struct timesrc *clock;
	struct tenure *tenure;
	/* its own */
	enum reload_state state;
	struct config *next; /* held while a reload runs */
	uint64_t began_ms;
	unsigned findings;
	bool again; /* asked for while one ran */
	bool over; /* the service ends */
	uint64_t done;
	uint64_t refused;
};

/* Only the settings of clock, for the start of the service as well. */
void reload_clock(const struct config *config, struct timesrc *clock);

/* SIGHUP, while the service runs. */
void reload_asked(struct reload *reload);
/* From the crew: all new signers are proven; or one is not. */
void reload_proven(struct reload *reload);
void reload_failed(struct reload *reload, const char *text);
/* From the fronts: new tables are in force. */
void reload_swap(struct reload *reload);
/* Begins what was asked for while another one ran; a few times a second. */
void reload_tick(struct reload *reload);
/* The service ends: no more reloads. One that has no way back goes on. */
void reload_end(struct reload *reload);
/* Frees what it holds. */
void reload_wipe(struct reload *reload);

#endif
