#include "tsa/authority/issue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/authority/allow.h"
#include "tsa/authority/choice.h"
#include "tsa/core/log.h"
#include "tsa/tsp/request.h"
#include "tsa/tsp/tstinfo.h"

enum {
	ANSWER_MS = 3000, /* R16: from accept to answer */
	MAX_TRIES = 2, /* R16 */
	RETRY_AFTER_S = 1,
};

static const char too_late[] = "no signer was free in time";

struct issuing {
	struct issue_links to;
	struct jobs jobs;
	struct issue_counts counts;
	bool held;
	bool refusing;
	bool clock_out[CONFIG_MAX_TSUS]; /* too bad for its accuracy; for one log line a change */
	char trouble[MSG_MAX_TEXT];
	uint8_t token[MSG_MAX_TOKEN];
};

struct issuing *issue_new(const struct issue_links *links)
{
	struct issuing *s = must_calloc(1, sizeof(*s));

	s->to = *links;
	jobs_init(&s->jobs);
	return s;
}

void issue_free(struct issuing *s)
{
	if (s == NULL)
		return;
	jobs_wipe(&s->jobs);
	free(s);
}

/* text goes to the client, details to the log. */
static void send_refusal(struct issuing *s, uint64_t id, enum tsp_failure failure, const char *text,
	const char *details)
{
	s->counts.refused[failure]++;
	log_event(LOG_LEVEL_DEBUG, "refused", details, "request=%016" PRIx64 " failinfo=%s", id,
		tsp_failure_name(failure));
	fronts_refuse(s->to.fronts, id, (uint8_t)failure, text);
}

static void refuse(struct issuing *s, struct job *job, enum tsp_failure failure, const char *text)
{
	send_refusal(s, job->id, failure, text, text);
	job_answered(&s->jobs, job);
}

static void refuse_queue(
	struct issuing *s, struct job_list *queue, enum tsp_failure failure, const char *text)
{
	struct job *job;

	while ((job = TAILQ_FIRST(queue)) != NULL)
		refuse(s, job, failure, text);
}

/* What stops all endpoints: words for clients; details (may be NULL) gets those for operators. */
static const char *stopped_by(struct issuing *s, const char **details)
{
	const char *journal = journal_trouble(s->to.journal);

	if (s->refusing) {
		*details = "tsad: cannot go on, see its log";
		return "the service is stopping";
	}
	if (journal != NULL) {
		*details = journal;
		return "records cannot be made durable";
	}
	*details = ledger_trouble(s->to.ledger);
	if (*details != NULL)
		return "records cannot be committed";
	if (s->to.ledger != NULL && ledger_too_old(s->to.ledger)) {
		(void)snprintf(s->trouble, sizeof(s->trouble),
			"ledger: records have waited for PostgreSQL longer than max_unshipped_age "
			"%" PRIu32 " s",
			s->to.config->max_unshipped_age_s);
		*details = s->trouble;
		return "records have waited too long for the ledger";
	}
	return NULL;
}

bool issue_request(struct issuing *s, const struct msg_issue *issue)
{
	struct msg_issue resolved = *issue;
	const char *details = NULL;
	const char *stopped = stopped_by(s, &details);

	if (!allow_issue(s->to.config, issue, &resolved.policy))
		return false;
	if (stopped != NULL) {
		send_refusal(s, issue->id, TSP_SYSTEM_FAILURE, stopped, details);
		return true;
	}
	if (!jobs_have_room(&s->jobs, issue->endpoint, issue->digest)) {
		s->counts.busy++;
		log_event(LOG_LEVEL_DEBUG, "busy", NULL, "request=%016" PRIx64, issue->id);
		fronts_busy(s->to.fronts, issue->id, RETRY_AFTER_S);
		return true;
	}
	job_new(&s->jobs, &resolved, monotonic_ms())->default_policy = issue->policy.len == 0;
	issue_dispatch(s);
	return true;
}

static struct bytes encode_tstinfo(const struct issuing *s, struct job *job)
{
	uint8_t serial[SERIAL_LEN];
	struct tsp_tstinfo info = { .policy = { job->policy.at, job->policy.len },
		.digest = (enum tsp_digest)job->digest,
		.null_params = job->null_params,
		.imprint = { job->imprint, job->imprint_len },
		.serial = { serial, SERIAL_LEN },
		.time_us = job->time_us,
		.digits = s->to.config->endpoints[job->endpoint].digits,
		.accuracy = tsp_accuracy_of_ms(job->tsu->config->accuracy_ms),
		.nonce = { job->nonce, job->nonce_len },
		.qualified = s->to.config->endpoints[job->endpoint].qualified };

	if (job->tsu->config->tsa_name)
		info.tsa_name = token_parts_tsa_name(job->tsu->parts);
	serial_encode(job->serial, serial);
	return tsp_tstinfo_encode(&info, job->tstinfo, sizeof(job->tstinfo));
}

static void note_clock(struct issuing *s, size_t tsu, bool out, const char *why)
{
	const char *name = s->to.config->tsus[tsu].name;

	if (s->clock_out[tsu] == out)
		return;
	s->clock_out[tsu] = out;
	if (out)
		log_event(LOG_LEVEL_ERROR, "clock_out", why, "tsu=%s", name);
	else
		log_event(LOG_LEVEL_INFO, "clock_good", NULL, "tsu=%s", name);
}

/* NULL if imprints of a digest, of those that the endpoint accepts, can be answered now. */
static const char *digest_trouble(struct issuing *s, size_t endpoint, enum tsp_digest digest,
	const struct clock_reading *reading)
{
	const struct config_endpoint *e = &s->to.config->endpoints[endpoint];
	struct timesrc copy = *s->to.clock;
	struct choice choice;

	if (choice_make(s->to.config, config_list_of(e, digest), reading, &copy, &choice))
		return NULL;
	if (e->lists[digest].count > 0)
		(void)snprintf(s->trouble, sizeof(s->trouble), "%s: %s", tsp_digest_name(digest),
			choice.why);
	else
		(void)snprintf(s->trouble, sizeof(s->trouble), "%s", choice.why);
	return s->trouble;
}

const char *issue_trouble(struct issuing *s, size_t endpoint)
{
	struct clock_reading reading;
	const char *details = NULL;

	if (stopped_by(s, &details) != NULL)
		return details;
	if (!timesrc_read(&reading))
		return "clock: adjtimex is not permitted";
	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS && details == NULL; d++) {
		if ((s->to.config->endpoints[endpoint].digests >> d & 1) == 1)
			details = digest_trouble(s, endpoint, (enum tsp_digest)d, &reading);
	}
	return details;
}

static void send_to_lane(
	struct issuing *s, struct job *job, struct lane *lane, const struct choice *choice)
{
	job_to_lane(&s->jobs, job, lane, crew_tsu(s->to.crew, choice->tsu));
	job->time_us = choice->gentime.time_us;
	job->bound_us = choice->gentime.bound_us;
	job->serial = lease_take(s->to.lease);
	job->tstinfo_view = encode_tstinfo(s, job);
	if (job->tstinfo_view.len == 0)
		BUG("TSTInfo does not fit %zu bytes", sizeof(job->tstinfo));
	crew_sign(lane, job, job->tstinfo_view);
}

/*
 * Puts the job at the head of its queue into an idle lane. False: nothing more could be done for
 * that queue now.
 */
static bool dispatch_head(struct issuing *s, struct job *job)
{
	const struct config *config = s->to.config;
	const struct config_list *list =
		config_list_of(&config->endpoints[job->endpoint], (enum tsp_digest)job->digest);
	struct job_list *queue = &s->jobs.queued[job->endpoint][job->digest];
	struct clock_reading reading;
	struct choice choice;
	struct lane *lane = NULL;
	size_t tsu;

	/* R16: the answer is due 3 s after accept; a try that cannot end by then is not begun. */
	if (monotonic_ms() - job->accepted_ms > ANSWER_MS - CREW_TRY_MS) {
		refuse(s, job, TSP_SYSTEM_FAILURE, too_late);
		return true;
	}
	if (!timesrc_read(&reading)) {
		refuse_queue(s, queue, TSP_SYSTEM_FAILURE, "the clock cannot be read");
		return false;
	}
	if (lease_due(s->to.lease, reading.time_us)) {
		s->to.lease_due(s->to.arg);
		return false;
	}
	/* No time is taken before a lane of the TSU that it chooses is free (R17). */
	if (choice_tsu(config, list, &reading, s->to.clock, &tsu)) {
		lane = crew_idle_lane(s->to.crew, tsu);
		if (lane == NULL)
			return false;
	}
	if (!choice_make(config, list, &reading, s->to.clock, &choice)) {
		if (choice.failure == TSP_TIME_NOT_AVAILABLE)
			note_clock(s, choice.tsu, true, choice.why);
		refuse_queue(s, queue, choice.failure, choice.why);
		return false;
	}
	note_clock(s, choice.tsu, false, NULL);
	send_to_lane(s, job, lane, &choice);
	return true;
}

/* Jobs whose endpoint a reload took away, or made refuse them. */
static void refuse_homeless(struct issuing *s)
{
	struct job *job;

	for (size_t d = 0; d < TSP_DIGESTS; d++)
		while ((job = TAILQ_FIRST(&s->jobs.queued[JOB_NOWHERE][d])) != NULL)
			refuse(s, job, job->failure, job->why);
}

/* Without one there is no need to look at the clock. */
static bool any_lane_is_idle(struct issuing *s, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (crew_idle_lane(s->to.crew, list->tsus[i]) != NULL)
			return true;
	}
	return false;
}

/*
 * The job that has waited longest of those at the heads of an endpoint's queues that are not
 * blocked and may find an idle lane: digests that share a TSU take turns, and none waits for the
 * TSU of another one.
 */
static struct job *oldest_head(struct issuing *s, size_t endpoint, const bool blocked[TSP_DIGESTS])
{
	const struct config_endpoint *e = &s->to.config->endpoints[endpoint];
	struct job *oldest = NULL;

	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		struct job *head = TAILQ_FIRST(&s->jobs.queued[endpoint][d]);

		if (head != NULL && !blocked[d] &&
			(oldest == NULL || head->number < oldest->number) &&
			any_lane_is_idle(s, config_list_of(e, (enum tsp_digest)d)))
			oldest = head;
	}
	return oldest;
}

/* False: nothing may be given out at all. Each turn ends a job's wait or blocks a queue. */
static bool dispatch_endpoint(struct issuing *s, size_t endpoint)
{
	bool blocked[TSP_DIGESTS] = { false };

	for (;;) {
		struct job *job;
		uint8_t digest;

		if (s->held || !lease_is_open(s->to.lease))
			return false;
		job = oldest_head(s, endpoint, blocked);
		if (job == NULL)
			return true;
		digest = job->digest;
		blocked[digest] = !dispatch_head(s, job);
	}
}

void issue_dispatch(struct issuing *s)
{
	bool more = true;

	refuse_homeless(s);
	for (size_t e = 0; e < s->to.config->endpoint_count && more; e++)
		more = dispatch_endpoint(s, e);
}

void issue_signed(struct issuing *s, struct job *job, const struct msg_signed *signature)
{
	struct token_record t = { .serial = job->serial,
		.time_us = job->time_us,
		.bound_us = job->bound_us,
		.cert_req = job->cert_req,
		.cert_sha256 = job->tsu->config->cert_sha256,
		.tstinfo = job->tstinfo_view,
		.signature = signature->signature };
	struct msg_record record;
	struct bytes body = token_encode(job->tsu->parts, t.tstinfo, signature->signed_attrs,
		signature->signature, false, s->token, sizeof(s->token));

	if (body.len == 0 || body.len > MSG_MAX_BODY)
		BUG("a token of %zu bytes does not fit a record", body.len);
	buf_append(&job->body, body);
	t.body = buf_view(&job->body);
	lease_token_record(s->to.lease, &t, &record);
	job_to_recording(&s->jobs, job, record.seq);
	journal_append(s->to.journal, &record);
	issue_dispatch(s);
}

static void write_void(struct issuing *s, const struct job *job, enum void_reason reason)
{
	struct buf body = { 0 };
	struct msg_record record;

	lease_void_record(s->to.lease, job->serial, job->time_us, job->bound_us, job->tsu->id,
		reason, &record, &body);
	journal_append(s->to.journal, &record);
	s->counts.voids[reason]++;
	log_event(LOG_LEVEL_WARNING, "void", NULL,
		"request=%016" PRIx64 " lease=%" PRIu32 " ctr=%" PRIu32 " reason=%s", job->id,
		job->serial.lease, job->serial.ctr, void_reason_name(reason));
	buf_free(&body);
}

void issue_job_failed(struct issuing *s, struct job *job, enum void_reason reason)
{
	write_void(s, job, reason);
	if (s->refusing || job->tries >= MAX_TRIES ||
		monotonic_ms() - job->accepted_ms >= ANSWER_MS) {
		refuse(s, job, TSP_SYSTEM_FAILURE, "signing failed");
		return;
	}
	job_back(&s->jobs, job);
	issue_dispatch(s);
}

/* The record is on disk: only now the token may leave. */
static void grant(struct issuing *s, struct job *job)
{
	struct bytes token = token_from_body(
		job->tsu->parts, buf_view(&job->body), job->cert_req, s->token, sizeof(s->token));

	if (token.len == 0)
		BUG("a token of ours does not read back");
	s->counts.granted++;
	log_event(LOG_LEVEL_DEBUG, "granted", NULL,
		"request=%016" PRIx64 " serial=%08" PRIx32 "%08" PRIx32 "%08" PRIx32 " tsu=%s",
		job->id, job->serial.instance, job->serial.lease, job->serial.ctr,
		job->tsu->config->name);
	fronts_token(s->to.fronts, job->id, token);
	job_answered(&s->jobs, job);
}

void issue_durable(struct issuing *s, uint64_t seq)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&s->jobs.recording)) != NULL && job->seq <= seq)
		grant(s, job);
}

static void expire_list(
	struct issuing *s, struct job_list *list, uint64_t limit_ms, const char *text)
{
	uint64_t now_ms = monotonic_ms();
	struct job *job;
	struct job *next;

	for (job = TAILQ_FIRST(list); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		if (now_ms - job->accepted_ms >= limit_ms)
			refuse(s, job, TSP_SYSTEM_FAILURE, text);
	}
}

void issue_expire(struct issuing *s)
{
	for (size_t e = 0; e < s->to.config->endpoint_count; e++)
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			expire_list(s, &s->jobs.queued[e][d], ANSWER_MS - CREW_TRY_MS, too_late);
	expire_list(s, &s->jobs.recording, ANSWER_MS,
		s->to.config->ack == CONFIG_ACK_LEDGER ? "the record was not committed in time"
						       : "the record was not on disk in time");
}

/* The tables that a job came by, and those that it stays by. */
struct change {
	const struct config *from;
	const struct config *to;
};

static uint8_t place_anew(void *arg, struct job *job)
{
	const struct change *change = arg;

	return allow_job(change->from, change->to, job);
}

void issue_reload(struct issuing *s, const struct config *config)
{
	struct change change = { s->to.config, config };

	jobs_move(&s->jobs, place_anew, &change);
	s->to.config = config;
	memset(s->clock_out, 0, sizeof(s->clock_out)); /* other TSUs have these numbers */
	issue_dispatch(s);
}

void issue_hold(struct issuing *s, bool hold)
{
	s->held = hold;
	if (!hold)
		issue_dispatch(s);
}

void issue_refuse_all(struct issuing *s)
{
	s->refusing = true;
	for (size_t e = 0; e < s->to.config->endpoint_count; e++)
		for (size_t d = 0; d < TSP_DIGESTS; d++)
			refuse_queue(s, &s->jobs.queued[e][d], TSP_SYSTEM_FAILURE,
				"the service is stopping");
}

bool issue_in_flight(const struct issuing *s)
{
	return !TAILQ_EMPTY(&s->jobs.signing);
}

size_t issue_open(const struct issuing *s)
{
	return s->jobs.count;
}

const struct issue_counts *issue_counts(const struct issuing *s)
{
	return &s->counts;
}
