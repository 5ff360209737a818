/* What a verifier knows beside the token: found again, judged once, held within limits. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "path_fixture.h"

enum { ROOT, CA, TSU, OTHER };

static struct world {
	struct material_cache *cache;
	struct material *base;
	struct material *own;
	X509 *root;
	X509 *ca;
	X509 *tsu;
} world;

static int set_up(void **unused)
{
	(void)unused;
	world.cache = material_cache_new();
	world.base = material_new(world.cache, NULL);
	world.own = material_new(world.cache, world.base);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	material_free(world.own);
	material_free(world.base);
	material_cache_free(world.cache);
	return 0;
}

static int make_world(void **unused)
{
	(void)unused;
	world.root = path_ca("Root", ROOT, NULL, ROOT);
	world.ca = path_ca("CA", CA, world.root, ROOT);
	world.tsu = path_tsu("TSU", TSU, world.ca, CA);
	return 0;
}

static int free_world(void **unused)
{
	(void)unused;
	X509_free(world.root);
	X509_free(world.ca);
	X509_free(world.tsu);
	path_keys_free();
	return 0;
}

static unsigned count(const struct material *material, enum material_kind kind)
{
	size_t at = 0;
	unsigned n = 0;

	while (material_next(material, kind, &at) != NULL)
		n++;
	return n;
}

static unsigned count_named(const struct material *material, X509 *certificate)
{
	size_t at = 0;
	unsigned n = 0;

	while (material_next_named(material, X509_get_subject_name(certificate), &at) != NULL)
		n++;
	return n;
}

static void holds_a_certificate_once(void **unused)
{
	const struct material_item *first = path_add(world.own, world.ca, FROM_TOKEN);
	const struct material_item *again = path_add(world.own, world.ca, FROM_TOKEN);
	uint8_t expected[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	(void)unused;
	assert_ptr_equal(first, again);
	assert_int_equal(count(world.own, MATERIAL_CERTIFICATE), 1);
	assert_int_equal(X509_cmp(first->certificate, world.ca), 0);
	assert_int_equal(X509_digest(world.ca, EVP_sha256(), expected, &len), 1);
	assert_memory_equal(first->sha256, expected, MATERIAL_HASH);
	assert_ptr_equal(material_find(world.own, expected), first);
	expected[31] ^= 1;
	assert_null(material_find(world.own, expected));
}

static void takes_from_its_base_what_is_there_already(void **unused)
{
	const struct material_item *given = path_add(world.base, world.ca, FROM_CALLER);

	(void)unused;
	assert_ptr_equal(path_add(world.own, world.ca, FROM_TOKEN), given);
	assert_int_equal(given->from, FROM_CALLER);
	assert_int_equal(count(world.own, MATERIAL_CERTIFICATE), 1);
}

static void walks_its_own_before_its_base(void **unused)
{
	const struct material_item *in_base = path_add(world.base, world.root, FROM_CALLER);
	const struct material_item *in_own = path_add(world.own, world.tsu, FROM_TOKEN);
	size_t at = 0;

	(void)unused;
	assert_ptr_equal(material_next(world.own, MATERIAL_CERTIFICATE, &at), in_own);
	assert_ptr_equal(material_next(world.own, MATERIAL_CERTIFICATE, &at), in_base);
	assert_null(material_next(world.own, MATERIAL_CERTIFICATE, &at));
	assert_null(material_next(world.own, MATERIAL_CERTIFICATE, &at));
	assert_int_equal(count(world.base, MATERIAL_CERTIFICATE), 1);
}

static void finds_all_of_a_name_in_own_and_base(void **unused)
{
	X509 *again = path_ca("CA", OTHER, world.root, ROOT);
	X509 *shouted = path_ca("ca", OTHER, world.root, ROOT);

	(void)unused;
	(void)path_add(world.base, world.ca, FROM_CALLER);
	(void)path_add(world.base, world.root, FROM_CALLER);
	(void)path_add(world.own, world.tsu, FROM_TOKEN);
	(void)path_add(world.own, again, FROM_TOKEN);
	/* RFC 5280 7.1: names are compared without regard to case. */
	(void)path_add(world.own, shouted, FROM_TOKEN);
	assert_int_equal(count_named(world.own, world.ca), 3);
	assert_int_equal(count_named(world.own, world.root), 1);
	assert_int_equal(count_named(world.base, world.tsu), 0);
	X509_free(again);
	X509_free(shouted);
}

static void an_anchor_stays_one(void **unused)
{
	const struct material_item *item = path_add(world.own, world.ca, FROM_TOKEN);

	(void)unused;
	assert_false(item->is_anchor);
	path_add_anchor(world.own, world.ca);
	assert_true(item->is_anchor);
	assert_int_equal(item->from, FROM_CALLER);
	assert_string_equal(item->source, "test anchor");
	assert_true(path_add(world.own, world.ca, FROM_CALLER)->is_anchor);
	path_add_anchor(world.base, world.root);
	assert_true(path_add(world.own, world.root, FROM_TOKEN)->is_anchor);
}

static void what_the_caller_gives_too_is_the_callers(void **unused)
{
	const struct material_item *item = path_add(world.own, world.ca, FROM_TOKEN);

	(void)unused;
	assert_int_equal(item->from, FROM_TOKEN);
	assert_ptr_equal(path_add(world.own, world.ca, FROM_CALLER), item);
	assert_int_equal(item->from, FROM_CALLER);
	assert_ptr_equal(path_add(world.own, world.ca, FROM_TOKEN), item);
	assert_int_equal(item->from, FROM_CALLER);
}

static void forgets_when_cleared(void **unused)
{
	(void)unused;
	(void)path_add(world.base, world.root, FROM_CALLER);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	material_add_poe(world.own, path_add(world.own, world.tsu, FROM_TOKEN)->sha256, 1, "x");
	material_clear(world.own);
	assert_int_equal(count(world.own, MATERIAL_CERTIFICATE), 1);
	assert_int_equal(count_named(world.own, world.ca), 0);
	assert_int_equal(
		material_poe(world.own, path_add(world.own, world.tsu, FROM_TOKEN)->sha256, NULL),
		POE_NONE);
}

static void refuses_what_it_is_not(void **unused)
{
	static const uint8_t nothing[] = { 0x30, 0x00 };
	struct bytes certificate = path_der(world.ca);
	uint8_t *longer = must_calloc(1, certificate.len + 1);
	struct err err = { 0 };

	(void)unused;
	(void)memcpy(longer, certificate.at, certificate.len);
	for (enum material_kind kind = MATERIAL_CERTIFICATE; kind <= MATERIAL_OCSP; kind++) {
		assert_false(material_add(world.own, kind, FROM_TOKEN,
			(struct bytes){ nothing, sizeof(nothing) }, "x", NULL, &err));
		assert_true(err.text[0] != '\0');
		assert_false(material_add(
			world.own, kind, FROM_TOKEN, (struct bytes){ 0 }, "x", NULL, &err));
		assert_false(material_add(world.own, kind, FROM_TOKEN,
			(struct bytes){ longer, certificate.len + 1 }, "x", NULL, &err));
		assert_false(material_add(world.own, kind, FROM_TOKEN,
			(struct bytes){ longer, certificate.len - 1 }, "x", NULL, &err));
		assert_int_equal(count(world.own, kind), 0);
	}
	assert_false(
		material_add(world.own, MATERIAL_CRL, FROM_TOKEN, certificate, "x", NULL, &err));
	assert_false(
		material_add(world.own, MATERIAL_OCSP, FROM_TOKEN, certificate, "x", NULL, &err));
	free(longer);
	OPENSSL_free((void *)certificate.at);
}

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

static void fill(uint8_t sha256[MATERIAL_HASH], uint8_t with)
{
	(void)memset(sha256, with, MATERIAL_HASH);
}

static void the_earliest_proof_of_existence_stays(void **unused)
{
	uint8_t a[MATERIAL_HASH];
	const char *from = "";

	(void)unused;
	fill(a, 1);
	assert_int_equal(material_poe(world.own, a, &from), POE_NONE);
	assert_null(from);
	material_add_poe(world.own, a, 200, "late");
	material_add_poe(world.own, a, 100, "early");
	material_add_poe(world.own, a, 300, "latest");
	assert_int_equal(material_poe(world.own, a, &from), 100);
	assert_string_equal(from, "early");
	material_add_poe(world.base, a, 50, "shared");
	assert_int_equal(material_poe(world.own, a, &from), 50);
	assert_string_equal(from, "shared");
	fill(a, 2);
	assert_int_equal(material_poe(world.own, a, NULL), POE_NONE);
}

static void a_proof_of_the_outer_proves_the_inner(void **unused)
{
	uint8_t inner[MATERIAL_HASH];
	uint8_t outer[MATERIAL_HASH];
	const char *from = NULL;

	(void)unused;
	for (uint8_t i = 0; i < MATERIAL_MAX_INSIDE + 1; i++) {
		fill(inner, i);
		fill(outer, (uint8_t)(i + 1));
		material_add_inside(i % 2 == 0 ? world.own : world.base, inner, outer);
	}
	fill(inner, MATERIAL_MAX_INSIDE + 1);
	material_add_poe(world.base, inner, 100, "outermost");
	fill(inner, 1);
	assert_int_equal(material_poe(world.own, inner, &from), 100);
	assert_string_equal(from, "outermost");
	/* One deeper than is followed. */
	fill(inner, 0);
	assert_int_equal(material_poe(world.own, inner, NULL), POE_NONE);
	/* And not the other way. */
	fill(inner, 40);
	fill(outer, 41);
	material_add_inside(world.own, inner, outer);
	material_add_poe(world.own, inner, 5, "inner");
	assert_int_equal(material_poe(world.own, outer, NULL), POE_NONE);
}

static void things_inside_one_another_in_a_circle_end(void **unused)
{
	uint8_t a[MATERIAL_HASH];
	uint8_t b[MATERIAL_HASH];

	(void)unused;
	for (unsigned i = 0; i < 2000; i++) {
		fill(a, (uint8_t)(i % 7));
		fill(b, (uint8_t)(i % 11));
		b[1] = (uint8_t)(i >> 8);
		material_add_inside(world.own, a, b);
		material_add_inside(world.own, b, a);
	}
	fill(a, 3);
	material_add_poe(world.own, a, 77, "one");
	fill(a, 5);
	assert_int_equal(material_poe(world.own, a, NULL), 77);
}

/* The DER of the TSU's certificate, in which number can be put: no signature needs to be good. */
struct numbered {
	struct bytes der;
	uint8_t *serial;
};

static struct numbered numbered(void)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(world.tsu);
	struct numbered made = { .der = path_der(world.tsu) };

	made.serial = memmem(made.der.at, made.der.len, ASN1_STRING_get0_data(serial),
		(size_t)ASN1_STRING_length(serial));
	assert_non_null(made.serial);
	return made;
}

static bool add_numbered(
	struct material *material, struct numbered *certificate, unsigned number, struct err *err)
{
	(void)memcpy(certificate->serial + 1, &number, sizeof(number));
	return material_add(
		material, MATERIAL_CERTIFICATE, FROM_TOKEN, certificate->der, "token", NULL, err);
}

static void has_a_limit_to_what_a_token_carries(void **unused)
{
	struct numbered certificate = numbered();
	struct err err = { 0 };
	unsigned taken = 0;

	(void)unused;
	for (unsigned i = 0; i < MATERIAL_MAX_TOKEN_CERTIFICATES + 10; i++)
		taken += add_numbered(world.own, &certificate, i, &err);
	assert_int_equal(taken, MATERIAL_MAX_TOKEN_CERTIFICATES);
	assert_int_equal(count(world.own, MATERIAL_CERTIFICATE), MATERIAL_MAX_TOKEN_CERTIFICATES);
	assert_non_null(strstr(err.text, "256"));
	(void)path_add(world.own, world.ca, FROM_CALLER);
	assert_int_equal(count_named(world.own, world.tsu), MATERIAL_MAX_TOKEN_CERTIFICATES);
	OPENSSL_free((void *)certificate.der.at);
}

static void memory_stays_flat_over_many_tokens(void **unused)
{
	const struct material_item *kept = path_add(world.base, world.ca, FROM_CALLER);
	struct numbered certificate = numbered();
	struct err err = { 0 };
	size_t most = 0;

	(void)unused;
	for (unsigned i = 0; i < 2300; i++) {
		size_t now = mallinfo2().uordblks;

		assert_true(add_numbered(world.own, &certificate, i, &err));
		material_clear(world.own);
		if (i < 1100 && now > most)
			most = now; /* the cache was full once */
		assert_true(i < 1100 || now < most + (1 << 20));
	}
	/* The cache has forgotten it, the material has not. */
	assert_int_equal(X509_cmp(kept->certificate, world.ca), 0);
	OPENSSL_free((void *)certificate.der.at);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(holds_a_certificate_once),
		TEST(takes_from_its_base_what_is_there_already),
		TEST(walks_its_own_before_its_base),
		TEST(finds_all_of_a_name_in_own_and_base),
		TEST(an_anchor_stays_one),
		TEST(what_the_caller_gives_too_is_the_callers),
		TEST(forgets_when_cleared),
		TEST(refuses_what_it_is_not),
		TEST(knows_whose_key_signed_a_certificate),
		TEST(checks_signatures_by_old_algorithms_as_well),
		TEST(does_no_work_without_end_for_a_strangers_key),
		TEST(knows_whose_key_signed_a_crl),
		TEST(knows_whose_key_signed_an_ocsp_response),
		TEST(says_that_an_ocsp_response_is_no_answer),
		TEST(the_earliest_proof_of_existence_stays),
		TEST(a_proof_of_the_outer_proves_the_inner),
		TEST(things_inside_one_another_in_a_circle_end),
		TEST(has_a_limit_to_what_a_token_carries),
		TEST(memory_stays_flat_over_many_tokens),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
