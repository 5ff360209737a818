/*
 * The table of settings: what may stand in which section, its kind, its default and where it is
 * used.  What no row names is a finding.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tsa/authority/config_part.h"
#include "tsa/core/log.h"

enum section_kind { SECTION_TSAD, SECTION_ENDPOINT, SECTION_TSU };

/* A section that is being read. */
struct place {
	struct config_job *job;
	const char *section;
	void *base; /* struct config, config_endpoint or config_tsu */
};

struct setting;
typedef bool setting_read(const struct setting *setting, const struct place *place,
	const char *value, struct err *err);

struct setting {
	enum section_kind kind;
	const char *name;
	setting_read *read;
	size_t offset; /* into the section's struct */
	size_t size; /* of a text there */
	uint32_t min; /* of an integer */
	uint32_t max;
	const char *otherwise; /* default; NULL: absent is fine; required: absent is a finding */
};

static const char required[] = "";

static void *target_of(const struct setting *setting, const struct place *place)
{
	return (char *)place->base + setting->offset;
}

static bool read_path(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	return config_value_path(
		place->job->folder, value, target_of(setting, place), setting->size, err);
}

/* pin_file: relative means under $CREDENTIALS_DIRECTORY, which the signer resolves (R14). */
static bool read_text(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	if (strlen(value) >= setting->size)
		return err_set(err, "is longer than %zu bytes", setting->size - 1);
	(void)snprintf(target_of(setting, place), setting->size, "%s", value);
	return true;
}

static bool read_integer(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	return config_value_integer(
		value, setting->min, setting->max, target_of(setting, place), err);
}

static bool read_yes_no(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	bool *target = target_of(setting, place);

	*target = strcmp(value, "yes") == 0;
	return *target || strcmp(value, "no") == 0 ||
	       err_set(err, "is yes or no: found \"%.40s\"", value);
}

static bool read_time(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	return config_value_time(value, target_of(setting, place), err);
}

static bool read_listen(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	struct config *config = place->base;
	struct config_items items;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	if (items.count > CONFIG_MAX_LISTENERS)
		return err_set(err, "more than %d addresses", CONFIG_MAX_LISTENERS);
	for (size_t i = 0; i < items.count; i++) {
		if (!config_value_listener(items.at[i], err))
			return false;
		memcpy(config->listen[i], items.at[i], sizeof(items.at[i]));
	}
	config->listen_count = items.count;
	return true;
}

static bool read_admin(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	return config_value_listener(value, err) && read_text(setting, place, value, err);
}

static bool read_database(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	return config_value_database(value, err) && read_text(setting, place, value, err);
}

static bool read_clock(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	struct config *config = place->base;

	(void)setting;
	config->clock =
		strcmp(value, "unchecked") == 0 ? CONFIG_CLOCK_UNCHECKED : CONFIG_CLOCK_KERNEL;
	return config->clock == CONFIG_CLOCK_UNCHECKED || strcmp(value, "kernel") == 0 ||
	       err_set(err, "is kernel or unchecked: found \"%.40s\"", value);
}

static bool read_ack(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	struct config *config = place->base;

	(void)setting;
	config->ack = strcmp(value, "ledger") == 0 ? CONFIG_ACK_LEDGER : CONFIG_ACK_JOURNAL;
	return config->ack == CONFIG_ACK_LEDGER || strcmp(value, "journal") == 0 ||
	       err_set(err, "is journal or ledger: found \"%.40s\"", value);
}

static bool read_endpoints(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	struct config *config = place->base;
	struct config_items items;
	bool ok = true;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	if (items.count > MSG_MAX_ENDPOINTS)
		return err_set(err, "more than %d endpoints", MSG_MAX_ENDPOINTS);
	for (size_t i = 0; i < items.count; i++) {
		struct config_endpoint *endpoint = &config->endpoints[config->endpoint_count];

		/* The good ones are read all the same: their sections have findings to tell. */
		if (!config_value_name(items.at[i], err)) {
			ok = false;
			continue;
		}
		memcpy(endpoint->name, items.at[i], sizeof(endpoint->name));
		config->endpoint_count++;
	}
	return ok;
}

static bool read_url_path(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	return config_value_url_path(value, err) && read_text(setting, place, value, err);
}

static bool read_purpose(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;

	(void)setting;
	endpoint->purpose = strcmp(value, "test") == 0 ? CONFIG_TEST : CONFIG_RELEASE;
	return endpoint->purpose == CONFIG_TEST || strcmp(value, "release") == 0 ||
	       err_set(err, "is release or test: found \"%.40s\"", value);
}

static bool read_profile(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;

	(void)setting;
	endpoint->profile = profile_by_name(value);
	if (endpoint->profile != PROFILES)
		return true;
	endpoint->profile = PROFILE_RFC3161;
	return err_set(err, "is rfc3161, etsi or csbr: found \"%.40s\"", value);
}

/* The TSU of that name, new if there is none yet. CONFIG_MAX_TSUS if there is no room. */
static size_t tsu_by_name(struct config *config, const char *name)
{
	size_t at = 0;

	while (at < config->tsu_count && strcmp(config->tsus[at].name, name) != 0)
		at++;
	if (at == config->tsu_count && at < CONFIG_MAX_TSUS) {
		(void)snprintf(config->tsus[at].name, sizeof(config->tsus[at].name), "%s", name);
		config->tsus[at].endpoint = MSG_MAX_ENDPOINTS;
		config->tsu_count++;
	}
	return at;
}

static bool add_tsu(
	struct config *config, struct config_endpoint *endpoint, const char *name, struct err *err)
{
	size_t tsu;

	if (!config_value_name(name, err))
		return false;
	tsu = tsu_by_name(config, name);
	if (tsu == CONFIG_MAX_TSUS)
		return err_set(err, "more than %d TSUs in all", CONFIG_MAX_TSUS);
	if (config->tsus[tsu].endpoint != MSG_MAX_ENDPOINTS)
		return err_set(err, "R17: a TSU belongs to one endpoint: [%s] is [%s]'s", name,
			config->endpoints[config->tsus[tsu].endpoint].name);
	config->tsus[tsu].endpoint = (size_t)(endpoint - config->endpoints);
	endpoint->tsus[endpoint->tsu_count++] = tsu;
	return true;
}

static bool read_tsus(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	struct config_items items;
	bool ok = true;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	for (size_t i = 0; i < items.count; i++)
		ok = add_tsu(place->job->config, place->base, items.at[i], err) && ok;
	return ok;
}

static bool read_policies(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;
	struct config_items items;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	if (items.count > MSG_MAX_POLICIES)
		return err_set(err, "more than %d policies", MSG_MAX_POLICIES);
	for (size_t i = 0; i < items.count; i++) {
		if (!config_value_oid(items.at[i], &endpoint->policies[i], err))
			return false;
		endpoint->policy_count++;
	}
	return true;
}

static bool read_digests(const struct setting *setting, const struct place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;
	struct config_items items;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	for (size_t i = 0; i < items.count; i++) {
		enum tsp_digest digest = tsp_digest_by_name(items.at[i]);

		if (digest == TSP_DIGEST_NONE)
			return err_set(err,
				"P-07: sha256, sha384 and sha512 are supported: found \"%.40s\"",
				items.at[i]);
		endpoint->digests |= 1U << digest;
	}
	return true;
}

static bool read_digits(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	struct config_endpoint *endpoint = place->base;
	uint32_t digits;

	(void)setting;
	if (!config_value_integer(value, 0, 6, &digits, err) || digits % 3 != 0)
		return err_set(err, "D10: is 0, 3 or 6: found \"%.40s\"", value);
	endpoint->digits = digits;
	return true;
}

static bool read_key(const struct setting *setting, const struct place *place, const char *value,
	struct err *err)
{
	static const char file[] = "file:";
	struct config_tsu *tsu = place->base;
	char path[MSG_MAX_PATH];

	if (strncmp(value, "pkcs11:", 7) == 0)
		return config_value_pkcs11(value, err) && read_text(setting, place, value, err);
	if (strncmp(value, file, sizeof(file) - 1) != 0)
		return err_set(err, "D6: is a pkcs11: URI (RFC 7512)");
	if (!config_value_path(
		    place->job->folder, value + sizeof(file) - 1, path, sizeof(path), err))
		return false;
	(void)snprintf(tsu->key, sizeof(tsu->key), "%s%s", file, path);
	return true;
}

#define IN_TSAD(field) offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define IN_ENDPOINT(field)                                                                         \
	offsetof(struct config_endpoint, field), sizeof(((struct config_endpoint *)0)->field)
#define IN_TSU(field) offsetof(struct config_tsu, field), sizeof(((struct config_tsu *)0)->field)

/* The first column's kinds in the order of tsad.conf(5), which describes each row. */
static const struct setting settings[] = {
	{ SECTION_TSAD, "listen", read_listen, IN_TSAD(listen), 0, 0, required },
	{ SECTION_TSAD, "admin", read_admin, IN_TSAD(admin), 0, 0, NULL },
	{ SECTION_TSAD, "endpoints", read_endpoints, IN_TSAD(endpoints), 0, 0, required },
	{ SECTION_TSAD, "user", read_text, IN_TSAD(user), 0, 0, "tsa" },
	{ SECTION_TSAD, "journal", read_path, IN_TSAD(journal), 0, 0, required },
	{ SECTION_TSAD, "database", read_database, IN_TSAD(database), 0, 0, NULL },
	{ SECTION_TSAD, "ack", read_ack, 0, 0, 0, 0, "journal" },
	{ SECTION_TSAD, "clock", read_clock, IN_TSAD(clock), 0, 0, "kernel" },
	{ SECTION_TSAD, "clock_slack_ms", read_integer, IN_TSAD(clock_slack_ms), 0, 60000, "500" },
	{ SECTION_TSAD, "max_unshipped_age", read_integer, IN_TSAD(max_unshipped_age_s), 1, 2592000,
		"1800" },
	/* Ten thousand that idle, and a few that ask. */
	{ SECTION_TSAD, "max_connections", read_integer, IN_TSAD(max_connections), 1, 500000,
		"10240" },
	{ SECTION_TSAD, "publish", read_path, IN_TSAD(publish), 0, 0, NULL },

	{ SECTION_ENDPOINT, "path", read_url_path, IN_ENDPOINT(path), 0, 0, required },
	{ SECTION_ENDPOINT, "purpose", read_purpose, IN_ENDPOINT(purpose), 0, 0, "release" },
	{ SECTION_ENDPOINT, "profile", read_profile, IN_ENDPOINT(profile), 0, 0, required },
	{ SECTION_ENDPOINT, "tsus", read_tsus, IN_ENDPOINT(tsus), 0, 0, required },
	{ SECTION_ENDPOINT, "policies", read_policies, IN_ENDPOINT(policies), 0, 0, required },
	{ SECTION_ENDPOINT, "digests", read_digests, IN_ENDPOINT(digests), 0, 0,
		"sha256, sha384, sha512" },
	{ SECTION_ENDPOINT, "digits", read_digits, IN_ENDPOINT(digits), 0, 0, "3" },

	{ SECTION_TSU, "key", read_key, IN_TSU(key), 0, 0, required },
	{ SECTION_TSU, "module", read_path, IN_TSU(module), 0, 0, NULL },
	{ SECTION_TSU, "pin_file", read_text, IN_TSU(pin_file), 0, 0, NULL },
	{ SECTION_TSU, "certificate", read_path, IN_TSU(certificate_file), 0, 0, required },
	{ SECTION_TSU, "accuracy_ms", read_integer, IN_TSU(accuracy_ms), 1, 60000, "1000" },
	{ SECTION_TSU, "lanes", read_integer, IN_TSU(lanes), 1, CONFIG_MAX_LANES, "2" },
	{ SECTION_TSU, "self_check", read_integer, IN_TSU(self_check), 0, 1000000, "1" },
	{ SECTION_TSU, "activate_at", read_time, IN_TSU(activate_at), 0, 0, NULL },
	{ SECTION_TSU, "allow_software_key", read_yes_no, IN_TSU(allow_software_key), 0, 0, "no" },
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static const char *kind_name(enum section_kind kind)
{
	switch (kind) {
	case SECTION_TSAD:
		return "[tsad]";
	case SECTION_ENDPOINT:
		return "an endpoint";
	case SECTION_TSU:
		break;
	}
	return "a TSU";
}

static const struct setting *setting_by_name(enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].kind == kind && strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static void report_unknown_keys(
	const struct place *place, enum section_kind kind, const STACK_OF(CONF_VALUE) * values)
{
	for (int i = 0; i < sk_CONF_VALUE_num(values); i++) {
		const char *name = sk_CONF_VALUE_value(values, i)->name;

		if (setting_by_name(kind, name) == NULL)
			config_report(place->job, false, place->section, name,
				"unknown: %s has no such setting", kind_name(kind));
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
static void set_default(const struct place *place, const struct setting *setting)
{
	struct err err = { 0 };

	if (setting->otherwise != NULL && setting->otherwise != required &&
		!setting->read(setting, place, setting->otherwise, &err))
		BUG("%s: its default is refused: %s", setting->name, err.text);
}

static void read_setting(
	const struct place *place, const struct setting *setting, const char *value)
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
static void read_section(struct config_job *job, enum section_kind kind, const char *name,
	void *base, const char *named_by)
{
	struct place place = { job, name, base };
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

	read_section(job, SECTION_TSAD, "tsad", config, "tsad");
	for (size_t i = 0; i < config->endpoint_count; i++)
		read_section(job, SECTION_ENDPOINT, config->endpoints[i].name,
			&config->endpoints[i], "[tsad] endpoints");
	for (size_t i = 0; i < config->tsu_count; i++)
		read_section(
			job, SECTION_TSU, config->tsus[i].name, &config->tsus[i], "a list of tsus");
	report_double_names(job);
	report_unknown_sections(job);
}
