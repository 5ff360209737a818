#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tsa/core/ipc.h"

struct pair {
	struct ipc *a;
	struct ipc *b;
	uint8_t *buf;
};

static int open_pair(void **state)
{
	struct pair *p = must_calloc(1, sizeof(*p));
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	p->a = ipc_new(fds[0], 100000);
	p->b = ipc_new(fds[1], 100000);
	p->buf = must_calloc(1, IPC_MAX_MESSAGE);
	*state = p;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	ipc_free(p->a);
	ipc_free(p->b);
	free(p->buf);
	free(p);
	return 0;
}

static void one_datagram_is_one_message(void **state)
{
	struct pair *p = *state;
	struct bytes got;

	assert_true(ipc_send(p->a, bytes_of_text("first")));
	assert_true(ipc_send(p->a, bytes_of_text("second")));
	assert_int_equal(ipc_recv(p->b, p->buf, true, &got), IPC_OK);
	assert_true(bytes_equal(got, bytes_of_text("first")));
	assert_int_equal(ipc_recv(p->b, p->buf, false, &got), IPC_OK);
	assert_true(bytes_equal(got, bytes_of_text("second")));
	assert_int_equal(ipc_recv(p->b, p->buf, false, &got), IPC_AGAIN);
}

static void the_longest_message_passes_and_a_longer_one_does_not(void **state)
{
	struct pair *p = *state;
	uint8_t *longest = must_calloc(1, IPC_MAX_MESSAGE + 1);
	struct bytes got;

	assert_true(ipc_send(p->a, (struct bytes){ longest, IPC_MAX_MESSAGE }));
	assert_int_equal(ipc_recv(p->b, p->buf, true, &got), IPC_OK);
	assert_int_equal(got.len, IPC_MAX_MESSAGE);
	assert_false(ipc_send(p->a, (struct bytes){ longest, IPC_MAX_MESSAGE + 1 }));
	free(longest);
}

static void an_empty_message_is_refused_since_it_would_read_as_the_end(void **state)
{
	struct pair *p = *state;

	assert_false(ipc_send(p->a, (struct bytes){ 0 }));
	assert_int_equal(ipc_send_wait(p->a, (struct bytes){ 0 }), IPC_FAILED);
}

static void a_datagram_over_the_limit_is_an_error_not_a_cut_message(void **state)
{
	struct pair *p = *state;
	uint8_t *long_one = must_calloc(1, IPC_MAX_MESSAGE + 1);
	struct bytes got;

	assert_int_equal(send(ipc_fd(p->a), long_one, IPC_MAX_MESSAGE + 1, 0), IPC_MAX_MESSAGE + 1);
	assert_int_equal(ipc_recv(p->b, p->buf, true, &got), IPC_FAILED);
	free(long_one);
}

/* R13: a channel holds few messages; what the kernel does not take waits, in order. */
static void what_the_kernel_does_not_take_waits_in_order(void **state)
{
	struct pair *p = *state;
	struct bytes got;
	uint32_t sent = 0;
	uint32_t seen = 0;

	while (!ipc_wants_write(p->a)) {
		assert_true(ipc_send(p->a, (struct bytes){ (uint8_t *)&sent, sizeof(sent) }));
		sent++;
	}
	assert_true(ipc_send(p->a, (struct bytes){ (uint8_t *)&sent, sizeof(sent) }));
	sent++;
	while (seen < sent) {
		if (ipc_recv(p->b, p->buf, false, &got) == IPC_OK) {
			assert_int_equal(got.len, sizeof(seen));
			assert_memory_equal(got.at, &seen, sizeof(seen));
			seen++;
		} else {
			(void)ipc_flush(p->a);
		}
	}
	assert_false(ipc_wants_write(p->a));
	assert_int_equal(ipc_queued(p->a), 0);
}

static void a_full_queue_refuses_and_keeps_what_it_has(void **state)
{
	struct pair *p = *state;
	uint8_t kib[1024] = { 0 };
	int taken = 0;

	while (ipc_send(p->a, (struct bytes){ kib, sizeof(kib) }))
		assert_true(++taken < 10000);
	assert_true(ipc_queued(p->a) <= 100000);
	assert_true(ipc_queued(p->a) > 100000 - sizeof(kib));
}

/* A front that does not read must not fill tsad's memory with answers of a few bytes. */
static void a_flood_of_tiny_messages_fills_the_queue(void **state)
{
	struct pair *p = *state;
	int waiting = 0;

	while (ipc_send(p->a, bytes_of_text("x"))) {
		waiting += ipc_wants_write(p->a) ? 1 : 0;
		assert_true(waiting < 100000 / 16);
	}
	assert_true(waiting > 0);
	assert_true(ipc_queued(p->a) <= 100000);
}

static void a_gone_side_reads_as_closed(void **state)
{
	struct pair *p = *state;
	struct bytes got;

	ipc_free(p->b);
	p->b = NULL;
	assert_true(ipc_send(p->a, bytes_of_text("into the void")));
	assert_int_equal(ipc_recv(p->a, p->buf, true, &got), IPC_CLOSED);
	assert_int_equal(ipc_send_wait(p->a, bytes_of_text("x")), IPC_CLOSED);
}

#define with_pair(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pair(one_datagram_is_one_message),
		with_pair(the_longest_message_passes_and_a_longer_one_does_not),
		with_pair(an_empty_message_is_refused_since_it_would_read_as_the_end),
		with_pair(a_datagram_over_the_limit_is_an_error_not_a_cut_message),
		with_pair(what_the_kernel_does_not_take_waits_in_order),
		with_pair(a_full_queue_refuses_and_keeps_what_it_has),
		with_pair(a_flood_of_tiny_messages_fills_the_queue),
		with_pair(a_gone_side_reads_as_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
