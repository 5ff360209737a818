/* Certification paths from a signer to an anchor (RFC 5280 6), apart from any time. */
#ifndef TSA_TOKEN_CHECK_PATH_H
#define TSA_TOKEN_CHECK_PATH_H

#include "material.h"
#include "verdict.h"

enum {
	PATH_MAX_LENGTH = 12, /* certificates, signer and anchor included */
	PATH_MAX_FOUND = 8,
	PATH_MAX_STEPS = 1024, /* certificates, signatures and links looked at for one signer */
	PATH_MAX_DOUBTFUL =
		64, /* of these, signatures by keys that no anchor vouches for as a CA's */
	PATH_MAX_JUDGED = 64, /* complete ways judged for one signer */
};

struct path {
	const struct material_item *at[PATH_MAX_LENGTH]; /* signer first, anchor last */
	unsigned length;
	bool holds; /* whatever the time: names, signatures, constraints, key usage, policies */
	struct err flaw; /* why not */
};

struct paths {
	struct path at[PATH_MAX_FOUND]; /* those that hold first, then the shorter ones */
	unsigned count;
	bool gave_up; /* a limit was reached: there may be more */
	/*
	 * If there is no path for NID_time_stamp: at the end of the longest way, the certificate
	 * whose issuer is missing; the signer itself if its issuer is not at hand.
	 */
	const struct material_item *dead_end;
	bool dead_end_is_root; /* it issued itself and is no anchor */
};

/*
 * All ways from signer, which is in material, to an anchor, by issuer name and key identifier (if
 * both sides have one), each signature checked; a way ends at the first anchor. What is checked by
 * X509_verify_cert() for each: everything but times, revocation and the strength of algorithms;
 * that CAs say they are; and for NID_time_stamping the EKU of intermediates as longterm.md 1.1 row
 * 12. purpose is that, or NID_OCSP_sign, NID_undef for a CRL's issuer; the signer's own EKU is not
 * asked for.  The anchors vouch from above: what has no signature below one is not followed,
 * so that certificates a stranger put into a token cost little and hide nothing. Results are kept
 * in the cache for the same signer and the same certificates.
 */
void paths_find(const struct material *material, const struct material_item *signer, int purpose,
	struct paths *paths);
/*
 * The time of notBefore or notAfter, seconds since 1970; a time that cannot be read is as if never
 * valid.
 */
int64_t path_not_before(const struct material_item *certificate);
int64_t path_not_after(const struct material_item *certificate);
/*
 * "CN=… (key identifier …), offered at http://…": the issuer that a certificate wants, its subject
 * and key identifier as far as known, and where it says it can be had (caIssuers).
 */
void path_missing_issuer(const struct material_item *certificate, char out[VERDICT_TEXT]);
/*
 * A name in one line, in the manner of RFC 4514, of at most so many octets (below VERDICT_TEXT -
 * 4); what is cut off is shown as "...".
 */
void path_name(const X509_NAME *name, size_t most, char out[VERDICT_TEXT]);
/* The subject in one line, in the manner of RFC 4514; control characters are escaped. */
void path_subject(const struct material_item *certificate, char out[VERDICT_TEXT]);

#endif
