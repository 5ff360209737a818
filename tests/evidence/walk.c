/*
 * Reads cases as walk.py does, and prints what tsa/token/evidence finds broken: form, hash trees,
 * links, order.  Tokens are taken as good, which leaves their signatures to others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/hex.h"
#include "tsa/token/evidence/record.h"

enum { MAX_OBJECTS = 8, LINE = 4096 };

/* A file, or digests as "sha256:HEX,sha384:HEX". */
struct object {
	char *text;
	struct buf data;
};

static struct buf read_all(const char *path)
{
	struct buf all = { 0 };
	uint8_t room[4096];
	FILE *in = fopen(path, "rb");
	size_t len;

	if (in == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	while ((len = fread(room, 1, sizeof(room), in)) > 0)
		buf_append(&all, (struct bytes){ room, len });
	(void)fclose(in);
	return all;
}

static unsigned given_digest(const char *text, const EVP_MD *digest, uint8_t *out)
{
	while (*text != '\0') {
		size_t name = strcspn(text, ":");
		size_t value = strcspn(text, ",");
		char label[32];
		char hex[2 * EVP_MAX_MD_SIZE + 1];
		size_t len = 0;

		(void)snprintf(label, sizeof(label), "%.*s", (int)name, text);
		(void)snprintf(hex, sizeof(hex), "%.*s", (int)(value - name - 1), text + name + 1);
		if (EVP_MD_is_a(digest, label) && hex_decode(hex, out, EVP_MAX_MD_SIZE, &len))
			return (unsigned)len;
		text += value + (text[value] == ',');
	}
	return 0;
}

static unsigned digest_of(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct object *object = arg;
	unsigned len;

	if (strchr(object->text, ':') != NULL)
		return given_digest(object->text, digest, out);
	return EVP_Digest(object->data.at, object->data.len, out, &len, digest, NULL) == 1 ? len
											   : 0;
}

static const struct verdict *believe(void *arg, const struct evidence_stamp *stamp)
{
	(void)stamp;
	verdict_start(arg);
	return arg;
}

static void print_broken(const struct verdict *verdict)
{
	const char *last = "";

	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];

		if (line->result != CHECK_FAIL || strcmp(line->id, last) == 0)
			continue;
		printf("%s%s", *last == '\0' ? "\t" : ",", line->id);
		last = line->id;
	}
	puts(*last == '\0' ? "\t-" : "");
}

static void judge(const char *path, const char *options, char *objects)
{
	static struct evidence_report report;
	struct object given[MAX_OBJECTS];
	struct evidence_object wanted[MAX_OBJECTS];
	struct algorithms *algorithms = algorithms_default();
	struct verdict token;
	struct evidence_wants wants = {
		.objects = wanted,
		.exact_group = strcmp(options, "exact") == 0,
		.rehash_single = strcmp(options, "rehash") == 0,
		.algorithms = algorithms,
		.check = believe,
		.check_arg = &token,
	};
	struct buf in = read_all(path);
	struct err err = { 0 };
	struct evidence_record *record = evidence_read(buf_view(&in), &err);
	char *rest = NULL;

	for (char *text = strtok_r(objects, " ", &rest); text != NULL && wants.count < MAX_OBJECTS;
		text = strtok_r(NULL, " ", &rest)) {
		struct object *object = &given[wants.count];

		if (strcmp(text, "-") == 0)
			break;
		*object = (struct object){ .text = text };
		if (strchr(text, ':') == NULL)
			object->data = read_all(text);
		wanted[wants.count++] = (struct evidence_object){ text, digest_of, object };
	}
	if (record == NULL) {
		puts("\tno record");
	} else {
		evidence_check(record, &wants, &report);
		print_broken(&report.verdict);
	}
	for (unsigned i = 0; i < wants.count; i++)
		buf_free(&given[i].data);
	evidence_free(record);
	algorithms_free(algorithms);
	buf_free(&in);
}

int main(void)
{
	char line[LINE];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *rest = NULL;
		char *record, *options, *objects;

		line[strcspn(line, "\n")] = '\0';
		record = strtok_r(line, "\t", &rest);
		options = strtok_r(NULL, "\t", &rest);
		objects = strtok_r(NULL, "\t", &rest);
		if (objects == NULL) {
			(void)fputs("a case must have three fields\n", stderr);
			return EXIT_FAILURE;
		}
		printf("%s\t%s\t%s", record, options, objects);
		judge(record, options, objects);
	}
	return EXIT_SUCCESS;
}
