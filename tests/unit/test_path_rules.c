/* What a path must hold to, whatever the time: RFC 5280 6.1 and longterm.md 1.1 row 12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "path_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_issuer_must_be_a_ca),
		TEST(an_issuers_key_must_be_for_certificates),
		TEST(an_unknown_critical_extension_breaks_a_path),
		TEST(name_constraints_are_kept),
		TEST(a_policy_is_there_where_a_ca_requires_one),
		TEST(a_path_may_not_be_longer_than_a_ca_says),
		TEST(the_ekus_of_intermediates_leave_room_for_timestamping),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
