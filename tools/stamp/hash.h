/* The digest of a file or of standard input, in slices; a file is never in memory as a whole. */
#ifndef TSA_TOOLS_STAMP_HASH_H
#define TSA_TOOLS_STAMP_HASH_H

#include <stdint.h>

#include "tsa/core/err.h"
#include "tsa/tsp/alg.h"

struct stamp_hash;

/* path "-" is standard input. NULL and err if it cannot be read. */
struct stamp_hash *stamp_hash_open(const char *path, enum tsp_digest digest, struct err *err);
/* Takes NULL. */
void stamp_hash_free(struct stamp_hash *hash);

/*
 * Takes the next slice in, if it comes within a moment; *done at the end of the file, and then
 * out (tsp_digest_len() bytes) is the digest. False and err if it cannot be read, or is a file
 * that was written to meanwhile.
 */
MUST_CHECK bool stamp_hash_step(struct stamp_hash *hash, bool *done, uint8_t *out, struct err *err);

/* Bytes taken in, and the size of the file (0: not known) */
uint64_t stamp_hash_taken(const struct stamp_hash *hash);
uint64_t stamp_hash_size(const struct stamp_hash *hash);

#endif
