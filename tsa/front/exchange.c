/*
 * Owns the table of exchanges that wait for tsad.  An exchange is part of its connection; this
 * never frees one.
 */
#include "tsa/front/exchange.h"

#include <inttypes.h>
#include <string.h>

#include <event2/http.h>

#include "tsa/core/log.h"
#include "tsa/front/admit.h"
#include "tsa/front/body.h"
#include "tsa/front/channel.h"
#include "tsa/front/http.h"
#include "tsa/front/legacy.h"
#include "tsa/front/reply.h"
#include "tsa/front/sigstore.h"

enum {
	MAX_LOGGED = 10, /* refusals a second that get a line of their own in the log */
	SUMMARY_EVERY_MS = 1000,
	/* Room for what accepted connections still ask while they drain: no id comes twice (R14).
	 */
	DRAINING_REQUESTS = 1 << 24,
};

#define LAST_REQUEST (UINT32_MAX - DRAINING_REQUESTS)

/* The next request id. When they are used up this process makes room for one with a new nonce. */
static uint64_t next_id(struct front *front)
{
	uint32_t number = ++front->exchanges.last_number;

	if (number == LAST_REQUEST) {
		log_event(LOG_LEVEL_INFO, "request_ids_used_up", NULL, "start_nonce=%08" PRIx32,
			front->setup.start_nonce);
		front_drain(front);
	}
	return (uint64_t)front->setup.start_nonce << 32 | number;
}

static struct conn **bucket_of(struct exchanges *x, uint64_t id)
{
	return &x->bucket[(uint32_t)id % FRONT_BUCKETS];
}

static void wait_for_tsad(struct conn *conn, enum msg_type asked)
{
	struct exchanges *x = &conn->front->exchanges;
	struct conn **bucket = bucket_of(x, conn->id);

	conn->asked = (uint8_t)asked;
	conn->next_waiting = *bucket;
	*bucket = conn;
	x->count++;
	admit_become(conn, CONN_WAITING);
}

void exchange_forget(struct conn *conn)
{
	struct exchanges *x = &conn->front->exchanges;
	struct conn **at = bucket_of(x, conn->id);

	while (*at != conn) {
		if (*at == NULL)
			BUG("request %016" PRIx64 " is not in the table", conn->id);
		at = &(*at)->next_waiting;
	}
	*at = conn->next_waiting;
	conn->next_waiting = NULL;
	x->count--;
}

/* Takes the exchange that tsad answers out of the table; NULL if its client is gone. */
static struct conn *take_answered(struct front *front, uint64_t id, enum msg_type asked)
{
	struct conn *conn = *bucket_of(&front->exchanges, id);

	while (conn != NULL && conn->id != id)
		conn = conn->next_waiting;
	if (conn == NULL) {
		log_event(LOG_LEVEL_DEBUG, "answer_too_late", NULL, "request=%016" PRIx64, id);
		return NULL;
	}
	if (conn->asked != asked)
		BUG("request %016" PRIx64 ": asked by %s, answered as %s", id,
			msg_name((enum msg_type)conn->asked), msg_name(asked));
	exchange_forget(conn);
	return conn;
}

/* A flood of bad requests must not push the lines of others out of the log (log.h). */
static bool may_log(struct exchanges *x)
{
	if (x->logged >= MAX_LOGGED) {
		x->unlogged++;
		return false;
	}
	x->logged++;
	return true;
}

static void log_refusal(struct conn *conn, enum tsp_failure failure, const char *text)
{
	if (!may_log(&conn->front->exchanges))
		return;
	log_event(LOG_LEVEL_INFO, "refused", text, "request=%016" PRIx64 " failure=%s", conn->id,
		tsp_failure_name(failure));
}

/* True if one more may wait and msg is on its way to tsad; else the client was told 503. */
static bool ask_tsad(struct conn *conn, const struct msg *msg)
{
	if (conn->front->exchanges.count < FRONT_MAX_WAITING && channel_send(conn->front, msg)) {
		wait_for_tsad(conn, msg->type);
		return true;
	}
	reply_overload(conn, FRONT_RETRY_AFTER_S, "overload: too many requests wait\n");
	return false;
}

static void ask_for_token(
	struct conn *conn, const struct endpoint *endpoint, const struct tsp_request *request)
{
	struct msg msg = {
		.type = MSG_ISSUE,
		.issue = {
			.id = conn->id,
			.endpoint = endpoint->index,
			.digest = (uint8_t)request->digest,
			.null_params = request->null_params,
			.cert_req = request->cert_req,
			.policy.len = (uint8_t)request->policy.len,
			.imprint = request->imprint,
			.nonce = request->nonce,
		},
	};

	if (request->policy.len > MSG_MAX_OID)
		BUG("request: policy of %zu octets was granted", request->policy.len);
	if (request->policy.len > 0)
		memcpy(msg.issue.policy.at, request->policy.at, request->policy.len);
	(void)ask_tsad(conn, &msg);
}

/* The front's own refusal. */
static void refuse(struct conn *conn, enum tsp_failure failure, const char *text)
{
	front_count(conn->front, MSG_COUNT_REFUSED);
	log_refusal(conn, failure, text);
	reply_refusal(conn, failure, text);
}

static void judge(
	struct conn *conn, const struct endpoint *endpoint, const struct tsp_request *request)
{
	struct tsp_refusal refusal = { 0 };

	if (tsp_request_judge(request, &endpoint->rules, &refusal))
		ask_for_token(conn, endpoint, request);
	else
		refuse(conn, refusal.failure, refusal.text);
}

static void begin_der(struct conn *conn, const struct endpoint *endpoint, struct bytes body)
{
	struct tsp_request request = { 0 };
	struct tsp_refusal refusal = { 0 };

	if (tsp_request_decode(body, &request, &refusal))
		judge(conn, endpoint, &request);
	else if (legacy_is(body))
		reply_legacy(conn);
	else
		refuse(conn, refusal.failure, refusal.text);
}

static void begin_json(struct conn *conn, const struct endpoint *endpoint, struct bytes body)
{
	struct sigstore_request request;
	enum tsp_failure failure = TSP_BAD_DATA_FORMAT;
	struct err err = { 0 };

	conn->json = true;
	if (sigstore_read(body, &request, &failure, &err))
		judge(conn, endpoint, &request.request);
	else
		refuse(conn, failure, err.text);
}

void exchange_begin(struct conn *conn, const struct endpoint *endpoint, bool sigstore)
{
	struct body body;

	conn->id = next_id(conn->front);
	conn->json = false;
	body_read(conn, &body);
	if (body.kind == BODY_BAD_BASE64)
		refuse(conn, TSP_BAD_DATA_FORMAT,
			"body: RFC 2045 6.8: is not the base64 that Content-Transfer-Encoding says");
	else if (body.kind == BODY_JSON)
		begin_json(conn, endpoint, body.content);
	else if (body.kind == BODY_UNTYPED_JSON && sigstore)
		reply_json(conn, HTTP_UNSUPPORTED_TYPE, 0,
			"Content-Type: RFC 9110 8.3: a request in JSON is sent as application/json, one "
			"in DER as application/timestamp-query");
	else
		begin_der(conn, endpoint, body.content);
}

void exchange_ask_status(struct conn *conn, enum msg_status kind)
{
	struct msg msg = { .type = MSG_STATUS };

	conn->id = next_id(conn->front);
	conn->json = false;
	conn->status_kind = (uint8_t)kind;
	msg.status.id = conn->id;
	msg.status.what = (uint8_t)kind;
	(void)ask_tsad(conn, &msg);
}

void exchange_token(struct front *front, const struct msg_token *msg)
{
	struct conn *conn = take_answered(front, msg->id, MSG_ISSUE);

	if (conn != NULL)
		reply_token(conn, msg->token);
}

void exchange_refused(struct front *front, const struct msg_refused *msg)
{
	struct conn *conn = take_answered(front, msg->id, MSG_ISSUE);

	if (conn != NULL)
		reply_refusal(conn, (enum tsp_failure)msg->fail_info, msg->text);
}

void exchange_busy(struct front *front, const struct msg_busy *msg)
{
	struct conn *conn = take_answered(front, msg->id, MSG_ISSUE);

	if (conn != NULL)
		reply_overload(conn,
			msg->retry_after_s == 0 ? FRONT_RETRY_AFTER_S : msg->retry_after_s,
			"overload: too many requests wait\n");
}

void exchange_status(struct front *front, const struct msg_status_reply *msg)
{
	struct conn *conn = take_answered(front, msg->id, MSG_STATUS);
	struct answer answer = {
		.status = msg->good ? HTTP_OK : HTTP_SERVUNAVAIL,
		.type = "text/plain; charset=utf-8",
		.body = msg->text,
	};

	if (conn == NULL)
		return;
	if (conn->status_kind == MSG_STATUS_METRICS)
		answer.type = "text/plain; version=0.0.4; charset=utf-8"; /* Prometheus */
	http_answer(conn, &answer);
}

static void answer_overdue(struct conn *conn)
{
	exchange_forget(conn);
	if (may_log(&conn->front->exchanges))
		log_event(LOG_LEVEL_WARNING, "no_answer", "tsad left a request unanswered",
			"request=%016" PRIx64 " asked=%s", conn->id,
			msg_name((enum msg_type)conn->asked));
	if (conn->asked == MSG_STATUS)
		reply_overload(conn, FRONT_RETRY_AFTER_S, "tsad: no answer in time\n");
	else
		reply_refusal(conn, TSP_SYSTEM_FAILURE, "no answer in time");
}

void exchange_tick(struct front *front)
{
	struct exchanges *x = &front->exchanges;
	uint64_t now = front_now_ms();
	struct conn *conn;

	while ((conn = admit_overdue_waiting(front)) != NULL)
		answer_overdue(conn);
	if (now < x->next_summary_ms)
		return;
	if (x->unlogged > 0)
		log_event(LOG_LEVEL_INFO, "refused_more", "not logged one by one", "count=%u",
			x->unlogged);
	x->logged = 0;
	x->unlogged = 0;
	x->next_summary_ms = now + SUMMARY_EVERY_MS;
}
