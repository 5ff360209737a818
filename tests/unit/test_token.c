/*
 * Tokens of ours, judged by OpenSSL's TS, CMS and ESS code.
 */
#include "token_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ess.h>

#include "tsa/core/msg.h"
#include "tsa/tsp/der.h"

static const struct token_options plain;
static const struct token_options all = { .signing_time = true, .algorithm_protection = true };
static const struct bytes one_byte = { (const uint8_t *)"x", 1 };

static void p13_verifies_with_openssl_for_every_key_and_digest(void **state)
{
	struct fixture *f = *state;
	const struct {
		X509 *leaf;
		EVP_PKEY *key;
		enum tsp_digest digest;
	} rows[] = {
		{ f->rsa, f->rsa_key, TSP_SHA256 },
		{ f->rsa, f->rsa_key, TSP_SHA384 },
		{ f->rsa, f->rsa_key, TSP_SHA512 },
		{ f->p256, f->p256_key, TSP_SHA256 },
		{ f->p256, f->p256_key, TSP_SHA384 },
		{ f->p384, f->p384_key, TSP_SHA384 },
		{ f->p384, f->p384_key, TSP_SHA512 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token *t = make_token(f, rows[i].leaf, rows[i].key, rows[i].digest);

		assert_int_equal(ts_verdict(f, t->token, NULL), 1);
		free_token(t);
	}
}

/* P-10 */
static void p10_verifies_without_certificates_only_if_they_are_supplied(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->rsa, f->rsa_key, TSP_SHA256);
	CMS_ContentInfo *cms = cms_of(t->body);

	assert_null(CMS_get1_certs(cms));
	assert_int_equal(ts_verdict(f, t->body, f->rsa), 1);
	assert_int_not_equal(ts_verdict(f, t->body, NULL), 1);
	assert_int_not_equal(ts_verdict(f, t->body, f->p256), 1);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

/* The positive test above means something only if this one fails everywhere it should. */
static void fails_with_openssl_when_any_byte_of_content_is_changed(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	uint8_t copy[ROOM];
	const uint8_t *content = memmem(t->token.at, t->token.len, t->tstinfo.at, t->tstinfo.len);
	size_t start = (size_t)(content - t->token.at);

	assert_non_null(content);
	for (size_t i = start; i < start + t->tstinfo.len; i++) {
		memcpy(copy, t->token.at, t->token.len);
		copy[i] ^= 1;
		assert_int_not_equal(ts_verdict(f, (struct bytes){ copy, t->token.len }, NULL), 1);
	}
	free_token(t);
}

/* P-13, P-14, P-24; RFC 5652 5.1, 5.3 */
static void p14_p24_is_signed_data_version_3_with_one_signer_by_issuer_and_serial(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->rsa, f->rsa_key, TSP_SHA256);
	struct der outer = { .rest = t->token };
	struct der info = der_enter(&outer, DER_SEQUENCE);
	struct der tagged;
	struct der data;
	CMS_ContentInfo *cms = cms_of(t->token);
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	X509_ALGOR *digest = NULL;
	ASN1_OCTET_STRING *key_id = NULL;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *number = NULL;

	(void)der_take(&info, DER_OID);
	tagged = der_enter(&info, DER_CONTEXT_CONSTRUCTED | 0);
	data = der_enter(&tagged, DER_SEQUENCE);
	assert_int_equal(der_take_u64(&data, DER_INTEGER), 3);
	assert_int_equal(OBJ_obj2nid(CMS_get0_eContentType(cms)), NID_id_smime_ct_TSTInfo);
	assert_int_equal(sk_CMS_SignerInfo_num(signers), 1);
	assert_int_equal(CMS_SignerInfo_get0_signer_id(
				 sk_CMS_SignerInfo_value(signers, 0), &key_id, &issuer, &number),
		1);
	assert_null(key_id);
	assert_int_equal(X509_NAME_cmp(issuer, X509_get_issuer_name(f->rsa)), 0);
	assert_int_equal(ASN1_INTEGER_cmp(number, X509_get0_serialNumber(f->rsa)), 0);
	/* RFC 5754 2: parameters absent */
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL, &digest, NULL);
	assert_int_equal(OBJ_obj2nid(digest->algorithm), NID_sha256);
	assert_null(digest->parameter);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

/* OpenSSL writes SETs sorted, so bytes that were not DER would not come back. */
static void p24_comes_back_from_openssl_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->rsa, f->rsa_key, TSP_SHA512);
	CMS_ContentInfo *cms = cms_of(t->token);
	uint8_t *again = NULL;
	int len = i2d_CMS_ContentInfo(cms, &again);

	assert_int_equal(len, t->token.len);
	assert_memory_equal(again, t->token.at, t->token.len);
	OPENSSL_free(again);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

/* P-24; X.690 11.6 */
static void p24_sorts_the_signed_attributes(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->rsa, f->rsa_key, TSP_SHA256);
	struct der set = { .rest = t->attrs };
	struct der attrs = der_enter(&set, DER_SET);
	struct bytes before = { 0 };
	unsigned count = 0;

	assert_true(der_finished(&set));
	while (attrs.rest.len > 0 && !attrs.failed) {
		struct bytes attr = der_take_whole(&attrs, DER_SEQUENCE);
		size_t common = before.len < attr.len ? before.len : attr.len;

		assert_true(count == 0 || memcmp(before.at, attr.at, common) < 0);
		before = attr;
		count++;
	}
	assert_false(attrs.failed);
	/* contentType, messageDigest, signingCertificateV2, CMSAlgorithmProtection */
	assert_int_equal(count, 4);
	free_token(t);
}

/* P-15; RFC 5816 2.2.1, RFC 5035 4 */
static void p15_names_its_certificate_by_one_sha256_id_with_issuer_and_serial(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p384, f->p384_key, TSP_SHA384);
	CMS_ContentInfo *cms = cms_of(t->token);
	CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(
		signer, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE);
	const uint8_t *at;
	struct buf leaf = der_of(f->p384);
	struct der outer;
	struct der signing;
	struct der ids;
	struct der id;
	struct der issuer_serial;
	struct bytes hash;
	uint8_t wanted[32];
	ESS_SIGNING_CERT_V2 *ess;

	assert_non_null(value);
	at = ASN1_STRING_get0_data(value);
	ess = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(value));
	assert_non_null(ess);
	outer = (struct der){ .rest = { ASN1_STRING_get0_data(value),
				      (size_t)ASN1_STRING_length(value) } };
	signing = der_enter(&outer, DER_SEQUENCE);
	ids = der_enter(&signing, DER_SEQUENCE);
	id = der_enter(&ids, DER_SEQUENCE);
	assert_true(der_next_is(&id, DER_OCTET_STRING)); /* SHA-256 is DEFAULT, so absent in DER */
	hash = der_take(&id, DER_OCTET_STRING);
	assert_int_equal(EVP_Digest(leaf.at, leaf.len, wanted, NULL, EVP_sha256(), NULL), 1);
	assert_int_equal(hash.len, sizeof(wanted));
	assert_memory_equal(hash.at, wanted, sizeof(wanted));
	issuer_serial = der_enter(&id, DER_SEQUENCE);
	assert_true(der_next_is(&issuer_serial, DER_SEQUENCE));
	(void)der_take(&issuer_serial, DER_SEQUENCE);
	assert_true(der_take_integer(&issuer_serial).len > 0);
	assert_true(der_finished(&issuer_serial) && der_finished(&id) && der_finished(&ids));
	ESS_SIGNING_CERT_V2_free(ess);
	buf_free(&leaf);
	CMS_ContentInfo_free(cms);
	free_token(t);
}

/* X.690 11.6, R36 */
static void sorts_the_certificates_and_knows_which_is_first(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	/* The CA's certificate is the shorter, the RSA key makes the leaf the longer one. */
	struct token_parts *ca_first = parts_of(f->rsa, f->ca, TSP_SHA256, &err);
	struct token_parts *leaf_first = parts_of(f->ca, f->rsa, TSP_SHA256, &err);

	assert_non_null(ca_first);
	assert_non_null(leaf_first);
	assert_false(token_parts_leaf_first(ca_first));
	assert_true(token_parts_leaf_first(leaf_first));
	token_parts_free(ca_first);
	token_parts_free(leaf_first);
}

/* D12 */
static void gives_the_token_again_from_its_body(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	uint8_t room[ROOM];
	struct bytes again = token_from_body(t->parts, t->body, true, room, sizeof(room));

	assert_true(bytes_equal(again, t->token));
	again = token_from_body(t->parts, t->body, false, room, sizeof(room));
	assert_true(bytes_equal(again, t->body));
	assert_int_equal(token_from_body(t->parts, t->body, true, room, t->token.len - 1).len, 0);
	free_token(t);
}

static void refuses_a_body_that_is_not_of_this_tsu(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct token *other = make_token(f, f->rsa, f->rsa_key, TSP_SHA256);
	struct buf longer = { 0 };
	uint8_t room[ROOM];

	buf_append(&longer, t->body);
	buf_append(&longer, one_byte);
	assert_int_equal(token_from_body(t->parts, other->body, false, room, ROOM).len, 0);
	assert_int_equal(token_from_body(t->parts, t->token, false, room, ROOM).len, 0);
	assert_int_equal(token_from_body(t->parts, buf_view(&longer), false, room, ROOM).len, 0);
	for (size_t len = 0; len < t->body.len; len++)
		assert_int_equal(token_from_body(t->parts, (struct bytes){ t->body.at, len }, false,
					 room, ROOM)
					 .len,
			0);
	buf_free(&longer);
	free_token(t);
	free_token(other);
}

static void encodes_nothing_into_a_buffer_that_is_too_short(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct err err = { 0 };
	struct bytes attrs;
	uint8_t room[ROOM];

	assert_int_equal(
		token_encode(t->parts, t->tstinfo, t->attrs, t->signature, true, room, t->token.len)
			.len,
		t->token.len);
	assert_int_equal(token_encode(t->parts, t->tstinfo, t->attrs, t->signature, true, room,
				 t->token.len - 1)
				 .len,
		0);
	assert_false(
		token_signed_attrs(t->parts, t->tstinfo, room, t->attrs.len - 1, &attrs, &err));
	free_token(t);
}

static void refuses_attributes_that_are_no_set(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct bytes cut = { t->attrs.at, t->attrs.len - 1 };
	uint8_t room[ROOM];

	assert_int_equal(
		token_encode(t->parts, t->tstinfo, cut, t->signature, true, room, ROOM).len, 0);
	assert_int_equal(
		token_encode(t->parts, t->tstinfo, t->tstinfo, t->signature, true, room, ROOM).len,
		0);
	free_token(t);
}

static void checks_a_signature_with_the_right_key_only(void **state)
{
	struct fixture *f = *state;
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct err err = { 0 };

	assert_true(token_check_signature(f->p256_key, TSP_SHA256, t->attrs, t->signature, &err));
	assert_true(token_check_signature(
		X509_get0_pubkey(f->p256), TSP_SHA256, t->attrs, t->signature, &err));
	assert_false(token_check_signature(f->ca_key, TSP_SHA256, t->attrs, t->signature, &err));
	assert_non_null(strstr(err.text, "does not verify"));
	assert_false(token_check_signature(f->p256_key, TSP_SHA384, t->attrs, t->signature, &err));
	assert_false(
		token_check_signature(f->p256_key, TSP_SHA256, t->tstinfo, t->signature, &err));
	assert_false(
		token_check_signature(f->p256_key, TSP_DIGEST_NONE, t->attrs, t->signature, &err));
	assert_int_equal(ERR_peek_error(), 0); /* the queue is empty again */
	free_token(t);
}

static void refuses_certificates_it_cannot_sign_for(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *ed25519 = make(key, "Ed25519 TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	struct buf good = der_of(f->p256);
	struct buf longer = der_of(f->p256);
	struct bytes none = { 0 };
	struct err err = { 0 };

	assert_null(parts_of(ed25519, NULL, TSP_SHA256, &err));
	assert_non_null(strstr(err.text, "neither RSA nor EC"));
	buf_append(&longer, one_byte);
	assert_null(token_parts_new(buf_view(&longer), none, TSP_SHA256, plain, &err));
	assert_null(token_parts_new(none, none, TSP_SHA256, plain, &err));
	assert_null(token_parts_new(buf_view(&good), one_byte, TSP_SHA256, plain, &err));
	assert_non_null(strstr(err.text, "chain"));
	assert_null(token_parts_new(buf_view(&good), none, TSP_DIGEST_NONE, plain, &err));
	assert_null(token_parts_new(buf_view(&good), none, TSP_SHA3_256, plain, &err));
	assert_non_null(strstr(err.text, "none that signs"));
	buf_free(&good);
	buf_free(&longer);
	X509_free(ed25519);
	EVP_PKEY_free(key);
}

/* A certificate whose issuer's name has so many parts of 64 letters. */
static X509 *make_with_issuer(const struct fixture *f, unsigned parts)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
	X509 *leaf = make(f->p256_key, "TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	X509_NAME *name = X509_NAME_new();

	for (unsigned i = 0; i < parts; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8,
					 (const uint8_t *)letters, -1, -1, 0),
			1);
	assert_int_equal(X509_set_issuer_name(leaf, name), 1);
	assert_true(X509_sign(leaf, f->ca_key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return leaf;
}

/* The longest issuer's name that is taken, and why one part more is not. */
static struct buf longest_issuer(const struct fixture *f, struct err *err)
{
	struct buf taken = { 0 };

	for (unsigned parts = 1; parts < 100; parts++) {
		X509 *leaf = make_with_issuer(f, parts);
		struct token_parts *made = parts_of(leaf, NULL, TSP_SHA512, err);

		if (made != NULL) {
			buf_free(&taken);
			taken = der_of(leaf);
		}
		X509_free(leaf);
		token_parts_free(made);
		if (made == NULL)
			return taken;
	}
	fail_msg("an issuer's name has no limit");
	return taken;
}

/*
 * A configuration is refused by these limits: what passes them must not fail at the first request.
 * All parts at their longest, in one message.
 */
static void whatever_certificates_it_takes_its_tokens_fit_a_message(void **state)
{
	static const uint8_t zeros[MSG_MAX_PEM];
	static uint8_t room[MSG_MAX_TOKEN];
	static uint8_t chain[MSG_MAX_PEM] = { DER_SEQUENCE, 0x82 };
	const struct bytes tstinfo = { zeros, MSG_MAX_TSTINFO };
	const struct bytes signature = { zeros, MSG_MAX_SIGNATURE };
	uint8_t attrs_room[MSG_MAX_SIGNED_ATTRS];
	struct token_parts *parts = NULL;
	struct err err = { 0 };
	struct fixture *f = *state;
	struct token *usual = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct buf leaf = longest_issuer(f, &err);
	size_t len = 41000;
	struct bytes attrs;
	struct bytes body;

	assert_non_null(strstr(err.text, "issuer and serial"));
	/* One intermediate, as long as it may be. */
	while (parts == NULL && len > 4) {
		len--;
		chain[2] = (uint8_t)((len - 4) >> 8);
		chain[3] = (uint8_t)(len - 4);
		parts = token_parts_new(
			buf_view(&leaf), (struct bytes){ chain, len }, TSP_SHA512, all, &err);
	}
	assert_non_null(parts);
	assert_non_null(strstr(err.text, "a token has room for"));
	assert_true(leaf.len + len > 40000);
	assert_true(token_signed_attrs(
		parts, usual->tstinfo, attrs_room, sizeof(attrs_room), &attrs, &err));
	free_token(usual);
	body = token_encode(parts, tstinfo, attrs, signature, false, room, MSG_MAX_BODY);
	assert_true(body.len > 0);
	body = token_encode(parts, tstinfo, attrs, signature, true, room, sizeof(room));
	assert_true(body.len > leaf.len + len);
	token_parts_free(parts);
	buf_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p13_verifies_with_openssl_for_every_key_and_digest),
		cmocka_unit_test(p10_verifies_without_certificates_only_if_they_are_supplied),
		cmocka_unit_test(fails_with_openssl_when_any_byte_of_content_is_changed),
		cmocka_unit_test(
			p14_p24_is_signed_data_version_3_with_one_signer_by_issuer_and_serial),
		cmocka_unit_test(p24_comes_back_from_openssl_byte_for_byte),
		cmocka_unit_test(p24_sorts_the_signed_attributes),
		cmocka_unit_test(p15_names_its_certificate_by_one_sha256_id_with_issuer_and_serial),
		cmocka_unit_test(sorts_the_certificates_and_knows_which_is_first),
		cmocka_unit_test(gives_the_token_again_from_its_body),
		cmocka_unit_test(refuses_a_body_that_is_not_of_this_tsu),
		cmocka_unit_test(encodes_nothing_into_a_buffer_that_is_too_short),
		cmocka_unit_test(refuses_attributes_that_are_no_set),
		cmocka_unit_test(checks_a_signature_with_the_right_key_only),
		cmocka_unit_test(refuses_certificates_it_cannot_sign_for),
		cmocka_unit_test(whatever_certificates_it_takes_its_tokens_fit_a_message),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
