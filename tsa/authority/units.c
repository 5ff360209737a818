/* Owns nothing. */
#include "tsa/authority/units.h"

const char *unit_state_name(enum unit_state state)
{
	switch (state) {
	case UNIT_PAST:
		return "past";
	case UNIT_PRESENT:
		return "present";
	case UNIT_NEXT:
		break;
	}
	return "next";
}

size_t unit_of_list(const struct config *config, const struct config_list *list, int64_t now)
{
	size_t found = config->tsu_count;

	/* By activate_at, ascending: the last that is past (R17). */
	for (size_t i = 0; i < list->count; i++)
		if (config->tsus[list->tsus[i]].activate_at <= now)
			found = list->tsus[i];
	return found;
}

static bool signs(const struct config *config, size_t tsu, int64_t now)
{
	const struct config_endpoint *endpoint = &config->endpoints[config->tsus[tsu].endpoint];

	for (size_t d = 0; d < TSP_DIGESTS; d++)
		if (unit_of_list(config, &endpoint->lists[d], now) == tsu)
			return true;
	return false;
}

enum unit_state unit_state(const struct config *config, size_t tsu, int64_t now)
{
	const struct config_tsu *t = &config->tsus[tsu];

	if (t->activate_at > now)
		return UNIT_NEXT;
	return now < t->sign_until && signs(config, tsu, now) ? UNIT_PRESENT : UNIT_PAST;
}

int64_t unit_next_change(const struct config *config, int64_t now)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < config->tsu_count; i++) {
		const int64_t changes[] = { config->tsus[i].activate_at,
			config->tsus[i].sign_until };

		for (size_t k = 0; k < 2; k++)
			if (changes[k] > now && changes[k] < first)
				first = changes[k];
	}
	return first;
}
