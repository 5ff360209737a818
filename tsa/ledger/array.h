/*
 * Parameters for PostgreSQL in its binary format: one-dimensional arrays without nulls, and
 * single integers.
 */
#ifndef TSA_LEDGER_ARRAY_H
#define TSA_LEDGER_ARRAY_H

#include "tsa/core/bytes.h"

/* Object identifiers of the element types (PostgreSQL's catalogue pg_type; they never change). */
enum array_type { ARRAY_BYTEA = 17, ARRAY_INT8 = 20, ARRAY_INT2 = 21, ARRAY_INT4 = 23 };

struct array {
	struct buf buf;
	enum array_type type;
	uint32_t count;
};

/* Empties it, keeping its memory, for elements of type. All zero before the first time. */
void array_begin(struct array *a, enum array_type type);
void array_add_bytes(struct array *a, struct bytes element);
/* Adds an integer in the width of the array's type; the caller knows that it fits. */
void array_add_int(struct array *a, int64_t element);
/* The parameter's bytes, whole; valid until the array changes. */
struct bytes array_view(struct array *a);
void array_free(struct array *a);

#endif
