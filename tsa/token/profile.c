/*
 * The rules that a TSU's certificate must keep, as one table.  Reads certificates only.
 * P-.. are of RFC 3161, T-.. of EN 319 421 and 422, C-.. of the CA/Browser Forum's code signing
 * requirements; KEY-1 is ours.
 */
#include "tsa/token/profile.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tsa/token/profile_rule.h"

enum { LEAST_RSA_BITS = 2048 }; /* NIST SP 800-131A */

static const char *const names[PROFILES] = {
	[PROFILE_RFC3161] = "rfc3161",
	[PROFILE_ETSI] = "etsi",
	[PROFILE_CSBR] = "csbr",
};

const char *profile_name(enum profile profile)
{
	return profile < PROFILES ? names[profile] : "unknown";
}

enum profile profile_by_name(const char *name)
{
	enum profile profile = PROFILE_RFC3161;

	while (profile < PROFILES && strcmp(names[profile], name) != 0)
		profile++;
	return profile;
}

enum tsp_digest profile_token_digest(X509 *certificate)
{
	int nid = NID_undef;

	(void)X509_get_signature_info(certificate, &nid, NULL, NULL, NULL);
	switch (nid) {
	case NID_sha384:
		return TSP_SHA384;
	case NID_sha512:
		return TSP_SHA512;
	default:
		return TSP_SHA256;
	}
}

bool profile_is_critical(X509 *certificate, int nid)
{
	int at = X509_get_ext_by_NID(certificate, nid, -1);

	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) != 0;
}

static bool check_extended_key_usage(const struct subject *s, struct err *found)
{
	int at = X509_get_ext_by_NID(s->certificate, NID_ext_key_usage, -1);
	EXTENDED_KEY_USAGE *usage = NULL;
	bool ok = false;

	if (at < 0)
		return err_set(found, "there is none");
	if (X509_get_ext_by_NID(s->certificate, NID_ext_key_usage, at) >= 0)
		return err_set(found, "the extension is there twice");
	usage = X509_get_ext_d2i(s->certificate, NID_ext_key_usage, NULL, NULL);
	if (usage == NULL)
		err_set(found, "it does not decode");
	else if (sk_ASN1_OBJECT_num(usage) != 1)
		err_set(found, "it holds %d purposes", sk_ASN1_OBJECT_num(usage));
	else if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, 0)) != NID_time_stamp)
		err_set(found, "its purpose is another one");
	else if (!profile_is_critical(s->certificate, NID_ext_key_usage))
		err_set(found, "it is not critical");
	else
		ok = true;
	EXTENDED_KEY_USAGE_free(usage);
	return ok;
}

static bool check_validity(const struct subject *s, struct err *found)
{
	int64_t from = profile_not_before(s->certificate);
	int64_t until = profile_seconds(X509_get0_notAfter(s->certificate));
	char text[PROFILE_TIME_TEXT];

	if (from == INT64_MIN || until == INT64_MIN)
		return err_set(found, "notBefore or notAfter cannot be read");
	if (s->now < from) {
		profile_time_text(from, text);
		return err_set(found, "not valid before %s", text);
	}
	if (s->now > until) {
		profile_time_text(until, text);
		return err_set(found, "expired on %s", text);
	}
	return true;
}

static bool check_key_usage_period(const struct subject *s, struct err *found)
{
	int64_t from = profile_key_usage_bound(s->certificate, false, s->now);
	int64_t until = profile_key_usage_bound(s->certificate, true, s->now);
	char text[PROFILE_TIME_TEXT];

	if (s->now < from) {
		profile_time_text(from, text);
		return err_set(found, "the key may not sign before %s", text);
	}
	if (s->now > until) {
		profile_time_text(until, text);
		return err_set(found, "the key may not sign after %s", text);
	}
	return true;
}

static bool check_key_usage(const struct subject *s, struct err *found)
{
	uint32_t usage = X509_get_key_usage(s->certificate); /* all bits set if it is absent */

	if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		return err_set(found, "neither is set");
	return true;
}

static bool check_no_authority(const struct subject *s, struct err *found)
{
	if ((X509_get_extension_flags(s->certificate) & EXFLAG_CA) != 0)
		return err_set(found, "basicConstraints says cA TRUE");
	if ((X509_get_extension_flags(s->certificate) & EXFLAG_KUSAGE) != 0 &&
		(X509_get_key_usage(s->certificate) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0)
		return err_set(found, "keyUsage allows to sign certificates or CRLs");
	return true;
}

bool profile_key_is_at_least(const struct subject *s, int rsa_bits, struct err *found)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	EVP_PKEY *key = X509_get0_pubkey(s->certificate);
	char group[64] = "";

	if (key == NULL)
		return err_set(found, "the key does not decode");
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		if (EVP_PKEY_get_bits(key) < rsa_bits)
			return err_set(found, "RSA with %d bits", EVP_PKEY_get_bits(key));
		return true;
	}
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
		return err_set(found, "it is neither RSA nor EC");
	(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i]) == 0)
			return true;
	return err_set(found, "curve %s", group[0] == '\0' ? "without a name" : group);
}

static bool check_key(const struct subject *s, struct err *found)
{
	return profile_key_is_at_least(s, LEAST_RSA_BITS, found);
}

/* One link: issuer is a CA, named by and signer of subject. */
static bool check_link(X509 *subject, X509 *issuer, int depth, int64_t now, struct err *found)
{
	int verdict = X509_check_issued(issuer, subject);

	if (verdict != X509_V_OK)
		return err_set(found, "certificate %d is not issued by certificate %d: %s", depth,
			depth + 1, X509_verify_cert_error_string(verdict));
	if (X509_verify(subject, X509_get0_pubkey(issuer)) != 1) {
		ERR_clear_error();
		return err_set(found, "certificate %d's signature is not of certificate %d's key",
			depth, depth + 1);
	}
	if (X509_check_ca(issuer) != 1) /* basicConstraints with cA, RFC 5280 4.2.1.9 */
		return err_set(found, "certificate %d is no CA's", depth + 1);
	if (now < profile_not_before(issuer) || now > profile_seconds(X509_get0_notAfter(issuer)))
		return err_set(found, "certificate %d is expired or not yet valid", depth + 1);
	/* Absent: all bits set.  Where it is there, verifiers on Windows hold a CA to it. */
	if ((X509_get_extended_key_usage(issuer) & (XKU_TIMESTAMP | XKU_ANYEKU)) == 0)
		return err_set(found, "certificate %d's extendedKeyUsage leaves timeStamping out",
			depth + 1);
	return true;
}

static bool check_chain(const struct subject *s, struct err *found)
{
	int count = s->chain == NULL ? 0 : sk_X509_num(s->chain);
	X509 *below = s->certificate;

	for (int i = 0; i < count; i++) {
		X509 *issuer = sk_X509_value(s->chain, i);

		if (!check_link(below, issuer, i + 1, s->now, found))
			return false;
		below = issuer;
	}
	return true;
}

static bool check_subject(const struct subject *s, struct err *found)
{
	static const int wanted[] = { NID_countryName, NID_organizationName, NID_commonName };
	const X509_NAME *name = X509_get_subject_name(s->certificate);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (X509_NAME_get_index_by_NID(name, wanted[i], -1) < 0)
			return err_set(found, "there is no %s", OBJ_nid2ln(wanted[i]));
	return true;
}

static bool check_key_life(const struct subject *s, struct err *found)
{
	int64_t until = profile_seconds(X509_get0_notAfter(s->certificate));
	int64_t key_end = profile_key_usage_bound(s->certificate, true, INT64_MAX);

	if (key_end == INT64_MAX)
		return err_set(found, "the certificate has no privateKeyUsagePeriod with notAfter");
	if (key_end >= until)
		return err_set(
			found, "privateKeyUsagePeriod does not end before the certificate does");
	return true;
}

static const struct rule rules_of_all[] = {
	{ "P-05", check_extended_key_usage,
		"RFC 3161 2.3: extendedKeyUsage is critical and holds timeStamping alone" },
	{ "P-05", check_key_usage,
		"RFC 5280 4.2.1.3: keyUsage, where there, has digitalSignature or nonRepudiation" },
	{ "P-05", check_no_authority, "RFC 3161 2.3: a TSU's key is no certificate authority's" },
	{ "P-23", check_validity, "RFC 3161 App. B: genTime is within the certificate's validity" },
	{ "T-10", check_key_usage_period,
		"EN 319 421 TIS-7.7.1-09: nothing is issued outside of privateKeyUsagePeriod" },
	{ "T-11", check_chain,
		"EN 319 421 TIS-7.6.4-05: each certificate is issued by the next, counted from the leaf" },
	{ "KEY-1", check_key, "the key is RSA with 2048 bits or more, P-256, P-384 or P-521" },
};

static const struct rule rules_of_etsi[] = {
	{ "T-03", check_subject,
		"EN 319 422 6.2: the subject has countryName, organizationName and commonName" },
	{ "T-15", check_key_life,
		"EN 319 421 TIS-7.7.1-08: the key's life is defined and shorter than the certificate's" },
};

/* Checks one table; returns the number of findings. */
static unsigned check_rules(
	struct rules rules, const struct subject *subject, profile_finding *report, void *arg)
{
	unsigned findings = 0;

	for (size_t i = 0; i < rules.count; i++) {
		struct err found = { 0 };
		char text[sizeof(found.text) + 128];

		if (rules.at[i].check(subject, &found))
			continue;
		(void)snprintf(text, sizeof(text), "%s: %s", rules.at[i].text, found.text);
		report(arg, rules.at[i].id, text);
		findings++;
	}
	return findings;
}

unsigned profile_check_certificate(enum profile profile, X509 *certificate, STACK_OF(X509) * chain,
	int64_t now, profile_finding *report, void *arg)
{
	static const struct rules all = { rules_of_all,
		sizeof(rules_of_all) / sizeof(struct rule) };
	static const struct rules etsi = { rules_of_etsi,
		sizeof(rules_of_etsi) / sizeof(struct rule) };
	struct subject subject = { certificate, chain, now };
	unsigned findings = check_rules(all, &subject, report, arg);

	if (profile == PROFILE_ETSI)
		findings += check_rules(etsi, &subject, report, arg);
	if (profile == PROFILE_CSBR)
		findings += check_rules(profile_rules_csbr(), &subject, report, arg);
	/* What OpenSSL left about extensions that did not decode is told by the findings. */
	ERR_clear_error();
	return findings;
}
