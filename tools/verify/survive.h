/*
 * The code-signing question: does a signature outlive the end of its certificate?  It does if a
 * time-stamp proves that it was made before the certificate expired or was revoked: all that a
 * thief of the key signs is later. Plain functions of what is known; no I/O.
 */
#ifndef TSA_TOOLS_VERIFY_SURVIVE_H
#define TSA_TOOLS_VERIFY_SURVIVE_H

#include <jansson.h>
#include <openssl/x509.h>

#include "tsa/token/check/model.h"

/* What ends a signing certificate. Seconds since 1970. */
struct survive_end {
	int64_t not_before;
	int64_t not_after;
	int64_t revoked; /* the earlier of revocationDate and invalidityDate; INT64_MAX: never */
	bool on_hold; /* the revocation may be lifted: certificateHold */
	bool unknown; /* CRLs were given, and none could tell */
	/* thisUpdate of the newest CRL that says it is not revoked; INT64_MAX: none */
	int64_t as_of;
};

/* What one time-stamp proves. */
struct survive_proof {
	enum check_status status;
	enum check_sub sub;
	int64_t time; /* genTime, rounded down */
	int64_t accuracy_us; /* -1: unknown */
};

enum survive_answer { SURVIVE_YES, SURVIVE_NO, SURVIVE_UNKNOWN };

enum { SURVIVE_TEXT = 320 };

struct survive_result {
	enum survive_answer answer;
	char why[SURVIVE_TEXT]; /* "time-stamped 2026-..., 3 days before it was revoked at ..." */
	bool crosses; /* time + accuracy is past what it is before; the answer is not changed by it
		       */
};

/* Without a revocation; false if the certificate's dates cannot be read. */
bool survive_end_of(X509 *certificate, struct survive_end *end);
/* The earlier revocation counts. */
void survive_end_revoked(struct survive_end *end, int64_t revoked, bool on_hold);
void survive_judge(const struct survive_end *end, const struct survive_proof *proof,
	struct survive_result *result);
/* The best of two for the same signature: YES before UNKNOWN before NO. */
bool survive_is_better(enum survive_answer answer, enum survive_answer than);
/* "survives", "does not survive", "cannot be known". Static. */
const char *survive_name(enum survive_answer answer);

/* Signatures of a run, and what an operator who chooses the date wants to know; zero at first. */
struct survive_tally {
	bool asked;
	uint32_t yes;
	uint32_t no; /* time-stamped, too late or not genuine */
	uint32_t unknown;
	uint32_t unstamped; /* without any time-stamp */
	uint32_t others; /* by other certificates than the one asked about: not judged */
	int64_t earliest; /* proven time, INT64_MAX: none */
	int64_t latest; /* INT64_MIN: none */
	int64_t last_yes; /* latest proven time that survives; INT64_MIN: none */
	int64_t first_late; /* earliest proven time that is too late; INT64_MAX: none */
};

/* Counts one signature: its best answer, and the earliest time proven for it (INT64_MAX: none). */
void survive_tally_count(struct survive_tally *tally, enum survive_answer answer, int64_t time);
/* One without a time-stamp; one by another certificate. */
void survive_tally_unstamped(struct survive_tally *tally);
void survive_tally_other(struct survive_tally *tally);
void survive_tally_add(struct survive_tally *tally, const struct survive_tally *more);
/*
 * Lines of text, without a newline at the end, about the signatures and the choice of the date. The
 * caller frees.
 */
char *survive_tally_text(const struct survive_tally *tally);
/* The same as an object. The caller frees (json_decref). */
json_t *survive_tally_json(const struct survive_tally *tally);

#endif
