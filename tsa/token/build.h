/*
 * From TSTInfo and signature to a TimeStampToken.  The signer makes signed attributes and the
 * signature; tsad splices them into the parts that never change, encoded once a TSU.
 */
#ifndef TSA_TOKEN_BUILD_H
#define TSA_TOKEN_BUILD_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"
#include "tsa/tsp/alg.h"

enum {
	TOKEN_MAX_SIGNED_ATTRS = 4096,
	TOKEN_MAX_SIGNATURE = 1024,
};

/* As err_set, followed by OpenSSL's error queue, which is emptied. Returns false. */
bool err_openssl(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The parts of a TSU's tokens that never change. */
struct token_parts;

/* Signed attributes beside the three that every token has. */
struct token_options {
	bool signing_time; /* signingTime: genTime cut to its second (RFC 5652 11.3) */
	bool algorithm_protection; /* CMSAlgorithmProtection (RFC 6211, P-25) */
};

/*
 * Takes copies of what it needs of the certificate (DER) and the chain (concatenated DER
 * certificates that come with it in tokens; may be empty). digest: of attributes and signature.
 * NULL and err if the certificate does not parse, its key is neither RSA nor EC, or the digest
 * does not sign.
 */
struct token_parts *token_parts_new(struct bytes certificate, struct bytes chain,
	enum tsp_digest digest, struct token_options options, struct err *err);
void token_parts_free(struct token_parts *parts);
/* The certificate's subject, byte for byte, as DER GeneralName for tsa (P-21). */
struct bytes token_parts_tsa_name(const struct token_parts *parts);
/* True if the TSU's certificate is the first in the encoded SET (DER order, R36). */
bool token_parts_leaf_first(const struct token_parts *parts);

/*
 * DER SET OF signed attributes (tag 0x31, sorted, X.690 11.6): contentType, messageDigest over
 * tstinfo, signingCertificateV2 with one ESSCertIDv2 (SHA-256 by DEFAULT, issuerSerial from the
 * certificate's own bytes) (RFC 5816 2.2.1, P-15), and those of the options. buf has room for
 * TOKEN_MAX_SIGNED_ATTRS. With signing_time tstinfo must be a TSTInfo of ours; else it is not
 * looked at.
 */
MUST_CHECK bool token_signed_attrs(const struct token_parts *parts, struct bytes tstinfo,
	uint8_t *buf, size_t cap, struct bytes *attrs, struct err *err);

/* Signs attrs with key, into sig (room for TOKEN_MAX_SIGNATURE). */
MUST_CHECK bool token_sign(EVP_PKEY *key, enum tsp_digest digest, struct bytes attrs, uint8_t *sig,
	size_t *sig_len, struct err *err);
/* True if signature over attrs verifies with key; err says otherwise. */
MUST_CHECK bool token_check_signature(EVP_PKEY *key, enum tsp_digest digest, struct bytes attrs,
	struct bytes signature, struct err *err);

/*
 * The TimeStampToken (ContentInfo, SignedData v3, one SignerInfo by issuerAndSerialNumber), with
 * the certificates or without (P-10), from the end of buf. Empty if cap is short.
 */
struct bytes token_encode(const struct token_parts *parts, struct bytes tstinfo, struct bytes attrs,
	struct bytes signature, bool with_certificates, uint8_t *buf, size_t cap);

/*
 * The record's way back: body is a token without certificates; gives it again as it left, with
 * the certificates if flags bit 0 is set. Empty if body is no token or cap is short.
 */
struct bytes token_from_body(const struct token_parts *parts, struct bytes body,
	bool with_certificates, uint8_t *buf, size_t cap);

#endif
