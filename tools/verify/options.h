/* The command line of tsa-verify. */
#ifndef TSA_TOOLS_VERIFY_OPTIONS_H
#define TSA_TOOLS_VERIFY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tsa/core/err.h"
#include "tsa/token/check/model.h"
#include "tsa/token/profile.h"

enum {
	VERIFY_MAX_GIVEN = 256, /* of one option that may be repeated */
	VERIFY_MAX_JOBS = 256,
};

enum verify_action { ACTION_VERIFY, ACTION_LINT, ACTION_SHOW };

struct verify_list {
	const char *at[VERIFY_MAX_GIVEN];
	unsigned count;
};

struct verify_time {
	bool given;
	int64_t seconds; /* since 1970 */
};

struct verify_model {
	bool given;
	enum check_model model;
};

struct verify_options {
	enum verify_action action;
	enum profile profile;
	struct verify_list trust;
	struct verify_list untrusted;
	struct verify_list crls;
	struct verify_list ocsps;
	struct verify_list evidence; /* folders */
	struct verify_list poes; /* later tokens */
	struct verify_list policies; /* dotted */
	const char *evidence_record; /* NULL: none; so the next ones */
	const char *query;
	const char *data; /* the first of datas */
	struct verify_list datas; /* several only for a group under --evidence-record */
	const char *digest; /* hexadecimal */
	const char *algorithms;
	const char *signed_cert;
	const char *collect;
	bool data_beside; /* FILE.tsr is checked against FILE */
	bool exact_group;
	bool rehash_single;
	bool revocation_required;
	bool legacy_eku;
	bool embedded;
	bool fetch;
	bool fail_on_warning;
	struct verify_model model; /* MODEL_PAST if none was given */
	struct verify_model require_model;
	struct verify_time at;
	struct verify_time revoked_at;
	unsigned jobs; /* 1: no workers */
	bool json;
	bool help;
	bool version;
	char **files;
	int file_count;
};

extern const char verify_help[];

/* Points into argv. False and err if the options are not so. */
MUST_CHECK bool verify_options_read(
	int argc, char **argv, struct verify_options *options, struct err *err);
/* False and err if options miss each other, or do not go together. */
MUST_CHECK bool verify_options_check(const struct verify_options *options, struct err *err);

#endif
