/*
 * One reading of the configuration: bytes, lines, settings, certificates, rules.  Owns struct
 * config; opens no key and no PIN.
 */
#include "tsa/authority/config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sha.h>

#include "tsa/authority/config_part.h"
#include "tsa/token/build.h"

void config_report(struct config_job *job, bool warning, const char *section, const char *key,
	const char *fmt, ...)
{
	char finding[1024];
	char text[2048];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(finding, sizeof(finding), fmt, args);
	va_end(args);
	if (section == NULL)
		(void)snprintf(text, sizeof(text), "%s: %s%s%s", job->path, key == NULL ? "" : key,
			key == NULL ? "" : ": ", finding);
	else
		(void)snprintf(text, sizeof(text), "%s: [%s]%s%s: %s", job->path, section,
			key == NULL ? "" : " ", key == NULL ? "" : key, finding);
	job->report(job->arg, warning, text);
	if (!warning)
		job->errors++;
}

/* Every setting that NCONF read must be one that the scan saw: else they disagree on the file. */
static void check_agreement(struct config_job *job, STACK_OF(OPENSSL_CSTRING) * sections)
{
	for (int i = 0; i < sk_OPENSSL_CSTRING_num(sections); i++) {
		const char *section = sk_OPENSSL_CSTRING_value(sections, i);
		STACK_OF(CONF_VALUE) *values = NCONF_get_section(job->conf, section);

		for (int k = 0; k < sk_CONF_VALUE_num(values); k++) {
			const CONF_VALUE *value = sk_CONF_VALUE_value(values, k);

			if (config_line_of(job, section, value->name) == NULL)
				config_report(job, false, section, value->name,
					"syntax: reads as a setting that no line shows");
		}
	}
}

void config_parse(struct config_job *job, struct bytes text)
{
	STACK_OF(OPENSSL_CSTRING) *sections = NULL;
	struct buf clean = { 0 };
	struct err err = { 0 };
	BIO *bio = NULL;
	long line = 0;

	config_scan(job, text, &clean);
	buf_append(&clean, bytes_of_text("\n")); /* BIO_new_mem_buf takes no empty buffer */
	job->conf = NCONF_new(NULL);
	bio = BIO_new_mem_buf(clean.at, (int)clean.len);
	if (job->conf == NULL || bio == NULL || NCONF_load_bio(job->conf, bio, &line) != 1) {
		err_openssl(&err, "line %ld: syntax", line);
		config_report(job, false, NULL, NULL, "%s", err.text);
		goto out;
	}
	sections = NCONF_get_section_names(job->conf);
	check_agreement(job, sections);
	config_table_read(job);
out:
	sk_OPENSSL_CSTRING_free(sections);
	BIO_free(bio);
	buf_free(&clean);
}

void config_job_wipe(struct config_job *job)
{
	for (size_t i = 0; i < CONFIG_MAX_TSUS; i++) {
		X509_free(job->certificates[i].leaf);
		sk_X509_pop_free(job->certificates[i].chain, X509_free);
	}
	NCONF_free(job->conf);
	free(job->lines);
	*job = (struct config_job){ 0 };
}

/* The absolute folder of path; the caller frees. */
static char *folder_of(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? must_strdup(".") : must_strdup(path);
	char *real;

	if (slash != NULL)
		folder[slash == path ? 1 : slash - path] = '\0';
	real = realpath(folder, NULL);
	if (real == NULL)
		err_sys(err, "%s", folder);
	free(folder);
	return real;
}

/* Reads the files that the settings name, and judges all of it. */
static void read_files_and_check(struct config_job *job)
{
	struct config *config = job->config;

	for (size_t i = 0; i < config->tsu_count; i++)
		config_certificate_read(job, i);
	config_past_read(job);
	if (config->publish[0] != '\0')
		config_publish(job, config->publish);
	config_check(job);
}

struct config *config_read_next(
	const char *path, int64_t now, config_finding *report, config_judge *judge, void *arg)
{
	struct config *config = must_calloc(1, sizeof(*config));
	struct config_job job = {
		.config = config, .path = path, .now = now, .report = report, .arg = arg
	};
	struct buf text = { 0 };
	struct err err = { 0 };
	char *folder = folder_of(path, &err);
	bool ok = false;

	job.folder = folder;
	if (folder == NULL || !config_file_read(path, CONFIG_MAX_FILE, &text, &err)) {
		report(arg, false, err.text);
		goto out;
	}
	(void)SHA256(text.at, text.len, config->sha256);
	config_parse(&job, buf_view(&text));
	read_files_and_check(&job);
	if (judge != NULL)
		judge(arg, config);
	ok = job.errors == 0;
out:
	config_job_wipe(&job);
	buf_free(&text);
	free(folder);
	if (ok)
		return config;
	config_free(config);
	return NULL;
}

struct config *config_read(const char *path, int64_t now, config_finding *report, void *arg)
{
	return config_read_next(path, now, report, NULL, arg);
}

const struct config_list *config_list_of(
	const struct config_endpoint *endpoint, enum tsp_digest digest)
{
	const struct config_list *own = &endpoint->lists[digest];

	return own->count > 0 ? own : &endpoint->lists[TSP_DIGEST_NONE];
}

struct config *config_hold(struct config *config)
{
	config->more_holders++;
	return config;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	if (config->more_holders > 0) {
		config->more_holders--;
		return;
	}
	for (size_t i = 0; i < CONFIG_MAX_TSUS; i++) {
		buf_free(&config->tsus[i].certificate);
		buf_free(&config->tsus[i].chain);
		buf_free(&config->tsus[i].pem);
	}
	config_past_free(config);
	for (size_t i = 0; i < config->file_count; i++)
		buf_free(&config->files[i].content);
	free(config->files);
	free(config);
}
