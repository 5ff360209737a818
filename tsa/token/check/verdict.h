/*
 * What the verifier says of one token: a status, why, what is missing, and each check it made.
 * The words are those of EN 319 102-1 5.1. Fixed room, no allocation.
 */
#ifndef TSA_TOKEN_CHECK_VERDICT_H
#define TSA_TOKEN_CHECK_VERDICT_H

#include <stdbool.h>

enum check_status { CHECK_PASSED, CHECK_FAILED, CHECK_INDETERMINATE };

/* Sub-indications of EN 319 102-1. */
enum check_sub {
	SUB_NONE,
	SUB_FORMAT_FAILURE,
	SUB_HASH_FAILURE,
	SUB_SIG_CRYPTO_FAILURE,
	SUB_SIG_CONSTRAINTS_FAILURE,
	SUB_CHAIN_CONSTRAINTS_FAILURE,
	SUB_NOT_YET_VALID,
	SUB_REVOKED,
	SUB_CRYPTO_CONSTRAINTS_FAILURE,
	SUB_TIMESTAMP_ORDER_FAILURE,
	SUB_NO_SIGNING_CERTIFICATE_FOUND,
	SUB_NO_CERTIFICATE_CHAIN_FOUND,
	SUB_NO_CERTIFICATE_CHAIN_FOUND_NO_POE,
	SUB_SIGNED_DATA_NOT_FOUND,
	SUB_OUT_OF_BOUNDS_NO_POE,
	SUB_OUT_OF_BOUNDS_NOT_REVOKED,
	SUB_REVOKED_NO_POE,
	SUB_REVOKED_CA_NO_POE,
	SUB_REVOCATION_OUT_OF_BOUNDS_NO_POE,
	SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
	SUB_NO_POE,
	SUB_TRY_LATER,
};

enum check_result { CHECK_PASS, CHECK_WARN, CHECK_FAIL, CHECK_SKIP };

enum {
	VERDICT_TEXT = 400, /* with NUL; longer text is cut */
	VERDICT_MAX_LINES = 64, /* a check more replaces the last, which then says so */
	VERDICT_MAX_NEEDS = 16,
};

/* One check. id is static: V-01 to V-17 (longterm.md 1.1), V-PATH, V-TIME, V-REV, V-ALG, V-POE. */
struct check_line {
	const char *id;
	enum check_result result;
	char text[VERDICT_TEXT];
};

struct verdict {
	enum check_status status;
	enum check_sub sub; /* SUB_NONE if passed */
	char why[VERDICT_TEXT]; /* of the failing check that decided; "" if passed */
	struct check_line lines[VERDICT_MAX_LINES];
	unsigned line_count;
	char needs[VERDICT_MAX_NEEDS][VERDICT_TEXT]; /* evidence that would settle it */
	unsigned need_count;
};

/* Passed, with no line. */
void verdict_start(struct verdict *verdict);
/* Adds a line that leaves the status as it is: CHECK_PASS, CHECK_WARN or CHECK_SKIP. */
void verdict_line(struct verdict *verdict, const char *id, enum check_result result,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/*
 * Adds a failing line. FAILED wins over INDETERMINATE; of equals the first decides status, sub and
 * why. Returns false, for the caller to return.
 */
bool verdict_fail(struct verdict *verdict, const char *id, enum check_status status,
	enum check_sub sub, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Adds evidence that would settle it, unless it is there already. */
void verdict_need(struct verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "PASSED", "FAILED", "INDETERMINATE"; "OUT_OF_BOUNDS_NO_POE", ""; "pass", "warn". Static. */
const char *check_status_name(enum check_status status);
const char *check_sub_name(enum check_sub sub);
const char *check_result_name(enum check_result result);

#endif
