/* Between build.c and attributes.c only: the parts of a TSU's tokens. */
#ifndef TSA_TOKEN_BUILD_PART_H
#define TSA_TOKEN_BUILD_PART_H

#include "tsa/token/build.h"
#include "tsa/tsp/der.h"

enum { TOKEN_CERT_HASH = 32 }; /* SHA-256 */

/* id-ct-TSTInfo 1.2.840.113549.1.9.16.1.4 (RFC 3161 2.4.2). */
extern const struct bytes token_oid_tstinfo;

/* What a certificate's own bytes say (RFC 5280 4.1): views of whole elements. */
struct token_names {
	struct bytes issuer; /* Name */
	struct bytes serial; /* INTEGER */
	struct bytes subject; /* Name */
};

/*
 * Signed attributes as a DER SET OF with zeros where a token's own values go: all else in it is
 * the same for every token, its order too.
 */
struct token_template {
	struct buf set;
	size_t md_at; /* value of messageDigest */
	size_t time_at; /* value of signingTime, where there is one */
	size_t time_len;
};

/* What signed attributes are made of. */
struct token_attributes {
	EVP_MD *md; /* of messageDigest */
	size_t md_len;
	bool signing_time;
	/* Through 2049 signingTime is a UTCTime, from 2050 on a GeneralizedTime (RFC 5652 11.3);
	 * without signingTime only the first is used. */
	struct token_template utc;
	struct token_template generalized;
};

/* What goes into the attributes of one TSU. */
struct token_attributes_of {
	const struct token_names *names;
	const uint8_t *cert_hash; /* TOKEN_CERT_HASH bytes */
	enum tsp_digest digest;
	struct bytes signature_algorithm; /* whole AlgorithmIdentifier */
	struct token_options options;
};

/*
 * Fills a, which is zero, for one TSU. False and err if the digest is unknown to OpenSSL or
 * something does not fit TOKEN_MAX_SIGNED_ATTRS. The caller wipes in any case.
 */
MUST_CHECK bool token_attributes_prepare(
	struct token_attributes *a, const struct token_attributes_of *of, struct err *err);
void token_attributes_wipe(struct token_attributes *a);
/* As token_signed_attrs. */
MUST_CHECK bool token_attributes_fill(const struct token_attributes *a, struct bytes tstinfo,
	uint8_t *buf, size_t cap, struct bytes *attrs, struct err *err);

/* Puts items, which get sorted, as the elements of a SET OF (X.690 11.6) with this tag. */
void token_put_set_of(struct der_out *out, uint8_t tag, struct bytes *items, size_t count);
/* AlgorithmIdentifier of a digest without parameters, as RFC 5754 2 says one MUST generate it. */
void token_put_digest_algorithm(struct der_out *out, enum tsp_digest digest);
/* Appends what out holds; false if it was full. */
MUST_CHECK bool token_keep(const struct der_out *out, struct buf *into);

#endif
