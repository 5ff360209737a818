/* Owns the channel to tsad and what was last said and heard on it. */
#include "tsa/ledger/channel.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tsa/core/log.h"

enum {
	SAY_AGAIN_MS = 5000, /* tsad kills a tsa-ledger that it does not hear of */
	GRACE_MS = 5000, /* after end of file, to ship what is durable */
	/* This end sends with ipc_send_wait() only, so nothing is ever queued. */
	MAX_QUEUED = 0,
};

struct channel {
	struct ipc *ipc;
	uint64_t durable;
	bool closed;
	int64_t over_ms;
	bool said_database;
	int64_t said_ms;
	struct msg_database database;
	struct msg news; /* the last message received */
	uint8_t in[IPC_MAX_MESSAGE];
	uint8_t out[IPC_MAX_MESSAGE];
};

struct channel *channel_new(int fd)
{
	struct channel *c = must_calloc(1, sizeof(*c));

	c->ipc = ipc_new(fd, MAX_QUEUED);
	return c;
}

void channel_free(struct channel *c)
{
	if (c == NULL)
		return;
	ipc_free(c->ipc);
	free(c);
}

int64_t channel_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t channel_durable(const struct channel *c)
{
	return c->durable;
}

bool channel_closed(const struct channel *c)
{
	return c->closed;
}

bool channel_over(const struct channel *c)
{
	return c->closed && channel_now_ms() >= c->over_ms;
}

static void notice_close(struct channel *c)
{
	if (c->closed)
		return;
	c->closed = true;
	c->over_ms = channel_now_ms() + GRACE_MS;
}

static void send_message(struct channel *c, const struct msg *m)
{
	/* A gone tsad is an end of file: what is durable is still shipped. */
	if (ipc_send_wait(c->ipc, msg_encode(m, c->out)) != IPC_OK)
		notice_close(c);
}

/* Gives one message if there is one. */
static enum ipc_result receive(struct channel *c, bool wait, struct bytes *message)
{
	enum ipc_result result = ipc_recv(c->ipc, c->in, wait, message);

	if (result == IPC_FAILED)
		BUG("channel to tsad: receiving failed");
	return result;
}

static void decode_news(struct channel *c, struct bytes message)
{
	if (!msg_decode(message, &c->news))
		BUG("channel to tsad: a message of %zu bytes does not decode", message.len);
}

bool channel_setup(struct channel *c, struct msg_setup_ledger *setup)
{
	struct bytes message;
	struct err err = { 0 };

	if (receive(c, true, &message) != IPC_OK)
		return false;
	if (!msg_check_version(message, MSG_SETUP_LEDGER, "tsa-ledger", &err))
		channel_fail(c, MSG_FAILURE_VERSION, err.text);
	decode_news(c, message);
	if (c->news.type != MSG_SETUP_LEDGER)
		BUG("channel to tsad: first message is %s, not SETUP_LEDGER",
			msg_name(c->news.type));
	*setup = c->news.setup_ledger;
	return true;
}

void channel_ready(struct channel *c)
{
	struct msg m = { .type = MSG_READY, .ready = { .version = MSG_VERSION } };

	send_message(c, &m);
}

static void take_durable(struct channel *c)
{
	const struct msg *m = &c->news;

	if (m->type != MSG_DURABLE)
		BUG("channel to tsad: %s may not come now", msg_name(m->type));
	if (m->durable.seq < c->durable)
		BUG("channel to tsad: DURABLE %" PRIu64 " after %" PRIu64, m->durable.seq,
			c->durable);
	c->durable = m->durable.seq;
}

/*
 * Takes in all that tsad sent. A tsad that dies with messages of ours unread makes the kernel
 * report ECONNRESET once, before the last messages of tsad's: so reads on until it says so twice.
 */
static void take_news(struct channel *c)
{
	struct bytes message;

	for (int closed = 0; closed < 2;) {
		switch (receive(c, false, &message)) {
		case IPC_OK:
			decode_news(c, message);
			take_durable(c);
			break;
		case IPC_CLOSED:
			closed++;
			notice_close(c);
			break;
		case IPC_AGAIN:
		case IPC_FAILED:
			return;
		}
	}
}

/* How long poll may wait: until timeout_ms is over, or the grace after end of file. */
static int poll_timeout(const struct channel *c, int timeout_ms)
{
	int64_t left;

	if (!c->closed)
		return timeout_ms;
	left = c->over_ms - channel_now_ms();
	if (left < 0)
		left = 0;
	return timeout_ms < 0 || left < timeout_ms ? (int)left : timeout_ms;
}

enum channel_wait channel_wait(struct channel *c, int fd, short events, int timeout_ms)
{
	struct pollfd p[] = {
		/* After end of file the channel would always be ready: poll skips -1. */
		{ .fd = c->closed ? -1 : ipc_fd(c->ipc), .events = POLLIN },
		{ .fd = fd, .events = events },
	};
	int n;

	if (channel_over(c))
		return CHANNEL_OVER;
	n = poll(p, 2, poll_timeout(c, timeout_ms));
	if (p[0].revents != 0)
		take_news(c);
	if (n > 0 && p[1].revents != 0)
		return CHANNEL_SOCKET;
	if (n != 0) /* news, or a signal */
		return CHANNEL_NEWS;
	return channel_over(c) ? CHANNEL_OVER : CHANNEL_TIMEOUT;
}

/* libpq's words come in several lines: here in one, without a line's end. */
static void copy_text(const char *text, char out[MSG_MAX_TEXT])
{
	size_t len = 0;

	for (; *text != '\0' && len < MSG_MAX_TEXT - 1; text++) {
		bool blank = (unsigned char)*text <= ' ';

		if (!blank)
			out[len++] = *text;
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

void channel_shipped(struct channel *c, uint64_t seq)
{
	struct msg m = { .type = MSG_SHIPPED, .shipped = { .seq = seq } };

	send_message(c, &m);
}

void channel_database(struct channel *c, bool connected, const char *text)
{
	struct msg m = { .type = MSG_DATABASE, .database = { .connected = connected } };

	copy_text(text, m.database.text);
	if (!c->said_database || c->database.connected != m.database.connected ||
		strcmp(c->database.text, m.database.text) != 0)
		log_event(connected ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
			connected ? "database_up" : "database_down", m.database.text,
			"connected=%d", connected);
	else if (channel_now_ms() - c->said_ms < SAY_AGAIN_MS)
		return;
	c->said_database = true;
	c->said_ms = channel_now_ms();
	c->database = m.database;
	send_message(c, &m);
}

void channel_incident(struct channel *c, const struct msg_incident *incident)
{
	struct msg m = { .type = MSG_INCIDENT, .incident = *incident };

	send_message(c, &m);
}

_Noreturn void channel_fail(struct channel *c, enum msg_failure failure, const char *text)
{
	struct msg m = { .type = MSG_FAILED, .failed = { .failure = (uint8_t)failure } };

	copy_text(text, m.failed.text);
	log_event(LOG_LEVEL_ERROR, "failed", m.failed.text, "class=%s",
		msg_failure_name((uint8_t)failure));
	send_message(c, &m);
	_exit(1);
}
