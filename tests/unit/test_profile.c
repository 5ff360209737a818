/* Each rule of a profile once kept and once broken, by certificates made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "make_certificate.h"
#include "tsa/token/profile.h"

enum { DAY = 86400, TEXT_ROOM = 8192 };

static const int64_t now = 1795000000; /* 2026-11-18T11:06:40Z */

struct fixture {
	EVP_PKEY *ca_key;
	EVP_PKEY *key;
	EVP_PKEY *rsa2048;
	EVP_PKEY *rsa1024;
	X509 *root;
	X509 *ca;
};

/* What was found, "P-05 text\n" each. */
struct findings {
	char text[TEXT_ROOM];
};

static void collect(void *arg, const char *rule, const char *finding)
{
	struct findings *f = arg;
	size_t used = strlen(f->text);

	(void)snprintf(f->text + used, sizeof(f->text) - used, "%s %s\n", rule, finding);
}

static struct make_certificate ca_like(const struct fixture *f, const char *name)
{
	return (struct make_certificate){
		.common_name = name,
		.key = f->ca_key,
		.issuer = f->root,
		.issuer_key = f->ca_key,
		.not_before = now - 60 * DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = {
			{ "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" },
		},
	};
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct make_certificate how;

	*state = f;
	f->ca_key = make_key("P-256", 0);
	f->key = make_key("P-256", 0);
	f->rsa2048 = make_key("rsa", 2048);
	f->rsa1024 = make_key("rsa", 1024);
	how = ca_like(f, "Root");
	f->root = make_certificate(&how);
	how = ca_like(f, "Issuing CA");
	f->ca = make_certificate(&how);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->key);
	EVP_PKEY_free(f->rsa2048);
	EVP_PKEY_free(f->rsa1024);
	X509_free(f->root);
	X509_free(f->ca);
	free(f);
	return 0;
}

/* A TSU that keeps every rule of every profile. */
static struct make_certificate good_tsu(const struct fixture *f)
{
	return (struct make_certificate){
		.common_name = "TSU 2026",
		.organization = "Test",
		.country = "DE",
		.key = f->key,
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before = now - 30 * DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = {
			{ "extendedKeyUsage", "critical,timeStamping" },
			{ "keyUsage", "critical,digitalSignature" },
			{ "basicConstraints", "CA:FALSE" },
			{ "authorityKeyIdentifier", "keyid" },
			{ "certificatePolicies", "2.23.140.1.4.2" },
			{ "crlDistributionPoints", "URI:http://tsa.example/ca.crl" },
			{ "authorityInfoAccess", "caIssuers;URI:http://tsa.example/ca.cer" },
			/* privateKeyUsagePeriod notAfter 20280101000000Z */
			{ "2.5.29.16", "DER:30:11:81:0f:32:30:32:38:30:31:30:31:30:30:30:30:30:30:5a" },
		},
	};
}

/* Gives an extension another value; NULL takes it out. */
static void change(struct make_certificate *how, const char *name, const char *value)
{
	for (size_t i = 0; i < MAKE_MAX_EXTENSIONS && how->extensions[i].name != NULL; i++) {
		if (strcmp(how->extensions[i].name, name) != 0)
			continue;
		how->extensions[i].value = value;
		if (value != NULL)
			return;
		memmove(&how->extensions[i], &how->extensions[i + 1],
			(MAKE_MAX_EXTENSIONS - 1 - i) * sizeof(how->extensions[0]));
		how->extensions[MAKE_MAX_EXTENSIONS - 1].name = NULL;
		return;
	}
	fail_msg("no extension %s", name);
}

/* The findings about such a certificate under its CA; the number that is returned fits them. */
static struct findings judge(const struct fixture *f, enum profile profile,
	const struct make_certificate *how, int64_t when)
{
	X509 *certificate = make_certificate(how);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct findings found = { "" };
	unsigned lines = 0;
	unsigned count;

	(void)sk_X509_push(chain, f->ca);
	count = profile_check_certificate(profile, certificate, chain, when, collect, &found);
	for (const char *at = found.text; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(count, lines);
	assert_int_equal(ERR_peek_error(), 0);
	sk_X509_free(chain);
	X509_free(certificate);
	return found;
}

static void assert_finds(const struct fixture *f, enum profile profile,
	const struct make_certificate *how, const char *rule, const char *words)
{
	struct findings found = judge(f, profile, how, now);
	size_t len = strlen(rule);

	for (const char *line = found.text; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *hit = strstr(line, words);

		if (strncmp(line, rule, len) == 0 && line[len] == ' ' && hit != NULL &&
			hit < strchr(line, '\n'))
			return;
	}
	fail_msg("no finding \"%s ... %s\" among:\n%s", rule, words, found.text);
}

static void finds_nothing_wrong_with_a_good_certificate_under_every_profile(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	for (enum profile p = PROFILE_RFC3161; p < PROFILES; p++)
		assert_string_equal(judge(f, p, &how, now).text, "");
}

/* P-05 */
static void wants_time_stamping_critical_and_alone_in_extended_key_usage(void **state)
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

static void wants_a_key_usage_that_signs_where_there_is_one(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "keyUsage", "critical,keyEncipherment");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "neither is set");
	change(&how, "keyUsage", "critical,nonRepudiation");
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "digitalSignature is not set");
	change(&how, "keyUsage", NULL);
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
	assert_finds(f, PROFILE_CSBR, &how, "C-13", "keyUsage is critical");
}

static void refuses_a_certificate_authority(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "basicConstraints", "critical,CA:TRUE");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "cA TRUE");
	how = good_tsu(f);
	change(&how, "keyUsage", "critical,digitalSignature,cRLSign");
	assert_finds(f, PROFILE_RFC3161, &how, "P-05", "certificates or CRLs");
}

/* P-23 */
static void wants_the_time_within_the_validity(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	assert_string_equal(judge(f, PROFILE_RFC3161, &how, how.not_before).text, "");
	assert_non_null(strstr(judge(f, PROFILE_RFC3161, &how, how.not_before - 1).text,
		"P-23 RFC 3161 App. B: genTime is within the certificate's validity: not valid before"));
	how.not_after = now - 1;
	assert_finds(f, PROFILE_RFC3161, &how, "P-23", "expired on 2026-11-18T");
}

/* T-10 */
static void wants_the_time_within_the_private_key_usage_period(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	const int64_t end = 1830297600; /* 2028-01-01T00:00:00Z */

	assert_string_equal(judge(f, PROFILE_RFC3161, &how, end).text, "");
	assert_non_null(strstr(judge(f, PROFILE_RFC3161, &how, end + 1).text, "T-10"));
}

/* T-11 */
static void wants_each_certificate_issued_by_the_next(void **state)
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

static void wants_the_issuers_to_be_authorities(void **state)
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

static void takes_a_certificate_without_intermediates(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	X509 *alone = make_certificate(&how);
	struct findings found = { "" };

	assert_int_equal(
		profile_check_certificate(PROFILE_CSBR, alone, NULL, now, collect, &found), 0);
	X509_free(alone);
}

/* KEY-1, C-06 */
static void wants_a_key_of_the_profiles_size(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);
	EVP_PKEY *k256 = make_key("secp256k1", 0);
	EVP_PKEY *p521 = make_key("P-521", 0);

	how.key = f->rsa2048;
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
	assert_finds(f, PROFILE_CSBR, &how, "C-06", "RSA with 2048 bits");
	how.key = f->rsa1024;
	assert_finds(f, PROFILE_RFC3161, &how, "KEY-1", "RSA with 1024 bits");
	how.key = k256;
	assert_finds(f, PROFILE_RFC3161, &how, "KEY-1", "curve secp256k1");
	how.key = p521;
	assert_string_equal(judge(f, PROFILE_CSBR, &how, now).text, "");
	EVP_PKEY_free(k256);
	EVP_PKEY_free(p521);
}

/* T-03 */
static void wants_country_organization_and_common_name_under_etsi(void **state)
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
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
}

/* T-15 */
static void wants_a_key_life_shorter_than_the_certificates_under_etsi(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	how.not_after = now + 30 * DAY; /* before the key's end in 2028 */
	assert_finds(f, PROFILE_ETSI, &how, "T-15", "does not end before");
	change(&how, "2.5.29.16", NULL);
	assert_finds(f, PROFILE_ETSI, &how, "T-15", "no privateKeyUsagePeriod");
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
}

/* C-05 */
static void signs_tokens_with_the_certificates_digest(void **state)
{
	struct fixture *f = *state;
	const struct {
		const EVP_MD *md;
		enum tsp_digest digest;
	} rows[] = {
		{ EVP_sha256(), TSP_SHA256 },
		{ EVP_sha384(), TSP_SHA384 },
		{ EVP_sha512(), TSP_SHA512 },
		{ EVP_sha1(), TSP_SHA256 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_certificate how = good_tsu(f);
		X509 *certificate;

		how.digest = rows[i].md;
		certificate = make_certificate(&how);
		assert_int_equal(profile_token_digest(certificate), rows[i].digest);
		X509_free(certificate);
		if (rows[i].md == EVP_sha1())
			assert_finds(f, PROFILE_CSBR, &how, "C-05", "sha1");
		else
			assert_string_equal(judge(f, PROFILE_CSBR, &how, now).text, "");
	}
}

/* C-08: 135 months of validity, 15 months of use */
static void wants_the_months_of_csbr(void **state)
{
	struct fixture *f = *state;
	struct make_certificate how = good_tsu(f);

	change(&how, "2.5.29.16", NULL);
	how.not_before = 1793491200; /* 2026-11-01T00:00:00Z */
	how.not_after = 2148595200; /* 2038-02-01T00:00:00Z, 135 months later */
	assert_string_equal(judge(f, PROFILE_CSBR, &how, now).text, "");
	how.not_after++;
	assert_finds(f, PROFILE_CSBR, &how, "C-08", "135 months");
	assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
	how.not_after--;
	/* 2028-02-01T00:00:00Z, 15 months later, is the last second. */
	assert_string_equal(judge(f, PROFILE_CSBR, &how, 1832976000).text, "");
	assert_non_null(strstr(judge(f, PROFILE_CSBR, &how, 1832976001).text,
		"C-08 CSBR 6.3.2: the key is not used later than 15 months after notBefore: that was "
		"2028-02-01T00:00:00Z"));
}

/* C-13, C-14 */
static void wants_the_extensions_of_csbr(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *extension;
		const char *value; /* NULL: taken out */
		const char *rule;
		const char *words;
	} rows[] = {
		{ "certificatePolicies", NULL, "C-13", "certificatePolicies" },
		{ "certificatePolicies", NULL, "C-14", "does not name it" },
		{ "certificatePolicies", "1.2.3.4", "C-14", "does not name it" },
		{ "crlDistributionPoints", NULL, "C-13", "cRLDistributionPoints" },
		{ "crlDistributionPoints", "URI:ldap://tsa.example/x", "C-13",
			"cRLDistributionPoints" },
		{ "authorityInfoAccess", NULL, "C-13", "caIssuers" },
		{ "authorityInfoAccess", "OCSP;URI:http://tsa.example", "C-13", "caIssuers" },
		{ "authorityInfoAccess", "caIssuers;URI:https://tsa.example/a", "C-13",
			"caIssuers" },
		{ "keyUsage", "digitalSignature", "C-13", "not critical" },
		{ "authorityKeyIdentifier", NULL, "C-13", "authorityKeyIdentifier" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_certificate how = good_tsu(f);

		change(&how, rows[i].extension, rows[i].value);
		assert_finds(f, PROFILE_CSBR, &how, rows[i].rule, rows[i].words);
		assert_string_equal(judge(f, PROFILE_RFC3161, &how, now).text, "");
	}
}

/* T-10, C-08 */
static void says_until_when_a_key_may_sign(void **state)
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

static void reports_everything_that_is_wrong_in_one_run(void **state)
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
		cmocka_unit_test(finds_nothing_wrong_with_a_good_certificate_under_every_profile),
		cmocka_unit_test(wants_time_stamping_critical_and_alone_in_extended_key_usage),
		cmocka_unit_test(wants_a_key_usage_that_signs_where_there_is_one),
		cmocka_unit_test(refuses_a_certificate_authority),
		cmocka_unit_test(wants_the_time_within_the_validity),
		cmocka_unit_test(wants_the_time_within_the_private_key_usage_period),
		cmocka_unit_test(wants_each_certificate_issued_by_the_next),
		cmocka_unit_test(wants_the_issuers_to_be_authorities),
		cmocka_unit_test(takes_a_certificate_without_intermediates),
		cmocka_unit_test(wants_a_key_of_the_profiles_size),
		cmocka_unit_test(wants_country_organization_and_common_name_under_etsi),
		cmocka_unit_test(wants_a_key_life_shorter_than_the_certificates_under_etsi),
		cmocka_unit_test(signs_tokens_with_the_certificates_digest),
		cmocka_unit_test(wants_the_months_of_csbr),
		cmocka_unit_test(wants_the_extensions_of_csbr),
		cmocka_unit_test(says_until_when_a_key_may_sign),
		cmocka_unit_test(reports_everything_that_is_wrong_in_one_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
