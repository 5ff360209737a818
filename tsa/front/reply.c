/* Owns the words and bytes of the answers; what is refused, and why, others say. */
#include "tsa/front/reply.h"

#include <inttypes.h>
#include <stdio.h>

#include <event2/http.h>

#include "tsa/core/log.h"
#include "tsa/front/http.h"
#include "tsa/front/legacy.h"
#include "tsa/front/sigstore.h"

enum {
	MAX_WORDS = 300, /* of a statusString (tsp/reply.h) */
};

static const char reply_type[] = "application/timestamp-reply"; /* RFC 3161 3.4 (P-22) */

/* HTTP 200 with a TimeStampResp (P-22). */
static void answer_reply(struct conn *conn, struct bytes reply)
{
	const struct answer answer = { .status = HTTP_OK, .type = reply_type, .body = reply };

	http_answer(conn, &answer);
}

void reply_token(struct conn *conn, struct bytes token)
{
	struct exchanges *x = &conn->front->exchanges;
	struct bytes reply = tsp_reply_granted(token, x->reply, sizeof(x->reply));

	if (reply.len == 0)
		BUG("token of %zu bytes fits no reply", token.len);
	answer_reply(conn, reply);
}

/* TimeStampResp with status 2; only id where words are no UTF-8. */
static void refuse_in_der(
	struct conn *conn, enum tsp_failure failure, const char *words, const char *id)
{
	uint8_t buf[TSP_MAX_REFUSAL];
	struct bytes reply = tsp_reply_refused(failure, words, buf, sizeof(buf));

	if (reply.len == 0)
		reply = tsp_reply_refused(failure, id, buf, sizeof(buf));
	if (reply.len == 0)
		BUG("refusal: failInfo %d is not one of RFC 3161", failure);
	answer_reply(conn, reply);
}

/* What is not the client's fault may be over soon. */
static bool is_passing(enum tsp_failure failure)
{
	return failure == TSP_SYSTEM_FAILURE || failure == TSP_TIME_NOT_AVAILABLE;
}

/* counted: as in struct answer. */
static void answer_json(
	struct conn *conn, int status, unsigned retry_after_s, const char *text, bool counted)
{
	char body[SIGSTORE_MAX_ERROR];
	size_t len = sigstore_error(status, text, body);
	struct answer answer = {
		.status = status,
		.type = "application/json",
		.retry_after_s = retry_after_s,
		.counted = counted,
	};

	if (len == 0) /* text is no UTF-8 */
		len = sigstore_error(status, "the request cannot be granted", body);
	answer.body = (struct bytes){ (const uint8_t *)body, len };
	http_answer(conn, &answer);
}

void reply_json(struct conn *conn, int status, unsigned retry_after_s, const char *text)
{
	answer_json(conn, status, retry_after_s, text, false);
}

/* As one in DER it is counted by who refused, and is no fault of HTTP's. */
static void refuse_in_json(struct conn *conn, enum tsp_failure failure, const char *words)
{
	char text[MAX_WORDS + 64];
	bool passing = is_passing(failure);

	(void)snprintf(text, sizeof(text), "%s: %s", tsp_failure_name(failure), words);
	answer_json(conn, passing ? HTTP_SERVUNAVAIL : HTTP_BADREQUEST,
		passing ? FRONT_RETRY_AFTER_S : 0, text, true);
}

void reply_refusal(struct conn *conn, enum tsp_failure failure, const char *text)
{
	char words[MAX_WORDS + 1];
	char id[32];
	int id_len = snprintf(id, sizeof(id), "(request %016" PRIx64 ")", conn->id);

	(void)snprintf(words, sizeof(words), "%.*s %s",
		(int)text_fitting(text, (size_t)(MAX_WORDS - id_len - 1)), text, id);
	if (conn->json)
		refuse_in_json(conn, failure, words);
	else
		refuse_in_der(conn, failure, words, id);
}

void reply_overload(struct conn *conn, unsigned retry_after_s, const char *text)
{
	const struct answer answer = {
		.status = HTTP_SERVUNAVAIL,
		.type = "text/plain; charset=utf-8",
		.body = bytes_of_text(text),
		.retry_after_s = retry_after_s,
	};

	if (conn->json)
		reply_json(conn, HTTP_SERVUNAVAIL, retry_after_s, text);
	else
		http_answer(conn, &answer);
}

void reply_legacy(struct conn *conn)
{
	const struct answer answer = {
		.status = HTTP_BADREQUEST,
		.type = "text/plain; charset=utf-8",
		.body = bytes_of_text(legacy_text),
		.counted = true,
	};

	front_count(conn->front, MSG_COUNT_LEGACY);
	http_answer(conn, &answer);
}
