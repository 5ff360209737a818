/*
 * Evidence Records: whatever comes, reading and the rules end, and what is PASSED has no broken
 * line, no tree that does not hold, and no token that was left unasked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/token/evidence/hash_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first hash of the first list, so that something is found now and then. */
static unsigned first_hash(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct evidence_record *record = arg;
	struct hash_list list;
	unsigned len = 0;

	hash_list_first(record, &record->stamps[0], &list);
	if (list.count > 0 && list.at[0].len == (size_t)EVP_MD_get_size(digest)) {
		len = (unsigned)list.at[0].len;
		(void)memcpy(out, list.at[0].at, len);
	}
	hash_list_free(&list);
	return len;
}

static unsigned empty_hash(void *arg, const EVP_MD *digest, uint8_t *out)
{
	unsigned len;

	(void)arg;
	return EVP_Digest("", 0, out, &len, digest, NULL) == 1 ? len : 0;
}

struct asked {
	unsigned count;
	struct verdict verdict;
};

static const struct verdict *believe(void *arg, const struct evidence_stamp *stamp)
{
	struct asked *asked = arg;

	asked->count += stamp->token.len > 0 && stamp->root != NULL;
	return &asked->verdict;
}

static void look(const struct evidence_report *report, const struct asked *asked)
{
	const struct verdict *verdict = &report->verdict;

	if (verdict->line_count == 0)
		abort();
	if (verdict->status != CHECK_PASSED) {
		if (verdict->sub == SUB_NONE || verdict->why[0] == '\0')
			abort();
		return;
	}
	for (unsigned i = 0; i < verdict->line_count; i++)
		if (verdict->lines[i].result == CHECK_FAIL)
			abort();
	for (unsigned i = 0; i < report->stamp_count; i++)
		if (!report->stamps[i].tree_holds || !report->stamps[i].token_checked)
			abort();
	if (asked->count != report->stamp_count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct evidence_report report;
	static struct algorithms *algorithms;
	struct err err = { 0 };
	struct evidence_record *record = evidence_read((struct bytes){ data, size }, &err);

	if (record == NULL) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	if (algorithms == NULL)
		algorithms = algorithms_default();
	for (unsigned round = 0; round < 4; round++) {
		struct evidence_object objects[] = { { "first", first_hash, record },
			{ "empty", empty_hash, NULL } };
		struct asked asked = { 0 };
		struct evidence_wants wants = {
			.objects = objects,
			.count = round < 3 ? 1 : 2,
			.exact_group = round == 1,
			.rehash_single = round == 2,
			.algorithms = algorithms,
			.check = believe,
			.check_arg = &asked,
		};

		verdict_start(&asked.verdict);
		evidence_check(record, &wants, &report);
		look(&report, &asked);
	}
	evidence_free(record);
	return 0;
}
