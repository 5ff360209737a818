/* Goes down the rules and sums them up. Owns what a run needs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/objects.h>

#include "rules.h"

static const char *const ids[RULES] = {
	[RULE_FORM] = "ER-01",
	[RULE_OBJECTS] = "ER-02",
	[RULE_ROOT] = "ER-03",
	[RULE_STAMP_RENEWAL] = "ER-04",
	[RULE_TREE_RENEWAL] = "ER-05",
	[RULE_GROUP] = "ER-06",
	[RULE_TIME] = "ER-07",
	[RULE_RESULT] = "ER-08",
};

void rule_fail(struct evidence_run *run, enum evidence_rule rule, enum check_status status,
	enum check_sub sub, const char *format, ...)
{
	char text[VERDICT_TEXT];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	run->broken[rule] = true;
	(void)verdict_fail(&run->report->verdict, ids[rule], status, sub, "%s", text);
}

void rule_kept(struct evidence_run *run, enum evidence_rule rule, enum check_result result,
	const char *format, ...)
{
	char text[VERDICT_TEXT];
	va_list args;

	if (run->broken[rule])
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	verdict_line(&run->report->verdict, ids[rule], result, "%s", text);
}

const char *rule_digest_name(int nid)
{
	return nid == NID_undef ? "an unknown digest" : OBJ_nid2ln(nid);
}

static void describe(struct evidence_run *run)
{
	const struct evidence_record *record = run->record;

	run->report->stamp_count = record->stamp_count;
	for (unsigned i = 0; i < record->stamp_count; i++) {
		const struct archive_stamp *stamp = &record->stamps[i];

		run->report->stamps[i] = (struct evidence_stamp_report){
			.chain = stamp->chain,
			.stamp = stamp->stamp,
			.digest = stamp->token.digest,
			.gen_time = stamp->token.gen_time,
			.hashes = stamp->hashes,
		};
	}
}

static void sum_up(struct evidence_run *run)
{
	struct evidence_report *report = run->report;
	char time[MOMENT_TEXT];

	if (report->verdict.status != CHECK_PASSED)
		return;
	report->poe = report->stamps[0].gen_time.seconds;
	moment_text(&report->stamps[0].gen_time, time);
	rule_kept(run, RULE_RESULT, CHECK_PASS, "%s %s proved to have existed at %s",
		run->wants->count == 1 ? run->wants->objects[0].name : "all objects",
		run->wants->count == 1 ? "is" : "are", time);
}

void evidence_check(const struct evidence_record *record, const struct evidence_wants *wants,
	struct evidence_report *report)
{
	struct evidence_run run = { .record = record, .wants = wants, .report = report };

	*report = (struct evidence_report){ 0 };
	verdict_start(&report->verdict);
	run.stamps = must_calloc(record->stamp_count, sizeof(*run.stamps));
	describe(&run);
	rule_form(&run);
	rule_objects(&run);
	rule_root(&run);
	rule_stamp_renewal(&run);
	rule_tree_renewal(&run);
	rule_group(&run);
	rule_time(&run);
	sum_up(&run);
	for (unsigned i = 0; i < record->stamp_count; i++)
		hash_list_free(&run.stamps[i].first);
	free(run.stamps);
}

void evidence_find(const struct evidence_record *record, const struct evidence_object *objects,
	unsigned count, bool *found)
{
	const struct archive_stamp *stamp = &record->stamps[0];
	const EVP_MD *digest = hash_algorithm(stamp->token.digest);
	struct hash_list first;

	hash_list_first(record, stamp, &first);
	for (unsigned i = 0; i < count; i++) {
		struct hash hash;

		found[i] = digest != NULL &&
			   objects[i].digest(objects[i].arg, digest, hash.at) ==
				   (unsigned)EVP_MD_get_size(digest) &&
			   hash_list_has(&first, hash_view(digest, &hash));
	}
	hash_list_free(&first);
}
