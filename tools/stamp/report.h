/* What is said about each file, to a person or as JSON, and the exit status it comes to. */
#ifndef TSA_TOOLS_STAMP_REPORT_H
#define TSA_TOOLS_STAMP_REPORT_H

#include "answer.h"
#include "options.h"
#include "progress.h"

struct report {
	const struct stamp_options *options;
	struct progress progress;
	unsigned done; /* files, however they ended */
	unsigned stamped;
	bool not_all; /* something was refused or not valid */
	bool could_not_run;
};

void report_init(struct report *report, const struct stamp_options *options);

void report_stamped(struct report *report, const char *file, const char *out,
	const struct stamp_query *query, const struct stamp_token *token);
/* status: STAMP_NOT_ALL or STAMP_COULD_NOT_RUN. */
void report_failed(
	struct report *report, const char *file, enum stamp_exit status, const char *why);
/* Nothing could be tried, and why will be said once: for --json, every file says so. */
void report_not_run(const struct report *report, const char *why);
/* Something that concerns no file; counts if status is not STAMP_ALL. */
void report_note(struct report *report, enum stamp_exit status, const char *text);

/* The worst of all; ends the progress bar. */
enum stamp_exit report_end(struct report *report);

#endif
