/*
 * Validation-time sliding and past validation, EN 319 102-1 5.6.2: control is the latest time at
 * which the whole path was provably good, and the token must have existed by then.
 */
#include "model_part.h"

#include <string.h>

void slide_to(struct judgement *j, int64_t time, enum control_reason reason,
	const struct material_item *by)
{
	if (time >= j->control)
		return;
	j->control = time;
	j->control_reason = reason;
	j->control_by = by;
}

/* The proof is too late: by what, and what would do. */
static void too_late(struct judgement *j)
{
	char poe[MODEL_TIME];
	char control[MODEL_TIME];
	char name[MODEL_NAME] = "";
	struct problem *problem;
	bool fresh = j->control_reason == CONTROL_FRESHNESS;

	(void)model_time(j->poe, poe);
	(void)model_time(j->control, control);
	if (j->control_by != NULL)
		(void)model_name(j->control_by, name);
	if (j->control_reason == CONTROL_AT) {
		problem = problem_add(j, GRAVITY_NO_POE, "V-POE", SUB_NO_POE,
			"the proof of existence is of %s, after the time of the check", poe);
		problem_need(problem, "a check at %s or later", poe);
		return;
	}
	problem = problem_add(j, GRAVITY_BOUNDS, "V-POE",
		fresh ? SUB_OUT_OF_BOUNDS_NOT_REVOKED : SUB_OUT_OF_BOUNDS_NO_POE,
		"the token is known to exist since %s, and the path is known to be good until %s: "
		"%s %s",
		poe, control, name, fresh ? "is known not to be revoked until then" : "ended then");
	if (fresh)
		problem_need(problem,
			"a CRL or OCSP response about %s with thisUpdate from %s on, or a proof that "
			"this token existed by %s",
			name, poe, control);
	else
		problem_need(
			problem, "a proof that this token existed by %s, of another key", control);
}

void slide_check(struct judgement *j)
{
	char poe[MODEL_TIME];
	char control[MODEL_TIME];

	if (j->poe > j->control) {
		too_late(j);
		return;
	}
	verdict_line(&j->checked->verdict, "V-POE", CHECK_PASS,
		"the token is known to exist since %s by %s; the path was good until %s",
		model_time(j->poe, poe), j->poe_from, model_time(j->control, control));
}
