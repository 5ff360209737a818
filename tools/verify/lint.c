/* The engine: which rules can be applied, and what they found.  Owns nothing. */
#include "lint_rule.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tsa/tsp/der.h"

static bool has(const struct lint_subject *s, enum lint_need need)
{
	const struct token_file *file = s->file;

	switch (need) {
	case NEED_FILE:
		return true;
	case NEED_RESPONSE:
		return file->kind == TOKEN_RESPONSE;
	case NEED_CONTENT_INFO:
		return file->cms.whole != NULL;
	case NEED_SIGNED_DATA:
		return file->cms.decoded;
	case NEED_SIGNER_INFO:
		return file->cms.decoded && file->cms.has_signer;
	case NEED_SIGNED_ATTRS:
		return file->cms.decoded && file->cms.signer.signed_attrs != NULL;
	case NEED_TST_INFO:
		return file->tst.decoded;
	case NEED_CERTIFICATE:
		return file->tst.decoded && s->signer->certificate != NULL;
	case NEED_QUERY:
		return file->tst.decoded && s->query != NULL;
	case NEED_CRL:
		return file->tst.decoded && s->signer->certificate != NULL &&
		       sk_X509_CRL_num(s->crls) > 0;
	}
	return false;
}

/*
 * What the certificate's table of rules finds goes on to the caller, counted by it. A certificate
 * that signed itself is a trust anchor: whether it will do is for those who trust it.
 */
static unsigned check_certificate(
	const struct lint_subject *s, lint_finding *report, void *arg, unsigned *skipped)
{
	const struct moment *moment = &s->file->tst.moment;
	STACK_OF(X509) * chain;
	unsigned findings;
	int last;

	if (!s->file->tst.decoded || !moment->readable)
		return 0;
	if (s->signer->certificate == NULL) {
		(*skipped)++;
		return 0;
	}
	chain = sk_X509_dup(s->signer->chain);
	if (chain == NULL)
		abort();
	last = sk_X509_num(chain) - 1;
	if (last >= 0 && X509_self_signed(sk_X509_value(chain, last), 1) == 1)
		(void)sk_X509_pop(chain);
	findings = profile_check_certificate(
		s->profile, s->signer->certificate, chain, moment->seconds, report, arg);
	sk_X509_free(chain);
	return findings;
}

static unsigned apply(const struct lint_rules *rules, const struct lint_subject *s,
	lint_finding *report, void *arg, unsigned *skipped)
{
	unsigned findings = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct lint_rule *rule = &rules->at[i];
		struct err found = { 0 };
		char text[sizeof(found.text) + 256];

		if ((rule->profiles & 1U << s->profile) == 0)
			continue;
		if (!has(s, rule->need)) {
			*skipped += rule->need == NEED_CERTIFICATE && s->file->tst.decoded;
			continue;
		}
		if (rule->check(s, &found))
			continue;
		(void)snprintf(text, sizeof(text), "%s: %s", rule->text, found.text);
		report(arg, rule->id, text);
		findings++;
	}
	return findings;
}

unsigned lint(
	const struct lint_subject *subject, lint_finding *report, void *arg, unsigned *skipped)
{
	const struct lint_rules tables[] = { rules_response(), rules_cms(), rules_attributes(),
		rules_tst(), rules_signer(), rules_profile(), rules_revocation() };
	unsigned findings = 0;

	*skipped = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		findings += apply(&tables[i], subject, report, arg, skipped);
	findings += check_certificate(subject, report, arg, skipped);
	ERR_clear_error();
	return findings;
}

bool lint_flaws(const struct ber_flaws *flaws, struct err *found)
{
	if (flaws->count == 1)
		return err_set(found, "%s", flaws->first);
	return err_set(found, "%s; and %zu more", flaws->first, flaws->count - 1);
}

struct bytes lint_query_imprint(struct bytes query)
{
	struct der outer = { .rest = query };
	struct der fields = der_enter(&outer, DER_SEQUENCE);

	(void)der_take(&fields, DER_INTEGER);
	return der_take_whole(&fields, DER_SEQUENCE);
}
