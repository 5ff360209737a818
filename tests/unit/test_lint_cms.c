/* Rules of tsa-verify --lint for SignedData, the signed attributes and the signer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "lint_fixture.h"

#define TST_INFO "060b2a864886f70d0109100104"
#define DATA "06092a864886f70d010701"
#define SHA256 "0609608648016503040201"
#define ESS_V1 "060b2a864886f70d010910020c"
#define ESS_V2 "060b2a864886f70d010910022f"
#define SIGNING_TIME "06092a864886f70d010905"
#define PROTECTION "06092a864886f70d010934"
#define MESSAGE_DIGEST "06092a864886f70d010904"
#define CONTENT_TYPE "06092a864886f70d010903"

static const struct lint_case cases[] = {
	{ "P-13- ContentInfo of another type", INFO_TYPE, DATA, "P-13 P-24", "1.2.840.113549.1.7.1",
		PROFILE_RFC3161 },
	{ "P-13- no eContent", DATA_CONTENT, "", "P-13 P-24", "eContent is absent",
		PROFILE_RFC3161 },
	{ "P-24- eContent is no OCTET STRING", DATA_CONTENT, "a0020500", "P-24",
		"encapContentInfo is malformed", PROFILE_RFC3161 },
	{ "P-14- no SignerInfo", DATA_SIGNERS, "3100", "P-14", "there are 0", PROFILE_RFC3161 },
	{ "P-24- a malformed SignerInfo", DATA_SIGNERS, "31023000", "P-24",
		"SignerInfo is malformed", PROFILE_RFC3161 },
	{ "P-24- no signerInfos", DATA_SIGNERS, "", "P-24", "signerInfos was to be the last",
		PROFILE_RFC3161 },
	{ "P-24- version 1", DATA_VERSION, "020101", "P-24", "it is 1", PROFILE_RFC3161 },
	{ "P-24- version 5", DATA_VERSION, "020105", "P-24", "it is 5", PROFILE_RFC3161 },
	{ "P-24- SignerInfo of version 3", SIGNER_VERSION, "020103", "P-24", "it is 3",
		PROFILE_RFC3161 },
	{ "P-24- digestAlgorithms without the signer's", DATA_DIGESTS,
		"310d 300b 0609608648016503040202", "P-24", "not among them", PROFILE_RFC3161 },
	{ "P-24- digestAlgorithms empty", DATA_DIGESTS, "3100", "P-24", "not among them",
		PROFILE_RFC3161 },
	{ "P-24- contentType is another", ATTR_CONTENT_TYPE, "3018" CONTENT_TYPE "310b" DATA,
		"P-24", "another type", PROFILE_RFC3161 },
	{ "P-24- messageDigest is another", ATTR_MESSAGE_DIGEST,
		"302f" MESSAGE_DIGEST
		"3122 0420 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"P-24", "another digest", PROFILE_RFC3161 },
	{ "P-24+ signingTime", ATTR_SIGNING_TIME,
		"301c" SIGNING_TIME "310f 170d3236303330313132303030305a", "", NULL,
		PROFILE_RFC3161 },
	{ "P-24- signingTime without seconds", ATTR_SIGNING_TIME,
		"301a" SIGNING_TIME "310d 170b323630333031313230305a", "P-24", "no seconds",
		PROFILE_RFC3161 },
	{ "P-24- signingTime as GeneralizedTime", ATTR_SIGNING_TIME,
		"301e" SIGNING_TIME "3111 180f32303236303330313132303030305a", "P-24",
		"GeneralizedTime", PROFILE_RFC3161 },
	{ "P-24- signingTime of two values", ATTR_SIGNING_TIME,
		"302b" SIGNING_TIME
		"311e 170d3236303330313132303030305a 170d3236303330313132303030315a",
		"P-24 P-24", "one value", PROFILE_RFC3161 },
	{ "P-24- an attribute twice", ATTR_FURTHER, "3018" CONTENT_TYPE "310b" DATA,
		"P-24 P-24 P-24", "1.2.840.113549.1.9.3 is there 2 times", PROFILE_RFC3161 },
	{ "P-24- a malformed attribute", ATTR_FURTHER, "30020500", "P-24 P-24", "malformed",
		PROFILE_RFC3161 },
	{ "P-24+ an attribute that nobody knows", ATTR_FURTHER, "3009 06032a0304 3102 0500", "",
		NULL, PROFILE_RFC3161 },
	{ "P-24- a value in BER", ATTR_FURTHER, "300a 06032a0304 3103 010101", "P-24", "X.690 11.1",
		PROFILE_RFC3161 },
	{ "P-25+ the algorithms again", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b" SHA256 "a10a06082a8648ce3d040302", "", NULL,
		PROFILE_RFC3161 },
	{ "P-25- another digest", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b 0609608648016503040202 a10a 06082a8648ce3d040302",
		"P-25", "digestAlgorithm is another", PROFILE_RFC3161 },
	{ "P-25- another signature", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b" SHA256 "a10a 06082a8648ce3d040303", "P-25",
		"signatureAlgorithm is another", PROFILE_RFC3161 },
	{ "P-25- a MAC instead", ATTR_PROTECTION,
		"3028" PROTECTION "311b 3019 300b" SHA256 "a20a 06082a8648ce3d040302", "P-25",
		"not one value", PROFILE_RFC3161 },
	{ "P-15- no certificate ID", ATTR_ESS_V2, "", "P-15", "there is neither", PROFILE_RFC3161 },
	{ "P-15- an empty list", ATTR_ESS_V2, "3013" ESS_V2 "3104 3002 3000", "P-15",
		"V2 is malformed", PROFILE_RFC3161 },
	{ "P-15- another certificate's", ATTR_ESS_V2,
		"3037" ESS_V2
		"3128 3026 3024 3022 0420 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"P-15", "hash is of another certificate", PROFILE_RFC3161 },
	{ "P-15- v2 right, v1 wrong", ATTR_ESS_V1,
		"302b" ESS_V1 "311c 301a 3018 3016 0414 000102030405060708090a0b0c0d0e0f10111213",
		"P-15", "signingCertificate: the SHA1 hash", PROFILE_RFC3161 },
	{ "P-10- certificates without the signer's", DATA_CERTIFICATES, "a000", "P-10", "it is not",
		PROFILE_RFC3161 },
	{ "P-24- a signature that is none", SIGNER_SIGNATURE, "0403 000102", "P-24", "it does not",
		PROFILE_RFC3161 },
	{ "P-24- an algorithm of another key", SIGNER_ALGORITHM, "300d 06092a864886f70d01010b 0500",
		"P-24", "the key is id-ecPublicKey", PROFILE_RFC3161 },
	{ "P-24- an algorithm of another digest", SIGNER_ALGORITHM, "300a 06082a8648ce3d040303",
		"P-24", "SHA256 and SHA384", PROFILE_RFC3161 },
	{ "P-30- certificates of which one is unreadable", DATA_CRLS, "a102 0000", "P-30",
		"X.690 8.1.5", PROFILE_RFC3161 },
};

static void wants_one_signature(void **state)
{
	struct made made = made_new(lint_group());
	struct buf two = { 0 };
	struct bytes signers;

	(void)state;
	(void)made_file(&made);
	/* 31 82 xx xx, one SignerInfo */
	signers = buf_view(&made.part[DATA_SIGNERS]);
	assert_int_equal(signers.at[1], 0x82);
	for (int i = 0; i < 2; i++)
		buf_append(&two, (struct bytes){ signers.at + 4, signers.len - 4 });
	made_set_element(&made, DATA_SIGNERS, 0x31, buf_view(&two));
	buf_free(&two);
	lint_expect(&made, NULL, "P-14", "there are 2");
}

static void wants_signed_attributes(void **state)
{
	struct made made = made_new(lint_group());

	(void)state;
	made_set(&made, ATTR_CONTENT_TYPE, "");
	made_set(&made, ATTR_MESSAGE_DIGEST, "");
	made_set(&made, ATTR_ESS_V2, "");
	lint_expect(&made, NULL, "P-24 P-15", "there are none");
}

static void wants_attributes_in_order(void **state)
{
	struct made made = made_new(lint_group());

	(void)state;
	made.unsorted = true;
	made_set(&made, ATTR_FURTHER, "3009 06032a0304 3102 0500"); /* shorter than all others */
	lint_expect(&made, NULL, "P-24", "X.690 11.6: signedAttrs");
}

static void bounds_the_signed_attributes(void **state)
{
	struct made made = made_new(lint_group());
	char hex[2 * 11 * (TOKEN_MAX_ATTRIBUTES + 1) + 1];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i <= TOKEN_MAX_ATTRIBUTES; i++)
		len += (size_t)snprintf(hex + len, sizeof(hex) - len, "300906032a%02x%02x31020500",
			0x80 | (i >> 7), i & 0x7f);
	made_set(&made, ATTR_FURTHER, hex);
	lint_expect(&made, NULL, "P-24", "at most 256 signed attributes: there are 26");
}

static void wants_certificates_in_order(void **state)
{
	struct made made = made_new(lint_group());
	struct bytes sorted;
	struct buf other = { 0 };
	size_t leaf;

	(void)state;
	(void)made_file(&made);
	sorted = buf_view(&made.part[DATA_CERTIFICATES]);
	assert_int_equal(sorted.at[1], 0x82);
	sorted = (struct bytes){ sorted.at + 4, sorted.len - 4 };
	leaf = 4 + ((size_t)sorted.at[2] << 8 | sorted.at[3]);
	buf_append(&other, (struct bytes){ sorted.at + leaf, sorted.len - leaf });
	buf_append(&other, (struct bytes){ sorted.at, leaf });
	made_set_element(&made, DATA_CERTIFICATES, 0xa0, buf_view(&other));
	buf_free(&other);
	lint_expect(&made, NULL, "P-30", "X.690 11.6: certificates");
}

static void expect_other_type(const char *type, const char *ids)
{
	struct made made = made_new(lint_group());

	made_set(&made, DATA_CONTENT_TYPE, type);
	lint_expect(&made, NULL, ids, NULL);
}

static void wants_the_type_of_tstinfo(void **state)
{
	(void)state;
	expect_other_type(TST_INFO, "");
	expect_other_type(DATA, "P-13 P-24");
}

static void takes_a_signer_by_key_identifier(void **state)
{
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), NULL);
	const ASN1_OCTET_STRING *id;

	(void)state;
	lint_extension(&how, "subjectKeyIdentifier", "hash");
	made_signer(&made, &how);
	id = X509_get0_subject_key_id(made.leaf);
	made_set(&made, SIGNER_VERSION, "020103");
	made_set_element(&made, SIGNER_SID, 0x80,
		(struct bytes){ ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id) });
	lint_expect(&made, NULL, "", NULL);
}

static void takes_rsa_and_eddsa(void **state)
{
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), lint_group()->rsa_key);

	(void)state;
	made_signer(&made, &how);
	lint_expect(&made, NULL, "", NULL);
	made = made_new(lint_group());
	how = lint_leaf(lint_group(), lint_group()->ed_key);
	made_signer(&made, &how);
	made.digest = EVP_sha512();
	lint_expect(&made, NULL, "KEY-1", "neither RSA nor EC");
}

static void refuses_a_wrong_eddsa_signature(void **state)
{
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), lint_group()->ed_key);

	(void)state;
	made_signer(&made, &how);
	made.digest = EVP_sha512();
	made_set(&made, SIGNER_SIGNATURE, "0402 0001");
	lint_expect(&made, NULL, "P-24 KEY-1", "it does not");
}

/* A SHA-1 token has ESSCertID; one of another digest must not have it alone. */
static void expect_v1(const EVP_MD *md, const char *ids, const char *text)
{
	struct made made = made_new(lint_group());
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf value = { 0 };
	static const uint8_t header[] = { 0x30, 0x1a, 0x30, 0x18, 0x30, 0x16, 0x04, 0x14 };

	made.digest = md;
	assert_int_equal(X509_digest(made.leaf, EVP_sha1(), hash, &len), 1);
	buf_append(&value, (struct bytes){ header, sizeof(header) });
	buf_append(&value, (struct bytes){ hash, len });
	made_set(&made, ATTR_ESS_V2, "");
	made_set_attribute(&made, ATTR_ESS_V1, ESS_V1, buf_view(&value));
	buf_free(&value);
	lint_expect(&made, NULL, ids, text);
}

static void knows_when_v1_is_right(void **state)
{
	(void)state;
	expect_v1(EVP_sha1(), "", NULL);
	expect_v1(EVP_sha256(), "P-15", "alone beside SHA256");
}

/* ESSCertIDv2 with the algorithm and the issuerSerial given. */
static void expect_v2(
	const EVP_MD *md, const char *algorithm, X509 *names, const char *ids, const char *text)
{
	struct made made = made_new(lint_group());
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	uint8_t *der = NULL;
	int der_len;

	assert_int_equal(X509_digest(made.leaf, md, hash, &len), 1);
	/* Scratch: parts that are filled in later. */
	made_set_element(&made, BEHIND, 0x04, (struct bytes){ hash, len });
	made_set(&made, ATTR_ESS_V2, algorithm);
	buf_append(&made.part[ATTR_ESS_V2], buf_view(&made.part[BEHIND]));
	if (names != NULL) {
		der_len = i2d_X509_NAME(X509_get_issuer_name(names), &der);
		made_set_element(&made, BEHIND, 0xa4, (struct bytes){ der, (size_t)der_len });
		OPENSSL_free(der);
		der = NULL;
		made_set_element(&made, ATTR_FURTHER, 0x30, buf_view(&made.part[BEHIND]));
		der_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(names), &der);
		buf_append(&made.part[ATTR_FURTHER], (struct bytes){ der, (size_t)der_len });
		OPENSSL_free(der);
		made_set_element(&made, BEHIND, 0x30, buf_view(&made.part[ATTR_FURTHER]));
		buf_append(&made.part[ATTR_ESS_V2], buf_view(&made.part[BEHIND]));
	}
	for (int i = 0; i < 3; i++) {
		made_set_element(&made, BEHIND, 0x30, buf_view(&made.part[ATTR_ESS_V2]));
		made_set_element(&made, ATTR_FURTHER, 0x30, (struct bytes){ 0 });
		made.part[ATTR_ESS_V2].len = 0;
		buf_append(&made.part[ATTR_ESS_V2], buf_view(&made.part[BEHIND]));
	}
	made_set_attribute(&made, BEHIND, ESS_V2, buf_view(&made.part[ATTR_ESS_V2]));
	made.part[ATTR_ESS_V2].len = 0;
	buf_append(&made.part[ATTR_ESS_V2], buf_view(&made.part[BEHIND]));
	made_set(&made, BEHIND, "");
	made_set(&made, ATTR_FURTHER, "");
	lint_expect(&made, NULL, ids, text);
}

static void looks_at_all_of_the_certificate_id(void **state)
{
	(void)state;
	expect_v2(EVP_sha256(), "", NULL, "", NULL);
	expect_v2(EVP_sha256(), "", lint_group()->leaf, "", NULL);
	expect_v2(EVP_sha512(), "300b0609608648016503040203", lint_group()->leaf, "", NULL);
	expect_v2(EVP_sha256(), "", lint_group()->ca, "P-15", "issuerSerial is not that");
	expect_v2(EVP_sha1(), "300706052b0e03021a", NULL, "P-15", "V2 with SHA-1");
	expect_v2(EVP_sha256(), "300406022a03", NULL, "P-15", "the digest 1.2.3 is unknown");
}

/* Without its certificate a token keeps the rules that can be applied, and the rest is counted. */
static void counts_rules_without_a_certificate(void **state)
{
	const struct lint_beside nothing = { .profile = PROFILE_RFC3161 };
	struct lint_beside with_it = nothing;
	struct lint_said said;
	struct made made = made_new(lint_group());

	(void)state;
	made_set(&made, DATA_CERTIFICATES, "");
	lint_file(made_file(&made), &nothing, &said);
	assert_string_equal(said.ids, "");
	assert_true(said.skipped >= 5);
	with_it.untrusted = sk_X509_new_null();
	assert_true(sk_X509_push(with_it.untrusted, lint_group()->leaf) > 0);
	lint_file(made_file(&made), &with_it, &said);
	assert_string_equal(said.ids, "");
	assert_int_equal(said.skipped, 0);
	sk_X509_free(with_it.untrusted);
	made_free(&made);
}

/* The leaf with one extension changed. */
static void expect_extension(enum profile profile, const char *name, const char *value,
	const char *ids, const char *text)
{
	const struct lint_beside beside = { .profile = profile };
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), NULL);

	lint_extension(&how, name, value);
	made_signer(&made, &how);
	lint_expect(&made, &beside, ids, text);
}

static void applies_the_rules_for_certificates(void **state)
{
	const struct lint_beside etsi = { .profile = PROFILE_ETSI };
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), NULL);

	(void)state;
	expect_extension(
		PROFILE_RFC3161, "extendedKeyUsage", "timeStamping", "P-05", "not critical");
	expect_extension(PROFILE_RFC3161, "extendedKeyUsage", "critical,timeStamping,codeSigning",
		"P-05", "2 purposes");
	expect_extension(PROFILE_ETSI, "2.5.29.16", NULL, "T-15", "no privateKeyUsagePeriod");
	expect_extension(PROFILE_CSBR, "crlDistributionPoints", NULL, "C-13", NULL);
	expect_extension(PROFILE_CSBR, "certificatePolicies", "1.2.3.4", "C-14", NULL);
	how.country = NULL;
	made_signer(&made, &how);
	lint_expect(&made, &etsi, "T-03", "countryName");
}

static void applies_the_rules_of_csbr(void **state)
{
	const struct lint_beside csbr = { .profile = PROFILE_CSBR };
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), lint_group()->rsa_key);

	(void)state;
	lint_expect(&made, &csbr, "", NULL);
	made = made_new(lint_group());
	made_signer(&made, &how);
	lint_expect(&made, &csbr, "C-06", "RSA with 2048 bits");
	made = made_new(lint_group());
	made.digest = EVP_sha384();
	lint_expect(&made, &csbr, "C-05", "token SHA384, certificate SHA256");
	made = made_new(lint_group());
	made.digest = EVP_sha1();
	lint_expect(&made, &csbr, "C-05 C-07", "it is with SHA1");
	made = made_new(lint_group());
	made_set_time(&made, "20270501000000Z");
	lint_expect(&made, &csbr, "C-08", "15 months");
}

/* A leaf under an authority with an RSA key of 2048 bits. */
static void looks_at_the_keys_of_authorities(void **state)
{
	struct lint_beside csbr = { .profile = PROFILE_CSBR, .untrusted = sk_X509_new_null() };
	struct made made = made_new(lint_group());
	struct make_certificate how = lint_leaf(lint_group(), NULL);
	const struct make_certificate weak = {
		.common_name = "Issuing CA 2",
		.key = lint_group()->rsa_key,
		.issuer = lint_group()->root,
		.issuer_key = lint_group()->root_key,
		.not_before = how.not_before,
		.not_after = how.not_after,
		.extensions = { { "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" } },
	};

	(void)state;
	how.issuer = make_certificate(&weak);
	how.issuer_key = lint_group()->rsa_key;
	assert_true(sk_X509_push(csbr.untrusted, how.issuer) > 0);
	made_signer(&made, &how);
	lint_expect(&made, &csbr, "C-06", "certificate 2: RSA with 2048 bits");
	sk_X509_pop_free(csbr.untrusted, X509_free);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		{ "P-14- two signatures", wants_one_signature, NULL, NULL, NULL },
		{ "P-24- no signed attributes", wants_signed_attributes, NULL, NULL, NULL },
		{ "P-24- signed attributes out of order", wants_attributes_in_order, NULL, NULL,
			NULL },
		{ "P-24- signed attributes without end", bounds_the_signed_attributes, NULL, NULL,
			NULL },
		{ "P-30- certificates out of order", wants_certificates_in_order, NULL, NULL,
			NULL },
		{ "P-13 eContentType", wants_the_type_of_tstinfo, NULL, NULL, NULL },
		{ "P-24+ P-15+ a signer by key identifier", takes_a_signer_by_key_identifier, NULL,
			NULL, NULL },
		{ "P-24+ RSA, and EdDSA", takes_rsa_and_eddsa, NULL, NULL, NULL },
		{ "P-24- a wrong EdDSA signature", refuses_a_wrong_eddsa_signature, NULL, NULL,
			NULL },
		{ "P-15 ESSCertID for SHA-1 alone", knows_when_v1_is_right, NULL, NULL, NULL },
		{ "P-15 hash, digest and issuerSerial", looks_at_all_of_the_certificate_id, NULL,
			NULL, NULL },
		{ "P-10+ a token without certificates", counts_rules_without_a_certificate, NULL,
			NULL, NULL },
		{ "P-05- T-03- T-15- C-13- C-14- certificates", applies_the_rules_for_certificates,
			NULL, NULL, NULL },
		{ "C-05 C-06 C-07 C-08", applies_the_rules_of_csbr, NULL, NULL, NULL },
		{ "C-06- an authority's key", looks_at_the_keys_of_authorities, NULL, NULL, NULL },
	};
	struct CMUnitTest
		tests[sizeof(cases) / sizeof(cases[0]) + sizeof(others) / sizeof(others[0])];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[count++] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = lint_run_case,
			.initial_state = (void *)&cases[i] };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tests[count++] = others[i];
	return _cmocka_run_group_tests(
		"lint: SignedData", tests, count, lint_set_up_group, lint_tear_down_group);
}
