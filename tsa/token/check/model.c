/* The models of longterm.md 1.2 in their order, over the paths of one token. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "model_part.h"

const char *check_model_name(enum check_model model)
{
	static const char *const names[] = {
		[MODEL_CURRENT] = "current",
		[MODEL_PAST] = "past",
		[MODEL_GENTIME] = "gentime",
	};

	return names[model];
}

/* The verdict as it was before a path was judged: all that was said then stays. */
struct mark {
	unsigned lines;
	unsigned needs;
};

static void back_to(struct verdict *verdict, struct mark mark)
{
	verdict->status = CHECK_PASSED;
	verdict->sub = SUB_NONE;
	verdict->why[0] = '\0';
	verdict->line_count = mark.lines;
	verdict->need_count = mark.needs;
}

static int64_t time_of_model(const struct judgement *j, enum check_model model)
{
	switch (model) {
	case MODEL_GENTIME:
		return j->gen_time;
	case MODEL_PAST:
		return j->poe;
	case MODEL_CURRENT:
		break;
	}
	return j->policy->at;
}

/*
 * Row 8: further ESSCertIDs name members of the path. One that is of no certificate at hand cannot
 * be compared, and a path that ends at an anchor below the root may leave some out: warnings.
 */
static void check_ess(struct judgement *j)
{
	const struct token_facts *facts = &j->checked->facts;
	const struct path *path = &j->checked->path;
	struct err found = { 0 };
	enum token_ids ids;
	bool ends_early;

	if (facts->file.cms.whole == NULL)
		return;
	ids = token_ess_restricts(facts, j->material, path->at, path->length, &found);
	if (ids == TOKEN_IDS_FIT)
		return;
	ends_early = (X509_get_extension_flags(path->at[path->length - 1]->certificate) &
			     EXFLAG_SI) == 0;
	if (ids == TOKEN_IDS_UNKNOWN || (ids == TOKEN_IDS_ELSEWHERE && ends_early))
		verdict_line(&j->checked->verdict, "V-08", CHECK_WARN, "%s", found.text);
	else
		(void)problem_add(
			j, GRAVITY_FAILED, "V-08", SUB_SIG_CONSTRAINTS_FAILURE, "%s", found.text);
}

static void name_path(struct judgement *j)
{
	const struct path *path = &j->checked->path;
	char anchor[MODEL_NAME];

	verdict_line(&j->checked->verdict, "V-PATH", CHECK_PASS,
		"%u certificates lead from the signer to the trust anchor %s", path->length,
		model_name(path->at[path->length - 1], anchor));
	verdict_line(&j->checked->verdict, "V-12", CHECK_PASS,
		"no CA certificate of the path is kept from time-stamping by its EKU");
}

/* One path under one model, or the past validation itself; the verdict is at its mark. */
static enum check_status judge_path(
	struct judgement *j, const struct path *path, enum check_model model, struct mark mark)
{
	struct checked *checked = j->checked;

	back_to(&checked->verdict, mark);
	checked->path = *path;
	j->problem_count = 0;
	j->model = model;
	j->at = time_of_model(j, model);
	j->control = j->policy->at;
	j->control_reason = CONTROL_AT;
	j->control_by = NULL;
	name_path(j);
	check_ess(j);
	time_check_path(j);
	revocation_check(j);
	if (model == MODEL_CURRENT)
		time_check_now(j);
	if (model == MODEL_PAST)
		slide_check(j);
	algorithms_check(j);
	problems_to_verdict(j);
	return checked->verdict.status;
}

static void note_poe(struct checked *checked, const char *object, int64_t time, const char *from)
{
	struct check_poe *poe;

	if (checked->poe_count == CHECK_MAX_POES)
		return;
	poe = &checked->poes[checked->poe_count++];
	(void)snprintf(poe->object, sizeof(poe->object), "%s", object);
	(void)snprintf(poe->from, sizeof(poe->from), "%s", from == NULL ? "" : from);
	poe->time = time;
}

/* Of the objects that speak of the path, those whose existence is proved. */
static void note_object_poes(struct judgement *j)
{
	struct checked *checked = j->checked;

	for (unsigned i = 0; i + 1 < checked->path.length; i++) {
		for (unsigned k = 0; k < checked->revocation_count[i]; k++) {
			const struct material_item *object = checked->revocations[i][k].object;
			const char *from = NULL;
			int64_t poe = usable_poe(j, object, &from);
			char name[24];

			if (from == NULL)
				continue;
			(void)snprintf(name, sizeof(name), "%s %02x%02x%02x%02x",
				object->kind == MATERIAL_CRL ? "crl" : "ocsp", object->sha256[0],
				object->sha256[1], object->sha256[2], object->sha256[3]);
			note_poe(checked, name, poe, from);
		}
	}
}

/* What the current time alone gives, in one line before those of the past validation. */
static struct mark remember_current(struct verdict *verdict, struct mark mark)
{
	char why[VERDICT_TEXT];
	enum check_sub sub = verdict->sub;

	(void)memcpy(why, verdict->why, sizeof(why));
	back_to(verdict, mark);
	verdict_line(verdict, "V-TIME", CHECK_SKIP,
		"at the time of the check: INDETERMINATE/%s: %s", check_sub_name(sub), why);
	mark.lines = verdict->line_count;
	return mark;
}

/* EN 319 102-1 5.6.2.4: the current time first; a proof of existence if that leaves it open. */
static enum check_status judge_past(struct judgement *j, const struct path *path, struct mark mark)
{
	struct checked *checked = j->checked;
	enum check_status status = judge_path(j, path, MODEL_CURRENT, mark);

	checked->model = status == CHECK_PASSED ? MODEL_CURRENT : MODEL_PAST;
	if (status != CHECK_INDETERMINATE)
		return status;
	if (j->poe == POE_NONE) {
		verdict_line(&checked->verdict, "V-POE", CHECK_SKIP,
			"no proof of the token's existence by another key is at hand");
		return status;
	}
	mark = remember_current(&checked->verdict, mark);
	status = judge_path(j, path, MODEL_PAST, mark);
	checked->control = j->control;
	checked->poe_count = 0;
	note_poe(checked, "token", j->poe, j->poe_from);
	note_object_poes(j);
	return status;
}

static enum check_status judge(struct judgement *j, const struct path *path, struct mark mark)
{
	struct checked *checked = j->checked;

	checked->control = INT64_MAX;
	checked->poe_count = 0;
	checked->model = j->policy->model;
	if (j->policy->model == MODEL_PAST)
		return judge_past(j, path, mark);
	return judge_path(j, path, j->policy->model, mark);
}

/* PASSED before INDETERMINATE before FAILED. */
static unsigned rank(enum check_status status)
{
	static const unsigned ranks[] = {
		[CHECK_PASSED] = 0,
		[CHECK_INDETERMINATE] = 1,
		[CHECK_FAILED] = 2,
	};

	return ranks[status];
}

/* The path that fares best decides; it is judged once more if it was not the last. */
static void judge_paths(struct judgement *j, const struct paths *paths)
{
	struct verdict *verdict = &j->checked->verdict;
	struct mark mark = { verdict->line_count, verdict->need_count };
	unsigned best = 0;
	unsigned last = 0;
	enum check_status status = CHECK_PASSED;

	for (unsigned i = 0; i < paths->count && paths->at[i].holds; i++) {
		enum check_status now = judge(j, &paths->at[i], mark);

		last = i;
		if (i == 0 || rank(now) < rank(status)) {
			best = i;
			status = now;
		}
		if (now == CHECK_PASSED)
			return;
	}
	if (best != last)
		(void)judge(j, &paths->at[best], mark);
}

/* No way to an anchor is complete: which certificate is missing. */
static void say_no_path(struct judgement *j, const struct paths *paths)
{
	struct verdict *verdict = &j->checked->verdict;
	const struct material_item *end =
		paths->dead_end == NULL ? j->checked->facts.signer : paths->dead_end;
	char name[MODEL_NAME];
	char missing[VERDICT_TEXT];

	(void)model_name(end, name);
	(void)verdict_fail(verdict, "V-PATH", CHECK_INDETERMINATE, SUB_NO_CERTIFICATE_CHAIN_FOUND,
		"RFC 5280 6: %s: the longest ends at %s%s",
		paths->gave_up ? "no path to a trust anchor was found within the limits"
			       : "no path leads to one of the trust anchors",
		name,
		paths->dead_end_is_root ? ", which issued itself and is no trust anchor"
					: ", whose issuer is not at hand");
	if (paths->dead_end_is_root) {
		verdict_need(verdict, "trust in %s, or a certificate of its key by a trust anchor",
			name);
		return;
	}
	path_missing_issuer(end, missing);
	verdict_need(verdict, "the certificate of an issuer: %s", missing);
}

/* Paths there are, but whatever the time, none holds. */
static void say_no_path_holds(struct judgement *j, const struct paths *paths)
{
	struct verdict *verdict = &j->checked->verdict;

	j->checked->path = paths->at[0];
	if (!paths->gave_up) {
		(void)verdict_fail(verdict, "V-PATH", CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE,
			"%s", paths->at[0].flaw.text);
		return;
	}
	(void)verdict_fail(verdict, "V-PATH", CHECK_INDETERMINATE, SUB_NO_CERTIFICATE_CHAIN_FOUND,
		"of the paths within %d steps none holds: %s", (int)PATH_MAX_STEPS,
		paths->at[0].flaw.text);
	verdict_need(verdict, "fewer certificates that do not belong to the path");
}

static void judge_signer(struct judgement *j)
{
	struct paths paths;

	paths_find(j->material, j->checked->facts.signer, NID_time_stamp, &paths);
	if (paths.count == 0)
		say_no_path(j, &paths);
	else if (!paths.at[0].holds)
		say_no_path_holds(j, &paths);
	else
		judge_paths(j, &paths);
}

/* By hand: the room for problems is not to be cleared for every token. */
static void start(struct judgement *j, const struct check_policy *policy, struct material *material,
	struct checked *checked)
{
	const struct token_facts *facts = &checked->facts;

	j->policy = policy;
	j->material = material;
	j->checked = checked;
	j->model = policy->model;
	j->gen_time = facts->gen_time;
	j->gen_time_up = facts->gen_time + (facts->file.tst.moment.micros > 0);
	j->at = policy->at;
	j->poe_from = NULL;
	j->poe = material_poe_by_other(material, facts->sha256,
		facts->signer == NULL ? NULL : X509_get0_pubkey(facts->signer->certificate),
		&j->poe_from);
	j->control = policy->at;
	j->control_reason = CONTROL_AT;
	j->control_by = NULL;
	j->problem_count = 0;
	j->unchecked[0] = '\0';
}

/* Nothing is known yet beside facts and verdict. */
static void start_report(const struct check_policy *policy, struct checked *checked)
{
	checked->path.length = 0;
	for (unsigned i = 0; i < PATH_MAX_LENGTH; i++) {
		checked->revocation_count[i] = 0;
		checked->revocation_checked[i] = false;
	}
	checked->poe_count = 0;
	checked->control = INT64_MAX;
	checked->proved = false;
	checked->model = policy->model;
}

void checked_start(const struct check_policy *policy, struct checked *checked)
{
	verdict_start(&checked->verdict);
	checked->facts = (struct token_facts){ .accuracy_us = -1 };
	start_report(policy, checked);
}

void check_moment(
	const struct check_policy *policy, struct material *material, struct checked *checked)
{
	struct judgement j;

	start(&j, policy, material, checked);
	start_report(policy, checked);
	if (time_check_signer(&j))
		judge_signer(&j);
	checked->proved = checked->verdict.status == CHECK_PASSED;
	checked->time_proven = checked->facts.gen_time;
}

void check_token(struct bytes in, const struct check_policy *policy, struct material *material,
	struct checked *checked)
{
	verdict_start(&checked->verdict);
	start_report(policy, checked);
	token_check(in, &policy->wants, material, &checked->facts, &checked->verdict);
	if (checked->verdict.status == CHECK_PASSED)
		check_moment(policy, material, checked);
}

void checked_wipe(struct checked *checked)
{
	token_wipe(&checked->facts);
}
