/* What the rules share: for the files lint*.c and rules_*.c only. */
#ifndef TSA_TOOLS_VERIFY_LINT_RULE_H
#define TSA_TOOLS_VERIFY_LINT_RULE_H

#include "lint.h"

/* True if the rule holds; else found says what is there instead. */
typedef bool lint_check(const struct lint_subject *subject, struct err *found);

/* A rule is applied only where there is what it needs. */
enum lint_need {
	NEED_FILE,
	NEED_RESPONSE,
	NEED_CONTENT_INFO, /* a token is there */
	NEED_SIGNED_DATA, /* which decodes */
	NEED_SIGNER_INFO,
	NEED_SIGNED_ATTRS,
	NEED_TST_INFO, /* which decodes */
	NEED_CERTIFICATE, /* the signer's, SignedData and TSTInfo */
	NEED_QUERY, /* and TSTInfo */
	NEED_CRL, /* and the signer's certificate */
};

enum {
	IN_ALL = 1 << PROFILE_RFC3161 | 1 << PROFILE_ETSI | 1 << PROFILE_CSBR,
	IN_ETSI = 1 << PROFILE_ETSI,
	IN_CSBR = 1 << PROFILE_CSBR,
};

struct lint_rule {
	const char *id;
	unsigned profiles;
	enum lint_need need;
	lint_check *check;
	const char *text; /* the clause and what it asks for */
};

struct lint_rules {
	const struct lint_rule *at;
	size_t count;
};

struct lint_rules rules_response(void);
struct lint_rules rules_cms(void);
struct lint_rules rules_attributes(void);
struct lint_rules rules_tst(void);
struct lint_rules rules_signer(void);
struct lint_rules rules_profile(void);
struct lint_rules rules_revocation(void);

/* Says in found what is not DER. Returns false. */
bool lint_flaws(const struct ber_flaws *flaws, struct err *found);
/* Accuracy in microseconds; 0 if absent or out of range. */
int64_t lint_accuracy_us(const struct tst_part *tst);

#endif
