/*
 * What a verifier will want in ten years, kept while it can be had: answers, the certificates of
 * their signers up to the root, the CRLs of all of these.  In one folder, each thing once, under
 * the SHA-256 of its bytes:
 *
 *   index.json                    what was collected for which token, when, from where; what not
 *   answers/HASH.tsr  certificates/HASH.cer  crls/HASH.crl
 *
 * The form of index.json is described in tsa-stamp(1).
 */
#ifndef TSA_TOOLS_STAMP_EVIDENCE_H
#define TSA_TOOLS_STAMP_EVIDENCE_H

#include "answer.h"
#include "tools/http/pool.h"

enum {
	EVIDENCE_MAX_INDEX = 1 << 28, /* bytes of an index.json */
	EVIDENCE_MAX_CERTIFICATE = 1 << 18, /* bytes of what AIA names */
	EVIDENCE_MAX_CRL = 1 << 26, /* bytes of a CRL */
	EVIDENCE_MAX_CHAIN = 10, /* certificates from signer to root */
	EVIDENCE_MAX_SIGNERS = 64, /* different ones in one run */
};

struct evidence;

/*
 * Makes the folder if need be, reads the index that is there, and keeps other processes of ours
 * out until evidence_free. known (borrowed, may be NULL): certificates that may be issuers.
 * settings are those for fetching. NULL and err on failure.
 */
struct evidence *evidence_open(const char *folder, struct event_base *base,
	const struct http_settings *settings, STACK_OF(X509) * known, struct err *err);
/* Nothing more is fetched once *stop is true. */
void evidence_stop_on(struct evidence *evidence, const bool *stop);
/* Takes NULL. */
void evidence_free(struct evidence *evidence);

/* Keeps an answer that was granted over file by the TSA at url. False and err on failure. */
MUST_CHECK bool evidence_add(struct evidence *evidence, const char *file, const char *url,
	const struct stamp_query *query, struct bytes answer, const struct stamp_token *token,
	struct err *err);

/* Called once for each thing that could not be had, and for each certificate revoked. */
typedef void evidence_lack(const char *what, void *arg);

/*
 * Fetches what the tokens that were added need, then writes the index. False and err if that
 * could not be written.
 */
MUST_CHECK bool evidence_collect(
	struct evidence *evidence, evidence_lack *lack, void *arg, struct err *err);

#endif
