/*
 * The tables of a front as messages: endpoints, the pages that tsad makes, published files (R18,
 * R21).
 */
#ifndef TSA_AUTHORITY_TABLES_H
#define TSA_AUTHORITY_TABLES_H

#include "tsa/authority/config.h"
#include "tsa/authority/spawn.h"

/*
 * ENDPOINT*, FILE*, TABLES_DONE, as they are at the time now (seconds since 1970) and until
 * unit_next_change (units.h). False if the child's queue is full: what it has is no
 * table.
 */
MUST_CHECK bool tables_send(struct child *child, const struct config *config, int64_t now);
/* TABLES_DONE alone, for the front of the admin listener. */
MUST_CHECK bool tables_send_none(struct child *child);

#endif
