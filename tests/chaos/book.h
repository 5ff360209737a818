/*
 * What is known of every serial number of one instance: from the clients' answers, from the
 * journal and from PostgreSQL.  Filled by the readers, judged by rules.h.  Pure.
 */
#ifndef TSA_TESTS_CHAOS_BOOK_H
#define TSA_TESTS_CHAOS_BOOK_H

#include "tsa/core/err.h"
#include "tsa/record/entry.h"

enum source { SOURCE_ANSWER, SOURCE_JOURNAL, SOURCE_DATABASE, SOURCES };

/* One record as one source has it. */
struct seen {
	bool there;
	uint8_t kind; /* enum record_kind */
	uint8_t flags;
	uint8_t reason; /* of a void in the journal: enum void_reason; else 0 */
	uint32_t tsu_id; /* an answer's: 0, not compared */
	int32_t bound_us; /* the same */
	uint64_t time_us;
	uint8_t leaf[HASH_LEN];
	uint8_t body[HASH_LEN]; /* its SHA-256 */
};

struct slot {
	struct seen seen[SOURCES];
};

struct lease {
	uint32_t id;
	bool rolled; /* the journal was rolled back after it was opened */
	bool accepted; /* records of it that differ were accepted by an operator */
	struct slot *slots; /* by counter */
	uint32_t end; /* one past the greatest counter that any source has */
	uint32_t cap;
};

struct book {
	uint32_t instance;
	struct lease *leases; /* ascending by id */
	size_t count;
	size_t cap;
	uint64_t findings; /* violations so far */
};

void book_free(struct book *b);
/* The lease, made if it is new. Pointers to leases and slots live until the next one is made. */
struct lease *book_lease(struct book *b, uint32_t id);
/* The slot of a serial, made if it is new. A counter beyond all reason is a finding and NULL. */
struct slot *book_slot(struct book *b, uint32_t lease, uint32_t ctr);
/* Forgets all that a source said. */
void book_forget(struct book *b, enum source source);
/* As long as a lease is before the journal's present end it may be rolled back. */
void book_rolled_back(struct book *b);

/* Prints a violation of what must hold, and counts it. */
void book_finding(struct book *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True if both are the same record; what an answer does not tell is left out. */
bool seen_same(const struct seen *a, const struct seen *b);
const char *source_name(enum source source);

#endif
