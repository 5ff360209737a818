/*
 * A TSA for the tests of tsa-stamp's judgement: OpenSSL's TS code, which shares nothing with the
 * encoders of the service; and what must become of its answers.
 */
#ifndef TSA_TESTS_STAMP_FIXTURE_H
#define TSA_TESTS_STAMP_FIXTURE_H

#include "token_fixture.h"
#include "tools/stamp/answer.h"

/* What the TSA does otherwise than usual; all zero: nothing. */
struct quirk {
	X509 *signer; /* with key */
	EVP_PKEY *key;
	unsigned flags; /* TS_TSA_NAME, TS_ORDERING */
	long late_s; /* added to the clock */
	const EVP_MD *digest; /* of what is signed; NULL: SHA-256 */
	bool v1; /* SigningCertificate with SHA-1 */
	bool extension; /* a critical one */
};

extern const struct quirk none;

/* SHA-256 and policy 1.2.3.4, with a nonce. */
struct stamp_query ask(bool cert_req);
/* The whole answer of an OpenSSL TSA; the caller frees. */
struct buf answer_to(
	const struct fixture *f, const struct stamp_query *query, const struct quirk *quirk);

/* The fixture's root, the clock as it is, 300 s of skew; the caller frees trust. */
struct stamp_rules trusting(const struct fixture *f);
/* Fails unless the verdict is that one and its reason has these words. */
void assert_verdict(const struct stamp_query *query, struct bytes answer,
	const struct stamp_rules *rules, enum stamp_verdict wanted, const char *says);
/* The same by the rules of trusting(). */
void assert_invalid(const struct fixture *f, const struct stamp_query *query, struct bytes answer,
	const char *says);
void assert_granted(const struct fixture *f, const struct stamp_query *query, struct bytes answer);

#endif
