/*
 * Requests and verdicts by OpenSSL's own TS code, which shares nothing with the encoders and
 * decoders of the service.
 */
#ifndef TSA_TESTS_LOAD_VERIFY_H
#define TSA_TESTS_LOAD_VERIFY_H

#include "exchange.h"
#include "options.h"
#include "tsa/core/err.h"

enum {
	VERIFY_MAX_SERIAL = 64, /* hex digits and a zero; RFC 3161: 160 bits at most */
	VERIFY_MAX_GENTIME = 48,
	VERIFY_MAX_REQUEST = 1024, /* DER */
};

struct verifier;

/* Reads the certificates that o names. NULL and err on failure; free with verifier_free. */
struct verifier *verifier_new(const struct options *o, struct err *err);
void verifier_free(struct verifier *v);

/* Appends a TimeStampReq with a random imprint and nonce to out. */
MUST_CHECK bool verifier_request(const struct verifier *v, struct buf *out, struct err *err);

struct verdict {
	bool granted; /* status 0 */
	int fail_info; /* of a refusal; -1: none was given */
	char serial[VERIFY_MAX_SERIAL]; /* upper-case hex, as openssl ts prints it */
	char gen_time[VERIFY_MAX_GENTIME]; /* as encoded: 20261124081500.123Z */
};

/*
 * Judges an answered exchange: it is exactly one DER TimeStampResp; if granted, the token is for
 * this request, has certificates if and only if they were asked for, and with --trust its
 * signature and chain are good. False, with err, if any of it is not so.
 */
MUST_CHECK bool verifier_judge(const struct verifier *v, const struct exchange *e,
	struct verdict *verdict, struct err *err);

#endif
