/* Between bundle.c and bundle_sort.c only. */
#ifndef TSA_TOOLS_VERIFY_BUNDLE_PART_H
#define TSA_TOOLS_VERIFY_BUNDLE_PART_H

#include "bundle.h"

/* Adds one thing; octets are copied. False and err past BUNDLE_MAX_ITEMS. */
MUST_CHECK bool bundle_put(struct bundle *bundle, enum bundle_kind kind, const char *name,
	struct bytes octets, struct err *err);

#endif
