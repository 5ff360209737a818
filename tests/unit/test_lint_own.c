/*
 * Every kind of token that the service's encoder makes is clean: the encoder and tsa-verify share
 * no code but OIDs' text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"
#include "token_fixture.h"

enum { SWITCHES = 16, RESOLUTIONS = 3 };

static struct token_kind kind_number(unsigned n)
{
	return (struct token_kind){
		.options = { .signing_time = (n & 1) != 0, .algorithm_protection = (n & 2) != 0 },
		.tsa_name = (n & 4) != 0,
		.qualified = (n & 8) != 0,
		.digits = 3 * (n / SWITCHES),
	};
}

/* Fails unless the findings of file are ids. */
static void expect(struct bytes file, const struct lint_beside *beside, const char *ids, unsigned n)
{
	struct lint_said said;

	lint_file(file, beside, &said);
	if (strcmp(said.ids, ids) != 0 || said.skipped != 0)
		fail_msg("kind %u, %s: wanted '%s', found '%s': %s", n,
			profile_name(beside->profile), ids, said.ids, said.text);
}

/* The fixture's certificates have neither countryName nor privateKeyUsagePeriod: T-03, T-15. */
static void expect_clean(const struct fixture *f, X509 *leaf, EVP_PKEY *key, enum tsp_digest digest)
{
	struct lint_beside beside = { .untrusted = sk_X509_new_null() };

	assert_true(sk_X509_push(beside.untrusted, leaf) > 0);
	assert_true(sk_X509_push(beside.untrusted, f->ca) > 0);
	for (unsigned n = 0; n < SWITCHES * RESOLUTIONS; n++) {
		struct token_kind kind = kind_number(n);
		struct token *t = make_token_of_kind(f, leaf, key, digest, &kind);

		beside.profile = PROFILE_RFC3161;
		expect(t->token, &beside, "", n);
		expect(t->body, &beside, "", n);
		beside.profile = PROFILE_ETSI;
		expect(t->token, &beside, "T-03 T-15", n);
		free_token(t);
	}
	sk_X509_free(beside.untrusted);
}

static void every_kind_is_clean_with_rsa(void **state)
{
	const struct fixture *f = *state;

	expect_clean(f, f->rsa, f->rsa_key, TSP_SHA256);
	expect_clean(f, f->rsa, f->rsa_key, TSP_SHA512);
}

static void every_kind_is_clean_with_ecdsa(void **state)
{
	const struct fixture *f = *state;

	expect_clean(f, f->p256, f->p256_key, TSP_SHA256);
	expect_clean(f, f->p384, f->p384_key, TSP_SHA384);
}

/* The control: one bit anywhere in what is signed, or in the signature, is found. */
static void a_changed_bit_is_found(void **state)
{
	const struct fixture *f = *state;
	const struct lint_beside beside = { .profile = PROFILE_RFC3161 };
	struct token *t = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct buf copy = { 0 };
	size_t from = (size_t)((const uint8_t *)memmem(
				       t->token.at, t->token.len, t->tstinfo.at, t->tstinfo.len) -
			       t->token.at);

	buf_append(&copy, t->token);
	for (size_t i = from; i < from + t->tstinfo.len; i++) {
		struct lint_said said;

		copy.at[i] ^= 1;
		lint_file(buf_view(&copy), &beside, &said);
		if (said.ids[0] == '\0')
			fail_msg("octet %zu of TSTInfo", i - from);
		copy.at[i] ^= 1;
	}
	for (size_t i = copy.len - t->signature.len; i < copy.len; i++) {
		struct lint_said said;

		copy.at[i] ^= 1;
		lint_file(buf_view(&copy), &beside, &said);
		if (strstr(said.ids, "P-") == NULL)
			fail_msg("octet %zu of the signature", i);
		copy.at[i] ^= 1;
	}
	buf_free(&copy);
	free_token(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_clean_with_rsa),
		cmocka_unit_test(every_kind_is_clean_with_ecdsa),
		cmocka_unit_test(a_changed_bit_is_found),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
