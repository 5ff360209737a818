/*
 * The rules that every TSU's certificate keeps and those of profile etsi: each once kept and once
 * broken, by certificates made for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile_fixture.h"

static void a_good_certificate_is_taken_under_every_profile(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	for (enum profile p = PROFILE_RFC3161; p < PROFILES; p++)
		assert_clean(f, p, &how);
}

static void p05_time_stamping_alone_and_critical_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "extendedKeyUsage", "critical,timeStamping");
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void p05_other_extended_key_usage_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "extendedKeyUsage", "timeStamping");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "not critical");
	change(&how, "extendedKeyUsage", "critical,timeStamping,codeSigning");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "2 purposes");
	change(&how, "extendedKeyUsage", "critical,serverAuth");
	assert_finds(f, PROFILE_CSBR, &how, "P-05", "another");
	change(&how, "extendedKeyUsage", NULL);
	assert_finds(f, PROFILE_ETSI, &how, "P-05", "there is none");
	how = good_tsu(f);
	how.extensions[7] = how.extensions[0];
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "twice");
}

static void p05_key_usage_that_signs_or_none_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "keyUsage", "critical,nonRepudiation");
	assert_clean(f, PROFILE_RFC3161, &how);
	change(&how, "keyUsage", NULL);
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void p05_key_usage_that_does_not_sign_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "keyUsage", "critical,keyEncipherment");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "neither is set");
}

static void p05_a_certificate_authority_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "basicConstraints", "critical,CA:TRUE");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "cA TRUE");
	how = good_tsu(f);
	change(&how, "keyUsage", "critical,digitalSignature,cRLSign");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "certificates or CRLs");
}

static void p23_a_time_within_the_validity_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_string_equal(judge(f, PROFILE_RFC3161, &how, how.not_before).text, "");
	how.not_after = now;
	change(&how, "2.5.29.16", NULL);
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void p23_a_time_outside_of_the_validity_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_non_null(strstr(judge(f, PROFILE_RFC3161, &how, how.not_before - 1).text,
		"P-23 RFC 3161 App. B: genTime is within the certificate's validity: not valid before"));
	how.not_after = now - 1;
	assert_finds(f, PROFILE_RFC3161, &how, "P-23", "expired on 2026-11-18T");
}

enum { KEY_END = 1830297600 }; /* 2028-01-01T00:00:00Z, good_tsu's privateKeyUsagePeriod */

static void t10_a_time_within_the_private_key_usage_period_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_string_equal(judge(f, PROFILE_RFC3161, &how, KEY_END).text, "");
}

static void t10_a_time_after_the_private_key_usage_period_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_non_null(strstr(judge(f, PROFILE_RFC3161, &how, KEY_END + 1).text, "T-10"));
}

static void t11_a_chain_issued_link_by_link_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_clean(f, PROFILE_RFC3161, &how);
}

static void t11_a_certificate_that_the_next_did_not_issue_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	EVP_PKEY *other_key = make_key("P-256", 0);

	how.issuer = f->root; /* but f->ca is what stands in the chain */
	assert_finds(
		f, PROFILE_RFC3161, &how, "T-11", "certificate 1 is not issued by certificate 2");
	how.issuer = f->ca;
	how.issuer_key = other_key; /* the right name, another key */
	assert_finds(f, PROFILE_RFC3161, &how, "T-11", "signature");
	EVP_PKEY_free(other_key);
}

static void assert_finds_below(
	const struct fixture *f, const struct make_certificate *issuer, const char *words)
{
	struct fixture other = *f;
	struct make_certificate how;

	other.ca = make_certificate(issuer);
	how = good_tsu(&other);
	assert_finds(&other, PROFILE_RFC3161, &how, "T-11", words);
	X509_free(other.ca);
}

static void t11_an_issuer_that_is_no_authority_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate issuer = ca_like(f, "Issuing CA");

	issuer.not_after = now - 1;
	assert_finds_below(f, &issuer, "expired");
	issuer = ca_like(f, "Issuing CA");
	issuer.extensions[2] = (struct make_extension){ "extendedKeyUsage", "serverAuth" };
	assert_finds_below(f, &issuer, "leaves timeStamping out");
	issuer = ca_like(f, "Issuing CA");
	change(&issuer, "basicConstraints", "CA:FALSE");
	assert_finds_below(f, &issuer, "no CA's");
}

static void t11_a_certificate_without_intermediates_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	X509 *alone = make_certificate(&how);
	struct findings found = { "" };

	assert_int_equal(
		profile_check_certificate(PROFILE_CSBR, alone, NULL, now, collect, &found), 0);
	X509_free(alone);
}

static void key1_rsa_2048_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.key = f->rsa2048;
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void key1_a_short_key_or_another_curve_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	EVP_PKEY *k256 = make_key("secp256k1", 0);

	how.key = f->rsa1024;
	assert_finds(f, PROFILE_RFC3161, &how, "KEY-1", "RSA with 1024 bits");
	how.key = k256;
	assert_finds(f, PROFILE_RFC3161, &how, "KEY-1", "curve secp256k1");
	EVP_PKEY_free(k256);
}

static void t03_a_subject_with_all_three_names_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_clean(f, PROFILE_ETSI, &how);
	how.organization = NULL; /* etsi alone asks for it */
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void t03_a_subject_that_lacks_a_name_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.country = NULL;
	assert_finds(f, PROFILE_ETSI, &how, "T-03", "there is no countryName");
	how = good_tsu(f);
	how.organization = NULL;
	assert_finds(f, PROFILE_ETSI, &how, "T-03", "there is no organizationName");
	how = good_tsu(f);
	how.common_name = NULL;
	assert_finds(f, PROFILE_ETSI, &how, "T-03", "there is no commonName");
}

static void t15_a_key_life_shorter_than_the_certificate_is_taken(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.not_after = KEY_END + 1;
	assert_clean(f, PROFILE_ETSI, &how);
}

static void t15_a_key_life_as_long_as_the_certificate_or_none_is_refused(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.not_after = KEY_END;
	assert_finds(f, PROFILE_ETSI, &how, "T-15", "does not end before");
	change(&how, "2.5.29.16", NULL);
	assert_finds(f, PROFILE_ETSI, &how, "T-15", "no privateKeyUsagePeriod");
	assert_clean(f, PROFILE_RFC3161, &how);
}

static void everything_that_is_wrong_is_reported_in_one_run(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.key = f->rsa1024;
	how.not_after = now - 1;
	change(&how, "extendedKeyUsage", NULL);
	change(&how, "crlDistributionPoints", NULL);
	assert_finds(f, PROFILE_CSBR, &how, "P-05", "");
	assert_finds(f, PROFILE_CSBR, &how, "P-23", "");
	assert_finds(f, PROFILE_CSBR, &how, "C-06", "");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_certificate_is_taken_under_every_profile),
		cmocka_unit_test(p05_time_stamping_alone_and_critical_is_taken),
		cmocka_unit_test(p05_other_extended_key_usage_is_refused),
		cmocka_unit_test(p05_key_usage_that_signs_or_none_is_taken),
		cmocka_unit_test(p05_key_usage_that_does_not_sign_is_refused),
		cmocka_unit_test(p05_a_certificate_authority_is_refused),
		cmocka_unit_test(p23_a_time_within_the_validity_is_taken),
		cmocka_unit_test(p23_a_time_outside_of_the_validity_is_refused),
		cmocka_unit_test(t10_a_time_within_the_private_key_usage_period_is_taken),
		cmocka_unit_test(t10_a_time_after_the_private_key_usage_period_is_refused),
		cmocka_unit_test(t11_a_chain_issued_link_by_link_is_taken),
		cmocka_unit_test(t11_a_certificate_that_the_next_did_not_issue_is_refused),
		cmocka_unit_test(t11_an_issuer_that_is_no_authority_is_refused),
		cmocka_unit_test(t11_a_certificate_without_intermediates_is_taken),
		cmocka_unit_test(key1_rsa_2048_is_taken),
		cmocka_unit_test(key1_a_short_key_or_another_curve_is_refused),
		cmocka_unit_test(t03_a_subject_with_all_three_names_is_taken),
		cmocka_unit_test(t03_a_subject_that_lacks_a_name_is_refused),
		cmocka_unit_test(t15_a_key_life_shorter_than_the_certificate_is_taken),
		cmocka_unit_test(t15_a_key_life_as_long_as_the_certificate_or_none_is_refused),
		cmocka_unit_test(everything_that_is_wrong_is_reported_in_one_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
