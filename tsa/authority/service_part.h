/* What the files service*.c share: the service that is running.  For them only. */
#ifndef TSA_AUTHORITY_SERVICE_PART_H
#define TSA_AUTHORITY_SERVICE_PART_H

#include "tsa/authority/issue.h"
#include "tsa/authority/notify.h"
#include "tsa/authority/reload.h"
#include "tsa/authority/signals.h"

enum phase {
	PHASE_JOURNAL, /* tsa-journal recovers */
	PHASE_SIGNERS, /* signers prove their keys */
	PHASE_LEASE, /* the fresh lease is not durable yet */
	PHASE_FRONTS,
	PHASE_RUNNING,
	PHASE_DRAINING, /* fronts answer what they accepted */
	PHASE_CLOSING, /* the lease-close is not durable yet */
	PHASE_STOPPING, /* children end */
};

struct service {
	const char *path; /* of the configuration */
	struct config *config; /* of the start; from then on reload has the one in force */
	const struct incident *accepted; /* by the operator; NULL: nothing */
	struct event_base *base;
	struct notify notify;
	struct signals *signals;
	struct event *tick;
	struct event *deadline;
	struct spawner *spawner;
	struct fronts *fronts;
	struct journal *journal;
	struct crew *crew;
	struct lease *lease;
	struct ledger *ledger;
	struct issuing *issuing;
	struct timesrc clock;
	struct tenure tenure;
	struct reload reload;
	struct msg_journal_ready found;
	uint64_t found_us; /* of the real clock */
	bool begun; /* the first lease was opened */
	enum phase phase;
	bool drained; /* no front is left that could ask */
	bool left; /* the loop is over, or need not begin */
	int status;
};

/* Cannot go on: the first reason counts, but for one that forbids another start. */
void service_fail(struct service *s, int status, const char *event, const char *text);
/* Fronts first, so that what they still hold is answered or ends; the rest follows from there. */
void service_stop(struct service *s);
/* While it drains: once nothing is open, the lease is closed. */
void service_close_if_done(struct service *s);

/* SIGTERM and SIGINT; the deadline's timer; and what the neighbours say of their own end. */
void service_signal(void *arg, int number);
void service_overdue(int fd, short what, void *arg);
void service_drained(void *arg);
void service_fronts_stopped(void *arg);
void service_ledger_stopped(void *arg);
void service_journal_stopped(void *arg);
void service_crew_stopped(void *arg);

#endif
