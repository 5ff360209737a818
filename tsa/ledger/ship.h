/*
 * Ships the journal's records to PostgreSQL, each exactly once: in journal order, a batch a
 * transaction, again after a connection was lost, never past what is durable, never past a row
 * that is another record, unless the journal says that an operator accepted that (R8).
 */
#ifndef TSA_LEDGER_SHIP_H
#define TSA_LEDGER_SHIP_H

#include "tsa/ledger/channel.h"

struct confinement;

/*
 * Runs until tsad is gone and what is durable is shipped, or no longer can be. Leaves through
 * channel_fail() if the journal cannot be read or the database holds another record. Borrows
 * confinement: when what libpq reads has changed while the database is away, the process ends, to
 * be started anew.
 */
void ship_run(struct channel *channel, const struct msg_setup_ledger *setup,
	const struct confinement *confinement);

#endif
