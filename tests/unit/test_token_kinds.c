/*
 * Every kind of token that the switches of a TSU and an endpoint can make, judged by OpenSSL's TS
 * and CMS code; test_token.c has what all kinds share.
 */
#include "token_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "tsa/tsp/der.h"

enum { KINDS = 48 }; /* four switches, three resolutions */

static struct token_kind kind_number(unsigned n)
{
	return (struct token_kind){
		.options = { .signing_time = (n & 1) != 0, .algorithm_protection = (n & 2) != 0 },
		.tsa_name = (n & 4) != 0,
		.qualified = (n & 8) != 0,
		.digits = 3 * (n / 16),
	};
}

static TS_TST_INFO *info_of(const struct token *t)
{
	const uint8_t *at = t->tstinfo.at;
	TS_TST_INFO *info = d2i_TS_TST_INFO(NULL, &at, (long)t->tstinfo.len);

	assert_non_null(info);
	assert_ptr_equal(at, t->tstinfo.at + t->tstinfo.len);
	return info;
}

static CMS_SignerInfo *signer_of(CMS_ContentInfo *cms)
{
	assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)), 1);
	return sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
}

static void p13_every_kind_verifies_with_openssl(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < KINDS; n++) {
		struct token_kind kind = kind_number(n);
		struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);

		if (ts_verdict(f, t->token, NULL) != 1)
			fail_msg("kind %u", n);
		free_token(t);
	}
}

/* OpenSSL writes DER: what was not would come back otherwise. */
static void p24_every_kind_comes_back_from_openssl_byte_for_byte(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < KINDS; n++) {
		struct token_kind kind = kind_number(n);
		struct token *t = make_token_of_kind(f, f->p384, f->p384_key, TSP_SHA384, &kind);
		CMS_ContentInfo *cms = cms_of(t->token);
		TS_TST_INFO *info = info_of(t);
		uint8_t *again = NULL;
		int len = i2d_CMS_ContentInfo(cms, &again);

		assert_int_equal(len, t->token.len);
		assert_memory_equal(again, t->token.at, t->token.len);
		OPENSSL_free(again);
		again = NULL;
		len = i2d_TS_TST_INFO(info, &again);
		assert_int_equal(len, t->tstinfo.len);
		assert_memory_equal(again, t->tstinfo.at, t->tstinfo.len);
		OPENSSL_free(again);
		TS_TST_INFO_free(info);
		CMS_ContentInfo_free(cms);
		free_token(t);
	}
}

/* X.690 11.6, by the elements of the set. Gives their number. */
static unsigned assert_sorted(struct bytes attrs)
{
	struct der set = { .rest = attrs };
	struct der items = der_enter(&set, DER_SET);
	struct bytes before = { 0 };
	unsigned count = 0;

	while (items.rest.len > 0 && !items.failed) {
		struct bytes item = der_take_whole(&items, DER_SEQUENCE);
		size_t common = before.len < item.len ? before.len : item.len;

		assert_true(count == 0 || memcmp(before.at, item.at, common) < 0);
		before = item;
		count++;
	}
	assert_true(der_finished(&set) && der_finished(&items));
	return count;
}

/* For each key, digest and time format: their lengths decide where an attribute stands. */
static void p24_signed_attributes_of_every_kind_are_sorted(void **state)
{
	static const uint64_t times_us[] = { UINT64_C(1795508717123000),
		UINT64_C(2600000000123000) };
	struct fixture *f = *state;

	for (unsigned n = 0; n < 4; n++)
		for (int digest = TSP_SHA256; digest <= TSP_SHA512; digest++)
			for (size_t i = 0; i < 4; i++) {
				struct token_kind kind = kind_number(n + 16);
				bool rsa = i < 2;
				struct token *t;

				kind.time_us = times_us[i % 2];
				t = make_token_of_kind(f, rsa ? f->rsa : f->p384,
					rsa ? f->rsa_key : f->p384_key, (enum tsp_digest)digest,
					&kind);
				assert_int_equal(assert_sorted(t->attrs), 3 + n % 2 + n / 2);
				assert_int_equal(ts_verdict(f, t->token, NULL), 1);
				free_token(t);
			}
}

/* D12: whatever the switches say by then. */
static void every_kind_is_given_again_from_its_body(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	struct token_parts *later = parts_of(f->p256, f->ca, TSP_SHA256, &err);
	uint8_t room[ROOM];

	assert_non_null(later);
	for (unsigned n = 0; n < KINDS; n++) {
		struct token_kind kind = kind_number(n);
		struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);
		struct tsp_tstinfo info;

		assert_true(bytes_equal(
			token_from_body(later, t->body, true, room, sizeof(room)), t->token));
		assert_true(bytes_equal(
			token_from_body(later, t->body, false, room, sizeof(room)), t->body));
		assert_true(tsp_tstinfo_decode(t->tstinfo, &info));
		assert_int_equal(info.qualified, kind.qualified);
		assert_int_equal(info.tsa_name.len > 0, kind.tsa_name);
		free_token(t);
	}
	token_parts_free(later);
}

/* A name of string types that an encoder of its own would choose otherwise; two in one RDN. */
static X509_NAME *odd_name(void)
{
	static const struct {
		const char *field;
		int type;
		const char *text;
		int set;
	} parts[] = {
		{ "C", V_ASN1_PRINTABLESTRING, "DE", 0 },
		{ "O", V_ASN1_T61STRING, "T\xe9l\xe9text", 0 },
		{ "OU", V_ASN1_PRINTABLESTRING, "Printable", -1 },
		{ "OU", V_ASN1_UTF8STRING, "UTF-8 \xc3\xa9", 0 },
		{ "CN", V_ASN1_IA5STRING, "IA5 in place of UTF-8", 0 },
		{ "emailAddress", V_ASN1_IA5STRING, "tsa@example.org", 0 },
	};
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, parts[i].field, parts[i].type,
					 (const uint8_t *)parts[i].text, -1, -1, parts[i].set),
			1);
	return name;
}

/* A TSU below f->ca whose subject is the odd name; with odd_issuer its issuer is as well. */
static X509 *make_odd(const struct fixture *f, bool odd_issuer)
{
	X509 *leaf = make(f->p256_key, "TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	X509_NAME *name = odd_name();

	assert_int_equal(X509_set_subject_name(leaf, name), 1);
	if (odd_issuer)
		assert_int_equal(X509_set_issuer_name(leaf, name), 1);
	assert_true(X509_sign(leaf, f->ca_key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return leaf;
}

static void p21_tsa_is_the_subject_of_the_certificate_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	X509 *leaf = make_odd(f, false);
	struct token *t = make_token(f, leaf, f->p256_key, TSP_SHA256);
	TS_TST_INFO *info = info_of(t);
	GENERAL_NAME *tsa = TS_TST_INFO_get_tsa(info);
	uint8_t *subject = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(leaf), &subject);
	struct tsp_tstinfo ours;
	struct der name;

	assert_int_equal(ts_verdict(f, t->token, NULL), 1);
	assert_non_null(tsa);
	assert_int_equal(tsa->type, GEN_DIRNAME);
	assert_true(tsp_tstinfo_decode(t->tstinfo, &ours));
	name = (struct der){ .rest = ours.tsa_name };
	name = der_enter(&name, DER_CONTEXT_CONSTRUCTED | GEN_DIRNAME);
	assert_int_equal(name.rest.len, len);
	assert_memory_equal(name.rest.at, subject, (size_t)len);
	OPENSSL_free(subject);
	TS_TST_INFO_free(info);
	free_token(t);
	X509_free(leaf);
}

static void p21_tsa_is_absent_where_it_is_switched_off(void **state)
{
	struct fixture *f = *state;
	const struct token_kind silent = { .digits = 3 };
	struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &silent);
	TS_TST_INFO *info = info_of(t);

	assert_null(TS_TST_INFO_get_tsa(info));
	TS_TST_INFO_free(info);
	free_token(t);
}

/* issuerSerial, the last part of the ESSCertIDv2: [4] { issuer }, serial. */
static void p15_issuer_serial_is_copied_from_the_bytes_of_the_certificate(void **state)
{
	struct fixture *f = *state;
	X509 *leaf = make_odd(f, true);
	struct token *t = make_token(f, leaf, f->p256_key, TSP_SHA256);
	uint8_t wanted[512];
	uint8_t *at = wanted;
	int len = i2d_X509_NAME(X509_get_issuer_name(leaf), &at);

	assert_true(len > 0x80 && len < 0x100); /* so that its header is a4 81 */
	len += i2d_ASN1_INTEGER(X509_get_serialNumber(leaf), &at);
	at = memmem(t->attrs.at, t->attrs.len, wanted, (size_t)len);
	assert_non_null(at);
	assert_int_equal(at[-3], 0xa4);
	free_token(t);
	X509_free(leaf);
}

static void t05_a_qualified_token_has_one_extension_that_is_not_critical(void **state)
{
	/* QCStatements with esi4-qtstStatement-1, 0.4.0.19422.1.1 */
	static const uint8_t statements[] = { 0x30, 0x0b, 0x30, 0x09, 0x06, 0x07, 0x04, 0x00, 0x81,
		0x97, 0x5e, 0x01, 0x01 };
	struct fixture *f = *state;
	const struct token_kind kind = { .qualified = true, .tsa_name = true };
	struct token *t = make_token_of_kind(f, f->rsa, f->rsa_key, TSP_SHA256, &kind);
	TS_TST_INFO *info = info_of(t);
	X509_EXTENSION *extension;
	const ASN1_OCTET_STRING *value;

	assert_int_equal(TS_TST_INFO_get_ext_count(info), 1);
	extension = TS_TST_INFO_get_ext(info, 0);
	assert_int_equal(OBJ_obj2nid(X509_EXTENSION_get_object(extension)), NID_qcStatements);
	assert_int_equal(X509_EXTENSION_get_critical(extension), 0);
	value = X509_EXTENSION_get_data(extension);
	assert_int_equal(ASN1_STRING_length(value), sizeof(statements));
	assert_memory_equal(ASN1_STRING_get0_data(value), statements, sizeof(statements));
	assert_int_equal(ts_verdict(f, t->token, NULL), 1);
	TS_TST_INFO_free(info);
	free_token(t);
}

static void t05_other_tokens_have_no_extension(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->rsa, f->rsa_key, TSP_SHA256);
	TS_TST_INFO *info = info_of(t);

	assert_int_equal(TS_TST_INFO_get_ext_count(info), 0);
	TS_TST_INFO_free(info);
	free_token(t);
}

/* RFC 5652 11.3 */
static void signing_time_is_gen_time_cut_in_the_form_of_its_year(void **state)
{
	static const struct {
		uint64_t time_us;
		int type;
		const char *text;
	} rows[] = {
		{ UINT64_C(1795508717148000), V_ASN1_UTCTIME, "261124082517Z" },
		{ UINT64_C(1795508717000000), V_ASN1_UTCTIME, "261124082517Z" },
		{ UINT64_C(2524607999999999), V_ASN1_UTCTIME, "491231235959Z" },
		{ UINT64_C(2524608000000000), V_ASN1_GENERALIZEDTIME, "20500101000000Z" },
		{ UINT64_C(4107542400000001), V_ASN1_GENERALIZEDTIME, "21000301000000Z" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct token_kind kind = {
			.options = { .signing_time = true }, .digits = 6, .time_us = rows[i].time_us
		};
		struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);
		CMS_ContentInfo *cms = cms_of(t->token);
		const ASN1_STRING *found = CMS_signed_get0_data_by_OBJ(
			signer_of(cms), OBJ_nid2obj(NID_pkcs9_signingTime), -3, rows[i].type);

		assert_non_null(found);
		assert_int_equal(ASN1_STRING_length(found), strlen(rows[i].text));
		assert_memory_equal(
			ASN1_STRING_get0_data(found), rows[i].text, strlen(rows[i].text));
		CMS_ContentInfo_free(cms);
		free_token(t);
	}
}

static void signing_time_is_absent_unless_asked_for(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	CMS_ContentInfo *cms = cms_of(t->token);

	assert_int_equal(CMS_signed_get_attr_by_NID(signer_of(cms), NID_pkcs9_signingTime, -1), -1);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

/* A signer never makes up a time. */
static void signing_time_needs_a_tstinfo_of_ours(void **state)
{
	struct fixture *f = *state;
	const struct token_kind kind = { .options = { .signing_time = true } };
	struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);
	const struct bytes cut = { t->tstinfo.at, t->tstinfo.len - 1 };
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct err err = { 0 };
	struct bytes attrs;

	assert_false(token_signed_attrs(t->parts, cut, room, sizeof(room), &attrs, &err));
	assert_non_null(strstr(err.text, "signingTime: RFC 3161 2.4.2: no TSTInfo of ours"));
	free_token(t);
}

static void assert_protected(
	const struct fixture *f, X509 *leaf, EVP_PKEY *key, enum tsp_digest digest)
{
	struct token *t = make_token(f, leaf, key, digest);
	CMS_ContentInfo *cms = cms_of(t->token);
	CMS_SignerInfo *signer = signer_of(cms);
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113549.1.9.52", 1);
	const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(signer, oid, -3, V_ASN1_SEQUENCE);
	X509_ALGOR *digest_algorithm = NULL;
	X509_ALGOR *signature_algorithm = NULL;
	uint8_t wanted[128];
	uint8_t *at = wanted;
	struct der whole;
	struct der fields;
	int len;

	assert_non_null(value);
	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest_algorithm, &signature_algorithm);
	len = i2d_X509_ALGOR(digest_algorithm, &at);
	len += i2d_X509_ALGOR(signature_algorithm, &at);
	wanted[i2d_X509_ALGOR(digest_algorithm, NULL)] = 0xa1; /* [1] IMPLICIT */
	whole = (struct der){ .rest = { ASN1_STRING_get0_data(value),
				      (size_t)ASN1_STRING_length(value) } };
	fields = der_enter(&whole, DER_SEQUENCE);
	assert_true(der_finished(&whole));
	assert_int_equal(fields.rest.len, len);
	assert_memory_equal(fields.rest.at, wanted, (size_t)len);
	ASN1_OBJECT_free(oid);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

static void p25_the_protected_algorithms_are_those_of_the_signer_info(void **state)
{
	struct fixture *f = *state;

	for (int digest = TSP_SHA256; digest <= TSP_SHA512; digest++) {
		assert_protected(f, f->rsa, f->rsa_key, (enum tsp_digest)digest);
		assert_protected(f, f->p256, f->p256_key, (enum tsp_digest)digest);
	}
}

static void p25_protection_is_absent_where_it_is_switched_off(void **state)
{
	struct fixture *f = *state;
	const struct token_kind kind = { .digits = 3 };
	struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);

	assert_int_equal(assert_sorted(t->attrs), 3);
	free_token(t);
}

static void p20_no_kind_claims_an_order(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = 0; n < KINDS; n++) {
		struct token_kind kind = kind_number(n);
		struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);
		TS_TST_INFO *info = info_of(t);

		assert_int_equal(TS_TST_INFO_get_ordering(info), 0);
		TS_TST_INFO_free(info);
		free_token(t);
	}
}

static void p18_gen_time_has_the_digits_that_are_configured(void **state)
{
	static const struct {
		unsigned digits;
		const char *text;
	} rows[] = {
		{ 0, "20261124082517Z" },
		{ 3, "20261124082517.119Z" },
		{ 6, "20261124082517.120004Z" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct token_kind kind = { .digits = rows[i].digits,
			.time_us = UINT64_C(1795508717120004) };
		struct token *t = make_token_of_kind(f, f->p256, f->p256_key, TSP_SHA256, &kind);
		TS_TST_INFO *info = info_of(t);
		const ASN1_GENERALIZEDTIME *found = TS_TST_INFO_get_time(info);

		assert_int_equal(ASN1_STRING_length(found), strlen(rows[i].text));
		assert_memory_equal(
			ASN1_STRING_get0_data(found), rows[i].text, strlen(rows[i].text));
		TS_TST_INFO_free(info);
		free_token(t);
	}
}

/* T-02: accuracy is there, without parts that are zero. */
static void p19_accuracy_is_there_without_zero_parts(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	TS_TST_INFO *info = info_of(t);
	TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(info);

	assert_non_null(accuracy);
	assert_int_equal(ASN1_INTEGER_get(TS_ACCURACY_get_seconds(accuracy)), 1);
	assert_null(TS_ACCURACY_get_millis(accuracy));
	assert_null(TS_ACCURACY_get_micros(accuracy));
	TS_TST_INFO_free(info);
	free_token(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p13_every_kind_verifies_with_openssl),
		cmocka_unit_test(p24_every_kind_comes_back_from_openssl_byte_for_byte),
		cmocka_unit_test(p24_signed_attributes_of_every_kind_are_sorted),
		cmocka_unit_test(every_kind_is_given_again_from_its_body),
		cmocka_unit_test(p21_tsa_is_the_subject_of_the_certificate_byte_for_byte),
		cmocka_unit_test(p21_tsa_is_absent_where_it_is_switched_off),
		cmocka_unit_test(p15_issuer_serial_is_copied_from_the_bytes_of_the_certificate),
		cmocka_unit_test(t05_a_qualified_token_has_one_extension_that_is_not_critical),
		cmocka_unit_test(t05_other_tokens_have_no_extension),
		cmocka_unit_test(signing_time_is_gen_time_cut_in_the_form_of_its_year),
		cmocka_unit_test(signing_time_is_absent_unless_asked_for),
		cmocka_unit_test(signing_time_needs_a_tstinfo_of_ours),
		cmocka_unit_test(p25_the_protected_algorithms_are_those_of_the_signer_info),
		cmocka_unit_test(p25_protection_is_absent_where_it_is_switched_off),
		cmocka_unit_test(p20_no_kind_claims_an_order),
		cmocka_unit_test(p18_gen_time_has_the_digits_that_are_configured),
		cmocka_unit_test(p19_accuracy_is_there_without_zero_parts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
