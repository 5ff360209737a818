/* What must hold of a book. */
#ifndef TSA_TESTS_CHAOS_RULES_H
#define TSA_TESTS_CHAOS_RULES_H

#include "book.h"
#include "tsa/record/body.h"

struct rule_counts {
	uint64_t lost; /* answered tokens that stand nowhere */
	uint64_t unanswered; /* tokens on record that no client has: their requests failed */
	uint64_t only_in_database; /* records that a rolled back journal has no more */
	uint64_t differing; /* records that were accepted to differ */
	uint64_t voids[VOID_REASONS];
	uint64_t incidents;
};

/*
 * True if the journal is dense and PostgreSQL has all of it: nothing is on its way any more. If
 * not, *lease and *ctr are the first that PostgreSQL has not.
 */
bool rules_settled(const struct book *book, uint32_t *lease, uint32_t *ctr);

/* Checks every rule; each violation is a finding. */
void rules_check(struct book *book, struct rule_counts *counts);

#endif
