/* The reduced hash tree of one archive time-stamp (RFC 4998 4). Pure but for OpenSSL's digests. */
#ifndef TSA_TOKEN_EVIDENCE_HASH_TREE_H
#define TSA_TOKEN_EVIDENCE_HASH_TREE_H

#include "record_part.h"

/* A hash, its length that of the digest it is of. */
struct hash {
	uint8_t at[EVP_MAX_MD_SIZE];
};

/* Hashes in binary ascending order, duplicates kept. Owns the list, borrows the hashes. */
struct hash_list {
	struct bytes *at;
	size_t count;
};

/* The digest of that number if OpenSSL can make it and it has one length; else NULL. */
const EVP_MD *hash_algorithm(int nid);
/* out = H(a || b || c); each may be empty. */
void hash_of(
	const EVP_MD *digest, struct bytes a, struct bytes b, struct bytes c, struct hash *out);
struct bytes hash_view(const EVP_MD *digest, const struct hash *hash);

/*
 * The first list of a tree in order; of none, what a lone time-stamp covers: its imprint. All
 * hashes of the tree must have the digest's length (hash_tree_fits()).
 */
void hash_list_first(const struct evidence_record *record, const struct archive_stamp *stamp,
	struct hash_list *list);
void hash_list_free(struct hash_list *list);
bool hash_list_has(const struct hash_list *list, struct bytes hash);
void hash_list_sort(struct hash_list *list);

/* True if each hash of the tree is as long as the digest makes them. */
bool hash_tree_fits(const struct evidence_record *record, const struct archive_stamp *stamp,
	const EVP_MD *digest);
/*
 * The root of a tree (RFC 4998 4.3). A lone first value is the value of its list; with rehash it
 * is hashed again.
 */
void hash_tree_root(const struct evidence_record *record, const struct archive_stamp *stamp,
	const EVP_MD *digest, bool rehash, struct hash *root);

#endif
