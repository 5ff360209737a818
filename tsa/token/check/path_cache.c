/* Owns what was found for a signer among the same certificates, by hash: items come and go. */
#include <stdlib.h>

#include "path_part.h"

struct kept_path {
	uint8_t at[PATH_MAX_LENGTH][MATERIAL_HASH];
	unsigned length;
	bool holds;
	char *flaw;
};

struct path_result {
	uint8_t key[MATERIAL_HASH];
	struct kept_path at[PATH_MAX_FOUND];
	unsigned count;
	bool gave_up;
	bool has_dead_end;
	bool dead_end_is_root;
	uint8_t dead_end[MATERIAL_HASH];
};

static void result_free(struct path_result *result)
{
	for (unsigned i = 0; i < result->count; i++)
		free(result->at[i].flaw);
	free(result);
}

/* Signer, purpose, and all certificates of the material and what it stands on. */
static void make_key(const struct material *material, const struct material_item *signer,
	int purpose, uint8_t key[MATERIAL_HASH])
{
	uint8_t room[(2 + MATERIAL_MAX_BASES) * MATERIAL_HASH] = { 0 };
	size_t len = 2 * MATERIAL_HASH;

	(void)memcpy(room, signer->sha256, MATERIAL_HASH);
	(void)memcpy(room + MATERIAL_HASH, &purpose, sizeof(purpose));
	for (const struct material *at = material; at != NULL; at = at->base) {
		(void)memcpy(room + len, at->certificates, MATERIAL_HASH);
		len += MATERIAL_HASH;
	}
	cache_sha256(material->cache, (struct bytes){ room, len }, (struct bytes){ 0 }, key);
}

/* Items with the same octets, in this material; false if one is not there. */
static bool resolve(
	const struct material *material, const struct path_result *result, struct paths *paths)
{
	paths->count = result->count;
	paths->gave_up = result->gave_up;
	paths->dead_end = result->has_dead_end ? material_find(material, result->dead_end) : NULL;
	paths->dead_end_is_root = result->dead_end_is_root;
	for (unsigned i = 0; i < result->count; i++) {
		const struct kept_path *from = &result->at[i];
		struct path *to = &paths->at[i];

		to->length = from->length;
		to->holds = from->holds;
		to->flaw.text[0] = '\0';
		if (from->flaw != NULL)
			(void)err_set(&to->flaw, "%s", from->flaw);
		for (unsigned n = 0; n < from->length; n++) {
			to->at[n] = material_find(material, from->at[n]);
			if (to->at[n] == NULL)
				return false;
		}
	}
	return true;
}

bool path_recall(const struct material *material, const struct material_item *signer, int purpose,
	uint8_t key[MATERIAL_HASH], struct paths *paths)
{
	const struct material_cache *cache = material->cache;
	uint32_t i;

	make_key(material, signer, purpose, key);
	for (i = table_first(&cache->path_table, hash_start(key)); i != TABLE_NONE;
		i = table_next(&cache->path_table, i))
		if (memcmp(cache->paths[i]->key, key, MATERIAL_HASH) == 0)
			return resolve(material, cache->paths[i], paths);
	return false;
}

static struct path_result *result_of(const uint8_t key[MATERIAL_HASH], const struct paths *paths)
{
	struct path_result *result = must_calloc(1, sizeof(*result));

	(void)memcpy(result->key, key, MATERIAL_HASH);
	result->count = paths->count;
	result->gave_up = paths->gave_up;
	result->dead_end_is_root = paths->dead_end_is_root;
	result->has_dead_end = paths->dead_end != NULL;
	if (paths->dead_end != NULL)
		(void)memcpy(result->dead_end, paths->dead_end->sha256, MATERIAL_HASH);
	for (unsigned i = 0; i < paths->count; i++) {
		const struct path *from = &paths->at[i];
		struct kept_path *to = &result->at[i];

		to->length = from->length;
		to->holds = from->holds;
		if (!from->holds)
			to->flaw = must_strdup(from->flaw.text);
		for (unsigned n = 0; n < from->length; n++)
			(void)memcpy(to->at[n], from->at[n]->sha256, MATERIAL_HASH);
	}
	return result;
}

void path_remember(const struct material *material, const uint8_t key[MATERIAL_HASH],
	const struct paths *paths)
{
	struct material_cache *cache = material->cache;

	if (cache->path_table.count == CACHE_MAX_PATHS) {
		for (uint32_t i = 0; i < CACHE_MAX_PATHS; i++)
			result_free(cache->paths[i]);
		table_clear(&cache->path_table);
	}
	cache->path_free = result_free;
	cache->paths[table_add(&cache->path_table, hash_start(key))] = result_of(key, paths);
}
