/* What the files shared*.c share. */
#ifndef TSA_TOOLS_VERIFY_SHARED_PART_H
#define TSA_TOOLS_VERIFY_SHARED_PART_H

#include "shared.h"

MUST_CHECK bool shared_add_certificate(struct shared *shared, bool is_anchor, X509 *certificate,
	const char *name, struct err *err);
/* --trust, --untrusted, --crl, --ocsp. */
MUST_CHECK bool shared_read_material(struct shared *shared, struct err *err);

#endif
