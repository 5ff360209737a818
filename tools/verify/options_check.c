/* Owns nothing. Which options go together, and which want which. */
#include "options.h"

#include <string.h>

static bool check_inspect(const struct verify_options *options, struct err *err)
{
	if (options->file_count == 0)
		return err_set(err, "FILE: must be given");
	if (options->query != NULL && options->file_count != 1)
		return err_set(
			err, "--query: must go with one FILE: there are %d", options->file_count);
	return true;
}

static bool check_data(const struct verify_options *options, struct err *err)
{
	int ways = (options->data != NULL) + (options->digest != NULL) + options->data_beside;

	if (options->datas.count > 1 && options->file_count > 0)
		return err_set(err, "--data: may be given once with a TOKEN: is there again");
	if (ways > 1)
		return err_set(err, "--data, --digest, --data-beside: at most one: %d are", ways);
	if (ways > 0 && options->embedded)
		return err_set(err, "--embedded: the data are the signatures in FILE: --data, "
				    "--digest, --data-beside do not go with it");
	if (options->query != NULL && (options->file_count != 1 || options->embedded))
		return err_set(err, "--query: must go with one TOKEN and no --embedded");
	return true;
}

/* What would do nothing alone. */
static bool check_company(const struct verify_options *options, struct err *err)
{
	bool has_records = options->evidence_record != NULL || options->evidence.count > 0;

	if ((options->exact_group || options->rehash_single) && !has_records)
		return err_set(err, "--exact-group, --rehash-single: must go with "
				    "--evidence-record or --evidence");
	if (options->revoked_at.given && options->signed_cert == NULL && !options->embedded)
		return err_set(err, "--revoked-at: must go with --signed-cert or --embedded");
	return true;
}

static bool check_verify(const struct verify_options *options, struct err *err)
{
	bool is_record = options->evidence_record != NULL &&
			 (options->data != NULL || options->digest != NULL);

	if (options->trust.count == 0)
		return err_set(err, "--trust: must be given: what is trusted decides");
	if (options->file_count == 0 && !is_record)
		return err_set(err, "TOKEN: must be given");
	if (options->collect != NULL && (options->file_count != 1 || options->embedded))
		return err_set(err, "--collect: must go with one TOKEN and no --embedded");
	return check_company(options, err) && check_data(options, err);
}

static unsigned count_stdin(const struct verify_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->count; i++)
		n += strcmp(list->at[i], "-") == 0;
	return n;
}

/* Whoever reads it second would find it empty. */
static bool check_stdin(const struct verify_options *options, struct err *err)
{
	const struct verify_list *const lists[] = { &options->trust, &options->untrusted,
		&options->crls, &options->ocsps, &options->poes, &options->datas };
	const char *const singles[] = { options->evidence_record, options->query,
		options->algorithms, options->signed_cert };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		n += count_stdin(lists[i]);
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		n += singles[i] != NULL && strcmp(singles[i], "-") == 0;
	for (int i = 0; i < options->file_count; i++)
		n += strcmp(options->files[i], "-") == 0;
	return n <= 1 || err_set(err, "-: standard input is read once: is named %u times", n);
}

bool verify_options_check(const struct verify_options *options, struct err *err)
{
	bool ok = options->action == ACTION_VERIFY ? check_verify(options, err)
						   : check_inspect(options, err);

	return ok && check_stdin(options, err);
}
