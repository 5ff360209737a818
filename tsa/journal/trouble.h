/* A failure that tsad is told of: what it should do about it, and the words. */
#ifndef TSA_JOURNAL_TROUBLE_H
#define TSA_JOURNAL_TROUBLE_H

#include "tsa/core/err.h"
#include "tsa/core/msg.h"

struct trouble {
	uint8_t failure; /* enum msg_failure */
	struct err err;
};

/* Gives the failure whose text was just set its class. Returns false, as err_set does. */
static inline bool trouble_is(struct trouble *t, enum msg_failure failure)
{
	t->failure = (uint8_t)failure;
	return false;
}

#endif
