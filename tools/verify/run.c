/* Owns what all tokens share, and the batch. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "evidence_record.h"
#include "inspect.h"
#include "jobs.h"
#include "report.h"
#include "text.h"

/* What survives of all signatures; as JSON a line of its own. */
static void put_survivors(const struct tally *tally, bool as_json)
{
	char *text;
	json_t *object;

	if (!tally->survive.asked)
		return;
	if (!as_json) {
		text = survive_tally_text(&tally->survive);
		(void)printf("%s\n", text);
		free(text);
		return;
	}
	object = survive_tally_json(&tally->survive);
	text_set(object, "report", json_string("tsa-verify-survival/1"));
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(object);
}

static void complain_of_folders(const struct batch *batch, struct tally *tally)
{
	struct err err;

	for (size_t i = 0; i < batch_failure_count(batch); i++) {
		const char *path = batch_failure(batch, i, &err);

		verify_complain(path, &err, tally);
	}
}

static bool verify_all(struct shared *shared, struct tally *tally, struct err *err)
{
	const struct verify_options *options = shared->options;
	struct batch *batch =
		batch_new(options->files, options->file_count, options->data_beside, err);
	bool ok = batch != NULL;

	if (ok && options->collect != NULL && batch_has_folder(batch))
		ok = err_set(err, "--collect: must go with one TOKEN: is a folder");
	if (ok && batch_count(batch) == 0 && batch_failure_count(batch) == 0)
		ok = err_set(err, "TOKEN: must be given: there is no file in what was named");
	if (ok) {
		complain_of_folders(batch, tally);
		shared->brief = options->file_count > 1 || batch_has_folder(batch);
		ok = jobs_run(shared, batch, options->jobs, tally, stdout, err);
	}
	if (ok && shared->brief && !options->json)
		report_put_tally(tally, stdout);
	if (ok && (shared->brief || options->embedded))
		put_survivors(tally, options->json);
	batch_free(batch);
	return ok;
}

static enum verify_exit verify(const struct verify_options *options, struct err *err)
{
	struct tally tally = { 0 };
	struct shared shared;
	bool ok = shared_read(options, &shared, err);

	if (ok && options->file_count == 0)
		ok = evidence_record_run(&shared, &tally, stdout, err);
	else
		ok = ok && verify_all(&shared, &tally, err);
	shared_wipe(&shared);
	return ok ? tally_exit(&tally) : VERIFY_COULD_NOT_RUN;
}

enum verify_exit verify_run(const struct verify_options *options, struct err *err)
{
	return options->action == ACTION_VERIFY ? verify(options, err) : inspect_run(options, err);
}
