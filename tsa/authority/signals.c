#include "tsa/authority/signals.h"

#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "tsa/core/bytes.h"
#include "tsa/core/log.h"

enum { WATCHED = 3 };

struct signals {
	struct event *events[WATCHED];
	void (*stop)(void *arg, int number);
	void (*reload)(void *arg);
	void *arg;
};

static void on_stop(evutil_socket_t number, short what, void *arg)
{
	const struct signals *s = arg;

	(void)what;
	s->stop(s->arg, (int)number);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	const struct signals *s = arg;

	(void)number;
	(void)what;
	s->reload(s->arg);
}

struct signals *signals_watch(struct event_base *base, void (*stop)(void *arg, int number),
	void (*reload)(void *arg), void *arg)
{
	static const struct {
		int number;
		event_callback_fn call;
	} watched[WATCHED] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_hangup } };
	struct signals *s = must_calloc(1, sizeof(*s));

	s->stop = stop;
	s->reload = reload;
	s->arg = arg;
	for (size_t i = 0; i < WATCHED; i++) {
		s->events[i] = evsignal_new(base, watched[i].number, watched[i].call, s);
		if (s->events[i] == NULL || event_add(s->events[i], NULL) != 0)
			BUG("libevent does not watch signal %d", watched[i].number);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return s;
}

void signals_free(struct signals *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < WATCHED; i++)
		event_free(s->events[i]);
	free(s);
}
