/* What a configuration says about the form of tokens: the switches of a TSU and of an endpoint. */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "tsa/tsp/tstinfo.h"

static const struct config_tsu *first_of(const struct config *c)
{
	for (size_t i = 0; i < c->tsu_count; i++)
		if (strcmp(c->tsus[i].name, "first") == 0)
			return &c->tsus[i];
	fail_msg("no [first]");
	return NULL;
}

static void p21_p25_names_its_tsu_and_protects_its_algorithms_by_default(void **state)
{
	static const struct setting unchanged[MAX_CHANGES];
	struct findings found;
	struct config *c = read_changed(*state, unchanged, &found);
	const struct config_tsu *t;

	assert_non_null(c);
	t = first_of(c);
	assert_true(t->tsa_name);
	assert_true(t->options.algorithm_protection);
	assert_false(t->options.signing_time);
	assert_false(t->include_root);
	assert_false(c->endpoints[0].qualified);
	config_free(c);
}

static void p21_p25_takes_each_switch(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "first", "tsa_name", "no" },
		{ "first", "algorithm_protection", "no" }, { "first", "signing_time", "yes" },
		{ "first", "include_root", "yes" } };
	struct findings found;
	struct config *c = read_changed(*state, changes, &found);
	const struct config_tsu *t;

	assert_string_equal(found.text, "");
	assert_non_null(c);
	t = first_of(c);
	assert_false(t->tsa_name);
	assert_false(t->options.algorithm_protection);
	assert_true(t->options.signing_time);
	assert_true(t->include_root);
	config_free(c);
}

static void refuses_a_switch_that_is_neither_yes_nor_no(void **state)
{
	static const struct row rows[] = {
		{ { { "first", "tsa_name", "CN=TSU" } }, "[first] tsa_name: is yes or no", 0 },
		{ { { "first", "signing_time", "genTime" } }, "[first] signing_time: is yes or no",
			0 },
		{ { { "first", "algorithm_protection", "1" } },
			"[first] algorithm_protection: is yes or no", 0 },
		{ { { "first", "include_root", "true" } }, "[first] include_root: is yes or no",
			0 },
		{ { { "release", "qualified", "maybe" } }, "[release] qualified: is yes or no", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void t05_qualified_is_refused_under_other_profiles(void **state)
{
	static const struct row rows[] = {
		{ { { "release", "qualified", "yes" } },
			"[release] qualified: T-05: only tokens under profile etsi may say so: "
			"found profile rfc3161",
			0 },
		{ { { "release", "qualified", "yes" }, { "release", "profile", "csbr" } },
			"found profile csbr", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void t05_qualified_is_taken_under_etsi(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "release", "qualified", "yes" },
		{ "release", "profile", "etsi" } };
	struct findings found;

	config_free(read_changed(*state, changes, &found));
	/* The certificates here are no good for etsi; nothing else is wrong. */
	assert_null(strstr(found.text, "qualified"));
	assert_non_null(strstr(found.text, "[first] certificate:"));
}

/* PEM of up to four certificates, into short_ca.pem of the folder. */
static void write_chain(const struct fixture *f, X509 *const certificates[4])
{
	char path[2 * PATH_ROOM];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/short_ca.pem", f->folder);
	file = fopen(path, "wb");
	assert_non_null(file);
	for (size_t i = 0; i < 4 && certificates[i] != NULL; i++)
		assert_int_equal(PEM_write_X509(file, certificates[i]), 1);
	assert_int_equal(fclose(file), 0);
}

static X509 *leaf_of(const struct fixture *f)
{
	char path[2 * PATH_ROOM];
	FILE *file;
	X509 *leaf;

	(void)snprintf(path, sizeof(path), "%s/first.pem", f->folder);
	file = fopen(path, "rb");
	assert_non_null(file);
	leaf = PEM_read_X509(file, NULL, NULL, NULL);
	assert_int_equal(fclose(file), 0);
	assert_non_null(leaf);
	return leaf;
}

/* A verifier has the root: a token is the shorter without it. */
static void t11_the_root_is_left_out_of_tokens_with_a_warning(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "first", "certificate",
		"short_ca.pem" } };
	struct fixture *f = *state;
	X509 *leaf = leaf_of(f);
	struct findings found;
	struct config *c;

	write_chain(f, (X509 *[4]){ leaf, f->ca, f->root });
	c = read_changed(f, changes, &found);
	assert_non_null(c);
	assert_int_equal(found.warnings, 1);
	assert_non_null(strstr(found.text, "[first] certificate: T-11: "));
	assert_non_null(strstr(found.text, "unless include_root = yes"));
	assert_int_equal(first_of(c)->chain.len, (size_t)i2d_X509(f->ca, NULL));
	config_free(c);
	X509_free(leaf);
}

static void t11_the_root_is_in_tokens_where_that_is_asked_for(void **state)
{
	static const struct setting changes[MAX_CHANGES] = {
		{ "first", "certificate", "short_ca.pem" }, { "first", "include_root", "yes" }
	};
	struct fixture *f = *state;
	X509 *leaf = leaf_of(f);
	struct findings found;
	struct config *c;

	write_chain(f, (X509 *[4]){ leaf, f->ca, f->root });
	c = read_changed(f, changes, &found);
	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(
		first_of(c)->chain.len, (size_t)(i2d_X509(f->ca, NULL) + i2d_X509(f->root, NULL)));
	config_free(c);
	X509_free(leaf);
}

static void t11_nothing_follows_the_root(void **state)
{
	static const struct row rows[] = {
		{ { { "first", "certificate", "short_ca.pem" } },
			"T-11: nothing follows a self-signed certificate", 0 },
		{ { { "first", "certificate", "short_ca.pem" },
			  { "first", "include_root", "yes" } },
			"T-11: nothing follows a self-signed certificate", 0 },
	};
	struct fixture *f = *state;
	X509 *leaf = leaf_of(f);

	write_chain(f, (X509 *[4]){ leaf, f->ca, f->root, f->ca });
	assert_rows(f, rows, sizeof(rows) / sizeof(rows[0]));
	X509_free(leaf);
}

/* The leaf of first.pem with a subject of so many organizational units of 64 letters. */
static void write_subject(const struct fixture *f, unsigned units)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl";
	X509 *leaf = leaf_of(f);
	X509_NAME *name = X509_NAME_new();

	for (unsigned i = 0; i < units; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8,
					 (const uint8_t *)letters, -1, -1, 0),
			1);
	assert_int_equal(X509_set_subject_name(leaf, name), 1);
	assert_true(X509_sign(leaf, f->ca_key, EVP_sha256()) > 0);
	write_chain(f, (X509 *[4]){ leaf, f->ca });
	X509_NAME_free(name);
	X509_free(leaf);
}

static void p21_a_subject_without_room_in_a_token_is_refused_by_name(void **state)
{
	static const struct row too_long = { { { "first", "certificate", "short_ca.pem" } },
		"P-21: its subject has ", 0 };
	static const struct row empty = { { { "first", "certificate", "short_ca.pem" } },
		"P-21: its subject is empty", 0 };
	struct fixture *f = *state;

	/* 77 bytes each, and headers around them. */
	write_subject(f, TSP_MAX_TSA_NAME / 77 + 1);
	assert_row(f, &too_long);
	write_subject(f, 0);
	assert_row(f, &empty);
}

static void p21_such_a_subject_is_taken_where_tokens_do_not_name_it(void **state)
{
	static const struct setting silent[MAX_CHANGES] = {
		{ "first", "certificate", "short_ca.pem" }, { "first", "tsa_name", "no" }
	};
	static const struct setting named[MAX_CHANGES] = { { "first", "certificate",
		"short_ca.pem" } };
	struct fixture *f = *state;
	struct findings found;

	write_subject(f, TSP_MAX_TSA_NAME / 77 + 1);
	config_free(read_changed(f, silent, &found));
	assert_int_equal(found.errors, 0);
	write_subject(f, 0);
	config_free(read_changed(f, silent, &found));
	assert_int_equal(found.errors, 0);
	/* The longest that fits. */
	write_subject(f, TSP_MAX_TSA_NAME / 77 - 1);
	config_free(read_changed(f, named, &found));
	assert_int_equal(found.errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p21_p25_names_its_tsu_and_protects_its_algorithms_by_default),
		cmocka_unit_test(p21_p25_takes_each_switch),
		cmocka_unit_test(refuses_a_switch_that_is_neither_yes_nor_no),
		cmocka_unit_test(t05_qualified_is_refused_under_other_profiles),
		cmocka_unit_test(t05_qualified_is_taken_under_etsi),
		cmocka_unit_test(t11_the_root_is_left_out_of_tokens_with_a_warning),
		cmocka_unit_test(t11_the_root_is_in_tokens_where_that_is_asked_for),
		cmocka_unit_test(t11_nothing_follows_the_root),
		cmocka_unit_test(p21_a_subject_without_room_in_a_token_is_refused_by_name),
		cmocka_unit_test(p21_such_a_subject_is_taken_where_tokens_do_not_name_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
