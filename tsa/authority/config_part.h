/*
 * What the files config*.c share: the state of one reading.  For them, their unit test and the
 * fuzzer only.
 */
#ifndef TSA_AUTHORITY_CONFIG_PART_H
#define TSA_AUTHORITY_CONFIG_PART_H

#include <openssl/conf.h>

#include "tsa/authority/config.h"

enum {
	CONFIG_MAX_FILE = 262144, /* bytes of the configuration */
	CONFIG_MAX_LINES = 4096, /* settings in it */
	CONFIG_MAX_ITEMS = 64, /* elements of one list */
	CONFIG_MAX_VALUE = 4096, /* bytes of one value */
};

/* A setting as the raw lines have it. */
struct config_line {
	char section[MSG_MAX_NAME];
	char key[MSG_MAX_NAME]; /* empty: the section's own line */
	unsigned number;
	bool refused; /* reported already; its value is not read */
};

/* Parsed certificates of a TSU; both NULL if the file could not be read. */
struct config_certificate {
	X509 *leaf;
	STACK_OF(X509) * chain;
	bool has_root; /* the file ends with a self-signed one, which include_root puts in chain */
};

/* One reading of a configuration. */
struct config_job {
	struct config *config;
	const char *path; /* as the caller named it: starts every finding */
	const char *folder; /* absolute, of path; what relative file names are relative to */
	int64_t now;
	config_finding *report;
	void *arg;
	unsigned errors; /* findings that are no warnings */
	struct config_line *lines;
	size_t line_count;
	CONF *conf;
	struct config_certificate certificates[CONFIG_MAX_TSUS]; /* as config->tsus */
};

/*
 * Reports "FILE: [section] key: text"; section and key may be NULL. Counts what is no warning.
 */
void config_report(struct config_job *job, bool warning, const char *section, const char *key,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Reads text (and no other file) into job->config: scan of the lines, NCONF, settings table.
 * What is found wrong is reported and counted in job->errors.
 */
void config_parse(struct config_job *job, struct bytes text);
/* Frees what job owns, job->config left out. */
void config_job_wipe(struct config_job *job);

/*
 * config_scan.c: reports what NCONF would read otherwise than a person does (R23) and appends
 * the lines that are good to clean; what is refused is left out, line numbers stay.
 */
void config_scan(struct config_job *job, struct bytes text, struct buf *clean);
/* The line of a setting; NULL if there is none. */
const struct config_line *config_line_of(
	const struct config_job *job, const char *section, const char *key);

/* config_table.c (and config_read*.c): all sections of job->conf by the table of settings. */
void config_table_read(struct config_job *job);

/* config_value.c: one value each, strictly. */
struct config_items {
	size_t count;
	char at[CONFIG_MAX_ITEMS][MSG_MAX_PATH];
};
/* Elements of a comma list, without the blanks around them; none is empty, none comes twice. */
MUST_CHECK bool config_value_list(const char *value, struct config_items *items, struct err *err);
MUST_CHECK bool config_value_integer(
	const char *value, uint32_t min, uint32_t max, uint32_t *out, struct err *err);
/* 2026-12-01T00:00:00Z */
MUST_CHECK bool config_value_time(const char *value, int64_t *out, struct err *err);
/* 192.0.2.1:3161 or [2001:db8::1]:3161 */
MUST_CHECK bool config_value_listener(const char *value, struct err *err);
/* unix:/run/tsa/http.sock */
MUST_CHECK bool config_value_unix(const char *value, struct err *err);
MUST_CHECK bool config_value_oid(const char *value, struct msg_oid *oid, struct err *err);
/* A libpq connection string (keywords or URI) without a password in it. */
MUST_CHECK bool config_value_database(const char *value, struct err *err);
/* An endpoint's URL path. */
MUST_CHECK bool config_value_url_path(const char *value, struct err *err);
/* A pkcs11: URI that only finds the key: no PIN stands in it and no module (RFC 7512 2.4). */
MUST_CHECK bool config_value_pkcs11(const char *value, struct err *err);
/* Name of a section that a list may name. */
MUST_CHECK bool config_value_name(const char *value, struct err *err);
/* value, or value in folder if it is relative, into out. */
MUST_CHECK bool config_value_path(
	const char *folder, const char *value, char *out, size_t cap, struct err *err);

/* config_file.c: the whole of a regular file of 1 to max bytes, appended to out. */
MUST_CHECK bool config_file_read(const char *path, size_t max, struct buf *out, struct err *err);
/* Every file of a folder into config->files (R21). */
void config_publish(struct config_job *job, const char *folder);

/* config_certificate.c: fills a TSU's fields from its certificate file. */
void config_certificate_read(struct config_job *job, size_t tsu);

/* config_past.c: TSUs that sign no more, from `past'; after those that do. */
void config_past_read(struct config_job *job);
void config_past_free(struct config *config);

/* config_lists.c: puts the TSUs of each list in order, and notes which of them are superseded. */
void config_lists_sort(struct config_job *job);
/* R17, C-05: does every digest that an endpoint accepts have its TSUs, of which one signs? */
void config_lists_check(struct config_job *job);
/* True if two TSUs, indexes, stand in one list: one follows the other. */
bool config_lists_share(const struct config *config, size_t a, size_t b);
/* The setting of a list: "tsus", "tsus.sha384". */
enum { CONFIG_LIST_KEY = 32 };
void config_list_key(enum tsp_digest digest, char key[CONFIG_LIST_KEY]);

/* config_profile.c: what the profile of an endpoint asks of it and of its TSUs (D7). */
void config_profile_check(struct config_job *job);

/* config_check.c: what settings must be to each other; all of the above. */
void config_check(struct config_job *job);

#endif
