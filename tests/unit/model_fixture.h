/*
 * A root, a CA and a TSU with any dates, CRLs and proofs of existence of any kind, and what the
 * models say of a time-stamp in that situation.  All times are seconds; DAYS(n) counts from the
 * first of 2020.
 */
#ifndef TSA_TESTS_MODEL_FIXTURE_H
#define TSA_TESTS_MODEL_FIXTURE_H

#include <stddef.h>

#include "tsa/token/check/model.h"

#define DAYS(n) (INT64_C(1577836800) + (n)*INT64_C(86400))

enum {
	MODEL_CRLS = 6,
	NO_ENTRY = -2, /* as a reason: the CRL has no entry; the others are enum REASON_ */
};

/* Who is spoken of: the TSU by its CA or the CA's OCSP responder, or the CA by the root. */
enum crl_of { CRL_NONE, CRL_OF_TSU, CRL_OF_CA, OCSP_OF_TSU };

struct made_crl {
	enum crl_of of;
	int64_t this_update;
	int64_t next_update; /* 0: absent */
	int reason;
	int64_t revoked;
	int64_t invalid; /* invalidityDate; 0: absent */
	int64_t keeps; /* expiredCertsOnCRL; 0: absent */
	int64_t poe; /* 0: none */
	bool carried; /* by the token, not given */
	bool wrong_key; /* under the issuer's name; of CRLs only */
	int64_t responder_end; /* of the responder's certificate; OCSP only */
};

/* A time that is 0 is the usual one: model_fixture.c. */
struct situation {
	int64_t root_begin;
	int64_t root_end;
	int64_t ca_begin;
	int64_t ca_end;
	int64_t tsu_begin;
	int64_t tsu_end;
	int64_t gen_time;
	bool half_a_second_more;
	int64_t accuracy_us; /* 0: unknown */
	int imprint; /* NID of its digest; 0: SHA-256 */
	int64_t poe; /* of the token; 0: none */
	enum check_model model; /* MODEL_CURRENT if it is not set */
	int64_t at;
	int64_t skew_s;
	bool required;
	const char *algorithms; /* NULL: ECDSA and SHA-256 have no end */
	struct made_crl crls[MODEL_CRLS];
	int64_t control; /* what it has to come to; 0: not looked at */
	const char *warns; /* in a line that warns; NULL: not looked at, "": of nothing */
};

struct model_world;
struct model_world *model_world_new(void);
void model_world_free(struct model_world *world);
/* Valid until the next call. */
const struct checked *model_situation(struct model_world *world, const struct situation *situation);
/* "PASSED", "INDETERMINATE/TRY_LATER". */
const char *model_said(const struct verdict *verdict, char out[64]);

/* A situation, and what is to be said: model_cases.c. */
struct model_case {
	const char *name;
	struct situation situation;
	const char *said;
};

/* A test whose state is a struct model_case. */
void model_run_case(void **state);
/* All of them as a group; for main(). */
int model_run_cases(const char *group, const struct model_case *cases, size_t count);

#endif
