/* Owns the proofs of existence of a material. */
#include <stdlib.h>

#include "material_part.h"

static bool is_same_key(const EVP_PKEY *a, const EVP_PKEY *b)
{
	return a == b || (a != NULL && b != NULL && EVP_PKEY_eq(a, b) == 1);
}

/* The next about that object; *i is where to look on. */
static struct poe *next_of(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH], uint32_t *i)
{
	while (*i != TABLE_NONE) {
		struct poe *poe = &material->poes[*i];

		*i = table_next(&material->poe_table, *i);
		if (memcmp(poe->sha256, sha256, MATERIAL_HASH) == 0)
			return poe;
	}
	return NULL;
}

static struct poe *poe_by(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH], const EVP_PKEY *by)
{
	uint32_t i = table_first(&material->poe_table, hash_start(sha256));
	struct poe *poe;

	do
		poe = next_of(material, sha256, &i);
	while (poe != NULL && !is_same_key(poe->by, by));
	return poe;
}

void material_add_poe_by(struct material *material, const uint8_t sha256[MATERIAL_HASH],
	int64_t time, const char *from, EVP_PKEY *by)
{
	struct poe *poe = poe_by(material, sha256, by);

	if (poe != NULL && poe->time <= time)
		return;
	if (poe == NULL) {
		uint32_t place = table_add(&material->poe_table, hash_start(sha256));

		material->poes = table_grown(material->poes, place, sizeof(*poe));
		poe = &material->poes[place];
		*poe = (struct poe){ .by = by };
		(void)memcpy(poe->sha256, sha256, MATERIAL_HASH);
		if (by != NULL && EVP_PKEY_up_ref(by) != 1)
			abort();
	}
	free(poe->from);
	poe->from = must_strdup(from);
	poe->time = time;
}

void material_add_poe(struct material *material, const uint8_t sha256[MATERIAL_HASH], int64_t time,
	const char *from)
{
	material_add_poe_by(material, sha256, time, from, NULL);
}

void material_add_inside(struct material *material, const uint8_t inner[MATERIAL_HASH],
	const uint8_t outer[MATERIAL_HASH])
{
	uint32_t place = table_add(&material->inside_table, hash_start(inner));

	material->insides = table_grown(material->insides, place, sizeof(material->insides[0]));
	(void)memcpy(material->insides[place].inner, inner, MATERIAL_HASH);
	(void)memcpy(material->insides[place].outer, outer, MATERIAL_HASH);
}

void material_poe_clear(struct material *material)
{
	for (uint32_t i = 0; i < material->poe_table.count; i++) {
		free(material->poes[i].from);
		EVP_PKEY_free(material->poes[i].by);
	}
	table_clear(&material->poe_table);
	table_clear(&material->inside_table);
}

/* Things whose proof is one of the inner thing as well; the first is that itself. */
struct outer {
	const uint8_t *at[MATERIAL_MAX_OUTER];
	unsigned count;
};

static void add_outer(struct outer *outer, const uint8_t *sha256)
{
	for (unsigned i = 0; i < outer->count; i++)
		if (memcmp(outer->at[i], sha256, MATERIAL_HASH) == 0)
			return;
	if (outer->count < MATERIAL_MAX_OUTER)
		outer->at[outer->count++] = sha256;
}

static void add_around(const struct material *material, const uint8_t *sha256, struct outer *outer)
{
	for (; material != NULL; material = material->base) {
		uint32_t i = table_first(&material->inside_table, hash_start(sha256));

		for (; i != TABLE_NONE; i = table_next(&material->inside_table, i))
			if (memcmp(material->insides[i].inner, sha256, MATERIAL_HASH) == 0)
				add_outer(outer, material->insides[i].outer);
	}
}

/* The earlier of best and what is known of that object, but for what key vouches for. */
static const struct poe *earlier_of(const struct material *material, const uint8_t *sha256,
	const EVP_PKEY *key, const struct poe *best)
{
	for (; material != NULL; material = material->base) {
		uint32_t i = table_first(&material->poe_table, hash_start(sha256));
		const struct poe *poe;

		while ((poe = next_of(material, sha256, &i)) != NULL)
			if ((best == NULL || poe->time < best->time) &&
				(key == NULL || !is_same_key(poe->by, key)))
				best = poe;
	}
	return best;
}

int64_t material_poe_by_other(const struct material *material, const uint8_t sha256[MATERIAL_HASH],
	const EVP_PKEY *key, const char **from)
{
	struct outer outer = { .at = { sha256 }, .count = 1 };
	const struct poe *best = NULL;
	unsigned ring_end = 1;

	for (unsigned i = 0, depth = 0; i < outer.count; i++) {
		if (i == ring_end) {
			depth++;
			ring_end = outer.count;
		}
		best = earlier_of(material, outer.at[i], key, best);
		if (depth < MATERIAL_MAX_INSIDE)
			add_around(material, outer.at[i], &outer);
	}
	if (from != NULL)
		*from = best == NULL ? NULL : best->from;
	return best == NULL ? POE_NONE : best->time;
}

int64_t material_poe(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH], const char **from)
{
	return material_poe_by_other(material, sha256, NULL, from);
}
