/* Owns nothing. */
#include "survive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "report.h"
#include "text.h"

static int64_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) != 1 ? INT64_MIN : timegm(&tm);
}

bool survive_end_of(X509 *certificate, struct survive_end *end)
{
	*end = (struct survive_end){
		.not_before = seconds_of(X509_get0_notBefore(certificate)),
		.not_after = seconds_of(X509_get0_notAfter(certificate)),
		.revoked = INT64_MAX,
		.as_of = INT64_MAX,
	};
	return end->not_before != INT64_MIN && end->not_after != INT64_MIN;
}

void survive_end_revoked(struct survive_end *end, int64_t revoked, bool on_hold)
{
	if (revoked > end->revoked || (revoked == end->revoked && on_hold))
		return;
	end->revoked = revoked;
	end->on_hold = on_hold;
}

/* "3 days", "1 hour": the largest unit that fits, rounded down. */
static void span_text(int64_t seconds, char out[48])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;
	int64_t count;

	while (i + 1 < sizeof(units) / sizeof(units[0]) && seconds < units[i].seconds)
		i++;
	count = seconds / units[i].seconds;
	(void)snprintf(out, 48, "%" PRId64 " %s%s", count, units[i].name, count == 1 ? "" : "s");
}

static void answer_with(struct survive_result *result, enum survive_answer answer,
	const struct survive_proof *proof, int64_t end, const char *relation, const char *event)
{
	int64_t apart = end > proof->time ? end - proof->time : proof->time - end;
	char time[REPORT_TIME], at[REPORT_TIME], span[48];

	report_time(proof->time, time);
	report_time(end, at);
	span_text(apart, span);
	result->answer = answer;
	if (apart == 0)
		(void)snprintf(result->why, sizeof(result->why),
			"time-stamped %s, in the second in which %s", time, event);
	else
		(void)snprintf(result->why, sizeof(result->why), "time-stamped %s, %s %s %s at %s",
			time, span, relation, event, at);
}

/* Is time + accuracy past end, which the time is not? */
static bool is_crossed(const struct survive_proof *proof, int64_t end)
{
	return proof->accuracy_us > 0 && proof->time < end &&
	       (proof->accuracy_us + 999999) / 1000000 >= end - proof->time;
}

static void append(struct survive_result *result, const char *text)
{
	size_t len = 0;

	while (result->why[len] != '\0')
		len++;
	(void)snprintf(result->why + len, sizeof(result->why) - len, "%s", text);
}

/* Before the certificate's end; or in its time, and as far as is known it has no other end. */
static void survives(const struct survive_end *end, const struct survive_proof *proof,
	struct survive_result *result)
{
	bool is_revoked = end->revoked <= end->not_after;
	int64_t first = is_revoked ? end->revoked : end->not_after;
	char as_of[REPORT_TIME];

	answer_with(result, SURVIVE_YES, proof, first, "before",
		!is_revoked    ? "the certificate expires"
		: end->on_hold ? "the certificate was put on hold"
			       : "the certificate was revoked");
	if (end->revoked == INT64_MAX && end->as_of != INT64_MAX) {
		report_time(end->as_of, as_of);
		append(result, "; not revoked as of ");
		append(result, as_of);
	}
	result->crosses = is_crossed(proof, first);
	if (result->crosses)
		append(result, "; its accuracy reaches past that");
}

void survive_judge(const struct survive_end *end, const struct survive_proof *proof,
	struct survive_result *result)
{
	*result = (struct survive_result){ .answer = SURVIVE_UNKNOWN };
	if (proof->status == CHECK_FAILED) {
		result->answer = SURVIVE_NO;
		(void)snprintf(result->why, sizeof(result->why),
			"the time-stamp proves nothing: FAILED/%s", check_sub_name(proof->sub));
	} else if (proof->status == CHECK_INDETERMINATE) {
		(void)snprintf(result->why, sizeof(result->why),
			"the time-stamp is INDETERMINATE/%s", check_sub_name(proof->sub));
	} else if (proof->time < end->not_before) {
		answer_with(result, SURVIVE_NO, proof, end->not_before, "before",
			"the certificate began");
	} else if (proof->time >= end->revoked && !end->on_hold) {
		answer_with(result, SURVIVE_NO, proof, end->revoked, "after",
			"the certificate was revoked");
	} else if (proof->time > end->not_after) {
		answer_with(result, SURVIVE_NO, proof, end->not_after, "after",
			"the certificate expired");
	} else if (proof->time >= end->revoked) {
		answer_with(result, SURVIVE_UNKNOWN, proof, end->revoked, "after",
			"the certificate was put on hold");
	} else if (end->unknown) {
		(void)snprintf(result->why, sizeof(result->why),
			"none of the CRLs given is of the certificate's issuer, signed by it, and of "
			"the certificate's time or with expiredCertsOnCRL");
	} else if (end->revoked == INT64_MAX && proof->time > end->as_of) {
		answer_with(result, SURVIVE_UNKNOWN, proof, end->as_of, "after",
			"the newest CRL that could know of a revocation was made");
	} else {
		survives(end, proof, result);
	}
}

static unsigned rank(enum survive_answer answer)
{
	static const unsigned ranks[] = {
		[SURVIVE_YES] = 0,
		[SURVIVE_UNKNOWN] = 1,
		[SURVIVE_NO] = 2,
	};

	return ranks[answer];
}

bool survive_is_better(enum survive_answer answer, enum survive_answer than)
{
	return rank(answer) < rank(than);
}

const char *survive_name(enum survive_answer answer)
{
	static const char *const names[] = {
		[SURVIVE_YES] = "survives",
		[SURVIVE_NO] = "does not survive",
		[SURVIVE_UNKNOWN] = "cannot be known",
	};

	return names[answer];
}
