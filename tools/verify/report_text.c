/* The report for a person: the verdict first, then why, what is missing, the checks, the facts. */
#include "report_part.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

/* The last common name of the signer, or all of its subject; "an unknown signer". */
static void put_signer(const struct checked *checked, FILE *out)
{
	const X509_NAME *name;
	const X509_NAME_ENTRY *entry = NULL;
	unsigned char *text = NULL;
	int at = -1, next, len;

	if (checked->facts.signer == NULL) {
		(void)fputs("an unknown signer", out);
		return;
	}
	name = X509_get_subject_name(checked->facts.signer->certificate);
	while ((next = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		at = next;
	if (at >= 0)
		entry = X509_NAME_get_entry(name, at);
	len = entry == NULL ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	if (len >= 0) {
		(void)fputs("CN=", out);
		text_escaped(out, (struct bytes){ text, (size_t)len });
	} else {
		json_t *whole = report_json_name(name);

		text_escaped_string(out, json_string_value(whole));
		json_decref(whole);
	}
	OPENSSL_free(text);
}

/* "PASSED 2026-01-02T03:04:05.678Z by CN=... (model past)" */
static void put_verdict(const struct report *report, FILE *out)
{
	const struct checked *checked = report->checked;
	const struct verdict *verdict = &checked->verdict;
	const struct moment *moment = &checked->facts.file.tst.moment;
	char time[MOMENT_TEXT];

	(void)fputs(check_status_name(verdict->status), out);
	if (verdict->sub != SUB_NONE)
		(void)fprintf(out, "/%s", check_sub_name(verdict->sub));
	if (moment->readable) {
		moment_text(moment, time);
		(void)fprintf(out, "%s%s by ",
			verdict->status == CHECK_PASSED ? " " : ": not proved: ", time);
		put_signer(checked, out);
	}
	(void)fprintf(out, " (model %s)", check_model_name(checked->model));
}

/* Does the signature outlive its certificate? */
static void put_survival(const struct report *report, const char *before, FILE *out)
{
	const json_t *survival = json_object_get(report->parts, "survival");

	if (survival == NULL)
		return;
	(void)fprintf(out, "%ssignature: %s: ", before,
		json_string_value(json_object_get(survival, "answer")));
	text_escaped_string(out, json_string_value(json_object_get(survival, "why")));
}

void report_put_line(const struct report *report, FILE *out)
{
	const struct verdict *verdict = &report->checked->verdict;

	text_escaped_string(out, report->subject->name);
	(void)fputs(": ", out);
	put_verdict(report, out);
	if (verdict->status != CHECK_PASSED) {
		(void)fputs(": ", out);
		text_escaped_string(out, verdict->why);
	}
	put_survival(report, "; ", out);
	if (report->unmet != NULL)
		(void)fprintf(out, "; %s", report->unmet);
	(void)fputc('\n', out);
}

static void put_named(const char *name, const char *text, FILE *out)
{
	(void)fprintf(out, "%s: ", name);
	text_escaped_string(out, text);
	(void)fputc('\n', out);
}

/* Of a token that passed: whom the path leads to, what carries the time, and each reservation. */
static void put_why(const struct verdict *verdict, FILE *out)
{
	static const char *const carrying[] = { "V-PATH", "V-TIME", "V-POE" };

	if (verdict->status != CHECK_PASSED) {
		put_named("why", verdict->why, out);
		return;
	}
	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];

		for (size_t j = 0; j < sizeof(carrying) / sizeof(carrying[0]); j++)
			if (line->result == CHECK_PASS && strcmp(line->id, carrying[j]) == 0)
				put_named("why", line->text, out);
	}
	for (unsigned i = 0; i < verdict->line_count; i++)
		if (verdict->lines[i].result == CHECK_WARN)
			put_named("warning", verdict->lines[i].text, out);
}

void report_put_checks(const struct verdict *verdict, FILE *out)
{
	(void)fputs("checks:\n", out);
	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];

		(void)fprintf(out, "  %-4s %-6s ", check_result_name(line->result), line->id);
		text_escaped_string(out, line->text);
		(void)fputc('\n', out);
	}
}

/* What the text says above already, and what there is none of. */
static void forget(json_t *object)
{
	static const char *const said[] = { "report", "result", "checks", "warnings" };
	static const char *const lists[] = { "chain", "revocation", "poe" };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		(void)json_object_del(object, said[i]);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (json_array_size(json_object_get(object, lists[i])) == 0)
			(void)json_object_del(object, lists[i]);
}

void report_put_text(const struct report *report, FILE *out)
{
	const struct verdict *verdict = &report->checked->verdict;
	json_t *facts = report_json(report);

	put_verdict(report, out);
	put_survival(report, "\n", out);
	(void)fputc('\n', out);
	put_why(verdict, out);
	for (unsigned i = 0; i < verdict->need_count; i++)
		put_named("missing", verdict->needs[i], out);
	if (report->unmet != NULL)
		(void)fprintf(out, "exit status 1: %s\n", report->unmet);
	report_put_checks(verdict, out);
	forget(facts);
	text_print(out, facts);
	json_decref(facts);
}

void report_put_tally(const struct tally *tally, FILE *out)
{
	(void)fprintf(out, "%" PRIu32 " PASSED, %" PRIu32 " FAILED, %" PRIu32 " INDETERMINATE",
		tally->passed, tally->failed, tally->indeterminate);
	if (tally->unread > 0)
		(void)fprintf(out, ", %" PRIu32 " could not be read", tally->unread);
	if (tally->warned > 0)
		(void)fprintf(out, "; %" PRIu32 " passed with warnings", tally->warned);
	if (tally->unmet > 0)
		(void)fprintf(out, "; %" PRIu32 " passed but not as required", tally->unmet);
	(void)fputc('\n', out);
}
