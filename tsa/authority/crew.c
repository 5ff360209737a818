/* Owns the lanes, their generations and what is known of the tokens. */
#include "tsa/authority/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/log.h"

/* The TSUs of one configuration; number 0: none. */
struct generation {
	unsigned number;
	size_t tsu_count;
	struct tsu *tsus[CONFIG_MAX_TSUS]; /* held, by their index in the configuration */
};

struct crew {
	struct event_base *base;
	struct spawner *spawner;
	struct crew_events events;
	struct lane_events lane_events;
	struct lane_list lanes; /* the one that was started last stands last */
	struct logins logins;
	struct generation now; /* in force */
	struct generation next; /* being loaded */
	bool loaded; /* every lane of next has proven its key */
	unsigned last_number;
	bool is_check;
	bool stopping;
};

static void start_waiting(struct crew *c);

static void release(struct generation *g)
{
	for (size_t i = 0; i < g->tsu_count; i++)
		tsu_release(g->tsus[i]);
	*g = (struct generation){ 0 };
}

static void remove_lane(struct crew *c, struct lane *l)
{
	TAILQ_REMOVE(&c->lanes, l, link);
	l->login->lanes--;
	lane_free(l);
}

/* Ends the lanes of a generation; those that are down are gone at once. */
static void retire(struct crew *c, unsigned number)
{
	struct lane *next;

	for (struct lane *l = TAILQ_FIRST(&c->lanes); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (l->generation != number)
			continue;
		lane_retire(l);
		if (l->state == LANE_DOWN)
			remove_lane(c, l);
	}
	logins_prune(&c->logins);
}

/* ---- whose turn it is ---- */

static bool is_loading(const struct crew *c)
{
	return c->next.number != 0 && !c->loaded;
}

/*
 * One lane a module starts at a time: the first login to a token must succeed before the others
 * are tried, and SoftHSM shows no token to a process that looks while another one logs in. While a
 * configuration is loaded one at all, so that a refused PIN is the last that was tried.
 */
static bool is_its_turn(const struct crew *c, const struct lane *l)
{
	const struct lane *other;

	if (l->state != LANE_DOWN || l->gave_up || l->retired || lane_waits(l) ||
		!login_is_free(l->login, l->generation))
		return false;
	TAILQ_FOREACH (other, &c->lanes, link) {
		if (other->in_proof &&
			(is_loading(c) || strcmp(other->login->module, l->login->module) == 0))
			return false;
	}
	return true;
}

/* The lane that has waited longest. */
static struct lane *next_to_start(const struct crew *c)
{
	struct lane *l;

	TAILQ_FOREACH (l, &c->lanes, link) {
		if (is_its_turn(c, l))
			return l;
	}
	return NULL;
}

static void give_up(struct crew *c, struct lane *l)
{
	l->gave_up = true;
	c->events.refused(c->events.arg, l->failure, l->text);
}

/* --check: after a refused PIN its module is left alone, where another name may be that token. */
static void give_up_module(struct crew *c, const struct lane *refused)
{
	struct lane *l;

	TAILQ_FOREACH (l, &c->lanes, link) {
		if (strcmp(l->login->module, refused->login->module) != 0 ||
			l->state != LANE_DOWN || l->gave_up)
			continue;
		(void)snprintf(l->text, sizeof(l->text),
			"signer %s: not tried: a PIN was refused in its module",
			l->tsu->config->name);
		l->failure = MSG_FAILURE_PIN;
		give_up(c, l);
	}
}

/* A lane of what is being loaded failed; but for --check that ends the load, and the lane. */
static void refuse_load(struct crew *c, struct lane *l)
{
	uint8_t failure = l->failure;
	char text[MSG_MAX_TEXT];

	if (c->is_check) {
		give_up(c, l);
		if (failure == MSG_FAILURE_PIN)
			give_up_module(c, l);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s", l->text);
	crew_drop(c);
	c->events.refused(c->events.arg, failure, text);
}

static bool is_being_loaded(const struct crew *c, const struct lane *l)
{
	return is_loading(c) && l->generation == c->next.number;
}

static void fail_start(struct crew *c, struct lane *l, uint8_t failure, const char *text)
{
	l->failure = failure;
	(void)snprintf(l->text, sizeof(l->text), "%s", text);
	if (is_being_loaded(c, l))
		refuse_load(c, l);
	else if (failure == MSG_FAILURE_PIN)
		l->gave_up = true;
	else
		lane_start_later(l);
}

/* It is the lane's turn. The lane may be gone afterwards. */
static void start(struct crew *c, struct lane *l)
{
	struct err err = { 0 };

	TAILQ_REMOVE(&c->lanes, l, link);
	TAILQ_INSERT_TAIL(&c->lanes, l, link);
	l->pin = pin_mark_of(l->tsu->config);
	if (pin_mark_same(&l->pin, &l->login->refused)) {
		(void)err_set(&err,
			"signer %s: R20: not tried: the PIN in %.160s was refused and the file is "
			"the same",
			l->tsu->config->name, l->tsu->config->pin_file);
		fail_start(c, l, MSG_FAILURE_PIN, err.text);
	} else if (!lane_start(l, c->spawner, &err)) {
		fail_start(c, l, MSG_FAILURE_OTHER, err.text);
	} else if (l->login->state == LOGIN_UNPROVEN) {
		l->login->state = LOGIN_TRYING;
	}
}

static void start_waiting(struct crew *c)
{
	struct lane *l;

	while (!c->stopping && (l = next_to_start(c)) != NULL)
		start(c, l);
}

/* ---- what lanes say ---- */

static void loaded_if_all_are(struct crew *c)
{
	const struct lane *l;

	if (!is_loading(c) || c->stopping)
		return;
	TAILQ_FOREACH (l, &c->lanes, link) {
		if (l->generation == c->next.number && l->state != LANE_IDLE)
			return;
	}
	c->loaded = true;
	c->events.loaded(c->events.arg);
}

/* Lanes whose logins turn out to be to one token share one from now on. */
static void know_token(struct crew *c, struct login *old, const char *token)
{
	struct login *same = logins_known(&c->logins, old, token);
	struct lane *l;

	TAILQ_FOREACH (l, &c->lanes, link) {
		if (l->login != old)
			continue;
		l->login->lanes--;
		l->login = same;
		l->login->lanes++;
	}
}

static void on_proven(void *arg, struct lane *l, const char *token)
{
	struct crew *c = arg;

	l->login->state = LOGIN_PROVEN;
	if (c->events.proven != NULL)
		c->events.proven(c->events.arg, l->tsu, token);
	know_token(c, l->login, token);
	loaded_if_all_are(c);
	start_waiting(c);
	if (!c->stopping && c->now.number != 0)
		c->events.lane_idle(c->events.arg);
}

/* What the end of its process means for the lanes that log in to the same token. */
static void settle_login(struct crew *c, struct lane *l)
{
	/* R20: this PIN is never tried again. One that comes with a reload is another. */
	if (l->failure == MSG_FAILURE_PIN)
		login_refuse(
			l->login, &l->pin, is_being_loaded(c, l) ? c->last_number : l->generation);
	else if (l->login->state == LOGIN_TRYING)
		l->login->state = LOGIN_UNPROVEN;
}

static void stopped_if_all_are(struct crew *c)
{
	const struct lane *l;

	TAILQ_FOREACH (l, &c->lanes, link) {
		if (l->child != NULL)
			return;
	}
	c->events.stopped(c->events.arg);
}

static void on_gone(void *arg, struct lane *l)
{
	struct crew *c = arg;

	settle_login(c, l);
	if (c->stopping) {
		stopped_if_all_are(c);
		return;
	}
	if (l->retired) {
		remove_lane(c, l);
		logins_prune(&c->logins);
	} else if (is_being_loaded(c, l) && !(c->is_check && l->proven)) {
		refuse_load(c, l);
	} else {
		lane_start_later(l);
	}
	start_waiting(c);
}

static void on_due(void *arg, struct lane *l)
{
	(void)l;
	start_waiting(arg);
}

static void on_signature(void *arg, struct job *job, const struct msg_signed *signature)
{
	struct crew *c = arg;

	c->events.signature(c->events.arg, job, signature);
}

static void on_job_failed(void *arg, struct job *job, enum void_reason reason)
{
	struct crew *c = arg;

	c->events.job_failed(c->events.arg, job, reason);
}

/* ---- generations ---- */

/* A superseded TSU signs no more: its key may be gone already. */
static unsigned lanes_of(const struct crew *c, const struct config_tsu *t)
{
	return t->superseded ? 0 : c->is_check ? 1 : t->lanes;
}

static void make_lanes(struct crew *c, struct tsu *tsu)
{
	for (unsigned k = 1; k <= lanes_of(c, tsu->config); k++) {
		struct lane *l = lane_new(c->base, tsu, k, &c->lane_events);

		l->generation = c->next.number;
		l->login = logins_of(&c->logins, tsu->config);
		l->login->lanes++;
		TAILQ_INSERT_TAIL(&c->lanes, l, link);
	}
}

bool crew_load(struct crew *c, struct config *config, struct err *err)
{
	struct generation *g = &c->next;

	if (g->number != 0)
		BUG("crew: a load while another goes on");
	for (size_t i = 0; i < config->tsu_count; i++) {
		g->tsus[i] = tsu_new(config, i, err);
		if (g->tsus[i] == NULL) {
			release(g);
			return false;
		}
		g->tsu_count++;
	}
	g->number = ++c->last_number;
	c->loaded = false;
	for (size_t i = 0; i < g->tsu_count; i++)
		make_lanes(c, g->tsus[i]);
	start_waiting(c);
	return true;
}

void crew_allows(const struct crew *c, const struct config *config, const char *path,
	config_finding *report, void *arg)
{
	logins_allow(&c->logins, config, path, report, arg);
}

void crew_drop(struct crew *c)
{
	unsigned number = c->next.number;

	release(&c->next);
	c->loaded = false;
	if (number != 0)
		retire(c, number);
}

void crew_swap(struct crew *c)
{
	unsigned old = c->now.number;

	if (!c->loaded)
		BUG("crew: a swap to what is not loaded");
	release(&c->now);
	c->now = c->next;
	c->next = (struct generation){ 0 };
	c->loaded = false;
	retire(c, old);
}

unsigned crew_generation(const struct crew *c)
{
	return c->now.number;
}

struct crew *crew_new(struct event_base *base, struct spawner *spawner, bool is_check,
	const struct crew_events *events)
{
	struct crew *c = must_calloc(1, sizeof(*c));

	c->base = base;
	c->spawner = spawner;
	c->is_check = is_check;
	c->events = *events;
	c->lane_events = (struct lane_events){ .proven = on_proven,
		.signature = on_signature,
		.job_failed = on_job_failed,
		.gone = on_gone,
		.due = on_due,
		.arg = c };
	TAILQ_INIT(&c->lanes);
	logins_init(&c->logins);
	return c;
}

void crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->lanes))
		remove_lane(c, TAILQ_FIRST(&c->lanes));
	release(&c->now);
	release(&c->next);
	logins_wipe(&c->logins);
	free(c);
}

struct tsu *crew_tsu(struct crew *c, size_t index)
{
	return c->now.tsus[index];
}

static bool is_of(const struct crew *c, const struct lane *l, size_t index)
{
	return l->generation == c->now.number && l->tsu == c->now.tsus[index];
}

struct lane *crew_idle_lane(struct crew *c, size_t index)
{
	struct lane *l;

	TAILQ_FOREACH (l, &c->lanes, link) {
		if (l->state == LANE_IDLE && is_of(c, l, index))
			return l;
	}
	return NULL;
}

void crew_sign(struct lane *l, struct job *job, struct bytes tstinfo)
{
	lane_sign(l, job, tstinfo);
}

unsigned crew_lanes_up(const struct crew *c, size_t index)
{
	const struct lane *l;
	unsigned up = 0;

	TAILQ_FOREACH (l, &c->lanes, link)
		up += is_of(c, l, index) && (l->state == LANE_IDLE || l->state == LANE_BUSY);
	return up;
}

void crew_stop(struct crew *c)
{
	struct lane *l;

	c->stopping = true;
	TAILQ_FOREACH (l, &c->lanes, link)
		lane_close(l);
	stopped_if_all_are(c);
}
