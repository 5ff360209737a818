/* What the files pages*.c share.  For them only. */
#ifndef TSA_AUTHORITY_PAGES_PART_H
#define TSA_AUTHORITY_PAGES_PART_H

#include "tsa/authority/config.h"

/* Each appends the content of one page. */
void pages_put_index(const struct config *config, struct buf *out);
void pages_put_tsu_json(const struct config *config, int64_t now, struct buf *out);
void pages_put_certchain(const struct config *config, int64_t now, struct buf *out);

#endif
