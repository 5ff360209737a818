/*
 * The RFC 6962 tree over the leaf hashes of one lease, in counter order, built as the records
 * come: leaves may come out of order (two lanes finish in either order) and wait until the gap
 * before them is filled.
 */
#ifndef TSA_RECORD_TREE_H
#define TSA_RECORD_TREE_H

#include "tsa/core/err.h"
#include "tsa/record/entry.h"

enum { TREE_MAX_HASHES = 32 };

/* The dense part: hashes of the full subtrees of the first size leaves, largest first. */
struct tree {
	uint32_t size;
	uint8_t hash[TREE_MAX_HASHES][HASH_LEN];
};

/* Number of hashes that a tree of this size holds: one for each bit set. */
unsigned tree_hash_count(uint32_t size);
void tree_add(struct tree *tree, const uint8_t leaf[HASH_LEN]);
/* RFC 6962 2.1 root; of no leaves, SHA-256 of nothing. */
void tree_root(const struct tree *tree, uint8_t out[HASH_LEN]);

struct lease_tree;

struct lease_tree *lease_tree_new(void);
void lease_tree_free(struct lease_tree *t);
/* Goes on from a dense part. */
void lease_tree_restore(struct lease_tree *t, const struct tree *dense);
/*
 * Adds the leaf of counter ctr. False if that counter is there already (err says so); never
 * twice with success.
 */
MUST_CHECK bool lease_tree_add(
	struct lease_tree *t, uint32_t ctr, const uint8_t leaf[HASH_LEN], struct err *err);
const struct tree *lease_tree_dense(const struct lease_tree *t);
/* One past the greatest counter added. */
uint32_t lease_tree_end(const struct lease_tree *t);
/* The lowest counter below lease_tree_end() that is missing; lease_tree_end() if none is. */
uint32_t lease_tree_first_gap(const struct lease_tree *t);
/* Calls each(arg, ctr, leaf) for every leaf beyond the dense part, in counter order. */
void lease_tree_each_waiting(const struct lease_tree *t,
	void (*each)(void *arg, uint32_t ctr, const uint8_t *leaf), void *arg);

#endif
