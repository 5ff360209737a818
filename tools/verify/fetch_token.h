/* What the certificates of a token's path say can be had: issuers, OCSP responses, CRLs. */
#ifndef TSA_TOOLS_VERIFY_FETCH_TOKEN_H
#define TSA_TOOLS_VERIFY_FETCH_TOKEN_H

#include "fetch.h"
#include "tsa/token/check/path.h"

/* Called for each thing that was asked for: result is "" if it was used, else why not. */
typedef void fetch_note(void *arg, const char *what, const char *url, const char *result);

/*
 * Fetches for the signer of a token: while no path ends at an anchor, the issuer that the longest
 * way lacks, from where the last certificate says it is; then, for each certificate of the path
 * that the verdict would take first, an OCSP response and a CRL. For certificates of no such path
 * nothing but issuers is fetched. A CRL is taken only if the issuer's key signed it; all else is
 * judged by the verifier. What is fit is added to material. True if that has more than before.
 */
MUST_CHECK bool fetch_for_token(struct fetch *fetch, struct material *material,
	const struct material_item *signer, fetch_note *note, void *arg);

#endif
