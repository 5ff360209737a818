/*
 * Owns the front, both ends of its channel, its listener and the clock.  The linker puts
 * __wrap_clock_gettime() in the place of libc's for the front; libevent keeps its own.
 */
#include "front_service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "tsa/core/ipc.h"
#include "tsa/core/log.h"
#include "tsa/front/admit.h"
#include "tsa/front/channel.h"
#include "tsa/front/exchange.h"
#include "tsa/front/http.h"
#include "tsa/front/rate.h"
#include "tsa/front/sigstore.h"
#include "tsa/tsp/der.h"

enum {
	START_NONCE = 0x5a17f00d,
	CONNECTIONS = 16,
	QUEUE = 1 << 20,
	TOKEN_LEN = 300,
	QUIET_ROUNDS = 3, /* in which nothing happened: nothing will */
	MAX_ROUNDS = 10000,
	LONGEST_WAIT_MS = 120000, /* no state of a connection lasts longer */
	FILE_LEN = 3000,
};

/* 2026-11-24 08:00:00 UTC, where every input begins. */
static const uint64_t start_ms = UINT64_C(1795507200000);
static uint64_t clock_ms = UINT64_C(1795507200000);

static struct service {
	struct front *front;
	struct ipc *tsad; /* the other end of the channel */
	struct sockaddr_un address;
	socklen_t address_len;
	enum front_tsad answers;
	uint64_t last_id;
} service;

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	(void)clock;
	t->tv_sec = (time_t)(clock_ms / 1000);
	t->tv_nsec = (long)(clock_ms % 1000) * 1000000;
	return 0;
}

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "front: broken: %s\n", what);
	abort();
}

/*
 * The front's listener is always the same descriptor.  Taken before main(), since what drives a
 * fuzz target opens files of its own.
 */
__attribute__((constructor)) static void reserve_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && (fd == IPC_FIRST_LISTENER_FD || dup2(fd, IPC_FIRST_LISTENER_FD) >= 0),
		"descriptor of the listener");
	if (fd != IPC_FIRST_LISTENER_FD)
		(void)close(fd);
}

struct bytes front_token(void)
{
	static uint8_t token[TOKEN_LEN] = { 0x30, 0x82, 0x01, TOKEN_LEN - 4 - 256 };

	return (struct bytes){ token, sizeof(token) };
}

static struct bytes long_token(void)
{
	static uint8_t token[MSG_MAX_TOKEN] = { 0x30, 0x82, (MSG_MAX_TOKEN - 4) >> 8,
		(MSG_MAX_TOKEN - 4) & 0xff };

	return (struct bytes){ token, sizeof(token) };
}

static const char *const paths[] = { "/", "/test" };

static const struct msg_oid policies[] = { { 6, { 0x67, 0x81, 0x0c, 0x01, 0x04, 0x02 } },
	{ 2, { 0x2a, 0x03 } } };

enum { ENDPOINTS = sizeof(paths) / sizeof(paths[0]), POLICIES = 2 };

static const uint32_t accepted = 1U << TSP_SHA256 | 1U << TSP_SHA512;

static void tell(const struct msg *msg)
{
	static uint8_t out[IPC_MAX_MESSAGE];

	must(ipc_send(service.tsad, msg_encode(msg, out)), "tsad: full queue");
}

static void tell_file(const char *path, const char *type, struct bytes content)
{
	struct msg m = { .type = MSG_FILE };

	(void)snprintf(m.file.path, sizeof(m.file.path), "%s", path);
	(void)snprintf(m.file.type, sizeof(m.file.type), "%s", type);
	m.file.total = (uint32_t)content.len;
	m.file.part = content;
	tell(&m);
}

void front_tell_tables(void)
{
	static uint8_t content[FILE_LEN];
	const struct msg done = { .type = MSG_TABLES_DONE };

	for (uint8_t i = 0; i < ENDPOINTS; i++) {
		struct msg m = { .type = MSG_ENDPOINT,
			.endpoint = { .index = i,
				.digests = accepted,
				.first_release = i == 0,
				.policy_count = POLICIES } };

		memcpy(m.endpoint.policy, policies, sizeof(policies));
		(void)snprintf(m.endpoint.path, sizeof(m.endpoint.path), "%s", paths[i]);
		tell(&m);
	}
	memset(content, 'x', sizeof(content));
	tell_file("/", "text/html; charset=utf-8", bytes_of_text("<p></p>"));
	tell_file("/ca.crl", "application/pkix-crl", (struct bytes){ content, sizeof(content) });
	tell(&done);
}

static void tell_set_up(void)
{
	const struct msg m = { .type = MSG_SETUP_FRONT,
		.setup_front = {
			.version = MSG_VERSION,
			.front = MSG_FRONT_CLIENTS,
			.listeners = 1,
			.start_nonce = START_NONCE,
			.max_connections = CONNECTIONS,
		} };

	tell(&m);
}

/* An address of the kernel's own choice in the abstract space: nothing is left in a folder. */
static void listen_for_clients(struct service *s)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	s->address_len = sizeof(s->address);
	must(fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(sa_family_t)) == 0 &&
			listen(fd, CONNECTIONS) == 0 &&
			getsockname(fd, (struct sockaddr *)&s->address, &s->address_len) == 0 &&
			dup2(fd, IPC_FIRST_LISTENER_FD) == IPC_FIRST_LISTENER_FD,
		"listener");
	(void)close(fd);
}

static void start(struct service *s)
{
	struct front *front = must_calloc(1, sizeof(*front));
	struct err err = { 0 };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "channel");
	s->front = front;
	s->tsad = ipc_new(ends[0], QUEUE);
	front->channel = ipc_new(ends[1], FRONT_MAX_QUEUED);
	tell_set_up();
	front_tell_tables();
	log_open("front", LOG_LEVEL_ERROR);
	listen_for_clients(s);
	channel_set_up(front);
	sigstore_start(1);
	front->rate = rate_new(front->setup.rate_limit, 1);
	must(http_start(front, &err) && admit_start(front, &err) && channel_start(front, &err),
		err.text);
	admit_open(front);
}

struct front *front_service(void)
{
	if (service.front == NULL)
		start(&service);
	return service.front;
}

void front_reset(struct front *front, enum msg_front kind, enum front_tsad tsad)
{
	front->setup.front = (uint8_t)kind; /* looked at with each request */
	clock_ms = start_ms;
	front->exchanges.last_number = 0;
	front->exchanges.next_summary_ms = 0;
	front->admit.said_full_ms = 0;
	service.answers = tsad;
	service.last_id = 0;
}

int front_connect(void)
{
	const struct service *s = &service;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (const struct sockaddr *)&s->address, s->address_len) == 0 &&
			fcntl(fd, F_SETFL, O_NONBLOCK) == 0,
		"connect");
	return fd;
}

/* What tsad may rely on (authority/fronts.c ends a front that breaks it). */
static void check_issue(const struct msg_issue *m)
{
	bool offered = m->policy.len == 0;

	must(m->endpoint < ENDPOINTS, "ISSUE: endpoint");
	must(m->digest < TSP_DIGESTS && (accepted >> m->digest & 1) != 0, "ISSUE: digest");
	must(m->imprint.len == tsp_digest_len((enum tsp_digest)m->digest), "ISSUE: imprint");
	must(m->nonce.len == 0 ||
			(m->nonce.len <= TSP_MAX_NONCE && der_integer_is_minimal(m->nonce)),
		"ISSUE: nonce");
	for (size_t i = 0; i < POLICIES; i++)
		offered = offered ||
			  (m->policy.len == policies[i].len &&
				  memcmp(m->policy.at, policies[i].at, m->policy.len) == 0);
	must(offered, "ISSUE: policy");
}

static void refuse(struct msg *m, bool badly)
{
	m->type = MSG_REFUSED;
	m->refused.fail_info = TSP_TIME_NOT_AVAILABLE;
	for (size_t i = 0; i + 2 < sizeof(m->refused.text); i += 2)
		memcpy(m->refused.text + i, badly ? "\xc3\x28" : "\xc3\xa4", 2);
}

static void answer_issue(struct service *s, uint64_t id)
{
	struct msg m = { .type = MSG_TOKEN, .token.id = id };

	switch (s->answers) {
	case FRONT_TSAD_GRANTS:
		m.token.token = front_token();
		break;
	case FRONT_TSAD_GRANTS_MUCH:
		m.token.token = long_token();
		break;
	case FRONT_TSAD_REFUSES:
	case FRONT_TSAD_REFUSES_BADLY:
		refuse(&m, s->answers == FRONT_TSAD_REFUSES_BADLY);
		m.refused.id = id;
		break;
	case FRONT_TSAD_IS_BUSY:
		m = (struct msg){ .type = MSG_BUSY, .busy.id = id };
		break;
	default:
		return;
	}
	tell(&m);
}

static void answer_status(struct service *s, uint64_t id)
{
	struct msg m = { .type = MSG_STATUS_REPLY,
		.status_reply = { .id = id, .text = { (const uint8_t *)"ok\n", 3 } } };

	m.status_reply.good = s->answers != FRONT_TSAD_REFUSES;
	if (s->answers != FRONT_TSAD_IS_SILENT)
		tell(&m);
}

/* Reads and answers what the front asked; true if there was anything. */
static bool tsad_turn(struct service *s)
{
	static uint8_t in[IPC_MAX_MESSAGE];
	static struct msg m;
	struct bytes message;
	uint64_t id;

	(void)ipc_flush(s->tsad);
	if (ipc_recv(s->tsad, in, false, &message) != IPC_OK)
		return false;
	must(msg_decode(message, &m), "a message that does not decode");
	if (m.type == MSG_READY)
		return true; /* the tables are in force */
	must(m.type == MSG_ISSUE || m.type == MSG_STATUS, msg_name(m.type));
	id = m.type == MSG_ISSUE ? m.issue.id : m.status.id;
	must(id > s->last_id && id >> 32 == START_NONCE, "a request id that is not the next");
	s->last_id = id;
	if (m.type == MSG_STATUS) {
		answer_status(s, id);
		return true;
	}
	check_issue(&m.issue);
	answer_issue(s, id);
	return true;
}

/* Appends what the client is told; true if there was anything; *closed if nothing more comes. */
static bool client_turn(int fd, struct buf *heard, bool *closed)
{
	static uint8_t in[65536];
	ssize_t n;

	if (fd < 0 || *closed)
		return false;
	n = recv(fd, in, sizeof(in), 0);
	if (n > 0)
		buf_append(heard, (struct bytes){ in, (size_t)n });
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		*closed = true;
	return n > 0;
}

bool front_turn(struct front *front, int fd, struct buf *heard)
{
	bool closed = false;
	int quiet = 0;

	for (int round = 0; quiet < QUIET_ROUNDS; round++) {
		must(round < MAX_ROUNDS, "it never comes to rest");
		(void)event_base_loop(front->base, EVLOOP_NONBLOCK);
		quiet++;
		while (tsad_turn(&service))
			quiet = 0;
		if (client_turn(fd, heard, &closed))
			quiet = 0;
	}
	return closed;
}

void front_wait(struct front *front, unsigned ms)
{
	clock_ms += ms;
	exchange_tick(front);
	admit_tick(front);
}

void front_must_be_empty(struct front *front)
{
	(void)front_turn(front, -1, NULL);
	front_wait(front, LONGEST_WAIT_MS);
	(void)front_turn(front, -1, NULL);
	must(front->admit.count == 0, "a connection is left");
	must(front->exchanges.count == 0, "a request is left in the table");
	for (size_t i = 0; i < FRONT_BUCKETS; i++)
		must(front->exchanges.bucket[i] == NULL, "a bucket is not empty");
}
