/*
 * Is this certificate fit to be a TSU?  Tables of rules with the IDs of requirements.md; a
 * profile is a selection of them.
 */
#ifndef TSA_TOKEN_PROFILE_H
#define TSA_TOKEN_PROFILE_H

#include <openssl/x509.h>

#include "tsa/core/bytes.h"
#include "tsa/tsp/alg.h"

enum profile { PROFILE_RFC3161, PROFILE_ETSI, PROFILE_CSBR, PROFILES };

const char *profile_name(enum profile profile);
/* PROFILES if there is none of that name. */
enum profile profile_by_name(const char *name);

/* Called once a finding with the rule's ID ("P-05") and what was found. */
typedef void profile_finding(void *arg, const char *rule, const char *finding);

/*
 * Checks a TSU's certificate and its chain (leaf's issuer first; may be NULL) under a profile at
 * the time now (seconds since 1970). Returns the number of findings, each reported.
 */
unsigned profile_check_certificate(enum profile profile, X509 *certificate, STACK_OF(X509) * chain,
	int64_t now, profile_finding *report, void *arg);

/*
 * The last second at which the TSU's key may sign: the certificate's notAfter, the end of its
 * privateKeyUsagePeriod (T-10) and, under csbr, 15 months after notBefore (C-08), whichever is
 * first. INT64_MIN if the certificate's times cannot be read.
 */
int64_t profile_sign_until(enum profile profile, X509 *certificate);
/* notBefore in seconds since 1970; INT64_MIN if it cannot be read. */
int64_t profile_not_before(X509 *certificate);

/*
 * The digest a TSU signs with: that of its certificate's own signature (CSBR 6.8, C-05) if it
 * is one of ours, else SHA-256.
 */
enum tsp_digest profile_token_digest(X509 *certificate);

#endif
