/* Between evidence.c, collect.c, crl.c and store.c only. */
#ifndef TSA_TOOLS_STAMP_EVIDENCE_PART_H
#define TSA_TOOLS_STAMP_EVIDENCE_PART_H

#include <jansson.h>
#include <openssl/x509v3.h>

#include "evidence.h"

enum {
	EVIDENCE_HASH = 2 * 32 + 1, /* SHA-256 in hexadecimal */
	EVIDENCE_TIME = 24, /* 2026-11-24T08:15:00Z */
	EVIDENCE_COLLECTION = EVIDENCE_HASH + EVIDENCE_TIME,
	EVIDENCE_MAX_CRLS = 256, /* different ones in one run */
};

/* A signer of this run, and the certificates that came with its first token. */
struct evidence_signer {
	X509 *certificate;
	STACK_OF(X509) * beside;
	char collection[EVIDENCE_COLLECTION]; /* its key in "collections" */
};

/* A CRL URL that was asked in this run. */
struct evidence_crl {
	char *url;
	X509_CRL *crl; /* NULL: could not be had */
	char hash[EVIDENCE_HASH];
	char why[256]; /* it could not be had */
};

struct evidence {
	const char *folder;
	int lock;
	struct event_base *base;
	struct http_settings settings;
	STACK_OF(X509) * known;
	json_t *index;
	struct evidence_signer signers[EVIDENCE_MAX_SIGNERS];
	size_t signer_count;
	struct evidence_crl crls[EVIDENCE_MAX_CRLS];
	size_t crl_count;
	char now[EVIDENCE_TIME]; /* of opening */
	evidence_lack *lack;
	void *arg;
	const bool *stop; /* NULL: never */
};

/* --- store.c: files and JSON --- */

/* The present time, and that of an ASN.1 time ("" if there is none). */
void store_now(char out[EVIDENCE_TIME]);
void store_time(const ASN1_TIME *time, char out[EVIDENCE_TIME]);
/* Keeps content as folder/kind/HASH.ending unless it is there; hash gets its name. */
MUST_CHECK bool store_put(const struct evidence *evidence, const char *kind, const char *ending,
	struct bytes content, char hash[EVIDENCE_HASH], struct err *err);
/* Keeps a certificate, and what is known of it in the index. */
MUST_CHECK bool store_certificate(struct evidence *evidence, X509 *certificate, const char *from,
	char hash[EVIDENCE_HASH], struct err *err);
/* The same for a CRL. */
MUST_CHECK bool store_crl(struct evidence *evidence, X509_CRL *crl, const char *from,
	char hash[EVIDENCE_HASH], struct err *err);

/* --- crl.c --- */

/*
 * Fetches a CRL that covers certificate now, checks that issuer signed it, keeps it, and notes it
 * in collection; or notes there what is missing.
 */
MUST_CHECK bool crl_collect(struct evidence *evidence, X509 *certificate, X509 *issuer,
	json_t *collection, struct err *err);

/* --- collect.c --- */

/* Fills "collections" for one signer. */
MUST_CHECK bool collect_signer(
	struct evidence *evidence, const struct evidence_signer *signer, struct err *err);
/* Notes in collection, and tells the caller, what is missing for a certificate. */
void collect_lack(struct evidence *evidence, X509 *certificate, json_t *collection,
	const char *what, const char *why);
/* http_fetch, up to max_body bytes, unless nothing more is to be fetched. */
MUST_CHECK bool collect_fetch(struct evidence *evidence, const char *url, size_t max_body,
	struct buf *body, struct err *err);

#endif
