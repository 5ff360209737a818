/* What bounds tsa-front: time, connections, waiting requests; and how it drains (R12, R31). */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/front_rig.h"

enum {
	TOKEN_LEN = 5000,
	MAX_WAITING = 4096, /* of front.h */
	REQUEST_LIMIT_S = 10,
	HALF = 20, /* bytes of a request, to leave it incomplete */
};

static struct rig_reply reply;

static time_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static const struct msg drain = { .type = MSG_DRAIN };

static int client(const struct rig *rig, const char *text)
{
	int fd = rig_connect(rig);

	rig_write_text(fd, text);
	return fd;
}

static void expect_token(struct rig *rig, int fd)
{
	(void)rig_grant(rig, TOKEN_LEN);
	rig_read(fd, false, &reply);
	assert_int_equal(reply.status, 200);
}

/* True if nothing can be read for this long. */
static bool silent(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 0;
}

static void a_request_that_is_not_complete_in_time_ends_the_connection(void **unused)
{
	struct rig *rig = rig_start();
	time_t start = now_s();
	int kept = rig_connect(rig);
	int slow[5];

	(void)unused;
	slow[0] = client(rig, "");
	slow[1] = client(rig, "POST / HT");
	slow[2] = client(rig, "POST / HTTP/1.1\r\nHost: t\r\n");
	slow[3] = client(rig, "POST / HTTP/1.1\r\nContent-Length: 69\r\n\r\n");
	rig_write(slow[3], rig_request, HALF);
	slow[4] = client(rig, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n45\r\n");
	rig_post(kept, "/", "");
	expect_token(rig, kept);
	/* A byte now and then does not make more time (R31: evhttp's own timeout is per read). */
	for (int i = 0; i < REQUEST_LIMIT_S - 3; i++) {
		assert_true(silent(slow[2], 1000));
		rig_write_text(slow[2], "X");
	}
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
		assert_true(rig_ended(slow[i]));
		(void)close(slow[i]);
	}
	assert_in_range(now_s() - start, REQUEST_LIMIT_S - 1, REQUEST_LIMIT_S + 3);
	/* One that is idle after a request has more time. */
	rig_post(kept, "/", "");
	expect_token(rig, kept);
	(void)close(kept);
	rig_stop(rig);
}

static void connections_over_the_cap_wait_until_one_ends(void **unused)
{
	struct rig *rig = rig_spawn();
	int first;
	int second;
	int third;

	(void)unused;
	rig_set_up(rig, MSG_FRONT_CLIENTS, 2);
	(void)rig_hear(rig, MSG_READY);
	first = rig_connect(rig);
	second = rig_connect(rig);
	rig_post(first, "/", "");
	expect_token(rig, first);
	rig_post(second, "/", "");
	expect_token(rig, second);
	third = rig_connect(rig); /* in the kernel's backlog */
	rig_post(third, "/", "");
	assert_true(silent(ipc_fd(rig->channel), 300));
	(void)close(first);
	expect_token(rig, third);
	rig_post(second, "/", "");
	expect_token(rig, second);
	(void)close(second);
	(void)close(third);
	rig_stop(rig);
}

static bool may_open(rlim_t files)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < files)
		return false;
	limit.rlim_cur = files;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* One of the clients has an answer: reads it. */
static void read_any(const int *fds)
{
	struct pollfd *polled = must_calloc(MAX_WAITING, sizeof(*polled));

	for (int i = 0; i < MAX_WAITING; i++)
		polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	assert_int_equal(poll(polled, MAX_WAITING, RIG_WAIT_MS), 1);
	for (int i = 0; i < MAX_WAITING; i++) {
		if (polled[i].revents != 0)
			rig_read(fds[i], false, &reply);
	}
	free(polled);
}

static void one_request_too_many_that_waits_is_503(void **unused)
{
	struct rig *rig;
	int *fds = must_calloc(MAX_WAITING + 1, sizeof(int));
	struct msg busy = { .type = MSG_BUSY };

	(void)unused;
	if (!may_open(MAX_WAITING + 100)) {
		print_message("SKIPPED: requests that wait: RLIMIT_NOFILE is too low\n");
		free(fds);
		skip();
		return;
	}
	rig = rig_spawn();
	rig_set_up(rig, MSG_FRONT_CLIENTS, MAX_WAITING + 10);
	(void)rig_hear(rig, MSG_READY);
	for (int i = 0; i <= MAX_WAITING; i++)
		fds[i] = rig_connect(rig);
	/* tsad reads nothing meanwhile: most of them wait in the front's own queue (R13). */
	for (int i = 0; i < MAX_WAITING; i++)
		rig_post(fds[i], "/", "");
	for (int i = 0; i < MAX_WAITING; i++)
		busy.busy.id = rig_hear(rig, MSG_ISSUE)->issue.id;
	rig_post(fds[MAX_WAITING], "/", "");
	rig_read(fds[MAX_WAITING], false, &reply);
	assert_int_equal(reply.status, 503);
	assert_string_equal(rig_header(&reply, "Retry-After"), "1");
	/* With one answered the next may wait. */
	rig_tell(rig, &busy);
	read_any(fds);
	assert_int_equal(reply.status, 503);
	rig_post(fds[MAX_WAITING], "/", "");
	expect_token(rig, fds[MAX_WAITING]);
	for (int i = 0; i <= MAX_WAITING; i++)
		(void)close(fds[i]);
	free(fds);
	rig_stop(rig);
}

static void assert_left_well(struct rig *rig)
{
	int status = rig_wait(rig);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void drain_answers_what_is_accepted_and_ends(void **unused)
{
	struct rig *rig = rig_start();
	int waiting = rig_connect(rig);
	int reading = rig_connect(rig);
	int idle = rig_connect(rig);
	struct msg token = { .type = MSG_TOKEN, .token.token = { (const uint8_t *)"0", 1 } };

	(void)unused;
	rig_post(idle, "/", "");
	expect_token(rig, idle);
	rig_write_text(reading, "POST / HTTP/1.1\r\nContent-Length: 69\r\n\r\n");
	rig_write(reading, rig_request, HALF);
	rig_post(waiting, "/", "");
	token.token.id = rig_hear(rig, MSG_ISSUE)->issue.id;
	rig_tell(rig, &drain);
	rig_tell(rig, &drain); /* once more changes nothing */
	assert_true(rig_ended(idle));
	rig_tell(rig, &token);
	rig_read(waiting, false, &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(rig_header(&reply, "Connection"), "close");
	assert_true(rig_ended(waiting));
	rig_write(reading, rig_request + HALF, sizeof(rig_request) - HALF);
	expect_token(rig, reading);
	assert_string_equal(rig_header(&reply, "Connection"), "close");
	assert_true(rig_ended(reading));
	assert_left_well(rig);
	(void)close(waiting);
	(void)close(reading);
	(void)close(idle);
	rig_stop(rig);
}

static void a_keep_alive_of_http_1_0_ends_openly_when_draining(void **unused)
{
	struct rig *rig = rig_start();
	int fd = client(rig, "POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
			     "Content-Length: 69\r\n\r\n");
	struct msg token = { .type = MSG_TOKEN, .token.token = { (const uint8_t *)"0", 1 } };

	(void)unused;
	rig_write(fd, rig_request, sizeof(rig_request));
	token.token.id = rig_hear(rig, MSG_ISSUE)->issue.id;
	rig_tell(rig, &drain);
	rig_tell(rig, &token);
	rig_read(fd, false, &reply);
	assert_string_equal(rig_header(&reply, "Connection"), "close");
	assert_null(strstr(reply.head, "keep-alive"));
	assert_true(rig_ended(fd));
	assert_left_well(rig);
	(void)close(fd);
	rig_stop(rig);
}

static void drain_with_nothing_to_do_ends_at_once_and_no_one_gets_in(void **unused)
{
	struct rig *rig = rig_start();
	int never_spoke = rig_connect(rig);
	int spoke = rig_connect(rig);

	(void)unused;
	/* Both are accepted once this is answered. */
	rig_post(spoke, "/", "");
	expect_token(rig, spoke);
	rig_tell(rig, &drain);
	assert_true(rig_ended(spoke));
	assert_true(rig_ended(never_spoke));
	assert_left_well(rig);
	(void)close(never_spoke);
	(void)close(spoke);
	rig_stop(rig);
}

static void drain_does_not_wait_for_ever(void **unused)
{
	struct rig *rig = rig_start();
	int fd = rig_connect(rig);
	time_t start;

	(void)unused;
	/* 200 kB that the client does not read, more than the socket buffers hold. */
	for (int i = 0; i < 100; i++)
		rig_write_text(fd, "GET /big.crl HTTP/1.1\r\nHost: t\r\n\r\n");
	assert_false(silent(fd, RIG_WAIT_MS));
	start = now_s();
	rig_tell(rig, &drain);
	assert_left_well(rig);
	assert_in_range(now_s() - start, 0, REQUEST_LIMIT_S + 3);
	(void)close(fd);
	rig_stop(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_is_not_complete_in_time_ends_the_connection),
		cmocka_unit_test(connections_over_the_cap_wait_until_one_ends),
		cmocka_unit_test(one_request_too_many_that_waits_is_503),
		cmocka_unit_test(drain_answers_what_is_accepted_and_ends),
		cmocka_unit_test(a_keep_alive_of_http_1_0_ends_openly_when_draining),
		cmocka_unit_test(drain_with_nothing_to_do_ends_at_once_and_no_one_gets_in),
		cmocka_unit_test(drain_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
