/*
 * A CA, TSUs below it, and tokens of theirs; and what OpenSSL's TS and CMS code says to them,
 * which shares nothing with the encoder.
 */
#ifndef TSA_TESTS_TOKEN_FIXTURE_H
#define TSA_TESTS_TOKEN_FIXTURE_H

#include <openssl/cms.h>

#include "make_certificate.h"
#include "tsa/token/build.h"
#include "tsa/tsp/tstinfo.h"

enum { ROOM = 16384, DAY = 86400, HOUR = 3600 };

/* A CA with two levels and TSUs below it; the same for all tests. */
struct fixture {
	EVP_PKEY *root_key;
	EVP_PKEY *ca_key;
	EVP_PKEY *rsa_key;
	EVP_PKEY *p256_key;
	EVP_PKEY *p384_key;
	X509 *root;
	X509 *ca;
	X509 *rsa;
	X509 *p256;
	X509 *p384;
};

/* What may differ from token to token beside key, digest and values. */
struct token_kind {
	struct token_options options;
	bool tsa_name;
	bool qualified;
	unsigned digits;
	uint64_t time_us; /* 0: now */
};

/* The kind that the service's defaults make. */
extern const struct token_kind usual_kind;

/* One token and what it was made of. */
struct token {
	struct token_parts *parts;
	uint8_t tstinfo_room[TSP_MAX_TSTINFO];
	uint8_t attrs_room[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature_room[TOKEN_MAX_SIGNATURE];
	uint8_t token_room[ROOM];
	uint8_t body_room[ROOM];
	struct bytes tstinfo;
	struct bytes attrs;
	struct bytes signature;
	struct bytes token; /* with certificates */
	struct bytes body; /* without */
};

/* Group set-up and tear-down of cmocka: *state is a struct fixture. */
int set_up(void **state);
int tear_down(void **state);

/* A TSU's certificate with extendedKeyUsage if usage names it; the caller frees. */
X509 *make(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, const char *usage,
	const char *constraints);
struct buf der_of(X509 *certificate);
/* Of the usual kind; chain may be NULL. NULL and err as token_parts_new. */
struct token_parts *parts_of(X509 *leaf, X509 *chain, enum tsp_digest digest, struct err *err);
/* As parts_of, with other options. */
struct token_parts *parts_with(X509 *leaf, X509 *chain, enum tsp_digest digest,
	struct token_options options, struct err *err);
/* Of the usual kind. */
struct token *make_token(
	const struct fixture *f, X509 *leaf, EVP_PKEY *key, enum tsp_digest digest);
struct token *make_token_of_kind(const struct fixture *f, X509 *leaf, EVP_PKEY *key,
	enum tsp_digest digest, const struct token_kind *kind);
void free_token(struct token *t);

/* What OpenSSL's TS code says to a token: 1 is good. extra: certificates not in the token. */
int ts_verdict(const struct fixture *f, struct bytes token, X509 *extra);
/* Fails unless it is one ContentInfo to its end; the caller frees. */
CMS_ContentInfo *cms_of(struct bytes token);

#endif
