/*
 * Makes connections to PostgreSQL without blocking: while libpq connects, tsad is heard.
 * (Looking up a host name is the exception: the resolver's own time-out bounds it.)
 */
#ifndef TSA_LEDGER_CONNECT_H
#define TSA_LEDGER_CONNECT_H

#include <libpq-fe.h>

#include "tsa/ledger/channel.h"

struct connector;

/* conninfo is libpq's connection string; it and channel live longer than the connector. */
struct connector *connector_new(const char *conninfo, struct channel *channel);
void connector_free(struct connector *c);

/*
 * One attempt of a few seconds. NULL and err if it failed; the caller frees the connection with
 * PQfinish().  Of several hosts libpq tries the next by itself when one refuses, but one that
 * swallows packets would use up every attempt: after such an attempt the following ones take
 * one host each, in turn.
 */
PGconn *connector_attempt(struct connector *c, struct err *err);

#endif
