/* Readers of the settings of [tsad]. */
#include "tsa/authority/config_setting.h"

#include <string.h>

static bool check_listener(const char *value, struct err *err)
{
	return strncmp(value, CONFIG_UNIX, sizeof(CONFIG_UNIX) - 1) == 0
		       ? config_value_unix(value, err)
		       : config_value_listener(value, err);
}

bool config_read_listen(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config *config = place->base;
	struct config_items items;

	(void)setting;
	if (!config_value_list(value, &items, err))
		return false;
	if (items.count > CONFIG_MAX_LISTENERS)
		return err_set(err, "more than %d addresses", CONFIG_MAX_LISTENERS);
	for (size_t i = 0; i < items.count; i++) {
		if (!check_listener(items.at[i], err))
			return false;
		memcpy(config->listen[i], items.at[i], sizeof(items.at[i]));
	}
	config->listen_count = items.count;
	return true;
}

bool config_read_admin(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_listener(value, err) && config_read_text(setting, place, value, err);
}

bool config_read_database(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_database(value, err) && config_read_text(setting, place, value, err);
}

bool config_read_clock(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config *config = place->base;

	(void)setting;
	config->clock =
		strcmp(value, "unchecked") == 0 ? CONFIG_CLOCK_UNCHECKED : CONFIG_CLOCK_KERNEL;
	return config->clock == CONFIG_CLOCK_UNCHECKED || strcmp(value, "kernel") == 0 ||
	       err_set(err, "is kernel or unchecked: found \"%.40s\"", value);
}

bool config_read_ack(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config *config = place->base;

	(void)setting;
	config->ack = strcmp(value, "ledger") == 0 ? CONFIG_ACK_LEDGER : CONFIG_ACK_JOURNAL;
	return config->ack == CONFIG_ACK_LEDGER || strcmp(value, "journal") == 0 ||
	       err_set(err, "is journal or ledger: found \"%.40s\"", value);
}

bool config_read_endpoints(const struct config_setting *setting, const struct config_place *place,
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
