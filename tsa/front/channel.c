/*
 * Owns this end of the channel.  tsad's messages are a table of what may come when; anything else
 * is a bug of ours and aborts.
 */
#include "tsa/front/channel.h"

#include <unistd.h>

#include <event2/event.h>

#include "tsa/core/log.h"
#include "tsa/front/exchange.h"
#include "tsa/front/pages.h"

enum { MAX_MESSAGES_A_TURN = 64 }; /* then clients have their turn */

static bool send_now(struct front *front, const struct msg *msg)
{
	bool sent = ipc_send(front->channel, msg_encode(msg, front->out_buf));

	if (sent && front->writable != NULL && ipc_wants_write(front->channel))
		(void)event_add(front->writable, NULL);
	return sent;
}

/* False while the queue is full. */
static bool pay_ready(struct front *front)
{
	const struct msg ready = { .type = MSG_READY, .ready.version = MSG_VERSION };

	while (front->ready_owed > 0) {
		if (!send_now(front, &ready))
			return false;
		front->ready_owed--;
	}
	return true;
}

/* An ISSUE goes behind the READY of the tables it was made with: tsad reads its index by them. */
bool channel_send(struct front *front, const struct msg *msg)
{
	return pay_ready(front) && send_now(front, msg);
}

_Noreturn void channel_fail(struct front *front, enum msg_failure failure, const char *text)
{
	struct msg msg = { .type = MSG_FAILED, .failed.failure = (uint8_t)failure };

	for (size_t i = 0; text[i] != '\0' && i + 1 < sizeof(msg.failed.text); i++)
		msg.failed.text[i] = text[i];
	/* Only called before anything else was sent: it fits. */
	if (!ipc_send(front->channel, msg_encode(&msg, front->out_buf)))
		log_event(LOG_LEVEL_ERROR, "failure_not_sent", text, "failure=%s",
			msg_failure_name((uint8_t)failure));
	_exit(1);
}

static struct pages *growing_pages(struct front *front)
{
	if (front->next_pages == NULL)
		front->next_pages = pages_new();
	return front->next_pages;
}

/* The tables that came are in force from here on (R18). */
static void tables_done(struct front *front)
{
	struct pages *done = growing_pages(front);

	if (!pages_complete(done))
		BUG("TABLES_DONE before the last file was complete");
	pages_release(front->pages);
	front->pages = done;
	front->next_pages = NULL;
	log_event(LOG_LEVEL_INFO, "tables", NULL, "endpoints=%zu files=%zu",
		pages_endpoint_count(done), pages_file_count(done));
}

/* The messages that make tables; false: it is another one. */
static bool handle_table(struct front *front, const struct msg *msg)
{
	switch (msg->type) {
	case MSG_ENDPOINT:
		pages_add_endpoint(growing_pages(front), &msg->endpoint);
		return true;
	case MSG_FILE:
		pages_add_file(growing_pages(front), &msg->file);
		return true;
	case MSG_TABLES_DONE:
		tables_done(front);
		return true;
	default:
		return false;
	}
}

static void handle(struct front *front, const struct msg *msg)
{
	if (handle_table(front, msg)) {
		if (msg->type == MSG_TABLES_DONE) {
			front->ready_owed++;
			(void)pay_ready(front);
		}
		return;
	}
	switch (msg->type) {
	case MSG_TOKEN:
		exchange_token(front, &msg->token);
		break;
	case MSG_REFUSED:
		exchange_refused(front, &msg->refused);
		break;
	case MSG_BUSY:
		exchange_busy(front, &msg->busy);
		break;
	case MSG_STATUS_REPLY:
		exchange_status(front, &msg->status_reply);
		break;
	case MSG_DRAIN:
		front_drain(front);
		break;
	default:
		BUG("channel: %s may not come now", msg_name(msg->type));
	}
}

/* The next message; false: there is none now. Leaves when tsad is gone (R12). */
static bool take(struct front *front, bool wait, struct bytes *message)
{
	switch (ipc_recv(front->channel, front->in_buf, wait, message)) {
	case IPC_OK:
		return true;
	case IPC_AGAIN:
		return false;
	case IPC_CLOSED:
		_exit(0);
	case IPC_FAILED:
		break;
	}
	BUG("channel: cannot be read");
}

static void decode(struct front *front, struct bytes message)
{
	if (!msg_decode(message, &front->in))
		BUG("channel: message of %zu bytes does not decode", message.len);
}

/* The next message into front->in; false: there is none now. */
static bool receive(struct front *front, bool wait)
{
	struct bytes message;

	if (!take(front, wait, &message))
		return false;
	decode(front, message);
	return true;
}

void channel_set_up(struct front *front)
{
	struct bytes message;
	struct err err = { 0 };

	(void)take(front, true, &message);
	if (!msg_check_version(message, MSG_SETUP_FRONT, "tsa-front", &err))
		channel_fail(front, MSG_FAILURE_VERSION, err.text);
	decode(front, message);
	if (front->in.type != MSG_SETUP_FRONT)
		BUG("channel: %s before SETUP_FRONT", msg_name(front->in.type));
	front->setup = front->in.setup_front;
	if (front->setup.front == MSG_FRONT_ADMIN)
		log_open("front-admin", LOG_LEVEL_INFO);
	while (front->pages == NULL) {
		(void)receive(front, true);
		if (front->in.type == MSG_DRAIN)
			_exit(0);
		if (!handle_table(front, &front->in))
			BUG("channel: %s before TABLES_DONE", msg_name(front->in.type));
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct front *front = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < MAX_MESSAGES_A_TURN && receive(front, false); i++)
		handle(front, &front->in);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct front *front = arg;

	(void)fd;
	(void)what;
	/* If tsad is gone, on_readable() learns of it. */
	if (ipc_flush(front->channel) == IPC_AGAIN)
		(void)event_add(front->writable, NULL);
	(void)pay_ready(front);
}

bool channel_start(struct front *front, struct err *err)
{
	int fd = ipc_fd(front->channel);

	front->readable = event_new(front->base, fd, EV_READ | EV_PERSIST, on_readable, front);
	front->writable = event_new(front->base, fd, EV_WRITE, on_writable, front);
	if (front->readable == NULL || front->writable == NULL ||
		event_add(front->readable, NULL) != 0)
		return err_set(err, "front: libevent gives no event for the channel");
	return true;
}
