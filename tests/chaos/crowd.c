/* Owns the clients, the tally and the records that are not written yet. */
#include "crowd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

enum { LONGEST_WAIT_MS = 1000 };

/* What a command waits for before it is answered. */
enum wait {
	WAIT_NOTHING,
	WAIT_GOOD, /* so many good answers more on each endpoint */
	WAIT_BAD, /* so many failures in all */
	WAIT_RECOVERED,
	WAIT_PAUSED, /* no request is on its way */
	WAIT_QUIT, /* the same */
	WAIT_TIME,
	WAITS,
};

static const char *const wait_commands[WAITS] = { "", "good", "bad", "recovered", "pause", "quit",
	"for" };

struct crowd {
	const struct crowd_options *o;
	struct client_world world;
	struct client *clients;
	struct pollfd *polls; /* one for each client; the last is standard input */
	unsigned count;
	struct tally tally;
	struct buf answers;
	bool paused;
	bool over;
	enum wait wait;
	uint64_t wanted; /* of WAIT_BAD; the end of WAIT_TIME */
	uint64_t wanted_good[ANSWER_MAX_ENDPOINTS];
	struct lines commands;
};

static bool write_answers(struct crowd *crowd, struct err *err)
{
	struct bytes rest = buf_view(&crowd->answers);

	while (rest.len > 0) {
		ssize_t n = write(crowd->o->answers_fd, rest.at, rest.len);

		if (n < 0 && errno != EINTR)
			return err_sys(err, "answers: write");
		if (n > 0)
			rest = (struct bytes){ rest.at + n, rest.len - (size_t)n };
	}
	crowd->answers.len = 0;
	return true;
}

/* ---- commands ---- */

static bool all_rest(const struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		if (crowd->clients[i].state != CLIENT_RESTING)
			return false;
	}
	return true;
}

static bool enough_good(const struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->o->endpoints; i++) {
		if (crowd->tally.good_by_endpoint[i] < crowd->wanted_good[i])
			return false;
	}
	return true;
}

static bool wait_is_over(const struct crowd *crowd, uint64_t now_us)
{
	uint64_t took_us;

	switch (crowd->wait) {
	case WAIT_GOOD:
		return enough_good(crowd);
	case WAIT_BAD:
		return tally_all_bad(&crowd->tally) >= crowd->wanted;
	case WAIT_RECOVERED:
		return tally_recovered(&crowd->tally, &took_us);
	case WAIT_PAUSED:
	case WAIT_QUIT:
		return all_rest(crowd);
	case WAIT_TIME:
		return now_us >= crowd->wanted;
	default:
		return false;
	}
}

static void reply(const struct crowd *crowd, const char *what)
{
	printf("%s ", what);
	tally_print(&crowd->tally, stdout);
	putchar('\n');
	(void)fflush(stdout);
}

static void reply_if_over(struct crowd *crowd, uint64_t now_us)
{
	if (!wait_is_over(crowd, now_us))
		return;
	reply(crowd, wait_commands[crowd->wait]);
	crowd->over = crowd->over || crowd->wait == WAIT_QUIT;
	crowd->wait = WAIT_NOTHING;
}

static void wait_for(struct crowd *crowd, enum wait wait, uint64_t number)
{
	crowd->wait = wait;
	crowd->wanted = wait == WAIT_TIME ? client_now_us() + number * 1000 : number;
	for (unsigned i = 0; i < crowd->o->endpoints; i++)
		crowd->wanted_good[i] = crowd->tally.good_by_endpoint[i] + number;
}

/* Clients that have rested start over, spread over their pace. */
static void resume(struct crowd *crowd)
{
	uint64_t now = client_now_us();

	for (unsigned i = 0; i < crowd->count; i++)
		crowd->clients[i].due_us = now + crowd->world.pace_us * i / crowd->count;
	crowd->paused = false;
}

/* The commands that are answered at once. */
static bool obey_at_once(struct crowd *crowd, const char *word)
{
	if (strcmp(word, "fault") == 0)
		tally_fault(&crowd->tally, client_now_us());
	else if (strcmp(word, "mend") == 0)
		tally_mend(&crowd->tally, client_now_us());
	else if (strcmp(word, "resume") == 0)
		resume(crowd);
	else
		return false;
	reply(crowd, word);
	return true;
}

static bool obey(struct crowd *crowd, const char *line, struct err *err)
{
	char word[LINES_MAX];
	uint64_t number = 0;
	int n = sscanf(line, "%63s %" SCNu64, word, &number);

	if (crowd->wait != WAIT_NOTHING)
		return err_set(err, "command: one at a time: %s", line);
	if (n < 1)
		return err_set(err, "command: must not be empty");
	if (obey_at_once(crowd, word))
		return true;
	for (int i = WAIT_GOOD; i < WAITS; i++) {
		if (strcmp(word, wait_commands[i]) == 0) {
			crowd->paused = crowd->paused || i == WAIT_PAUSED || i == WAIT_QUIT;
			wait_for(crowd, (enum wait)i, number);
			return true;
		}
	}
	return err_set(err, "command: must be one that --help lists: %s", line);
}

/* Takes what standard input has; its end ends the run. */
static bool take_commands(struct crowd *crowd, struct err *err)
{
	char line[LINES_MAX];

	if (!lines_read(&crowd->commands, err))
		return false;
	while (lines_next(&crowd->commands, line)) {
		if (!obey(crowd, line, err))
			return false;
	}
	crowd->over = crowd->over || crowd->commands.ended;
	return true;
}

/* ---- the loop ---- */

static bool start_due(struct crowd *crowd, uint64_t now_us, struct err *err)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		struct client *c = &crowd->clients[i];

		client_expire(c, now_us);
		if (!crowd->paused && c->state == CLIENT_RESTING && c->due_us <= now_us &&
			!client_start(c, err))
			return false;
	}
	return true;
}

/* Milliseconds until a client is due or has waited too long, or a timed wait is over. */
static int time_left(const struct crowd *crowd, uint64_t now_us)
{
	uint64_t next = now_us + LONGEST_WAIT_MS * 1000;

	for (unsigned i = 0; i < crowd->count; i++) {
		const struct client *c = &crowd->clients[i];
		uint64_t at = c->started_us + crowd->world.timeout_us;

		if (c->state == CLIENT_RESTING)
			at = crowd->paused ? next : c->due_us;
		next = at < next ? at : next;
	}
	if (crowd->wait == WAIT_TIME && crowd->wanted < next)
		next = crowd->wanted;
	return next <= now_us ? 0 : (int)((next - now_us + 999) / 1000);
}

static bool poll_once(struct crowd *crowd, struct err *err)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		short events = client_events(&crowd->clients[i]);

		crowd->polls[i] = (struct pollfd){ .fd = events == 0 ? -1 : crowd->clients[i].fd,
			.events = events };
	}
	crowd->polls[crowd->count] =
		(struct pollfd){ .fd = crowd->over ? -1 : STDIN_FILENO, .events = POLLIN };
	if (poll(crowd->polls, crowd->count + 1, time_left(crowd, client_now_us())) < 0)
		return errno == EINTR || err_sys(err, "poll");
	for (unsigned i = 0; i < crowd->count; i++) {
		if (crowd->polls[i].revents != 0)
			client_step(&crowd->clients[i], crowd->polls[i].revents);
	}
	return crowd->polls[crowd->count].revents == 0 || take_commands(crowd, err);
}

/* An answer is in the file before anybody is told of it. */
static bool loop(struct crowd *crowd, struct err *err)
{
	while (!crowd->over || !all_rest(crowd)) {
		crowd->paused = crowd->paused || crowd->over;
		if (!start_due(crowd, client_now_us(), err) || !poll_once(crowd, err) ||
			!write_answers(crowd, err))
			return false;
		reply_if_over(crowd, client_now_us());
	}
	return true;
}

static void make_clients(struct crowd *crowd)
{
	const struct crowd_options *o = crowd->o;
	uint64_t now = client_now_us();
	unsigned n = 0;

	for (unsigned e = 0; e < o->endpoints; e++)
		crowd->count += o->clients[e];
	crowd->clients = must_calloc(crowd->count, sizeof(*crowd->clients));
	crowd->polls = must_calloc(crowd->count + 1, sizeof(*crowd->polls));
	for (unsigned e = 0; e < o->endpoints; e++) {
		for (unsigned i = 0; i < o->clients[e]; i++, n++)
			client_init(&crowd->clients[n], &crowd->world, (uint8_t)e, i % 2, now);
	}
	resume(crowd);
}

bool crowd_run(const struct crowd_options *o, struct err *err)
{
	struct crowd crowd = { .o = o, .world = o->world };
	bool ok;

	crowd.world.tally = &crowd.tally;
	crowd.world.answers = &crowd.answers;
	crowd.tally.endpoints = o->endpoints;
	make_clients(&crowd);
	ok = loop(&crowd, err);
	for (unsigned i = 0; i < crowd.count; i++)
		client_wipe(&crowd.clients[i]);
	free(crowd.clients);
	free(crowd.polls);
	buf_free(&crowd.answers);
	return ok;
}
