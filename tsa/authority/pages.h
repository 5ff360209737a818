/*
 * The pages that tsad itself makes for GET (design section 6): "/" tells a person how to point
 * signing tools here, "/tsu.pem" gives the certificates of the TSUs.
 */
#ifndef TSA_AUTHORITY_PAGES_H
#define TSA_AUTHORITY_PAGES_H

#include "tsa/authority/config.h"

enum { PAGES_COUNT = 2 };

/* Fills in the pages; the caller frees each content with buf_free. */
void pages_make(const struct config *config, struct config_file pages[PAGES_COUNT]);

#endif
