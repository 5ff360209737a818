/* Owns the processes, sockets and bytes of the tests of tsa-front. */
#include "front_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tsa/tsp/alg.h"

enum { BIG_FILE = 200000, QUEUE = 1 << 22 };

const uint8_t rig_request[69] = {
	0x30, 0x43, 0x02, 0x01, 0x01, /* version 1 */
	0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, /* SHA-256 */
	0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0x41, 0x42, 0x43, 0x44, 0x45, /* imprint */
	0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, /* "ABC.." */
	0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
	0x02, 0x08, 0xf1, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, /* nonce */
	0x08, 0x01, 0x01, 0xff, /* certReq */
};

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* In the child: descriptors as tsad leaves them, then the program. */
static _Noreturn void run_front(int channel, int listener)
{
	char *const argv[] = { (char[]){ "tsa-front" }, NULL };
	/* Out of the way of 3 and 4 first; dup2() clears close-on-exec. */
	int high_channel = fcntl(channel, F_DUPFD_CLOEXEC, 10);
	int high_listener = fcntl(listener, F_DUPFD_CLOEXEC, 10);

	if (dup2(high_channel, IPC_CHILD_FD) < 0 || dup2(high_listener, IPC_FIRST_LISTENER_FD) < 0)
		_exit(99);
	(void)execv(TSA_FRONT, argv);
	_exit(98);
}

struct rig *rig_spawn(void)
{
	struct rig *rig = must_calloc(1, sizeof(*rig));
	int ends[2];
	int listener = listen_on_loopback(&rig->port);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	rig->pid = fork();
	assert_true(rig->pid >= 0);
	if (rig->pid == 0)
		run_front(ends[1], listener);
	(void)close(ends[1]);
	(void)close(listener);
	rig->channel = ipc_new(ends[0], QUEUE);
	rig->buf = must_calloc(1, IPC_MAX_MESSAGE);
	return rig;
}

void rig_tell(struct rig *rig, const struct msg *msg)
{
	uint8_t *out = must_calloc(1, IPC_MAX_MESSAGE);

	/* A front that is gone is noticed where something is read. */
	(void)ipc_send_wait(rig->channel, msg_encode(msg, out));
	free(out);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, RIG_WAIT_MS), 1);
}

static void hear_any(struct rig *rig)
{
	struct bytes message;

	wait_readable(ipc_fd(rig->channel));
	assert_int_equal(ipc_recv(rig->channel, rig->buf, false, &message), IPC_OK);
	assert_true(msg_decode(message, &rig->in));
}

const struct msg *rig_hear(struct rig *rig, enum msg_type type)
{
	do
		hear_any(rig);
	while (rig->in.type == MSG_COUNTS && type != MSG_COUNTS);
	assert_string_equal(msg_name(rig->in.type), msg_name(type));
	return &rig->in;
}

static void tell_endpoint(struct rig *rig, uint8_t index, const char *path)
{
	/* Policies 2.23.140.1.4.2 and 1.2.3. */
	struct msg m = { .type = MSG_ENDPOINT,
		.endpoint = { .index = index,
			.first_release = index == 0,
			.digests = 1U << TSP_SHA256 | 1U << TSP_SHA512,
			.policy_count = 2,
			.policy = { { 6, { 0x67, 0x81, 0x0c, 0x01, 0x04, 0x02 } },
				{ 2, { 0x2a, 0x03 } } } } };

	(void)snprintf(m.endpoint.path, sizeof(m.endpoint.path), "%s", path);
	rig_tell(rig, &m);
}

static void tell_file(struct rig *rig, const char *path, const char *type, struct bytes content)
{
	size_t at = 0;

	do {
		size_t part = content.len - at < MSG_MAX_PART ? content.len - at : MSG_MAX_PART;
		struct msg m = { .type = MSG_FILE,
			.file = { .offset = (uint32_t)at,
				.total = (uint32_t)content.len,
				.part = { content.at + at, part } } };

		(void)snprintf(m.file.path, sizeof(m.file.path), "%s", path);
		(void)snprintf(m.file.type, sizeof(m.file.type), "%s", type);
		rig_tell(rig, &m);
		at += part;
	} while (at < content.len);
}

void rig_set_up(struct rig *rig, enum msg_front kind, uint32_t max_connections)
{
	rig_set_up_limited(rig, kind, max_connections, 0);
}

void rig_set_up_limited(
	struct rig *rig, enum msg_front kind, uint32_t max_connections, uint32_t rate_limit)
{
	const struct msg setup = { .type = MSG_SETUP_FRONT,
		.setup_front = { .version = MSG_VERSION,
			.front = (uint8_t)kind,
			.listeners = 1,
			.start_nonce = RIG_NONCE,
			.max_connections = max_connections,
			.rate_limit = rate_limit } };
	const struct msg done = { .type = MSG_TABLES_DONE };

	rig_tell(rig, &setup);
	if (kind == MSG_FRONT_CLIENTS) {
		uint8_t *big = must_calloc(1, BIG_FILE);

		memset(big, 'x', BIG_FILE);
		tell_endpoint(rig, 0, "/");
		tell_endpoint(rig, 1, "/test");
		tell_file(rig, "/", "text/html; charset=utf-8", bytes_of_text("<p>help</p>"));
		tell_file(rig, "/big.crl", "application/pkix-crl", (struct bytes){ big, BIG_FILE });
		free(big);
	}
	rig_tell(rig, &done);
}

struct rig *rig_start(void)
{
	struct rig *rig = rig_spawn();

	rig_set_up(rig, MSG_FRONT_CLIENTS, 1000);
	assert_int_equal(rig_hear(rig, MSG_READY)->ready.version, MSG_VERSION);
	return rig;
}

int rig_wait(struct rig *rig)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int status = 0;

	for (int waited_ms = 0; waited_ms < RIG_WAIT_MS; waited_ms += 2) {
		if (waitpid(rig->pid, &status, WNOHANG) == rig->pid) {
			rig->pid = 0;
			return status;
		}
		(void)nanosleep(&pause, NULL);
	}
	(void)kill(rig->pid, SIGKILL);
	(void)waitpid(rig->pid, &status, 0);
	rig->pid = 0;
	fail_msg("tsa-front did not end");
	return status;
}

void rig_stop(struct rig *rig)
{
	ipc_free(rig->channel);
	if (rig->pid != 0)
		assert_int_equal(rig_wait(rig), 0);
	free(rig->buf);
	free(rig);
}

uint64_t rig_grant(struct rig *rig, size_t token_len)
{
	uint8_t *token = must_calloc(1, token_len);
	uint64_t id = rig_hear(rig, MSG_ISSUE)->issue.id;
	struct msg m = { .type = MSG_TOKEN, .token = { .id = id, .token = { token, token_len } } };

	/* Only its length is looked at: SEQUENCE of token_len - 4 octets. */
	token[0] = 0x30;
	token[1] = 0x82;
	token[2] = (uint8_t)((token_len - 4) >> 8);
	token[3] = (uint8_t)(token_len - 4);
	rig_tell(rig, &m);
	free(token);
	return id;
}

int rig_connect(const struct rig *rig)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(rig->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void rig_write(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

void rig_write_text(int fd, const char *text)
{
	rig_write(fd, text, strlen(text));
}

void rig_post_as(int fd, const char *path, const char *headers, const void *body, size_t len)
{
	char head[1024];
	int head_len = snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: tsa\r\nContent-Length: %zu\r\n%s\r\n", path, len,
		headers);

	assert_true(head_len > 0 && (size_t)head_len < sizeof(head));
	rig_write(fd, head, (size_t)head_len);
	rig_write(fd, body, len);
}

void rig_post(int fd, const char *path, const char *headers)
{
	rig_post_as(fd, path, headers, rig_request, sizeof(rig_request));
}

void rig_post_body(int fd, const char *path, const void *body, size_t len)
{
	rig_post_as(fd, path, "Content-Type: application/timestamp-query\r\n", body, len);
}

static bool read_byte(int fd, uint8_t *byte)
{
	ssize_t n;

	wait_readable(fd);
	n = recv(fd, byte, 1, 0);
	assert_true(n >= 0 || errno == ECONNRESET);
	return n == 1;
}

const char *rig_header(const struct rig_reply *reply, const char *name)
{
	static char value[256];
	size_t name_len = strlen(name);

	for (const char *line = strstr(reply->head, "\r\n"); line != NULL;
		line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, name_len) != 0 || line[2 + name_len] != ':')
			continue;
		(void)snprintf(value, sizeof(value), "%.*s",
			(int)strcspn(line + 2 + name_len + 2, "\r"), line + 2 + name_len + 2);
		return value;
	}
	return NULL;
}

void rig_read(int fd, bool to_head, struct rig_reply *reply)
{
	size_t used = 0;
	const char *length;

	reply->status = 0;
	reply->body_len = 0;
	reply->head[0] = '\0';
	while (strstr(reply->head, "\r\n\r\n") == NULL) {
		assert_true(used + 1 < sizeof(reply->head));
		if (!read_byte(fd, (uint8_t *)&reply->head[used]))
			return;
		reply->head[++used] = '\0';
	}
	assert_memory_equal(reply->head, "HTTP/1.", 7);
	reply->status = (int)strtol(reply->head + 9, NULL, 10);
	length = rig_header(reply, "Content-Length");
	if (to_head || length == NULL)
		return;
	reply->body_len = strtoul(length, NULL, 10);
	assert_true(reply->body_len <= sizeof(reply->body));
	for (size_t got = 0; got < reply->body_len;) {
		ssize_t n;

		wait_readable(fd);
		n = recv(fd, reply->body + got, reply->body_len - got, 0);
		assert_true(n > 0);
		got += (size_t)n;
	}
}

bool rig_ended(int fd)
{
	uint8_t byte;

	return !read_byte(fd, &byte);
}
