/*
 * The rules of the CA/Browser Forum's code signing requirements (CSBR v3.10.0) for a TSU's
 * certificate.  Reads certificates only.
 */
#include "tsa/token/profile_rule.h"

#include <string.h>

#include <openssl/x509v3.h>

enum {
	VALIDITY_MONTHS = 135, /* CSBR 6.3.2 */
	RSA_BITS = 3072, /* CSBR 6.1.5.2 */
	CA_RSA_BITS = 4096, /* CSBR 6.1.5.1 */
};

static bool check_key(const struct subject *s, struct err *found)
{
	return profile_key_is_at_least(s, RSA_BITS, found);
}

static int chain_length(const struct subject *s)
{
	return s->chain == NULL ? 0 : sk_X509_num(s->chain);
}

static bool check_authority_keys(const struct subject *s, struct err *found)
{
	for (int i = 0; i < chain_length(s); i++) {
		const struct subject authority = { sk_X509_value(s->chain, i), NULL, s->now };

		if (!profile_key_is_at_least(&authority, CA_RSA_BITS, found))
			return err_while(found, "certificate %d", i + 2);
	}
	return true;
}

static bool has_good_digest(X509 *certificate, struct err *found)
{
	int nid = NID_undef;

	(void)X509_get_signature_info(certificate, &nid, NULL, NULL, NULL);
	if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
		return err_set(found, "the certificate is signed with %s",
			nid == NID_undef ? "an unknown digest" : OBJ_nid2ln(nid));
	return true;
}

static bool check_digest(const struct subject *s, struct err *found)
{
	return has_good_digest(s->certificate, found);
}

/* What a root signs itself with proves nothing. */
static bool check_chain_digests(const struct subject *s, struct err *found)
{
	for (int i = 0; i < chain_length(s); i++) {
		X509 *authority = sk_X509_value(s->chain, i);

		if (X509_self_signed(authority, 0) != 1 && !has_good_digest(authority, found))
			return err_while(found, "certificate %d", i + 2);
	}
	return true;
}

/* False if there is no extendedKeyUsage that decodes. */
static bool count_purposes(X509 *certificate, bool *stamps, bool *serves)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool there = usage != NULL;

	*stamps = false;
	*serves = false;
	for (int i = 0; there && i < sk_ASN1_OBJECT_num(usage); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));

		*stamps = *stamps || nid == NID_time_stamp;
		*serves = *serves || nid == NID_anyExtendedKeyUsage || nid == NID_server_auth;
	}
	EXTENDED_KEY_USAGE_free(usage);
	return there;
}

static bool check_purposes(const struct subject *s, struct err *found)
{
	bool stamps;
	bool serves;

	if (!count_purposes(s->certificate, &stamps, &serves))
		return err_set(found, "there is none");
	if (!stamps)
		return err_set(found, "timeStamping is not among them");
	if (serves)
		return err_set(found, "anyExtendedKeyUsage or serverAuth is among them");
	if (!profile_is_critical(s->certificate, NID_ext_key_usage))
		return err_set(found, "it is not critical");
	return true;
}

static bool check_no_authority(const struct subject *s, struct err *found)
{
	return (X509_get_extension_flags(s->certificate) & EXFLAG_CA) == 0 ||
	       err_set(found, "it is");
}

static bool check_validity(const struct subject *s, struct err *found)
{
	int64_t from = profile_not_before(s->certificate);
	int64_t until = profile_seconds(X509_get0_notAfter(s->certificate));

	if (from == INT64_MIN || until > profile_add_months(from, VALIDITY_MONTHS))
		return err_set(found, "it is longer");
	return true;
}

static bool check_key_age(const struct subject *s, struct err *found)
{
	int64_t end =
		profile_add_months(profile_not_before(s->certificate), PROFILE_CSBR_KEY_MONTHS);
	char text[PROFILE_TIME_TEXT];

	if (s->now <= end)
		return true;
	profile_time_text(end, text);
	return err_set(found, "that was %s", text);
}

static bool check_key_usage(const struct subject *s, struct err *found)
{
	if ((X509_get_extension_flags(s->certificate) & EXFLAG_KUSAGE) == 0)
		return err_set(found, "there is none");
	if ((X509_get_key_usage(s->certificate) & KU_DIGITAL_SIGNATURE) == 0)
		return err_set(found, "digitalSignature is not set");
	if (!profile_is_critical(s->certificate, NID_key_usage))
		return err_set(found, "it is not critical");
	return true;
}

static bool check_authority_key(const struct subject *s, struct err *found)
{
	if (X509_get0_authority_key_id(s->certificate) == NULL)
		return err_set(found, "there is none");
	return true;
}

static bool is_http(const GENERAL_NAME *name)
{
	static const char scheme[] = "http://";

	return name->type == GEN_URI &&
	       ASN1_STRING_length(name->d.uniformResourceIdentifier) > (int)sizeof(scheme) &&
	       memcmp(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), scheme,
		       sizeof(scheme) - 1) == 0;
}

static bool point_has_http(const DIST_POINT *point)
{
	const GENERAL_NAMES *full;

	if (point->distpoint == NULL || point->distpoint->type != 0)
		return false;
	full = point->distpoint->name.fullname;
	for (int i = 0; i < sk_GENERAL_NAME_num(full); i++)
		if (is_http(sk_GENERAL_NAME_value(full, i)))
			return true;
	return false;
}

static bool check_crl(const struct subject *s, struct err *found)
{
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(s->certificate, NID_crl_distribution_points, NULL, NULL);
	bool ok = false;

	for (int i = 0; points != NULL && i < sk_DIST_POINT_num(points); i++)
		ok = ok || point_has_http(sk_DIST_POINT_value(points, i));
	if (!ok)
		err_set(found, "there is none");
	CRL_DIST_POINTS_free(points);
	return ok;
}

static bool check_issuer_url(const struct subject *s, struct err *found)
{
	AUTHORITY_INFO_ACCESS *info = X509_get_ext_d2i(s->certificate, NID_info_access, NULL, NULL);
	bool ok = false;

	for (int i = 0; info != NULL && i < sk_ACCESS_DESCRIPTION_num(info); i++) {
		const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(info, i);

		ok = ok || (OBJ_obj2nid(access->method) == NID_ad_ca_issuers &&
				   is_http(access->location));
	}
	if (!ok)
		err_set(found, "there is none");
	AUTHORITY_INFO_ACCESS_free(info);
	return ok;
}

static bool check_policies(const struct subject *s, struct err *found)
{
	if (X509_get_ext_by_NID(s->certificate, NID_certificate_policies, -1) < 0)
		return err_set(found, "there is none");
	return true;
}

static bool check_policy(const struct subject *s, struct err *found)
{
	CERTIFICATEPOLICIES *policies =
		X509_get_ext_d2i(s->certificate, NID_certificate_policies, NULL, NULL);
	bool ok = false;

	for (int i = 0; policies != NULL && i < sk_POLICYINFO_num(policies); i++) {
		char oid[64] = "";

		(void)OBJ_obj2txt(oid, sizeof(oid), sk_POLICYINFO_value(policies, i)->policyid, 1);
		ok = ok || strcmp(oid, "2.23.140.1.4.2") == 0;
	}
	if (!ok)
		err_set(found, "the certificate does not name it");
	CERTIFICATEPOLICIES_free(policies);
	return ok;
}

/*
 * C-13 lets a certificate have other purposes beside timeStamping (SHOULD NOT), which P-05 does
 * not. C-05 itself (tokens are signed with the certificate's digest) holds by
 * profile_token_digest().
 */
static const struct rule rules[] = {
	{ "C-05", check_digest,
		"CSBR 6.8: tokens are signed with the certificate's digest: SHA-256, SHA-384 or SHA-512" },
	{ "C-06", check_key,
		"CSBR 6.1.5.2: the key is RSA with 3072 bits or more, P-256, P-384 or P-521" },
	{ "C-06", check_authority_keys,
		"CSBR 6.1.5.1: a CA's key is RSA with 4096 bits or more, P-256, P-384 or P-521" },
	{ "C-07", check_chain_digests,
		"CSBR 7.1.3.2: CA certificates are signed with SHA-256, SHA-384 or SHA-512" },
	{ "C-08", check_validity, "CSBR 6.3.2: validity is at most 135 months" },
	{ "C-08", check_key_age,
		"CSBR 6.3.2: the key is not used later than 15 months after notBefore" },
	{ "C-13", check_policies, "CSBR 7.1.2.3: certificatePolicies is present" },
	{ "C-13", check_crl, "CSBR 7.1.2.3: cRLDistributionPoints has an http:// URL" },
	{ "C-13", check_issuer_url,
		"CSBR 7.1.2.3: authorityInformationAccess has caIssuers with an http:// URL" },
	{ "C-13", check_key_usage, "CSBR 7.1.2.3: keyUsage is critical and has digitalSignature" },
	{ "C-13", check_purposes,
		"CSBR 7.1.2.3: extendedKeyUsage is critical and holds timeStamping, neither "
		"anyExtendedKeyUsage nor serverAuth" },
	{ "C-13", check_no_authority, "CSBR 7.1.2.3: cA is not true" },
	{ "C-13", check_authority_key, "CSBR 7.1.2.3: authorityKeyIdentifier is present" },
	{ "C-14", check_policy, "CSBR 7.1.6.1: the certificate is under policy 2.23.140.1.4.2" },
};

struct rules profile_rules_csbr(void)
{
	return (struct rules){ rules, sizeof(rules) / sizeof(rules[0]) };
}
