/*
 * What the standing of each certificate means for the token, in words: RFC 3161 4, longterm.md 1.3
 * and 1.4, and how far control slides (1.5).
 */
#include "model_standing.h"

#include <stdio.h>
#include <string.h>

static unsigned depth_of(const struct judgement *j, unsigned index)
{
	return j->checked->path.length - 1 - index;
}

/* "revoked on 2021-09-01T00:00:00Z (superseded)" */
static const char *said_of(const struct revocation *entry, char out[160])
{
	char since[MODEL_TIME];
	char room[16];

	(void)snprintf(out, 160, "revoked as of %s, reasonCode %s%s",
		model_time(entry->since, since), revocation_reason_name(entry->reason, room),
		entry->invalidity_date < entry->revocation_date ? " (its invalidityDate)" : "");
	return out;
}

static void say_failed(struct judgement *j, const struct standing *standing, const char *name)
{
	char gen_time[MODEL_TIME];
	char said[160];
	struct problem *problem = problem_add(j, GRAVITY_FAILED, "V-REV", SUB_REVOKED,
		"RFC 3161 4: genTime is before a revocation: it is %s, and %s is %s",
		model_time(j->gen_time, gen_time), name, said_of(standing->revoked, said));

	problem->depth = depth_of(j, standing->index);
}

static void say_hold(struct judgement *j, const struct standing *standing, const char *name)
{
	char since[MODEL_TIME];
	struct problem *problem = problem_add(j, GRAVITY_HOLD, "V-REV", SUB_TRY_LATER,
		"%s is on hold (certificateHold) as of %s", name,
		model_time(standing->revoked->since, since));

	problem->depth = depth_of(j, standing->index);
	problem_need(problem,
		"a CRL or OCSP response about %s that is newer than %s: it lifts the hold or makes "
		"it a revocation",
		name, model_time(standing->revoked->this_update, since));
}

static void say_no_poe(struct judgement *j, const struct standing *standing, const char *name)
{
	const struct revocation *entry = standing->revoked;
	char since[MODEL_TIME];
	char said[160];
	struct problem *problem = problem_add(j, GRAVITY_REVOKED, "V-REV",
		standing->index == 0 ? SUB_REVOKED_NO_POE : SUB_REVOKED_CA_NO_POE,
		"RFC 3161 4: %s is %s: after genTime, but only a proof of existence tells a genuine "
		"token from one made since%s",
		name, said_of(entry, said),
		j->model != MODEL_GENTIME && standing_leaves_tokens(entry->reason)
			? "; the model gentime takes this reason's word"
			: "");

	problem->depth = depth_of(j, standing->index);
	problem_need(problem, "a proof that this token existed before %s, of another key%s",
		model_time(entry->since, since),
		j->model == MODEL_GENTIME ? ", with the model past" : "");
}

/* Revoked, and the token valid all the same. */
static void say_valid(struct judgement *j, const struct standing *standing, const char *name)
{
	const struct revocation *entry = standing->revoked;
	char said[160];

	verdict_line(&j->checked->verdict, "V-REV", CHECK_PASS, "%s is %s, %s: RFC 3161 4", name,
		said_of(entry, said),
		j->model == MODEL_PAST
			? "after the token's proof of existence"
			: "after genTime, for a reason that leaves tokens as they are");
	if (j->model == MODEL_GENTIME && entry->since - j->gen_time <= time_accuracy(j))
		verdict_line(&j->checked->verdict, "V-REV", CHECK_WARN,
			"genTime with its accuracy reaches the revocation of %s", name);
	slide_to(j, entry->since - 1, CONTROL_REVOCATION, j->checked->path.at[standing->index]);
}

/* The revoked entry's meaning; true if there is nothing more to ask. */
static bool judge_revoked(struct judgement *j, const struct standing *standing, const char *name)
{
	if (standing->revoked == NULL)
		return false;
	switch (standing->meaning) {
	case MEANS_FAILED:
		say_failed(j, standing, name);
		return true;
	case MEANS_HOLD:
		say_hold(j, standing, name);
		return true;
	case MEANS_NO_POE:
		say_no_poe(j, standing, name);
		return true;
	case MEANS_VALID:
		say_valid(j, standing, name);
		break;
	}
	return standing->supported;
}

/* Good, but until when: RFC 5280 5.1.2.5 for one that may still be revoked. */
static void judge_good(struct judgement *j, const struct standing *standing, const char *name)
{
	const struct revocation *good = standing->good;
	const struct material_item *certificate = j->checked->path.at[standing->index];
	char this_update[MODEL_TIME];
	char next_update[MODEL_TIME];
	struct problem *problem;
	bool stale = j->model == MODEL_CURRENT && j->policy->at <= path_not_after(certificate) &&
		     j->policy->at > (good->next_update == INT64_MAX ? good->this_update + MODEL_DAY
								     : good->next_update);

	(void)model_time(good->this_update, this_update);
	(void)model_time(good->next_update, next_update);
	slide_to(j, standing_reach(good), CONTROL_FRESHNESS, certificate);
	if (!stale) {
		verdict_line(&j->checked->verdict, "V-REV", CHECK_PASS,
			"%s was not revoked: thisUpdate %s, nextUpdate %s", name, this_update,
			next_update);
		return;
	}
	if (!j->policy->revocation_required) {
		verdict_line(&j->checked->verdict, "V-REV", CHECK_WARN,
			"%s was not revoked at %s; whether it was since then is not in what was given",
			name, this_update);
		return;
	}
	problem = problem_add(j, GRAVITY_TRY_LATER, "V-REV", SUB_TRY_LATER,
		"the revocation data of %s are fresh: thisUpdate is %s, nextUpdate %s", name,
		this_update, next_update);
	problem->depth = depth_of(j, standing->index);
	problem_need(problem, "a CRL or OCSP response about %s that is still fresh", name);
}

/* What object would do for a certificate. */
static void need_object(struct judgement *j, struct problem *problem,
	const struct standing *standing, const char *name)
{
	const struct material_item *certificate = j->checked->path.at[standing->index];
	const struct revocation *failed = standing->failed;
	char gen_time[MODEL_TIME];
	char end[MODEL_TIME];
	char due[MODEL_TIME + 32] = "";

	if (failed != NULL && standing->failure == USABLE_NOT_PROVED) {
		problem_need(problem,
			"a proof that a CRL or OCSP response about %s existed by %s (while its signer "
			"was valid and nothing above it revoked)",
			name, model_time(j->control, end));
		return;
	}
	if (failed != NULL && standing->failure == USABLE_NOT_EARLY &&
		failed->next_update != INT64_MAX)
		(void)snprintf(due, sizeof(due), "; the next is due at %s",
			model_time(failed->next_update, end));
	problem_need(problem,
		"a CRL or OCSP response about %s of its issuer with thisUpdate from %s to %s, or "
		"later with expiredCertsOnCRL or archiveCutoff by then%s",
		name, model_time(j->gen_time_up, gen_time),
		model_time(path_not_after(certificate), end), due);
}

/* Objects were given, and none says anything. */
static void judge_unusable(struct judgement *j, const struct standing *standing, const char *name)
{
	enum gravity gravity = GRAVITY_TRY_LATER;
	enum check_sub sub = SUB_TRY_LATER;
	struct problem *problem;

	if (standing->failure == USABLE_NOT_LATE) {
		gravity = GRAVITY_REVOCATION_BOUNDS;
		sub = SUB_REVOCATION_OUT_OF_BOUNDS_NO_POE;
	} else if (standing->failure == USABLE_NOT_PROVED) {
		gravity = GRAVITY_NO_POE;
		sub = SUB_NO_POE;
	}
	problem = problem_add(j, gravity, "V-REV", sub,
		"nothing that was given says whether %s was revoked: %s", name,
		standing->failed == NULL ? "" : standing->failed->why);
	problem->depth = depth_of(j, standing->index);
	need_object(j, problem, standing, name);
}

/* Nothing was given: remembered for one line, or a problem where it is asked for. */
static void judge_nothing(struct judgement *j, const struct standing *standing, const char *name)
{
	bool past = j->model == MODEL_PAST;
	size_t len = strlen(j->unchecked);
	struct problem *problem;

	if (!j->policy->revocation_required) {
		(void)snprintf(j->unchecked + len, sizeof(j->unchecked) - len, "%s%s",
			len == 0 ? "" : ", ", name);
		return;
	}
	problem = problem_add(j, past ? GRAVITY_NO_POE : GRAVITY_TRY_LATER, "V-REV",
		past ? SUB_NO_POE : SUB_TRY_LATER,
		"revocation is checked: no usable CRL or OCSP response about %s is at hand", name);
	problem->depth = depth_of(j, standing->index);
	need_object(j, problem, standing, name);
}

static void check_certificate(struct judgement *j, unsigned index)
{
	struct standing standing = standing_of(j, index);
	char name[MODEL_NAME];

	(void)model_name(j->checked->path.at[index], name);
	if (judge_revoked(j, &standing, name)) {
		j->checked->revocation_checked[index] = true;
	} else if (standing.good != NULL) {
		j->checked->revocation_checked[index] = true;
		judge_good(j, &standing, name);
	} else if (standing.given > 0) {
		judge_unusable(j, &standing, name);
	} else {
		judge_nothing(j, &standing, name);
	}
}

bool revocation_signer_is_good(const struct judgement *j)
{
	return j->checked->revocation_checked[0];
}

void revocation_check(struct judgement *j)
{
	struct checked *checked = j->checked;
	const struct path *path = &checked->path;

	j->unchecked[0] = '\0';
	checked->revocation_checked[path->length - 1] = false;
	checked->revocation_count[path->length - 1] = 0; /* a longer path may have been before */
	slide_to(j, path_not_after(path->at[path->length - 1]), CONTROL_EXPIRY,
		path->at[path->length - 1]);
	for (unsigned i = path->length - 1; i-- > 0;) {
		checked->revocation_checked[i] = false;
		checked->revocation_count[i] =
			revocation_look(j->material, path, i, checked->revocations[i]);
		check_certificate(j, i);
		slide_to(j, path_not_after(path->at[i]), CONTROL_EXPIRY, path->at[i]);
	}
	if (j->unchecked[0] != '\0')
		verdict_line(&checked->verdict, "V-REV", CHECK_WARN,
			"revocation was not checked: no CRL or OCSP response about %s was given",
			j->unchecked);
}
