/*
 * The table of settings: what may stand in which section, its kind, its default and where it is
 * used.  What no row names is a finding.
 */
#include <string.h>

#include "tsa/authority/config_setting.h"
#include "tsa/core/log.h"

/* As a default: a row that has none, and must be there. */
static const char required[] = "";

/* Where a row belongs: section, offset, size. */
#define IN_TSAD(field)                                                                             \
	CONFIG_SECTION_TSAD, offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define IN_ENDPOINT(field)                                                                         \
	CONFIG_SECTION_ENDPOINT, offsetof(struct config_endpoint, field),                          \
		sizeof(((struct config_endpoint *)0)->field)
#define IN_TSU(field)                                                                              \
	CONFIG_SECTION_TSU, offsetof(struct config_tsu, field),                                    \
		sizeof(((struct config_tsu *)0)->field)

/* Sections and rows in the order of tsad.conf(5), which describes each row. */
static const struct config_setting settings[] = {
	{ "listen", config_read_listen, IN_TSAD(listen), 0, 0, required },
	{ "admin", config_read_admin, IN_TSAD(admin), 0, 0, NULL },
	{ "endpoints", config_read_endpoints, IN_TSAD(endpoints), 0, 0, required },
	{ "user", config_read_text, IN_TSAD(user), 0, 0, "tsa" },
	{ "journal", config_read_path, IN_TSAD(journal), 0, 0, required },
	{ "database", config_read_database, IN_TSAD(database), 0, 0, NULL },
	{ "ack", config_read_ack, IN_TSAD(ack), 0, 0, "journal" },
	{ "clock", config_read_clock, IN_TSAD(clock), 0, 0, "kernel" },
	{ "clock_slack_ms", config_read_integer, IN_TSAD(clock_slack_ms), 0, 60000, "500" },
	{ "max_unshipped_age", config_read_integer, IN_TSAD(max_unshipped_age_s), 1, 2592000,
		"1800" },
	/* Ten thousand that idle, and a few that ask. */
	{ "max_connections", config_read_integer, IN_TSAD(max_connections), 1, 500000, "10240" },
	{ "rate_limit", config_read_integer, IN_TSAD(rate_limit), 0, 100000, "0" },
	{ "publish", config_read_path, IN_TSAD(publish), 0, 0, NULL },
	{ "past", config_read_path, IN_TSAD(past_file), 0, 0, NULL },

	{ "path", config_read_url_path, IN_ENDPOINT(path), 0, 0, required },
	{ "purpose", config_read_purpose, IN_ENDPOINT(purpose), 0, 0, "release" },
	{ "profile", config_read_profile, IN_ENDPOINT(profile), 0, 0, required },
	{ "tsus", config_read_tsus, IN_ENDPOINT(lists[TSP_DIGEST_NONE]), 0, 0, NULL },
	{ "tsus.sha256", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA256]), 0, 0, NULL },
	{ "tsus.sha384", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA384]), 0, 0, NULL },
	{ "tsus.sha512", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA512]), 0, 0, NULL },
	{ "tsus.sha3-256", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA3_256]), 0, 0, NULL },
	{ "tsus.sha3-384", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA3_384]), 0, 0, NULL },
	{ "tsus.sha3-512", config_read_tsus, IN_ENDPOINT(lists[TSP_SHA3_512]), 0, 0, NULL },
	{ "policies", config_read_policies, IN_ENDPOINT(policies), 0, 0, required },
	{ "digests", config_read_digests, IN_ENDPOINT(digests), 0, 0, "sha256, sha384, sha512" },
	{ "digits", config_read_digits, IN_ENDPOINT(digits), 0, 0, "3" },
	{ "qualified", config_read_yes_no, IN_ENDPOINT(qualified), 0, 0, "no" },

	{ "key", config_read_key, IN_TSU(key), 0, 0, required },
	{ "module", config_read_path, IN_TSU(module), 0, 0, NULL },
	{ "pin_file", config_read_text, IN_TSU(pin_file), 0, 0, NULL },
	{ "certificate", config_read_path, IN_TSU(certificate_file), 0, 0, required },
	{ "include_root", config_read_yes_no, IN_TSU(include_root), 0, 0, "no" },
	{ "tsa_name", config_read_yes_no, IN_TSU(tsa_name), 0, 0, "yes" },
	{ "signing_time", config_read_yes_no, IN_TSU(options.signing_time), 0, 0, "no" },
	{ "algorithm_protection", config_read_yes_no, IN_TSU(options.algorithm_protection), 0, 0,
		"yes" },
	{ "accuracy_ms", config_read_accuracy, IN_TSU(accuracy_ms), 1, 60000, "1000" },
	{ "lanes", config_read_integer, IN_TSU(lanes), 1, CONFIG_MAX_LANES, "2" },
	{ "self_check", config_read_integer, IN_TSU(self_check), 0, 1000000, "1" },
	{ "activate_at", config_read_time, IN_TSU(activate_at), 0, 0, NULL },
	{ "allow_software_key", config_read_yes_no, IN_TSU(allow_software_key), 0, 0, "no" },
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static const char *kind_name(enum config_section kind)
{
	switch (kind) {
	case CONFIG_SECTION_TSAD:
		return "[tsad]";
	case CONFIG_SECTION_ENDPOINT:
		return "an endpoint";
	case CONFIG_SECTION_TSU:
		break;
	}
	return "a TSU";
}

static const struct config_setting *setting_by_name(enum config_section kind, const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].kind == kind && strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static void report_unknown_key(
	const struct config_place *place, enum config_section kind, const char *name)
{
	static const char of_digest[] = "tsus.";
	struct err err = { 0 };

	if (kind == CONFIG_SECTION_ENDPOINT &&
		strncmp(name, of_digest, sizeof(of_digest) - 1) == 0) {
		(void)config_no_digest(name + sizeof(of_digest) - 1, &err);
		config_report(place->job, false, place->section, name, "%s", err.text);
		return;
	}
	config_report(place->job, false, place->section, name, "unknown: %s has no such setting",
		kind_name(kind));
}

static void report_unknown_keys(const struct config_place *place, enum config_section kind,
	const STACK_OF(CONF_VALUE) * values)
{
	for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
		const char *name = sk_CONF_VALUE_value(values, i)->name;

		if (setting_by_name(kind, name) == NULL)
			report_unknown_key(place, kind, name);
	}
}

/* The value of a key in a section; NULL if it is absent. */
static const char *value_of(const STACK_OF(CONF_VALUE) * values, const char *name)
{
	for (int i = 0; i < sk_CONF_VALUE_num(values); i++)
		if (strcmp(sk_CONF_VALUE_value(values, i)->name, name) == 0)
			return sk_CONF_VALUE_value(values, i)->value;
	return NULL;
}

/* In place of what is bad or missing: rules that look at several settings then go on. */
static void set_default(const struct config_place *place, const struct config_setting *setting)
{
	struct err err = { 0 };

	if (setting->otherwise != NULL && setting->otherwise != required &&
		!setting->read(setting, place, setting->otherwise, &err))
		BUG("%s: its default is refused: %s", setting->name, err.text);
}

static void read_setting(
	const struct config_place *place, const struct config_setting *setting, const char *value)
{
	struct err err = { 0 };

	if (value == NULL) {
		/* A line that is there is refused, and reported. */
		if (setting->otherwise == required &&
			config_line_of(place->job, place->section, setting->name) == NULL)
			config_report(place->job, false, place->section, setting->name,
				"missing: %s needs it", kind_name(setting->kind));
		set_default(place, setting);
		return;
	}
	if (value[0] == '\0')
		config_report(place->job, false, place->section, setting->name, "has no value");
	else if (setting->read(setting, place, value, &err))
		return;
	else
		config_report(place->job, false, place->section, setting->name, "%s", err.text);
	set_default(place, setting);
}

/* Reads one section; one that is not there is reported once, not setting by setting. */
static void read_section(struct config_job *job, enum config_section kind, const char *name,
	void *base, const char *named_by)
{
	struct config_place place = { job, name, base };
	const STACK_OF(CONF_VALUE) *values = NCONF_get_section(job->conf, name);

	const struct config_line *line = config_line_of(job, name, "");

	if (line == NULL)
		config_report(job, false, name, NULL, "missing: %s needs this section", named_by);
	report_unknown_keys(&place, kind, values);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (settings[i].kind != kind)
			continue;
		if (line == NULL || line->refused)
			set_default(&place, &settings[i]);
		else
			read_setting(&place, &settings[i], value_of(values, settings[i].name));
	}
}

static bool is_named(const struct config *config, const char *section)
{
	if (strcmp(section, "tsad") == 0)
		return true;
	for (size_t i = 0; i < config->endpoint_count; i++)
		if (strcmp(config->endpoints[i].name, section) == 0)
			return true;
	for (size_t i = 0; i < config->tsu_count; i++)
		if (strcmp(config->tsus[i].name, section) == 0)
			return true;
	return false;
}

static void report_unknown_sections(struct config_job *job)
{
	for (size_t i = 0; i < job->line_count; i++)
		if (job->lines[i].key[0] == '\0' && !is_named(job->config, job->lines[i].section))
			config_report(job, false, job->lines[i].section, NULL,
				"line %u: unknown: no list of endpoints or tsus names this section",
				job->lines[i].number);
}

/* A section cannot be two things. */
static void report_double_names(struct config_job *job)
{
	const struct config *config = job->config;

	for (size_t i = 0; i < config->endpoint_count; i++)
		for (size_t k = 0; k < config->tsu_count; k++)
			if (strcmp(config->endpoints[i].name, config->tsus[k].name) == 0)
				config_report(job, false, config->tsus[k].name, NULL,
					"is named as an endpoint and as a TSU");
}

void config_table_read(struct config_job *job)
{
	struct config *config = job->config;

	read_section(job, CONFIG_SECTION_TSAD, "tsad", config, "tsad");
	for (size_t i = 0; i < config->endpoint_count; i++)
		read_section(job, CONFIG_SECTION_ENDPOINT, config->endpoints[i].name,
			&config->endpoints[i], "[tsad] endpoints");
	for (size_t i = 0; i < config->tsu_count; i++)
		read_section(job, CONFIG_SECTION_TSU, config->tsus[i].name, &config->tsus[i],
			"a list of tsus");
	report_double_names(job);
	report_unknown_sections(job);
}
