#include "tests/decoders/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool case_wants(const struct test_case *c, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = c->wants; (at = strstr(at, word)) != NULL; at += len)
		if ((at == c->wants || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

int case_failure(const struct test_case *c)
{
	const char *at = strstr(c->wants, "refused:");

	return at == NULL ? -1 : atoi(at + strlen("refused:"));
}

struct buf case_file(const char *path)
{
	static uint8_t room[CASE_MAX_FILE];
	FILE *file = fopen(path, "rb");
	struct buf all = { 0 };
	size_t len;

	if (file == NULL) {
		fprintf(stderr, "%s: must be readable: is not\n", path);
		exit(3);
	}
	len = fread(room, 1, sizeof(room), file);
	fclose(file);
	if (len == sizeof(room)) {
		fprintf(stderr, "%s: must be shorter than %d bytes: is not\n", path, CASE_MAX_FILE);
		exit(3);
	}
	buf_append(&all, (struct bytes){ room, len });
	buf_append(&all, (struct bytes){ (const uint8_t *)"", 1 });
	all.len = len;
	return all;
}

/* Cuts the line into the fields of c; false if there are more or fewer. */
static bool split(char *line, struct test_case *c)
{
	char **fields[] = { &c->name, &c->query, &c->answer, &c->root, &c->chain, &c->wants,
		&c->kind };
	size_t count = sizeof(fields) / sizeof(fields[0]);

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < count; i++) {
		*fields[i] = strsep(&line, "\t");
		if (*fields[i] == NULL)
			return false;
	}
	return line == NULL;
}

int case_run(case_verifier *verify, void *arg)
{
	char line[CASE_MAX_LINE];
	size_t count = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct err why = { .text = "" };
		struct test_case c;

		if (!split(line, &c)) {
			fprintf(stderr, "case %zu: must have 7 fields: has not\n", count + 1);
			return 3;
		}
		count++;
		if (verify(arg, &c, &why))
			printf("%s\t%s\tyes\n", c.name, c.kind);
		else
			printf("%s\t%s\tno\t%s\n", c.name, c.kind, why.text);
	}
	return count > 0 && fflush(stdout) == 0 ? 0 : 3;
}
