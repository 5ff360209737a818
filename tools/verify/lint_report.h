/* What --lint found, to standard output: a line a finding, a summary at the end. */
#ifndef TSA_TOOLS_VERIFY_LINT_REPORT_H
#define TSA_TOOLS_VERIFY_LINT_REPORT_H

#include <stdbool.h>

#include <jansson.h>

#include "tsa/token/profile.h"

enum { LINT_REPORT_MAX_IDS = 64 }; /* different IDs; there are half as many */

struct lint_report {
	bool json;
	enum profile profile;
	unsigned files;
	unsigned files_with_findings;
	unsigned findings;
	unsigned skipped; /* rules not applied */
	unsigned uncovered; /* files about whose signer no CRL speaks */
	struct {
		char id[8];
		unsigned tokens; /* files with this finding */
		bool in_this_file;
	} ids[LINT_REPORT_MAX_IDS];
	unsigned id_count;
	const char *file; /* the one that is being looked at */
	json_t *found; /* its findings for JSON */
};

void lint_report_begin(struct lint_report *report, const char *file);
/* A lint_finding; arg is the report. */
void lint_report_finding(void *arg, const char *id, const char *text);
/* skipped: rules that could not be applied. */
void lint_report_end(struct lint_report *report, unsigned skipped);
void lint_report_summary(const struct lint_report *report);

#endif
