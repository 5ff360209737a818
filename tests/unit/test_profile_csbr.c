/*
 * The rules of the CA/Browser Forum's code signing requirements for a TSU's certificate: each once
 * kept and once broken, by certificates made for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile_fixture.h"

static void c05_tokens_are_signed_with_the_certificates_digest(void **state)
{
	struct fixture *f = *state;
	const struct {
		const EVP_MD *md;
		enum tsp_digest digest;
	} rows[] = {
		{ EVP_sha256(), TSP_SHA256 },
		{ EVP_sha384(), TSP_SHA384 },
		{ EVP_sha512(), TSP_SHA512 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_certificate how = good_tsu(f);
		X509 *certificate;

		how.digest = rows[i].md;
		certificate = make_certificate(&how);
		assert_int_equal(profile_token_digest(certificate), rows[i].digest);
		X509_free(certificate);
		assert_clean(f, PROFILE_CSBR, &how);
	}
}

static void c05_a_certificate_signed_with_sha1_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	X509 *certificate;

	how.digest = EVP_sha1();
	certificate = make_certificate(&how);
	assert_int_equal(profile_token_digest(certificate), TSP_SHA256);
	X509_free(certificate);
	assert_finds(f, PROFILE_CSBR, &how, "C-05", "sha1");
}

static void c06_long_keys_are_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	EVP_PKEY *p521 = make_key("P-521", 0);
	EVP_PKEY *rsa3072 = make_key("rsa", 3072);

	how.key = p521;
	assert_clean(f, PROFILE_CSBR, &how);
	how.key = rsa3072;
	assert_clean(f, PROFILE_CSBR, &how);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(rsa3072);
}

static void c06_a_short_key_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.key = f->rsa2048;
	assert_finds(f, PROFILE_CSBR, &how, "C-06", "6.1.5.2");
	assert_finds(f, PROFILE_CSBR, &how, "C-06", "RSA with 2048 bits");
}

/* The findings about a good certificate below a CA that is made so. */
static struct findings judge_below(const struct fixture *f, const struct make_certificate *issuer)
{
	struct fixture other = *f;
	struct make_certificate how;
	struct findings found;

	other.ca = make_certificate(issuer);
	other.ca_key = issuer->key;
	how = good_tsu(&other);
	found = judge(&other, PROFILE_CSBR, &how, now);
	X509_free(other.ca);
	return found;
}

static void c06_ca_keys_of_4096_bits_are_taken_and_shorter_ones_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate issuer = ca_like(f, "Issuing CA");
	EVP_PKEY *rsa4096 = make_key("rsa", 4096);

	issuer.key = rsa4096;
	assert_string_equal(judge_below(f, &issuer).text, "");
	issuer.key = f->rsa2048;
	assert_string_equal(judge_below(f, &issuer).text,
		"C-06 CSBR 6.1.5.1: a CA's key is RSA with 4096 bits or more, P-256, P-384 or P-521: "
		"certificate 2: RSA with 2048 bits\n");
	EVP_PKEY_free(rsa4096);
}

static void c07_a_ca_certificate_signed_with_sha1_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate issuer = ca_like(f, "Issuing CA");

	issuer.digest = EVP_sha512();
	assert_string_equal(judge_below(f, &issuer).text, "");
	issuer.digest = EVP_sha1();
	assert_string_equal(judge_below(f, &issuer).text,
		"C-07 CSBR 7.1.3.2: CA certificates are signed with SHA-256, SHA-384 or SHA-512: "
		"certificate 2: the certificate is signed with sha1\n");
}

static void c08_135_months_are_taken_and_a_second_more_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "2.5.29.16", NULL);
	how.not_before = 1793491200; /* 2026-11-01T00:00:00Z */
	how.not_after = 2148595200; /* 2038-02-01T00:00:00Z, 135 months later */
	assert_clean(f, PROFILE_CSBR, &how);
	how.not_after++;
	assert_finds(f, PROFILE_CSBR, &how, "C-08", "135 months");
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void c08_a_key_of_15_months_is_taken_and_a_second_later_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "2.5.29.16", NULL);
	how.not_before = 1793491200;
	/* 2028-02-01T00:00:00Z, 15 months later, is the last second. */
	assert_string_equal(judge(f, PROFILE_CSBR, &how, 1832976000).text, "");
	assert_string_equal(judge(f, PROFILE_CSBR, &how, 1832976001).text,
		"C-08 CSBR 6.3.2: the key is not used later than 15 months after notBefore: that was "
		"2028-02-01T00:00:00Z\n");
}

/* T-10, C-08 */
static void c08_signing_ends_15_months_after_not_before(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	X509 *certificate;

	how.not_before = 1793404800; /* 2026-10-31T00:00:00Z: 15 months later is 2028-01-31 */
	certificate = make_certificate(&how);
	assert_int_equal(profile_not_before(certificate), how.not_before);
	assert_int_equal(profile_sign_until(PROFILE_RFC3161, certificate), 1830297600);
	assert_int_equal(profile_sign_until(PROFILE_CSBR, certificate), 1830297600);
	X509_free(certificate);
	change(&how, "2.5.29.16", NULL);
	certificate = make_certificate(&how);
	assert_int_equal(profile_sign_until(PROFILE_RFC3161, certificate), how.not_after);
	assert_int_equal(profile_sign_until(PROFILE_CSBR, certificate), 1832889600);
	X509_free(certificate);
	how.not_before = 1795996800; /* 2026-11-30T00:00:00Z: February 2028 ends on the 29th */
	certificate = make_certificate(&how);
	assert_int_equal(profile_sign_until(PROFILE_CSBR, certificate), 1835395200);
	X509_free(certificate);
}

static void c13_full_certificate_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_clean(f, PROFILE_CSBR, &how);
	change(&how, "basicConstraints", NULL);
	assert_clean(f, PROFILE_CSBR, &how);
	change(&how, "crlDistributionPoints",
		"URI:ldap://tsa.example/x,URI:http://tsa.example/ca.crl");
	assert_clean(f, PROFILE_CSBR, &how);
}

/* One extension changed, NULL: taken out; the rule finds it, and rfc3161 has nothing against it. */
static void assert_csbr_finds(const struct fixture *f, const char *extension, const char *value,
	const char *rule, const char *words)
{
	struct make_certificate how = good_tsu(f);

	change(&how, extension, value);
	assert_finds(f, PROFILE_CSBR, &how, rule, words);
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void c13_no_policies_is_refused(void **state)
{
	assert_csbr_finds(*state, "certificatePolicies", NULL, "C-13", "certificatePolicies");
}

static void c13_no_crl_is_refused(void **state)
{
	assert_csbr_finds(*state, "crlDistributionPoints", NULL, "C-13", "cRLDistributionPoints");
	assert_csbr_finds(*state, "crlDistributionPoints", "URI:ldap://tsa.example/x", "C-13",
		"cRLDistributionPoints");
	assert_csbr_finds(*state, "crlDistributionPoints", "URI:https://tsa.example/ca.crl", "C-13",
		"cRLDistributionPoints");
}

static void c13_no_issuer_url_is_refused(void **state)
{
	assert_csbr_finds(*state, "authorityInfoAccess", NULL, "C-13", "caIssuers");
	assert_csbr_finds(
		*state, "authorityInfoAccess", "OCSP;URI:http://tsa.example", "C-13", "caIssuers");
	assert_csbr_finds(*state, "authorityInfoAccess", "caIssuers;URI:https://tsa.example/a",
		"C-13", "caIssuers");
}

static void c13_key_usage_not_critical_or_without_digital_signature_is_refused(void **state)
{
	assert_csbr_finds(*state, "keyUsage", "digitalSignature", "C-13", "not critical");
	assert_csbr_finds(*state, "keyUsage", "critical,nonRepudiation", "C-13",
		"digitalSignature is not set");
	assert_csbr_finds(*state, "keyUsage", NULL, "C-13", "keyUsage is critical");
}

static void c13_no_authority_key_identifier_is_refused(void **state)
{
	assert_csbr_finds(*state, "authorityKeyIdentifier", NULL, "C-13", "authorityKeyIdentifier");
}

static void c13_any_purpose_or_server_auth_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "extendedKeyUsage", "critical,timeStamping,anyExtendedKeyUsage");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "anyExtendedKeyUsage or serverAuth is among");
	change(&how, "extendedKeyUsage", "critical,timeStamping,serverAuth");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "anyExtendedKeyUsage or serverAuth is among");
	change(&how, "extendedKeyUsage", "timeStamping");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "it is not critical");
	change(&how, "extendedKeyUsage", "critical,codeSigning");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "timeStamping is not among them");
	change(&how, "extendedKeyUsage", NULL);
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "extendedKeyUsage is critical and holds");
}

static void c13_a_certificate_authority_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "basicConstraints", "critical,CA:TRUE");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "cA is not true");
}

static void c14_the_policy_for_time_stamps_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "certificatePolicies", "1.2.3.4, 2.23.140.1.4.2");
	assert_clean(f, PROFILE_CSBR, &how);
}

static void c14_another_policy_alone_is_refused(void **state)
{
	assert_csbr_finds(*state, "certificatePolicies", NULL, "C-14", "does not name it");
	assert_csbr_finds(*state, "certificatePolicies", "1.2.3.4", "C-14", "does not name it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c05_tokens_are_signed_with_the_certificates_digest),
		cmocka_unit_test(c05_a_certificate_signed_with_sha1_is_refused),
		cmocka_unit_test(c06_long_keys_are_taken),
		cmocka_unit_test(c06_a_short_key_is_refused),
		cmocka_unit_test(c06_ca_keys_of_4096_bits_are_taken_and_shorter_ones_refused),
		cmocka_unit_test(c07_a_ca_certificate_signed_with_sha1_is_refused),
		cmocka_unit_test(c08_135_months_are_taken_and_a_second_more_refused),
		cmocka_unit_test(c08_a_key_of_15_months_is_taken_and_a_second_later_refused),
		cmocka_unit_test(c08_signing_ends_15_months_after_not_before),
		cmocka_unit_test(c13_full_certificate_is_taken),
		cmocka_unit_test(c13_no_policies_is_refused),
		cmocka_unit_test(c13_no_crl_is_refused),
		cmocka_unit_test(c13_no_issuer_url_is_refused),
		cmocka_unit_test(
			c13_key_usage_not_critical_or_without_digital_signature_is_refused),
		cmocka_unit_test(c13_no_authority_key_identifier_is_refused),
		cmocka_unit_test(c13_any_purpose_or_server_auth_is_refused),
		cmocka_unit_test(c13_a_certificate_authority_is_refused),
		cmocka_unit_test(c14_the_policy_for_time_stamps_is_taken),
		cmocka_unit_test(c14_another_policy_alone_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
