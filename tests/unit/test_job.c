#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tsa/authority/job.h"
#include "tsa/authority/tsu.h"

static struct tsu tsu; /* held by its jobs, and by the test */
static const uint8_t some[32] = { 1, 2, 3 };

static struct msg_issue issue(uint64_t id)
{
	return (struct msg_issue){ .id = id,
		.endpoint = 1,
		.digest = TSP_SHA256,
		.imprint = { some, 32 },
		.nonce = { some, 8 } };
}

static struct job *make(struct jobs *jobs, uint64_t id)
{
	struct msg_issue i = issue(id);

	return job_new(jobs, &i, 1000);
}

static void a_new_job_waits_at_the_end_of_its_queue(void **unused)
{
	struct jobs jobs;
	struct job *first;
	struct job *second;

	(void)unused;
	jobs_init(&jobs);
	first = make(&jobs, 1);
	second = make(&jobs, 2);
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[1][TSP_SHA256]), first);
	assert_ptr_equal(TAILQ_NEXT(first, link), second);
	assert_int_equal(jobs.count, 2);
	assert_int_equal(first->state, JOB_QUEUED);
	assert_int_equal(first->imprint_len, 32);
	assert_memory_equal(first->nonce, some, 8);
	jobs_wipe(&jobs);
}

static void r17_each_endpoint_and_digest_has_a_queue(void **unused)
{
	struct jobs jobs;
	struct msg_issue other = issue(2);
	struct job *first;
	struct job *second;

	(void)unused;
	other.digest = TSP_SHA512;
	jobs_init(&jobs);
	first = make(&jobs, 1);
	second = job_new(&jobs, &other, 1000);
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[1][TSP_SHA256]), first);
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[1][TSP_SHA512]), second);
	assert_null(TAILQ_NEXT(first, link));
	assert_true(TAILQ_EMPTY(&jobs.queued[0][TSP_SHA256]));
	job_to_lane(&jobs, second, NULL, &tsu);
	job_back(&jobs, second);
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[1][TSP_SHA512]), second);
	jobs_wipe(&jobs);
}

static void a_job_whose_lane_failed_goes_back_to_the_head(void **unused)
{
	struct jobs jobs;
	struct job *first;

	(void)unused;
	jobs_init(&jobs);
	first = make(&jobs, 1);
	(void)make(&jobs, 2);
	job_to_lane(&jobs, first, NULL, &tsu);
	assert_ptr_equal(TAILQ_FIRST(&jobs.signing), first);
	assert_int_equal(first->tries, 1);
	job_back(&jobs, first);
	assert_true(TAILQ_EMPTY(&jobs.signing));
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[1][TSP_SHA256]), first);
	job_to_lane(&jobs, first, NULL, &tsu);
	assert_int_equal(first->tries, 2);
	job_answered(&jobs, first);
	jobs_wipe(&jobs);
}

static void a_signed_job_waits_for_its_record_and_is_then_gone(void **unused)
{
	struct jobs jobs;
	struct job *job;

	(void)unused;
	jobs_init(&jobs);
	job = make(&jobs, 1);
	job_to_lane(&jobs, job, NULL, &tsu);
	job_to_recording(&jobs, job, 77);
	assert_ptr_equal(TAILQ_FIRST(&jobs.recording), job);
	assert_true(job->seq == 77);
	assert_true(TAILQ_EMPTY(&jobs.signing));
	job_answered(&jobs, job);
	assert_int_equal(jobs.count, 0);
	assert_true(TAILQ_EMPTY(&jobs.recording));
}

/* A bug stops the process: shown in a child of the test. */
static void a_job_cannot_skip_its_signature(void **unused)
{
	int status = 0;
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		struct jobs jobs;

		(void)close(STDERR_FILENO);
		jobs_init(&jobs);
		job_to_recording(&jobs, make(&jobs, 1), 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* A queue that nobody serves is full before the room is, and the others can still take jobs. */
static void a_queue_leaves_room_for_the_others(void **unused)
{
	struct jobs jobs;
	size_t taken = 0;

	(void)unused;
	jobs_init(&jobs);
	while (jobs_have_room(&jobs, 1, TSP_SHA256) && taken < JOBS_MAX)
		(void)make(&jobs, ++taken);
	assert_int_equal(taken, JOBS_MAX / 4 * 3);
	for (size_t i = 0; i < JOBS_MAX / 8; i++) {
		struct msg_issue other = issue(++taken);

		assert_true(jobs_have_room(&jobs, 1, TSP_SHA512));
		other.digest = TSP_SHA512;
		(void)job_new(&jobs, &other, 1000);
	}
	assert_false(jobs_have_room(&jobs, 1, TSP_SHA256));
	for (size_t i = 0; i < JOBS_MAX / 2; i++)
		job_answered(&jobs, TAILQ_FIRST(&jobs.queued[1][TSP_SHA256]));
	assert_true(jobs_have_room(&jobs, 1, TSP_SHA256));
	jobs_wipe(&jobs);
}

static uint8_t to_the_second(void *arg, struct job *job)
{
	(void)arg;
	(void)job;
	return 2;
}

static void jobs_that_move_are_counted_where_they_are(void **unused)
{
	struct jobs jobs;
	struct job *in_lane;

	(void)unused;
	jobs_init(&jobs);
	in_lane = make(&jobs, 1);
	(void)make(&jobs, 2);
	job_to_lane(&jobs, in_lane, NULL, &tsu);
	assert_int_equal(jobs.waiting[1][TSP_SHA256], 1);
	jobs_move(&jobs, to_the_second, NULL);
	assert_int_equal(jobs.waiting[1][TSP_SHA256], 0);
	assert_int_equal(jobs.waiting[2][TSP_SHA256], 1);
	job_back(&jobs, in_lane);
	assert_int_equal(jobs.waiting[2][TSP_SHA256], 2);
	assert_ptr_equal(TAILQ_FIRST(&jobs.queued[2][TSP_SHA256]), in_lane);
	job_answered(&jobs, in_lane);
	assert_int_equal(jobs.waiting[2][TSP_SHA256], 1);
	jobs_wipe(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_job_waits_at_the_end_of_its_queue),
		cmocka_unit_test(r17_each_endpoint_and_digest_has_a_queue),
		cmocka_unit_test(a_job_whose_lane_failed_goes_back_to_the_head),
		cmocka_unit_test(a_signed_job_waits_for_its_record_and_is_then_gone),
		cmocka_unit_test(a_job_cannot_skip_its_signature),
		cmocka_unit_test(a_queue_leaves_room_for_the_others),
		cmocka_unit_test(jobs_that_move_are_counted_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
