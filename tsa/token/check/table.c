/* Owns its chains; the things themselves are the caller's. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/core/bytes.h"

enum { FIRST_SIZE = 16 };

static uint32_t *head_of(const struct table *table, uint64_t hash)
{
	/* Multiplied, so that the high bits of the product depend on all of a hash. */
	uint64_t mixed = hash * UINT64_C(0x9e3779b97f4a7c15);

	return &table->heads[(mixed >> 32) & (table->head_count - 1)];
}

static void grow(struct table *table)
{
	uint32_t cap = table->cap == 0 ? FIRST_SIZE : table->cap * 2;

	if (cap == 0) /* 2^32 things */
		abort();
	table->entries = reallocarray(table->entries, cap, sizeof(table->entries[0]));
	if (table->entries == NULL)
		abort();
	free(table->heads);
	table->heads = must_calloc(cap, sizeof(table->heads[0]));
	(void)memset(table->heads, 0xff, (size_t)cap * sizeof(table->heads[0]));
	table->head_count = cap;
	table->cap = cap;
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t *head = head_of(table, table->entries[i].hash);

		table->entries[i].next = *head;
		*head = i;
	}
}

uint32_t table_add(struct table *table, uint64_t hash)
{
	uint32_t *head;
	uint32_t place = table->count;

	if (place == table->cap)
		grow(table);
	head = head_of(table, hash);
	table->entries[place] = (struct table_entry){ .hash = hash, .next = *head };
	*head = place;
	table->count++;
	return place;
}

static uint32_t same_hash(const struct table *table, uint32_t place, uint64_t hash)
{
	while (place != TABLE_NONE && table->entries[place].hash != hash)
		place = table->entries[place].next;
	return place;
}

uint32_t table_first(const struct table *table, uint64_t hash)
{
	return table->count == 0 ? TABLE_NONE : same_hash(table, *head_of(table, hash), hash);
}

uint32_t table_next(const struct table *table, uint32_t place)
{
	const struct table_entry *entry = &table->entries[place];

	return same_hash(table, entry->next, entry->hash);
}

void table_clear(struct table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		*head_of(table, table->entries[i].hash) = TABLE_NONE;
	table->count = 0;
}

void table_free(struct table *table)
{
	free(table->heads);
	free(table->entries);
	*table = (struct table){ 0 };
}

void *table_grown(void *things, uint32_t count, size_t size)
{
	/* The room ends at FIRST_SIZE and at each power of two after it. */
	if (count > 0 && (count < FIRST_SIZE || (count & (count - 1)) != 0))
		return things;
	things = reallocarray(things, count == 0 ? FIRST_SIZE : (size_t)count * 2, size);
	if (things == NULL)
		abort();
	return things;
}
