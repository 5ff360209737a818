/*
 * Is a token good, and under which model of time?  longterm.md 1.2 to 1.5: current, past (EN 319
 * 102-1 5.6.2: past validation with proofs of existence), gentime.  No I/O; the time is given.
 */
#ifndef TSA_TOKEN_CHECK_MODEL_H
#define TSA_TOKEN_CHECK_MODEL_H

#include "path.h"
#include "revocation.h"
#include "token.h"

enum check_model { MODEL_CURRENT, MODEL_PAST, MODEL_GENTIME };

struct check_policy {
	enum check_model model;
	int64_t at; /* the time of the check, seconds since 1970 */
	int64_t skew_s; /* genTime may be later than at by so much */
	bool revocation_required;
	const struct algorithms *algorithms;
	struct token_wants wants;
};

/* A proof of existence that was used. */
struct check_poe {
	char object[64]; /* "token", "crl 12ab…" */
	int64_t time;
	char from[128];
};

enum { CHECK_MAX_POES = 32 };

/* The report of one token. Room of about 700 KiB, used again for the next. */
struct checked {
	struct verdict verdict;
	struct token_facts facts;
	struct path path; /* the one that decided; length 0: none */
	struct revocation revocations[PATH_MAX_LENGTH][REVOCATION_MAX];
	unsigned revocation_count[PATH_MAX_LENGTH];
	bool revocation_checked[PATH_MAX_LENGTH];
	struct check_poe poes[CHECK_MAX_POES];
	unsigned poe_count;
	int64_t control; /* of the sliding; INT64_MAX: not made */
	bool proved; /* PASSED: time_proven is set */
	int64_t time_proven; /* genTime, seconds */
	enum check_model model; /* that was applied: a past validation may pass as current */
};

/*
 * Checks one token: rows 1 to 17, then the model. material holds what the token carries and stands
 * on what is shared. in lives until checked_wipe(). The best of several paths decides: PASSED
 * before INDETERMINATE before FAILED.
 */
void check_token(struct bytes in, const struct check_policy *policy, struct material *material,
	struct checked *checked);
void checked_wipe(struct checked *checked);
/*
 * A report in which nothing is known: passed with no line, no facts, no path. check_token() begins
 * by itself; this is for those who fill in facts and verdict themselves.
 */
void checked_start(const struct check_policy *policy, struct checked *checked);
/*
 * The second half of check_token() for what is no token but has a signer and a time (a PKCS#9
 * countersignature): rows 16 and 17 and the model on checked->facts and checked->verdict as they
 * stand. material is as for check_token(). Row 8's further IDs are left out if there is no token
 * (facts.file.cms.whole is NULL).
 */
void check_moment(
	const struct check_policy *policy, struct material *material, struct checked *checked);
/*
 * Takes later tokens, each checked under policy (its wants.data left out), the newest first, as
 * proofs of existence: a token that PASSED adds a POE at its genTime for each object of objects
 * whose digest is its imprint (longterm.md 1.5). Those with an imprint not relied on at a POE of
 * theirs add none. found (may be NULL) is called for each.
 */
struct check_object {
	struct bytes octets; /* a token, certificate, CRL or OCSP response */
};
typedef void check_poe_found(
	void *arg, unsigned token, const struct checked *checked, unsigned covers);
void check_proofs(const struct bytes *tokens, unsigned count, const struct check_object *objects,
	unsigned object_count, const struct check_policy *policy, struct material *shared,
	struct material_cache *cache, check_poe_found *found, void *arg);
const char *check_model_name(enum check_model model);

#endif
