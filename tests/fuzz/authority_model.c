/* Owns what was asked and answered in one run. */
#include "authority_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/authority/timesrc.h"
#include "tsa/core/ipc.h"
#include "tsa/tsp/request.h"
#include "tsa/tsp/tstinfo.h"

enum {
	MAX_OPEN = 4096, /* job.h: open at once */
	MAX_REQUESTS = 6000, /* of one run */
	BUCKETS = 4096,
	LOOK_BACK = 64, /* requests */
	MAX_FRONT_ERRORS = 2, /* lines of level error about one front */
};

struct front_seen {
	struct child *child; /* NULL: none lives */
	bool is_admin;
	uint32_t nonce;
	uint32_t last_number;
	unsigned tables; /* that it was given */
	unsigned taken; /* of those: it said READY */
	bool must_die; /* said what it may not */
	bool failed; /* said FAILED: nothing counts after */
	bool later; /* something waits in its channel */
	bool alone; /* what it said is heard by itself */
	unsigned errors; /* log lines */
};

static struct model {
	const struct config *config;
	void (*run)(void);
	struct front_seen fronts[2];
	struct request requests[MAX_REQUESTS];
	struct request *buckets[BUCKETS];
	size_t request_count;
	uint64_t moves_before; /* record_moves(): must not grow while a bad message is heard */
	bool ready;
	bool may_fail;
	bool reloaded;
} m;

void model_broken(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: broken promise: ", file, line);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* ---- fronts ---- */

static struct front_seen *front_of(const struct child *child)
{
	for (size_t i = 0; i < 2; i++) {
		if (m.fronts[i].child == child)
			return &m.fronts[i];
	}
	return NULL;
}

static void on_started(struct child *child, const char *label)
{
	bool is_admin = strcmp(label, "admin") == 0;
	struct front_seen *f = &m.fronts[is_admin ? 1 : 0];

	PROMISE(is_admin || strcmp(label, "front") == 0, "child %s was started", label);
	PROMISE(f->child == NULL, "two fronts %s live", label);
	*f = (struct front_seen){ .child = child, .is_admin = is_admin };
}

static void on_gone(struct child *child)
{
	struct front_seen *f = front_of(child);

	PROMISE(f != NULL, "a child died twice");
	for (size_t i = 0; i < m.request_count; i++) {
		if ((uint32_t)(m.requests[i].id >> 32) == f->nonce)
			m.requests[i].lost = true;
	}
	f->child = NULL;
	m.may_fail = m.may_fail || !m.ready;
}

static void on_logged(enum log_level level, const char *event, const char *details)
{
	struct front_seen *f = &m.fronts[strstr(details, "front=admin") != NULL ? 1 : 0];

	if (strcmp(event, "ready") == 0)
		m.ready = true;
	if (level == LOG_LEVEL_ERROR && strncmp(event, "front_", 6) == 0)
		PROMISE(++f->errors <= MAX_FRONT_ERRORS || m.may_fail, "a front floods the log");
}

static void on_jobs(size_t open)
{
	PROMISE(open <= MAX_OPEN, "%zu jobs are open", open);
}

/* ---- what fronts ask ---- */

static bool is_minimal_integer(struct bytes n)
{
	return n.len == 1 ||
	       !((n.at[0] == 0x00 && n.at[1] < 0x80) || (n.at[0] == 0xff && n.at[1] >= 0x80));
}

static size_t imprint_len(unsigned digest)
{
	static const size_t known[] = { [TSP_SHA256] = 32,
		[TSP_SHA384] = 48,
		[TSP_SHA512] = 64,
		[TSP_SHA3_256] = 32,
		[TSP_SHA3_384] = 48,
		[TSP_SHA3_512] = 64 };

	return digest < sizeof(known) / sizeof(known[0]) ? known[digest] : 0;
}

static bool may_ask(const struct front_seen *f, const struct msg_issue *i)
{
	const struct config_endpoint *e;
	bool has_policy = i->policy.len == 0;

	if (f->is_admin || i->endpoint >= m.config->endpoint_count)
		return false;
	e = &m.config->endpoints[i->endpoint];
	for (size_t p = 0; p < e->policy_count; p++)
		has_policy = has_policy ||
			     (e->policies[p].len == i->policy.len &&
				     memcmp(e->policies[p].at, i->policy.at, i->policy.len) == 0);
	return has_policy && i->digest < 32 && (e->digests >> i->digest & 1) == 1 &&
	       i->imprint.len > 0 && i->imprint.len == imprint_len(i->digest) &&
	       (i->nonce.len == 0 || is_minimal_integer(i->nonce));
}

static struct request *add_request(struct front_seen *f, uint64_t id)
{
	struct request *r;

	if (f->must_die || (uint32_t)(id >> 32) != f->nonce || (uint32_t)id <= f->last_number ||
		m.request_count == MAX_REQUESTS)
		return NULL;
	f->last_number = (uint32_t)id;
	r = &m.requests[m.request_count++];
	*r = (struct request){ .id = id, .next = m.buckets[id % BUCKETS] };
	m.buckets[id % BUCKETS] = r;
	return r;
}

static bool note_issue(struct front_seen *f, const struct msg_issue *i)
{
	struct request *r = may_ask(f, i) ? add_request(f, i->id) : NULL;

	if (r == NULL)
		return false;
	r->endpoint = i->endpoint;
	r->digest = i->digest;
	r->null_params = i->null_params == 1;
	r->cert_req = i->cert_req == 1;
	r->policy = i->policy.len > 0 ? i->policy : m.config->endpoints[i->endpoint].policies[0];
	r->imprint_len = i->imprint.len;
	memcpy(r->imprint, i->imprint.at, i->imprint.len);
	r->nonce_len = i->nonce.len;
	if (i->nonce.len > 0)
		memcpy(r->nonce, i->nonce.at, i->nonce.len);
	return true;
}

static bool note_status(struct front_seen *f, const struct msg_status_ask *ask)
{
	struct request *r = f->is_admin ? add_request(f, ask->id) : NULL;

	if (r != NULL)
		r->is_status = true;
	return r != NULL;
}

static bool is_permitted(struct front_seen *f, const struct msg *said)
{
	switch (said->type) {
	case MSG_READY:
		return f->taken < f->tables && ++f->taken > 0;
	case MSG_ISSUE:
		return f->taken > 0 && note_issue(f, &said->issue);
	case MSG_STATUS:
		return f->taken > 0 && note_status(f, &said->status);
	case MSG_COUNTS:
		return f->taken > 0 && !f->is_admin;
	case MSG_FAILED:
		f->failed = true;
		m.may_fail = m.may_fail || !m.ready;
		return true;
	default:
		return false;
	}
}

void model_front_says(struct child *front, struct bytes datagram, bool later)
{
	static struct msg said;
	struct front_seen *f = front_of(front);

	m.moves_before = record_moves();
	f->alone = !later && !f->later;
	f->later = later;
	if (f->must_die || f->failed || fake_child_is_condemned(front))
		f->must_die = true;
	else if (!msg_decode(datagram, &said) || !is_permitted(f, &said))
		f->must_die = true;
}

void model_front_was_heard(struct child *front)
{
	struct front_seen *f = front_of(front);
	bool alone = f->alone;

	f->alone = false;
	f->later = false;
	if (!f->must_die)
		return;
	PROMISE(fake_child_is_condemned(front), "a front that lies goes on");
	PROMISE(!alone || m.moves_before == record_moves(),
		"a bad message moved more than its front");
}

static struct request *request_of(uint64_t id)
{
	struct request *r = m.buckets[id % BUCKETS];

	while (r != NULL && r->id != id)
		r = r->next;
	return r;
}

/*
 * Whoever asked first is served first, by what its digest's TSUs are: of those that were asked for
 * shortly before, none waits.
 */
static void check_turn(const struct request *r)
{
	const struct config_endpoint *e = &m.config->endpoints[r->endpoint];
	const struct config_list *list = config_list_of(e, (enum tsp_digest)r->digest);
	size_t at = (size_t)(r - m.requests);

	for (size_t back = 1; back <= at && back <= LOOK_BACK; back++) {
		const struct request *other = &m.requests[at - back];

		PROMISE(other->is_status || other->answered || other->lost ||
				other->tries != NULL || other->endpoint != r->endpoint ||
				config_list_of(e, (enum tsp_digest)other->digest) != list,
			"a request that came before waits for the same TSUs");
	}
}

static void on_sign(const struct job *job, const struct config_tsu *tsu, struct bytes tstinfo)
{
	struct request *r = request_of(job->id);

	PROMISE(r != NULL && !r->is_status && !r->answered, "nobody asked for this token");
	check_turn(r);
	record_sign(job, r, tsu, tstinfo);
}

/* ---- what goes to the fronts ---- */

static struct request *answered(const struct front_seen *f, uint64_t id, bool is_status)
{
	struct request *r = request_of(id);

	PROMISE((uint32_t)(id >> 32) == f->nonce, "an answer to a front that is gone");
	PROMISE(r != NULL && r->is_status == is_status, "an answer that nobody asked for");
	PROMISE(!r->answered, "two answers to one request");
	r->answered = true;
	return r;
}

static void check_text(struct bytes text, size_t max, bool lines)
{
	PROMISE(text.len > 0 && text.len <= max, "a text of %zu bytes", text.len);
	for (size_t i = 0; i < text.len; i++)
		PROMISE((text.at[i] >= 0x20 && text.at[i] < 0x7f) || (lines && text.at[i] == '\n'),
			"a text with byte %u", text.at[i]);
}

/* What was good when it was asked for may be none of the next configuration. */
static bool is_good_refusal(unsigned fail_info)
{
	return fail_info == TSP_SYSTEM_FAILURE || fail_info == TSP_TIME_NOT_AVAILABLE ||
	       (m.reloaded && (fail_info == TSP_BAD_REQUEST || fail_info == TSP_BAD_ALG ||
				      fail_info == TSP_UNACCEPTED_POLICY));
}

static void to_clients(struct front_seen *f, const struct msg *a)
{
	switch (a->type) {
	case MSG_TOKEN:
		record_token(answered(f, a->token.id, false), a->token.token);
		break;
	case MSG_REFUSED:
		(void)answered(f, a->refused.id, false);
		PROMISE(is_good_refusal(a->refused.fail_info), "failInfo %u", a->refused.fail_info);
		check_text(bytes_of_text(a->refused.text), 300, false);
		break;
	case MSG_BUSY:
		(void)answered(f, a->busy.id, false);
		PROMISE(a->busy.retry_after_s > 0, "Retry-After 0");
		break;
	case MSG_ENDPOINT:
	case MSG_FILE:
	case MSG_DRAIN:
		break;
	default:
		PROMISE(false, "%s to the clients' front", msg_name(a->type));
	}
}

static void on_sent(struct child *child, const struct msg *a)
{
	struct front_seen *f = front_of(child);

	PROMISE(f != NULL, "%s to a child that is gone", msg_name(a->type));
	if (a->type == MSG_SETUP_FRONT)
		f->nonce = a->setup_front.start_nonce;
	else if (a->type == MSG_TABLES_DONE) {
		PROMISE(f->nonce != 0, "TABLES_DONE before SETUP");
		f->tables++;
	} else if (!f->is_admin) {
		to_clients(f, a);
	} else if (a->type == MSG_STATUS_REPLY) {
		(void)answered(f, a->status_reply.id, true);
		check_text(a->status_reply.text, MSG_MAX_STATUS, true);
	} else {
		PROMISE(false, "%s to the admin front", msg_name(a->type));
	}
}

/* ---- the run ---- */

static void on_run(void)
{
	m.run();
}

static void on_reloaded(const struct config *config)
{
	m.config = config;
	m.reloaded = true;
	record_reloaded(config);
}

static const struct fake_watch watch = {
	.started = on_started,
	.sent = on_sent,
	.gone = on_gone,
	.sign = on_sign,
	.record = record_record,
	.durable = record_durable,
	.logged = on_logged,
	.reloaded = on_reloaded,
	.jobs = on_jobs,
	.run = on_run,
};

void model_begin(const struct config *config, void (*run)(void))
{
	m.config = config;
	m.run = run;
	memset(m.fronts, 0, sizeof(m.fronts));
	memset(m.buckets, 0, sizeof(m.buckets));
	m.request_count = 0;
	record_begin(config);
	m.ready = false;
	m.may_fail = false;
	m.reloaded = false;
	/* 2026-11-24T08:00:00Z */
	fake_reset(&watch, 1795507200000000u);
}

bool model_has_room(void)
{
	return m.request_count < MAX_REQUESTS && record_has_room();
}

void model_may_fail(void)
{
	m.may_fail = true;
}

bool model_awaits_ready(const struct child *front)
{
	const struct front_seen *f = front_of(front);

	return f->taken < f->tables;
}

bool model_is_ready(void)
{
	return m.ready;
}

void model_all_answered(void)
{
	for (size_t i = 0; i < m.request_count; i++) {
		const struct request *r = &m.requests[i];
		const struct front_seen *f = &m.fronts[r->is_status ? 1 : 0];
		bool waits = f->child != NULL && !fake_child_is_condemned(f->child);

		PROMISE(r->answered || r->lost || !waits || m.may_fail,
			"request %016llx has no answer", (unsigned long long)r->id);
	}
}

void model_ended(int status)
{
	PROMISE(status == 0 || m.may_fail, "the service ended with %d", status);
	if (!m.may_fail)
		record_end(m.ready);
}
