/*
 * The pages that tsad itself makes for GET (design section 6): "/" tells a person how to point
 * signing tools here; "/tsu" (JSON) and "/tsu.pem" list the certificates of all TSUs, past, present
 * and next; "/api/v1/timestamp/certchain" is sigstore's (R21).
 */
#ifndef TSA_AUTHORITY_PAGES_H
#define TSA_AUTHORITY_PAGES_H

#include "tsa/authority/config.h"

enum { PAGES_COUNT = 4 };

/*
 * Fills in the pages as they are at the time now (seconds since 1970) and gives their number; the
 * caller frees each content with buf_free. They hold until unit_next_change (units.h).
 */
size_t pages_make(const struct config *config, int64_t now, struct config_file pages[PAGES_COUNT]);

#endif
