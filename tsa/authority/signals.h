/*
 * What tsad does on signals: SIGTERM and SIGINT stop, SIGHUP is refused, SIGPIPE is nothing.
 */
#ifndef TSA_AUTHORITY_SIGNALS_H
#define TSA_AUTHORITY_SIGNALS_H

struct event_base;
struct signals;

/* Calls stop(arg, number) from the loop at each SIGTERM and SIGINT. */
struct signals *signals_watch(
	struct event_base *base, void (*stop)(void *arg, int number), void *arg);
/* Takes NULL. */
void signals_free(struct signals *signals);

#endif
