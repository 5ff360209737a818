/* What all revocation data say about one certificate, weighed for one token. */
#ifndef TSA_TOKEN_CHECK_MODEL_STANDING_H
#define TSA_TOKEN_CHECK_MODEL_STANDING_H

#include "model_part.h"

/* What an entry that says revoked means; the later the worse. */
enum meaning { MEANS_VALID, MEANS_NO_POE, MEANS_HOLD, MEANS_FAILED };

/* All that is said about one certificate. */
struct standing {
	unsigned index;
	const struct revocation *good; /* usable, and of those the one that reaches furthest */
	const struct revocation *revoked; /* the entry that means most */
	enum meaning meaning;
	bool supported; /* an entry that is usable: it was not revoked before that date */
	unsigned given; /* objects about it that the caller gave */
	enum usable failure; /* of the one that came nearest to being usable */
	const struct revocation *failed;
};

/* RFC 3161 4 item 1: a reason that leaves earlier tokens as they are. */
bool standing_leaves_tokens(int reason);
/* Until when an object that says good is relied on: nextUpdate, without one thisUpdate. */
int64_t standing_reach(const struct revocation *good);
/*
 * Weighs j->checked->revocations[index] under j's model. Objects that cannot be used become
 * UNUSABLE with why.
 */
struct standing standing_of(struct judgement *j, unsigned index);

#endif
