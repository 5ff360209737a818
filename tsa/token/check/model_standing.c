/* The table of longterm.md 1.3 (RFC 3161 4) and the rules of 1.4 over one certificate's objects. */
#include "model_standing.h"

bool standing_leaves_tokens(int reason)
{
	return reason == REASON_UNSPECIFIED || reason == REASON_AFFILIATION_CHANGED ||
	       reason == REASON_SUPERSEDED || reason == REASON_CESSATION;
}

/* The cell of the table. */
static enum meaning meaning_of(const struct judgement *j, const struct revocation *entry)
{
	if (entry->reason == REASON_HOLD)
		return MEANS_HOLD;
	if (j->gen_time >= entry->since)
		return MEANS_FAILED;
	if (j->model == MODEL_GENTIME && standing_leaves_tokens(entry->reason))
		return MEANS_VALID;
	if (j->model == MODEL_PAST && j->poe < entry->since)
		return MEANS_VALID;
	return MEANS_NO_POE;
}

static bool is_lifted(const struct revocation *entry)
{
	return entry->state == REVOCATION_GOOD ||
	       (entry->state == REVOCATION_REVOKED && entry->reason == REASON_REMOVE_FROM_CRL);
}

/* A hold ends when something newer no longer has it. */
static bool hold_is_over(const struct judgement *j, unsigned index, const struct revocation *hold)
{
	const struct revocation *all = j->checked->revocations[index];

	for (unsigned i = 0; i < j->checked->revocation_count[index]; i++) {
		char why[160];

		if (is_lifted(&all[i]) && all[i].this_update > hold->this_update &&
			usable_for(j, index, &all[i], why) == USABLE)
			return true;
	}
	return false;
}

/*
 * A hold also ends in a revocation: a newer usable object gives the reason. Its date is that of the
 * hold at the latest; nobody vouches for the time between.
 */
static bool hold_became_revocation(
	const struct judgement *j, unsigned index, const struct revocation *hold)
{
	struct revocation *all = j->checked->revocations[index];

	for (unsigned i = 0; i < j->checked->revocation_count[index]; i++) {
		char why[160];

		if (all[i].state != REVOCATION_REVOKED || all[i].reason == REASON_HOLD ||
			is_lifted(&all[i]) || all[i].this_update <= hold->this_update ||
			usable_as_revoked(j, index, &all[i], why) != USABLE)
			continue;
		if (hold->since < all[i].since)
			all[i].since = hold->since;
		return true;
	}
	return false;
}

/* How near to usable: an object past its rule 3 or 4 is the right one at the wrong time. */
static unsigned nearness(enum usable failure)
{
	static const unsigned near[] = {
		[USABLE_NOT_AT_ALL] = 1,
		[USABLE_NOT_EARLY] = 2,
		[USABLE_NOT_SIGNER] = 3,
		[USABLE_NOT_CRYPTO] = 4,
		[USABLE_NOT_PROVED] = 5,
		[USABLE_NOT_LATE] = 6,
	};

	return near[failure];
}

static void note_failure(
	struct standing *standing, enum usable failure, const struct revocation *object)
{
	if (object->object->from != FROM_CALLER)
		return;
	if (standing->failed != NULL && nearness(failure) <= nearness(standing->failure))
		return;
	standing->failure = failure;
	standing->failed = object;
}

int64_t standing_reach(const struct revocation *good)
{
	return good->next_update == INT64_MAX ? good->this_update : good->next_update;
}

static void note_good(const struct judgement *j, struct standing *standing, struct revocation *good)
{
	enum usable usable = usable_for(j, standing->index, good, good->why);

	if (usable != USABLE) {
		good->state = REVOCATION_UNUSABLE;
		note_failure(standing, usable, good);
	} else if (standing->good == NULL ||
		   (j->model == MODEL_PAST &&
			   standing_reach(good) > standing_reach(standing->good))) {
		standing->good = good;
	}
}

static void note_revoked(
	const struct judgement *j, struct standing *standing, struct revocation *entry)
{
	enum meaning meaning = meaning_of(j, entry);
	enum usable usable;

	usable = usable_as_revoked(j, standing->index, entry, entry->why);
	if (usable == USABLE)
		standing->supported = true;
	else
		note_failure(standing, usable, entry);
	if (standing->revoked == NULL || meaning > standing->meaning ||
		(meaning == standing->meaning && entry->since < standing->revoked->since)) {
		standing->revoked = entry;
		standing->meaning = meaning;
	}
}

/* Of a hold that is over nothing remains but, where it became a revocation, its date. */
static bool is_past_hold(const struct judgement *j, unsigned index, const struct revocation *entry)
{
	return entry->reason == REASON_HOLD &&
	       (hold_became_revocation(j, index, entry) || hold_is_over(j, index, entry));
}

/* Holds come first, since they may date a revocation; entries that say revoked before the others.
 */
struct standing standing_of(struct judgement *j, unsigned index)
{
	struct standing standing = { .index = index };
	struct revocation *all = j->checked->revocations[index];
	unsigned count = j->checked->revocation_count[index];
	bool is_past[REVOCATION_MAX];

	for (unsigned i = 0; i < count; i++)
		is_past[i] = all[i].state == REVOCATION_REVOKED && is_past_hold(j, index, &all[i]);
	for (unsigned i = 0; i < count; i++)
		if (all[i].state == REVOCATION_REVOKED && !is_lifted(&all[i]) && !is_past[i])
			note_revoked(j, &standing, &all[i]);
	for (unsigned i = 0; i < count; i++) {
		standing.given += all[i].object->from == FROM_CALLER;
		if (all[i].state == REVOCATION_UNUSABLE)
			note_failure(&standing, USABLE_NOT_AT_ALL, &all[i]);
		else if (is_lifted(&all[i]))
			note_good(j, &standing, &all[i]);
	}
	return standing;
}
