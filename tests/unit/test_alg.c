/* The tables against OpenSSL's, which knows the same names and OIDs by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "tsa/tsp/alg.h"

static void assert_same(struct bytes ours, const uint8_t *theirs, size_t len)
{
	assert_int_equal(ours.len, len);
	assert_memory_equal(ours.at, theirs, len);
}

static void names_oids_and_lengths_are_openssls(void **unused)
{
	(void)unused;
	for (int i = TSP_SHA256; i < TSP_DIGESTS; i++) {
		enum tsp_digest digest = (enum tsp_digest)i;
		const EVP_MD *md = EVP_get_digestbyname(tsp_digest_name(digest));
		const ASN1_OBJECT *oid;

		assert_non_null(md);
		oid = OBJ_nid2obj(EVP_MD_get_type(md));
		assert_int_equal(tsp_digest_len(digest), EVP_MD_get_size(md));
		assert_same(tsp_digest_oid(digest), OBJ_get0_data(oid), OBJ_length(oid));
	}
}

static void the_numbers_are_for_ever(void **unused)
{
	(void)unused;
	assert_int_equal(tsp_digest_by_name("sha256"), 1);
	assert_int_equal(tsp_digest_by_name("sha384"), 2);
	assert_int_equal(tsp_digest_by_name("sha512"), 3);
	assert_int_equal(tsp_digest_by_name("sha3-256"), 4);
	assert_int_equal(tsp_digest_by_name("sha3-384"), 5);
	assert_int_equal(tsp_digest_by_name("sha3-512"), 6);
}

static void p07_finds_a_digest_by_its_name_and_oid_only(void **unused)
{
	struct bytes sha384 = tsp_digest_oid(TSP_SHA384);
	struct bytes cut = { sha384.at, sha384.len - 1 };
	static const uint8_t sha1[] = { 0x2b, 0x0e, 0x03, 0x02, 0x1a };
	static const uint8_t sha224[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04 };

	(void)unused;
	assert_int_equal(tsp_digest_by_oid(sha384), TSP_SHA384);
	assert_int_equal(tsp_digest_by_oid(cut), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_oid((struct bytes){ 0 }), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_oid((struct bytes){ sha1, sizeof(sha1) }), TSP_DIGEST_NONE);
	assert_int_equal(
		tsp_digest_by_oid((struct bytes){ sha224, sizeof(sha224) }), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_name("SHA256"), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_name("sha1"), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_name("md5"), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_name("sha3-224"), TSP_DIGEST_NONE);
	assert_int_equal(tsp_digest_by_name(""), TSP_DIGEST_NONE);
}

static void an_unknown_number_has_nothing(void **unused)
{
	static const int unknown[] = { TSP_DIGEST_NONE, TSP_DIGESTS, 255, -1 };

	(void)unused;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		enum tsp_digest digest = (enum tsp_digest)unknown[i];

		assert_null(tsp_digest_name(digest));
		assert_int_equal(tsp_digest_len(digest), 0);
		assert_false(tsp_digest_signs(digest));
		assert_int_equal(tsp_digest_oid(digest).len, 0);
		assert_int_equal(tsp_signature_algorithm(TSP_KEY_RSA, digest).len, 0);
		assert_int_equal(tsp_signature_algorithm(TSP_KEY_EC, digest).len, 0);
	}
}

static void check_signature(enum tsp_key_kind key, enum tsp_digest digest, int key_nid, int params)
{
	int digest_nid = OBJ_txt2nid(tsp_digest_name(digest));
	X509_ALGOR *algorithm = X509_ALGOR_new();
	uint8_t *theirs = NULL;
	int nid;
	int len;

	assert_non_null(algorithm);
	assert_int_equal(OBJ_find_sigid_by_algs(&nid, digest_nid, key_nid), 1);
	assert_int_equal(X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), params, NULL), 1);
	len = i2d_X509_ALGOR(algorithm, &theirs);
	assert_true(len > 0);
	assert_same(tsp_signature_algorithm(key, digest), theirs, (size_t)len);
	OPENSSL_free(theirs);
	X509_ALGOR_free(algorithm);
}

/* RFC 4055 5: rsaEncryption family with NULL; RFC 5758 3.2: ECDSA without parameters. */
static void signature_identifiers_are_openssls(void **unused)
{
	(void)unused;
	for (int i = TSP_SHA256; i <= TSP_SHA512; i++) {
		assert_true(tsp_digest_signs((enum tsp_digest)i));
		check_signature(TSP_KEY_RSA, (enum tsp_digest)i, NID_rsaEncryption, V_ASN1_NULL);
		check_signature(
			TSP_KEY_EC, (enum tsp_digest)i, NID_X9_62_id_ecPublicKey, V_ASN1_UNDEF);
	}
}

static void c07_no_token_is_signed_with_sha3(void **unused)
{
	(void)unused;
	for (int i = TSP_SHA3_256; i <= TSP_SHA3_512; i++) {
		assert_false(tsp_digest_signs((enum tsp_digest)i));
		assert_int_equal(tsp_signature_algorithm(TSP_KEY_RSA, (enum tsp_digest)i).len, 0);
		assert_int_equal(tsp_signature_algorithm(TSP_KEY_EC, (enum tsp_digest)i).len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_oids_and_lengths_are_openssls),
		cmocka_unit_test(the_numbers_are_for_ever),
		cmocka_unit_test(p07_finds_a_digest_by_its_name_and_oid_only),
		cmocka_unit_test(an_unknown_number_has_nothing),
		cmocka_unit_test(signature_identifiers_are_openssls),
		cmocka_unit_test(c07_no_token_is_signed_with_sha3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
