/* Paths from a signer to an anchor: all that hold, none that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "path_fixture.h"

static void finds_the_way_to_the_root(void **unused)
{
	X509 *const way[] = { world.tsu, world.ca, world.root, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
	assert_false(paths->gave_up);
	assert_null(paths->dead_end);
}

static void ends_at_an_anchor_in_the_middle(void **unused)
{
	X509 *const way[] = { world.tsu, world.ca, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	path_add_anchor(world.base, world.ca);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
}

static void a_signer_may_be_an_anchor_itself(void **unused)
{
	X509 *const way[] = { world.tsu, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.tsu);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
}

static void says_whose_issuer_is_missing(void **unused)
{
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 0);
	assert_int_equal(X509_cmp(paths->dead_end->certificate, world.tsu), 0);
	assert_false(paths->dead_end_is_root);
}

static void says_which_intermediate_has_no_issuer(void **unused)
{
	const struct paths *paths;

	(void)unused;
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 0);
	assert_int_equal(X509_cmp(paths->dead_end->certificate, world.ca), 0);
	assert_false(paths->dead_end_is_root);
}

/* A token may carry hundreds of signers of CRLs; only its own is worth the search. */
static void does_not_look_for_the_dead_end_of_a_crl_signer(void **unused)
{
	const struct material_item *ca = path_add(world.own, world.ca, FROM_TOKEN);

	(void)unused;
	(void)path_add(world.own, world.root, FROM_TOKEN);
	paths_find(world.own, ca, NID_undef, &world.paths);
	assert_int_equal(world.paths.count, 0);
	assert_null(world.paths.dead_end);
	paths_find(world.own, ca, NID_time_stamp, &world.paths);
	assert_int_equal(X509_cmp(world.paths.dead_end->certificate, world.root), 0);
}

static void says_which_root_is_no_anchor(void **unused)
{
	X509 *cross = path_ca("CA", CA, world.tsu, OTHER); /* its issuer is not at hand */
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, cross); /* of no use: only its name is the same */
	material_clear(world.base);
	(void)path_add(world.own, cross, FROM_TOKEN);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	(void)path_add(world.own, world.root, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 0);
	assert_int_equal(X509_cmp(paths->dead_end->certificate, world.root), 0);
	assert_true(paths->dead_end_is_root);
	X509_free(cross);
}

static void a_new_anchor_is_a_new_question(void **unused)
{
	(void)unused;
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	(void)path_add(world.own, world.root, FROM_TOKEN);
	assert_int_equal(find(world.tsu)->count, 0);
	path_add_anchor(world.own, world.root);
	assert_int_equal(find(world.tsu)->count, 1);
}

static void finds_both_ways_over_a_cross_certificate(void **unused)
{
	X509 *other = path_ca("Other root", OTHER, NULL, OTHER);
	X509 *cross = path_ca("Root", ROOT, other, OTHER);
	X509 *const short_way[] = { world.tsu, world.ca, world.root, NULL };
	X509 *const long_way[] = { world.tsu, world.ca, cross, other, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, other);
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, cross, FROM_TOKEN);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 2);
	assert_path(&paths->at[0], short_way);
	assert_path(&paths->at[1], long_way);
	assert_true(paths->at[0].holds && paths->at[1].holds);
	X509_free(other);
	X509_free(cross);
}

static void goes_from_a_new_root_key_to_the_old_one(void **unused)
{
	X509 *new_root = path_ca("Root", OTHER, NULL, OTHER);
	X509 *new_with_old = path_ca("Root", OTHER, world.root, ROOT);
	X509 *ca = path_ca("CA", CA, new_root, OTHER);
	X509 *const way[] = { world.tsu, ca, new_with_old, world.root, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, ca, FROM_TOKEN);
	(void)path_add(world.own, new_root, FROM_TOKEN);
	(void)path_add(world.own, new_with_old, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
	X509_free(new_root);
	X509_free(new_with_old);
	X509_free(ca);
}

static void a_root_issued_again_with_its_key_is_one_step(void **unused)
{
	X509 *again = path_ca("Root", ROOT, NULL, ROOT);
	X509 *const way[] = { world.tsu, world.ca, again, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, again);
	(void)path_add(world.own, world.root, FROM_TOKEN);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	X509_free(again);
}

/* Without key identifiers only the signature tells them apart. */
static void the_right_name_with_another_key_is_not_followed(void **unused)
{
	static const struct make_extension bare[] = { PATH_CA, { NULL, NULL } };
	X509 *root = path_certificate("Root", ROOT, NULL, ROOT, bare);
	X509 *ca = path_certificate("CA", CA, root, ROOT, bare);
	X509 *decoy = path_certificate("CA", OTHER, root, ROOT, bare);
	X509 *tsu = path_certificate("TSU", TSU, ca, CA, bare + 2);
	X509 *const way[] = { tsu, ca, root, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, root);
	(void)path_add(world.own, decoy, FROM_TOKEN);
	paths = find(tsu);
	assert_int_equal(paths->count, 0);
	assert_int_equal(X509_cmp(paths->dead_end->certificate, tsu), 0);
	(void)path_add(world.own, ca, FROM_TOKEN);
	paths = find(tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	X509_free(root);
	X509_free(ca);
	X509_free(decoy);
	X509_free(tsu);
}

static void issuers_in_a_circle_end(void **unused)
{
	X509 *b = path_ca("B", OTHER, world.ca, CA);
	X509 *ca_by_b = path_ca("CA", CA, b, OTHER);
	const struct paths *paths;

	(void)unused;
	(void)path_add(world.own, b, FROM_TOKEN);
	(void)path_add(world.own, ca_by_b, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 0);
	assert_non_null(paths->dead_end);
	/* The same with a way out of it. */
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	path_add_anchor(world.own, world.root);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 2);
	assert_int_equal(paths->at[0].length, 3);
	assert_int_equal(paths->at[1].length, 5);
	X509_free(b);
	X509_free(ca_by_b);
}

static void a_way_that_holds_comes_before_a_shorter_one_that_does_not(void **unused)
{
	static const struct make_extension no_ca[] = {
		{ "basicConstraints", "critical,CA:FALSE" },
		PATH_IDS,
		{ NULL, NULL },
	};
	X509 *broken = path_certificate("CA", CA, world.root, ROOT, no_ca);
	X509 *middle = path_ca("Middle", OTHER, world.root, ROOT);
	X509 *ca = path_ca("CA", CA, middle, OTHER);
	X509 *const way[] = { world.tsu, ca, middle, world.root, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, broken, FROM_TOKEN);
	(void)path_add(world.own, middle, FROM_TOKEN);
	(void)path_add(world.own, ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 2);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
	assert_int_equal(paths->at[1].length, 3);
	assert_false(paths->at[1].holds);
	X509_free(broken);
	X509_free(middle);
	X509_free(ca);
}

static void says_which_issuer_is_wanted_and_where_it_can_be_had(void **unused)
{
	static const struct make_extension extensions[] = {
		PATH_IDS,
		{ "authorityInfoAccess",
			"OCSP;URI:http://ocsp.test,caIssuers;URI:http://ca.test/a b.cer" },
		{ NULL, NULL },
	};
	X509 *tsu = path_certificate("TSU", TSU, world.ca, CA, extensions);
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(world.ca);
	char expected[VERDICT_TEXT] = "CN=CA (key identifier ";
	size_t len = strlen(expected);
	char said[VERDICT_TEXT];

	(void)unused;
	for (int i = 0; i < ASN1_STRING_length(id); i++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%02x",
			ASN1_STRING_get0_data(id)[i]);
	(void)snprintf(
		expected + len, sizeof(expected) - len, "), offered at http://ca.test/a?b.cer");
	path_missing_issuer(path_add(world.own, tsu, FROM_TOKEN), said);
	assert_string_equal(said, expected);
	path_missing_issuer(path_add(world.own, world.tsu, FROM_TOKEN), said);
	*strstr(expected, ", offered") = '\0';
	assert_string_equal(said, expected);
	X509_free(tsu);
}

static void a_long_name_leaves_room_for_the_key_identifier(void **unused)
{
	char name[65];
	struct make_certificate how = {
		.common_name = name,
		.organization = name,
		.key = path_key(CA),
		.issuer_key = path_key(CA),
		.not_before = PATH_FROM,
		.not_after = PATH_TO,
		.extensions = { PATH_IDS },
	};
	X509 *ca;
	X509 *tsu;
	char said[VERDICT_TEXT];

	(void)unused;
	(void)memset(name, '\n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ca = make_certificate(&how);
	tsu = path_tsu("TSU", TSU, ca, CA);
	path_missing_issuer(path_add(world.own, tsu, FROM_TOKEN), said);
	assert_non_null(strstr(said, "CN=\\0A\\0A"));
	assert_non_null(strstr(said, "... (key identifier "));
	assert_null(strchr(said, '\n'));
	X509_free(ca);
	X509_free(tsu);
}

static void reads_the_validity(void **unused)
{
	const struct material_item *item = path_add(world.own, world.tsu, FROM_TOKEN);

	(void)unused;
	assert_int_equal(path_not_before(item), PATH_FROM);
	assert_int_equal(path_not_after(item), PATH_TO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_way_to_the_root),
		TEST(ends_at_an_anchor_in_the_middle),
		TEST(a_signer_may_be_an_anchor_itself),
		TEST(says_whose_issuer_is_missing),
		TEST(says_which_intermediate_has_no_issuer),
		TEST(does_not_look_for_the_dead_end_of_a_crl_signer),
		TEST(says_which_root_is_no_anchor),
		TEST(a_new_anchor_is_a_new_question),
		TEST(finds_both_ways_over_a_cross_certificate),
		TEST(goes_from_a_new_root_key_to_the_old_one),
		TEST(a_root_issued_again_with_its_key_is_one_step),
		TEST(the_right_name_with_another_key_is_not_followed),
		TEST(issuers_in_a_circle_end),
		TEST(a_way_that_holds_comes_before_a_shorter_one_that_does_not),
		TEST(says_which_issuer_is_wanted_and_where_it_can_be_had),
		TEST(a_long_name_leaves_room_for_the_key_identifier),
		TEST(reads_the_validity),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
