/*
 * Which TSUs are past, present and next at a time; it changes with time alone (R17), so whoever
 * tells others must know until when it holds.
 */
#ifndef TSA_AUTHORITY_UNITS_H
#define TSA_AUTHORITY_UNITS_H

#include "tsa/authority/config.h"

enum unit_state {
	UNIT_PAST, /* another one has followed it, or its key's time is over */
	UNIT_PRESENT, /* signs */
	UNIT_NEXT, /* not yet */
};

const char *unit_state_name(enum unit_state state);

/* The state of a TSU, an index, at the time now (seconds since 1970). */
enum unit_state unit_state(const struct config *config, size_t tsu, int64_t now);

/* The first second after now at which a state may be another; INT64_MAX if none ever is. */
int64_t unit_next_change(const struct config *config, int64_t now);

/* The TSU of a list that signs at now: tsu_count if none is active yet. */
size_t unit_of_list(const struct config *config, const struct config_list *list, int64_t now);

#endif
