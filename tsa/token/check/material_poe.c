/* Owns the proofs of existence of a material. */
#include <stdlib.h>

#include "material_part.h"

static struct poe *poe_of(const struct material *material, const uint8_t sha256[MATERIAL_HASH])
{
	uint32_t i = table_first(&material->poe_table, hash_start(sha256));

	while (i != TABLE_NONE && memcmp(material->poes[i].sha256, sha256, MATERIAL_HASH) != 0)
		i = table_next(&material->poe_table, i);
	return i == TABLE_NONE ? NULL : &material->poes[i];
}

void material_add_poe(struct material *material, const uint8_t sha256[MATERIAL_HASH], int64_t time,
	const char *from)
{
	struct poe *poe = poe_of(material, sha256);

	if (poe != NULL && poe->time <= time)
		return;
	if (poe == NULL) {
		uint32_t place = table_add(&material->poe_table, hash_start(sha256));

		material->poes = table_grown(material->poes, place, sizeof(*poe));
		poe = &material->poes[place];
		*poe = (struct poe){ 0 };
		(void)memcpy(poe->sha256, sha256, MATERIAL_HASH);
	}
	free(poe->from);
	poe->from = must_strdup(from);
	poe->time = time;
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
	for (uint32_t i = 0; i < material->poe_table.count; i++)
		free(material->poes[i].from);
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

int64_t material_poe(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH], const char **from)
{
	struct outer outer = { .at = { sha256 }, .count = 1 };
	const struct poe *best = NULL;
	unsigned ring_end = 1;

	for (unsigned i = 0, depth = 0; i < outer.count; i++) {
		if (i == ring_end) {
			depth++;
			ring_end = outer.count;
		}
		for (const struct material *at = material; at != NULL; at = at->base) {
			const struct poe *poe = poe_of(at, outer.at[i]);

			if (poe != NULL && (best == NULL || poe->time < best->time))
				best = poe;
		}
		if (depth < MATERIAL_MAX_INSIDE)
			add_around(material, outer.at[i], &outer);
	}
	if (from != NULL)
		*from = best == NULL ? NULL : best->from;
	return best == NULL ? POE_NONE : best->time;
}
