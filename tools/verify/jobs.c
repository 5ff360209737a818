/* Owns the workers and the pipes to them. */
#include "jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- progress: on a terminal, when it takes long ---- */

struct progress {
	bool shown;
	size_t total;
	int64_t next_ms;
};

enum { PROGRESS_MS = 200, FIRST_MS = 1000 };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct progress progress_start(size_t total)
{
	bool shown = total > 1 && isatty(STDERR_FILENO) == 1;

	return (struct progress){ shown, total, shown ? now_ms() + FIRST_MS : 0 };
}

static void progress_say(struct progress *progress, size_t done)
{
	int64_t now;

	if (!progress->shown)
		return;
	now = now_ms();
	if (now < progress->next_ms)
		return;
	progress->next_ms = now + PROGRESS_MS;
	(void)fprintf(stderr, "\rtsa-verify: %zu of %zu\033[K\r", done, progress->total);
}

static void progress_end(const struct progress *progress)
{
	if (progress->shown)
		(void)fputs("\r\033[K", stderr);
}

/* ---- by this process ---- */

static void run_here(
	const struct shared *shared, struct batch *batch, struct tally *tally, FILE *out)
{
	struct verify *verify = verify_new(shared);
	struct progress progress = progress_start(batch_count(batch));

	for (size_t i = 0; i < batch_count(batch); i++) {
		verify_file(verify, batch_path(batch, i), tally, out);
		progress_say(&progress, i + 1);
	}
	progress_end(&progress);
	verify_free(verify);
}

/* ---- by workers: for each file a frame with its report and how it ended ---- */

struct frame {
	size_t len; /* of the report, which follows */
	struct tally tally;
};

struct worker {
	pid_t pid;
	int fd; /* read end; -1: none */
};

static bool write_all(int fd, const void *from, size_t len)
{
	const char *at = from;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool read_whole(int fd, void *to, size_t len)
{
	char *at = to;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool work_on(struct verify *verify, const char *path, int fd)
{
	struct frame frame = { 0 };
	char *report = NULL;
	FILE *out = open_memstream(&report, &frame.len);
	bool ok;

	if (out == NULL)
		abort();
	verify_file(verify, path, &frame.tally, out);
	if (fclose(out) != 0)
		abort();
	ok = write_all(fd, &frame, sizeof(frame)) && write_all(fd, report, frame.len);
	free(report);
	return ok;
}

static _Noreturn void work(
	const struct shared *shared, struct batch *batch, size_t first, unsigned step, int fd)
{
	struct verify *verify = verify_new(shared);
	bool ok = true;

	for (size_t i = first; ok && i < batch_count(batch); i += step)
		ok = work_on(verify, batch_path(batch, i), fd);
	verify_free(verify);
	_exit(ok ? 0 : 1);
}

static bool start(struct worker *workers, unsigned n, unsigned jobs, const struct shared *shared,
	struct batch *batch, struct err *err)
{
	int ends[2];

	if (pipe(ends) != 0)
		return err_sys(err, "worker %u: must have a pipe", n);
	(void)fflush(NULL);
	workers[n].pid = fork();
	if (workers[n].pid == 0) {
		for (unsigned i = 0; i < n; i++)
			(void)close(workers[i].fd);
		(void)close(ends[0]);
		work(shared, batch, n, jobs, ends[1]);
	}
	(void)close(ends[1]);
	if (workers[n].pid < 0) {
		(void)close(ends[0]);
		return err_sys(err, "worker %u: must be made", n);
	}
	workers[n].fd = ends[0];
	return true;
}

static bool take_frame(const struct worker *worker, struct tally *tally, FILE *out)
{
	struct frame frame;
	char *report;
	bool ok;

	if (!read_whole(worker->fd, &frame, sizeof(frame)))
		return false;
	report = must_calloc(frame.len + 1, 1);
	ok = read_whole(worker->fd, report, frame.len);
	if (ok) {
		tally_add(tally, &frame.tally);
		(void)fwrite(report, 1, frame.len, out);
	}
	free(report);
	return ok;
}

static void end(struct worker *workers, unsigned count, bool kill_them)
{
	for (unsigned i = 0; i < count; i++) {
		(void)close(workers[i].fd);
		if (kill_them)
			(void)kill(workers[i].pid, SIGKILL);
		while (waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static bool run_workers(const struct shared *shared, struct batch *batch, unsigned jobs,
	struct tally *tally, FILE *out, struct err *err)
{
	struct worker workers[VERIFY_MAX_JOBS];
	struct progress progress = progress_start(batch_count(batch));
	unsigned started = 0;
	bool ok = true;

	while (ok && started < jobs) {
		ok = start(workers, started, jobs, shared, batch, err);
		started += ok;
	}
	for (size_t i = 0; ok && i < batch_count(batch); i++) {
		ok = take_frame(&workers[i % jobs], tally, out) ||
		     err_set(err, "worker %zu: must work to the end: has died at %.300s", i % jobs,
			     batch_path(batch, i));
		progress_say(&progress, i + 1);
	}
	progress_end(&progress);
	end(workers, started, !ok);
	return ok;
}

bool jobs_run(const struct shared *shared, struct batch *batch, unsigned jobs, struct tally *tally,
	FILE *out, struct err *err)
{
	if (jobs > batch_count(batch))
		jobs = (unsigned)batch_count(batch);
	if (jobs > 1)
		return run_workers(shared, batch, jobs, tally, out, err);
	run_here(shared, batch, tally, out);
	return true;
}
