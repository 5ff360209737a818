/* What became of the requests since the last fault; pure. */
#ifndef TSA_TESTS_CHAOS_TALLY_H
#define TSA_TESTS_CHAOS_TALLY_H

#include <stdio.h>

#include "answers.h"

/* Why a request failed. */
enum cause {
	CAUSE_RESET, /* the connection ended before the whole answer was there */
	CAUSE_REFUSED_CONNECTION,
	CAUSE_HTTP_503,
	CAUSE_HTTP_OTHER,
	CAUSE_SYSTEM_FAILURE,
	CAUSE_TIME_NOT_AVAILABLE,
	CAUSE_OTHER_REFUSAL,
	CAUSE_TIMEOUT, /* no answer in time */
	CAUSE_BROKEN, /* what came is no answer */
	CAUSES,
};
/* "reset", "refused_connection" ... */
const char *cause_name(enum cause cause);

enum { TALLY_MAX_WORDS = 64 };

struct tally {
	unsigned endpoints;
	uint64_t fault_us; /* monotonic */
	uint64_t good;
	uint64_t good_by_endpoint[ANSWER_MAX_ENDPOINTS];
	uint64_t bad[CAUSES];
	char words[TALLY_MAX_WORDS]; /* of the first refusal; blanks are underscores */
	uint64_t idle_lost; /* connections that ended while no request was on them */
	uint64_t slowest_us; /* of the good answers */
	/*
	 * First good answer to a request that began after the fault, and after the last request
	 * that failed; 0: not yet.
	 */
	uint64_t recovered_us[ANSWER_MAX_ENDPOINTS];
	uint64_t since_us[ANSWER_MAX_ENDPOINTS]; /* of the fault, or of the last failure */
};

/* Forgets all and notes the time of the fault. */
void tally_fault(struct tally *t, uint64_t now_us);
/* From now on is what recovery is measured; what was counted stays. */
void tally_mend(struct tally *t, uint64_t now_us);
void tally_good(struct tally *t, unsigned endpoint, uint64_t started_us, uint64_t now_us);
void tally_bad(struct tally *t, unsigned endpoint, enum cause cause, uint64_t now_us);
/* The statusString of a refusal: the first one is kept. */
void tally_words(struct tally *t, struct bytes words);
uint64_t tally_all_bad(const struct tally *t);
/* True if every endpoint has recovered; *took_us is the time that the last of them took. */
bool tally_recovered(const struct tally *t, uint64_t *took_us);
/* key=value pairs on one line, without its end. */
void tally_print(const struct tally *t, FILE *out);

#endif
