/*
 * When a lease begins and ends: opened at start, turned at UTC midnight and after a reload while
 * jobs are held, closed at the end of service.  Writes the records that say so, and those of
 * incidents.
 */
#ifndef TSA_AUTHORITY_TENURE_H
#define TSA_AUTHORITY_TENURE_H

#include "tsa/authority/issue.h"

struct tenure {
	struct lease *lease;
	struct journal *journal;
	struct timesrc *clock;
	struct issuing *issuing;
	uint64_t
		awaited; /* seq of the lease-open or lease-close that is not durable yet; 0: none */
	uint64_t found_us; /* when the journal was found */
	bool turning; /* a fresh lease is being opened while the service runs */
};

/* What a lease-open says of a configuration, which lives as long as it is in force. */
struct lease_facts tenure_facts(const struct config *config);

/* At start: true when a lease may be opened, at most some seconds after the journal was found. */
bool tenure_may_begin(const struct tenure *t);
/* At start, once the journal is ready: voids what a crash left out, opens a fresh lease. */
void tenure_begin(struct tenure *t);
/*
 * Writes an incident into the open lease. False if none is open. At start it is awaited as the
 * lease-open is.
 */
bool tenure_incident(struct tenure *t, const struct incident *incident);
/* At the end, once no job is open. */
void tenure_end(struct tenure *t);
/*
 * The lease is due: holds jobs; closes it and opens a fresh one once none is in flight and its
 * second is over.  Comes again until that is done.
 */
void tenure_turn(struct tenure *t);
/* False in the second in which the open lease was opened: none may follow it yet. */
bool tenure_may_turn(const struct tenure *t);
/* Looks at the clock, for a service that is idle at midnight and for a turn that had to wait. */
void tenure_tick(struct tenure *t);
/* True if what was awaited (begin or end, not a turn) is durable with this seq. */
bool tenure_durable(struct tenure *t, uint64_t seq);

#endif
