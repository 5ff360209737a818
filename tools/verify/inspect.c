/* Owns what is read for all files: certificates, CRLs, the request. */
#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "crl.h"
#include "input.h"
#include "lint.h"
#include "lint_report.h"
#include "show.h"
#include "text.h"

struct run {
	const struct verify_options *options;
	STACK_OF(X509) * untrusted; /* NULL: none */
	STACK_OF(X509_CRL) * crls;
	struct buf query_bytes;
	struct tsp_request query;
	bool could_not;
};

static bool read_query(struct run *run, struct err *err)
{
	const char *path = run->options->query;
	struct tsp_refusal refusal;

	if (path == NULL)
		return true;
	if (!input_der(path, TSP_MAX_REQUEST, &run->query_bytes, err))
		return err_while(err, "%.200s", path);
	return tsp_request_decode(buf_view(&run->query_bytes), &run->query, &refusal) ||
	       err_set(err, "%.200s: must be a TimeStampReq: %s", path, refusal.text);
}

static bool add_untrusted(struct run *run, const char *path, struct err *err)
{
	STACK_OF(X509) *more = input_certificates(path, err);

	if (more == NULL)
		return false;
	if (run->untrusted == NULL)
		run->untrusted = sk_X509_new_null();
	while (sk_X509_num(more) > 0)
		if (sk_X509_push(run->untrusted, sk_X509_shift(more)) <= 0)
			abort();
	sk_X509_free(more);
	return true;
}

static bool prepare(struct run *run, struct err *err)
{
	const struct verify_options *options = run->options;

	for (unsigned i = 0; i < options->untrusted.count; i++)
		if (!add_untrusted(run, options->untrusted.at[i], err))
			return err_while(err, "%.200s", options->untrusted.at[i]);
	run->crls = sk_X509_CRL_new_null();
	if (run->crls == NULL)
		abort();
	for (unsigned i = 0; i < options->crls.count; i++)
		if (!input_crl(options->crls.at[i], run->crls, err))
			return err_while(err, "%.200s", options->crls.at[i]);
	return read_query(run, err);
}

static void say_error(struct run *run, const char *file, const char *text)
{
	(void)fflush(stdout);
	(void)fputs("tsa-verify: ", stderr);
	text_escaped_string(stderr, file);
	(void)fputs(": ", stderr);
	text_escaped_string(stderr, text);
	(void)fputc('\n', stderr);
	run->could_not = true;
}

/*
 * A CRL that should speak about this signer and cannot must not look like one that is silent.
 * True if one of them covers it, or none was given.
 */
static bool check_crls(struct run *run, const char *file, const struct signer *signer)
{
	bool is_covered = run->options->crls.count == 0;

	for (int i = 0; signer->certificate != NULL && i < sk_X509_CRL_num(run->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(run->crls, i);
		const char *path = run->options->crls.at[i];
		struct crl_entry entry;
		enum crl_match match = crl_look(crl, signer, run->untrusted, &entry);
		struct err err = { 0 };

		is_covered = is_covered || match == CRL_IS_GOOD;
		if (match == CRL_NO_ISSUER)
			err_set(&err,
				"--crl %.200s: its issuer's certificate must be in the token or "
				"--untrusted: is not",
				path);
		if (match == CRL_NOT_SIGNED)
			err_set(&err, "--crl %.200s: must be signed by its issuer: is not", path);
		if (err.text[0] != '\0')
			say_error(run, file, err.text);
	}
	return is_covered;
}

static void lint_one(struct run *run, struct lint_report *report, const char *path,
	const struct token_file *file, const struct signer *signer)
{
	const struct lint_subject subject = {
		.profile = run->options->profile,
		.file = file,
		.signer = signer,
		.query = run->options->query == NULL ? NULL : &run->query,
		.query_imprint = lint_query_imprint(buf_view(&run->query_bytes)),
		.crls = run->crls,
		.untrusted = run->untrusted,
	};
	unsigned skipped;

	report->uncovered += !check_crls(run, path, signer);
	lint_report_begin(report, path);
	(void)lint(&subject, lint_report_finding, report, &skipped);
	lint_report_end(report, skipped);
}

static void show_one(const struct run *run, const char *path, const struct token_file *file,
	const struct signer *signer)
{
	json_t *all = json_object();

	text_set(all, "file", text_json(bytes_of_text(path)));
	if (json_object_update_new(all, show(file, signer)) != 0)
		abort();
	if (run->options->json) {
		(void)json_dumpf(all, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)putchar('\n');
	} else {
		text_print(stdout, all);
	}
	json_decref(all);
}

static void look_at(struct run *run, struct lint_report *report, const char *path)
{
	struct buf content = { 0 };
	struct err err = { 0 };
	struct token_file file;
	struct signer signer;

	if (!input_der(path, BER_MAX_INPUT, &content, &err)) {
		say_error(run, path, err.text);
		buf_free(&content);
		return;
	}
	token_file_read(buf_view(&content), &file);
	signer_find(&file, run->untrusted, &signer);
	if (run->options->action == ACTION_SHOW)
		show_one(run, path, &file, &signer);
	else
		lint_one(run, report, path, &file, &signer);
	signer_wipe(&signer);
	token_file_wipe(&file);
	buf_free(&content);
}

enum verify_exit inspect_run(const struct verify_options *options, struct err *err)
{
	struct run run = { .options = options };
	struct lint_report report = { .json = options->json, .profile = options->profile };

	run.could_not = !prepare(&run, err);
	if (!run.could_not) {
		for (int i = 0; i < options->file_count; i++)
			look_at(&run, &report, options->files[i]);
		if (options->action == ACTION_LINT)
			lint_report_summary(&report);
	}
	sk_X509_CRL_pop_free(run.crls, X509_CRL_free);
	sk_X509_pop_free(run.untrusted, X509_free);
	buf_free(&run.query_bytes);
	if (run.could_not)
		return VERIFY_COULD_NOT_RUN;
	return report.findings > 0 ? VERIFY_FAILED : VERIFY_PASSED;
}
