/* The report as JSON: tsa-verify-json(5) says what each member is. */
#include <stdlib.h>

#include "report_part.h"
#include "text.h"

static json_t *json_policy(const struct shared *shared)
{
	const struct check_policy *policy = &shared->policy;
	json_t *object = json_object(), *accepted = json_array();

	text_set(object, "id", json_string("tsa-verify/1"));
	text_set(object, "model", json_string(check_model_name(policy->model)));
	text_set(object, "algorithms", report_json_text(algorithms_version(policy->algorithms)));
	text_set(object, "revocation",
		json_string(policy->revocation_required ? "required" : "auto"));
	for (unsigned i = 0; i < policy->wants.policy_count; i++)
		text_add(accepted, report_json_text(policy->wants.policies[i]));
	text_set(object, "accepted", policy->wants.policies == NULL ? json_null() : accepted);
	if (policy->wants.policies == NULL)
		json_decref(accepted);
	return object;
}

static json_t *json_result(const struct report *report)
{
	const struct checked *checked = report->checked;
	const struct verdict *verdict = &checked->verdict;
	json_t *object = json_object(), *needs = json_array();

	text_set(object, "status", json_string(check_status_name(verdict->status)));
	text_set(object, "sub", report_json_text(check_sub_name(verdict->sub)));
	text_set(object, "model", json_string(check_model_name(checked->model)));
	text_set(object, "timeProven",
		checked->proved ? report_json_time(checked->time_proven) : json_null());
	text_set(object, "controlTime", report_json_time(checked->control));
	text_set(object, "why", report_json_text(verdict->why));
	for (unsigned i = 0; i < verdict->need_count; i++)
		text_add(needs, report_json_text(verdict->needs[i]));
	text_set(object, "needs", needs);
	text_set(object, "unmet", report_json_text(report->unmet));
	return object;
}

static json_t *json_chain(const struct checked *checked)
{
	json_t *all = json_array();
	int64_t gen_time = checked->facts.gen_time;

	for (unsigned i = 0; i < checked->path.length; i++) {
		const struct material_item *item = checked->path.at[i];
		json_t *one = json_object();
		int64_t from = path_not_before(item), to = path_not_after(item);

		text_set(one, "sha256", report_json_hash(item->sha256));
		text_set(
			one, "subject", report_json_name(X509_get_subject_name(item->certificate)));
		text_set(one, "notBefore", report_json_time(from));
		text_set(one, "notAfter", report_json_time(to));
		text_set(one, "anchor", json_boolean(item->is_anchor));
		text_set(one, "validAtGenTime", json_boolean(from <= gen_time && gen_time <= to));
		text_set(one, "from", report_json_text(item->source));
		text_add(all, one);
	}
	return all;
}

static json_t *json_revocation(
	const struct material_item *certificate, const struct revocation *found)
{
	static const char *const states[] = {
		[REVOCATION_GOOD] = "good",
		[REVOCATION_REVOKED] = "revoked",
		[REVOCATION_UNUSABLE] = "unusable",
	};
	bool is_revoked = found->state == REVOCATION_REVOKED;
	json_t *one = json_object();
	char room[16];

	text_set(one, "cert", report_json_hash(certificate->sha256));
	text_set(one, "source", json_string(found->object->kind == MATERIAL_CRL ? "crl" : "ocsp"));
	text_set(one, "sha256", report_json_hash(found->object->sha256));
	text_set(one, "thisUpdate", report_json_time(found->this_update));
	text_set(one, "nextUpdate", report_json_time(found->next_update));
	text_set(one, "status", json_string(states[found->state]));
	text_set(one, "why", report_json_text(found->why));
	text_set(one, "reason",
		is_revoked ? report_json_text(revocation_reason_name(found->reason, room))
			   : json_null());
	text_set(one, "revocationDate",
		is_revoked ? report_json_time(found->revocation_date) : json_null());
	text_set(one, "invalidityDate",
		is_revoked ? report_json_time(found->invalidity_date) : json_null());
	text_set(one, "from", report_json_text(found->object->source));
	return one;
}

static json_t *json_revocations(const struct checked *checked)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < checked->path.length; i++)
		for (unsigned j = 0; j < checked->revocation_count[i]; j++)
			text_add(all,
				json_revocation(checked->path.at[i], &checked->revocations[i][j]));
	return all;
}

static json_t *json_poes(const struct checked *checked)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < checked->poe_count; i++) {
		json_t *one = json_object();

		text_set(one, "object", report_json_text(checked->poes[i].object));
		text_set(one, "time", report_json_time(checked->poes[i].time));
		text_set(one, "from", report_json_text(checked->poes[i].from));
		text_add(all, one);
	}
	return all;
}

static void set_checks(json_t *object, const struct verdict *verdict)
{
	json_t *checks = json_array(), *warnings = json_array();

	for (unsigned i = 0; i < verdict->line_count; i++) {
		const struct check_line *line = &verdict->lines[i];
		json_t *one = json_object();

		text_set(one, "id", json_string(line->id));
		text_set(one, "result", json_string(check_result_name(line->result)));
		text_set(one, "detail", report_json_text(line->text));
		text_add(checks, one);
		if (line->result == CHECK_WARN)
			text_add(warnings, report_json_text(line->text));
	}
	text_set(object, "checks", checks);
	text_set(object, "warnings", warnings);
}

json_t *report_json(const struct report *report)
{
	const struct checked *checked = report->checked;
	json_t *object = json_object();

	text_set(object, "report", json_string("tsa-verify/1"));
	text_set(object, "file", text_json(bytes_of_text(report->subject->name)));
	text_set(object, "time", report_json_time(report->shared->policy.at));
	text_set(object, "policy", json_policy(report->shared));
	text_set(object, "result", json_result(report));
	text_set(object, "token", report_json_token(&checked->facts));
	text_set(object, "signer", report_json_signer(&checked->facts));
	text_set(object, "chain", json_chain(checked));
	text_set(object, "revocation", json_revocations(checked));
	text_set(object, "poe", json_poes(checked));
	set_checks(object, &checked->verdict);
	if (json_object_update(object, report->parts) != 0)
		abort();
	return object;
}

void report_put_json(const struct report *report, FILE *out)
{
	json_t *object = report_json(report);

	(void)json_dumpf(object, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	(void)fputc('\n', out);
	json_decref(object);
}
