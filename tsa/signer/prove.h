/* Before a signer is ready: key and certificate belong together, and the key really signs. */
#ifndef TSA_SIGNER_PROVE_H
#define TSA_SIGNER_PROVE_H

#include <openssl/x509.h>

#include "tsa/signer/key.h"
#include "tsa/tsp/alg.h"

/* The one text beside signed attributes that a signer signs (R15). */
#define SIGNER_PROBE "tsa/probe/v1"

/*
 * Checks that the certificate's key is of a supported kind and size and is the public half of
 * key, then signs the probe string and verifies that with the certificate's key. Class KEY
 * where they do not fit.
 */
MUST_CHECK bool signer_prove(struct signer_key *key, EVP_PKEY *certified, enum tsp_digest digest,
	enum msg_failure *failure, struct err *err);

#endif
