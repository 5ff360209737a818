/*
 * tsa-front: started by tsad with the channel as descriptor 3 and listeners from 4 on.  Gets its
 * tables, confines itself, serves HTTP, and leaves when the channel ends.  Holds client sockets
 * and nothing else: no key, no PIN, no database, no file.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "tsa/core/log.h"
#include "tsa/core/sandbox.h"
#include "tsa/front/admit.h"
#include "tsa/front/channel.h"
#include "tsa/front/exchange.h"
#include "tsa/front/http.h"
#include "tsa/front/pages.h"
#include "tsa/front/rate.h"
#include "tsa/front/sigstore.h"

enum { EXIT_CANNOT_RUN = 3 };

/* What tsad has no room for now goes with the next tick. */
static void tell_counts(struct front *front)
{
	const struct msg m = { .type = MSG_COUNTS, .counts = front->counts };

	if (!front->counted || front->setup.front != MSG_FRONT_CLIENTS || !channel_send(front, &m))
		return;
	front->counts = (struct msg_counts){ 0 };
	front->counted = false;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct front *front = arg;

	(void)fd;
	(void)what;
	exchange_tick(front);
	admit_tick(front);
	tell_counts(front);
	if (front->draining && front_now_ms() >= front->drain_until_ms)
		(void)event_base_loopbreak(front->base);
}

static void on_libevent_log(int severity, const char *text)
{
	if (severity >= EVENT_LOG_WARN)
		log_event(LOG_LEVEL_WARNING, "libevent", text, "severity=%d", severity);
}

static _Noreturn void on_libevent_fatal(int code)
{
	BUG("libevent gives up with code %d", code);
}

static bool start_tick(struct front *front, struct err *err)
{
	const struct timeval every = { .tv_usec = (suseconds_t)FRONT_TICK_MS * 1000 };

	front->tick = event_new(front->base, -1, EV_PERSIST, on_tick, front);
	if (front->tick == NULL || event_add(front->tick, &every) != 0)
		return err_set(err, "front: libevent gives no timer");
	return true;
}

static bool confine(struct err *err)
{
	bool landlocked;

	if (!sandbox_front(&landlocked, err))
		return false;
	if (!landlocked)
		log_event(LOG_LEVEL_WARNING, "landlock_missing",
			"this kernel has none: confined by seccomp alone", "profile=front");
	return true;
}

static void say_ready(struct front *front)
{
	const struct msg ready = { .type = MSG_READY, .ready.version = MSG_VERSION };

	if (!channel_send(front, &ready))
		BUG("channel: full before the first message");
	log_event(LOG_LEVEL_INFO, "ready", NULL, "listeners=%zu max_connections=%u",
		front->admit.listener_count, front->admit.max);
}

/* Before confinement: a library would look for random bytes in a file. */
static void take_seeds(struct front *front)
{
	uint64_t seed[2];

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		BUG("getrandom gives nothing");
	sigstore_start(seed[0]);
	front->rate = rate_new(front->setup.rate_limit, seed[1]);
}

/* From the tables to the end of the channel or of the last connection. */
static _Noreturn void serve(struct front *front)
{
	struct err err = { 0 };

	channel_set_up(front);
	take_seeds(front);
	if (!http_start(front, &err) || !admit_start(front, &err) || !channel_start(front, &err) ||
		!start_tick(front, &err) || !confine(&err)) {
		log_event(LOG_LEVEL_ERROR, "cannot_start", err.text, "failure=%s",
			msg_failure_name(MSG_FAILURE_OTHER));
		channel_fail(front, MSG_FAILURE_OTHER, err.text);
	}
	admit_open(front);
	say_ready(front);
	if (event_base_dispatch(front->base) < 0)
		BUG("libevent: the loop failed");
	if (front->admit.count > 0)
		log_event(LOG_LEVEL_WARNING, "drain_cut_short",
			"connections were closed with their requests unanswered", "connections=%u",
			front->admit.count);
	log_event(LOG_LEVEL_INFO, "drained", NULL, "connections=%u", front->admit.count);
	_exit(0);
}

/* tsad says when to stop, through the channel; a terminal or service manager tells tsad. */
static void ignore_signals(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
}

static bool is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* The options; gives an exit status, or -1 to go on. */
static int read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option = getopt_long(argc, argv, "", options, NULL);

	if (option == 'h') {
		(void)puts("usage: tsa-front [--help | --version]\n"
			   "The HTTP server of a timestamp authority; it is started by tsad, see "
			   "tsad(8) and tsa-front(8).");
		return 0;
	}
	if (option == 'V') {
		(void)puts("tsa-front " TSA_VERSION);
		return 0;
	}
	return option == -1 && optind == argc ? -1 : EXIT_CANNOT_RUN;
}

int main(int argc, char **argv)
{
	int status = read_options(argc, argv);
	struct err err = { 0 };
	struct front *front;

	if (status >= 0)
		return status;
	log_open("front", LOG_LEVEL_INFO);
	if (!is_channel(IPC_CHILD_FD)) {
		(void)fputs("tsa-front: is started by tsad, see tsad(8)\n", stderr);
		return EXIT_CANNOT_RUN;
	}
	ignore_signals();
	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_libevent_fatal);
	front = must_calloc(1, sizeof(*front));
	front->channel = ipc_new(IPC_CHILD_FD, FRONT_MAX_QUEUED);
	if (!sandbox_base(&err))
		channel_fail(front, MSG_FAILURE_OTHER, err.text);
	serve(front);
}
