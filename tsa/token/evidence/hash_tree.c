/* Lists of hashes in order, and what they come to. Owns its lists. */
#include "hash_tree.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/tsp/der.h"

const EVP_MD *hash_algorithm(int nid)
{
	const EVP_MD *digest = nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned len;

	/* Some have a name and no implementation, or any length. */
	if (digest == NULL || (EVP_MD_get_flags(digest) & EVP_MD_FLAG_XOF) != 0 ||
		EVP_Digest("", 0, out, &len, digest, NULL) != 1)
		return NULL;
	return digest;
}

static EVP_MD_CTX *hash_start(const EVP_MD *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL || EVP_DigestInit_ex(context, digest, NULL) != 1)
		abort();
	return context;
}

static void hash_add(EVP_MD_CTX *context, struct bytes more)
{
	if (more.len > 0 && EVP_DigestUpdate(context, more.at, more.len) != 1)
		abort();
}

static void hash_end(EVP_MD_CTX *context, struct hash *out)
{
	if (EVP_DigestFinal_ex(context, out->at, NULL) != 1)
		abort();
	EVP_MD_CTX_free(context);
}

void hash_of(const EVP_MD *digest, struct bytes a, struct bytes b, struct bytes c, struct hash *out)
{
	EVP_MD_CTX *context = hash_start(digest);

	hash_add(context, a);
	hash_add(context, b);
	hash_add(context, c);
	hash_end(context, out);
}

struct bytes hash_view(const EVP_MD *digest, const struct hash *hash)
{
	return (struct bytes){ hash->at, (size_t)EVP_MD_get_size(digest) };
}

/* All of one list are equally long; what is looked for may not be. */
static int compare(const void *a, const void *b)
{
	const struct bytes *left = a;
	const struct bytes *right = b;

	if (left->len != right->len)
		return left->len < right->len ? -1 : 1;
	return left->len == 0 ? 0 : memcmp(left->at, right->at, left->len);
}

void hash_list_sort(struct hash_list *list)
{
	if (list->count > 1)
		qsort(list->at, list->count, sizeof(*list->at), compare);
}

bool hash_list_has(const struct hash_list *list, struct bytes hash)
{
	return list->count > 0 &&
	       bsearch(&hash, list->at, list->count, sizeof(hash), compare) != NULL;
}

void hash_list_free(struct hash_list *list)
{
	free(list->at);
	*list = (struct hash_list){ 0 };
}

/* The hashes of one PartialHashtree and what is carried into it, in order. */
static void list_of(const struct ber *ber, const struct ber_node *node, const struct bytes *carried,
	struct hash_list *list)
{
	struct ber_walk walk = ber_inside(ber, node);

	list->at = must_calloc(node->past - (size_t)(node - ber->nodes), sizeof(*list->at));
	for (const struct ber_node *hash; (hash = ber_next(&walk)) != NULL;)
		list->at[list->count++] = hash->content;
	if (carried != NULL)
		list->at[list->count++] = *carried;
	hash_list_sort(list);
}

void hash_list_first(const struct evidence_record *record, const struct archive_stamp *stamp,
	struct hash_list *list)
{
	struct ber_walk walk;

	*list = (struct hash_list){ 0 };
	if (stamp->tree != NULL) {
		walk = ber_inside(&record->ber, stamp->tree);
		list_of(&record->ber, ber_next(&walk), NULL, list);
		return;
	}
	list->at = must_calloc(1, sizeof(*list->at));
	list->at[list->count++] = (struct bytes){ stamp->token.imprint, stamp->token.imprint_len };
}

bool hash_tree_fits(const struct evidence_record *record, const struct archive_stamp *stamp,
	const EVP_MD *digest)
{
	const struct ber *ber = &record->ber;

	if (stamp->tree == NULL)
		return true;
	for (uint32_t i = (uint32_t)(stamp->tree - ber->nodes) + 1; i < stamp->tree->past; i++)
		if (ber->nodes[i].tag == DER_OCTET_STRING &&
			ber->nodes[i].content.len != (size_t)EVP_MD_get_size(digest))
			return false;
	return true;
}

static void hash_list_value(const EVP_MD *digest, const struct hash_list *list, struct hash *out)
{
	EVP_MD_CTX *context = hash_start(digest);

	for (size_t i = 0; i < list->count; i++)
		hash_add(context, list->at[i]);
	hash_end(context, out);
}

void hash_tree_root(const struct evidence_record *record, const struct archive_stamp *stamp,
	const EVP_MD *digest, bool rehash, struct hash *root)
{
	struct ber_walk walk = ber_inside(&record->ber, stamp->tree);
	struct bytes carried = hash_view(digest, root);
	bool is_first = true;

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL; is_first = false) {
		struct hash_list list = { 0 };
		struct hash value;

		list_of(&record->ber, node, is_first ? NULL : &carried, &list);
		if (list.count == 1 && !rehash)
			memcpy(value.at, list.at[0].at, list.at[0].len);
		else
			hash_list_value(digest, &list, &value);
		*root = value;
		hash_list_free(&list);
	}
}
