/*
 * Made tokens of the corpus by two committed tables: the revocation matrix, cell by cell, and what
 * is left of a token in 2030, 2040 and 2100.  Both are printed with what was said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "tsa/token/check/model.h"

enum { FIELDS = 8, LINE = 1024, MAX_FILE = 1 << 20 };

/* One question. */
struct question {
	const char *token; /* names of files, without their ends */
	const char *crls;
	const char *proof;
	const char *model;
	const char *at;
};

struct bench {
	struct material_cache *cache;
	struct material *shared;
	struct algorithms *table;
	struct checked checked;
	struct buf token;
};

static struct buf read_file(const char *folder, const char *name, const char *end)
{
	char path[512];
	static uint8_t room[MAX_FILE];
	struct buf content = { 0 };
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/corpus/%s/%s%s", TSA_TEST_DATA, folder, name, end);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s: must be there", path);
	buf_append(&content, (struct bytes){ room, fread(room, 1, sizeof(room), file) });
	(void)fclose(file);
	assert_int_not_equal(content.len, 0);
	return content;
}

/* "2030-07-01T00:00:00Z" */
static int64_t time_of(const char *text)
{
	struct tm tm = { 0 };
	char z;

	if (sscanf(text, "%d-%d-%dT%d:%d:%d%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		    &tm.tm_min, &tm.tm_sec, &z) != 7 ||
		z != 'Z')
		fail_msg("%s: must be a time", text);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm);
}

static enum check_model model_of(const char *name)
{
	for (int model = MODEL_CURRENT; model <= MODEL_GENTIME; model++)
		if (strcmp(name, check_model_name((enum check_model)model)) == 0)
			return (enum check_model)model;
	fail_msg("%s: must be a model", name);
	return MODEL_CURRENT;
}

static struct check_policy policy_of(const struct bench *bench, const struct question *q)
{
	struct check_policy policy = {
		.model = model_of(q->model),
		.at = time_of(q->at),
		.algorithms = bench->table,
	};

	return policy;
}

/* "NAME@TIME,NAME" */
static void add_crls(struct bench *bench, const char *names)
{
	char copy[LINE];
	char *rest = copy;
	char *name;

	(void)snprintf(copy, sizeof(copy), "%s", names);
	while ((name = strsep(&rest, ",")) != NULL) {
		char *proved = strchr(name, '@');
		const struct material_item *item = NULL;
		struct err err = { 0 };
		struct buf der;

		if (proved != NULL)
			*proved = '\0';
		der = read_file("crls", name, ".crl");
		if (!material_add(bench->shared, MATERIAL_CRL, FROM_CALLER, buf_view(&der), name,
			    &item, &err))
			fail_msg("%s: %s", name, err.text);
		if (proved != NULL)
			material_add_poe(
				bench->shared, item->sha256, time_of(proved + 1), "the table");
		buf_free(&der);
	}
}

/* A time, or a token over this one. */
static void add_proof(struct bench *bench, const struct question *q)
{
	struct check_policy policy = policy_of(bench, q);
	struct check_object object = { buf_view(&bench->token) };
	uint8_t sha256[MATERIAL_HASH];
	struct buf proof;
	struct bytes tokens[1];

	if (q->proof[0] == '2') {
		(void)SHA256(bench->token.at, bench->token.len, sha256);
		material_add_poe(bench->shared, sha256, time_of(q->proof), "the table");
		return;
	}
	proof = read_file("negative", q->proof, ".der");
	tokens[0] = buf_view(&proof);
	check_proofs(tokens, 1, &object, 1, &policy, bench->shared, bench->cache, NULL, NULL);
	buf_free(&proof);
}

static void ask(struct bench *bench, const struct question *q, char said[64])
{
	struct check_policy policy = policy_of(bench, q);
	struct err err = { 0 };
	struct buf root = read_file("certs", "made-root-A", ".cer");
	struct material *material;
	const struct verdict *verdict = &bench->checked.verdict;

	bench->shared = material_new(bench->cache, NULL);
	assert_true(material_add_anchor(bench->shared, buf_view(&root), "root", &err));
	bench->token = read_file("negative", q->token, ".der");
	if (strcmp(q->crls, "-") != 0)
		add_crls(bench, q->crls);
	if (strcmp(q->proof, "-") != 0)
		add_proof(bench, q);
	material = material_new(bench->cache, bench->shared);
	check_token(buf_view(&bench->token), &policy, material, &bench->checked);
	(void)snprintf(said, 64, "%s%s%s", check_status_name(verdict->status),
		verdict->sub == SUB_NONE ? "" : "/", check_sub_name(verdict->sub));
	checked_wipe(&bench->checked);
	material_free(material);
	material_free(bench->shared);
	buf_free(&bench->token);
	buf_free(&root);
}

/* The fields of a line of a table; false at the end. */
static bool next_line(FILE *table, char line[LINE], char *fields[FIELDS], unsigned wanted)
{
	do {
		char *rest = line;
		unsigned count = 0;

		if (fgets(line, LINE, table) == NULL)
			return false;
		line[strcspn(line, "\n")] = '\0';
		while (rest != NULL && count < FIELDS)
			fields[count++] = strsep(&rest, "\t");
		if (line[0] != '#')
			assert_int_equal(count, wanted);
	} while (line[0] == '#');
	return true;
}

static FILE *open_table(const char *name)
{
	char path[512];
	FILE *table;

	(void)snprintf(path, sizeof(path), "%s/%s", TSA_TEST_DATA, name);
	table = fopen(path, "r");
	assert_non_null(table);
	return table;
}

/* One cell; prints it, with what was wanted where it differs. Returns how many differ. */
static unsigned cell(const char *wanted, const char *said)
{
	if (strcmp(wanted, said) == 0) {
		print_message("  %-46s", said);
		return 0;
	}
	print_message("  %s, NOT %s", said, wanted);
	return 1;
}

static unsigned matrix_row(struct bench *bench, char *fields[FIELDS])
{
	static const char *const models[] = { "current", "past", "gentime" };
	char crl[LINE] = "-";
	const char *wanted = NULL;
	unsigned wrong = 0;

	if (strcmp(fields[0], "none") != 0)
		(void)snprintf(crl, sizeof(crl), "made-A-rev-%s", fields[0]);
	print_message("%s\n", fields[0]);
	for (unsigned i = 0; i < 6; i++) {
		struct question q = { "made-A-rev-token", crl, i % 2 == 0 ? "-" : "made-A-rev-poe",
			models[i / 2], "2026-11-23T00:00:00Z" };
		char said[64];

		if (strcmp(fields[1 + i], "-") != 0)
			wanted = fields[1 + i];
		ask(bench, &q, said);
		print_message("  %-8s%-5s", q.model, i % 2 == 0 ? "" : "+poe");
		wrong += cell(wanted, said);
		print_message("\n");
	}
	return wrong;
}

static void revocation_matrix(void **state)
{
	struct bench *bench = *state;
	FILE *table = open_table("revocation-matrix.tsv");
	char line[LINE];
	char *fields[FIELDS];
	unsigned wrong = 0;
	unsigned rows = 0;

	while (next_line(table, line, fields, 8)) {
		wrong += matrix_row(bench, fields);
		rows++;
	}
	(void)fclose(table);
	assert_int_equal(rows, 20);
	assert_int_equal(wrong, 0);
}

static void years_later(void **state)
{
	struct bench *bench = *state;
	FILE *table = open_table("long-term.tsv");
	char line[LINE];
	char *fields[FIELDS];
	unsigned wrong = 0;
	unsigned rows = 0;

	while (next_line(table, line, fields, 7)) {
		struct question q = { fields[0], fields[1], fields[2], fields[3], fields[4] };
		char said[64];

		ask(bench, &q, said);
		print_message(
			"%s %s, crls %s, proof %s, %s:", q.at, q.token, q.crls, q.proof, q.model);
		wrong += cell(fields[5], said);
		print_message("\n");
		rows++;
	}
	(void)fclose(table);
	assert_int_not_equal(rows, 0);
	assert_int_equal(wrong, 0);
}

static int set_up(void **state)
{
	struct bench *bench = must_calloc(1, sizeof(*bench));

	bench->cache = material_cache_new();
	bench->table = algorithms_default();
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	material_cache_free(bench->cache);
	algorithms_free(bench->table);
	free(bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revocation_matrix),
		cmocka_unit_test(years_later),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
