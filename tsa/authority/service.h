/*
 * tsad as a service: the order of start and stop, and who hears whom.
 */
#ifndef TSA_AUTHORITY_SERVICE_H
#define TSA_AUTHORITY_SERVICE_H

#include "tsa/authority/config.h"
#include "tsa/record/body.h"

/* Exit statuses (design section 4, D13). */
enum {
	EXIT_GOOD = 0,
	EXIT_FINDINGS = 1,
	EXIT_DO_NOT_RESTART = 78, /* EX_CONFIG: a wrong PIN, or a conflicting record */
};

/*
 * Runs with config, which was read from path, and with what SIGHUP reads from there, until SIGTERM
 * or until it cannot go on; gives the exit status.  accepted: the conflict that an operator
 * accepts, on record before PostgreSQL is asked (R8); NULL: none.
 */
int service_run(const char *path, struct config *config, const struct incident *accepted);

/* tsad --check: every key proves itself once; prints each finding. */
int service_check(struct config *config);

#endif
