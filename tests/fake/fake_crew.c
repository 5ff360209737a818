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

struct lane {
	struct crew *crew;
	size_t tsu;
	struct job *job;
	struct event *timer; /* the try's deadline, or the return of one that died */
	struct bytes tstinfo;
	bool up;
};

struct crew {
	const struct config *config;
	struct crew_events events;
	struct lane lanes[MAX_LANES];
	unsigned lane_count;
	struct event *timer; /* its start, and its end */
	bool stopping;
};

/* TSUs are loaded once: their certificates stay the same from run to run. */
static struct tsu tsus[CONFIG_MAX_TSUS];
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

static void fail(struct lane *l, enum void_reason reason)
{
	struct job *job = l->job;

	l->up = false;
	l->job = NULL;
	set_timer(l->timer, BACK_MS);
	if (job != NULL)
		l->crew->events.job_failed(l->crew->events.arg, job, reason);
}

static void on_lane_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lane *l = arg;

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
		c->events.ready(c->events.arg);
		return;
	}
	for (unsigned i = 0; i < c->lane_count; i++) {
		struct job *job = c->lanes[i].job;

		c->lanes[i].job = NULL;
		if (job != NULL)
			c->events.job_failed(c->events.arg, job, VOID_SIGNER_DIED);
	}
	c->events.stopped(c->events.arg);
}

static bool load(const struct config *config, struct err *err)
{
	for (size_t i = 0; i < config->tsu_count; i++) {
		if (tsus[i].parts == NULL && !tsu_load(&tsus[i], &config->tsus[i], err))
			return false;
	}
	return true;
}

struct crew *crew_new(struct event_base *base, struct spawner *spawner, const struct config *config,
	bool one_lane, const struct crew_events *events, struct err *err)
{
	struct crew *c = must_calloc(1, sizeof(*c));

	(void)spawner;
	(void)one_lane;
	if (!load(config, err))
		abort();
	c->config = config;
	c->events = *events;
	c->timer = evtimer_new(base, on_timer, c);
	for (size_t t = 0; t < config->tsu_count; t++) {
		for (int k = 0; k < LANES; k++) {
			struct lane *l = &c->lanes[c->lane_count++];

			*l = (struct lane){ .crew = c, .tsu = t, .up = true };
			l->timer = evtimer_new(base, on_lane_timer, l);
		}
	}
	set_timer(c->timer, 1);
	the_crew = c;
	return c;
}

void crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->lane_count; i++)
		event_free(c->lanes[i].timer);
	event_free(c->timer);
	the_crew = NULL;
	free(c);
}

struct tsu *crew_tsu(struct crew *c, size_t index)
{
	(void)c;
	return &tsus[index];
}

static bool is_idle(const struct lane *l)
{
	return l->up && l->job == NULL && !l->crew->stopping;
}

struct lane *crew_idle_lane(struct crew *c, size_t index)
{
	for (unsigned i = 0; i < c->lane_count; i++) {
		if (c->lanes[i].tsu == index && is_idle(&c->lanes[i]))
			return &c->lanes[i];
	}
	return NULL;
}

bool crew_any_idle(const struct crew *c)
{
	for (unsigned i = 0; i < c->lane_count; i++) {
		if (is_idle(&c->lanes[i]))
			return true;
	}
	return false;
}

void crew_sign(struct lane *l, struct job *job, struct bytes tstinfo)
{
	if (!is_idle(l) || job->tsu != &tsus[l->tsu])
		abort();
	l->job = job;
	l->tstinfo = tstinfo;
	set_timer(l->timer, CREW_TRY_MS);
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
		(void)evtimer_del(c->lanes[i].timer);
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
	struct lane *l = &the_crew->lanes[lane];
	struct job *job = l->job;
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct msg_signed answer = { .signature = { signature, sizeof(signature) } };
	struct err err;

	if (job == NULL)
		return;
	answer.job = job->id;
	if (!token_signed_attrs(
		    tsus[l->tsu].parts, l->tstinfo, room, sizeof(room), &answer.signed_attrs, &err))
		abort();
	l->job = NULL;
	(void)evtimer_del(l->timer);
	l->crew->events.signature(l->crew->events.arg, job, &answer);
}

void fake_lane_fails(unsigned lane, enum void_reason reason)
{
	if (the_crew->lanes[lane].job != NULL)
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
			signed_one = signed_one || the_crew->lanes[i].job != NULL;
			fake_lane_signs(i);
		}
	}
}
