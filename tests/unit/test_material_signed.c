/* Whose key signed a certificate, a CRL, an OCSP response. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "path_fixture.h"

static void knows_whose_key_signed_a_certificate(void **unused)
{
	const struct material_item *root = path_add(world.base, world.root, FROM_CALLER);
	const struct material_item *ca = path_add(world.own, world.ca, FROM_TOKEN);
	const struct material_item *tsu = path_add(world.own, world.tsu, FROM_TOKEN);

	(void)unused;
	for (int again = 0; again < 2; again++) {
		assert_true(material_signed_by(world.own, tsu, ca));
		assert_true(material_signed_by(world.own, ca, root));
		assert_true(material_signed_by(world.own, root, root));
		assert_false(material_signed_by(world.own, tsu, root));
		assert_false(material_signed_by(world.own, ca, ca));
	}
}

/* Signs the certificate anew. digest NULL: EdDSA. */
static bool verifies(const char *kind, unsigned bits, const EVP_MD *digest, int padding)
{
	EVP_PKEY *key = strcmp(kind, "rsa") == 0       ? EVP_RSA_gen(bits)
			: strcmp(kind, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind)
						       : make_key(kind, 0);
	X509 *certificate = X509_dup(world.root);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	const struct material_item *item;
	bool is;

	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_int_equal(EVP_DigestSignInit(ctx, &how, digest, NULL, key), 1);
	if (padding != 0)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, padding), 1);
	assert_true(X509_sign_ctx(certificate, ctx) > 0);
	item = path_add(world.own, certificate, FROM_TOKEN);
	is = material_signed_by(world.own, item, item);
	EVP_MD_CTX_free(ctx);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return is;
}

static void checks_signatures_by_old_algorithms_as_well(void **unused)
{
	(void)unused;
	assert_true(verifies("rsa", 1024, EVP_md5(), 0));
	assert_true(verifies("rsa", 512, EVP_sha1(), 0));
	assert_true(verifies("rsa", 1024, EVP_sha256(), RSA_PKCS1_PSS_PADDING));
	assert_true(verifies("rsa", 1024, EVP_sha3_256(), 0));
	assert_true(verifies("P-384", 0, EVP_sha384(), 0));
	assert_true(verifies("ED25519", 0, NULL, 0));
}

/* A key with this exponent. The caller frees. */
static EVP_PKEY *rsa_key(unsigned bits, unsigned exponent_bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *exponent = BN_new();
	EVP_PKEY *key = NULL;

	assert_int_equal(BN_set_bit(exponent, (int)exponent_bits - 1), 1);
	assert_int_equal(BN_set_bit(exponent, 0), 1);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	BN_free(exponent);
	return key;
}

static void does_no_work_without_end_for_a_strangers_key(void **unused)
{
	static const struct {
		unsigned exponent_bits;
		bool is_good;
	} cases[] = { { 256, true }, { 1200, false } };

	(void)unused;
	for (int i = 0; i < 2; i++) {
		EVP_PKEY *key = rsa_key(2048, cases[i].exponent_bits);
		X509 *certificate = X509_dup(world.root);
		const struct material_item *item;

		assert_int_equal(X509_set_pubkey(certificate, key), 1);
		assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
		item = path_add(world.own, certificate, FROM_TOKEN);
		assert_int_equal(material_signed_by(world.own, item, item), cases[i].is_good);
		X509_free(certificate);
		EVP_PKEY_free(key);
	}
}

static X509_CRL *make_crl(X509 *issuer, unsigned key)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, PATH_FROM);

	assert_int_equal(X509_CRL_set_version(crl, 1), 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, time), 1);
	assert_true(X509_CRL_sign(crl, path_key(key), EVP_sha256()) > 0);
	ASN1_TIME_free(time);
	return crl;
}

static void knows_whose_key_signed_a_crl(void **unused)
{
	X509_CRL *crl = make_crl(world.ca, CA);
	uint8_t *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	const struct material_item *item = NULL;
	struct err err = { 0 };
	size_t at = 0;

	(void)unused;
	assert_true(material_add(world.own, MATERIAL_CRL, FROM_TOKEN,
		(struct bytes){ der, (size_t)len }, "x", &item, &err));
	assert_true(bytes_equal(item->der, (struct bytes){ der, (size_t)len }));
	assert_true(material_signed_by(world.own, item, path_add(world.own, world.ca, FROM_TOKEN)));
	assert_false(
		material_signed_by(world.own, item, path_add(world.own, world.root, FROM_TOKEN)));
	assert_ptr_equal(material_next_crl(world.own, X509_get_subject_name(world.ca), &at), item);
	assert_null(material_next_crl(world.own, X509_get_subject_name(world.ca), &at));
	at = 0;
	assert_null(material_next_crl(world.own, X509_get_subject_name(world.root), &at));
	X509_CRL_free(crl);
	OPENSSL_free(der);
}

static OCSP_BASICRESP *make_ocsp(void)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, world.tsu, world.ca);
	ASN1_TIME *time = ASN1_TIME_set(NULL, PATH_FROM);

	assert_non_null(
		OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, time, NULL));
	assert_int_equal(
		OCSP_basic_sign(basic, world.ca, path_key(CA), EVP_sha256(), NULL, OCSP_NOCERTS),
		1);
	ASN1_TIME_free(time);
	OCSP_CERTID_free(id);
	return basic;
}

static void knows_whose_key_signed_an_ocsp_response(void **unused)
{
	OCSP_BASICRESP *basic = make_ocsp();
	OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	uint8_t *der[2] = { NULL, NULL };
	int len[2] = { i2d_OCSP_RESPONSE(response, &der[0]), i2d_OCSP_BASICRESP(basic, &der[1]) };
	const struct material_item *ca = path_add(world.own, world.ca, FROM_TOKEN);
	const struct material_item *root = path_add(world.own, world.root, FROM_TOKEN);
	const struct material_item *item = NULL;
	struct err err = { 0 };

	(void)unused;
	for (int i = 0; i < 2; i++) {
		assert_true(material_add(world.own, MATERIAL_OCSP, FROM_TOKEN,
			(struct bytes){ der[i], (size_t)len[i] }, "x", &item, &err));
		assert_int_equal(OCSP_resp_count(item->ocsp), 1);
		assert_true(material_signed_by(world.own, item, ca));
		assert_false(material_signed_by(world.own, item, root));
		der[i][len[i] / 2] ^= 1; /* of tbsResponseData or of the signature */
		if (material_add(world.own, MATERIAL_OCSP, FROM_TOKEN,
			    (struct bytes){ der[i], (size_t)len[i] }, "x", &item, &err))
			assert_false(material_signed_by(world.own, item, ca));
		OPENSSL_free(der[i]);
	}
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
}

static void says_that_an_ocsp_response_is_no_answer(void **unused)
{
	OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
	uint8_t *der = NULL;
	int len = i2d_OCSP_RESPONSE(response, &der);
	struct err err = { 0 };

	(void)unused;
	assert_false(material_add(world.own, MATERIAL_OCSP, FROM_TOKEN,
		(struct bytes){ der, (size_t)len }, "x", NULL, &err));
	assert_non_null(strstr(err.text, "status is 3"));
	OCSP_RESPONSE_free(response);
	OPENSSL_free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(knows_whose_key_signed_a_certificate),
		TEST(checks_signatures_by_old_algorithms_as_well),
		TEST(does_no_work_without_end_for_a_strangers_key),
		TEST(knows_whose_key_signed_a_crl),
		TEST(knows_whose_key_signed_an_ocsp_response),
		TEST(says_that_an_ocsp_response_is_no_answer),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
