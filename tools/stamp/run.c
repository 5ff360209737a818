/* Owns the event loop, the connections, certificates and the places for jobs. */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "job.h"
#include "tools/pem/pem.h"

static const char agent[] = "tsa-stamp/" TSA_VERSION;

void stamper_go_on(struct stamper *stamper)
{
	static const struct timeval at_once = { 0 };

	(void)event_add(stamper->work, &at_once);
}

static struct job *free_job(struct stamper *stamper)
{
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		if (stamper->jobs[i].state == JOB_FREE)
			return &stamper->jobs[i];
	return NULL;
}

static bool is_idle(const struct stamper *stamper)
{
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		if (stamper->jobs[i].state != JOB_FREE)
			return false;
	return true;
}

/* When the server is gone or someone wants to stop, what waits only would wait in vain. */
static void stop(struct stamper *stamper)
{
	const char *why = stamper->interrupted ? "interrupted"
					       : "not tried: the server cannot be "
						 "reached";

	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		if (stamper->jobs[i].state == JOB_HASHING || stamper->jobs[i].state == JOB_WAITING)
			job_fail(&stamper->jobs[i], STAMP_COULD_NOT_RUN, why);
	for (; stamper->next < stamper->options->file_count; stamper->next++)
		report_failed(stamper->report, stamper->options->files[stamper->next],
			STAMP_COULD_NOT_RUN, why);
}

static void draw(struct stamper *stamper)
{
	const struct stamp_hash *hash = stamper->hashing == NULL ? NULL : stamper->hashing->hash;

	progress_draw(&stamper->report->progress, stamper->report->done,
		(unsigned)stamper->options->file_count, hash == NULL ? 0 : stamp_hash_taken(hash),
		hash == NULL ? 0 : stamp_hash_size(hash));
}

/* One step each time, so that answers that came meanwhile have their turn. */
static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct stamper *stamper = arg;
	struct job *job;

	(void)fd;
	(void)what;
	draw(stamper);
	if (stamper->dead || stamper->interrupted)
		stop(stamper);
	if (stamper->hashing != NULL) {
		job_hash(stamper->hashing);
		stamper_go_on(stamper);
	} else if (stamper->next < stamper->options->file_count &&
		   (job = free_job(stamper)) != NULL) {
		job_begin(job, stamper->options->files[stamper->next++]);
		stamper_go_on(stamper);
	} else if (stamper->next == stamper->options->file_count && is_idle(stamper)) {
		/* What stop() ended asks for a step that would break the loop once more, later. */
		(void)event_del(stamper->work);
		(void)event_base_loopbreak(stamper->base);
	}
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct stamper *stamper = arg;

	(void)number;
	(void)what;
	stamper->interrupted = true;
	report_note(stamper->report, STAMP_ALL,
		"interrupted: requests under way are waited for; a second signal does not wait");
	event_del(stamper->signals[0]);
	event_del(stamper->signals[1]);
	stamper_go_on(stamper);
}

static bool set_events(struct stamper *stamper, struct err *err)
{
	static const int numbers[] = { SIGINT, SIGTERM };

	stamper->work = evtimer_new(stamper->base, on_work, stamper);
	if (stamper->work == NULL)
		return err_set(err, "event: out of memory");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		stamper->signals[i] = evsignal_new(stamper->base, numbers[i], on_signal, stamper);
		if (stamper->signals[i] == NULL || event_add(stamper->signals[i], NULL) != 0)
			return err_set(err, "signal: out of memory");
	}
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		if (!job_init(&stamper->jobs[i], stamper, err))
			return false;
	return true;
}

static bool read_certificates(struct stamper *stamper, struct err *err)
{
	const struct stamp_options *options = stamper->options;

	stamper->rules.skew_s = options->skew_s;
	if (options->trust != NULL &&
		(stamper->rules.trust = pem_read_anchors(options->trust, err)) == NULL)
		return err_while(err, "--trust");
	if (options->untrusted != NULL &&
		(stamper->rules.untrusted = pem_read_certificates(options->untrusted, err)) == NULL)
		return err_while(err, "--untrusted");
	return true;
}

/* Certificates that may be issuers. The caller frees. */
static STACK_OF(X509) * known_certificates(const struct stamper *stamper)
{
	STACK_OF(X509) *all = stamper->rules.trust == NULL
				      ? sk_X509_new_null()
				      : X509_STORE_get1_all_certs(stamper->rules.trust);

	for (int i = 0; i < sk_X509_num(stamper->rules.untrusted); i++)
		if (all == NULL || X509_add_cert(all, sk_X509_value(stamper->rules.untrusted, i),
					   X509_ADD_FLAG_UP_REF) != 1)
			abort();
	return all;
}

static bool open_all(struct stamper *stamper, STACK_OF(X509) * known, struct err *err)
{
	const struct stamp_options *options = stamper->options;
	const struct http_settings settings = {
		.agent = agent,
		.ca = options->ca,
		.timeout_s = options->timeout_s,
		.connections = HTTP_MAX_CONNECTIONS,
		.max_body = STAMP_MAX_ANSWER,
	};

	if (options->evidence != NULL) {
		stamper->evidence =
			evidence_open(options->evidence, stamper->base, &settings, known, err);
		if (stamper->evidence == NULL)
			return err_while(err, "--evidence");
		evidence_stop_on(stamper->evidence, &stamper->interrupted);
	}
	stamper->pool = http_pool_new(stamper->base, &options->url, &settings, err);
	return stamper->pool != NULL;
}

static void on_lack(const char *what, void *arg)
{
	struct report *report = arg;
	struct err err = { 0 };

	err_set(&err, "evidence: %s", what);
	report_note(report, STAMP_NOT_ALL, err.text);
}

static void collect(struct stamper *stamper)
{
	struct err err = { 0 };

	if (stamper->evidence == NULL)
		return;
	if (!evidence_collect(stamper->evidence, on_lack, stamper->report, &err)) {
		err_while(&err, "--evidence");
		report_note(stamper->report, STAMP_COULD_NOT_RUN, err.text);
	}
}

static void wipe(struct stamper *stamper)
{
	for (size_t i = 0; i < HTTP_MAX_CONNECTIONS; i++)
		job_wipe(&stamper->jobs[i]);
	if (stamper->work != NULL)
		event_free(stamper->work);
	for (size_t i = 0; i < 2; i++)
		if (stamper->signals[i] != NULL)
			event_free(stamper->signals[i]);
	http_pool_free(stamper->pool);
	evidence_free(stamper->evidence);
	X509_STORE_free(stamper->rules.trust);
	sk_X509_pop_free(stamper->rules.untrusted, X509_free);
	if (stamper->base != NULL) {
		/* connections are freed in the loop's next turn */
		(void)event_base_loop(stamper->base, EVLOOP_NONBLOCK);
		event_base_free(stamper->base);
	}
}

bool stamp_run(const struct stamp_options *options, struct report *report, struct err *err)
{
	struct stamper stamper = { .options = options, .report = report };
	STACK_OF(X509) *known = NULL;
	bool ok;

	stamper.base = event_base_new();
	ok = stamper.base != NULL || err_set(err, "event loop: out of memory");
	ok = ok && read_certificates(&stamper, err);
	if (ok)
		known = known_certificates(&stamper);
	ok = ok && open_all(&stamper, known, err) && set_events(&stamper, err);
	if (ok) {
		stamper_go_on(&stamper);
		(void)event_base_dispatch(stamper.base);
		if (options->trust == NULL && report->stamped > 0)
			report_note(report, STAMP_ALL,
				"note: no --trust: signatures were checked, but not whose they are");
		collect(&stamper);
	}
	wipe(&stamper);
	sk_X509_pop_free(known, X509_free);
	return ok;
}
