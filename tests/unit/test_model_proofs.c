/*
 * Later tokens as proofs of existence, EN 319 102-1 5.6.2.3: only those that are good themselves,
 * only for what their imprint fits, and none for a token of the same key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "lint_fixture.h"
#include "make_revocation.h"
#include "tsa/token/check/model.h"

enum { FROM = 1767225600 /* 2026-01-01 */, YEAR = 31536000, TSUS = 3, AT = FROM + 4 * YEAR };

/* Three TSUs, whose certificates end after one, two and ten years; checked in the fifth. */
struct proofs_world {
	const struct lint_world *lint;
	EVP_PKEY *keys[TSUS];
	X509 *tsus[TSUS];
	struct material_cache *cache;
	struct material *shared;
	struct algorithms *table;
	struct checked checked;
	unsigned found; /* calls of the check */
	unsigned passed;
	unsigned covered;
	bool same_key; /* it was said */
};

/* A token by one TSU at a time over some octets. */
static struct buf stamp_with(const struct proofs_world *world, unsigned tsu, const char *time,
	struct bytes over, bool bare, struct bytes crl)
{
	struct made made = made_new(world->lint);
	uint8_t imprint[] = { 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02, 0x01, 0x05, 0x00, 0x04, 0x20, [48] = 0 };
	struct buf file = { 0 };

	(void)SHA256(over.at, over.len, imprint + 17);
	made.leaf = world->tsus[tsu];
	made.key = world->keys[tsu];
	made_set_element(&made, TST_IMPRINT, 0x30, (struct bytes){ imprint, sizeof(imprint) });
	made_set_time(&made, time);
	if (bare)
		made_set(&made, REPLY_STATUS, "");
	if (crl.len > 0)
		made_set_element(&made, DATA_CRLS, 0xa1, crl);
	buf_append(&file, made_file(&made));
	made_free(&made);
	return file;
}

static struct buf stamp(
	const struct proofs_world *world, unsigned tsu, const char *time, struct bytes over)
{
	return stamp_with(world, tsu, time, over, true, (struct bytes){ 0 });
}

static void add(struct material *material, X509 *certificate, bool is_anchor)
{
	struct err err = { 0 };
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	struct bytes octets = { der, (size_t)len };

	assert_true(len > 0);
	if (is_anchor)
		assert_true(material_add_anchor(material, octets, "root", &err));
	else
		assert_true(material_add(
			material, MATERIAL_CERTIFICATE, FROM_CALLER, octets, "ca", NULL, &err));
	OPENSSL_free(der);
}

static struct check_policy policy_of(const struct proofs_world *world)
{
	return (struct check_policy){ .model = MODEL_PAST, .at = AT, .algorithms = world->table };
}

static void note(void *arg, unsigned token, const struct checked *checked, unsigned covers)
{
	struct proofs_world *world = arg;

	(void)token;
	world->found++;
	world->passed += checked->proved;
	world->covered += covers;
	for (unsigned i = 0; i < checked->verdict.line_count; i++)
		world->same_key = world->same_key ||
				  strstr(checked->verdict.lines[i].text, "own key") != NULL;
}

/* What is said of token once the proofs were looked at. */
static const struct checked *ask(struct proofs_world *world, const struct buf *token,
	const struct buf *const *proofs, unsigned count)
{
	struct check_policy policy = policy_of(world);
	struct check_object object = { buf_view(token) };
	struct bytes tokens[TSUS];
	struct material *material;

	material_free(world->shared);
	world->shared = material_new(world->cache, NULL);
	add(world->shared, world->lint->root, true);
	add(world->shared, world->lint->ca, false);
	world->found = world->passed = world->covered = 0;
	world->same_key = false;
	for (unsigned i = 0; i < count; i++)
		tokens[i] = buf_view(proofs[i]);
	check_proofs(tokens, count, &object, 1, &policy, world->shared, world->cache, note, world);
	assert_int_equal(world->found, count);
	material = material_new(world->cache, world->shared);
	check_token(buf_view(token), &policy, material, &world->checked);
	checked_wipe(&world->checked);
	material_free(material);
	return &world->checked;
}

static void expect(const struct checked *checked, enum check_status status, enum check_sub sub)
{
	assert_string_equal(check_sub_name(checked->verdict.sub), check_sub_name(sub));
	assert_int_equal(checked->verdict.status, status);
}

static const struct bytes data = { (const uint8_t *)"data", 4 };

static void a_later_token_proves_an_earlier_one(void **state)
{
	struct proofs_world *world = *state;
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct buf proof = stamp(world, 2, "20261201120000Z", buf_view(&token));
	const struct buf *proofs[] = { &proof };

	expect(ask(world, &token, NULL, 0), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	expect(ask(world, &token, proofs, 1), CHECK_PASSED, SUB_NONE);
	assert_int_equal(world->checked.poe_count, 1);
	assert_int_equal(world->checked.poes[0].time, 1796126400);
	assert_int_equal(world->covered, 1);
	buf_free(&token);
	buf_free(&proof);
}

static void a_token_of_the_same_key_proves_nothing(void **state)
{
	struct proofs_world *world = *state;
	X509 *first = world->tsus[0];
	EVP_PKEY *key = world->keys[0];
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct make_certificate how = lint_leaf(world->lint, key);
	struct buf proof;
	const struct buf *proofs[] = { &proof };

	how.common_name = "another name";
	world->tsus[0] = make_certificate(&how);
	proof = stamp(world, 0, "20261201120000Z", buf_view(&token));
	expect(ask(world, &token, proofs, 1), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	assert_int_equal(world->passed, 1);
	assert_int_equal(world->covered, 0);
	assert_true(world->same_key);
	X509_free(world->tsus[0]);
	world->tsus[0] = first;
	buf_free(&token);
	buf_free(&proof);
}

static void a_token_over_something_else_proves_nothing(void **state)
{
	struct proofs_world *world = *state;
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct buf proof = stamp(world, 2, "20261201120000Z", data);
	const struct buf *proofs[] = { &proof };

	expect(ask(world, &token, proofs, 1), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	assert_int_equal(world->passed, 1);
	assert_int_equal(world->covered, 0);
	buf_free(&token);
	buf_free(&proof);
}

static void a_proof_that_is_not_good_itself_proves_nothing(void **state)
{
	struct proofs_world *world = *state;
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct buf proof = stamp(world, 1, "20261201120000Z", buf_view(&token));
	const struct buf *proofs[] = { &proof };

	expect(ask(world, &token, proofs, 1), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	assert_int_equal(world->passed, 0);
	buf_free(&token);
	buf_free(&proof);
}

static void proofs_prove_each_other_from_the_newest_on(void **state)
{
	struct proofs_world *world = *state;
	struct buf first = stamp(world, 0, "20260601120000Z", data);
	struct buf second = stamp(world, 1, "20261201120000Z", buf_view(&first));
	struct buf third = stamp(world, 2, "20271201120000Z", buf_view(&second));
	const struct buf *orders[][2] = { { &second, &third }, { &third, &second } };

	for (size_t i = 0; i < 2; i++) {
		expect(ask(world, &first, orders[i], 2), CHECK_PASSED, SUB_NONE);
		assert_int_equal(world->passed, 2);
	}
	buf_free(&first);
	buf_free(&second);
	buf_free(&third);
}

static void a_proof_in_the_future_of_the_check_proves_nothing(void **state)
{
	struct proofs_world *world = *state;
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct buf proof = stamp(world, 2, "20310101000000Z", buf_view(&token));
	const struct buf *proofs[] = { &proof };

	expect(ask(world, &token, proofs, 1), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	assert_int_equal(world->passed, 0);
	buf_free(&token);
	buf_free(&proof);
}

static void a_proof_over_a_response_or_its_token_is_one(void **state)
{
	struct proofs_world *world = *state;
	struct buf response =
		stamp_with(world, 0, "20260601120000Z", data, false, (struct bytes){ 0 });
	struct token_file file;
	struct buf over_response = stamp(world, 2, "20261201120000Z", buf_view(&response));
	struct buf over_token;
	const struct buf *proofs[] = { &over_response };

	token_file_read(buf_view(&response), &file);
	assert_int_equal(file.kind, TOKEN_RESPONSE);
	over_token = stamp(world, 2, "20261201120000Z", file.cms.whole->whole);
	token_file_wipe(&file);
	expect(ask(world, &response, proofs, 1), CHECK_PASSED, SUB_NONE);
	proofs[0] = &over_token;
	expect(ask(world, &response, proofs, 1), CHECK_PASSED, SUB_NONE);
	buf_free(&response);
	buf_free(&over_response);
	buf_free(&over_token);
}

static void what_a_token_carries_is_proved_with_it(void **state)
{
	struct proofs_world *world = *state;
	struct make_crl how = {
		.issuer = world->lint->ca,
		.key = world->lint->ca_key,
		.this_update = FROM + YEAR / 2,
		.next_update = FROM + YEAR,
		.entries = { { .reason = -1 } },
	};
	struct buf crl = make_crl(&how);
	struct buf token = stamp_with(world, 0, "20260601120000Z", data, true, buf_view(&crl));
	struct buf proof = stamp(world, 2, "20261201120000Z", buf_view(&token));
	const struct buf *proofs[] = { &proof };

	expect(ask(world, &token, proofs, 1), CHECK_PASSED, SUB_NONE);
	assert_int_equal(world->checked.poe_count, 2);
	assert_memory_equal(world->checked.poes[1].object, "crl ", 4);
	assert_int_equal(world->checked.poes[1].time, 1796126400);
	assert_true(world->checked.revocation_checked[0]);
	buf_free(&crl);
	buf_free(&token);
	buf_free(&proof);
}

static void what_is_no_token_is_no_proof(void **state)
{
	struct proofs_world *world = *state;
	struct buf token = stamp(world, 0, "20260601120000Z", data);
	struct buf proof = { 0 };
	const struct buf *proofs[] = { &proof };

	buf_append(&proof, data);
	expect(ask(world, &token, proofs, 1), CHECK_INDETERMINATE, SUB_OUT_OF_BOUNDS_NO_POE);
	assert_int_equal(world->passed, 0);
	buf_free(&token);
	buf_free(&proof);
}

static int set_up(void **state)
{
	struct proofs_world *world = must_calloc(1, sizeof(*world));
	const int64_t ends[TSUS] = { FROM + YEAR, FROM + 2 * YEAR, FROM + 10LL * YEAR };
	void *lint = NULL;

	(void)lint_set_up(&lint);
	world->lint = lint;
	for (unsigned i = 0; i < TSUS; i++) {
		struct make_certificate how;

		world->keys[i] = make_key("P-256", 0);
		how = lint_leaf(world->lint, world->keys[i]);
		how.not_after = ends[i];
		world->tsus[i] = make_certificate(&how);
	}
	world->cache = material_cache_new();
	world->table = algorithms_default();
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct proofs_world *world = *state;
	void *lint = (void *)(uintptr_t)world->lint;

	for (unsigned i = 0; i < TSUS; i++) {
		EVP_PKEY_free(world->keys[i]);
		X509_free(world->tsus[i]);
	}
	material_free(world->shared);
	material_cache_free(world->cache);
	algorithms_free(world->table);
	free(world);
	return lint_tear_down(&lint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_later_token_proves_an_earlier_one),
		cmocka_unit_test(a_token_of_the_same_key_proves_nothing),
		cmocka_unit_test(a_token_over_something_else_proves_nothing),
		cmocka_unit_test(a_proof_that_is_not_good_itself_proves_nothing),
		cmocka_unit_test(proofs_prove_each_other_from_the_newest_on),
		cmocka_unit_test(a_proof_in_the_future_of_the_check_proves_nothing),
		cmocka_unit_test(a_proof_over_a_response_or_its_token_is_one),
		cmocka_unit_test(what_a_token_carries_is_proved_with_it),
		cmocka_unit_test(what_is_no_token_is_no_proof),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
