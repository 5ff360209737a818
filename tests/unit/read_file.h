/* A file of a test's data, whole. */
#ifndef TSA_TESTS_UNIT_READ_FILE_H
#define TSA_TESTS_UNIT_READ_FILE_H

#include "tsa/core/bytes.h"

/* folder/name; the test fails if it cannot be read. The caller frees. */
struct buf read_file(const char *folder, const char *name);

#endif
