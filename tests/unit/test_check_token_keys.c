/* The signature, row 6 of longterm.md 1.1, by every kind of key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/dsa.h>

#include "check_fixture.h"

#define SHA3_256 "300b 0609608648016503040208"

/* digest_oid and algorithm: what the fixture does not know; NULL: it does. */
static void verify_as(const struct lint_world *world, EVP_PKEY *key, const EVP_MD *digest,
	const char *digest_oid, const char *algorithm)
{
	const struct said_beside beside = { .anchor = world->root };
	struct make_certificate how = lint_leaf(world, key);
	struct made made = made_new(world);
	struct said said;

	made_signer(&made, &how);
	made.digest = digest;
	if (digest_oid != NULL)
		made_set(&made, SIGNER_DIGEST, digest_oid);
	if (algorithm != NULL)
		made_set(&made, SIGNER_ALGORITHM, algorithm);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-06", CHECK_PASS, "by the signer's key");
	assert_int_equal(said.facts.signature_digest, EVP_MD_get_type(digest));
	said_wipe(&said);
	/* One bit of the signature, then one of what was signed. */
	made.part[SIGNER_SIGNATURE].at[made.part[SIGNER_SIGNATURE].len - 1] ^= 1;
	made.replaced[SIGNER_SIGNATURE] = true;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CRYPTO_FAILURE);
	said_wipe(&said);
	made.part[SIGNER_SIGNATURE].at[made.part[SIGNER_SIGNATURE].len - 1] ^= 1;
	made_set(&made, TST_NONCE, "020106");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CRYPTO_FAILURE);
	said_wipe(&said);
	made_free(&made);
}

static void verify_with(const struct lint_world *world, EVP_PKEY *key, const EVP_MD *digest)
{
	verify_as(world, key, digest, NULL, NULL);
}

static void verifies_ecdsa(void **state)
{
	const struct lint_world *world = *state;

	verify_with(world, world->key, EVP_sha384());
}

static void verifies_rsa(void **state)
{
	const struct lint_world *world = *state;

	verify_with(world, world->rsa_key, EVP_sha512());
}

/* RFC 5754 3.2: the key's own OID will do. */
static void verifies_rsa_without_a_digest_in_its_name(void **state)
{
	const struct lint_world *world = *state;

	verify_as(world, world->rsa_key, EVP_sha256(), NULL, "300d 06092a864886f70d010101 0500");
}

static void verifies_sha3(void **state)
{
	const struct lint_world *world = *state;

	verify_as(world, world->rsa_key, EVP_sha3_256(), SHA3_256,
		"300d 060960864801650304030e 0500");
	verify_as(world, world->key, EVP_sha3_256(), SHA3_256, "300b 060960864801650304030a");
}

/* Of 1024 bits: longer parameters take long to make. */
static void verifies_dsa(void **state)
{
	const struct lint_world *world = *state;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *parameters = NULL, *key = NULL;

	assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, 160), 1);
	assert_int_equal(EVP_PKEY_paramgen(ctx, &parameters), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	verify_with(world, key, EVP_sha256());
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(parameters);
	EVP_PKEY_free(key);
}

static void verifies_ed25519(void **state)
{
	const struct lint_world *world = *state;

	verify_with(world, world->ed_key, EVP_sha512());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_ecdsa),
		cmocka_unit_test(verifies_rsa),
		cmocka_unit_test(verifies_rsa_without_a_digest_in_its_name),
		cmocka_unit_test(verifies_sha3),
		cmocka_unit_test(verifies_dsa),
		cmocka_unit_test(verifies_ed25519),
	};

	return cmocka_run_group_tests(tests, lint_set_up, lint_tear_down);
}
