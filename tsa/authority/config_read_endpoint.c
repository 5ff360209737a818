/* Readers of the settings of an endpoint. */
#include "tsa/authority/config_setting.h"

#include <stdio.h>
#include <string.h>

bool config_read_url_path(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	return config_value_url_path(value, err) && config_read_text(setting, place, value, err);
}

bool config_read_purpose(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;

	(void)setting;
	endpoint->purpose = strcmp(value, "test") == 0 ? CONFIG_TEST : CONFIG_RELEASE;
	return endpoint->purpose == CONFIG_TEST || strcmp(value, "release") == 0 ||
	       err_set(err, "is release or test: found \"%.40s\"", value);
}

bool config_read_profile(const struct config_setting *setting, const struct config_place *place,
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

static bool add_tsu(struct config *config, struct config_endpoint *endpoint,
	struct config_list *list, const char *name, struct err *err)
{
	size_t tsu;

	if (!config_value_name(name, err))
		return false;
	tsu = tsu_by_name(config, name);
	if (tsu == CONFIG_MAX_TSUS)
		return err_set(err, "more than %d TSUs in all", CONFIG_MAX_TSUS);
	if (config->tsus[tsu].endpoint == MSG_MAX_ENDPOINTS) {
		config->tsus[tsu].endpoint = (size_t)(endpoint - config->endpoints);
		endpoint->tsus[endpoint->tsu_count++] = tsu;
	} else if (&config->endpoints[config->tsus[tsu].endpoint] != endpoint) {
		return err_set(err, "R17: a TSU belongs to one endpoint: [%s] is [%s]'s", name,
			config->endpoints[config->tsus[tsu].endpoint].name);
	}
	list->tsus[list->count++] = tsu; /* no more than CONFIG_MAX_TSUS: no name comes twice */
	return true;
}

bool config_read_tsus(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config_list *list = config_target(setting, place);
	struct config_items items;
	bool ok = true;

	if (!config_value_list(value, &items, err))
		return false;
	for (size_t i = 0; i < items.count; i++)
		ok = add_tsu(place->job->config, place->base, list, items.at[i], err) && ok;
	return ok;
}

bool config_read_policies(const struct config_setting *setting, const struct config_place *place,
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

bool config_no_digest(const char *name, struct err *err)
{
	char known[128] = "";

	for (int i = TSP_DIGEST_NONE + 1; i < TSP_DIGESTS; i++) {
		size_t used = strlen(known);

		(void)snprintf(known + used, sizeof(known) - used, "%s%s", used == 0 ? "" : ", ",
			tsp_digest_name((enum tsp_digest)i));
	}
	return err_set(err, "P-07: is one of %s: found \"%.40s\"", known, name);
}

bool config_read_digests(const struct config_setting *setting, const struct config_place *place,
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
			return config_no_digest(items.at[i], err);
		endpoint->digests |= 1U << digest;
	}
	return true;
}

bool config_read_digits(const struct config_setting *setting, const struct config_place *place,
	const char *value, struct err *err)
{
	struct config_endpoint *endpoint = place->base;
	uint32_t digits;

	(void)setting;
	if (!config_value_integer(value, 0, 6, &digits, err) || digits % 3 != 0)
		return err_set(err, "D10: is 0, 3 or 6: found \"%.40s\"", value);
	endpoint->digits = digits;
	return true;
}
