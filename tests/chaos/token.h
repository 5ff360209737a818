/*
 * Verifies answered tokens with OpenSSL, by the hundred thousand: the TSUs' chains once, then of
 * every token its request, digest, attributes and signature.  The first of each kind, and every
 * fiftieth, is judged as a stranger would, by the whole of OpenSSL's TS code with its own chain.
 */
#ifndef TSA_TESTS_CHAOS_TOKEN_H
#define TSA_TESTS_CHAOS_TOKEN_H

#include "answers.h"
#include "tsa/record/entry.h"

struct token_options {
	const char *trust; /* PEM of roots */
	const char *untrusted; /* PEM of the TSUs' certificates and their chains */
	const char *tsu[ANSWER_MAX_ENDPOINTS]; /* PEM, the leaf first: who signs for an endpoint */
};

struct token_judge;

/* NULL and err if a file is no good or a chain does not verify. Free with token_judge_free. */
struct token_judge *token_judge_new(const struct token_options *o, struct err *err);
/* Takes NULL. */
void token_judge_free(struct token_judge *j);

struct token_facts {
	bool granted; /* false: a refusal, nothing more is told */
	struct serial serial;
	uint64_t time_us;
	uint8_t leaf[HASH_LEN]; /* of the ledger entry that belongs to it */
	uint8_t body[HASH_LEN]; /* SHA-256 of the token without its certificates (D12) */
};

/* False with err if the answer is no good answer to its request. */
MUST_CHECK bool token_judge(
	struct token_judge *j, const struct answer *a, struct token_facts *facts, struct err *err);

#endif
