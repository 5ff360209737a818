/* Owns the configuration in force and the one that is to follow. */
#include "tsa/authority/reload.h"

#include <inttypes.h>
#include <time.h>

#include "tsa/authority/preflight.h"
#include "tsa/authority/reload_fixed.h"
#include "tsa/core/log.h"

void reload_clock(const struct config *config, struct timesrc *clock)
{
	clock->checked = config->clock == CONFIG_CLOCK_KERNEL;
	clock->slack_us = config->clock_slack_ms * 1000;
}

static void on_finding(void *arg, bool warning, const char *text)
{
	struct reload *r = arg;

	if (warning) {
		log_event(LOG_LEVEL_WARNING, "config", text, "%s", "");
		return;
	}
	r->findings++;
	log_event(LOG_LEVEL_ERROR, "reload_finding", text, "%s", "");
}

/* The old one goes on as if nobody had asked. */
static void refuse(struct reload *r, const char *text)
{
	config_free(r->next);
	r->next = NULL;
	r->state = RELOAD_NONE;
	r->refused++;
	notify_ready(r->notify, "serving; a reload was refused");
	log_event(LOG_LEVEL_ERROR, "reload_refused", text, "generation=%u findings=%u",
		crew_generation(r->crew), r->findings);
}

/* What is no good only because of what is in force. */
static void judge(void *arg, const struct config *next)
{
	struct reload *r = arg;

	reload_fixed(r->config, next, r->path, on_finding, r);
	crew_allows(r->crew, next, r->path, on_finding, r);
}

static bool read_next(struct reload *r)
{
	r->findings = 0;
	r->next = config_read_next(r->path, (int64_t)time(NULL), on_finding, judge, r);
	return r->findings == 0;
}

static void begin(struct reload *r)
{
	struct err err = { 0 };

	r->again = false;
	r->began_ms = monotonic_ms();
	notify_reloading(r->notify);
	log_event(
		LOG_LEVEL_INFO, "reload_begin", r->path, "generation=%u", crew_generation(r->crew));
	if (!read_next(r)) {
		refuse(r, "the configuration has findings: the one in force stays");
		return;
	}
	r->state = RELOAD_PROVING;
	if (!crew_load(r->crew, r->next, &err)) {
		on_finding(r, false, err.text);
		refuse(r, err.text);
	}
}

void reload_asked(struct reload *r)
{
	if (r->state != RELOAD_NONE)
		r->again = true;
	else
		begin(r);
}

void reload_failed(struct reload *r, const char *text)
{
	if (r->state != RELOAD_PROVING)
		return;
	on_finding(r, false, text);
	refuse(r, text);
}

void reload_proven(struct reload *r)
{
	if (r->state != RELOAD_PROVING)
		return;
	r->state = RELOAD_TABLES;
	journal_reload(r->journal, r->next);
	fronts_reload(r->fronts, r->next);
}

/* One turn of the loop: no ISSUE and no answer of a signer comes between. */
void reload_swap(struct reload *r)
{
	struct config *old = r->config;
	struct lease_facts facts;

	if (r->state != RELOAD_TABLES)
		return;
	r->config = r->next;
	r->next = NULL;
	facts = tenure_facts(r->config);
	r->state = RELOAD_NONE;
	r->done++;
	notify_ready(r->notify, "serving");
	crew_swap(r->crew);
	reload_clock(r->config, r->clock);
	/* The open lease states the old configuration: it is due, so that no token goes by it. */
	lease_set_facts(r->lease, &facts);
	if (r->ledger != NULL)
		ledger_reload(r->ledger, r->config);
	log_event(LOG_LEVEL_INFO, "reload_done", NULL, "generation=%u tsus=%zu took_ms=%" PRIu64,
		crew_generation(r->crew), r->config->tsu_count, monotonic_ms() - r->began_ms);
	preflight_warn(r->config);
	issue_reload(r->issuing, r->config);
	if (!r->over)
		tenure_tick(r->tenure);
	config_free(old);
}

void reload_tick(struct reload *r)
{
	if (r->again && r->state == RELOAD_NONE && !r->over)
		begin(r);
}

void reload_end(struct reload *r)
{
	r->over = true;
	r->again = false;
	if (r->state != RELOAD_PROVING)
		return;
	crew_drop(r->crew);
	refuse(r, "the service is stopping");
}

void reload_wipe(struct reload *r)
{
	config_free(r->config);
	config_free(r->next);
}
