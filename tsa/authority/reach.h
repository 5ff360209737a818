/*
 * Can the user that the roles run as reach what they open?  The roles find out for themselves;
 * this says it before, with the folder that is in the way.
 */
#ifndef TSA_AUTHORITY_REACH_H
#define TSA_AUTHORITY_REACH_H

#include "tsa/authority/config.h"

/*
 * To be called as that user. Reports what permissions forbid, all of it: journal, PIN files,
 * modules and SoftHSM's token directory as findings; certificates and publish, which are only read
 * again at a reload, as warnings. False after a finding that is no warning.
 */
bool reach_check(const struct config *config, config_finding *report, void *arg);

/* A config_finding for one who stops at the first: arg is a struct err, which keeps it. */
void reach_keep_first(void *arg, bool warning, const char *text);

#endif
