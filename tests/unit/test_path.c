/* Paths from a signer to an anchor: all that hold, none that does not, and an end to the search. */
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

enum { ROOT, CA, TSU, OTHER, MORE, JUNK, JUNK_END = PATH_KEYS };

static struct world {
	struct material_cache *cache;
	struct material *base; /* of the caller */
	struct material *own; /* of the token */
	X509 *root;
	X509 *ca;
	X509 *tsu;
	struct paths paths;
} world;

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

static const struct paths *find(X509 *signer)
{
	paths_find(
		world.own, path_add(world.own, signer, FROM_TOKEN), NID_time_stamp, &world.paths);
	return &world.paths;
}

/* The path is of these certificates, the signer first; NULL ends them. */
static void assert_path(const struct path *path, X509 *const *certificates)
{
	unsigned length = 0;

	for (; certificates[length] != NULL; length++) {
		assert_true(length < path->length);
		assert_int_equal(X509_cmp(path->at[length]->certificate, certificates[length]), 0);
	}
	assert_int_equal(path->length, length);
}

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

/* The TSU's issuer has these extensions; the path is complete. */
static const struct path *with_issuer(X509 *root, const struct make_extension *extensions)
{
	X509 *ca = path_certificate("CA", CA, root, ROOT, extensions);
	const struct paths *paths;

	path_add_anchor(world.base, root);
	(void)path_add(world.own, ca, FROM_TOKEN);
	paths = find(world.tsu);
	assert_int_equal(paths->count, 1);
	assert_null(paths->dead_end);
	X509_free(ca);
	return &paths->at[0];
}

static void assert_flaw(const struct path *path, const char *word)
{
	assert_false(path->holds);
	if (strstr(path->flaw.text, word) == NULL)
		fail_msg("%s", path->flaw.text);
}

static void an_issuer_must_be_a_ca(void **unused)
{
	static const struct make_extension no_ca[] = {
		{ "basicConstraints", "critical,CA:FALSE" },
		PATH_IDS,
		{ NULL, NULL },
	};
	static const struct make_extension unsaid[] = {
		{ "keyUsage", "critical,keyCertSign" },
		PATH_IDS,
		{ NULL, NULL },
	};

	(void)unused;
	assert_flaw(with_issuer(world.root, no_ca), "invalid CA");
	material_clear(world.own);
	assert_flaw(with_issuer(world.root, unsaid), "invalid CA");
}

static void an_issuers_key_must_be_for_certificates(void **unused)
{
	static const struct make_extension extensions[] = {
		{ "basicConstraints", "critical,CA:TRUE" },
		{ "keyUsage", "critical,cRLSign" },
		PATH_IDS,
		{ NULL, NULL },
	};

	(void)unused;
	assert_flaw(with_issuer(world.root, extensions), "CN=CA");
}

static void an_unknown_critical_extension_breaks_a_path(void **unused)
{
	static const struct make_extension extensions[] = {
		PATH_CA,
		PATH_IDS,
		{ "1.2.3.4.5", "critical,DER:0500" },
		{ NULL, NULL },
	};

	(void)unused;
	assert_flaw(with_issuer(world.root, extensions), "critical extension");
}

/* RFC 5280 4.2.1.10, on the TSU's only name: nameConstraints { excluded: CN=... }. */
static void name_constraints_are_kept(void **unused)
{
	static const struct {
		const char *constraints;
		const char *flaw;
	} cases[] = {
		{ "critical,DER:30:14:A1:12:30:10:A4:0E:30:0C:31:0A:30:08:06:03:55:04:03:0C:01:"
		  "58",
			NULL },
		{ "critical,DER:30:16:A1:14:30:12:A4:10:30:0E:31:0C:30:0A:06:03:55:04:03:0C:03:"
		  "54:53:55",
			"excluded subtree" },
		{ "critical,DER:30:14:A0:12:30:10:A4:0E:30:0C:31:0A:30:08:06:03:55:04:03:0C:01:"
		  "58",
			"permitted subtree" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct make_extension extensions[] = {
			PATH_CA,
			PATH_IDS,
			{ "2.5.29.30", cases[i].constraints },
			{ NULL, NULL },
		};
		const struct path *path = with_issuer(world.root, extensions);

		if (cases[i].flaw == NULL)
			assert_true(path->holds);
		else
			assert_flaw(path, cases[i].flaw);
		material_clear(world.own);
	}
}

/* RFC 5280 6.1: any policy will do, but one must be there where a CA says so. */
static void a_policy_is_there_where_a_ca_requires_one(void **unused)
{
	static const struct make_extension extensions[] = {
		PATH_CA,
		PATH_IDS,
		{ "certificatePolicies", "1.2.3" },
		{ "policyConstraints", "critical,requireExplicitPolicy:0" },
		{ NULL, NULL },
	};
	static const struct {
		const char *policy;
		bool holds;
	} cases[] = { { "1.2.3", true }, { "1.2.4", false } };
	X509 *ca = path_certificate("CA", CA, world.root, ROOT, extensions);

	(void)unused;
	path_add_anchor(world.base, world.root);
	(void)path_add(world.own, ca, FROM_TOKEN);
	assert_flaw(&find(world.tsu)->at[0], "policy");
	for (size_t i = 0; i < 2; i++) {
		const struct make_extension own[] = {
			PATH_IDS,
			{ "certificatePolicies", cases[i].policy },
			{ NULL, NULL },
		};
		X509 *tsu = path_certificate("TSU", TSU, ca, CA, own);

		assert_int_equal(find(tsu)->at[0].holds, cases[i].holds);
		X509_free(tsu);
	}
	X509_free(ca);
}

static void a_path_may_not_be_longer_than_a_ca_says(void **unused)
{
	static const struct make_extension none_below[] = {
		{ "basicConstraints", "critical,CA:TRUE,pathlen:0" },
		{ "keyUsage", "critical,keyCertSign" },
		PATH_IDS,
		{ NULL, NULL },
	};
	X509 *root = path_certificate("Root", ROOT, NULL, ROOT, none_below);
	static const struct make_extension extensions[] = { PATH_CA, PATH_IDS, { NULL, NULL } };

	(void)unused;
	assert_flaw(with_issuer(root, extensions), "path length");
	X509_free(root);
}

static void the_ekus_of_intermediates_leave_room_for_timestamping(void **unused)
{
	static const struct {
		const char *eku;
		bool holds;
	} cases[] = {
		{ "timeStamping", true },
		{ "anyExtendedKeyUsage", true },
		{ "codeSigning,timeStamping", true },
		{ "codeSigning", false },
		{ "OCSPSigning", false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct make_extension extensions[] = {
			PATH_CA,
			PATH_IDS,
			{ "extendedKeyUsage", cases[i].eku },
			{ NULL, NULL },
		};
		const struct path *path = with_issuer(world.root, extensions);

		if (cases[i].holds)
			assert_true(path->holds);
		else
			assert_flaw(path, "extended key usage");
		/* RFC 5280 knows no such rule; that of row 12 is for time-stamping alone. */
		paths_find(world.own, path->at[0], NID_OCSP_sign, &world.paths);
		assert_true(world.paths.at[0].holds);
		material_clear(world.own);
	}
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

	for (unsigned i = JUNK; added < most; i = i + 1 < JUNK_END ? i + 1 : JUNK) {
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
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct bytes der = path_der(certificate);
	uint8_t *at = memmem(
		der.at, der.len, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	struct err err = { 0 };

	assert_non_null(at);
	for (unsigned i = 0; i < count; i++) {
		(void)memcpy(at + 1, &i, sizeof(i));
		if (!material_add(
			    material, MATERIAL_CERTIFICATE, FROM_CALLER, der, "flood", NULL, &err))
			fail_msg("%s", err.text);
	}
	OPENSSL_free((void *)der.at);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_way_to_the_root),
		TEST(ends_at_an_anchor_in_the_middle),
		TEST(a_signer_may_be_an_anchor_itself),
		TEST(says_whose_issuer_is_missing),
		TEST(says_which_intermediate_has_no_issuer),
		TEST(says_which_root_is_no_anchor),
		TEST(a_new_anchor_is_a_new_question),
		TEST(finds_both_ways_over_a_cross_certificate),
		TEST(goes_from_a_new_root_key_to_the_old_one),
		TEST(a_root_issued_again_with_its_key_is_one_step),
		TEST(the_right_name_with_another_key_is_not_followed),
		TEST(issuers_in_a_circle_end),
		TEST(an_issuer_must_be_a_ca),
		TEST(an_issuers_key_must_be_for_certificates),
		TEST(an_unknown_critical_extension_breaks_a_path),
		TEST(name_constraints_are_kept),
		TEST(a_policy_is_there_where_a_ca_requires_one),
		TEST(a_path_may_not_be_longer_than_a_ca_says),
		TEST(the_ekus_of_intermediates_leave_room_for_timestamping),
		TEST(a_way_that_holds_comes_before_a_shorter_one_that_does_not),
		TEST(keeps_no_more_paths_than_there_is_room_for),
		TEST(follows_a_chain_up_to_the_limit),
		TEST(what_a_stranger_adds_to_a_token_hides_nothing),
		TEST(thousands_of_one_name_end),
		TEST(the_same_question_is_answered_from_the_cache),
		TEST(says_which_issuer_is_wanted_and_where_it_can_be_had),
		TEST(a_long_name_leaves_room_for_the_key_identifier),
		TEST(reads_the_validity),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
