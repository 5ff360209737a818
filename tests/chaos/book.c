#include "book.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_CTR = 16 * 1024 * 1024, /* more than any run issues in one lease */
	MAX_PRINTED = 40, /* findings; the rest is counted only */
};

static const char *const source_names[SOURCES] = { "answer", "journal", "PostgreSQL" };

const char *source_name(enum source source)
{
	return source_names[source];
}

void book_free(struct book *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->leases[i].slots);
	free(b->leases);
}

/* Grows an array of items to at least count of them; the new ones are zero. */
static void *grow(void *items, size_t old, size_t count, size_t size)
{
	uint8_t *bigger = reallocarray(items, count, size);

	if (bigger == NULL)
		abort();
	memset(bigger + old * size, 0, (count - old) * size);
	return bigger;
}

struct lease *book_lease(struct book *b, uint32_t id)
{
	size_t at = b->count;

	while (at > 0 && b->leases[at - 1].id >= id)
		at--;
	if (at < b->count && b->leases[at].id == id)
		return &b->leases[at];
	if (b->count == b->cap) {
		size_t cap = b->cap == 0 ? 16 : 2 * b->cap;

		b->leases = grow(b->leases, b->cap, cap, sizeof(*b->leases));
		b->cap = cap;
	}
	memmove(&b->leases[at + 1], &b->leases[at], (b->count - at) * sizeof(*b->leases));
	b->leases[at] = (struct lease){ .id = id };
	b->count++;
	return &b->leases[at];
}

struct slot *book_slot(struct book *b, uint32_t lease, uint32_t ctr)
{
	struct lease *l = book_lease(b, lease);

	if (ctr >= MAX_CTR) {
		book_finding(b, "lease %u counter %u: is not dense", lease, ctr);
		return NULL;
	}
	if (ctr >= l->cap) {
		uint32_t cap = l->cap == 0 ? 1024 : l->cap;

		while (cap <= ctr)
			cap *= 2;
		l->slots = grow(l->slots, l->cap, cap, sizeof(*l->slots));
		l->cap = cap;
	}
	if (ctr >= l->end)
		l->end = ctr + 1;
	return &l->slots[ctr];
}

void book_forget(struct book *b, enum source source)
{
	for (size_t i = 0; i < b->count; i++) {
		for (uint32_t c = 0; c < b->leases[i].end; c++)
			b->leases[i].slots[c].seen[source].there = false;
	}
}

void book_rolled_back(struct book *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->leases[i].rolled = true;
	book_forget(b, SOURCE_JOURNAL);
}

void book_finding(struct book *b, const char *fmt, ...)
{
	va_list args;

	if (b->findings++ >= MAX_PRINTED)
		return;
	va_start(args, fmt);
	fputs("violation: ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}

bool seen_same(const struct seen *a, const struct seen *b)
{
	bool told = a->tsu_id != 0 && b->tsu_id != 0;

	return a->kind == b->kind && a->flags == b->flags && a->time_us == b->time_us &&
	       memcmp(a->leaf, b->leaf, HASH_LEN) == 0 && memcmp(a->body, b->body, HASH_LEN) == 0 &&
	       (!told || (a->tsu_id == b->tsu_id && a->bound_us == b->bound_us));
}
