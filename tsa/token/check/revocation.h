/*
 * What CRLs and OCSP responses say about one certificate (RFC 5280 5 and 6.3, RFC 6960), apart
 * from any time: the models apply RFC 3161 4 and EN 319 102-1 to it.
 */
#ifndef TSA_TOKEN_CHECK_REVOCATION_H
#define TSA_TOKEN_CHECK_REVOCATION_H

#include "path.h"

enum { REVOCATION_MAX = 64 }; /* objects about one certificate; the newest are kept */

enum revocation_state { REVOCATION_GOOD, REVOCATION_REVOKED, REVOCATION_UNUSABLE };

/* reasonCode, RFC 5280 5.3.1; another number stands for itself. */
enum {
	REASON_ABSENT = -1, /* not the same as unspecified: RFC 3161 4 item 1 */
	REASON_UNSPECIFIED = 0,
	REASON_KEY_COMPROMISE = 1,
	REASON_CA_COMPROMISE = 2,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION = 5,
	REASON_HOLD = 6,
	REASON_REMOVE_FROM_CRL = 8,
	REASON_PRIVILEGE_WITHDRAWN = 9,
	REASON_AA_COMPROMISE = 10,
};

struct revocation {
	const struct material_item *object;
	const struct material_item
		*signer; /* certificate whose key signed it; NULL: none at hand */
	struct path signer_path; /* to an anchor; length 0: the path of the certificate's issuer */
	enum revocation_state state;
	char why[160]; /* UNUSABLE: the rule and the finding */
	int64_t this_update;
	int64_t next_update; /* INT64_MAX: absent */
	int reason;
	int64_t revocation_date;
	int64_t invalidity_date; /* INT64_MAX: absent */
	int64_t since; /* the earlier of both */
	/*
	 * From when on it lists expired certificates: expiredCertsOnCRL, archiveCutoff; INT64_MIN
	 * for a certHash that matches; INT64_MAX: it does not.
	 */
	int64_t keeps_since;
};

/*
 * Everything in material about the certificate path->at[index], which is below the anchor: objects
 * of its issuer, or of a responder or CRL issuer that the issuer named. Those that do not concern
 * it are left out; those that should and cannot be used are UNUSABLE with why: no authorised
 * signer, or one that is revoked; a scope that leaves the certificate out; a critical extension
 * that is unknown. An entry in a CRL that is signed counts whatever the scope; only silence needs
 * one that fits. A delta CRL without an entry is good if its base is at hand and good; reason 8 is
 * of delta CRLs only. Contradictions, in one object too, are all told. Newest thisUpdate first.
 * Returns how many; of too many, revoked ones stay before good ones before unusable ones.
 */
unsigned revocation_look(const struct material *material, const struct path *path, unsigned index,
	struct revocation out[REVOCATION_MAX]);
/* "superseded", "absent", "17". Static or in the caller's room of 16. */
const char *revocation_reason_name(int reason, char room[16]);

#endif
