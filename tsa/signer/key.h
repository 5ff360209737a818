/* The private key of one TSU, wherever it is: in a token, or in a file for test units. */
#ifndef TSA_SIGNER_KEY_H
#define TSA_SIGNER_KEY_H

#include <openssl/evp.h>

#include "tsa/core/err.h"
#include "tsa/core/msg.h"
#include "tsa/hsm/evp.h"

/* All zero is closed. */
struct signer_key {
	EVP_PKEY *sign; /* signs */
	EVP_PKEY *public; /* its public half, NULL if the token does not show it */
	char where[MSG_MAX_TEXT]; /* the token's manufacturer, model, serial, firmware */

	/* Of a key in a token; evp is NULL for a file. */
	struct hsm hsm;
	struct hsm_key object;
	struct hsm_evp *evp;
};

/*
 * Opens the key that setup names. In a token: logs in once (D13) and checks the key's attributes.
 * False, with the class in *failure; err starts with "signer NAME: key URI:".  The caller closes,
 * also after failure, unless it leaves by _exit.
 */
MUST_CHECK bool signer_key_open(struct signer_key *key, const struct msg_setup_signer *setup,
	enum msg_failure *failure, struct err *err);
void signer_key_close(struct signer_key *key);

/* Why signing failed just now, as far as the token says. */
enum msg_failure signer_key_diagnose(struct signer_key *key);

#endif
