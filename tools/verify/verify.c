/* Owns the room of one token: what it carries, and what is found. */
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "evidence_record.h"
#include "gather.h"
#include "input.h"
#include "report.h"
#include "text.h"

void tally_add(struct tally *tally, const struct tally *more)
{
	tally->passed += more->passed;
	tally->failed += more->failed;
	tally->indeterminate += more->indeterminate;
	tally->unread += more->unread;
	tally->unmet += more->unmet;
	tally->warned += more->warned;
	survive_tally_add(&tally->survive, &more->survive);
}

enum verify_exit tally_exit(const struct tally *tally)
{
	if (tally->unread > 0)
		return VERIFY_COULD_NOT_RUN;
	if (tally->unmet > 0)
		return VERIFY_FAILED;
	if (tally->survive.asked && (tally->survive.no > 0 || tally->survive.unstamped > 0))
		return VERIFY_FAILED;
	if (tally->survive.asked)
		return tally->survive.unknown > 0 || tally->survive.yes == 0 ? VERIFY_INDETERMINATE
									     : VERIFY_PASSED;
	if (tally->failed > 0)
		return VERIFY_FAILED;
	return tally->indeterminate > 0 ? VERIFY_INDETERMINATE : VERIFY_PASSED;
}

struct verify *verify_new(const struct shared *shared)
{
	struct verify *verify = must_calloc(1, sizeof(*verify));

	verify->shared = shared;
	verify->material = material_new(shared->cache, shared->material);
	verify->parts = json_object();
	return verify;
}

void verify_free(struct verify *verify)
{
	if (verify == NULL)
		return;
	json_decref(verify->parts);
	material_free(verify->material);
	fetch_free(verify->fetch);
	free(verify);
}

void verify_complain(const char *file, const struct err *err, struct tally *tally)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);

	if (out == NULL)
		abort();
	(void)fputs("tsa-verify: ", out);
	text_escaped_string(out, file);
	(void)fputs(": ", out);
	text_escaped_string(out, err->text);
	(void)fputc('\n', out);
	if (fclose(out) != 0)
		abort();
	(void)fflush(stdout);
	(void)fwrite(line, 1, len, stderr); /* at once: workers share it */
	free(line);
	tally->unread++;
}

/* How a later token fares, for the report. */
static void add_proof(void *arg, unsigned token, const struct checked *checked, unsigned covers)
{
	struct verify *verify = arg;
	const struct verdict *verdict = &checked->verdict;
	json_t *proofs = json_object_get(verify->parts, "proofs");
	json_t *one = json_object();

	text_set(one, "file", text_json(bytes_of_text(verify->shared->poes.at[token].name)));
	text_set(one, "status", json_string(check_status_name(verdict->status)));
	text_set(one, "why", text_json(bytes_of_text(verdict->why)));
	text_set(one, "time",
		checked->facts.file.tst.moment.readable ? report_json_time(checked->facts.gen_time)
							: json_null());
	text_set(one, "covers", json_integer(covers));
	text_add(proofs, one);
}

/* What later tokens prove of this one and of what it was given with. */
static void add_proofs(struct verify *verify, struct bytes octets)
{
	const struct shared *shared = verify->shared;
	const struct check_object object = { octets };
	struct bytes *tokens;

	if (shared->poes.count == 0)
		return;
	text_set(verify->parts, "proofs", json_array());
	tokens = must_calloc(shared->poes.count, sizeof(*tokens));
	for (unsigned i = 0; i < shared->poes.count; i++)
		tokens[i] = buf_view(&shared->poes.at[i].octets);
	check_proofs(tokens, shared->poes.count, &object, 1, &shared->policy, verify->material,
		shared->cache, add_proof, verify);
	free(tokens);
}

/* The request's imprint as well if the data were given beside it. */
static void check_query(const struct shared *shared, struct checked *checked)
{
	const struct tst_part *tst = &checked->facts.file.tst;
	struct verdict *verdict = &checked->verdict;
	char dotted[OID_TEXT];

	if (shared->options->query == NULL || verdict->status == CHECK_FAILED)
		return;
	oid_text(shared->query.digest_oid, dotted);
	if (!oid_is(tst->digest, dotted) ||
		!bytes_equal(tst->hashed->content, shared->query.imprint))
		verdict_fail(verdict, "V-15", CHECK_FAILED, SUB_HASH_FAILURE,
			"RFC 3161 2.4.2: the imprint must be that of the request: is another");
}

static void check(struct verify *verify, const struct verify_subject *subject)
{
	const struct shared *shared = verify->shared;
	struct check_policy policy = shared->policy;

	if (subject->data != NULL) {
		policy.wants.data = subject->data;
		policy.wants.data_arg = subject->data_arg;
	} else if (shared->data != NULL) {
		policy.wants.data = data_digest;
		policy.wants.data_arg = shared->data;
	}
	add_proofs(verify, subject->octets);
	evidence_record_prove(verify, subject);
	if (subject->carried != NULL && embedded_check(verify, subject, &policy))
		return;
	check_token(subject->octets, &policy, verify->material, &verify->checked);
	check_query(shared, &verify->checked);
	verify->checked.proved =
		verify->checked.proved && verify->checked.verdict.status == CHECK_PASSED;
}

static bool has_warning(const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->line_count; i++)
		if (verdict->lines[i].result == CHECK_WARN)
			return true;
	return false;
}

/* Why a verdict of PASSED is not enough; NULL: it is. */
static const char *find_unmet(const struct shared *shared, const struct checked *checked)
{
	const struct verify_model *require = &shared->options->require_model;
	const struct verdict *verdict = &checked->verdict;

	if (verdict->status != CHECK_PASSED)
		return NULL;
	if (require->given && checked->model > require->model)
		return "--require-model: it passed under a laxer model";
	if (shared->options->fail_on_warning && has_warning(verdict))
		return "--fail-on-warning: it passed with a warning";
	return NULL;
}

static void count_one(const struct checked *checked, const char *unmet, struct tally *tally)
{
	bool passed = checked->verdict.status == CHECK_PASSED;

	tally->passed += passed;
	tally->warned += passed && has_warning(&checked->verdict);
	tally->failed += checked->verdict.status == CHECK_FAILED;
	tally->indeterminate += checked->verdict.status == CHECK_INDETERMINATE;
	tally->unmet += unmet != NULL;
}

static void collect(const struct report *report, const struct verify *verify, struct tally *tally)
{
	json_t *object = report_json(report);
	struct err err = { 0 };

	if (!gather_collect(verify, report->subject, object, &err))
		verify_complain(report->subject->name, &err, tally);
	json_decref(object);
}

/* Reports and counts what was found, and forgets it. */
static void conclude(
	struct verify *verify, const struct verify_subject *subject, struct tally *tally, FILE *out)
{
	const struct verify_options *options = verify->shared->options;
	struct report report = { .shared = verify->shared,
		.subject = subject,
		.checked = &verify->checked,
		.parts = verify->parts };

	if (subject->carried != NULL)
		embedded_note(verify, subject);
	survive_note(verify, subject, tally);
	report.unmet = find_unmet(verify->shared, &verify->checked);
	count_one(&verify->checked, report.unmet, tally);
	if (options->collect != NULL)
		collect(&report, verify, tally);
	if (options->json)
		report_put_json(&report, out);
	else if (verify->shared->brief)
		report_put_line(&report, out);
	else
		report_put_text(&report, out);
	checked_wipe(&verify->checked);
	material_clear(verify->material);
	(void)json_object_clear(verify->parts);
}

void verify_token(
	struct verify *verify, const struct verify_subject *subject, struct tally *tally, FILE *out)
{
	check(verify, subject);
	if (verify->shared->options->fetch && gather_missing(verify)) {
		checked_wipe(&verify->checked);
		check(verify, subject);
	}
	conclude(verify, subject, tally, out);
}

void verify_without(struct verify *verify, const struct verify_subject *subject,
	enum check_status status, enum check_sub sub, const char *text, struct tally *tally,
	FILE *out)
{
	struct checked *checked = &verify->checked;

	checked_start(&verify->shared->policy, checked);
	(void)verdict_fail(&checked->verdict, "V-01", status, sub, "%s", text);
	conclude(verify, subject, tally, out);
}

/* The file X of a token X.tsr, X.tst or X.der (--data-beside); NULL and err if there is none. */
static struct data *data_beside(const char *path, struct err *err)
{
	const char *dot = strrchr(path, '.');
	char *beside;
	struct data *data = NULL;

	if (dot == NULL || (strcmp(dot, ".tsr") != 0 && strcmp(dot, ".tst") != 0 &&
				   strcmp(dot, ".der") != 0)) {
		err_set(err, "--data-beside: must end in .tsr, .tst or .der: does not");
		return NULL;
	}
	beside = must_strdup(path);
	beside[dot - path] = '\0';
	data = data_of_file(beside, err);
	if (data == NULL)
		err_while(err, "--data-beside %.200s", beside);
	free(beside);
	return data;
}

/* The digests of data that could not be read to their end were not used. */
static void check_read(const struct data *data, const char *path, struct tally *tally)
{
	struct err err = { 0 };

	if (data != NULL && data_failed(data, &err))
		verify_complain(path, &err, tally);
}

void verify_file(struct verify *verify, const char *path, struct tally *tally, FILE *out)
{
	const struct verify_options *options = verify->shared->options;
	struct verify_subject subject = { .name = path };
	struct buf content = { 0 };
	struct data *beside = NULL;
	struct err err = { 0 };
	bool ok = true;

	if (options->embedded) {
		embedded_verify_file(verify, path, tally, out);
		return;
	}
	if (options->data_beside) {
		beside = data_beside(path, &err);
		ok = beside != NULL;
		subject.data = data_digest;
		subject.data_arg = beside;
	}
	ok = ok && input_der(path, BER_MAX_INPUT, &content, &err);
	if (ok) {
		subject.octets = buf_view(&content);
		verify_token(verify, &subject, tally, out);
		check_read(beside, path, tally);
		check_read(verify->shared->data, options->data, tally);
	} else {
		verify_complain(path, &err, tally);
	}
	data_free(beside);
	buf_free(&content);
}
