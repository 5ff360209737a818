/*
 * The report of one token (longterm.md 3): as JSON, as text, or as one line.  All three say the
 * same; what others wrote is escaped.
 */
#ifndef TSA_TOOLS_VERIFY_REPORT_H
#define TSA_TOOLS_VERIFY_REPORT_H

#include <stdio.h>

#include <jansson.h>

#include "verify.h"

enum { REPORT_TIME = 32 };

struct report {
	const struct shared *shared;
	const struct verify_subject *subject;
	const struct checked *checked;
	json_t *parts; /* further members; an object */
	const char *unmet; /* why the exit status is worse than the verdict; NULL: it is not */
};

/* The object of tsa-verify-json(5). The caller frees (json_decref). */
json_t *report_json(const struct report *report);
/* One line of JSON. */
void report_put_json(const struct report *report, FILE *out);
void report_put_text(const struct report *report, FILE *out);
void report_put_line(const struct report *report, FILE *out);
/* The counts of a batch. */
void report_put_tally(const struct tally *tally, FILE *out);

/* Seconds since 1970 as RFC 3339 in UTC; "unknown" past what that can say. */
void report_time(int64_t seconds, char out[REPORT_TIME]);
/* The same as JSON; null for INT64_MAX and INT64_MIN. */
json_t *report_json_time(int64_t seconds);
/* A subject or issuer as RFC 2253 text. */
json_t *report_json_name(const X509_NAME *name);

#endif
