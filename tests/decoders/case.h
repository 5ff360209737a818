/*
 * What the verifiers of this folder are asked: a list of cases, one a line, fields separated by
 * tabs.  It is all that they share: each brings decoder, CMS and certificates of its own.
 */
#ifndef TSA_TESTS_DECODERS_CASE_H
#define TSA_TESTS_DECODERS_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	CASE_MAX_LINE = 2048,
	CASE_MAX_FILE = 65536, /* a request, a response, a PEM file */
};

struct test_case {
	char *name; /* of the answer; stands in the verdict */
	char *query; /* file of the TimeStampReq */
	char *answer; /* file of the TimeStampResp */
	char *root; /* PEM: the trust anchor */
	char *chain; /* PEM: what a token without certificates leaves out */
	char *wants; /* words with blanks between: see case_wants */
	char *kind;
};

/*
 * True if word is one of the wants of the case:
 * cert, nocert: certificates are in the token, or not; root: the trust anchor is among them
 * tsa: names the TSU; time: signingTime; protection: CMSAlgorithmProtection; qualified:
 * qcStatements digits0, digits3, digits6: digits of a second's fraction at most refused:N: no
 * token, failInfo N and a text instead
 */
bool case_wants(const struct test_case *c, const char *word);
/* The number N of refused:N; -1 if a token is wanted. */
int case_failure(const struct test_case *c);

/* The whole file, terminated by a zero byte that does not count; ends the program if it cannot. */
struct buf case_file(const char *path);

/* Says why, and returns true if the answer is what the case wants of it. */
typedef bool case_verifier(void *arg, const struct test_case *c, struct err *why);

/*
 * Reads cases from standard input; prints for each "name<TAB>kind<TAB>yes" or
 * "name<TAB>kind<TAB>no<TAB>why". Returns the program's exit status.
 */
int case_run(case_verifier *verify, void *arg);

#endif
