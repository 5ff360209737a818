/* What CRLs say about one certificate (RFC 5280 6.3.3), complete, delta and indirect.  Owns
 * nothing. */
#include "revocation_part.h"

#include <openssl/err.h>

enum { MAX_CRL_ISSUERS = 8 }; /* that a certificate names */

static struct revocation start(const struct material_item *crl, const struct crl_facts *facts)
{
	return (struct revocation){
		.object = crl,
		.state = REVOCATION_GOOD,
		.this_update = facts->this_update,
		.next_update = facts->next_update,
		.reason = REASON_ABSENT,
		.revocation_date = INT64_MAX,
		.invalidity_date = INT64_MAX,
		.since = INT64_MAX,
		.keeps_since = facts->keeps_since,
	};
}

/* Is the entry of that serial number about this certificate?  Another CA may have the number too.
 */
static bool is_about(const struct revocation_case *c, X509_CRL *crl, const struct crl_entry *entry)
{
	const X509_NAME *issuer = X509_get_issuer_name(c->subject->certificate);

	if (entry->issuer == NULL)
		return X509_NAME_cmp(issuer, X509_CRL_get_issuer(crl)) == 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(entry->issuer); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(entry->issuer, i);

		if (name->type == GEN_DIRNAME && X509_NAME_cmp(name->d.directoryName, issuer) == 0)
			return true;
	}
	return false;
}

/* False if an extension is malformed, or is there twice. */
static bool read_reason(const X509_REVOKED *revoked, struct revocation *r)
{
	int critical;
	int64_t number = -1;
	ASN1_ENUMERATED *reason =
		X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, &critical, NULL);
	bool ok = reason == NULL ? critical == -1
				 : ASN1_ENUMERATED_get_int64(&number, reason) == 1 && number >= 0 &&
					   number <= INT32_MAX;

	if (ok && reason != NULL)
		r->reason = (int)number;
	ASN1_ENUMERATED_free(reason);
	return ok;
}

static bool read_invalidity(const X509_REVOKED *revoked, struct revocation *r)
{
	int critical;
	ASN1_GENERALIZEDTIME *time =
		X509_REVOKED_get_ext_d2i(revoked, NID_invalidity_date, &critical, NULL);
	bool ok = time == NULL ? critical == -1 : revocation_seconds(time, &r->invalidity_date);

	ASN1_GENERALIZEDTIME_free(time);
	return ok;
}

static void read_entry(
	const struct crl_entry *entry, const struct crl_facts *facts, struct revocation *r)
{
	r->state = REVOCATION_REVOKED;
	if (!read_reason(entry->revoked, r) || !read_invalidity(entry->revoked, r) ||
		!revocation_seconds(
			X509_REVOKED_get0_revocationDate(entry->revoked), &r->revocation_date))
		revocation_unusable(r, "RFC 5280 5.3: the certificate's entry is malformed");
	else if (r->reason == REASON_REMOVE_FROM_CRL && facts->base == NULL)
		revocation_unusable(r, "RFC 5280 5.3.1: removeFromCRL in a CRL that is complete");
	else
		revocation_set_since(r);
}

/* Each entry about the certificate is a result. Returns how many there were. */
static unsigned put_entries(const struct revocation_case *c, const struct crl_facts *facts,
	const struct revocation *found, struct revocation_list *list)
{
	size_t count;
	const struct crl_entry *entries = revocation_crl_entries(
		facts, X509_get0_serialNumber(c->subject->certificate), &count);
	unsigned put = 0;

	for (size_t i = 0; i < count && put < REVOCATION_MAX_ENTRIES; i++) {
		struct revocation r = *found;

		if (!is_about(c, found->object->crl, &entries[i]))
			continue;
		read_entry(&entries[i], facts, &r);
		if (list != NULL)
			revocation_put(list, &r);
		put++;
	}
	return put;
}

static bool have_same_scope(X509_CRL *a, X509_CRL *b)
{
	int at_a = X509_CRL_get_ext_by_NID(a, NID_issuing_distribution_point, -1);
	int at_b = X509_CRL_get_ext_by_NID(b, NID_issuing_distribution_point, -1);

	if (at_a < 0 || at_b < 0)
		return at_a < 0 && at_b < 0;
	return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_CRL_get_ext(a, at_a)),
		       X509_EXTENSION_get_data(X509_CRL_get_ext(b, at_b))) == 0;
}

/* RFC 5280 5.2.4: a complete CRL that the delta CRL may be put on. */
static bool is_base(const struct revocation_case *c, const struct revocation *delta,
	const struct crl_facts *facts, const struct material_item *crl)
{
	const struct crl_facts *base = revocation_crl_facts(crl);

	return base->flaw[0] == '\0' && base->base == NULL && base->number != NULL &&
	       facts->number != NULL && ASN1_INTEGER_cmp(base->number, facts->base) >= 0 &&
	       ASN1_INTEGER_cmp(base->number, facts->number) < 0 &&
	       have_same_scope(crl->crl, delta->object->crl) &&
	       material_signed_by(c->material, crl, delta->signer);
}

/*
 * The delta CRL has no entry: nothing changed since its base, which is good or has an entry itself.
 * False if there is nothing to say that the base does not.
 */
static bool judge_delta(
	const struct revocation_case *c, const struct crl_facts *facts, struct revocation *r)
{
	const X509_NAME *name = X509_CRL_get_issuer(r->object->crl);
	const struct material_item *crl;
	size_t walk = 0;
	unsigned tried = 0;

	while (tried < REVOCATION_MAX_DELTA_BASES &&
		(crl = material_next_crl(c->material, name, &walk)) != NULL) {
		struct revocation base = { .object = crl };

		if (crl == r->object)
			continue;
		tried++;
		if (!is_base(c, r, facts, crl))
			continue;
		if (put_entries(c, revocation_crl_facts(crl), &base, NULL) > 0)
			return false;
		if (revocation_crl_facts(crl)->keeps_since > r->keeps_since)
			r->keeps_since = revocation_crl_facts(crl)->keeps_since;
		return true;
	}
	revocation_unusable(r, "RFC 5280 5.2.4: is a delta CRL, and its base is not at hand");
	return true;
}

static void look_at(const struct revocation_case *c, const struct material_item *crl,
	struct revocation_list *list)
{
	const struct crl_facts *facts = revocation_crl_facts(crl);
	struct revocation r = start(crl, facts);
	char why[160];

	if (facts->flaw[0] != '\0') {
		revocation_unusable(&r, "%s", facts->flaw);
	} else if (revocation_crl_signer(c, &r)) {
		/* An entry is one whatever the scope; silence is one within it. */
		if ((facts->scope == NULL || facts->scope->onlyattr <= 0) &&
			put_entries(c, facts, &r, list) > 0)
			return;
		if (!revocation_in_scope(c, crl->crl, facts, why))
			revocation_unusable(&r, "%s", why);
		else if (facts->base != NULL && !judge_delta(c, facts, &r))
			return;
	}
	revocation_put(list, &r);
}

static void look_at_all(
	const struct revocation_case *c, const X509_NAME *issuer, struct revocation_list *list)
{
	const struct material_item *crl;
	size_t walk = 0;

	while ((crl = material_next_crl(c->material, issuer, &walk)) != NULL)
		look_at(c, crl, list);
}

/* True if issuer, or an earlier name of the certificate's, is that name. */
static bool was_looked_at(
	const CRL_DIST_POINTS *points, unsigned n, const X509_NAME *issuer, const X509_NAME *name)
{
	if (X509_NAME_cmp(issuer, name) == 0)
		return true;
	for (unsigned i = 0; i < n; i++)
		if (X509_NAME_cmp(revocation_crl_issuer(points, i), name) == 0)
			return true;
	return false;
}

void revocation_look_crls(const struct revocation_case *c, struct revocation_list *list)
{
	const X509_NAME *issuer = X509_get_issuer_name(c->subject->certificate);
	CRL_DIST_POINTS *points;
	const X509_NAME *name;
	size_t walk = 0;

	if (material_next(c->material, MATERIAL_CRL, &walk) == NULL)
		return;
	look_at_all(c, issuer, list);
	points = X509_get_ext_d2i(c->subject->certificate, NID_crl_distribution_points, NULL, NULL);
	for (unsigned n = 0; n < MAX_CRL_ISSUERS; n++) {
		name = revocation_crl_issuer(points, n);
		if (name == NULL)
			break;
		if (!was_looked_at(points, n, issuer, name))
			look_at_all(c, name, list);
	}
	CRL_DIST_POINTS_free(points);
	ERR_clear_error();
}
