/* tsa-front against tsad: what it asks, how it takes each answer, and how it ends (R12-R14, R19).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/front_rig.h"
#include "tsa/tsp/alg.h"
#include "tsa/tsp/reply.h"

enum { TOKEN_LEN = 5000 };

struct world {
	struct rig *rig;
	int fd;
	struct rig_reply reply;
};

static int open_world(void **state)
{
	struct world *w = must_calloc(1, sizeof(*w));

	w->rig = rig_start();
	w->fd = rig_connect(w->rig);
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	(void)close(w->fd);
	rig_stop(w->rig);
	free(w);
	return 0;
}

static void expect_status(struct world *w, int status)
{
	rig_read(w->fd, false, &w->reply);
	assert_int_equal(w->reply.status, status);
}

static void expect_token(struct world *w)
{
	(void)rig_grant(w->rig, TOKEN_LEN);
	expect_status(w, 200);
}

/* The next answer is a TimeStampResp that refuses so; its statusString, static. */
static const char *expect_refusal(struct world *w, enum tsp_failure failure)
{
	static char text[301];
	struct tsp_reply got;

	expect_status(w, 200);
	assert_string_equal(rig_header(&w->reply, "Content-Type"), "application/timestamp-reply");
	assert_true(tsp_reply_decode((struct bytes){ w->reply.body, w->reply.body_len }, &got));
	assert_int_equal(got.status, 2);
	assert_int_equal(got.failure, failure);
	assert_in_range(got.text.len, 1, 300);
	memcpy(text, got.text.at, got.text.len);
	text[got.text.len] = '\0';
	return text;
}

/* Design section 6: a refusal's text ends in the request id. */
static void assert_ends_in_id(const char *text)
{
	const char *end = strstr(text, "(request ");
	char *after = NULL;

	assert_non_null(end);
	assert_int_equal(strtoull(end + strlen("(request "), &after, 16) >> 32, RIG_NONCE);
	assert_string_equal(after, ")");
	assert_int_equal(after - end, strlen("(request ") + 16);
}

static void a_body_that_is_no_request_is_bad_data_format(void **state)
{
	struct world *w = *state;
	uint8_t *garbage = must_calloc(1, TSP_MAX_REQUEST);
	uint8_t longer[sizeof(rig_request) + 2];

	memcpy(longer, rig_request, sizeof(rig_request));
	longer[sizeof(rig_request)] = '\r';
	longer[sizeof(rig_request) + 1] = '\n';
	/* P-01 */
	rig_post_body(w->fd, "/", "", 0);
	assert_ends_in_id(expect_refusal(w, TSP_BAD_DATA_FORMAT));
	rig_post_body(w->fd, "/", longer, sizeof(longer));
	assert_ends_in_id(expect_refusal(w, TSP_BAD_DATA_FORMAT));
	rig_post_body(w->fd, "/", garbage, TSP_MAX_REQUEST);
	assert_ends_in_id(expect_refusal(w, TSP_BAD_DATA_FORMAT));
	for (size_t len = 1; len < sizeof(rig_request); len++) {
		rig_post_body(w->fd, "/", rig_request, len);
		assert_ends_in_id(expect_refusal(w, TSP_BAD_DATA_FORMAT));
	}
	rig_post(w->fd, "/", "");
	expect_token(w);
	free(garbage);
}

static void what_the_endpoint_does_not_grant_is_refused_without_asking_tsad(void **state)
{
	struct world *w = *state;
	uint8_t request[sizeof(rig_request)];

	memcpy(request, rig_request, sizeof(request));
	request[4] = 2; /* version */
	rig_post_body(w->fd, "/", request, sizeof(request));
	assert_ends_in_id(expect_refusal(w, TSP_BAD_REQUEST));
	request[4] = 1;
	request[19] = 0x07; /* SHA3-224 */
	rig_post_body(w->fd, "/", request, sizeof(request));
	assert_ends_in_id(expect_refusal(w, TSP_BAD_ALG)); /* P-07 */
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void issue_carries_what_the_request_said(void **state)
{
	/* As rig_request, with absent parameters, reqPolicy 1.2.3, no nonce and no certReq. */
	static const uint8_t other[] = { 0x30, 0x38, 0x02, 0x01, 0x01, 0x30, 0x2f, 0x30, 0x0b, 0x06,
		0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20, 1, 2, 3, 4,
		5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
		27, 28, 29, 30, 31, 32, 0x06, 0x02, 0x2a, 0x03 };
	struct world *w = *state;
	const struct msg_issue *issue;

	rig_post(w->fd, "/", "");
	issue = &rig_hear(w->rig, MSG_ISSUE)->issue;
	assert_int_equal(issue->id, (uint64_t)RIG_NONCE << 32 | 1);
	assert_int_equal(issue->endpoint, 0);
	assert_int_equal(issue->digest, TSP_SHA256);
	assert_int_equal(issue->null_params, 1);
	assert_int_equal(issue->cert_req, 1);
	assert_int_equal(issue->policy.len, 0);
	assert_int_equal(issue->imprint.len, 32);
	assert_memory_equal(issue->imprint.at, rig_request + 24, 32);
	assert_int_equal(issue->nonce.len, 8);
	assert_memory_equal(issue->nonce.at, rig_request + 58, 8);
	(void)close(w->fd);
	w->fd = rig_connect(w->rig);
	rig_post_body(w->fd, "/test", other, sizeof(other));
	issue = &rig_hear(w->rig, MSG_ISSUE)->issue;
	assert_int_equal(issue->id, (uint64_t)RIG_NONCE << 32 | 2);
	assert_int_equal(issue->endpoint, 1);
	assert_int_equal(issue->null_params, 0);
	assert_int_equal(issue->cert_req, 0);
	assert_int_equal(issue->policy.len, 2);
	assert_memory_equal(issue->policy.at, "\x2a\x03", 2);
	assert_int_equal(issue->nonce.len, 0);
}

static void request_ids_are_never_reused(void **state)
{
	struct world *w = *state;

	for (uint32_t number = 1; number <= 20; number++) {
		rig_post(w->fd, "/", "");
		assert_int_equal(rig_grant(w->rig, TOKEN_LEN), (uint64_t)RIG_NONCE << 32 | number);
		expect_status(w, 200);
	}
}

static void tsads_refusal_reaches_the_client_with_the_request_id(void **state)
{
	struct world *w = *state;
	struct msg m = { .type = MSG_REFUSED, .refused.fail_info = TSP_TIME_NOT_AVAILABLE };
	const char *text;

	(void)snprintf(m.refused.text, sizeof(m.refused.text), "the clock is out of bounds");
	rig_post(w->fd, "/", "");
	m.refused.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &m);
	text = expect_refusal(w, TSP_TIME_NOT_AVAILABLE);
	assert_string_equal(text, "the clock is out of bounds (request 5a17f00d00000001)");
	/* The longest text is cut between characters, never the id. */
	memset(m.refused.text, 0, sizeof(m.refused.text));
	for (size_t i = 0; i + 2 < MSG_MAX_TEXT; i += 2)
		memcpy(m.refused.text + i, "\xc3\xa4", 2);
	rig_post(w->fd, "/", "");
	m.refused.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &m);
	text = expect_refusal(w, TSP_TIME_NOT_AVAILABLE);
	assert_in_range(strlen(text), 298, 300);
	assert_ends_in_id(text);
}

static void busy_is_503_with_retry_after(void **state)
{
	struct world *w = *state;
	struct msg m = { .type = MSG_BUSY, .busy.retry_after_s = 7 };

	rig_post(w->fd, "/", "");
	m.busy.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &m);
	expect_status(w, 503);
	assert_string_equal(rig_header(&w->reply, "Retry-After"), "7");
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void an_answer_for_a_client_that_is_gone_is_dropped(void **state)
{
	struct world *w = *state;
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	rig_post(w->fd, "/", "");
	(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(w->fd);
	(void)rig_grant(w->rig, MSG_MAX_TOKEN);
	w->fd = rig_connect(w->rig);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void an_answer_to_no_request_is_dropped(void **state)
{
	static uint8_t token[TOKEN_LEN];
	struct world *w = *state;
	struct msg m = { .type = MSG_TOKEN, .token = { .token = { token, sizeof(token) } } };

	rig_post(w->fd, "/", "");
	m.token.id = rig_grant(w->rig, TOKEN_LEN);
	expect_status(w, 200);
	rig_tell(w->rig, &m); /* a second time */
	m.token.id = (uint64_t)RIG_NONCE << 32 | 999;
	rig_tell(w->rig, &m);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void a_request_that_tsad_leaves_unanswered_gets_system_failure(void **state)
{
	struct world *w = *state;

	rig_post(w->fd, "/", "");
	(void)rig_hear(w->rig, MSG_ISSUE);
	assert_ends_in_id(expect_refusal(w, TSP_SYSTEM_FAILURE)); /* after 4 s */
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void new_tables_take_the_place_of_the_old_ones(void **state)
{
	struct world *w = *state;
	struct msg m = { .type = MSG_ENDPOINT,
		.endpoint = { .index = 9, .path = "/new", .digests = 1U << TSP_SHA256 } };
	const struct msg done = { .type = MSG_TABLES_DONE };
	struct msg refused = { .type = MSG_REFUSED, .refused.fail_info = TSP_SYSTEM_FAILURE };

	rig_tell(w->rig, &m);
	rig_post(w->fd, "/", "");
	expect_token(w); /* the old ones are in force until TABLES_DONE */
	rig_post(w->fd, "/", "");
	refused.refused.id = rig_hear(w->rig, MSG_ISSUE)->issue.id;
	rig_tell(w->rig, &done);
	rig_tell(w->rig, &refused);
	/* One channel keeps the order: with this answer the tables have changed. */
	(void)expect_refusal(w, TSP_SYSTEM_FAILURE);
	rig_post(w->fd, "/new", "");
	/* R18: what is asked by the old tables stands before this, what is by the new ones after.
	 */
	(void)rig_hear(w->rig, MSG_READY);
	assert_int_equal(rig_hear(w->rig, MSG_ISSUE)->issue.endpoint, 9);
	(void)close(w->fd);
	w->fd = rig_connect(w->rig);
	rig_post(w->fd, "/", "");
	expect_status(w, 404);
}

static void each_tables_are_acknowledged(void **state)
{
	struct world *w = *state;
	const struct msg done = { .type = MSG_TABLES_DONE };

	rig_tell(w->rig, &done);
	rig_tell(w->rig, &done);
	assert_int_equal(rig_hear(w->rig, MSG_READY)->ready.version, MSG_VERSION);
	(void)rig_hear(w->rig, MSG_READY);
}

static void a_message_that_may_not_come_is_a_bug_and_aborts(void **state)
{
	struct world *w = *state;
	const struct msg m = { .type = MSG_SHIPPED };
	int status;

	rig_tell(w->rig, &m);
	status = rig_wait(w->rig);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void the_end_of_the_channel_ends_the_front_at_once(void **state)
{
	struct world *w = *state;
	int status;

	rig_post(w->fd, "/", "");
	(void)rig_hear(w->rig, MSG_ISSUE);
	ipc_free(w->rig->channel);
	w->rig->channel = NULL;
	status = rig_wait(w->rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_term_signal_is_left_to_tsad(void **state)
{
	struct world *w = *state;

	assert_int_equal(kill(w->rig->pid, SIGTERM), 0);
	assert_int_equal(kill(w->rig->pid, SIGINT), 0);
	rig_post(w->fd, "/", "");
	expect_token(w);
}

static void the_front_is_confined(void **state)
{
	struct world *w = *state;
	char path[64];
	char line[256];
	int found = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)w->rig->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		found +=
			strcmp(line, "Seccomp:\t2\n") == 0 || strcmp(line, "NoNewPrivs:\t1\n") == 0;
	(void)fclose(f);
	assert_int_equal(found, 2);
}

static void another_version_of_tsad_is_refused(void **unused)
{
	struct rig *rig = rig_spawn();
	/* Of a layout that is not ours after the version. */
	static const uint8_t setup[] = { MSG_SETUP_FRONT, 0, 0, 0, MSG_VERSION + 1, 0xff };
	const struct msg *said;
	int status;

	(void)unused;
	assert_int_equal(
		ipc_send_wait(rig->channel, (struct bytes){ setup, sizeof(setup) }), IPC_OK);
	said = rig_hear(rig, MSG_FAILED);
	assert_int_equal(said->failed.failure, MSG_FAILURE_VERSION);
	assert_string_equal(
		said->failed.text, "tsa-front: protocol: must be version 3: tsad speaks 4");
	status = rig_wait(rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	rig_stop(rig);
}

static void without_a_channel_it_says_who_starts_it(void **unused)
{
	int status = 0;
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		(void)close(IPC_CHILD_FD);
		(void)execl(TSA_FRONT, "tsa-front", (char *)NULL);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void answer_status(struct rig *rig, enum msg_status what, uint8_t good, const char *text)
{
	const struct msg *ask = rig_hear(rig, MSG_STATUS);
	struct msg m = { .type = MSG_STATUS_REPLY,
		.status_reply = {
			.id = ask->status.id, .good = good, .text = bytes_of_text(text) } };

	assert_int_equal(ask->status.what, what);
	rig_tell(rig, &m);
}

static void the_admin_front_asks_tsad_and_serves_nothing_else(void **unused)
{
	struct world w = { .rig = rig_spawn() };

	(void)unused;
	rig_set_up(w.rig, MSG_FRONT_ADMIN, 10);
	(void)rig_hear(w.rig, MSG_READY);
	w.fd = rig_connect(w.rig);
	rig_write_text(w.fd, "GET /livez HTTP/1.1\r\nHost: t\r\n\r\n");
	answer_status(w.rig, MSG_STATUS_LIVE, 1, "ok\n");
	expect_status(&w, 200);
	assert_memory_equal(w.reply.body, "ok\n", 3);
	rig_write_text(w.fd, "GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n");
	answer_status(w.rig, MSG_STATUS_READY, 0, "no signer\n");
	expect_status(&w, 503);
	assert_memory_equal(w.reply.body, "no signer\n", 10);
	rig_write_text(w.fd, "HEAD /metrics HTTP/1.1\r\nHost: t\r\n\r\n");
	answer_status(w.rig, MSG_STATUS_METRICS, 1, "a 1\n");
	rig_read(w.fd, true, &w.reply);
	assert_int_equal(w.reply.status, 200);
	assert_memory_equal(rig_header(&w.reply, "Content-Type"), "text/plain", 10);
	rig_post(w.fd, "/livez", "");
	expect_status(&w, 405);
	assert_string_equal(rig_header(&w.reply, "Allow"), "GET, HEAD");
	rig_post(w.fd, "/", "");
	expect_status(&w, 404);
	(void)close(w.fd);
	rig_stop(w.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
		WORLD_TEST(a_body_that_is_no_request_is_bad_data_format),
		WORLD_TEST(what_the_endpoint_does_not_grant_is_refused_without_asking_tsad),
		WORLD_TEST(issue_carries_what_the_request_said),
		WORLD_TEST(request_ids_are_never_reused),
		WORLD_TEST(tsads_refusal_reaches_the_client_with_the_request_id),
		WORLD_TEST(busy_is_503_with_retry_after),
		WORLD_TEST(an_answer_for_a_client_that_is_gone_is_dropped),
		WORLD_TEST(an_answer_to_no_request_is_dropped),
		WORLD_TEST(a_request_that_tsad_leaves_unanswered_gets_system_failure),
		WORLD_TEST(new_tables_take_the_place_of_the_old_ones),
		WORLD_TEST(each_tables_are_acknowledged),
		WORLD_TEST(a_message_that_may_not_come_is_a_bug_and_aborts),
		WORLD_TEST(the_end_of_the_channel_ends_the_front_at_once),
		WORLD_TEST(a_term_signal_is_left_to_tsad),
		WORLD_TEST(the_front_is_confined),
		cmocka_unit_test(another_version_of_tsad_is_refused),
		cmocka_unit_test(without_a_channel_it_says_who_starts_it),
		cmocka_unit_test(the_admin_front_asks_tsad_and_serves_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
