/*
 * Whether a request may be granted, by OpenSSL alone: what it reads, and what it makes of that when
 * it encodes it again (which tells DER from what d2i lets through), against the rules of RFC 3161
 * and of an endpoint.  Shares nothing with the service's decoder.
 */
#ifndef TSA_TESTS_LOAD_ORACLE_H
#define TSA_TESTS_LOAD_ORACLE_H

#include <openssl/ts.h>

#include "tsa/core/bytes.h"

enum { ORACLE_MAX_POLICIES = 4, ORACLE_MAX_OID = 32, ORACLE_MAX_NONCE = 64 };

struct oracle {
	struct bytes policy[ORACLE_MAX_POLICIES]; /* content octets; the first is the default */
	size_t policy_count;
};

/*
 * The request, if it may be granted (SHA-256, 384 and 512 are accepted); else NULL, and *why names
 * the rule. The caller frees it with TS_REQ_free.
 */
TS_REQ *oracle_grants(const struct oracle *oracle, struct bytes der, const char **why);

/* NULL if the token that was granted says what req asked for, else what it says otherwise. */
const char *oracle_answers(const struct oracle *oracle, const TS_REQ *req, TS_RESP *resp);

#endif
