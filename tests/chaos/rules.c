/*
 * R1 (dense counters, voids explained), R2, R8 (after a roll-back of the journal a record is in the
 * journal or in PostgreSQL), R10 (genTime never decreases), D3 (no serial twice).
 */
#include "rules.h"

#include <inttypes.h>

static bool in(const struct slot *slot, enum source source)
{
	return slot->seen[source].there;
}

static uint32_t end_of(const struct lease *l, enum source source)
{
	uint32_t end = l->end;

	while (end > 0 && !in(&l->slots[end - 1], source))
		end--;
	return end;
}

bool rules_settled(const struct book *book, uint32_t *lease, uint32_t *ctr)
{
	bool settled = true;

	*lease = book->count == 0 ? 0 : book->leases[book->count - 1].id;
	*ctr = 0;
	for (size_t i = 0; i < book->count; i++) {
		const struct lease *l = &book->leases[i];
		uint32_t end = end_of(l, l->rolled ? SOURCE_JOURNAL : SOURCE_DATABASE);

		if (end < end_of(l, SOURCE_JOURNAL))
			end = end_of(l, SOURCE_JOURNAL);
		for (uint32_t c = 0; c < end; c++) {
			bool shipped = in(&l->slots[c], SOURCE_DATABASE);

			if (in(&l->slots[c], SOURCE_JOURNAL) && shipped)
				continue;
			if (settled && !shipped) {
				*lease = l->id;
				*ctr = c;
				return false;
			}
			settled = false;
		}
	}
	return settled;
}

/* ---- one serial ---- */

/* genTime of a token that one of both has; 0 if there is none. */
static uint64_t token_time(const struct slot *slot)
{
	for (int s = SOURCE_JOURNAL; s < SOURCES; s++) {
		if (slot->seen[s].there && slot->seen[s].kind == RECORD_TOKEN)
			return slot->seen[s].time_us;
	}
	return 0;
}

static bool is_accepted(const struct lease *l, const struct slot *slot)
{
	return l->accepted && slot->seen[SOURCE_JOURNAL].kind == RECORD_VOID &&
	       slot->seen[SOURCE_DATABASE].kind == RECORD_TOKEN;
}

static void same(struct book *book, const struct lease *l, uint32_t c, enum source a, enum source b)
{
	const struct slot *slot = &l->slots[c];

	if (in(slot, a) && in(slot, b) && !seen_same(&slot->seen[a], &slot->seen[b]))
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32 ": %s and %s hold different records",
			l->id, c, source_name(a), source_name(b));
}

/* An answered token is on record, byte for byte: in both, after a roll-back in one of them. */
static void check_answer(
	struct book *book, const struct lease *l, uint32_t c, struct rule_counts *counts)
{
	const struct slot *slot = &l->slots[c];
	bool journal = in(slot, SOURCE_JOURNAL), database = in(slot, SOURCE_DATABASE);

	if (!in(slot, SOURCE_ANSWER))
		return;
	if (!journal && !database) {
		counts->lost++;
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32 ": answered, on record nowhere", l->id,
			c);
	} else if (!journal && !l->rolled) {
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32
			": answered, the journal does not have it",
			l->id, c);
	}
	if (!is_accepted(l, slot))
		same(book, l, c, SOURCE_ANSWER, SOURCE_JOURNAL);
	same(book, l, c, SOURCE_ANSWER, SOURCE_DATABASE);
}

static void check_record(
	struct book *book, const struct lease *l, uint32_t c, struct rule_counts *counts)
{
	const struct slot *slot = &l->slots[c];
	bool journal = in(slot, SOURCE_JOURNAL), database = in(slot, SOURCE_DATABASE);

	if (journal && !database)
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32 ": PostgreSQL does not have it", l->id,
			c);
	if (!journal && database && !l->rolled)
		book_finding(book, "lease %" PRIu32 " counter %" PRIu32 ": only PostgreSQL has it",
			l->id, c);
	counts->only_in_database += !journal && database;
	counts->unanswered += token_time(slot) != 0 && !in(slot, SOURCE_ANSWER);
	if (is_accepted(l, slot))
		counts->differing++;
	else
		same(book, l, c, SOURCE_JOURNAL, SOURCE_DATABASE);
	if (journal && (slot->seen[SOURCE_JOURNAL].kind == RECORD_LEASE_OPEN) != (c == 0))
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32
			": counter 0 and it alone is lease-open",
			l->id, c);
	if (journal && slot->seen[SOURCE_JOURNAL].kind == RECORD_VOID)
		counts->voids[slot->seen[SOURCE_JOURNAL].reason]++;
	counts->incidents += journal && slot->seen[SOURCE_JOURNAL].kind == RECORD_INCIDENT;
}

/* ---- a lease ---- */

static void check_dense(struct book *book, const struct lease *l, enum source source)
{
	uint32_t end = end_of(l, source), missing = 0, first = 0;

	for (uint32_t c = end; c-- > 0;) {
		if (!in(&l->slots[c], source)) {
			missing++;
			first = c;
		}
	}
	if (missing > 0)
		book_finding(book,
			"lease %" PRIu32 ": %s: counters are dense: %" PRIu32 " of %" PRIu32
			" are missing, the first is %" PRIu32,
			l->id, source_name(source), missing, end, first);
}

void rules_check(struct book *book, struct rule_counts *counts)
{
	uint64_t last_us = 0;

	*counts = (struct rule_counts){ 0 };
	for (size_t i = 0; i < book->count; i++) {
		const struct lease *l = &book->leases[i];

		check_dense(book, l, SOURCE_JOURNAL);
		check_dense(book, l, SOURCE_DATABASE);
		for (uint32_t c = 0; c < l->end; c++) {
			uint64_t time_us = token_time(&l->slots[c]);

			check_answer(book, l, c, counts);
			check_record(book, l, c, counts);
			if (time_us != 0 && time_us < last_us)
				book_finding(book,
					"lease %" PRIu32 " counter %" PRIu32 ": genTime %" PRIu64
					" after %" PRIu64,
					l->id, c, time_us, last_us);
			if (time_us > last_us)
				last_us = time_us;
		}
	}
}
