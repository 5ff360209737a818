/* Certification paths from a signer to an anchor (RFC 5280 6), apart from any time. */
#ifndef TSA_TOKEN_CHECK_PATH_H
#define TSA_TOKEN_CHECK_PATH_H

#include "material.h"
#include "verdict.h"

enum {
	PATH_MAX_LENGTH = 12, /* certificates, signer and anchor included */
	PATH_MAX_FOUND = 8,
	PATH_MAX_STEPS = 4096, /* issuers looked at for one signer: cycles and floods end there */
};

struct path {
	const struct material_item *at[PATH_MAX_LENGTH]; /* signer first, anchor last */
	unsigned length;
	bool holds; /* whatever the time: names, signatures, constraints, key usage, policies */
	struct err flaw; /* why not */
};

struct paths {
	struct path at[PATH_MAX_FOUND]; /* those that hold first, then by number of steps */
	unsigned count;
	bool gave_up; /* a limit was reached */
	/* Of the longest way that ended at no anchor: the certificate whose issuer is missing. */
	const struct material_item *dead_end;
	bool dead_end_is_root; /* it issued itself and is no anchor */
};

/*
 * All ways from signer to an anchor in material, by issuer name and key identifier, each signature
 * checked. What is checked by X509_verify_cert() for each: everything but times, revocation and
 * the strength of algorithms; EKU of intermediates as longterm.md 1.1 row 12. purpose is the EKU's
 * NID (NID_time_stamp, NID_OCSP_sign, NID_undef for a CRL's issuer).
 */
void paths_find(const struct material *material, const struct material_item *signer, int purpose,
	struct paths *paths);
/* The time of notBefore or notAfter, seconds since 1970. */
int64_t path_not_before(const struct material_item *certificate);
int64_t path_not_after(const struct material_item *certificate);
/*
 * "CN=… issued by key identifier …": the issuer that a certificate wants, its subject and key
 * identifier as far as known, and where it says it can be had (caIssuers). out has VERDICT_TEXT.
 */
void path_missing_issuer(const struct material_item *certificate, char out[VERDICT_TEXT]);

#endif
