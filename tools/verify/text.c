/* Owns nothing. */
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/hex.h"

enum { INDENT = 2, MAX_PRINT_DEPTH = 16, DELETE = 0x7f, LAST_C1 = 0x9f };

/*
 * Octets of the UTF-8 character that text begins with, and its code point; 0 if it is none
 * (RFC 3629: shortest form, no surrogate, up to U+10FFFF).
 */
static size_t take_character(struct bytes text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = text.at[0] < 0x80   ? 1
		     : text.at[0] < 0xc0 ? 0
		     : text.at[0] < 0xe0 ? 2
		     : text.at[0] < 0xf0 ? 3
		     : text.at[0] < 0xf8 ? 4
					 : 0;

	if (len == 0 || len > text.len)
		return 0;
	*code = len == 1 ? text.at[0] : text.at[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((text.at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text.at[i] & 0x3fU);
	}
	return *code >= least[len] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff) ? len
											      : 0;
}

json_t *text_json(struct bytes text)
{
	static const struct bytes replacement = { (const uint8_t *)"\xef\xbf\xbd", 3 };
	struct buf out = { 0 };
	json_t *string;

	while (text.len > 0) {
		uint32_t code;
		size_t len = take_character(text, &code);

		buf_append(&out, len == 0 ? replacement : (struct bytes){ text.at, len });
		len = len == 0 ? 1 : len;
		text = (struct bytes){ text.at + len, text.len - len };
	}
	string = json_stringn(out.len == 0 ? "" : (const char *)out.at, out.len);
	buf_free(&out);
	if (string == NULL)
		abort();
	return string;
}

json_t *text_hex(struct bytes bytes)
{
	char *text = must_calloc(2 * bytes.len + 1, 1);
	json_t *string;

	hex_encode(bytes, text);
	string = json_string(text);
	free(text);
	if (string == NULL)
		abort();
	return string;
}

void text_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		abort();
}

void text_add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		abort();
}

/* Marks that reorder text or do not show: U+200B to 200F, 2028 to 202E, 2060 to 206F, FEFF. */
static bool is_hidden(uint32_t code)
{
	return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code == 0x061c;
}

void text_escaped(FILE *out, struct bytes text)
{
	while (text.len > 0) {
		uint32_t code = 0;
		size_t len = take_character(text, &code);

		if (len == 0)
			(void)fprintf(out, "\\x%02x", text.at[0]);
		else if (code < ' ' || (code >= DELETE && code <= LAST_C1) || is_hidden(code))
			(void)fprintf(out, "\\u{%" PRIx32 "}", code);
		else if (code == '\\')
			(void)fputs("\\\\", out);
		else
			(void)fwrite(text.at, 1, len, out);
		len = len == 0 ? 1 : len;
		text = (struct bytes){ text.at + len, text.len - len };
	}
}

void text_escaped_string(FILE *out, const char *text)
{
	text_escaped(out, bytes_of_text(text));
}

static void print_scalar(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		text_escaped(out, (struct bytes){ (const uint8_t *)json_string_value(value),
					  json_string_length(value) });
	else if (json_is_integer(value))
		(void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		(void)fprintf(out, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		(void)fputs(json_is_true(value) ? "yes" : "no", out);
	else
		(void)fputs("none", out);
}

static void print_inside(FILE *out, const json_t *container, int depth);

/* "key: value", or "key:" and what is inside on further lines. */
static void print_member(FILE *out, const char *key, const json_t *value, int depth)
{
	(void)fprintf(out, "%*s%s:", depth * INDENT, "", key);
	if (json_is_object(value) || json_is_array(value)) {
		(void)fputc('\n', out);
		print_inside(out, value, depth + 1);
		return;
	}
	(void)fputc(' ', out);
	print_scalar(out, value);
	(void)fputc('\n', out);
}

/* Recursion is bounded by what show.c builds, and by MAX_PRINT_DEPTH. */
static void print_inside(FILE *out, const json_t *container, int depth)
{
	const char *key;
	json_t *value;
	size_t i;

	if (depth > MAX_PRINT_DEPTH)
		return;
	json_array_foreach(container, i, value)
	{
		char number[24];

		(void)snprintf(number, sizeof(number), "%zu", i + 1);
		print_member(out, number, value, depth);
	}
	json_object_foreach((json_t *)container, key, value) print_member(out, key, value, depth);
}

void text_print(FILE *out, const json_t *object)
{
	print_inside(out, object, 0);
}
