/* What survives of many signatures, and which dates of a revocation would change that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "survive.h"
#include "text.h"

/* A tally of nothing is all zero; its times are set with the first that is counted. */
static void begin(struct survive_tally *tally)
{
	if (tally->asked)
		return;
	*tally = (struct survive_tally){
		.asked = true,
		.earliest = INT64_MAX,
		.latest = INT64_MIN,
		.last_yes = INT64_MIN,
		.first_late = INT64_MAX,
	};
}

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void survive_tally_count(struct survive_tally *tally, enum survive_answer answer, int64_t time)
{
	begin(tally);
	tally->yes += answer == SURVIVE_YES;
	tally->no += answer == SURVIVE_NO;
	tally->unknown += answer == SURVIVE_UNKNOWN;
	if (time == INT64_MAX)
		return;
	tally->earliest = lesser(tally->earliest, time);
	tally->latest = greater(tally->latest, time);
	if (answer == SURVIVE_YES)
		tally->last_yes = greater(tally->last_yes, time);
	if (answer == SURVIVE_NO)
		tally->first_late = lesser(tally->first_late, time);
}

void survive_tally_unstamped(struct survive_tally *tally)
{
	begin(tally);
	tally->unstamped++;
}

void survive_tally_other(struct survive_tally *tally)
{
	begin(tally);
	tally->others++;
}

void survive_tally_add(struct survive_tally *tally, const struct survive_tally *more)
{
	if (!more->asked)
		return;
	begin(tally);
	tally->yes += more->yes;
	tally->no += more->no;
	tally->unknown += more->unknown;
	tally->unstamped += more->unstamped;
	tally->others += more->others;
	tally->earliest = lesser(tally->earliest, more->earliest);
	tally->latest = greater(tally->latest, more->latest);
	tally->last_yes = greater(tally->last_yes, more->last_yes);
	tally->first_late = lesser(tally->first_late, more->first_late);
}

static void put_time(FILE *out, const char *before, int64_t time)
{
	char text[REPORT_TIME];

	report_time(time, text);
	(void)fprintf(out, "%s%s", before, text);
}

char *survive_tally_text(const struct survive_tally *tally)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	(void)fprintf(out,
		"signatures: %" PRIu32 " survive, %" PRIu32 " do not, %" PRIu32
		" cannot be known, %" PRIu32 " without time-stamp",
		tally->yes, tally->no, tally->unknown, tally->unstamped);
	if (tally->others > 0)
		(void)fprintf(out, "; %" PRIu32 " by other certificates", tally->others);
	if (tally->asked && tally->latest != INT64_MIN) {
		put_time(out, "\nproven times: ", tally->earliest);
		put_time(out, " to ", tally->latest);
		put_time(out, "\na revocation after ", tally->latest);
		put_time(out, " takes none of them, one at ", tally->earliest);
		(void)fputs(" or before takes all", out);
	}
	if (tally->asked && tally->last_yes != INT64_MIN && tally->first_late != INT64_MAX &&
		tally->last_yes < tally->first_late) {
		put_time(out, "\nthe last that survives: ", tally->last_yes);
		put_time(out, ", the first that does not: ", tally->first_late);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

json_t *survive_tally_json(const struct survive_tally *tally)
{
	json_t *object = json_object();

	text_set(object, "survive", json_integer(tally->yes));
	text_set(object, "doNotSurvive", json_integer(tally->no));
	text_set(object, "cannotBeKnown", json_integer(tally->unknown));
	text_set(object, "withoutTimeStamp", json_integer(tally->unstamped));
	text_set(object, "byOtherCertificates", json_integer(tally->others));
	text_set(object, "earliestTime", report_json_time(tally->earliest));
	text_set(object, "latestTime", report_json_time(tally->latest));
	text_set(object, "lastThatSurvives", report_json_time(tally->last_yes));
	text_set(object, "firstThatDoesNot", report_json_time(tally->first_late));
	return object;
}
