/* Between fetch_token.c and fetch_ocsp.c only. */
#ifndef TSA_TOOLS_VERIFY_FETCH_PART_H
#define TSA_TOOLS_VERIFY_FETCH_PART_H

#include "fetch_token.h"

struct fetch_job {
	struct fetch *fetch;
	struct material *material;
	fetch_note *note;
	void *arg;
	bool added;
};

/* Adds what is fit of a document to material and tells about it; false if it could not be. */
bool fetch_take(struct fetch_job *job, enum material_kind kind, const char *what, const char *url,
	struct bytes der);
/* Tells what is wrong with a document, which is NULL past a limit. */
void fetch_refuse(
	struct fetch_job *job, const char *what, const char *url, const struct fetched *document);
/*
 * Asks the responders that certificate names, the CertID by SHA-1 and, where that is not answered,
 * by SHA-256 (RFC 5019 2.1.1, RFC 6960 4.1.1).
 */
void fetch_ocsp(struct fetch_job *job, const struct material_item *certificate,
	const struct material_item *issuer);

#endif
