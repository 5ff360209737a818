/* The report as JSON: tsa-verify-json(5) says what each member is. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "show_part.h"
#include "text.h"
#include "tsa/token/read/ess.h"

void report_time(int64_t seconds, char out[REPORT_TIME])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900 ||
		strftime(out, REPORT_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)strcpy(out, "unknown");
}

json_t *report_json_time(int64_t seconds)
{
	char text[REPORT_TIME];

	if (seconds == INT64_MAX || seconds == INT64_MIN)
		return json_null();
	report_time(seconds, text);
	return json_string(text);
}

json_t *report_json_name(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *at = NULL;
	json_t *text;
	long len;

	if (bio == NULL)
		abort();
	(void)X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(bio, &at);
	text = text_json((struct bytes){ (const uint8_t *)at, len > 0 ? (size_t)len : 0 });
	BIO_free(bio);
	return text;
}

static json_t *json_hash(const uint8_t sha256[MATERIAL_HASH])
{
	return text_hex((struct bytes){ sha256, MATERIAL_HASH });
}

static json_t *json_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : text_json(bytes_of_text(text));
}

static json_t *json_policy(const struct shared *shared)
{
	const struct check_policy *policy = &shared->policy;
	json_t *object = json_object(), *accepted = json_array();

	text_set(object, "id", json_string("tsa-verify/1"));
	text_set(object, "model", json_string(check_model_name(policy->model)));
	text_set(object, "algorithms", json_text(algorithms_version(policy->algorithms)));
	text_set(object, "revocation",
		json_string(policy->revocation_required ? "required" : "auto"));
	for (unsigned i = 0; i < policy->wants.policy_count; i++)
		text_add(accepted, json_text(policy->wants.policies[i]));
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
	text_set(object, "sub", json_text(check_sub_name(verdict->sub)));
	text_set(object, "model", json_string(check_model_name(checked->model)));
	text_set(object, "timeProven",
		checked->proved ? report_json_time(checked->time_proven) : json_null());
	text_set(object, "controlTime", report_json_time(checked->control));
	text_set(object, "why", json_text(verdict->why));
	for (unsigned i = 0; i < verdict->need_count; i++)
		text_add(needs, json_text(verdict->needs[i]));
	text_set(object, "needs", needs);
	text_set(object, "unmet", json_text(report->unmet));
	return object;
}

/* ---- the token ---- */

static json_t *json_digest(const struct ber_node *oid)
{
	char dotted[OID_TEXT];
	const char *name;

	if (oid == NULL)
		return json_null();
	oid_text(oid->content, dotted);
	name = oid_name(dotted);
	return json_text(name == NULL ? dotted : name);
}

static json_t *json_imprint(const struct token_facts *facts)
{
	static const char *const names[] = {
		[TOKEN_DATA_NOT_GIVEN] = "not-given",
		[TOKEN_DATA_MATCHED] = "matched",
		[TOKEN_DATA_MISMATCH] = "mismatch",
	};
	const struct tst_part *tst = &facts->file.tst;
	json_t *object = json_object();

	text_set(object, "alg", json_digest(tst->digest));
	text_set(object, "value", text_hex(tst->hashed->content));
	text_set(object, "data", json_string(names[facts->data]));
	return object;
}

static void set_tst(json_t *object, const struct token_facts *facts)
{
	const struct tst_part *tst = &facts->file.tst;
	char dotted[OID_TEXT], time[MOMENT_TEXT];

	moment_text(&tst->moment, time);
	text_set(object, "genTime", tst->moment.readable ? json_text(time) : json_null());
	text_set(object, "accuracy",
		facts->accuracy_us < 0 ? json_null() : json_real((double)facts->accuracy_us / 1e6));
	text_set(object, "ordering",
		json_boolean(tst->ordering != NULL && tst->ordering->content.len == 1 &&
			     tst->ordering->content.at[0] != 0));
	text_set(object, "serial", show_serial(tst->serial->content));
	oid_text(tst->policy->content, dotted);
	text_set(object, "policyOid", json_text(dotted));
	text_set(object, "nonce",
		tst->nonce == NULL ? json_null() : show_serial(tst->nonce->content));
	text_set(object, "imprint", json_imprint(facts));
}

static json_t *json_token(const struct token_facts *facts)
{
	const struct token_file *file = &facts->file;
	json_t *object = json_object();
	struct ber_flaws flaws = { 0 };

	if (file->kind == TOKEN_NEITHER || !file->cms.decoded) {
		text_set(object, "form", json_null());
		return object;
	}
	ber_strict(&file->tree, 0, (uint32_t)file->tree.count, &flaws);
	text_set(object, "form", json_string(file->kind == TOKEN_BARE ? "token" : "response"));
	text_set(object, "sha256", json_hash(facts->sha256));
	text_set(object, "encoding", json_string(flaws.count == 0 ? "DER" : "BER"));
	if (file->tst.decoded)
		set_tst(object, facts);
	return object;
}

/* ---- the signer ---- */

static void set_eku(json_t *object, X509 *certificate)
{
	int critical = -1;
	EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
	json_t *names = json_array();

	for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
		const ASN1_OBJECT *oid = sk_ASN1_OBJECT_value(usage, i);
		char dotted[OID_TEXT];

		(void)OBJ_obj2txt(dotted, sizeof(dotted), oid, 1);
		text_add(names,
			json_text(OBJ_obj2nid(oid) == NID_undef ? dotted
								: OBJ_nid2sn(OBJ_obj2nid(oid))));
	}
	EXTENDED_KEY_USAGE_free(usage);
	text_set(object, "eku", names);
	text_set(object, "ekuCritical", json_boolean(critical == 1));
}

static json_t *json_ess(const struct token_facts *facts)
{
	json_t *all = json_array();

	for (int v2 = 0; v2 <= 1; v2++) {
		struct ess_id id;
		struct err found = { 0 };
		enum ess_state state = ess_get(&facts->file, v2 == 1, 0, &id);
		json_t *one;

		if (state == ESS_ABSENT)
			continue;
		one = json_object();
		text_set(one, "v", json_integer(v2 + 1));
		if (state == ESS_THERE) {
			const char *name = oid_name(id.algorithm);

			text_set(one, "alg", json_text(name == NULL ? id.algorithm : name));
		}
		text_set(one, "match",
			json_boolean(
				state == ESS_THERE &&
				ess_is(&facts->file, &id, facts->signer->certificate, &found)));
		text_add(all, one);
	}
	return all;
}

static json_t *json_signature(const struct token_facts *facts)
{
	char scheme[32], both[64];

	algorithms_signature_name(
		facts->signature_scheme, X509_get0_pubkey(facts->signer->certificate), scheme);
	(void)snprintf(both, sizeof(both), "%s/%s", scheme,
		facts->signature_digest == NID_undef ? "-" : OBJ_nid2ln(facts->signature_digest));
	return json_text(both);
}

static json_t *json_signer(const struct token_facts *facts)
{
	const struct material_item *signer = facts->signer;
	json_t *object;

	if (signer == NULL)
		return json_null();
	object = json_object();
	text_set(object, "subject", report_json_name(X509_get_subject_name(signer->certificate)));
	text_set(object, "issuer", report_json_name(X509_get_issuer_name(signer->certificate)));
	text_set(object, "sha256", json_hash(signer->sha256));
	text_set(object, "notBefore", report_json_time(path_not_before(signer)));
	text_set(object, "notAfter", report_json_time(path_not_after(signer)));
	text_set(object, "embedded", json_boolean(facts->signer_is_embedded));
	set_eku(object, signer->certificate);
	text_set(object, "ess", json_ess(facts));
	text_set(object, "signature", json_signature(facts));
	return object;
}

/* ---- what carried the verdict ---- */

static json_t *json_chain(const struct checked *checked)
{
	json_t *all = json_array();
	int64_t gen_time = checked->facts.gen_time;

	for (unsigned i = 0; i < checked->path.length; i++) {
		const struct material_item *item = checked->path.at[i];
		json_t *one = json_object();
		int64_t from = path_not_before(item), to = path_not_after(item);

		text_set(one, "sha256", json_hash(item->sha256));
		text_set(
			one, "subject", report_json_name(X509_get_subject_name(item->certificate)));
		text_set(one, "notBefore", report_json_time(from));
		text_set(one, "notAfter", report_json_time(to));
		text_set(one, "anchor", json_boolean(item->is_anchor));
		text_set(one, "validAtGenTime", json_boolean(from <= gen_time && gen_time <= to));
		text_set(one, "from", json_text(item->source));
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

	text_set(one, "cert", json_hash(certificate->sha256));
	text_set(one, "source", json_string(found->object->kind == MATERIAL_CRL ? "crl" : "ocsp"));
	text_set(one, "sha256", json_hash(found->object->sha256));
	text_set(one, "thisUpdate", report_json_time(found->this_update));
	text_set(one, "nextUpdate", report_json_time(found->next_update));
	text_set(one, "status", json_string(states[found->state]));
	text_set(one, "why", json_text(found->why));
	text_set(one, "reason",
		is_revoked ? json_text(revocation_reason_name(found->reason, room)) : json_null());
	text_set(one, "revocationDate",
		is_revoked ? report_json_time(found->revocation_date) : json_null());
	text_set(one, "invalidityDate",
		is_revoked ? report_json_time(found->invalidity_date) : json_null());
	text_set(one, "from", json_text(found->object->source));
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

		text_set(one, "object", json_text(checked->poes[i].object));
		text_set(one, "time", report_json_time(checked->poes[i].time));
		text_set(one, "from", json_text(checked->poes[i].from));
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
		text_set(one, "detail", json_text(line->text));
		text_add(checks, one);
		if (line->result == CHECK_WARN)
			text_add(warnings, json_text(line->text));
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
	text_set(object, "token", json_token(&checked->facts));
	text_set(object, "signer", json_signer(&checked->facts));
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
