/* --embedded: every time-stamp of a signed file, as a token that is over the signature's octets. */
#ifndef TSA_TOOLS_VERIFY_EMBEDDED_H
#define TSA_TOOLS_VERIFY_EMBEDDED_H

#include "carrier.h"
#include "survive.h"
#include "verify.h"

/* The signature that a time-stamp was found in, and what its time-stamps so far say of it. */
struct carried {
	const struct carrier_signature *signature;
	const struct carrier_stamp *stamp; /* NULL: it has none */
	bool judged; /* best is set */
	struct survive_result best;
	int64_t time; /* earliest proven; INT64_MAX: none */
};

/*
 * Verifies each time-stamp of the file ("-": standard input) by verify_token(), and counts each
 * signature. A file that is no carrier, or has no signature or no time-stamp, has a report as well.
 */
void embedded_verify_file(struct verify *verify, const char *path, struct tally *tally, FILE *out);

/* For verify_token(), subject->carried set: is it a countersignature? Then it is checked. */
bool embedded_check(struct verify *verify, const struct verify_subject *subject,
	const struct check_policy *policy);
/* For verify_token(), subject->carried set: a line on the signature itself, and its facts. */
void embedded_note(struct verify *verify, const struct verify_subject *subject);
/*
 * For verify_token(): --signed-cert and --revoked-at, asked of this time-stamp; "survival" among
 * the parts of the report. Without a carrier it is counted here.
 */
void survive_note(struct verify *verify, const struct verify_subject *subject, struct tally *tally);
/* True if the options ask that question. */
bool survive_is_asked(const struct verify_options *options);

#endif
