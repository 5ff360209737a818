/* Owns the hashes of one lease's tree and the leaves that wait for a counter before them. */
#include "tsa/record/tree.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/core/log.h"

struct leaf {
	uint32_t ctr;
	uint8_t hash[HASH_LEN];
};

struct lease_tree {
	struct tree dense;
	uint32_t end;
	/* Sorted by counter: leaf[first .. first + count). */
	struct leaf *leaf;
	size_t first;
	size_t count;
	size_t cap;
};

unsigned tree_hash_count(uint32_t size)
{
	unsigned count = 0;

	for (; size != 0; size &= size - 1)
		count++;
	return count;
}

/* RFC 6962 2.1: SHA-256(0x01 | left | right). */
static void node_hash(
	const uint8_t left[HASH_LEN], const uint8_t right[HASH_LEN], uint8_t out[HASH_LEN])
{
	static const uint8_t node = 0x01;
	const struct bytes parts[] = { { &node, 1 }, { left, HASH_LEN }, { right, HASH_LEN } };

	hash_parts(parts, 3, out);
}

void tree_add(struct tree *tree, const uint8_t leaf[HASH_LEN])
{
	unsigned count = tree_hash_count(tree->size);
	uint8_t hash[HASH_LEN];

	if (tree->size == UINT32_MAX)
		BUG("tree: full");
	memcpy(hash, leaf, HASH_LEN);
	for (uint32_t bits = tree->size; (bits & 1) != 0; bits >>= 1)
		node_hash(tree->hash[--count], hash, hash);
	memcpy(tree->hash[count], hash, HASH_LEN);
	tree->size++;
}

void tree_root(const struct tree *tree, uint8_t out[HASH_LEN])
{
	unsigned count = tree_hash_count(tree->size);

	if (count == 0) {
		hash_parts(NULL, 0, out);
		return;
	}
	memcpy(out, tree->hash[--count], HASH_LEN);
	while (count > 0)
		node_hash(tree->hash[--count], out, out);
}

struct lease_tree *lease_tree_new(void)
{
	return must_calloc(1, sizeof(struct lease_tree));
}

void lease_tree_free(struct lease_tree *t)
{
	if (t == NULL)
		return;
	free(t->leaf);
	free(t);
}

void lease_tree_restore(struct lease_tree *t, const struct tree *dense)
{
	t->dense = *dense;
	t->end = dense->size;
	t->first = 0;
	t->count = 0;
}

/* Makes room for one leaf more behind the last. */
static void grow(struct lease_tree *t)
{
	struct leaf *grown;

	if (t->first + t->count < t->cap)
		return;
	/* Half of it stands before the first: move down instead of growing. */
	if (t->first > t->cap / 2) {
		memmove(t->leaf, t->leaf + t->first, t->count * sizeof(*t->leaf));
		t->first = 0;
		return;
	}
	t->cap = 2 * t->cap + 16;
	grown = must_calloc(t->cap, sizeof(*grown));
	if (t->count > 0)
		memcpy(grown, t->leaf + t->first, t->count * sizeof(*grown));
	free(t->leaf);
	t->leaf = grown;
	t->first = 0;
}

/* Puts a leaf in its place among those that wait; false if its counter waits already. */
static bool wait_for_gap(struct lease_tree *t, uint32_t ctr, const uint8_t hash[HASH_LEN])
{
	size_t at;

	grow(t);
	/* Leaves come nearly in order: look from the end. */
	for (at = t->first + t->count; at > t->first && t->leaf[at - 1].ctr >= ctr; at--) {
		if (t->leaf[at - 1].ctr == ctr)
			return false;
	}
	memmove(t->leaf + at + 1, t->leaf + at, (t->first + t->count - at) * sizeof(*t->leaf));
	t->leaf[at].ctr = ctr;
	memcpy(t->leaf[at].hash, hash, HASH_LEN);
	t->count++;
	return true;
}

bool lease_tree_add(
	struct lease_tree *t, uint32_t ctr, const uint8_t leaf[HASH_LEN], struct err *err)
{
	if (ctr == UINT32_MAX)
		return err_set(err, "lease: counter %u is past the last", ctr);
	if (ctr < t->dense.size || (ctr > t->dense.size && !wait_for_gap(t, ctr, leaf)))
		return err_set(err, "lease: counter %u comes twice", ctr);
	if (ctr >= t->end)
		t->end = ctr + 1;
	if (ctr > t->dense.size)
		return true;
	tree_add(&t->dense, leaf);
	while (t->count > 0 && t->leaf[t->first].ctr == t->dense.size) {
		tree_add(&t->dense, t->leaf[t->first].hash);
		t->first++;
		t->count--;
	}
	if (t->count == 0)
		t->first = 0;
	return true;
}

const struct tree *lease_tree_dense(const struct lease_tree *t)
{
	return &t->dense;
}

uint32_t lease_tree_end(const struct lease_tree *t)
{
	return t->end;
}

uint32_t lease_tree_first_gap(const struct lease_tree *t)
{
	/* If nothing waits, the dense part ends at the end. */
	return t->dense.size;
}

void lease_tree_each_waiting(const struct lease_tree *t,
	void (*each)(void *arg, uint32_t ctr, const uint8_t *leaf), void *arg)
{
	for (size_t i = t->first; i < t->first + t->count; i++)
		each(arg, t->leaf[i].ctr, t->leaf[i].hash);
}
