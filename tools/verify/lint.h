/*
 * The rules of RFC 3161, EN 319 422 and CSBR that a token or response can show, applied to one.
 * The rules are a table; each has the ID of requirements.md and one finding at most.
 */
#ifndef TSA_TOOLS_VERIFY_LINT_H
#define TSA_TOOLS_VERIFY_LINT_H

#include "signer.h"
#include "tsa/token/profile.h"
#include "tsa/tsp/request.h"

/* What a rule looks at. All borrowed. */
struct lint_subject {
	enum profile profile;
	const struct token_file *file;
	const struct signer *signer;
	const struct tsp_request *query; /* NULL: none given */
	struct bytes query_imprint; /* DER of its messageImprint */
	STACK_OF(X509_CRL) * crls; /* may be NULL */
	STACK_OF(X509) * untrusted; /* may be NULL */
};

/* Called for each finding: the rule's ID, and its text with what was found. */
typedef void lint_finding(void *arg, const char *id, const char *text);

/*
 * Applies every rule of the profile that can be applied. Returns the number of findings, each
 * reported; *skipped: rules that could not be applied because the signer's certificate is not at
 * hand.
 */
unsigned lint(
	const struct lint_subject *subject, lint_finding *report, void *arg, unsigned *skipped);

/*
 * The messageImprint inside a TimeStampReq that tsp_request_decode() took, as it stands there.
 */
struct bytes lint_query_imprint(struct bytes query);

#endif
