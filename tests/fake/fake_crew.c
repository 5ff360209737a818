/*
 * Signers without processes or keys: the signed attributes are real, the signature is not, since
 * tsad never looks at it.  Deadlines are crew.c's.
 */
#include "authority.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "tsa/authority/crew.h"

enum { LANES = 2, MAX_LANES = LANES * CONFIG_MAX_TSUS, BACK_MS = 200 };

/* Of the real lane only its job and its timer are used: the try's deadline, or its return. */
struct played_lane {
	struct lane lane; /* first: what tsad has points to it */
	struct crew *crew;
	size_t tsu;
	struct bytes tstinfo;
	bool up;
};

struct crew {
	struct event_base *base;
	struct crew_events events;
	struct played_lane lanes[MAX_LANES];
	unsigned lane_count;
	struct event *timer; /* its start, and its end */
	bool stopping;
};

/* TSUs are loaded once: their certificates stay the same from run to run. */
static struct tsu *tsus[CONFIG_MAX_TSUS];
static struct crew *the_crew;
static bool at_once;

void fake_crew_reset(bool sign_at_once)
{
	at_once = sign_at_once;
	the_crew = NULL;
}

void fake_crew_sign_at_once(bool sign_at_once)
{
	at_once = sign_at_once;
}

static void set_timer(struct event *timer, unsigned ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	(void)evtimer_add(timer, &after);
}

static void fail(struct played_lane *l, enum void_reason reason)
{
	struct job *job = l->lane.job;

	l->up = false;
	l->lane.job = NULL;
	set_timer(l->lane.timer, BACK_MS);
	if (job != NULL)
		l->crew->events.job_failed(l->crew->events.arg, job, reason);
}

static void on_lane_timer(evutil_socket_t fd, short what, void *arg)
{
	struct played_lane *l = arg;

	(void)fd;
	(void)what;
	if (l->up) {
		fail(l, VOID_SIGNER_TIMEOUT);
		return;
	}
	l->up = true;
	l->crew->events.lane_idle(l->crew->events.arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct crew *c = arg;

	(void)fd;
	(void)what;
	if (!c->stopping) {
		c->events.loaded(c->events.arg);
		return;
	}
	for (unsigned i = 0; i < c->lane_count; i++) {
		struct job *job = c->lanes[i].lane.job;

		c->lanes[i].lane.job = NULL;
		if (job != NULL)
			c->events.job_failed(c->events.arg, job, VOID_SIGNER_DIED);
	}
	c->events.stopped(c->events.arg);
}

struct crew *crew_new(struct event_base *base, struct spawner *spawner, bool is_check,
	const struct crew_events *events)
{
	struct crew *c = must_calloc(1, sizeof(*c));

	(void)spawner;
	(void)is_check;
	c->base = base;
	c->events = *events;
	c->timer = evtimer_new(base, on_timer, c);
	the_crew = c;
	return c;
}

bool crew_load(struct crew *c, struct config *config, struct err *err)
{
	for (size_t t = 0; t < config->tsu_count; t++) {
		if (tsus[t] == NULL)
			tsus[t] = tsu_new(config, t, err);
		if (tsus[t] == NULL)
			abort();
		for (int k = 0; k < LANES; k++) {
			struct played_lane *l = &c->lanes[c->lane_count++];

			*l = (struct played_lane){ .crew = c, .tsu = t, .up = true };
			l->lane.timer = evtimer_new(c->base, on_lane_timer, l);
		}
	}
	set_timer(c->timer, 1);
	return true;
}

/* Nothing here asks for a reload. */
void crew_allows(const struct crew *c, const struct config *config, const char *path,
	config_finding *report, void *arg)
{
	(void)c;
	(void)config;
	(void)path;
	(void)report;
	(void)arg;
}

void crew_drop(struct crew *c)
{
	(void)c;
}

void crew_swap(struct crew *c)
{
	(void)c;
}

unsigned crew_generation(const struct crew *c)
{
	(void)c;
	return 1;
}

void crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->lane_count; i++)
		event_free(c->lanes[i].lane.timer);
	event_free(c->timer);
	the_crew = NULL;
	free(c);
}

struct tsu *crew_tsu(struct crew *c, size_t index)
{
	(void)c;
	return tsus[index];
}

static bool is_idle(const struct played_lane *l)
{
	return l->up && l->lane.job == NULL && !l->crew->stopping;
}

struct lane *crew_idle_lane(struct crew *c, size_t index)
{
	for (unsigned i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].tsu == index && is_idle(&c->lanes[i]))
			return &c->lanes[i].lane;
	}
	return NULL;
}

void crew_sign(struct lane *lane, struct job *job, struct bytes tstinfo)
{
	struct played_lane *l = (struct played_lane *)lane;

	if (!is_idle(l) || job->tsu != tsus[l->tsu])
		abort();
	lane->job = job;
	l->tstinfo = tstinfo;
	set_timer(l->lane.timer, CREW_TRY_MS);
	fake_watch()->sign(job, l->tsu, tstinfo);
}

unsigned crew_lanes_up(const struct crew *c, size_t index)
{
	unsigned up = 0;

	for (unsigned i = 0; i < c->lane_count; i++)
		up += c->lanes[i].tsu == index && c->lanes[i].up;
	return up;
}

void crew_stop(struct crew *c)
{
	c->stopping = true;
	for (unsigned i = 0; i < c->lane_count; i++)
		(void)evtimer_del(c->lanes[i].lane.timer);
	set_timer(c->timer, 1);
}

/* ---- knobs ---- */

unsigned fake_crew_lanes(void)
{
	return the_crew == NULL ? 0 : the_crew->lane_count;
}

void fake_lane_signs(unsigned lane)
{
	static const uint8_t signature[71] = { 0x30, 0x45, 0x02, 0x21, 0x00, 0xc0 };
	struct played_lane *l = &the_crew->lanes[lane];
	struct job *job = l->lane.job;
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct msg_signed answer = { .signature = { signature, sizeof(signature) } };
	struct err err;

	if (job == NULL)
		return;
	answer.job = job->id;
	if (!token_signed_attrs(tsus[l->tsu]->parts, l->tstinfo, room, sizeof(room),
		    &answer.signed_attrs, &err))
		abort();
	l->lane.job = NULL;
	(void)evtimer_del(l->lane.timer);
	l->crew->events.signature(l->crew->events.arg, job, &answer);
}

void fake_lane_fails(unsigned lane, enum void_reason reason)
{
	if (the_crew->lanes[lane].lane.job != NULL)
		fail(&the_crew->lanes[lane], reason);
}

void fake_lane_dies(unsigned lane)
{
	if (the_crew->lanes[lane].up && !the_crew->stopping)
		fail(&the_crew->lanes[lane], VOID_SIGNER_DIED);
}

void fake_crew_turn(void)
{
	bool signed_one = at_once && the_crew != NULL;

	/* A signature may bring the next job. */
	while (signed_one) {
		signed_one = false;
		for (unsigned i = 0; i < the_crew->lane_count; i++) {
			signed_one = signed_one || the_crew->lanes[i].lane.job != NULL;
			fake_lane_signs(i);
		}
	}
}
