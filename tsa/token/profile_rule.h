/*
 * What the rules of profile.h share: for the files profile*.c only.
 */
#ifndef TSA_TOKEN_PROFILE_RULE_H
#define TSA_TOKEN_PROFILE_RULE_H

#include <stdbool.h>

#include "tsa/core/err.h"
#include "tsa/token/profile.h"

enum {
	PROFILE_CSBR_KEY_MONTHS = 15, /* CSBR 6.3.2 */
	PROFILE_TIME_TEXT = 32,
};

/* What a rule looks at. */
struct subject {
	X509 *certificate;
	STACK_OF(X509) * chain; /* may be NULL */
	int64_t now;
};

/* True if the rule holds; else found says what is there instead. */
typedef bool rule_check(const struct subject *subject, struct err *found);

struct rule {
	const char *id;
	rule_check *check;
	const char *text; /* the clause and what it asks for */
};

struct rules {
	const struct rule *at;
	size_t count;
};

/* The rules of csbr alone. */
struct rules profile_rules_csbr(void);

/* Seconds since 1970; INT64_MIN if time is NULL or cannot be read. */
int64_t profile_seconds(const ASN1_TIME *time);
/* The same day and time that many months later; the month's last day if it has no such day. */
int64_t profile_add_months(int64_t from, int months);
/* One bound of privateKeyUsagePeriod; absent if the certificate does not set it. */
int64_t profile_key_usage_bound(X509 *certificate, bool end, int64_t absent);
/* ISO 8601, UTC. */
void profile_time_text(int64_t seconds, char out[PROFILE_TIME_TEXT]);
/* True if the extension is there and critical. */
bool profile_is_critical(X509 *certificate, int nid);
/* True for RSA of so many bits or more, P-256, P-384 and P-521; else found says what it is. */
bool profile_key_is_at_least(const struct subject *subject, int rsa_bits, struct err *found);

#endif
