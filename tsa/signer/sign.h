/* From a TSTInfo to signed attributes and a signature over them: all that a signer does. */
#ifndef TSA_SIGNER_SIGN_H
#define TSA_SIGNER_SIGN_H

#include "tsa/signer/key.h"
#include "tsa/token/build.h"

/* What a signature takes; the pointers are borrowed. */
struct signer {
	struct signer_key *key;
	EVP_PKEY *certified; /* the certificate's public key */
	struct token_parts *parts;
	enum tsp_digest digest;
	uint32_t self_check; /* check every n-th own signature; 0 never */
	uint32_t since_check;
};

/* Views into buffers of the caller's. */
struct signature {
	uint8_t attrs_buf[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature_buf[TOKEN_MAX_SIGNATURE];
	struct bytes attrs;
	struct bytes signature;
};

/*
 * Signs one TSTInfo; aborts on anything that is no TSTInfo of ours (R15). False if the token
 * failed, with its class, or if the signature does not verify with the certificate's key
 * (class KEY): the process must not go on then.
 */
MUST_CHECK bool signer_sign(struct signer *signer, struct bytes tstinfo, struct signature *out,
	enum msg_failure *failure, struct err *err);

#endif
