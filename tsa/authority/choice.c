#include "tsa/authority/choice.h"

#include "tsa/authority/units.h"

bool choice_tsu(const struct config *config, const struct config_list *list,
	const struct clock_reading *reading, const struct timesrc *clock, size_t *tsu)
{
	unsigned digits;

	if (list->count == 0)
		return false;
	/* A list is of one endpoint. */
	digits = config->endpoints[config->tsus[list->tsus[0]].endpoint].digits;
	*tsu = unit_of_list(
		config, list, (int64_t)(timesrc_next(clock, reading, digits) / 1000000));
	return *tsu < config->tsu_count;
}

/* P-23, T-10, C-08: nothing is signed outside the certificate's and the key's time. */
static const char *may_not_sign(const struct config_tsu *t, uint64_t time_us)
{
	int64_t now = (int64_t)(time_us / 1000000);

	if (now < t->not_before)
		return "the TSU's key may not sign yet (notBefore)";
	if (now >= t->sign_until)
		return "the TSU's key may not sign any more (notAfter or key usage period)";
	return NULL;
}

bool choice_make(const struct config *config, const struct config_list *list,
	const struct clock_reading *reading, struct timesrc *clock, struct choice *c)
{
	const struct config_tsu *t;

	c->failure = TSP_SYSTEM_FAILURE;
	if (!choice_tsu(config, list, reading, clock, &c->tsu)) {
		c->why = "no TSU of this endpoint is active yet";
		return false;
	}
	t = &config->tsus[c->tsu];
	if (!timesrc_gentime(clock, reading, config->endpoints[t->endpoint].digits, t->accuracy_ms,
		    &c->gentime)) {
		c->failure = TSP_TIME_NOT_AVAILABLE;
		c->why = c->gentime.why;
		return false;
	}
	c->why = may_not_sign(t, c->gentime.time_us);
	return c->why == NULL;
}
