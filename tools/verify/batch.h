/* The files of the command line, those in folders included, in a stable order. */
#ifndef TSA_TOOLS_VERIFY_BATCH_H
#define TSA_TOOLS_VERIFY_BATCH_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	BATCH_MAX_DEPTH = 32, /* of folders */
	BATCH_MAX_FILES = 1 << 27,
};

struct batch;

/*
 * All files that paths name: a folder stands for the files in it, by name, then for its folders.
 * Links to folders are not followed; what is no file is left out. With data_beside a file X is
 * left out if X.tsr, X.tst or X.der is there too. Folders that cannot be read, or are too deep, are
 * failures; the others are taken. NULL and err if there are too many files. The caller frees.
 */
struct batch *batch_new(char *const *paths, int count, bool data_beside, struct err *err);
void batch_free(struct batch *batch);
size_t batch_count(const struct batch *batch);
/* True if a folder was named. */
bool batch_has_folder(const struct batch *batch);
/* The folders that are not taken, and why: their path. */
size_t batch_failure_count(const struct batch *batch);
const char *batch_failure(const struct batch *batch, size_t index, struct err *err);
/* The path of a file; until the next call. */
const char *batch_path(struct batch *batch, size_t index);

#endif
