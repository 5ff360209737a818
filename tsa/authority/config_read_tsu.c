/* Readers of the settings of a TSU. */
#include "tsa/authority/config_setting.h"

#include <stdio.h>
#include <string.h>

/* P-19: millis from 1; an accuracy of 0 would be none. */
bool config_read_accuracy(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_read_integer(setting, place, value, err) || err_while(err, "P-19");
}

bool config_read_key(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	static const char file[] = "file:";
	struct config_tsu *tsu = place->base;
	char path[MSG_MAX_PATH];

	if (strncmp(value, "pkcs11:", 7) == 0)
		return config_value_pkcs11(value, err) &&
		       config_read_text(setting, place, value, err);
	if (strncmp(value, file, sizeof(file) - 1) != 0)
		return err_set(err, "D6: is a pkcs11: URI (RFC 7512)");
	if (!config_value_path(
		    place->job->folder, value + sizeof(file) - 1, path, sizeof(path), err))
		return false;
	(void)snprintf(tsu->key, sizeof(tsu->key), "%s%s", file, path);
	return true;
}
