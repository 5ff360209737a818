/* Who signed a token: the certificate, its issuers, and whether the signature is its key's. */
#ifndef TSA_TOOLS_VERIFY_SIGNER_H
#define TSA_TOOLS_VERIFY_SIGNER_H

#include <openssl/x509.h>

#include "tsa/token/read/token_file.h"

enum {
	SIGNER_MAX_CERTIFICATES = 256, /* read of those in a token */
	SIGNER_MAX_CHAIN = 16,
};

struct signer {
	STACK_OF(X509) * embedded; /* of the token, in its order; owned */
	unsigned undecoded; /* members of certificates that are no X.509 certificate */
	X509 *certificate; /* named by the SignerInfo; NULL: not at hand. Borrowed from embedded or
			      the caller's */
	bool is_embedded;
	STACK_OF(X509) * chain; /* issuers, the signer's first, as far as at hand; owned */
	bool signature_is_good;
	struct err signature; /* why not */
};

/*
 * Finds the signer by its sid and its ESSCertID, in the token and then in untrusted (may be NULL,
 * borrowed until signer_wipe), never by its place; builds the chain from both. A certificate
 * that only the sid names is taken if none fits both. signer_wipe() always.
 */
void signer_find(const struct token_file *file, STACK_OF(X509) * untrusted, struct signer *signer);
void signer_wipe(struct signer *signer);

#endif
