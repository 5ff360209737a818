/* Which certificates a CRL speaks of: RFC 5280 4.2.1.13, 5.2.5 and 6.3.3 b.  Owns nothing. */
#include "revocation_part.h"

/* Bits 1 (keyCompromise) to 8 (aACompromise) of ReasonFlags. */
static bool are_all_reasons(const ASN1_BIT_STRING *reasons)
{
	if (reasons == NULL)
		return true;
	for (int bit = 1; bit <= 8; bit++)
		if (ASN1_BIT_STRING_get_bit(reasons, bit) != 1)
			return false;
	return true;
}

static bool has_directory_name(const GENERAL_NAMES *names, const X509_NAME *name)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *at = sk_GENERAL_NAME_value(names, i);

		if (at->type == GEN_DIRNAME && X509_NAME_cmp(at->d.directoryName, name) == 0)
			return true;
	}
	return false;
}

static bool share_a_name(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
		for (int k = 0; k < sk_GENERAL_NAME_num(b); k++)
			if (GENERAL_NAME_cmp(
				    sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
				return true;
	return false;
}

/* The whole name of a nameRelativeToCRLIssuer was set by DIST_POINT_set_dpname(). */
static bool is_same_point(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b)
{
	if (a->type == 1 && b->type == 1)
		return a->dpname != NULL && b->dpname != NULL &&
		       X509_NAME_cmp(a->dpname, b->dpname) == 0;
	if (a->type == 1)
		return a->dpname != NULL && has_directory_name(b->name.fullname, a->dpname);
	if (b->type == 1)
		return b->dpname != NULL && has_directory_name(a->name.fullname, b->dpname);
	return share_a_name(a->name.fullname, b->name.fullname);
}

static const X509_NAME *first_directory_name(const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type == GEN_DIRNAME)
			return sk_GENERAL_NAME_value(names, i)->d.directoryName;
	return NULL;
}

const X509_NAME *revocation_crl_issuer(const CRL_DIST_POINTS *points, unsigned n)
{
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const GENERAL_NAMES *names = sk_DIST_POINT_value(points, i)->CRLissuer;

		for (int k = 0; k < sk_GENERAL_NAME_num(names); k++)
			if (sk_GENERAL_NAME_value(names, k)->type == GEN_DIRNAME && n-- == 0)
				return sk_GENERAL_NAME_value(names, k)->d.directoryName;
	}
	return NULL;
}

/* 6.3.3 b 1 and b 2 i: is the CRL one that this distribution point of the certificate means? */
static bool fits_point(const struct revocation_case *c, X509_CRL *crl,
	const struct crl_facts *facts, DIST_POINT *point)
{
	const X509_NAME *issuer = X509_get_issuer_name(c->subject->certificate);
	const X509_NAME *from = X509_CRL_get_issuer(crl);
	const DIST_POINT_NAME *of_crl = facts->scope == NULL ? NULL : facts->scope->distpoint;

	if (point->CRLissuer != NULL) {
		bool is_own = X509_NAME_cmp(issuer, from) == 0;
		bool is_indirect = facts->scope != NULL && facts->scope->indirectCRL > 0;

		if (!has_directory_name(point->CRLissuer, from) || (!is_own && !is_indirect))
			return false;
		issuer = first_directory_name(point->CRLissuer);
	} else if (X509_NAME_cmp(issuer, from) != 0) {
		return false;
	}
	if (of_crl == NULL)
		return true;
	if (point->distpoint == NULL)
		return of_crl->type == 0
			       ? share_a_name(of_crl->name.fullname, point->CRLissuer)
			       : of_crl->dpname != NULL &&
					 has_directory_name(point->CRLissuer, of_crl->dpname);
	if (point->distpoint->type == 1 && point->distpoint->dpname == NULL &&
		DIST_POINT_set_dpname(point->distpoint, issuer) != 1)
		return false;
	return is_same_point(of_crl, point->distpoint);
}

/* 6.3.3, before b: the CRL that is not from any point of the certificate. */
static bool fits_issuer(
	const struct revocation_case *c, X509_CRL *crl, const struct crl_facts *facts)
{
	const X509_NAME *issuer = X509_get_issuer_name(c->subject->certificate);
	const DIST_POINT_NAME *of_crl = facts->scope == NULL ? NULL : facts->scope->distpoint;

	if (X509_NAME_cmp(issuer, X509_CRL_get_issuer(crl)) != 0)
		return false;
	return of_crl == NULL ||
	       (of_crl->type == 0 && has_directory_name(of_crl->name.fullname, issuer));
}

/* Sets *partial if all points that fit are for some reasons only. */
static bool fits(const struct revocation_case *c, X509_CRL *crl, const struct crl_facts *facts,
	bool *partial)
{
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(c->subject->certificate, NID_crl_distribution_points, NULL, NULL);
	bool any = fits_issuer(c, crl, facts);

	*partial = !any;
	for (int i = 0; *partial && i < sk_DIST_POINT_num(points); i++) {
		DIST_POINT *point = sk_DIST_POINT_value(points, i);

		if (!fits_point(c, crl, facts, point))
			continue;
		any = true;
		*partial = !are_all_reasons(point->reasons);
	}
	CRL_DIST_POINTS_free(points);
	return any;
}

bool revocation_in_scope(const struct revocation_case *c, X509_CRL *crl,
	const struct crl_facts *facts, char why[160])
{
	const ISSUING_DIST_POINT *scope = facts->scope;
	bool is_ca = (X509_get_extension_flags(c->subject->certificate) & EXFLAG_CA) != 0;
	const char *found = NULL;
	bool partial = false;

	if (scope != NULL && scope->onlyattr > 0)
		found = "RFC 5280 5.2.5: it is about attribute certificates only";
	else if (scope != NULL && scope->onlyCA > 0 && !is_ca)
		found = "RFC 5280 6.3.3 b: it is about CA certificates only, this is none";
	else if (scope != NULL && scope->onlyuser > 0 && is_ca)
		found = "RFC 5280 6.3.3 b: it is about user certificates only, this is a CA's";
	else if (!fits(c, crl, facts, &partial))
		found = "RFC 5280 6.3.3 b: its distribution point is none of the certificate's";
	else if (partial || (scope != NULL && !are_all_reasons(scope->onlysomereasons)))
		found = "RFC 5280 5.2.5: it is about some reasons only, and silent";
	if (found == NULL)
		return true;
	(void)snprintf(why, 160, "%s", found);
	return false;
}
