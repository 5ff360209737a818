/* JSON of what others wrote, and text of JSON that a terminal can bear. */
#ifndef TSA_TOOLS_VERIFY_TEXT_H
#define TSA_TOOLS_VERIFY_TEXT_H

#include <stdio.h>

#include <jansson.h>

#include "tsa/core/bytes.h"

/* A string whatever the bytes are: what is no UTF-8 is replaced by U+FFFD, octet for octet. */
json_t *text_json(struct bytes text);
/* Lower-case hexadecimal. */
json_t *text_hex(struct bytes bytes);
/* json_object_set_new and json_array_append_new; out of memory aborts. */
void text_set(json_t *object, const char *key, json_t *value);
void text_add(json_t *array, json_t *value);

/*
 * Writes text with everything escaped that could move a cursor, hide or reorder what stands
 * there: control characters (also C1 and DEL), bidirectional marks, backslash; and what is no
 * UTF-8.
 */
void text_escaped(FILE *out, struct bytes text);
/* The same for a C string. */
void text_escaped_string(FILE *out, const char *text);
/* An object as "key: value" lines, indented; nested objects and arrays deeper. */
void text_print(FILE *out, const json_t *object);

#endif
