/* The search for paths has an end, and what it found once is found at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "path_fixture.h"

static void keeps_no_more_paths_than_there_is_room_for(void **unused)
{
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	for (int i = 0; i < PATH_MAX_FOUND + 4; i++) {
		X509 *ca = path_ca("CA", CA, world.root, ROOT);

		(void)path_add(world.own, ca, FROM_TOKEN);
		X509_free(ca);
	}
	paths = find(world.tsu);
	assert_int_equal(paths->count, PATH_MAX_FOUND);
	for (unsigned i = 0; i < paths->count; i++)
		assert_true(paths->at[i].holds);
}

/* A chain of so many certificates below an anchor, signer and anchor included. */
static unsigned found_in_chain_of(unsigned length)
{
	X509 *issuer = X509_dup(world.root);
	unsigned count;

	material_clear(world.own);
	material_clear(world.base);
	path_add_anchor(world.base, issuer);
	for (unsigned i = 2; i < length; i++) {
		char name[16];
		X509 *ca;

		(void)snprintf(name, sizeof(name), "CA %u", i);
		ca = path_ca(name, ROOT, issuer, ROOT);
		(void)path_add(world.own, ca, FROM_TOKEN);
		X509_free(issuer);
		issuer = ca;
	}
	{
		X509 *tsu = path_tsu("TSU", TSU, issuer, ROOT);

		count = find(tsu)->count;
		X509_free(tsu);
	}
	X509_free(issuer);
	return count;
}

static void follows_a_chain_up_to_the_limit(void **unused)
{
	(void)unused;
	assert_int_equal(found_in_chain_of(PATH_MAX_LENGTH), 1);
	assert_true(world.paths.at[0].holds);
	assert_int_equal(found_in_chain_of(PATH_MAX_LENGTH + 1), 0);
	assert_true(world.paths.gave_up);
}

/* A stranger's certificates, each with the name and identifier of a real key's. */
static void add_junk(struct material *material, unsigned most)
{
	X509 *authority = path_ca("Stranger", JUNK, NULL, JUNK);
	unsigned added = 0;

	for (unsigned i = JUNK; added < most; i = i + 1 < PATH_KEYS ? i + 1 : JUNK) {
		X509 *decoy = path_ca("CA", CA, authority, i); /* the real CA's key */
		X509 *above = path_ca("Stranger", i, authority, i == JUNK ? JUNK + 1 : JUNK);

		(void)path_add(material, decoy, FROM_TOKEN);
		(void)path_add(material, above, FROM_TOKEN);
		X509_free(decoy);
		X509_free(above);
		added += 2;
	}
	X509_free(authority);
}

static void what_a_stranger_adds_to_a_token_hides_nothing(void **unused)
{
	X509 *const way[] = { world.tsu, world.ca, world.root, NULL };
	const struct paths *paths;

	(void)unused;
	path_add_anchor(world.base, world.root);
	add_junk(world.own, MATERIAL_MAX_TOKEN_CERTIFICATES - 2);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_path(&paths->at[0], way);
	assert_true(paths->at[0].holds);
	assert_false(paths->gave_up);
}

static double seconds_now(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Thousands of one name: copies of the CA in which the serial is another. */
static void flood(struct material *material, X509 *certificate, unsigned count)
{
	struct numbered copy = path_numbered(certificate);
	struct err err = { 0 };

	for (unsigned i = 0; i < count; i++)
		if (!path_add_numbered(material, &copy, i, FROM_CALLER, &err))
			fail_msg("%s", err.text);
	OPENSSL_free((void *)copy.der.at);
}

static void thousands_of_one_name_end(void **unused)
{
	double start;

	(void)unused;
	flood(world.base, world.ca, PATH_MAX_STEPS + 100);
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	start = seconds_now();
	(void)find(world.tsu);
	assert_true(world.paths.gave_up);
	print_message("thousands of one name: %.3f s\n", seconds_now() - start);
	/* An anchor among them is found all the same. */
	path_add_anchor(world.base, world.ca);
	assert_int_equal(find(world.tsu)->count, 1);
	assert_int_equal(world.paths.at[0].length, 2);
	assert_true(world.paths.at[0].holds);
}

static void the_same_question_is_answered_from_the_cache(void **unused)
{
	enum { TIMES = 2000 };
	double start, took;

	(void)unused;
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	assert_int_equal(find(world.tsu)->count, 1);
	material_clear(world.own);
	(void)path_add(world.own, world.ca, FROM_TOKEN);
	assert_int_equal(find(world.tsu)->count, 1);
	start = seconds_now();
	for (int i = 0; i < TIMES; i++)
		paths_find(world.own, world.paths.at[0].at[0], NID_time_stamp, &world.paths);
	took = (seconds_now() - start) / TIMES;
	print_message("from the cache: %.2f us\n", took * 1e6);
	/* The items are those of the material as it is now. */
	assert_ptr_equal(world.paths.at[0].at[1], path_add(world.own, world.ca, FROM_TOKEN));
	assert_string_equal(world.paths.at[0].flaw.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_no_more_paths_than_there_is_room_for),
		TEST(follows_a_chain_up_to_the_limit),
		TEST(what_a_stranger_adds_to_a_token_hides_nothing),
		TEST(thousands_of_one_name_end),
		TEST(the_same_question_is_answered_from_the_cache),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
