/*
 * tsa-stamp's judgement of an answer: whatever comes, it ends, and what is granted is the one
 * token there is for this query (corpus/stamp/granted), whose signed parts nobody can change.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tools/stamp/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t policy[] = { 0x2a, 0x03, 0x04 };
	static const struct stamp_query query = {
		.digest = TSP_SHA256,
		.imprint = { 1, 2, 3 },
		.nonce = { 0x6e, 0x6f, 0x86, 0x54, 0x45, 0xec, 0x09, 0x8b },
		.has_nonce = true,
		.policy = { policy, sizeof(policy) },
		.cert_req = true,
	};
	static const struct stamp_rules rules = { .now = 1 };
	struct stamp_token token;
	struct err err = { 0 };
	enum stamp_verdict verdict =
		stamp_judge(&query, (struct bytes){ data, size }, &rules, &token, &err);

	if (verdict == STAMP_GRANTED && (token.signer == NULL || token.serial[0] == '\0'))
		abort();
	if (verdict != STAMP_GRANTED && err.text[0] == '\0')
		abort();
	stamp_token_wipe(&token);
	return 0;
}
