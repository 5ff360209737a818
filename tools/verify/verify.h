/* One token after the other, from its bytes to its report. */
#ifndef TSA_TOOLS_VERIFY_VERIFY_H
#define TSA_TOOLS_VERIFY_VERIFY_H

#include <stdio.h>

#include <jansson.h>

#include "fetch.h"
#include "shared.h"
#include "survive.h"

/* Exit status (design section 4). */
enum verify_exit {
	VERIFY_PASSED = 0, /* --lint: clean */
	VERIFY_FAILED = 1, /* --lint: findings */
	VERIFY_INDETERMINATE = 2,
	VERIFY_COULD_NOT_RUN = 3,
};

/* How many ended how. */
struct tally {
	uint32_t passed;
	uint32_t failed;
	uint32_t indeterminate;
	uint32_t unread; /* files that could not be read */
	uint32_t warned; /* passed with a warning */
	uint32_t unmet; /* --require-model or --fail-on-warning was not met */
	struct survive_tally survive; /* signatures, if that was asked */
};

void tally_add(struct tally *tally, const struct tally *more);
/*
 * The worst of them: 3 before 1 before 2 before 0. If it was asked what survives, that counts
 * instead of the verdicts.
 */
enum verify_exit tally_exit(const struct tally *tally);

/* A token that is to be verified, and what is known of it alone. Borrowed. */
struct verify_subject {
	const char *name; /* the file as given; of one in a carrier, with a word on where */
	struct bytes octets; /* of the file, or of the token in it */
	token_digest_of *data; /* what it should be over; NULL: what the command line gave */
	void *data_arg;
	struct carried *carried; /* embedded.h; NULL: it was in no signature */
};

struct carried;

/* Room for one token at a time. */
struct verify {
	const struct shared *shared;
	struct material *material; /* of this token, on shared->material */
	struct checked checked;
	struct fetch *fetch; /* NULL: nothing was fetched yet */
	json_t *parts; /* further members of the report, by those who add to it; an object */
};

/* The caller frees. */
struct verify *verify_new(const struct shared *shared);
void verify_free(struct verify *verify);

/*
 * Verifies the token or tokens of a file ("-": standard input), writes the report to out and counts
 * it in tally. What cannot be read is told on standard error.
 */
void verify_file(struct verify *verify, const char *path, struct tally *tally, FILE *out);
/*
 * The same for one token; what stands in verify->material and verify->parts (a carrier's
 * certificates, a word about it) is used and then forgotten.
 */
void verify_token(struct verify *verify, const struct verify_subject *subject, struct tally *tally,
	FILE *out);
/* The same where there is no token: text is the finding. */
void verify_without(struct verify *verify, const struct verify_subject *subject,
	enum check_status status, enum check_sub sub, const char *text, struct tally *tally,
	FILE *out);
/* What could not be done for a file, on standard error; counts it. */
void verify_complain(const char *file, const struct err *err, struct tally *tally);

#endif
