/*
 * Which TSU of a list signs now, and with which genTime (R17): TSU = f(genTime).
 */
#ifndef TSA_AUTHORITY_CHOICE_H
#define TSA_AUTHORITY_CHOICE_H

#include "tsa/authority/config.h"
#include "tsa/authority/timesrc.h"
#include "tsa/tsp/request.h"

/* The TSU that signs and its genTime; or why none. */
struct choice {
	size_t tsu;
	struct gentime gentime;
	enum tsp_failure failure;
	const char *why; /* static, or in gentime */
};

/* The TSU of a list that signs at the time that genTime will have. False: none is active yet. */
bool choice_tsu(const struct config *config, const struct config_list *list,
	const struct clock_reading *reading, const struct timesrc *clock, size_t *tsu);

/*
 * Takes a genTime for the TSU that it chooses. clock is the service's, or a copy where nothing is
 * going to be issued. False: nothing can be issued, choice says with which failure and why.
 */
MUST_CHECK bool choice_make(const struct config *config, const struct config_list *list,
	const struct clock_reading *reading, struct timesrc *clock, struct choice *choice);

#endif
