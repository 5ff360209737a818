/*
 * Children without processes: what they say is read as spawn.c reads it, what tsad sends them is
 * encoded, as for a channel, and shown to the watcher.  A kill is followed by the death a
 * millisecond later; a closed channel by a death after the grace, since a hostile child hangs.
 */
#include "authority.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "tsa/authority/spawn.h"
#include "tsa/core/ipc.h"

enum {
	MAX_LATER = 4, /* datagrams that wait in the channel */
	OBEYS_MS = 10,
	DEAF_QUEUE = 4096, /* what the kernel and the queue take for a child that does not read */
};

struct later {
	struct buf datagram;
};

struct child {
	TAILQ_ENTRY(child) link;
	struct spawner *spawner;
	const struct child_program *program;
	struct child_events events;
	struct event *death;
	struct later later[MAX_LATER];
	size_t later_count;
	size_t queued;
	uint32_t nonce;
	pid_t pid;
	bool deaf;
	bool killed;
	bool closed;
	bool gone;
	bool is_liar;
	int status;
};

struct spawner {
	struct event_base *base;
	TAILQ_HEAD(, child) children;
	size_t count;
	pid_t last_pid;
	struct msg m;
	uint8_t out[IPC_MAX_MESSAGE];
};

static struct spawner *the_spawner;
static bool obedient;

void fake_children_reset(bool are_obedient)
{
	obedient = are_obedient;
	the_spawner = NULL;
}

unsigned backoff_ms(unsigned failures)
{
	unsigned ms = 100;

	for (unsigned i = 1; i < failures && ms < 5000; i++)
		ms *= 2;
	return ms < 5000 ? ms : 5000;
}

struct spawner *spawner_new(struct event_base *base, struct err *err)
{
	(void)err;
	the_spawner = must_calloc(1, sizeof(*the_spawner));
	the_spawner->base = base;
	TAILQ_INIT(&the_spawner->children);
	return the_spawner;
}

static bool is_signer(const struct child *c)
{
	return strcmp(c->program->label, "signer") == 0;
}

static void child_free(struct child *c)
{
	if (is_signer(c))
		fake_signer_gone(c);
	for (size_t i = 0; i < c->later_count; i++)
		buf_free(&c->later[i].datagram);
	event_free(c->death);
	TAILQ_REMOVE(&c->spawner->children, c, link);
	c->spawner->count--;
	free(c);
}

void spawner_free(struct spawner *s)
{
	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->children))
		child_free(TAILQ_FIRST(&s->children));
	the_spawner = NULL;
	free(s);
}

size_t spawner_children(const struct spawner *s)
{
	return s->count;
}

void spawner_kill_all(struct spawner *s)
{
	struct child *c;

	TAILQ_FOREACH (c, &s->children, link)
		child_kill(c);
}

/* ---- what children say ---- */

static void hear_one(struct child *c, struct bytes datagram)
{
	if (c->closed)
		return;
	if (datagram.len == 0 || datagram.len > IPC_MAX_MESSAGE ||
		!msg_decode(datagram, &c->spawner->m)) {
		c->is_liar = datagram.len > 0;
		child_close(c);
		if (c->is_liar)
			child_kill(c);
		return;
	}
	c->events.message(c->events.arg, &c->spawner->m);
}

static void hear_later(struct child *c)
{
	size_t count = c->later_count;

	c->later_count = 0;
	for (size_t i = 0; i < count; i++) {
		hear_one(c, buf_view(&c->later[i].datagram));
		buf_free(&c->later[i].datagram);
	}
}

void fake_child_says(struct child *c, struct bytes datagram, bool later)
{
	if (later && c->later_count < MAX_LATER) {
		struct later *l = &c->later[c->later_count++];

		*l = (struct later){ 0 };
		buf_append(&l->datagram, datagram);
		return;
	}
	hear_later(c);
	hear_one(c, datagram);
}

void fake_child_is_heard(struct child *c)
{
	hear_later(c);
}

void fake_child_dies(struct child *c, int status)
{
	c->gone = true;
	hear_later(c);
	c->closed = true;
	if (!is_signer(c))
		fake_watch()->gone(c);
	c->events.gone(c->events.arg, status);
	child_free(c);
}

static void on_death(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	fake_child_dies(c, SIGKILL);
}

/* ---- what tsad does with them ---- */

struct child *child_start(struct spawner *s, const struct child_program *program,
	const char *detail, const int *listeners, size_t listener_count,
	const struct child_events *events, struct err *err)
{
	struct child *c = must_calloc(1, sizeof(*c));

	(void)detail;
	(void)listeners;
	(void)listener_count;
	(void)err;
	c->spawner = s;
	c->program = program;
	c->events = *events;
	c->pid = ++s->last_pid;
	c->death = evtimer_new(s->base, on_death, c);
	TAILQ_INSERT_TAIL(&s->children, c, link);
	s->count++;
	if (is_signer(c))
		fake_signer_started(c, s->base);
	else
		fake_watch()->started(c, program->label);
	return c;
}

static void will_die(struct child *c, unsigned ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000 };

	(void)evtimer_add(c->death, &after);
}

/* Over a limit it would be a bug, which the real encoder finds. */
static void deliver(struct child *c, const struct msg *m)
{
	struct bytes message = msg_encode(m, c->spawner->out);

	if (message.len == 0 || message.len > IPC_MAX_MESSAGE)
		abort();
	if (m->type == MSG_SETUP_FRONT)
		c->nonce = m->setup_front.start_nonce;
	c->queued += message.len;
	if (!is_signer(c))
		fake_watch()->sent(c, m);
	if (m->type == MSG_DRAIN && obedient)
		will_die(c, OBEYS_MS);
}

bool child_send(struct child *c, const struct msg *m)
{
	if (c->closed || c->gone)
		return true;
	if (c->deaf && c->queued > DEAF_QUEUE)
		return false;
	deliver(c, m);
	if (!c->deaf)
		c->queued = 0;
	return true;
}

void child_must_send(struct child *c, const struct msg *m)
{
	if (c->closed || c->gone)
		return;
	if (c->deaf && c->queued > c->program->max_queued)
		BUG("the queue to %s is full at %s", c->program->label, msg_name(m->type));
	deliver(c, m);
	if (!c->deaf)
		c->queued = 0;
}

bool child_idle_queue(const struct child *c)
{
	return !c->deaf || c->queued == 0;
}

void child_close(struct child *c)
{
	c->closed = true;
	if (!c->killed)
		will_die(c, obedient || is_signer(c) ? OBEYS_MS : c->program->grace_s * 1000);
}

void child_kill(struct child *c)
{
	if (c->gone || c->killed)
		return;
	c->killed = true;
	will_die(c, 1);
}

bool child_is_gone(const struct child *c)
{
	return c->gone;
}

bool child_is_liar(const struct child *c)
{
	return c->is_liar;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

/* ---- knobs ---- */

struct child *fake_child(const char *label)
{
	struct child *c;

	if (the_spawner == NULL)
		return NULL;
	TAILQ_FOREACH (c, &the_spawner->children, link) {
		if (strcmp(c->program->label, label) == 0)
			return c;
	}
	return NULL;
}

uint32_t fake_child_nonce(const struct child *c)
{
	return c->nonce;
}

bool fake_child_is_condemned(const struct child *c)
{
	return c->killed || c->closed;
}

void fake_child_deaf(struct child *c)
{
	c->deaf = true;
}
