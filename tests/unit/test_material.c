/* What a verifier knows beside the token: found again, and held within limits. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path_fixture.h"

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

static void a_key_does_not_vouch_for_its_own(void **unused)
{
	EVP_PKEY *mine = X509_get0_pubkey(world.tsu);
	EVP_PKEY *another = X509_get0_pubkey(world.root);
	uint8_t token[MATERIAL_HASH];
	uint8_t manifest[MATERIAL_HASH];
	const char *from = NULL;

	(void)unused;
	fill(token, 1);
	fill(manifest, 2);
	material_add_inside(world.own, token, manifest);
	material_add_poe_by(world.base, manifest, 100, "mine", mine);
	assert_int_equal(material_poe(world.own, token, NULL), 100);
	assert_int_equal(material_poe_by_other(world.own, token, mine, &from), POE_NONE);
	assert_null(from);
	assert_int_equal(material_poe_by_other(world.own, token, another, NULL), 100);
	/* The earliest of each key stays. */
	material_add_poe_by(world.base, manifest, 300, "another's", another);
	material_add_poe_by(world.base, manifest, 400, "another's, late", another);
	assert_int_equal(material_poe_by_other(world.own, token, mine, &from), 300);
	assert_string_equal(from, "another's");
	assert_int_equal(material_poe(world.own, token, NULL), 100);
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

static void has_a_limit_to_what_a_token_carries(void **unused)
{
	struct numbered certificate = path_numbered(world.tsu);
	struct err err = { 0 };
	unsigned taken = 0;

	(void)unused;
	for (unsigned i = 0; i < MATERIAL_MAX_TOKEN_CERTIFICATES + 10; i++)
		taken += path_add_numbered(world.own, &certificate, i, FROM_TOKEN, &err);
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
	struct numbered certificate = path_numbered(world.tsu);
	struct err err = { 0 };
	size_t most = 0;

	(void)unused;
	for (unsigned i = 0; i < 2300; i++) {
		size_t now = mallinfo2().uordblks;

		assert_true(path_add_numbered(world.own, &certificate, i, FROM_TOKEN, &err));
		material_clear(world.own);
		if (i < 1100 && now > most)
			most = now; /* the cache was full once */
		assert_true(i < 1100 || now < most + (1 << 20));
	}
	/* The cache has forgotten it, the material has not. */
	assert_int_equal(X509_cmp(kept->certificate, world.ca), 0);
	OPENSSL_free((void *)certificate.der.at);
}

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
		TEST(the_earliest_proof_of_existence_stays),
		TEST(a_key_does_not_vouch_for_its_own),
		TEST(a_proof_of_the_outer_proves_the_inner),
		TEST(things_inside_one_another_in_a_circle_end),
		TEST(has_a_limit_to_what_a_token_carries),
		TEST(memory_stays_flat_over_many_tokens),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
