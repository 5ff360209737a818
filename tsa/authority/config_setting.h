/*
 * What the table of settings (config_table.c) and its readers (config_read*.c) share.  For them
 * only.
 */
#ifndef TSA_AUTHORITY_CONFIG_SETTING_H
#define TSA_AUTHORITY_CONFIG_SETTING_H

#include "tsa/authority/config_part.h"

enum config_section { CONFIG_SECTION_TSAD, CONFIG_SECTION_ENDPOINT, CONFIG_SECTION_TSU };

/* A section that is being read. */
struct config_place {
	struct config_job *job;
	const char *section;
	void *base; /* struct config, config_endpoint or config_tsu */
};

/*
 * Reads one value, which is not empty, into the place's struct. False with why: the setting's
 * default is read instead.
 */
struct config_setting;
typedef bool config_setting_read(const struct config_setting *setting,
	const struct config_place *place, const char *value, struct err *err);

/* A row of the table. */
struct config_setting {
	const char *name;
	config_setting_read *read;
	enum config_section kind;
	size_t offset; /* into the section's struct */
	size_t size; /* of a text there */
	uint32_t min; /* of an integer */
	uint32_t max;
	const char *otherwise; /* default; NULL: absent is fine; required (config_table.c): it is a
				  finding */
};

/* config_read.c: where a row's value goes, for readers that take it from the row. */
void *config_target(const struct config_setting *setting, const struct config_place *place);

/* config_read.c: of a kind. */
config_setting_read config_read_path;
config_setting_read config_read_text;
config_setting_read config_read_integer;
config_setting_read config_read_yes_no;
config_setting_read config_read_time;

/* config_read_tsad.c: of one setting each. */
config_setting_read config_read_listen;
config_setting_read config_read_admin;
config_setting_read config_read_database;
config_setting_read config_read_clock;
config_setting_read config_read_ack;
config_setting_read config_read_endpoints;

/* config_read_endpoint.c. */
config_setting_read config_read_url_path;
config_setting_read config_read_purpose;
config_setting_read config_read_profile;
config_setting_read config_read_tsus;
config_setting_read config_read_policies;
config_setting_read config_read_digests;
config_setting_read config_read_digits;
/* Sets err, that there is no digest of that name; always false. */
bool config_no_digest(const char *name, struct err *err);

/* config_read_tsu.c. */
config_setting_read config_read_accuracy;
config_setting_read config_read_key;

#endif
