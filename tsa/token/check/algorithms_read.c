/*
 * Reads a table of algorithms with dates.  Its syntax is that of openssl.cnf(5) without what makes
 * two readings possible: each line is empty, a comment, a section or a row, no key comes twice, and
 * nothing is expanded or included.
 */
#include "algorithms_part.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/objects.h>

enum {
	MAX_LINE = 256, /* characters */
	MAX_BITS = 65536, /* a key longer than this is not read by OpenSSL */
	MAX_BITS_DIGITS = 5,
	DATE_LEN = 10, /* 2012-08-01 */
};

static const struct {
	const char *name;
	int nid;
} digests[] = {
	{ "md2", NID_md2 },
	{ "md4", NID_md4 },
	{ "md5", NID_md5 },
	{ "ripemd160", NID_ripemd160 },
	{ "whirlpool", NID_whirlpool },
	{ "sha1", NID_sha1 },
	{ "sha224", NID_sha224 },
	{ "sha256", NID_sha256 },
	{ "sha384", NID_sha384 },
	{ "sha512", NID_sha512 },
	{ "sha512-224", NID_sha512_224 },
	{ "sha512-256", NID_sha512_256 },
	{ "sha3-224", NID_sha3_224 },
	{ "sha3-256", NID_sha3_256 },
	{ "sha3-384", NID_sha3_384 },
	{ "sha3-512", NID_sha3_512 },
	{ "sm3", NID_sm3 },
	{ "gost94", NID_id_GostR3411_94 },
	{ "gost2012-256", NID_id_GostR3411_2012_256 },
	{ "gost2012-512", NID_id_GostR3411_2012_512 },
};

/* Where the reading stands. */
struct reading {
	struct algorithms *table;
	unsigned line;
	enum algorithms_kind kind;
	bool in_section;
	bool seen[ALGORITHMS_KINDS];
};

const char *algorithms_kind_name(enum algorithms_kind kind)
{
	static const char *const names[ALGORITHMS_KINDS] = { "table", "digest", "rsa", "rsassa-pss",
		"dsa", "ecdsa", "eddsa" };

	return names[kind];
}

int algorithms_name(enum algorithms_kind kind, const char *name)
{
	if (kind == ALGORITHMS_EDDSA)
		return strcmp(name, "ed25519") == 0 ? NID_ED25519
		       : strcmp(name, "ed448") == 0 ? NID_ED448
						    : NID_undef;
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (strcmp(digests[i].name, name) == 0)
			return digests[i].nid;
	return NID_undef;
}

/* All errors begin with where: the line, the section and the key. */
static bool row_error(
	const struct reading *reading, const char *key, struct err *err, const char *rule)
{
	return err_set(err, "line %u: [%s] %s: %s", reading->line,
		algorithms_kind_name(reading->kind), key, rule);
}

static bool read_section(struct reading *reading, char *name, struct err *err)
{
	size_t len = strlen(name);

	if (name[len - 1] != ']')
		return err_set(err, "line %u: a section is [name]", reading->line);
	name[len - 1] = '\0';
	for (int kind = 0; kind < ALGORITHMS_KINDS; kind++) {
		if (strcmp(name, algorithms_kind_name((enum algorithms_kind)kind)) != 0)
			continue;
		if (reading->seen[kind])
			return err_set(
				err, "line %u: section [%s] is there twice", reading->line, name);
		reading->kind = (enum algorithms_kind)kind;
		reading->seen[kind] = true;
		reading->in_section = true;
		return true;
	}
	return err_set(err, "line %u: there is no section [%s]", reading->line, name);
}

/* Digits only, 1 to most; *at goes past them. 0 if there are none or too many. */
static int take_number(const char **at, unsigned most)
{
	int value = 0;
	unsigned digits = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (++digits > most)
			return 0;
		value = value * 10 + (**at - '0');
	}
	return value;
}

/* "1024..1899" or "3000.." */
static bool read_lengths(const char *key, struct algorithms_row *row)
{
	row->from = take_number(&key, MAX_BITS_DIGITS);
	if (row->from == 0 || strncmp(key, "..", 2) != 0)
		return false;
	key += 2;
	row->to = *key == '\0' ? INT_MAX : take_number(&key, MAX_BITS_DIGITS);
	return *key == '\0' && row->from <= MAX_BITS && row->from <= row->to &&
	       (row->to <= MAX_BITS || row->to == INT_MAX);
}

static bool is_date(const char *text)
{
	for (int i = 0; i < DATE_LEN; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	return text[DATE_LEN] == '\0';
}

/* "never", "no end" or the first day on which it is no longer relied on. */
static bool read_end(const char *text, int64_t *last)
{
	struct tm day = { 0 };
	struct tm same;
	int64_t midnight;

	*last = ALGORITHMS_NO_END;
	if (strcmp(text, "no end") == 0)
		return true;
	*last = ALGORITHMS_NEVER;
	if (strcmp(text, "never") == 0)
		return true;
	if (!is_date(text))
		return false;
	day.tm_year = (int)strtol(text, NULL, 10) - 1900;
	day.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
	day.tm_mday = (int)strtol(text + 8, NULL, 10);
	same = day;
	midnight = timegm(&same);
	if (midnight <= 0 || same.tm_mon != day.tm_mon || same.tm_mday != day.tm_mday)
		return false; /* no such day, or before 1970 */
	*last = midnight - 1;
	return true;
}

/* No row before it says the same or, of a longer key, an earlier end. */
static bool check_against(
	struct reading *reading, const char *key, const struct algorithms_row *row, struct err *err)
{
	char rule[80];

	for (unsigned i = 0; i < reading->table->count; i++) {
		const struct algorithms_row *before = &reading->table->rows[i];
		const char *found = NULL;

		if (before->kind != row->kind)
			continue;
		if (row->name != NID_undef)
			found = before->name == row->name ? "is there twice" : NULL;
		else if (before->from <= row->to && row->from <= before->to)
			found = "these lengths are there twice";
		else if (before->from < row->from ? before->last > row->last
						  : before->last < row->last)
			found = "a longer key ends earlier than a shorter one";
		if (found == NULL)
			continue;
		snprintf(rule, sizeof(rule), "%s, first in line %u", found, before->line);
		return row_error(reading, key, err, rule);
	}
	return true;
}

static bool read_version(
	struct reading *reading, const char *key, const char *value, struct err *err)
{
	char *version = reading->table->version;

	if (strcmp(key, "version") != 0)
		return row_error(reading, key, err, "only version stands here");
	if (version[0] != '\0')
		return row_error(reading, key, err, "is there twice");
	if (strlen(value) >= ALGORITHMS_MAX_VERSION)
		return row_error(reading, key, err, "has more than 63 characters");
	memcpy(version, value, strlen(value) + 1);
	return true;
}

static bool read_row(struct reading *reading, const char *key, const char *value, struct err *err)
{
	struct algorithms_row row = { .kind = reading->kind, .line = reading->line };

	if (!reading->in_section)
		return err_set(err, "line %u: %s: stands before any section", reading->line, key);
	if (reading->kind == ALGORITHMS_TABLE)
		return read_version(reading, key, value, err);
	if (reading->kind == ALGORITHMS_DIGEST || reading->kind == ALGORITHMS_EDDSA) {
		row.name = algorithms_name(reading->kind, key);
		if (row.name == NID_undef)
			return row_error(reading, key, err, "no algorithm has this name here");
	} else if (!read_lengths(key, &row)) {
		return row_error(reading, key, err,
			"is no range of key lengths from 1 to 65536: 1024..1899, 3000..");
	}
	if (!read_end(value, &row.last))
		return row_error(reading, key, err,
			"is no date since 1970 (2019-10-01), \"no end\" or \"never\"");
	if (!check_against(reading, key, &row, err))
		return false;
	if (reading->table->count == ALGORITHMS_MAX_ROWS)
		return row_error(reading, key, err, "the table has more than 256 rows");
	reading->table->rows[reading->table->count++] = row;
	return true;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		text[--len] = '\0';
	return text;
}

/* line is a C string of this function's. */
static bool read_line(struct reading *reading, char *line, struct err *err)
{
	/* What openssl.cnf(5) gives a meaning to is no part of a row. */
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789 \t.:/_+-=[]";
	char *text = trim(line);
	char *value;

	if (text[0] == '\0' || text[0] == '#')
		return true;
	if (text[strspn(text, allowed)] != '\0')
		return err_set(
			err, "line %u: a row has letters, digits and .:/_+- only", reading->line);
	if (text[0] == '[')
		return read_section(reading, text + 1, err);
	value = strchr(text, '=');
	if (value == NULL)
		return err_set(err, "line %u: is no row: key = value", reading->line);
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	if (text[0] == '\0' || value[0] == '\0')
		return err_set(err, "line %u: key or value is empty", reading->line);
	if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(text))
		return err_set(err, "line %u: a key has small letters, digits, . and - only",
			reading->line);
	return read_row(reading, text, value, err);
}

static bool read_lines(struct reading *reading, struct bytes text, struct err *err)
{
	char line[MAX_LINE];

	while (text.len > 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.at);

		reading->line++;
		if (len >= sizeof(line))
			return err_set(err, "line %u: has more than 255 characters", reading->line);
		if (memchr(text.at, '\0', len) != NULL || (len > 0 && text.at[len - 1] == '\\'))
			return err_set(err, "line %u: a NUL, or a \\ at the end", reading->line);
		memcpy(line, text.at, len);
		line[len] = '\0';
		if (!read_line(reading, line, err))
			return false;
		len += end != NULL;
		text.at += len;
		text.len -= len;
	}
	return true;
}

struct algorithms *algorithms_read(struct bytes text, struct err *err)
{
	struct reading reading = { 0 };
	bool ok = false;

	reading.table = must_calloc(1, sizeof(*reading.table));
	if (text.len > ALGORITHMS_MAX_TEXT)
		err_set(err, "the table has %zu bytes, more than %d", text.len,
			ALGORITHMS_MAX_TEXT);
	else if (read_lines(&reading, text, err)) {
		if (reading.table->version[0] == '\0')
			err_set(err, "[table] version: is missing");
		else if (reading.table->count == 0)
			err_set(err, "the table has no row");
		else
			ok = true;
	}
	if (!ok) {
		algorithms_free(reading.table);
		return NULL;
	}
	return reading.table;
}
