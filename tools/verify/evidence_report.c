/* An Evidence Record in the report: its verdict, its chains, what each token was found to be. */
#include <openssl/objects.h>

#include "evidence_record.h"
#include "report_part.h"
#include "text.h"

static json_t *json_checks(const struct verdict *verdict)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];
		json_t *one = json_object();

		text_set(one, "id", json_string(line->id));
		text_set(one, "result", json_string(check_result_name(line->result)));
		text_set(one, "detail", text_json(bytes_of_text(line->text)));
		text_add(all, one);
	}
	return all;
}

static json_t *json_needs(const struct verdict *verdict)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < verdict->need_count; i++)
		text_add(all, text_json(bytes_of_text(verdict->needs[i])));
	return all;
}

static json_t *json_stamp(const struct evidence_stamp_report *stamp, json_t *token)
{
	json_t *one = json_object();
	char time[MOMENT_TEXT];

	moment_text(&stamp->gen_time, time);
	text_set(one, "genTime", stamp->gen_time.readable ? json_string(time) : json_null());
	text_set(one, "alg",
		stamp->digest == NID_undef ? json_null() : json_string(OBJ_nid2ln(stamp->digest)));
	text_set(one, "hashes", json_integer(stamp->hashes));
	text_set(one, "otherObjects", json_integer(stamp->extra_hashes));
	text_set(one, "hashTree", json_string(stamp->tree_holds ? "ok" : "broken"));
	text_set(one, "token", token == NULL ? json_null() : json_incref(token));
	return one;
}

static json_t *json_chains(const struct checked_record *checked)
{
	const struct evidence_report *report = &checked->report;
	json_t *chains = json_array();
	json_t *chain = NULL;
	size_t next = 0;

	for (unsigned i = 0; i < report->stamp_count; i++) {
		const struct evidence_stamp_report *stamp = &report->stamps[i];

		if (stamp->stamp == 0) {
			chain = json_array();
			text_add(chains, chain);
		}
		text_add(chain, json_stamp(stamp, stamp->token_checked
							  ? json_array_get(checked->stamps, next)
							  : NULL));
		next += stamp->token_checked;
	}
	return chains;
}

json_t *evidence_record_json(const struct checked_record *checked)
{
	const struct verdict *verdict = &checked->report.verdict;
	json_t *object = json_object();

	text_set(object, "file", text_json(bytes_of_text(checked->name)));
	text_set(object, "status", json_string(check_status_name(verdict->status)));
	text_set(object, "sub",
		verdict->sub == SUB_NONE ? json_null() : json_string(check_sub_name(verdict->sub)));
	text_set(object, "why", text_json(bytes_of_text(verdict->why)));
	text_set(object, "needs", json_needs(verdict));
	text_set(object, "poe",
		report_json_time(verdict->status == CHECK_PASSED ? checked->poe : POE_NONE));
	text_set(object, "object",
		checked->covers == NULL ? json_null() : text_json(bytes_of_text(checked->covers)));
	text_set(object, "checks", json_checks(verdict));
	text_set(object, "chains", json_chains(checked));
	return object;
}

/* "PASSED 2018-03-01T10:00:00Z: FILE existed, by the Evidence Record FILE" and why not. */
static void put_verdict(const struct checked_record *checked, FILE *out)
{
	const struct verdict *verdict = &checked->report.verdict;
	bool is_proved = verdict->status == CHECK_PASSED && checked->poe != POE_NONE;
	char time[REPORT_TIME];

	report_time(checked->poe, time);
	(void)fprintf(out, "%s%s%s", check_status_name(verdict->status),
		verdict->sub == SUB_NONE ? "" : "/", check_sub_name(verdict->sub));
	(void)fprintf(out, "%s%s: ", is_proved ? " " : ": not proved", is_proved ? time : "");
	text_escaped_string(out, checked->covers != NULL && checked->covers[0] != '\0'
					 ? checked->covers
					 : "the data");
	(void)fputs(", by the Evidence Record ", out);
	text_escaped_string(out, checked->name);
	if (verdict->why[0] != '\0') {
		(void)fputs("\nwhy: ", out);
		text_escaped_string(out, verdict->why);
	}
	(void)fputc('\n', out);
}

static void put_text(const struct checked_record *checked, FILE *out)
{
	const struct verdict *verdict = &checked->report.verdict;
	json_t *chains = json_object();

	put_verdict(checked, out);
	for (unsigned i = 0; i < verdict->need_count; i++) {
		(void)fputs("missing: ", out);
		text_escaped_string(out, verdict->needs[i]);
		(void)fputc('\n', out);
	}
	report_put_checks(verdict, out);
	text_set(chains, "chains", json_chains(checked));
	text_print(out, chains);
	json_decref(chains);
}

void evidence_record_put(
	const struct shared *shared, const struct checked_record *checked, FILE *out)
{
	json_t *whole;

	if (!shared->options->json) {
		put_text(checked, out);
		return;
	}
	whole = json_object();
	text_set(whole, "report", json_string("tsa-verify/1"));
	text_set(whole, "time", report_json_time(shared->policy.at));
	text_set(whole, "evidenceRecord", evidence_record_json(checked));
	(void)json_dumpf(whole, out, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)fputc('\n', out);
	json_decref(whole);
}
