/*
 * What tsad does on signals: SIGTERM and SIGINT stop, SIGHUP reloads, SIGPIPE is nothing.
 */
#ifndef TSA_AUTHORITY_SIGNALS_H
#define TSA_AUTHORITY_SIGNALS_H

struct event_base;
struct signals;

/* Calls stop(arg, number) from the loop at each SIGTERM and SIGINT, reload(arg) at SIGHUP. */
struct signals *signals_watch(struct event_base *base, void (*stop)(void *arg, int number),
	void (*reload)(void *arg), void *arg);
/* Takes NULL. */
void signals_free(struct signals *signals);

#endif
