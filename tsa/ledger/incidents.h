/* Incident records in the journal: what was reported, and what an operator accepted. */
#ifndef TSA_LEDGER_INCIDENTS_H
#define TSA_LEDGER_INCIDENTS_H

#include "tsa/record/body.h"

/*
 * Looks for an incident among the records from..bound; both may be past each other.  Of a journal
 * that is behind all must be the same; of a conflict the lease, since an operator accepts all that
 * differs in a lease.  False with err if the journal cannot be read.
 */
MUST_CHECK bool incidents_find(const char *directory, uint64_t from, uint64_t bound,
	const struct incident *wanted, bool *found, struct err *err);

#endif
