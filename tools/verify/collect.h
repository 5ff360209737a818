/* What --collect keeps: all that a later run needs to come to the same verdict (longterm.md 4). */
#ifndef TSA_TOOLS_VERIFY_COLLECT_H
#define TSA_TOOLS_VERIFY_COLLECT_H

#include "fetch.h"
#include "tsa/token/check/model.h"

enum { COLLECT_MAX_DIGESTS = 4 };

/* A later token that was given, or a record of evidence. */
struct collect_object {
	struct bytes octets;
	const char *name;
};

struct collect_digest {
	const char *name; /* "sha256" */
	struct bytes value;
};

/* All borrowed. */
struct collect {
	const char *folder;
	const char *tool; /* "tsa-verify 0.1.0" */
	int64_t now; /* seconds since 1970 */
	struct bytes token; /* the octets that were verified */
	const struct checked *checked;
	const struct material *material;
	const struct check_policy *policy;
	struct bytes algorithms; /* text of the table; empty: what is built in */
	const struct collect_object *proofs;
	unsigned proof_count;
	const struct collect_object *records; /* of evidence */
	unsigned record_count;
	struct collect_digest digests[COLLECT_MAX_DIGESTS]; /* of the data */
	unsigned digest_count;
	const struct fetch *fetch; /* NULL: nothing was fetched */
	struct bytes report; /* JSON */
};

/* Writes the bundle. False and err if it cannot be, or the folder is there already. */
MUST_CHECK bool collect_write(const struct collect *collect, struct err *err);

#endif
