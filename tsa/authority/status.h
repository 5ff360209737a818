/*
 * The admin listener's pages (R19): /livez, /readyz, /metrics, as text.
 */
#ifndef TSA_AUTHORITY_STATUS_H
#define TSA_AUTHORITY_STATUS_H

#include "tsa/authority/reload.h"

struct status_sources {
	const struct reload *reload;
	struct issuing *issuing;
	const struct crew *crew;
	const struct fronts *fronts;
	const struct journal *journal;
	const struct ledger *ledger; /* may be NULL */
	struct timesrc *clock;
	bool draining;
};

/* Fills in the page; true: HTTP 200, false: 503. */
bool status_page(const struct status_sources *from, enum msg_status what, char *text, size_t cap);

#endif
