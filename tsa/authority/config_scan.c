/*
 * The raw lines of a configuration.  NCONF keeps the last of repeated keys, merges repeated
 * sections, lends [default] to all, cuts at a #, expands $, reads a::b into another section and
 * includes files: here each of these is a finding (R23).  What is left reads the same to NCONF
 * and to a person.
 */
#include "tsa/authority/config_part.h"

#include <stdlib.h>
#include <string.h>

/* Where the scan stands. */
struct scan {
	struct config_job *job;
	unsigned number; /* of the line, from 1 */
	char section[MSG_MAX_NAME]; /* empty: before the first one, or in one that was refused */
	bool section_refused;
};

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static const char section_characters[] = NAME_CHARACTERS;
static const char key_characters[] = NAME_CHARACTERS "."; /* tsus.sha256 */

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

const struct config_line *config_line_of(
	const struct config_job *job, const char *section, const char *key)
{
	for (size_t i = 0; i < job->line_count; i++)
		if (strcmp(job->lines[i].section, section) == 0 &&
			strcmp(job->lines[i].key, key) == 0)
			return &job->lines[i];
	return NULL;
}

static void remember(struct scan *scan, const char *key, bool refused)
{
	struct config_line *line = &scan->job->lines[scan->job->line_count++];

	memcpy(line->section, scan->section, sizeof(line->section));
	memcpy(line->key, key, strlen(key) + 1);
	line->number = scan->number;
	line->refused = refused;
}

/* True if at holds no more than blanks and a comment. */
static bool is_rest_blank(const char *at)
{
	at = skip_blanks(at);
	return *at == '\0' || *at == '#';
}

/* Copies the leading characters of at that are allowed into name; NULL if they are too many. */
static const char *take_name(const char *at, const char *allowed, char name[MSG_MAX_NAME])
{
	size_t len = strspn(at, allowed);

	if (len >= MSG_MAX_NAME)
		return NULL;
	memcpy(name, at, len);
	name[len] = '\0';
	return at + len;
}

static bool scan_section(struct scan *scan, const char *at)
{
	const struct config_line *before;
	char name[MSG_MAX_NAME];
	const char *rest = take_name(skip_blanks(at + 1), section_characters, name);

	scan->section[0] = '\0';
	scan->section_refused = true;
	if (rest == NULL || name[0] == '\0' || *skip_blanks(rest) != ']') {
		config_report(scan->job, false, NULL, NULL,
			"line %u: section: is written [name], with at most %d letters, digits, _ and -",
			scan->number, MSG_MAX_NAME - 1);
		return false;
	}
	if (!is_rest_blank(skip_blanks(rest) + 1)) {
		config_report(scan->job, false, name, NULL,
			"line %u: section: something follows on the same line", scan->number);
		memcpy(scan->section, name, sizeof(name));
		if (config_line_of(scan->job, name, "") == NULL)
			remember(scan, "", true);
		return false;
	}
	if (strcmp(name, "default") == 0) {
		config_report(scan->job, false, name, NULL,
			"line %u: section: would be lent to all others: not allowed", scan->number);
		return false;
	}
	memcpy(scan->section, name, sizeof(name));
	scan->section_refused = false;
	before = config_line_of(scan->job, name, "");
	if (before == NULL)
		remember(scan, "", false);
	else
		config_report(scan->job, false, name, NULL,
			"line %u: section: is there twice, first in line %u", scan->number,
			before->number);
	return true;
}

/* What in a value a person reads otherwise than NCONF; NULL if there is nothing. */
static const char *value_fault(const char *at)
{
	static const char no_expansion[] = "$ and \\ are not expanded here: write the value out";
	char before = ' ';

	while (*at != '\0') {
		const char *end = at + 1;

		if (*at == '#')
			return before == ' ' || before == '\t'
				       ? NULL
				       : "# after a non-blank: quote the value, or put a blank before a comment";
		if (*at == '"' || *at == '\'' || *at == '`')
			end = strchr(at + 1, *at) == NULL ? NULL : strchr(at + 1, *at) + 1;
		if (end == NULL)
			return "a quote that does not end";
		if (memchr(at, '$', (size_t)(end - at)) != NULL ||
			memchr(at, '\\', (size_t)(end - at)) != NULL)
			return no_expansion;
		before = *at;
		at = end;
	}
	return NULL;
}

/* What keeps a key from being one; NULL if nothing. equals gets the place of its =. */
static const char *key_fault(const char *at, char key[MSG_MAX_NAME], const char **equals)
{
	const char *rest = take_name(at, key_characters, key);

	if (strncmp(at, ".include", 8) == 0 || strncmp(at, ".pragma", 7) == 0)
		return ".include and .pragma are not allowed";
	if (rest != NULL && rest[0] == ':' && rest[1] == ':')
		return "section::key is not allowed: write the key into its section";
	if (rest == NULL || key[0] == '\0' || key[0] == '.' || *skip_blanks(rest) != '=')
		return "is no comment, no [section] and no key = value";
	*equals = skip_blanks(rest);
	return NULL;
}

static bool scan_setting(struct scan *scan, const char *at)
{
	const struct config_line *before;
	const char *equals = NULL;
	char key[MSG_MAX_NAME];
	const char *fault = key_fault(at, key, &equals);

	if (fault != NULL) {
		config_report(scan->job, false, scan->section[0] == '\0' ? NULL : scan->section,
			NULL, "line %u: syntax: %s", scan->number, fault);
		return false;
	}
	if (scan->section_refused)
		return false;
	if (scan->section[0] == '\0') {
		config_report(scan->job, false, NULL, key,
			"line %u: syntax: stands before the first [section]", scan->number);
		return false;
	}
	before = config_line_of(scan->job, scan->section, key);
	if (before != NULL) {
		config_report(scan->job, false, scan->section, key,
			"line %u: is there twice, first in line %u", scan->number, before->number);
		return false;
	}
	fault = value_fault(equals + 1);
	if (fault != NULL)
		config_report(scan->job, false, scan->section, key, "line %u: syntax: %s",
			scan->number, fault);
	remember(scan, key, fault != NULL);
	return fault == NULL;
}

/* True if the line goes to NCONF. */
static bool scan_line(struct scan *scan, const char *line, size_t len)
{
	const char *at = skip_blanks(line);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t') {
			config_report(scan->job, false, NULL, NULL,
				"line %u: syntax: holds a control character", scan->number);
			return false;
		}
	if (*at == '\0' || *at == '#')
		return false;
	return *at == '[' ? scan_section(scan, at) : scan_setting(scan, at);
}

void config_scan(struct config_job *job, struct bytes text, struct buf *clean)
{
	static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };
	struct scan scan = { .job = job };

	job->lines = must_calloc(CONFIG_MAX_LINES, sizeof(*job->lines));
	if (text.len >= 3 && memcmp(text.at, byte_order_mark, 3) == 0)
		text = (struct bytes){ text.at + 3, text.len - 3 };
	while (text.len > 0 && job->line_count < CONFIG_MAX_LINES) {
		const uint8_t *newline = memchr(text.at, '\n', text.len);
		size_t len = newline == NULL ? text.len : (size_t)(newline - text.at);
		size_t taken = newline == NULL ? len : len + 1;
		size_t kept = len > 0 && text.at[len - 1] == '\r' ? len - 1 : len;
		char *line = must_calloc(kept + 1, 1);

		if (kept > 0)
			memcpy(line, text.at, kept);
		scan.number++;
		if (scan_line(&scan, line, kept))
			buf_append(clean, (struct bytes){ (const uint8_t *)line, kept });
		buf_append(clean, bytes_of_text("\n"));
		free(line);
		text = (struct bytes){ text.at + taken, text.len - taken };
	}
	if (text.len > 0)
		config_report(job, false, NULL, NULL, "line %u: syntax: more than %d settings",
			scan.number + 1, CONFIG_MAX_LINES - 1);
}
