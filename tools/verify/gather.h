/* What is beside the tokens in a run: folders of evidence, the network, and what is kept of it. */
#ifndef TSA_TOOLS_VERIFY_GATHER_H
#define TSA_TOOLS_VERIFY_GATHER_H

#include "verify.h"

/*
 * Adds what is in a folder: certificates (none of them trusted), CRLs and OCSP responses, tokens
 * that may prove others, evidence records. What proves a bundle's manifest proves its files. False
 * and err if it cannot be read or is not as its manifest says.
 */
MUST_CHECK bool gather_folder(struct shared *shared, const char *folder, struct err *err);
/*
 * Fetches what the token that was checked lacks, and notes each attempt in verify->parts ("fetch").
 * True if it is to be checked again.
 */
MUST_CHECK bool gather_missing(struct verify *verify);
/* Writes the bundle of --collect for the token that was checked; report is its report. */
MUST_CHECK bool gather_collect(const struct verify *verify, const struct verify_subject *subject,
	const json_t *report, struct err *err);

#endif
