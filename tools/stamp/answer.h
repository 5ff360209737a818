/*
 * What the TSA answered, against what was asked (RFC 3161 2.2, 2.4.2).  Bytes are taken apart
 * strictly first; signatures and chains are OpenSSL's (design D2).
 */
#ifndef TSA_TOOLS_STAMP_ANSWER_H
#define TSA_TOOLS_STAMP_ANSWER_H

#include <openssl/x509.h>

#include "query.h"

enum {
	STAMP_MAX_ANSWER = 262144, /* bytes of a TimeStampResp: a token with a long chain */
	STAMP_MAX_SERIAL = 20, /* RFC 3161 2.4.2: "up to 160 bits" */
	STAMP_MAX_GEN_TIME = 48,
	STAMP_MAX_TEXT = 256, /* characters of the server's words that are shown */
	STAMP_SKEW_S = 300, /* genTime may differ so much from this machine's clock */
};

/* What a token is held against besides its query. */
struct stamp_rules {
	X509_STORE *trust; /* NULL: the chain is not looked at */
	STACK_OF(X509) * untrusted; /* further certificates; may be NULL */
	int64_t now; /* seconds since 1970 */
	int64_t skew_s; /* 0: any genTime */
};

enum stamp_verdict {
	STAMP_GRANTED, /* a token that is what was asked for */
	STAMP_REFUSED, /* the TSA says no; failure and err say why */
	STAMP_INVALID, /* anything else; err says which rule is broken */
};

struct stamp_token {
	enum tsp_failure failure; /* of a refusal; TSP_GRANTED: it gives none */
	bool modified; /* grantedWithMods */
	struct bytes der; /* the token, within the answer */
	char serial[2 * STAMP_MAX_SERIAL + 1]; /* hexadecimal, upper case */
	char gen_time[STAMP_MAX_GEN_TIME]; /* 2026-11-24T08:15:00.123Z */
	char policy[128]; /* dotted */
	X509 *signer;
	STACK_OF(X509) * certificates; /* of the token; may be empty */
	STACK_OF(X509) * chain; /* signer to anchor; NULL if it was not looked at */
};

/*
 * Judges a whole answer. A token is granted only if
 * - the answer is one DER TimeStampResp and nothing more, and status 0 or 1 (P-11);
 * - the token is a SignedData over id-ct-TSTInfo with exactly one signer (P-13, P-14), and its
 *   TSTInfo is DER, version 1, with our imprint (P-16), nonce (P-09) and policy (P-08), a serial
 *   within 160 bits, a genTime in its proper form (P-18) near now, no critical extension;
 * - certificates are there exactly if asked for (P-10); the signer's, in the token or untrusted,
 *   is the one that ESSCertID or ESSCertIDv2 names (P-15), made for time-stamping only (P-05),
 *   valid at genTime (P-23), and named by tsa if that is there (P-21);
 * - the signature is good, CMSAlgorithmProtection, where there, names its algorithms (P-25), and
 *   with trust the chain is good, now.
 * status 1, grantedWithMods, is taken: what may have been modified has been compared.
 *
 * token is set in any case; wipe it with stamp_token_wipe.
 */
enum stamp_verdict stamp_judge(const struct stamp_query *query, struct bytes answer,
	const struct stamp_rules *rules, struct stamp_token *token, struct err *err);

void stamp_token_wipe(struct stamp_token *token);

#endif
