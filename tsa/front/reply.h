/*
 * The forms of an answer to a request for a token: TimeStampResp, or what sigstore's clients know.
 */
#ifndef TSA_FRONT_REPLY_H
#define TSA_FRONT_REPLY_H

#include "tsa/front/front.h"

/* The token that tsad gave. */
void reply_token(struct conn *conn, struct bytes token);

/*
 * No token. In DER: HTTP 200, status 2, failInfo. In JSON: HTTP 400, or 503 where a later attempt
 * may do. The text ends in the request id.
 */
void reply_refusal(struct conn *conn, enum tsp_failure failure, const char *text);

/* HTTP 503 with Retry-After. */
void reply_overload(struct conn *conn, unsigned retry_after_s, const char *text);

/* HTTP error status in sigstore's JSON. */
void reply_json(struct conn *conn, int status, unsigned retry_after_s, const char *text);

/* HTTP 400 with words for who sends Authenticode's old request. */
void reply_legacy(struct conn *conn);

#endif
