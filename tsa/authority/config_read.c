/* Readers of settings that any section may have: text, number, file, time. */
#include "tsa/authority/config_setting.h"

#include <stdio.h>
#include <string.h>

void *config_target(const struct config_setting *setting, const struct config_place *place)
{
	return (char *)place->base + setting->offset;
}

bool config_read_path(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_path(
		place->job->folder, value, config_target(setting, place), setting->size, err);
}

/* pin_file: relative means under $CREDENTIALS_DIRECTORY, which the signer resolves (R14). */
bool config_read_text(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	if (strlen(value) >= setting->size)
		return err_set(err, "is longer than %zu bytes", setting->size - 1);
	(void)snprintf(config_target(setting, place), setting->size, "%s", value);
	return true;
}

bool config_read_integer(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_integer(
		value, setting->min, setting->max, config_target(setting, place), err);
}

bool config_read_yes_no(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	bool *target = config_target(setting, place);

	*target = strcmp(value, "yes") == 0;
	return *target || strcmp(value, "no") == 0 ||
	       err_set(err, "is yes or no: found \"%.40s\"", value);
}

bool config_read_time(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_time(value, config_target(setting, place), err);
}
