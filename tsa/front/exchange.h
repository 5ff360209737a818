/*
 * One exchange: from the body of a request, through tsad and back, to the reply.  A connection
 * has one at most; the request id names it and is never reused (R14), so that an answer which
 * comes too late finds nothing.
 */
#ifndef TSA_FRONT_EXCHANGE_H
#define TSA_FRONT_EXCHANGE_H

#include "tsa/front/front.h"
#include "tsa/front/pages.h"

/*
 * The request's body, of at most TSP_MAX_REQUEST bytes, should be a TimeStampReq or sigstore's form
 * of one: refuses it, or asks tsad for a token. sigstore: it came to sigstore's own path.
 */
void exchange_begin(struct conn *conn, const struct endpoint *endpoint, bool sigstore);

/* Asks tsad for a status page. */
void exchange_ask_status(struct conn *conn, enum msg_status kind);

/* tsad's answers; dropped if the client is gone or was answered already. */
void exchange_token(struct front *front, const struct msg_token *msg);
void exchange_refused(struct front *front, const struct msg_refused *msg);
void exchange_busy(struct front *front, const struct msg_busy *msg);
void exchange_status(struct front *front, const struct msg_status_reply *msg);

/* The connection of a waiting exchange is closing: takes it out of the table. */
void exchange_forget(struct conn *conn);

/* Every tick: answers what tsad has left unanswered for too long. */
void exchange_tick(struct front *front);

#endif
