/*
 * Lists of TSUs for single digests (R17, C-05): what they fill, and what is wrong with bad ones.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *first_of(const struct config *c, enum tsp_digest digest)
{
	return c->tsus[config_list_of(&c->endpoints[0], digest)->tsus[0]].name;
}

static void c05_every_digest_is_answered_by_its_list(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "release", "tsus", "first" },
		{ "release", "tsus.sha384", "next" }, { "next", "activate_at", NULL } };
	struct findings found;
	struct config *c = read_changed(*state, changes, &found);
	const struct config_endpoint *e;

	assert_string_equal(found.text, "");
	assert_non_null(c);
	e = &c->endpoints[0];
	assert_int_equal(e->tsu_count, 2);
	assert_int_equal(e->lists[TSP_DIGEST_NONE].count, 1);
	assert_int_equal(e->lists[TSP_SHA384].count, 1);
	assert_int_equal(e->lists[TSP_SHA512].count, 0);
	assert_string_equal(first_of(c, TSP_SHA256), "first");
	assert_string_equal(first_of(c, TSP_SHA384), "next");
	assert_string_equal(first_of(c, TSP_SHA512), "first");
	assert_int_equal(c->tsus[e->lists[TSP_SHA384].tsus[0]].endpoint, 0);
	config_free(c);
}

static void r17_every_digest_of_the_service_may_have_a_list(void **state)
{
	for (int d = TSP_DIGEST_NONE + 1; d < TSP_DIGESTS; d++) {
		const char *digest = tsp_digest_name((enum tsp_digest)d);
		char key[32];
		const struct setting changes[MAX_CHANGES] = { { "release", "tsus", NULL },
			{ "release", "digests", digest }, { "release", key, "next, first" } };
		struct findings found;
		struct config *c;

		(void)snprintf(key, sizeof(key), "tsus.%s", digest);
		c = read_changed(*state, changes, &found);
		assert_int_equal(found.errors, 0);
		assert_non_null(c);
		assert_string_equal(first_of(c, (enum tsp_digest)d), "first");
		assert_int_equal(c->endpoints[0].lists[d].count, 2);
		config_free(c);
	}
}

/* The same TSU may answer several digests; it is one TSU all the same. */
static void r17_a_tsu_may_stand_in_several_lists_of_its_endpoint(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "release", "tsus", "first" },
		{ "release", "tsus.sha384", "first, next" },
		{ "release", "tsus.sha256", "first" } };
	static const struct row other = {
		{ { "test", "tsus.sha384", "first" }, { "test", "digests", "sha256, sha384" } },
		"[test] tsus.sha384: R17: a TSU belongs to one endpoint: [first] is [release]'s", 0
	};
	struct findings found;
	struct config *c = read_changed(*state, changes, &found);

	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->tsu_count, 3);
	assert_int_equal(c->endpoints[0].tsu_count, 2);
	config_free(c);
	assert_row(*state, &other);
}

static void r17_lists_and_digests_that_do_not_fit_are_refused(void **state)
{
	static const struct row rows[] = {
		{ { { "release", "tsus", NULL }, { "release", "tsus.sha256", "first, next" } },
			"[release] tsus: missing: no list says which TSUs answer sha384, sha512",
			0 },
		{ { { "release", "digests", "sha256" }, { "release", "tsus.sha512", "next" },
			  { "next", "activate_at", NULL }, { "release", "tsus", "first" } },
			"[release] tsus.sha512: R17: no request reaches these: digests does not accept "
			"sha512",
			0 },
		{ { { "release", "digests", "sha384" }, { "release", "tsus.sha384", "first" } },
			"[release] tsus: R17: no request reaches these: every digest", 0 },
		{ { { "release", "tsus.sha384", "next" } },
			"[release] tsus.sha384: R17: one TSU's activate_at is past", 0 },
		{ { { "release", "tsus.sha384", "next, first" }, { "next", "activate_at", NULL } },
			"in tsus.sha384 of [release] so does [", 2 },
		{ { { "release", "tsus.sha384", "first, first" } }, "is there twice", 0 },
		{ { { "release", "tsus.sha384", "first, nobody" } },
			"[nobody]: missing: a list of tsus needs this section", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Within different lists nothing keeps two from starting at the same time. */
static void r17_lists_are_activated_each_by_itself(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "release", "tsus", "first" },
		{ "release", "tsus.sha512", "next" },
		{ "first", "activate_at", "2026-11-01T00:00:00Z" },
		{ "next", "activate_at", "2026-11-01T00:00:00Z" } };
	struct findings found;
	struct config *c = read_changed(*state, changes, &found);

	assert_non_null(c);
	assert_int_equal(found.errors, 0);
	for (size_t i = 0; i < c->tsu_count; i++)
		assert_false(c->tsus[i].superseded);
	config_free(c);
}

/* What is followed in one list still signs in the other. */
static void r17_a_tsu_is_superseded_where_every_list_has_gone_on(void **state)
{
	static const struct setting partly[MAX_CHANGES] = { { "release", "tsus.sha384", "first" },
		{ "next", "activate_at", "2026-11-01T00:00:00Z" } };
	static const struct setting wholly[MAX_CHANGES] = { { "release", "tsus.sha384",
								    "first, next" },
		{ "next", "activate_at", "2026-11-01T00:00:00Z" } };
	struct findings found;
	struct config *c = read_changed(*state, partly, &found);

	assert_non_null(c);
	assert_false(c->tsus[c->endpoints[0].tsus[0]].superseded);
	config_free(c);
	c = read_changed(*state, wholly, &found);
	assert_non_null(c);
	assert_true(c->tsus[c->endpoints[0].tsus[0]].superseded);
	assert_false(c->tsus[c->endpoints[0].tsus[1]].superseded);
	config_free(c);
}

/* Certificates here are signed with SHA-384. */
static void c05_a_shorter_digest_than_the_lists_is_warned_about(void **state)
{
	static const struct setting longer[MAX_CHANGES] = { { "release", "tsus.sha512", "first" } };
	static const struct setting same[MAX_CHANGES] = { { "release", "tsus.sha384", "first" },
		{ "release", "tsus.sha256", "first" } };
	struct findings found;

	config_free(read_changed(*state, longer, &found));
	assert_int_equal(found.errors, 0);
	assert_int_equal(found.warnings, 1);
	assert_non_null(strstr(found.text,
		"[release] tsus.sha512: C-05: the certificate of [first] is signed with sha384"));
	config_free(read_changed(*state, same, &found));
	assert_string_equal(found.text, "");
}

static void c05_an_issuer_with_a_shorter_digest_is_warned_about(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "first", "certificate",
								     "mixed.pem" },
		{ "release", "tsus.sha384", "first" }, { "release", "tsus.sha256", "first" } };
	struct fixture *f = *state;
	struct make_certificate ca = { .common_name = "mixed",
		.key = f->ca_key,
		.issuer = f->root,
		.issuer_key = f->ca_key,
		.not_before = now - DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = { { "basicConstraints", "critical,CA:TRUE" } } };
	X509 *of_sha256 = make_certificate(&ca);
	struct make_certificate leaf =
		tsu_like(f, "mixed", f->key[0], of_sha256, now + 3650LL * DAY);
	struct findings found;

	leaf.extensions[2].name = NULL; /* the CA has no key identifier */
	write_made(f, "mixed.pem", &leaf);
	X509_free(of_sha256);
	config_free(read_changed(f, changes, &found));
	assert_int_equal(found.errors, 0);
	assert_non_null(strstr(found.text, "[release] tsus.sha384: C-05: certificate 2 of [first], "
					   "an issuer's, is signed with sha256"));
	assert_null(strstr(found.text, "tsus.sha256: C-05"));
}

static void p07_a_weak_digest_has_no_list(void **state)
{
	static const struct row rows[] = {
		{ { { "release", "tsus.sha1", "first" } },
			"[release] tsus.sha1: P-07: is one of sha256, sha384, sha512", 0 },
		{ { { "release", "tsus.md5", "first" } }, "found \"md5\"", 0 },
		{ { { "release", "tsus.SHA256", "first" } }, "found \"SHA256\"", 0 },
		{ { { "release", "digests", "sha256, sha1" } },
			"[release] digests: P-07: is one of sha256, sha384, sha512", 0 },
		{ { { "release", "tsus.", "first" } }, "[release] tsus.: P-07", 0 },
		{ { { "first", "tsus.sha256", "first" } }, "[first] tsus.sha256: unknown: a TSU",
			0 },
		{ { { "release", ".tsus", "first" } }, "syntax: is no comment", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c05_every_digest_is_answered_by_its_list),
		cmocka_unit_test(r17_every_digest_of_the_service_may_have_a_list),
		cmocka_unit_test(r17_a_tsu_may_stand_in_several_lists_of_its_endpoint),
		cmocka_unit_test(r17_lists_and_digests_that_do_not_fit_are_refused),
		cmocka_unit_test(r17_lists_are_activated_each_by_itself),
		cmocka_unit_test(r17_a_tsu_is_superseded_where_every_list_has_gone_on),
		cmocka_unit_test(c05_a_shorter_digest_than_the_lists_is_warned_about),
		cmocka_unit_test(c05_an_issuer_with_a_shorter_digest_is_warned_about),
		cmocka_unit_test(p07_a_weak_digest_has_no_list),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
