/* Owns what all tokens share, and the batch. */
#include "run.h"

#include <stdio.h>

#include "batch.h"
#include "inspect.h"
#include "jobs.h"
#include "report.h"

static bool verify_all(struct shared *shared, struct tally *tally, struct err *err)
{
	const struct verify_options *options = shared->options;
	struct batch *batch =
		batch_new(options->files, options->file_count, options->data_beside, err);
	bool ok = batch != NULL;

	if (ok && options->collect != NULL && batch_has_folder(batch))
		ok = err_set(err, "--collect: must go with one TOKEN: is a folder");
	if (ok) {
		shared->brief = options->file_count > 1 || batch_has_folder(batch);
		ok = jobs_run(shared, batch, options->jobs, tally, stdout, err);
	}
	if (ok && shared->brief && !options->json)
		report_put_tally(tally, stdout);
	batch_free(batch);
	return ok;
}

static enum verify_exit verify(const struct verify_options *options, struct err *err)
{
	struct tally tally = { 0 };
	struct shared shared;
	bool ok = shared_read(options, &shared, err) && verify_all(&shared, &tally, err);

	shared_wipe(&shared);
	return ok ? tally_exit(&tally) : VERIFY_COULD_NOT_RUN;
}

enum verify_exit verify_run(const struct verify_options *options, struct err *err)
{
	return options->action == ACTION_VERIFY ? verify(options, err) : inspect_run(options, err);
}
