/*
 * What the files of the models share: one judgement is of one path under one model at a time.
 * Problems are collected and only then put into the verdict, the gravest first.
 */
#ifndef TSA_TOKEN_CHECK_MODEL_PART_H
#define TSA_TOKEN_CHECK_MODEL_PART_H

#include "model.h"

enum {
	MODEL_MAX_PROBLEMS = 96, /* of one path; twelve certificates have up to six each */
	MODEL_TIME = 24, /* "2021-06-01T12:00:00Z" with NUL, and room for far years */
	MODEL_NAME = 96,
	MODEL_DAY = 86400,
};

/* Which INDETERMINATE decides when there are several; FAILED comes before all. */
enum gravity {
	GRAVITY_FAILED,
	GRAVITY_HOLD,
	GRAVITY_REVOKED,
	GRAVITY_REVOCATION_BOUNDS,
	GRAVITY_BOUNDS,
	GRAVITY_CRYPTO,
	GRAVITY_NO_POE,
	GRAVITY_TRY_LATER,
};

struct problem {
	enum gravity gravity;
	unsigned depth; /* steps from the anchor: of equals the nearest to it decides */
	const char *id;
	enum check_sub sub;
	char text[VERDICT_TEXT];
	char need[VERDICT_TEXT]; /* "": nothing more would settle it */
};

/* Why control is where it is. */
enum control_reason {
	CONTROL_AT, /* the time of the check */
	CONTROL_EXPIRY, /* the end of a certificate */
	CONTROL_FRESHNESS, /* the last time that revocation data speak of */
	CONTROL_REVOCATION,
};

struct judgement {
	const struct check_policy *policy;
	struct material *material;
	struct checked *checked; /* path, revocations and verdict of what is judged now */
	enum check_model model; /* MODEL_PAST: the past validation itself, poe is set */
	int64_t at; /* when the token's signature, path and algorithms must hold */
	int64_t gen_time;
	int64_t gen_time_up; /* rounded up: what was issued then was issued after it */
	int64_t poe;
	const char *poe_from;
	int64_t control;
	enum control_reason control_reason;
	const struct material_item *control_by; /* certificate it is about; NULL: none */
	struct problem problems[MODEL_MAX_PROBLEMS];
	unsigned problem_count;
	char unchecked[VERDICT_TEXT / 2]; /* names of those about whom nothing was given */
};

/* Adds one; the text is formatted. The caller may fill need. Never NULL. */
struct problem *problem_add(struct judgement *j, enum gravity gravity, const char *id,
	enum check_sub sub, const char *format, ...) __attribute__((format(printf, 5, 6)));
void problem_need(struct problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Puts them into the verdict, the gravest first. */
void problems_to_verdict(struct judgement *j);

/* "2021-06-01T12:00:00Z", "the end of time". */
const char *model_time(int64_t time, char out[MODEL_TIME]);
/* "CN=…" of the subject, else its last RDN; "a certificate without a name". */
const char *model_name(const struct material_item *certificate, char out[MODEL_NAME]);

/* Rows 16 and 17 for the signer, and genTime against the POE; false if the verdict is FAILED. */
bool time_check_signer(struct judgement *j);
/* The accuracy in seconds, rounded up; 0 if it is unknown. */
int64_t time_accuracy(const struct judgement *j);
/* Row 16 for the certificates above the signer. */
void time_check_path(struct judgement *j);
/* Every certificate of the path valid at j->at: the current model. */
void time_check_now(struct judgement *j);

/* All that is known of each certificate's revocation, from the one below the anchor down. */
void revocation_check(struct judgement *j);
/* The signer is covered by revocation data that are usable and say good. */
bool revocation_signer_is_good(const struct judgement *j);

/*
 * longterm.md 1.4: whether an object is information about path->at[index] for genTime. If not,
 * what it fails by, and why in words; needs POEs before control in a past validation.
 */
enum usable {
	USABLE,
	USABLE_NOT_EARLY, /* rule 2: issued before genTime */
	USABLE_NOT_LATE, /* rule 3: issued after the end, says nothing about expired ones */
	USABLE_NOT_SIGNER, /* its signer was not valid then */
	USABLE_NOT_PROVED, /* rule 4: no POE while its signer was valid, or too late */
	USABLE_NOT_CRYPTO, /* rule 5 */
	USABLE_NOT_AT_ALL, /* rule 1: as revocation_look() found */
};
enum usable usable_for(
	const struct judgement *j, unsigned index, const struct revocation *about, char why[160]);
/* The same for an entry that says revoked: rules 4 and 5 only. */
enum usable usable_as_revoked(
	const struct judgement *j, unsigned index, const struct revocation *about, char why[160]);
/* Since when an object is known to exist: its POE; without one the time of the check. */
int64_t usable_poe(
	const struct judgement *j, const struct material_item *object, const char **from);

/* Control goes down to time, unless it is there already. */
void slide_to(struct judgement *j, int64_t time, enum control_reason reason,
	const struct material_item *by);
/* Past validation: control from the anchor down, and the POE against it. */
void slide_check(struct judgement *j);

/* All algorithms of token and path. */
void algorithms_check(struct judgement *j);
/*
 * True if signature algorithm and digest of a certificate, CRL or OCSP response by signer's key
 * are relied on at time; else why.
 */
bool algorithms_hold(const struct algorithms *table, const struct material_item *signed_by_key,
	const struct material_item *signer, int64_t time, char why[160]);

#endif
