/*
 * Finds the places of things in an array by a hash of theirs: entry i of the table stands for the
 * i-th thing that was added. Several may have one hash; the caller compares.
 */
#ifndef TSA_TOKEN_CHECK_TABLE_H
#define TSA_TOKEN_CHECK_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX

struct table_entry {
	uint64_t hash;
	uint32_t next; /* of the same chain */
};

/* All zero is empty. */
struct table {
	uint32_t *heads; /* of the chains; a power of two of them */
	uint32_t head_count;
	struct table_entry *entries;
	uint32_t count;
	uint32_t cap;
};

/* Adds the next thing; returns its place. */
uint32_t table_add(struct table *table, uint64_t hash);
/* The place of the latest thing of that hash, then of earlier ones; TABLE_NONE at the end. */
uint32_t table_first(const struct table *table, uint64_t hash);
uint32_t table_next(const struct table *table, uint32_t place);
/* Forgets all; takes as long as there were things. */
void table_clear(struct table *table);
void table_free(struct table *table);
/* The array of the things, with room for one more than count: it may be another one. Aborts. */
void *table_grown(void *things, uint32_t count, size_t size);

#endif
