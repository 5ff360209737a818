/*
 * Sigstore's form of a time-stamp request: a JSON object with artifactHash, hashAlgorithm, nonce,
 * certificates and tsaPolicyOID.  Read as its own server does where that is safe: unknown members
 * are left out, null is as good as absent, and member names match in any case.
 */
#ifndef TSA_FRONT_SIGSTORE_H
#define TSA_FRONT_SIGSTORE_H

#include "tsa/core/err.h"
#include "tsa/tsp/request.h"

enum {
	SIGSTORE_MAX_DEPTH = 8, /* objects and arrays within each other; the form itself has one */
	SIGSTORE_MAX_ERROR = 2048, /* bytes of an error's text */
};

struct sigstore_request {
	struct tsp_request request; /* its views point into what follows */
	uint8_t imprint[TSP_MAX_IMPRINT];
	uint8_t nonce[8]; /* of 63 bits and a sign */
	uint8_t policy[TSP_MAX_OID];
};

/* Once, before sigstore_read: jansson's tables get this random seed, where it would open a file. */
void sigstore_start(uint64_t seed);

/*
 * Reads body. True: request is for tsp_request_judge. False: err has the member, the rule and the
 * finding, and *failure what a TimeStampResp would have called it.
 */
MUST_CHECK bool sigstore_read(struct bytes body, struct sigstore_request *out,
	enum tsp_failure *failure, struct err *err);

/*
 * {"code": code, "message": text} into out, which has room for SIGSTORE_MAX_ERROR; the number of
 * bytes. 0 if text is not UTF-8 or too long.
 */
size_t sigstore_error(int code, const char *text, char *out);

#endif
