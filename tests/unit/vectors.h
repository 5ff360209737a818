/*
 * Reads committed test vectors (TSA_TEST_DATA/record-vectors.txt): "[section]" and "name =
 * value" lines.  A vector that is missing fails the test.  Include after cmocka.h.
 */
#ifndef TSA_TESTS_UNIT_VECTORS_H
#define TSA_TESTS_UNIT_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/bytes.h"
#include "tsa/core/hex.h"

enum { VECTOR_LINE = 8192, VECTOR_BYTES = VECTOR_LINE / 2 };

/* The value's text; the caller frees. */
static inline char *vector_text(const char *section, const char *name)
{
	FILE *f = fopen(TSA_TEST_DATA "/record-vectors.txt", "r");
	char heading[128];
	char line[VECTOR_LINE];
	char *value = NULL;
	int inside = 0;

	assert_non_null(f);
	(void)snprintf(heading, sizeof(heading), "[%s]\n", section);
	while (value == NULL && fgets(line, sizeof(line), f) != NULL) {
		size_t len = strlen(name);

		if (line[0] == '[')
			inside = strcmp(line, heading) == 0;
		if (inside && strncmp(line, name, len) == 0 && strncmp(line + len, " = ", 3) == 0) {
			line[strcspn(line, "\n")] = '\0';
			value = must_strdup(line + len + 3);
		}
	}
	(void)fclose(f);
	if (value == NULL)
		fail_msg("no vector [%s] %s", section, name);
	return value;
}

static inline int64_t vector_integer(const char *section, const char *name)
{
	char *text = vector_text(section, name);
	char *end;
	long long value = strtoll(text, &end, 10);

	assert_true(end != text && *end == '\0');
	free(text);
	return value;
}

static inline uint32_t vector_u32(const char *section, const char *name)
{
	return (uint32_t)vector_integer(section, name);
}

/* The value's bytes; the caller frees with buf_free(). */
static inline struct buf vector_bytes(const char *section, const char *name)
{
	char *text = vector_text(section, name);
	struct buf out = { .at = must_calloc(1, VECTOR_BYTES), .cap = VECTOR_BYTES };

	assert_true(hex_decode(text, out.at, out.cap, &out.len));
	free(text);
	return out;
}

/* Fails unless the vector holds exactly these bytes. */
static inline void vector_equals(const char *section, const char *name, struct bytes found)
{
	struct buf wanted = vector_bytes(section, name);

	if (!bytes_equal(buf_view(&wanted), found))
		fail_msg("vector [%s] %s: other bytes were made", section, name);
	buf_free(&wanted);
}

#endif
