/* Owns the room of a record that is checked. */
#include "evidence_record_part.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "report.h"
#include "text.h"

/* A token_digest_of: what the hash tree came to. */
static unsigned root_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct evidence_stamp *stamp = arg;
	int len = EVP_MD_get_size(stamp->digest);

	if (EVP_MD_get_type(digest) != EVP_MD_get_type(stamp->digest))
		return 0;
	(void)memcpy(out, stamp->root, (size_t)len);
	return (unsigned)len;
}

static void keep_finding(struct record_work *work, const struct check_policy *policy)
{
	const struct verdict *verdict = &work->token.verdict;
	const struct material_item *signer = work->token.facts.signer;
	json_t *one = json_object();

	text_set(one, "status", json_string(check_status_name(verdict->status)));
	text_set(one, "sub",
		verdict->sub == SUB_NONE ? json_null() : json_string(check_sub_name(verdict->sub)));
	text_set(one, "model", json_string(check_model_name(work->token.model)));
	text_set(one, "validAt", report_json_time(work->stamp->at));
	text_set(one, "checkedAt", report_json_time(policy->at));
	text_set(one, "signer",
		signer == NULL ? json_null()
			       : report_json_name(X509_get_subject_name(signer->certificate)));
	text_set(one, "why", text_json(bytes_of_text(verdict->why)));
	text_add(work->checked->stamps, one);
}

static void note_voucher(struct record_work *work)
{
	const struct token_facts *facts = &work->token.facts;
	struct voucher *next = &work->vouchers[work->voucher_count];
	EVP_PKEY *key;

	if (facts->signer == NULL || work->voucher_count == MAX_VOUCHERS)
		return;
	key = X509_get0_pubkey(facts->signer->certificate);
	for (unsigned i = 0; i < work->voucher_count; i++)
		if (EVP_PKEY_eq(work->vouchers[i].key, key) == 1)
			return;
	if (key == NULL || EVP_PKEY_up_ref(key) != 1)
		return;
	*next = (struct voucher){ key, facts->gen_time };
	work->voucher_count++;
}

/* A key that vouches for its own tokens vouches for none. */
static void note_proof(struct record_work *work)
{
	const struct token_facts *facts = &work->token.facts;

	if (work->checked->poe != POE_NONE || facts->signer == NULL)
		return;
	if (work->key == NULL ||
		EVP_PKEY_eq(X509_get0_pubkey(facts->signer->certificate), work->key) != 1)
		work->checked->poe = facts->gen_time;
}

/*
 * All but the last have a proof of existence: the next one's genTime (longterm.md 1.8 rule 7). What
 * was found out about their certificates later counts as of then.
 */
static const struct verdict *check_stamp(void *arg, const struct evidence_stamp *stamp)
{
	struct record_work *work = arg;
	struct check_policy policy = work->shared->policy;
	uint8_t sha256[MATERIAL_HASH];
	char from[128];

	checked_wipe(&work->token);
	material_clear(work->material);
	work->stamp = stamp;
	policy.wants = (struct token_wants){ .data = root_digest,
		.data_arg = (void *)stamp,
		.legacy_eku = policy.wants.legacy_eku };
	if (!stamp->is_last) {
		policy.model = MODEL_PAST;
		(void)SHA256(stamp->token.at, stamp->token.len, sha256);
		(void)snprintf(from, sizeof(from),
			"the archive time-stamp after ATS %u/%u of %.80s", stamp->chain,
			stamp->stamp, work->name);
		material_add_poe(work->material, sha256, stamp->at, from);
	}
	check_token(stamp->token, &policy, work->material, &work->token);
	keep_finding(work, &policy);
	note_proof(work);
	note_voucher(work);
	return &work->token.verdict;
}

/* The key that signed the token, if it is at hand. The caller frees. */
static EVP_PKEY *key_of(struct record_work *work)
{
	struct token_wants wants = { 0 };
	EVP_PKEY *key = NULL;

	verdict_start(&work->token.verdict);
	token_check(
		work->subject, &wants, work->material, &work->token.facts, &work->token.verdict);
	if (work->token.facts.signer != NULL)
		key = X509_get_pubkey(work->token.facts.signer->certificate);
	token_wipe(&work->token.facts);
	work->token = (struct checked){ 0 };
	material_clear(work->material);
	return key;
}

void record_work_check(
	struct record_work *work, const struct evidence_object *objects, unsigned count)
{
	const struct verify_options *options = work->shared->options;
	struct checked_record *checked = work->checked;
	struct evidence_wants wants = {
		.objects = objects,
		.count = count,
		.exact_group = options->exact_group && !work->is_of_given,
		.rehash_single = options->rehash_single,
		.algorithms = work->shared->algorithms,
		.at = work->shared->policy.at,
	};

	checked->covers = count == 1 ? objects[0].name : "";
	evidence_check(work->record, &wants, &checked->report);
	if (checked->report.verdict.status == CHECK_FAILED)
		return;
	if (work->subject.len > 0 && work->key == NULL)
		work->key = key_of(work);
	wants.check = check_stamp;
	wants.check_arg = work;
	evidence_check(work->record, &wants, &checked->report);
	checked_wipe(&work->token);
	material_clear(work->material);
}

void record_work_start(struct record_work *work, const struct shared *shared,
	const struct shared_object *file, struct material *base, struct checked_record *checked)
{
	*work = (struct record_work){ .shared = shared,
		.name = file->name,
		.material = material_new(shared->cache, base),
		.checked = checked };
	*checked = (struct checked_record){ .name = file->name, .poe = POE_NONE };
	checked->stamps = json_array();
}

void record_work_finish(struct record_work *work)
{
	EVP_PKEY_free(work->key);
	for (unsigned i = 0; i < work->voucher_count; i++)
		EVP_PKEY_free(work->vouchers[i].key);
	material_free(work->material);
	json_decref(work->checked->stamps);
	free(work);
}

static void no_record(struct verdict *verdict, const struct err *err)
{
	verdict_start(verdict);
	(void)verdict_fail(verdict, "ER-01", CHECK_FAILED, SUB_FORMAT_FAILURE, "%s", err->text);
}

/* ---- for a token ---- */

unsigned record_octets_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	const struct bytes *octets = arg;
	unsigned len;

	return EVP_Digest(octets->at, octets->len, out, &len, digest, NULL) == 1 ? len : 0;
}

static void add_proof(
	struct verify *verify, const struct record_work *work, struct bytes content_info)
{
	uint8_t sha256[MATERIAL_HASH];
	char from[128];

	(void)SHA256(content_info.at, content_info.len, sha256);
	(void)snprintf(from, sizeof(from), "the Evidence Record %.90s", work->name);
	material_add_poe(verify->material, sha256, work->checked->poe, from);
}

/* True if the record proves the file, or the ContentInfo in it; what was found is in parts. */
static bool prove_by(struct verify *verify, const struct shared_object *file,
	const struct token_file *token, struct bytes octets)
{
	struct bytes content = token->cms.whole == NULL ? octets : token->cms.whole->whole;
	struct evidence_object objects[2] = { { "the file of the token", record_octets_digest,
						      &octets },
		{ "the token in its response", record_octets_digest, &content } };
	unsigned ways = token->kind == TOKEN_RESPONSE && token->cms.whole != NULL ? 2 : 1;
	struct record_work *work = must_calloc(1, sizeof(*work));
	struct checked_record *checked = must_calloc(1, sizeof(*checked));
	struct evidence_record *record;
	struct err err = { 0 };
	bool proved = false;

	record_work_start(work, verify->shared, file, verify->material, checked);
	record = evidence_read(buf_view(&file->octets), &err);
	work->record = record;
	work->subject = octets;
	if (record == NULL)
		no_record(&checked->report.verdict, &err);
	for (unsigned i = 0; record != NULL && i < ways && !proved; i++) {
		record_work_check(work, &objects[i], 1);
		proved = checked->report.verdict.status == CHECK_PASSED;
		if (checked->report.verdict.status == CHECK_INDETERMINATE)
			break; /* it covers it */
	}
	if (proved && checked->poe != POE_NONE)
		add_proof(verify, work, content);
	text_set(verify->parts, "evidenceRecord", evidence_record_json(checked));
	evidence_free(record);
	record_work_finish(work);
	free(checked);
	return proved;
}

void evidence_record_prove(struct verify *verify, const struct verify_subject *subject)
{
	const struct shared_objects *records = &verify->shared->records;
	struct token_file token;

	if (records->count == 0)
		return;
	token_file_read(subject->octets, &token);
	for (unsigned i = 0; i < records->count; i++)
		if (prove_by(verify, &records->at[i], &token, subject->octets))
			break;
	token_file_wipe(&token);
}

/* ---- without a token ---- */

/* The data and what --data named beside it. */
struct group {
	struct evidence_object objects[VERIFY_MAX_GIVEN];
	struct data *data[VERIFY_MAX_GIVEN];
	unsigned count;
};

static bool read_group(const struct shared *shared, struct group *group, struct err *err)
{
	const struct verify_list *more = &shared->options->datas;

	group->objects[0] =
		(struct evidence_object){ shared->options->data != NULL ? shared->options->data
									: "the data",
			data_digest, shared->data };
	for (group->count = 1; group->count < more->count; group->count++) {
		struct data *data = data_of_file(more->at[group->count], err);

		group->data[group->count] = data;
		if (data == NULL)
			return err_while(err, "--data %.200s", more->at[group->count]);
		group->objects[group->count] =
			(struct evidence_object){ more->at[group->count], data_digest, data };
	}
	return true;
}

/* Digests that could not be made to the end of a file were taken as not at hand. */
static bool group_was_read(const struct shared *shared, const struct group *group, struct err *err)
{
	if (data_failed(shared->data, err))
		return false;
	for (unsigned i = 1; i < group->count; i++)
		if (data_failed(group->data[i], err))
			return false;
	return true;
}

static void count(enum check_status status, struct tally *tally)
{
	tally->passed += status == CHECK_PASSED;
	tally->failed += status == CHECK_FAILED;
	tally->indeterminate += status == CHECK_INDETERMINATE;
}

bool evidence_record_run(
	const struct shared *shared, struct tally *tally, FILE *out, struct err *err)
{
	struct group *group = must_calloc(1, sizeof(*group));
	struct record_work *work = must_calloc(1, sizeof(*work));
	struct checked_record *checked = must_calloc(1, sizeof(*checked));
	struct evidence_record *record = NULL;
	struct err found = { 0 };
	bool ok;

	record_work_start(work, shared, &shared->records.at[0], shared->material, checked);
	ok = read_group(shared, group, err);
	if (ok)
		record = evidence_read(buf_view(&shared->records.at[0].octets), &found);
	work->record = record;
	if (record != NULL)
		record_work_check(work, group->objects, group->count);
	else
		no_record(&checked->report.verdict, &found);
	ok = ok && group_was_read(shared, group, err);
	if (ok) {
		evidence_record_put(shared, checked, out);
		count(checked->report.verdict.status, tally);
	}
	for (unsigned i = 1; i < group->count; i++)
		data_free(group->data[i]);
	evidence_free(record);
	record_work_finish(work);
	free(checked);
	free(group);
	return ok;
}
