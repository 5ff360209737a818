/*
 * The front that was taken over: takes orders from its listener (hostile.h).
 *   honest N         N good requests; says how many tokens came back
 *   descriptors N    the same, with open descriptors as ancillary data of each
 *   deaf             good requests without reading an answer, until tsad ends it
 *   hang             from here on no order to stop is obeyed; after DRAIN good requests without end
 *   die              ends at once
 *   LIE              a few good requests, then that lie, then requests that must not be heard
 * An admin front it does not play: that one becomes the real program.
 */
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsa/tsp/alg.h"

enum {
	ENDPOINT_FAST = 1, /* of lib.sh's configuration */
	LIFE_S = 300, /* whatever happens: nothing of a test stays behind */
	ASKED_BEFORE_LIE = 3,
	HEARD_NO_MORE = 200, /* after it */
	DESCRIPTORS = 20, /* in one datagram */
	MAX_ORDER = 64,
};

static _Noreturn void fail(const char *what)
{
	perror(what);
	_exit(3);
}

struct msg good_issue(struct hostile *h, uint8_t mark)
{
	static uint8_t imprint[32];

	memset(imprint, mark, sizeof(imprint));
	return (struct msg){ .type = MSG_ISSUE,
		.issue = { .id = (uint64_t)h->nonce << 32 | ++h->number,
			.endpoint = ENDPOINT_FAST,
			.digest = TSP_SHA256,
			.imprint = { imprint, sizeof(imprint) } } };
}

bool send_bytes(struct bytes message)
{
	return send(IPC_CHILD_FD, message.at, message.len, MSG_NOSIGNAL) == (ssize_t)message.len;
}

bool send_message(struct hostile *h, const struct msg *m)
{
	return send_bytes(msg_encode(m, h->out_buf));
}

/* The next message into h->in; false at the end of the channel. */
static bool receive(struct hostile *h)
{
	ssize_t n = recv(IPC_CHILD_FD, h->in_buf, sizeof(h->in_buf), 0);

	if (n <= 0)
		return false;
	if (!msg_decode((struct bytes){ h->in_buf, (size_t)n }, &h->in))
		fail("tsad's message does not decode");
	return true;
}

static void say(const struct hostile *h, const char *text)
{
	(void)!write(h->client, text, strlen(text));
}

/* Answers to requests up to this count; says how many of them are tokens. */
static void collect(struct hostile *h, unsigned count)
{
	unsigned tokens = 0;
	unsigned answers = 0;
	char text[64];

	while (answers < count && receive(h)) {
		tokens += h->in.type == MSG_TOKEN;
		answers += h->in.type == MSG_TOKEN || h->in.type == MSG_REFUSED ||
			   h->in.type == MSG_BUSY;
	}
	(void)snprintf(text, sizeof(text), "tokens=%u answers=%u\n", tokens, answers);
	say(h, text);
}

static void ask(struct hostile *h, unsigned count, uint8_t mark)
{
	for (unsigned i = 0; i < count; i++) {
		const struct msg m = good_issue(h, mark);

		if (!send_message(h, &m))
			return;
	}
}

/* A good request that brings descriptors along. */
static void ask_with_descriptors(struct hostile *h)
{
	const struct msg m = good_issue(h, MARK_ASKED);
	struct bytes message = msg_encode(&m, h->out_buf);
	struct iovec part = { h->out_buf, message.len };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(DESCRIPTORS * sizeof(int))] = { 0 };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *ancillary = CMSG_FIRSTHDR(&header);
	int fds[DESCRIPTORS];

	for (int i = 0; i < DESCRIPTORS; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			fail("/dev/null");
	}
	ancillary->cmsg_level = SOL_SOCKET;
	ancillary->cmsg_type = SCM_RIGHTS;
	ancillary->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(ancillary), fds, sizeof(fds));
	if (sendmsg(IPC_CHILD_FD, &header, MSG_NOSIGNAL) < 0)
		fail("SCM_RIGHTS");
	for (int i = 0; i < DESCRIPTORS; i++)
		(void)close(fds[i]);
}

/* Nothing is read: the answers pile up on tsad's side. */
static _Noreturn void be_deaf(struct hostile *h)
{
	for (;;) {
		const struct msg m = good_issue(h, MARK_ASKED);

		if (!send_message(h, &m))
			(void)pause(); /* for the kill */
	}
}

/* DRAIN and the end of the channel are orders to stop: neither is obeyed. */
static _Noreturn void hang(struct hostile *h)
{
	say(h, "hangs\n");
	(void)close(h->client);
	while (receive(h)) {
		if (h->in.type == MSG_DRAIN)
			be_deaf(h);
	}
	for (;;)
		(void)pause();
}

/* Good requests, the lie, and more that would be good if they were heard. */
static void tell_lie(struct hostile *h, const char *name)
{
	ask(h, ASKED_BEFORE_LIE, MARK_ASKED);
	if (!lie(h, name)) {
		say(h, "cannot\n");
		return;
	}
	ask(h, HEARD_NO_MORE, MARK_LIE);
	say(h, "lied\n");
	for (;;)
		(void)pause(); /* for the kill */
}

static void obey(struct hostile *h, const char *order)
{
	unsigned count = 0;

	if (sscanf(order, "honest %u", &count) == 1) {
		ask(h, count, MARK_ASKED);
		collect(h, count);
	} else if (sscanf(order, "descriptors %u", &count) == 1) {
		for (unsigned i = 0; i < count; i++)
			ask_with_descriptors(h);
		collect(h, count);
	} else if (strcmp(order, "deaf") == 0) {
		be_deaf(h);
	} else if (strcmp(order, "hang") == 0) {
		hang(h);
	} else if (strcmp(order, "die") == 0) {
		_exit(0);
	} else {
		tell_lie(h, order);
	}
}

/* One line from whoever connects. */
static void serve(struct hostile *h)
{
	char order[MAX_ORDER] = "";
	size_t len = 0;

	h->client = accept4(IPC_FIRST_LISTENER_FD, NULL, NULL, SOCK_CLOEXEC);
	if (h->client < 0)
		return;
	while (len + 1 < sizeof(order) && read(h->client, order + len, 1) == 1 &&
		order[len] != '\n')
		len++;
	order[len] = '\0';
	if (len > 0)
		obey(h, order);
	(void)close(h->client);
}

static _Noreturn void loop(struct hostile *h)
{
	struct pollfd p[] = { { .fd = IPC_CHILD_FD, .events = POLLIN },
		{ .fd = IPC_FIRST_LISTENER_FD, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (p[0].revents != 0 && (!receive(h) || h->in.type == MSG_DRAIN))
			_exit(0);
		if (p[1].revents != 0)
			serve(h);
	}
}

/* Beside us stands the real program. */
static _Noreturn void become_real(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 6);
	char *const argv[] = { (char *)(uintptr_t) "tsa-front", NULL };

	if (len <= 0)
		fail("/proc/self/exe");
	(void)strcpy(path + len, ".real");
	(void)execv(path, argv);
	fail(path);
}

int main(void)
{
	struct hostile *h = must_calloc(1, sizeof(*h));
	ssize_t n = recv(IPC_CHILD_FD, h->in_buf, sizeof(h->in_buf), MSG_PEEK);
	const struct msg ready = { .type = MSG_READY, .ready = { .version = MSG_VERSION } };

	if (n <= 0 || !msg_decode((struct bytes){ h->in_buf, (size_t)n }, &h->in) ||
		h->in.type != MSG_SETUP_FRONT)
		fail("SETUP_FRONT");
	if (h->in.setup_front.front == MSG_FRONT_ADMIN)
		become_real();
	h->nonce = h->in.setup_front.start_nonce;
	(void)alarm(LIFE_S);
	(void)signal(SIGTERM, SIG_IGN);
	while (receive(h)) {
		if (h->in.type == MSG_TABLES_DONE)
			break;
	}
	if (!send_message(h, &ready))
		fail("READY");
	loop(h);
}
