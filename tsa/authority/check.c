/* tsad --check: one signer a TSU proves its key and ends; nothing is served, nothing written. */
#include <stdio.h>

#include <event2/event.h>

#include "tsa/authority/crew.h"
#include "tsa/authority/privilege.h"
#include "tsa/authority/reach.h"
#include "tsa/authority/service.h"
#include "tsa/core/log.h"

struct check {
	struct event_base *base;
	struct crew *crew;
	size_t open; /* TSUs without a result */
	int status;
};

static void one_less(struct check *c)
{
	if (--c->open == 0)
		(void)event_base_loopbreak(c->base);
}

static void on_proven(void *arg, const struct tsu *tsu, const char *token)
{
	printf("ok: %s: key and certificate match, a test signature verifies: %s\n",
		tsu->config->name, token);
	one_less(arg);
}

static void on_refused(void *arg, uint8_t failure, const char *text)
{
	struct check *c = arg;

	(void)failure;
	printf("FINDING: %s\n", text);
	c->status = EXIT_FINDINGS;
	one_less(c);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void on_reach(void *arg, bool warning, const char *text)
{
	(void)arg;
	printf("%s: %s\n", warning ? "warning" : "FINDING", text);
}

/* As the service would: the programs, then the user that runs them. NULL after a finding. */
static struct spawner *prepare(struct check *c, const struct config *config)
{
	struct err err = { 0 };
	struct spawner *spawner = spawner_new(c->base, &err);

	if (spawner != NULL && privilege_drop(config->user, &err)) {
		if (!reach_check(config, on_reach, NULL))
			c->status = EXIT_FINDINGS;
		return spawner;
	}
	printf("FINDING: %s\n", err.text);
	c->status = EXIT_FINDINGS;
	spawner_free(spawner);
	return NULL;
}

int service_check(struct config *config)
{
	struct check c = { .base = event_base_new() };
	const struct crew_events events = { .loaded = nothing,
		.refused = on_refused,
		.proven = on_proven,
		.lane_idle = nothing,
		.stopped = nothing,
		.arg = &c };
	struct spawner *spawner;
	struct err err = { 0 };

	for (size_t i = 0; i < config->tsu_count; i++)
		c.open += config->tsus[i].superseded ? 0 : 1;
	if (c.base == NULL)
		BUG("libevent does not start");
	spawner = prepare(&c, config);
	if (spawner != NULL)
		c.crew = crew_new(c.base, spawner, true, &events);
	if (c.crew != NULL && !crew_load(c.crew, config, &err)) {
		printf("FINDING: %s\n", err.text);
		c.status = EXIT_FINDINGS;
	} else if (c.crew != NULL && c.open > 0) {
		(void)event_base_dispatch(c.base);
	}
	crew_free(c.crew);
	spawner_free(spawner);
	event_base_free(c.base);
	return c.status;
}
