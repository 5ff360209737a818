/*
 * What profiles ask of settings (D7), each rule once kept and once broken; what they ask of
 * certificates is in test_profile.c.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_taken(const struct fixture *f, const struct setting changes[MAX_CHANGES])
{
	struct findings found;
	struct config *c = read_changed(f, changes, &found);

	assert_string_equal(found.text, "");
	assert_non_null(c);
	config_free(c);
}

/* Two TSUs with certificates that keep etsi, under those names. */
static void write_etsi(const struct fixture *f, const char *name_a, const char *name_b)
{
	const char *const names[] = { name_a, name_b };
	const char *const files[] = { "etsi_a.pem", "etsi_b.pem" };

	for (size_t i = 0; i < 2; i++) {
		struct make_certificate how =
			tsu_like(f, names[i], f->key[i], f->ca, now + 3650LL * DAY);

		/* privateKeyUsagePeriod notAfter 20280101000000Z */
		how.extensions[6] = (struct make_extension){ "2.5.29.16",
			"DER:30:11:81:0f:32:30:32:38:30:31:30:31:30:30:30:30:30:30:5a" };
		write_made(f, files[i], &how);
	}
}

#define UNDER_ETSI                                                                                 \
	{ "release", "profile", "etsi" }, { "first", "certificate", "etsi_a.pem" },                \
	{                                                                                          \
		"next", "certificate", "etsi_b.pem"                                                \
	}
#define UNDER_CSBR                                                                                 \
	{                                                                                          \
		"release", "profile", "csbr"                                                       \
	}

static void t02_t03_t07_t08_t14_t15_an_etsi_configuration_is_taken(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { UNDER_ETSI };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_taken(*state, changes);
}

static void c05_c06_c08_c13_c14_a_csbr_configuration_is_taken(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { UNDER_CSBR };

	assert_taken(*state, changes);
}

static void p19_an_accuracy_of_a_millisecond_to_a_minute_is_taken(void **state)
{
	static const struct setting least[MAX_CHANGES] = { { "first", "accuracy_ms", "1" },
		{ "tsad", "clock", "unchecked" }, { "release", "digits", "6" },
		{ "test", "digits", "6" } };
	static const struct setting most[MAX_CHANGES] = { { "first", "accuracy_ms", "60000" } };
	struct findings found;

	config_free(read_changed(*state, least, &found));
	assert_int_equal(found.errors, 0);
	assert_taken(*state, most);
}

static void p19_an_accuracy_of_nothing_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { { "first", "accuracy_ms", "0" } }, "[first] accuracy_ms: P-19: is a number",
			0 },
		{ { { "first", "accuracy_ms", "60001" } }, "[first] accuracy_ms: P-19", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void t02_a_precision_that_does_not_support_the_accuracy_is_refused(void **state)
{
	static const struct row coarse = { { UNDER_ETSI, { "tsad", "clock_slack_ms", "0" },
						   { "release", "digits", "0" },
						   { "test", "digits", "0" } },
		"[first] accuracy_ms: T-02: EN 319 422 5.2.2", 5 }; /* R28 as well, of all three */
	static const struct row equal = { { UNDER_ETSI, { "tsad", "clock_slack_ms", "0" },
						  { "first", "accuracy_ms", "2" } },
		"found 3 digits and 2 ms (profile etsi of [release])", 2 };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_row(*state, &coarse);
	assert_row(*state, &equal);
}

static void t02_a_precision_that_supports_the_accuracy_is_taken(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { UNDER_ETSI,
		{ "tsad", "clock_slack_ms", "0" }, { "first", "accuracy_ms", "3" } };
	struct findings found;

	write_etsi(*state, "TSU 1", "TSU 2");
	config_free(read_changed(*state, changes, &found));
	assert_int_equal(found.errors, 0);
}

static void t03_a_common_name_of_two_tsus_is_refused(void **state)
{
	static const struct row lists = { { UNDER_ETSI, { "release", "tsus", "first" },
						  { "release", "tsus.sha384", "next" },
						  { "next", "activate_at", NULL } },
		"[next] certificate: T-03: EN 319 422 6.2: commonName is of one TSU", 0 };

	write_etsi(*state, "TSU 1", "TSU 1");
	assert_row(*state, &lists);
}

/* One follows the other: the same unit with its next key. */
static void t03_a_common_name_goes_on_in_a_list(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { UNDER_ETSI };

	write_etsi(*state, "TSU 1", "TSU 1");
	assert_taken(*state, changes);
}

static void t06_btsp_is_claimed_under_etsi_for_release(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { UNDER_ETSI,
		{ "release", "policies", "1.2.3.4, 0.4.0.2023.1.1" } };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_taken(*state, changes);
}

static void t06_btsp_is_not_claimed_elsewhere(void **state)
{
	static const struct row rows[] = {
		{ { { "release", "policies", "0.4.0.2023.1.1" } },
			"[release] policies: T-06: EN 319 421 5.2: 0.4.0.2023.1.1 is claimed only where "
			"its terms hold: for release, under etsi: found profile rfc3161",
			0 },
		{ { UNDER_CSBR, { "release", "policies", "0.4.0.2023.1.1" } },
			"[release] policies: T-06", 0 },
		{ { UNDER_ETSI, { "release", "purpose", "test" },
			  { "release", "policies", "0.4.0.2023.1.1" },
			  { "test", "purpose", "test" } },
			"found purpose test", 0 },
	};

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void t06_csbrs_policy_under_another_profile_is_warned_about(void **state)
{
	static const struct setting other[MAX_CHANGES] = { { "release", "policies",
		"2.23.140.1.4.2" } };
	static const struct setting csbr[MAX_CHANGES] = { UNDER_CSBR,
		{ "release", "policies", "2.23.140.1.4.2" } };
	struct findings found;

	config_free(read_changed(*state, other, &found));
	assert_int_equal(found.errors, 0);
	assert_int_equal(found.warnings, 1);
	assert_non_null(strstr(found.text, "[release] policies: T-06: 2.23.140.1.4.2 claims"));
	assert_taken(*state, csbr);
}

static void t07_d7_a_clock_that_nobody_checks_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { UNDER_CSBR, { "tsad", "clock", "unchecked" } },
			"[tsad] clock: D7, T-07: EN 319 421 TIS-7.7.1-07, CSBR 6.8: nothing is issued by "
			"a clock that nobody checks: found unchecked (profile csbr of [release])",
			0 },
		{ { UNDER_ETSI, { "tsad", "clock", "unchecked" } },
			"found unchecked (profile etsi of [release])", 0 },
	};
	static const struct setting rfc3161[MAX_CHANGES] = { { "tsad", "clock", "unchecked" } };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_taken(*state, rfc3161);
}

static void t08_an_accuracy_over_a_second_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { UNDER_CSBR, { "first", "accuracy_ms", "2000" } },
			"[first] accuracy_ms: T-08: EN 319 421 TIS-7.7.2-03: the accuracy is 1 s or "
			"better: found 2000 ms (profile csbr of [release])",
			0 },
		{ { UNDER_ETSI, { "next", "accuracy_ms", "1001" } }, "[next] accuracy_ms: T-08",
			0 },
	};
	static const struct setting rfc3161[MAX_CHANGES] = { { "first", "accuracy_ms", "2000" } };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_taken(*state, rfc3161);
}

static void t12_t13_a_key_or_certificate_of_two_tsus_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { { "next", "key", "pkcs11:token=tsa;object=first" } }, "[first] key: T-12", 0 },
		{ { { "next", "certificate", "first.pem" } }, "[first] certificate: T-12", 0 },
		{ { { "first", "certificate", "same_key.pem" } }, "[first] certificate: T-13", 0 },
	};
	static const struct setting apart[MAX_CHANGES] = { { "release", "tsus", "first" },
		{ "release", "tsus.sha512", "first, next" } };
	struct findings found;

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	config_free(read_changed(*state, apart, &found));
	assert_int_equal(found.errors, 0);
}

static void t14_a_software_token_is_refused_for_release(void **state)
{
	static const struct row rows[] = {
		{ { UNDER_CSBR, { "first", "module", "/x/libsofthsm2.so" } },
			"[first] module: D7, T-14: EN 319 421 TIS-7.6.2-03: for release the key is in a "
			"certified device, no software token: found /x/libsofthsm2.so",
			0 },
		{ { UNDER_ETSI, { "next", "module", "/x/libsoftokn3.so" } },
			"[next] module: D7, T-14", 0 },
	};
	/* The trial TSU's module is SoftHSM. */
	static const struct setting test[MAX_CHANGES] = { { "test", "profile", "csbr" } };

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	assert_taken(*state, test);
}

static void d6_a_key_in_a_file_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { UNDER_CSBR, { "first", "allow_software_key", "yes" } },
			"[first] allow_software_key: D6: no software key is allowed: found yes (profile "
			"csbr",
			0 },
		{ { UNDER_CSBR, { "first", "allow_software_key", "yes" },
			  { "first", "key", "file:k.pem" }, { "first", "module", NULL } },
			"[first] key: D6: the key is in a token: found a file: key (profile csbr",
			2 },
		{ { UNDER_ETSI, { "first", "allow_software_key", "yes" } },
			"[first] allow_software_key: D6", 0 },
		{ { { "first", "key", "file:k.pem" }, { "first", "module", NULL } },
			"[first] key: D6: a file: key needs allow_software_key", 0 },
	};

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void d6_a_key_in_a_file_is_taken_under_rfc3161(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = { { "first", "key", "file:k.pem" },
		{ "first", "module", NULL }, { "first", "allow_software_key", "yes" } };
	struct findings found;
	struct config *c = read_changed(f, changes, &found);
	char key[2 * PATH_ROOM];

	assert_string_equal(found.text, "");
	assert_non_null(c);
	(void)snprintf(key, sizeof(key), "file:%s/k.pem", f->folder);
	assert_string_equal(c->tsus[c->endpoints[0].tsus[0]].key, key);
	config_free(c);
}

/* A qualified endpoint, and one that is not, with a unit of such a name each. */
static const char two_endpoints[] =
	"[tsad]\nlisten = 127.0.0.1:3161\nendpoints = a, b\njournal = journal\n"
	"[a]\npath = /\nprofile = etsi\ntsus = first\npolicies = 1.2.3.4\nqualified = yes\n"
	"[b]\npath = /b\nprofile = rfc3161\ntsus = next\npolicies = 1.2.3.5\n"
	"[first]\nkey = pkcs11:object=first\nmodule = /opt/v.so\npin_file = /etc/pin\n"
	"certificate = etsi_a.pem\n"
	"[next]\nkey = pkcs11:object=next\nmodule = /opt/v.so\npin_file = /etc/pin\n"
	"certificate = etsi_b.pem\n";

static void t17_qualified_units_with_names_of_their_own_are_taken(void **state)
{
	struct findings found;

	write_etsi(*state, "TSU 1", "TSU 2");
	config_free(read_text(*state, two_endpoints, sizeof(two_endpoints) - 1, &found));
	assert_string_equal(found.text, "");
}

static void t17_a_name_of_a_qualified_unit_and_another_is_refused(void **state)
{
	struct findings found;

	write_etsi(*state, "TSU 1", "TSU 1");
	assert_null(read_text(*state, two_endpoints, sizeof(two_endpoints) - 1, &found));
	assert_non_null(strstr(found.text, "[next] certificate: T-17: EN 319 421 TIS-8.2-02: "));
	assert_non_null(strstr(found.text, "[next] certificate: T-03")); /* as of any two units */
	assert_int_equal(found.errors, 2);
}

/* A unit, and so whether it is qualified, belongs to one endpoint; so does a path. */
static void t17_a_unit_or_path_of_a_qualified_endpoint_and_another_is_refused(void **state)
{
	static const struct row rows[] = {
		{ { UNDER_ETSI, { "release", "qualified", "yes" },
			  { "test", "tsus", "trial, first" } },
			"[test] tsus: R17: a TSU belongs to one endpoint: [first] is [release]'s",
			0 },
		{ { UNDER_ETSI, { "release", "qualified", "yes" }, { "release", "path", "/test" } },
			"[test] path: D9: an endpoint has a path of", 0 },
	};

	write_etsi(*state, "TSU 1", "TSU 2");
	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void c01_sha1_and_md5_cannot_be_configured(void **state)
{
	static const struct row rows[] = {
		{ { { "release", "digests", "sha1" } }, "[release] digests: P-07", 0 },
		{ { UNDER_CSBR, { "release", "digests", "sha256, md5" } },
			"[release] digests: P-07", 0 },
		{ { { "release", "tsus.sha1", "first" } }, "[release] tsus.sha1: P-07", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void p07_sha3_is_taken_where_it_is_named(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "release", "digests",
		"sha256, sha3-256, sha3-384, sha3-512" } };
	static const struct setting none[MAX_CHANGES] = { { "release", "digests", NULL } };
	struct findings found;
	struct config *c = read_changed(*state, changes, &found);

	assert_non_null(c);
	assert_int_equal(c->endpoints[0].digests,
		1U << TSP_SHA256 | 1U << TSP_SHA3_256 | 1U << TSP_SHA3_384 | 1U << TSP_SHA3_512);
	config_free(c);
	c = read_changed(*state, none, &found);
	assert_non_null(c);
	assert_int_equal(
		c->endpoints[0].digests, 1U << TSP_SHA256 | 1U << TSP_SHA384 | 1U << TSP_SHA512);
	config_free(c);
}

/* D10, R28: a microsecond is the least that the kernel's bound adds. */
static void d10_the_resolution_of_digits_counts_in_the_bound(void **state)
{
	static const struct {
		const char *digits;
		const char *fits;
		const char *over;
		const char *accuracy;
	} rows[] = {
		{ "0", "799", "800", "2000" },
		{ "3", "1797", "1798", "2000" },
		{ "6", "1799", "1800", "2000" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct setting changes[MAX_CHANGES] = { { "release", "digits", rows[i].digits },
			{ "test", "digits", rows[i].digits },
			{ "first", "accuracy_ms", rows[i].accuracy },
			{ "next", "accuracy_ms", rows[i].accuracy },
			{ "trial", "accuracy_ms", rows[i].accuracy },
			{ "tsad", "clock_slack_ms", rows[i].fits } };
		struct findings found;

		assert_taken(*state, changes);
		changes[5].value = rows[i].over;
		assert_null(read_changed(*state, changes, &found));
		assert_int_equal(found.errors, 3);
		assert_non_null(strstr(found.text, "[first] accuracy_ms: R28: clock_slack_ms ("));
	}
}

static void r10_digits_are_the_same_at_every_endpoint(void **state)
{
	static const struct row row = { { { "release", "digits", "6" } },
		"[test] digits: R10: is the same at every endpoint: found 3, [release] has 6", 0 };

	assert_row(*state, &row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t02_t03_t07_t08_t14_t15_an_etsi_configuration_is_taken),
		cmocka_unit_test(c05_c06_c08_c13_c14_a_csbr_configuration_is_taken),
		cmocka_unit_test(p19_an_accuracy_of_a_millisecond_to_a_minute_is_taken),
		cmocka_unit_test(p19_an_accuracy_of_nothing_is_refused),
		cmocka_unit_test(t02_a_precision_that_does_not_support_the_accuracy_is_refused),
		cmocka_unit_test(t02_a_precision_that_supports_the_accuracy_is_taken),
		cmocka_unit_test(t03_a_common_name_of_two_tsus_is_refused),
		cmocka_unit_test(t03_a_common_name_goes_on_in_a_list),
		cmocka_unit_test(t06_btsp_is_claimed_under_etsi_for_release),
		cmocka_unit_test(t06_btsp_is_not_claimed_elsewhere),
		cmocka_unit_test(t06_csbrs_policy_under_another_profile_is_warned_about),
		cmocka_unit_test(t07_d7_a_clock_that_nobody_checks_is_refused),
		cmocka_unit_test(t08_an_accuracy_over_a_second_is_refused),
		cmocka_unit_test(t12_t13_a_key_or_certificate_of_two_tsus_is_refused),
		cmocka_unit_test(t14_a_software_token_is_refused_for_release),
		cmocka_unit_test(d6_a_key_in_a_file_is_refused),
		cmocka_unit_test(d6_a_key_in_a_file_is_taken_under_rfc3161),
		cmocka_unit_test(t17_qualified_units_with_names_of_their_own_are_taken),
		cmocka_unit_test(t17_a_name_of_a_qualified_unit_and_another_is_refused),
		cmocka_unit_test(t17_a_unit_or_path_of_a_qualified_endpoint_and_another_is_refused),
		cmocka_unit_test(c01_sha1_and_md5_cannot_be_configured),
		cmocka_unit_test(p07_sha3_is_taken_where_it_is_named),
		cmocka_unit_test(d10_the_resolution_of_digits_counts_in_the_bound),
		cmocka_unit_test(r10_digits_are_the_same_at_every_endpoint),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
