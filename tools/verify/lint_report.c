/* Owns standard output, and the findings of one file. */
#include "lint_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void lint_report_begin(struct lint_report *report, const char *file)
{
	report->file = file;
	report->files++;
	report->found = json_array();
	for (unsigned i = 0; i < report->id_count; i++)
		report->ids[i].in_this_file = false;
}

/* Where the ID stands, or would stand, in the order of the IDs. */
static unsigned place_of(const struct lint_report *report, const char *id)
{
	unsigned i = 0;

	while (i < report->id_count && strcmp(report->ids[i].id, id) < 0)
		i++;
	return i;
}

static void count_id(struct lint_report *report, const char *id)
{
	unsigned at = place_of(report, id);

	if (at == report->id_count || strcmp(report->ids[at].id, id) != 0) {
		if (report->id_count == LINT_REPORT_MAX_IDS)
			abort(); /* the tables of rules have fewer */
		memmove(&report->ids[at + 1], &report->ids[at],
			(report->id_count - at) * sizeof(report->ids[0]));
		memset(&report->ids[at], 0, sizeof(report->ids[0]));
		(void)snprintf(report->ids[at].id, sizeof(report->ids[at].id), "%s", id);
		report->id_count++;
	}
	if (!report->ids[at].in_this_file)
		report->ids[at].tokens++;
	report->ids[at].in_this_file = true;
}

void lint_report_finding(void *arg, const char *id, const char *text)
{
	struct lint_report *report = arg;
	json_t *finding;

	report->findings++;
	count_id(report, id);
	finding = json_object();
	text_set(finding, "id", json_string(id));
	text_set(finding, "text", text_json(bytes_of_text(text)));
	text_add(report->found, finding);
	if (report->json)
		return;
	text_escaped_string(stdout, report->file);
	(void)printf(": %s: ", id);
	text_escaped_string(stdout, text);
	(void)putchar('\n');
}

/* line is taken. */
static void put_line(json_t *line)
{
	(void)json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(line);
}

void lint_report_end(struct lint_report *report, unsigned skipped)
{
	json_t *line;

	report->files_with_findings += json_array_size(report->found) > 0;
	report->skipped += skipped;
	if (report->json) {
		line = json_object();
		text_set(line, "report", json_string("tsa-verify-lint/1"));
		text_set(line, "file", text_json(bytes_of_text(report->file)));
		text_set(line, "profile", json_string(profile_name(report->profile)));
		text_set(line, "findings", json_incref(report->found));
		text_set(line, "rulesNotApplied", json_integer(skipped));
		put_line(line);
	}
	json_decref(report->found);
	report->found = NULL;
}

static void put_json_summary(const struct lint_report *report)
{
	json_t *line = json_object();
	json_t *ids = json_object();

	for (unsigned i = 0; i < report->id_count; i++)
		text_set(ids, report->ids[i].id, json_integer(report->ids[i].tokens));
	text_set(line, "report", json_string("tsa-verify-lint/1"));
	text_set(line, "files", json_integer(report->files));
	text_set(line, "filesWithFindings", json_integer(report->files_with_findings));
	text_set(line, "findings", json_integer(report->findings));
	text_set(line, "filesById", ids);
	text_set(line, "rulesNotApplied", json_integer(report->skipped));
	text_set(line, "filesWithoutCrl", json_integer(report->uncovered));
	put_line(line);
}

void lint_report_summary(const struct lint_report *report)
{
	if (report->json) {
		put_json_summary(report);
		return;
	}
	(void)printf("%s: %u files, %u with findings, %u findings", profile_name(report->profile),
		report->files, report->files_with_findings, report->findings);
	for (unsigned i = 0; i < report->id_count; i++)
		(void)printf("%s%s in %u", i == 0 ? ": " : ", ", report->ids[i].id,
			report->ids[i].tokens);
	if (report->skipped > 0)
		(void)printf("; %u rules not applied: the signer's certificate is not at hand",
			report->skipped);
	if (report->uncovered > 0)
		(void)printf("; no CRL covers the signer of %u", report->uncovered);
	(void)putchar('\n');
}
