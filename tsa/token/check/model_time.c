/* The times of certificates against genTime (longterm.md 1.1 rows 16, 17) and the present. */
#include "model_part.h"

#include <string.h>

enum { MICROS_OF_SECOND = 1000000 };

/* Row 16 for one certificate; what is the words for it. */
static void check_gen_time(
	struct judgement *j, const struct material_item *certificate, const char *what)
{
	char name[MODEL_NAME];
	char gen_time[MODEL_TIME];
	char end[MODEL_TIME];

	if (j->gen_time < path_not_before(certificate))
		(void)problem_add(j, GRAVITY_FAILED, "V-16", SUB_NOT_YET_VALID,
			"RFC 5280 6.1.3: genTime lies in the validity of the %s: it is %s, and %s "
			"begins on %s",
			what, model_time(j->gen_time, gen_time), model_name(certificate, name),
			model_time(path_not_before(certificate), end));
	else if (j->gen_time > path_not_after(certificate))
		(void)problem_add(j, GRAVITY_FAILED, "V-16", SUB_CHAIN_CONSTRAINTS_FAILURE,
			"RFC 5280 6.1.3: genTime lies in the validity of the %s: it is %s, and %s "
			"ended on %s",
			what, model_time(j->gen_time, gen_time), model_name(certificate, name),
			model_time(path_not_after(certificate), end));
}

int64_t time_accuracy(const struct judgement *j)
{
	int64_t micros = j->checked->facts.accuracy_us;

	if (micros <= 0)
		return 0;
	return micros / MICROS_OF_SECOND + (micros % MICROS_OF_SECOND != 0);
}

/* No boundary is widened by the accuracy: that it crosses one is said. */
static void check_accuracy(struct judgement *j)
{
	const struct material_item *signer = j->checked->facts.signer;
	int64_t accuracy = time_accuracy(j);

	if (j->gen_time - path_not_before(signer) < accuracy ||
		path_not_after(signer) - j->gen_time < accuracy)
		verdict_line(&j->checked->verdict, "V-16", CHECK_WARN,
			"genTime with its accuracy reaches beyond the validity of the signer's "
			"certificate");
}

static void check_future(struct judgement *j)
{
	char gen_time[MODEL_TIME];
	char at[MODEL_TIME];

	if (j->gen_time <= j->policy->at || j->gen_time - j->policy->at <= j->policy->skew_s) {
		verdict_line(&j->checked->verdict, "V-17", CHECK_PASS,
			"genTime is not after the time of the check");
		return;
	}
	(void)problem_add(j, GRAVITY_FAILED, "V-17", SUB_TIMESTAMP_ORDER_FAILURE,
		"genTime is not in the future: it is %s, and the time of the check %s",
		model_time(j->gen_time, gen_time), model_time(j->policy->at, at));
}

/* Nothing is older than when it was made; the clocks of two TSAs may differ. */
static void check_proof(struct judgement *j)
{
	char poe[MODEL_TIME];
	char gen_time[MODEL_TIME];

	if (j->policy->model != MODEL_PAST || j->poe >= j->gen_time ||
		j->gen_time - j->poe <= j->policy->skew_s)
		return;
	(void)problem_add(j, GRAVITY_FAILED, "V-POE", SUB_TIMESTAMP_ORDER_FAILURE,
		"a token is not older than its genTime: genTime is %s, and %s proves that it "
		"existed on %s",
		model_time(j->gen_time, gen_time), j->poe_from, model_time(j->poe, poe));
}

bool time_check_signer(struct judgement *j)
{
	struct checked *checked = j->checked;

	j->problem_count = 0;
	check_gen_time(j, checked->facts.signer, "signer's certificate");
	if (j->problem_count == 0) {
		verdict_line(&checked->verdict, "V-16", CHECK_PASS,
			"genTime lies in the validity of the signer's certificate");
		check_accuracy(j);
	}
	check_future(j);
	check_proof(j);
	problems_to_verdict(j);
	return checked->verdict.status == CHECK_PASSED;
}

void time_check_path(struct judgement *j)
{
	const struct path *path = &j->checked->path;

	for (unsigned i = 1; i < path->length; i++)
		check_gen_time(
			j, path->at[i], i + 1 == path->length ? "trust anchor" : "CA certificate");
}

/* The earliest end in the path: a proof up to then would do for all of it. */
static int64_t first_end(const struct path *path)
{
	int64_t first = INT64_MAX;

	for (unsigned i = 0; i < path->length; i++)
		if (path_not_after(path->at[i]) < first)
			first = path_not_after(path->at[i]);
	return first;
}

static void expired(struct judgement *j, unsigned index)
{
	const struct path *path = &j->checked->path;
	bool good = revocation_signer_is_good(j);
	char name[MODEL_NAME];
	char end[MODEL_TIME];
	struct problem *problem = problem_add(j, GRAVITY_BOUNDS, "V-TIME",
		good ? SUB_OUT_OF_BOUNDS_NOT_REVOKED : SUB_OUT_OF_BOUNDS_NO_POE,
		"%s ended on %s, before the time of the check%s", model_name(path->at[index], name),
		model_time(path_not_after(path->at[index]), end),
		good ? "; the signer had not been revoked" : "");

	problem->depth = path->length - 1 - index;
	problem_need(problem,
		"a proof that this token existed by %s: a time-stamp or an evidence record over it, "
		"of another key",
		model_time(first_end(path), end));
}

void time_check_now(struct judgement *j)
{
	const struct path *path = &j->checked->path;
	int64_t at = j->policy->at;
	unsigned before = j->problem_count;
	char name[MODEL_NAME];
	char begin[MODEL_TIME];

	for (unsigned i = 0; i < path->length; i++) {
		struct problem *problem;

		if (at > path_not_after(path->at[i]))
			expired(j, i);
		if (at >= path_not_before(path->at[i]))
			continue;
		problem = problem_add(j, GRAVITY_BOUNDS, "V-TIME", SUB_OUT_OF_BOUNDS_NO_POE,
			"%s begins on %s, after the time of the check",
			model_name(path->at[i], name),
			model_time(path_not_before(path->at[i]), begin));
		problem_need(problem, "a check at %s or later", begin);
	}
	if (j->problem_count == before)
		verdict_line(&j->checked->verdict, "V-TIME", CHECK_PASS,
			"every certificate of the path is valid at the time of the check");
}
