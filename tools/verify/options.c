/* Owns nothing. The table of options, and the values that are no plain text. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "tsa/token/read/moment.h"

typedef bool take_value(const char *text, void *to, struct err *err);

static bool take_switch(const char *text, void *to, struct err *err)
{
	(void)text;
	(void)err;
	*(bool *)to = true;
	return true;
}

static bool take_once(const char *text, void *to, struct err *err)
{
	const char **value = to;

	if (*value != NULL)
		return err_set(err, "may be given once: is there again");
	*value = text;
	return true;
}

static bool take_one_more(const char *text, void *to, struct err *err)
{
	struct verify_list *list = to;

	if (list->count == VERIFY_MAX_GIVEN)
		return err_set(err, "at most %d: are more", VERIFY_MAX_GIVEN);
	list->at[list->count++] = text;
	return true;
}

static bool take_policy(const char *text, void *to, struct err *err)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(text, 1);

	ASN1_OBJECT_free(oid);
	if (oid == NULL)
		return err_set(err, "must be an OID as 1.2.3: is %.60s", text);
	return take_one_more(text, to, err);
}

static bool take_action(const char *text, void *to, struct err *err)
{
	enum verify_action *action = to;

	if (*action != ACTION_VERIFY)
		return err_set(err, "--lint or --show may be given, once: is there again");
	*action = strcmp(text, "lint") == 0 ? ACTION_LINT : ACTION_SHOW;
	return true;
}

static bool take_profile(const char *text, void *to, struct err *err)
{
	enum profile *profile = to;

	*profile = profile_by_name(text);
	return *profile != PROFILES ||
	       err_set(err, "must be rfc3161, etsi or csbr: is %.60s", text);
}

static bool take_model(const char *text, void *to, struct err *err)
{
	struct verify_model *model = to;

	for (int i = MODEL_CURRENT; i <= MODEL_GENTIME; i++)
		if (strcmp(text, check_model_name((enum check_model)i)) == 0) {
			*model = (struct verify_model){ true, (enum check_model)i };
			return true;
		}
	return err_set(err, "must be current, past or gentime: is %.60s", text);
}

/* YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ. */
static bool take_time(const char *text, void *to, struct err *err)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	enum { DATE = 10, WHOLE = sizeof(form) - 1, DATE_DIGITS = 8, DIGITS = 14 };
	char packed[] = "00000000000000Z";
	struct verify_time *time = to;
	struct moment moment = { 0 };
	size_t len = strlen(text), digits = 0, i = 0;

	for (; i < WHOLE && (form[i] == 'd' ? text[i] >= '0' && text[i] <= '9'
					    : text[i] == form[i] && text[i] != '\0');
		i++)
		if (form[i] == 'd')
			packed[digits++] = text[i];
	if (i == len && (len == DATE || len == WHOLE))
		moment = moment_of(bytes_of_text(packed));
	if (!moment.readable || moment.flaw != NULL)
		return err_set(err,
			"must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (RFC 3339): is %.60s", text);
	*time = (struct verify_time){ true, moment.seconds };
	return true;
}

static bool take_jobs(const char *text, void *to, struct err *err)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || n < 1 ||
		n > VERIFY_MAX_JOBS)
		return err_set(err, "must be 1 to %d: is %.60s", VERIFY_MAX_JOBS, text);
	*(unsigned *)to = (unsigned)n;
	return true;
}

static bool take_revocation(const char *text, void *to, struct err *err)
{
	bool *is_required = to;

	*is_required = strcmp(text, "required") == 0;
	return *is_required || strcmp(text, "auto") == 0 ||
	       err_set(err, "must be auto or required: is %.60s", text);
}

#define TO(member) offsetof(struct verify_options, member)

enum {
	VERIFY = 1 << ACTION_VERIFY,
	LINT = 1 << ACTION_LINT,
	LOOK = LINT | 1 << ACTION_SHOW,
	ALL = VERIFY | LOOK,
};

static const struct {
	const char *name;
	bool has_value;
	take_value *take;
	size_t to;
	unsigned of; /* what it is an option of: bits by enum verify_action */
} table[] = {
	{ "lint", false, take_action, TO(action), LOOK },
	{ "show", false, take_action, TO(action), LOOK },
	{ "profile", true, take_profile, TO(profile), LINT },
	{ "trust", true, take_one_more, TO(trust), VERIFY },
	{ "untrusted", true, take_one_more, TO(untrusted), ALL },
	{ "crl", true, take_one_more, TO(crls), VERIFY | LINT },
	{ "ocsp", true, take_one_more, TO(ocsps), VERIFY },
	{ "evidence", true, take_one_more, TO(evidence), VERIFY },
	{ "poe", true, take_one_more, TO(poes), VERIFY },
	{ "evidence-record", true, take_once, TO(evidence_record), VERIFY },
	{ "exact-group", false, take_switch, TO(exact_group), VERIFY },
	{ "rehash-single", false, take_switch, TO(rehash_single), VERIFY },
	{ "data", true, take_one_more, TO(datas), VERIFY },
	{ "data-beside", false, take_switch, TO(data_beside), VERIFY },
	{ "digest", true, take_once, TO(digest), VERIFY },
	{ "query", true, take_once, TO(query), VERIFY | LINT },
	{ "policy", true, take_policy, TO(policies), VERIFY },
	{ "model", true, take_model, TO(model), VERIFY },
	{ "at", true, take_time, TO(at), VERIFY },
	{ "revocation", true, take_revocation, TO(revocation_required), VERIFY },
	{ "legacy-eku", false, take_switch, TO(legacy_eku), VERIFY },
	{ "algorithms", true, take_once, TO(algorithms), VERIFY },
	{ "embedded", false, take_switch, TO(embedded), VERIFY },
	{ "signed-cert", true, take_once, TO(signed_cert), VERIFY },
	{ "revoked-at", true, take_time, TO(revoked_at), VERIFY },
	{ "fetch", false, take_switch, TO(fetch), VERIFY },
	{ "collect", true, take_once, TO(collect), VERIFY },
	{ "jobs", true, take_jobs, TO(jobs), VERIFY },
	{ "json", false, take_switch, TO(json), ALL },
	{ "require-model", true, take_model, TO(require_model), VERIFY },
	{ "fail-on-warning", false, take_switch, TO(fail_on_warning), VERIFY },
	{ "help", false, take_switch, TO(help), ALL },
	{ "version", false, take_switch, TO(version), ALL },
};

enum { ROWS = sizeof(table) / sizeof(table[0]), VALUE = 256 };

/* An option that would be taken and then do nothing looks as if it had been obeyed. */
static bool check_place(
	const bool given[ROWS], const struct verify_options *options, struct err *err)
{
	static const char *const names[] = {
		[ACTION_VERIFY] = "verifying",
		[ACTION_LINT] = "--lint",
		[ACTION_SHOW] = "--show",
	};

	for (int i = 0; i < ROWS; i++)
		if (given[i] && (table[i].of & 1U << options->action) == 0)
			return err_set(err, "--%s: does not go with %s", table[i].name,
				names[options->action]);
	return true;
}

bool verify_options_read(int argc, char **argv, struct verify_options *options, struct err *err)
{
	struct option longs[ROWS + 1] = { 0 };
	bool given[ROWS] = { false };
	int c, row = 0;

	for (int i = 0; i < ROWS; i++)
		longs[i] = (struct option){ table[i].name,
			table[i].has_value ? required_argument : no_argument, NULL, VALUE };
	*options = (struct verify_options){
		.profile = PROFILE_RFC3161, .model.model = MODEL_PAST, .jobs = 1
	};
	while ((c = getopt_long(argc, argv, "", longs, &row)) != -1) {
		if (c != VALUE)
			return err_set(err, "see tsa-verify --help");
		if (!table[row].take(table[row].has_value ? optarg : table[row].name,
			    (char *)options + table[row].to, err))
			return err_while(err, "--%s", table[row].name);
		given[row] = true;
	}
	options->data = options->datas.count > 0 ? options->datas.at[0] : NULL;
	options->files = argv + optind;
	options->file_count = argc - optind;
	if (options->help || options->version)
		return true;
	return check_place(given, options, err) && verify_options_check(options, err);
}
