/* Owns standard output and standard error. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "text.h"
#include "tsa/core/hex.h"

void report_init(struct report *report, const struct stamp_options *options)
{
	*report = (struct report){ .options = options };
	/* What was stamped is told even if a second signal ends us. */
	(void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	progress_init(&report->progress, options->quiet);
}

/* entry is taken. */
static void put_json(json_t *entry)
{
	if (entry == NULL)
		abort();
	(void)json_dumpf(entry, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(entry);
}

void report_stamped(struct report *report, const char *file, const char *out,
	const struct stamp_query *query, const struct stamp_token *token)
{
	const struct bytes imprint = { query->imprint, tsp_digest_len(query->digest) };
	char hex[2 * TSP_MAX_IMPRINT + 1];

	report->done++;
	report->stamped++;
	progress_clear(&report->progress);
	hex_encode(imprint, hex);
	if (report->options->json)
		put_json(json_pack("{s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:b}", "file",
			text_json(file), "status", "stamped", "response", text_json(out),
			"gen_time", token->gen_time, "serial", token->serial, "policy",
			token->policy, "digest", tsp_digest_name(query->digest), "imprint", hex,
			"chain_checked", token->chain != NULL));
	else if (!report->options->quiet)
		(void)printf("%s: %s, serial %s\n", out, token->gen_time, token->serial);
	if (token->modified && !report->options->quiet)
		(void)fprintf(stderr,
			"tsa-stamp: %s: note: the TSA says grantedWithMods; all that was asked for "
			"is there\n",
			file);
}

static void count(struct report *report, enum stamp_exit status)
{
	if (status == STAMP_NOT_ALL)
		report->not_all = true;
	else if (status == STAMP_COULD_NOT_RUN)
		report->could_not_run = true;
}

static void put_failed(const char *file, enum stamp_exit status, const char *why)
{
	put_json(json_pack("{s:o, s:s, s:o}", "file", text_json(file), "status",
		status == STAMP_NOT_ALL ? "refused" : "not tried", "error", text_json(why)));
}

void report_not_run(const struct report *report, const char *why)
{
	const struct stamp_options *options = report->options;

	for (int i = 0; options->json && i < options->file_count; i++)
		put_failed(options->files[i], STAMP_COULD_NOT_RUN, why);
}

void report_failed(struct report *report, const char *file, enum stamp_exit status, const char *why)
{
	report->done++;
	count(report, status);
	progress_clear(&report->progress);
	if (report->options->json)
		put_failed(file, status, why);
	(void)fprintf(stderr, "tsa-stamp: %s: %s\n", file, why);
}

void report_note(struct report *report, enum stamp_exit status, const char *text)
{
	count(report, status);
	progress_clear(&report->progress);
	if (status != STAMP_ALL || !report->options->quiet)
		(void)fprintf(stderr, "tsa-stamp: %s\n", text);
}

enum stamp_exit report_end(struct report *report)
{
	progress_clear(&report->progress);
	if (report->could_not_run)
		return STAMP_COULD_NOT_RUN;
	return report->not_all ? STAMP_NOT_ALL : STAMP_ALL;
}
