/* What a CRL says about the signer of a token (RFC 3161 4, P-27 and P-28). */
#ifndef TSA_TOOLS_VERIFY_CRL_H
#define TSA_TOOLS_VERIFY_CRL_H

#include "signer.h"

enum crl_reason {
	CRL_UNSPECIFIED = 0,
	CRL_KEY_COMPROMISE = 1,
	CRL_CA_COMPROMISE = 2,
	CRL_AFFILIATION_CHANGED = 3,
	CRL_SUPERSEDED = 4,
	CRL_CESSATION = 5,
	CRL_REMOVE = 8,
	CRL_AA_COMPROMISE = 10,
	CRL_NO_REASON = -1, /* no reasonCode extension */
};

struct crl_entry {
	bool revoked;
	int reason; /* enum crl_reason, or another number that is there */
	int64_t since; /* revocationDate, or invalidityDate if that is earlier */
};

enum crl_match {
	CRL_OF_ANOTHER, /* another issuer's, or out of scope for this certificate */
	CRL_IS_GOOD, /* of the signer's issuer; entry is set */
	CRL_NO_ISSUER, /* of the signer's issuer by name, whose certificate is not at hand */
	CRL_NOT_SIGNED, /* by no key of that name at hand */
};

/*
 * Is this CRL for the signer's certificate, and what does it say about it?  The issuer's key is
 * looked for in the token and in untrusted (may be NULL).
 */
enum crl_match crl_look(X509_CRL *crl, const struct signer *signer, STACK_OF(X509) * untrusted,
	struct crl_entry *entry);
/* From when on it lists expired certificates: expiredCertsOnCRL (X.509); INT64_MAX: not said. */
int64_t crl_keeps_since(const X509_CRL *crl);

#endif
