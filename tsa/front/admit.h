/*
 * Who may come in and how long they may stay: the cap on connections and the deadline of each
 * state of a connection (R31; evhttp has neither).
 */
#ifndef TSA_FRONT_ADMIT_H
#define TSA_FRONT_ADMIT_H

#include "tsa/core/err.h"
#include "tsa/front/front.h"

/*
 * Takes the listening descriptors of SETUP, paused, and makes room for their connections: the
 * limit on open files is set to what the cap needs, and the cap lowered to what it may be.
 */
MUST_CHECK bool admit_start(struct front *front, struct err *err);

/* Accepts from now on. */
void admit_open(struct front *front);

/* Closes the listeners and the connections on which nothing has arrived. */
void admit_stop(struct front *front);

/* The connection of a complete request of evhttp's. */
struct conn *admit_conn(struct front *front, struct evhttp_request *request);

/* The one door to a connection's state; its deadline starts anew. */
void admit_become(struct conn *conn, enum conn_state next);

/* The connection that has waited longest for tsad if its time is over, else NULL. */
struct conn *admit_overdue_waiting(const struct front *front);

/* Every tick: closes what is overdue, accepts again after a failed accept(). */
void admit_tick(struct front *front);

#endif
