/*
 * What a service manager hears and hands over: datagrams of a real socket, and the variables of
 * sd_notify(3) and sd_listen_fds(3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tsa/authority/activation.h"
#include "tsa/authority/notify.h"

/* A manager's socket under an abstract name of this process. */
static int manager(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char name[64];
	int len = snprintf(name, sizeof(name), "@tsa-test-notify-%d", (int)getpid());

	memcpy(at.sun_path + 1, name + 1, (size_t)len - 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void assert_told(int fd, const char *text)
{
	char got[1024] = "";
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	assert_true(n > 0);
	assert_int_equal(strncmp(got, text, strlen(text)), 0);
}

static void assert_silence(int fd)
{
	char got[1024];

	assert_true(recv(fd, got, sizeof(got), 0) < 0);
}

static void tells_readiness_reload_and_end(void **unused)
{
	struct notify n;
	int fd = manager();

	(void)unused;
	notify_open(&n);
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_status(&n, "recovering");
	assert_told(fd, "STATUS=recovering");
	notify_ready(&n, "serving");
	assert_told(fd, "READY=1\nSTATUS=serving");
	notify_reloading(&n);
	assert_told(fd, "RELOADING=1\nMONOTONIC_USEC=");
	notify_ready(&n, "serving");
	assert_told(fd, "READY=1\n");
	notify_stopping(&n);
	assert_told(fd, "STOPPING=1\n");
	notify_close(&n);
	(void)close(fd);
}

static void feeds_a_watchdog_that_is_its_own_only(void **unused)
{
	char pid[16];
	struct notify n;
	int fd = manager();

	(void)unused;
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("WATCHDOG_USEC", "30000000", 1);
	(void)setenv("WATCHDOG_PID", pid, 1);
	notify_open(&n);
	assert_int_equal(n.watchdog_every_ms, 15000);
	notify_tick(&n);
	assert_told(fd, "WATCHDOG=1");
	notify_tick(&n); /* not due yet */
	assert_silence(fd);
	notify_close(&n);
	(void)close(fd);
	fd = manager();
	(void)setenv("WATCHDOG_USEC", "30000000", 1);
	(void)setenv("WATCHDOG_PID", "1", 1);
	notify_open(&n);
	notify_tick(&n);
	assert_silence(fd);
	assert_null(getenv("WATCHDOG_USEC"));
	notify_close(&n);
	(void)close(fd);
}

static void without_a_manager_says_nothing(void **unused)
{
	static const char *const bad[] = { NULL, "", "@", "relative", "/nowhere/at/all",
		"/a/path/that/is/longer/than/what/a/socket's/address/can/hold/which/is/a/hundred/"
		"and/seven/bytes/and/a/zero/byte" };
	struct notify n;

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bad[i] != NULL)
			(void)setenv("NOTIFY_SOCKET", bad[i], 1);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		notify_ready(&n, "serving");
		notify_tick(&n);
		notify_close(&n);
	}
}

static void set_variables(int count, const char *names)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof(text), "%d", count);
	(void)setenv("LISTEN_FDS", text, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
}

/* Listeners at 3 and 4, as a manager leaves them. */
static void hand_over(struct sockaddr_in at[2])
{
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(at[i]);
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		at[i] = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		assert_int_equal(bind(fd, (struct sockaddr *)&at[i], sizeof(at[i])), 0);
		assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&at[i], &len), 0);
		if (fd != 3 + i) {
			assert_int_equal(dup2(fd, 3 + i), 3 + i);
			(void)close(fd);
		}
	}
}

static int take(struct activation *a, const char *front, const struct sockaddr_in *at)
{
	return activation_take(a, front, (const struct sockaddr *)at, sizeof(*at));
}

static void gives_a_socket_to_the_address_it_is_bound_to(void **unused)
{
	struct sockaddr_in at[2];
	struct activation a;
	struct err err = { 0 };

	(void)unused;
	hand_over(at);
	set_variables(2, "admin:tsad.socket");
	assert_true(activation_read(&a, &err));
	assert_null(getenv("LISTEN_FDS"));
	assert_int_equal(a.count, 2);
	assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(take(&a, "clients", &at[0]), -1); /* it is named for admin */
	assert_int_equal(take(&a, "admin", &at[0]), 3);
	assert_int_equal(take(&a, "admin", &at[0]), -1); /* taken */
	assert_false(activation_done(&a, &err));
	assert_non_null(strstr(err.text, "descriptor 4"));
	at[1].sin_port = 0;
	assert_int_equal(take(&a, "clients", &at[1]), 4);
	assert_true(activation_done(&a, &err));
	(void)close(3);
	(void)close(4);
}

static void another_address_or_process_gets_none(void **unused)
{
	struct sockaddr_in at[2];
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct activation a;
	struct err err = { 0 };

	(void)unused;
	hand_over(at);
	set_variables(2, "");
	assert_true(activation_read(&a, &err));
	at[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(take(&a, "clients", &at[0]), -1);
	assert_int_equal(
		activation_take(&a, "clients", (const struct sockaddr *)&v6, sizeof(v6)), -1);
	activation_close(&a);
	assert_int_equal(fcntl(3, F_GETFD), -1);
	hand_over(at);
	set_variables(2, "");
	(void)setenv("LISTEN_PID", "1", 1);
	assert_true(activation_read(&a, &err));
	assert_int_equal(a.count, 0);
	assert_null(getenv("LISTEN_FDS"));
	(void)close(3);
	(void)close(4);
}

static void refuses_what_is_no_listener_or_too_many(void **unused)
{
	struct activation a;
	struct err err = { 0 };
	int pipes[2];

	(void)unused;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipes[0], 3);
	set_variables(1, "clients");
	assert_false(activation_read(&a, &err));
	assert_non_null(strstr(err.text, "descriptor 3"));
	activation_close(&a);
	set_variables(ACTIVATION_MAX + 1, "");
	assert_false(activation_read(&a, &err));
	assert_non_null(strstr(err.text, "at most"));
	set_variables(1, "clients");
	(void)setenv("LISTEN_FDS", "1x", 1);
	assert_true(activation_read(&a, &err));
	assert_int_equal(a.count, 0);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_readiness_reload_and_end),
		cmocka_unit_test(feeds_a_watchdog_that_is_its_own_only),
		cmocka_unit_test(without_a_manager_says_nothing),
		cmocka_unit_test(gives_a_socket_to_the_address_it_is_bound_to),
		cmocka_unit_test(another_address_or_process_gets_none),
		cmocka_unit_test(refuses_what_is_no_listener_or_too_many),
	};

	/* What whoever runs the tests left open stands in the way of the descriptors from 3 on. */
	(void)close_range(3, ~0U, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
