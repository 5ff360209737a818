/*
 * Evidence Records on the command line: as a proof of existence for a token's file, or for data
 * without a token.  The tokens in a record are checked by check_token().
 */
#ifndef TSA_TOOLS_VERIFY_EVIDENCE_RECORD_H
#define TSA_TOOLS_VERIFY_EVIDENCE_RECORD_H

#include <stdio.h>

#include "tsa/token/evidence/record.h"
#include "verify.h"

/* A record that was checked. */
struct checked_record {
	const char *name; /* borrowed */
	struct evidence_report report;
	const char *covers; /* of its objects; "" for several; borrowed */
	int64_t poe; /* earliest time proved by another key than the token's; POE_NONE: none */
	json_t *stamps; /* what was found of each token that was checked, in order */
};

/*
 * Goes through the records that were given until one proves the token's file, or the ContentInfo in
 * it: adds its proofs of existence to verify->material and "evidenceRecord" to verify->parts. A
 * record that proves nothing about it is told of there as well.
 */
void evidence_record_prove(struct verify *verify, const struct verify_subject *subject);

/*
 * What the records prove of what was given beside tokens: certificates, CRLs, OCSP responses, later
 * tokens, manifests. Adds that to shared->material, for each key that vouches.
 */
void evidence_record_prove_given(struct shared *shared);

/*
 * The verdict on the record that was given over the data that were, written to out. False and err
 * if something could not be read.
 */
MUST_CHECK bool evidence_record_run(
	const struct shared *shared, struct tally *tally, FILE *out, struct err *err);

/* "evidenceRecord" of the report. The caller frees. */
json_t *evidence_record_json(const struct checked_record *checked);
/* The report where there is no token: JSON with options->json, else text. */
void evidence_record_put(
	const struct shared *shared, const struct checked_record *checked, FILE *out);

#endif
