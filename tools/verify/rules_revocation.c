/* RFC 3161 4: what a revoked certificate of a TSU does to its tokens.  Owns nothing. */
#include "lint_rule.h"

#include "crl.h"

typedef bool judge_entry(
	const struct lint_subject *s, const struct crl_entry *entry, struct err *found);

/* True unless a good CRL has an entry that the judge objects to. */
static bool check_each(const struct lint_subject *s, judge_entry *judge, struct err *found)
{
	for (int i = 0; i < sk_X509_CRL_num(s->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(s->crls, i);
		struct crl_entry entry;

		if (crl_look(crl, s->signer, s->untrusted, &entry) == CRL_IS_GOOD &&
			entry.revoked && !judge(s, &entry, found))
			return false;
	}
	return true;
}

static bool is_compromise(int reason)
{
	return reason == CRL_KEY_COMPROMISE || reason == CRL_CA_COMPROMISE ||
	       reason == CRL_AA_COMPROMISE;
}

/* Of an end that was planned: unspecified, affiliationChanged, superseded, cessation. */
static bool is_planned(int reason)
{
	return reason == CRL_UNSPECIFIED || reason == CRL_AFFILIATION_CHANGED ||
	       reason == CRL_SUPERSEDED || reason == CRL_CESSATION;
}

static void time_text(int64_t seconds, char out[MOMENT_TEXT])
{
	const struct moment moment = { .readable = seconds != INT64_MIN, .seconds = seconds };

	moment_text(&moment, out);
}

static bool judge_planned(
	const struct lint_subject *s, const struct crl_entry *entry, struct err *found)
{
	const struct moment *moment = &s->file->tst.moment;
	char since[MOMENT_TEXT];

	if (is_compromise(entry->reason))
		return true; /* P-28 */
	if (entry->reason == CRL_NO_REASON)
		return err_set(found, "revoked without reasonCode: all tokens of this key are "
				      "invalid");
	if (!is_planned(entry->reason))
		return err_set(found, "revoked with reasonCode %d", entry->reason);
	if (moment->readable && moment->seconds < entry->since)
		return true;
	time_text(entry->since, since);
	return err_set(found, "genTime is not before the revocation at %s", since);
}

static bool judge_compromise(
	const struct lint_subject *s, const struct crl_entry *entry, struct err *found)
{
	char since[MOMENT_TEXT];

	(void)s;
	if (!is_compromise(entry->reason))
		return true;
	time_text(entry->since, since);
	return err_set(found, "revoked at %s with reasonCode %d: needs ledger proof", since,
		entry->reason);
}

static bool check_planned(const struct lint_subject *s, struct err *found)
{
	return check_each(s, judge_planned, found);
}

static bool check_compromise(const struct lint_subject *s, struct err *found)
{
	return check_each(s, judge_compromise, found);
}

static const struct lint_rule rules[] = {
	{ "P-27", IN_ALL, NEED_CRL, check_planned,
		"RFC 3161 4: the certificate, where revoked, is so for reason 0, 3, 4 or 5, later" },
	{ "P-28", IN_ALL, NEED_CRL, check_compromise,
		"RFC 3161 4: the TSU's key is not compromised" },
};

struct lint_rules rules_revocation(void)
{
	return (struct lint_rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
