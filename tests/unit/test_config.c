/*
 * What a configuration says: a good one fills the struct, a bad line or value gives its finding
 * and no other.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

static const struct setting no_change[MAX_CHANGES] = { { 0 } };

static void fills_the_service_from_a_good_file(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct config *c = read_changed(f, no_change, &found);
	char journal[2 * PATH_ROOM];
	char text[TEXT_ROOM] = "";
	uint8_t hash[MSG_HASH];

	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->listen_count, 2);
	assert_string_equal(c->listen[0], "127.0.0.1:3161");
	assert_string_equal(c->listen[1], "[::1]:3161");
	assert_string_equal(c->admin, "127.0.0.1:3162");
	(void)snprintf(journal, sizeof(journal), "%s/journal", f->folder);
	assert_string_equal(c->journal, journal);
	assert_string_equal(c->database, "service=tsa");
	assert_int_equal(c->clock, CONFIG_CLOCK_KERNEL);
	assert_int_equal(c->clock_slack_ms, 500);
	assert_int_equal(c->ack, CONFIG_ACK_JOURNAL);
	assert_int_equal(c->max_unshipped_age_s, 1800);
	assert_int_equal(c->max_connections, 10240);
	assert_string_equal(c->user, "tsa");
	assert_int_equal(c->file_count, 0);
	render(text, no_change);
	(void)SHA256((const uint8_t *)text, strlen(text), hash);
	assert_memory_equal(c->sha256, hash, sizeof(hash));
	config_free(c);
}

static void fills_endpoints_with_their_tsus_by_time_of_activation(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct config *c = read_changed(f, no_change, &found);
	const struct config_endpoint *e;

	assert_non_null(c);
	assert_int_equal(c->endpoint_count, 2);
	assert_int_equal(c->tsu_count, 3);
	e = &c->endpoints[0];
	assert_string_equal(e->name, "release");
	assert_string_equal(e->path, "/");
	assert_int_equal(e->purpose, CONFIG_RELEASE);
	assert_int_equal(e->profile, PROFILE_RFC3161);
	assert_int_equal(e->tsu_count, 2);
	assert_string_equal(c->tsus[e->tsus[0]].name, "first");
	assert_string_equal(c->tsus[e->tsus[1]].name, "next");
	assert_int_equal(c->tsus[e->tsus[1]].activate_at, 1798761600);
	assert_int_equal(c->tsus[e->tsus[1]].endpoint, 0);
	assert_int_equal(e->policy_count, 2);
	assert_int_equal(e->policies[0].len, 3);
	assert_memory_equal(e->policies[0].at, "\x2a\x03\x04", 3);
	assert_int_equal(e->digests, 1U << TSP_SHA256 | 1U << TSP_SHA384 | 1U << TSP_SHA512);
	assert_int_equal(e->digits, 3);
	assert_int_equal(c->endpoints[1].purpose, CONFIG_TEST);
	assert_string_equal(c->endpoints[1].path, "/test");
	assert_int_equal(c->tsus[c->endpoints[1].tsus[0]].endpoint, 1);
	config_free(c);
}

static void fills_a_tsu_and_what_its_certificate_says(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	struct config *c = read_changed(f, no_change, &found);
	const struct config_tsu *t;
	char path[2 * PATH_ROOM];
	uint8_t hash[MSG_HASH];

	assert_non_null(c);
	t = &c->tsus[c->endpoints[0].tsus[0]];
	assert_string_equal(t->key, "pkcs11:token=tsa;object=first");
	assert_string_equal(t->module, "/opt/vendor/libvendor.so");
	assert_string_equal(t->pin_file, "pin"); /* left to the signer (R14) */
	(void)snprintf(path, sizeof(path), "%s/first.pem", f->folder);
	assert_string_equal(t->certificate_file, path);
	assert_false(t->allow_software_key);
	assert_int_equal(t->accuracy_ms, 1000);
	assert_int_equal(t->lanes, 2);
	assert_int_equal(t->self_check, 1);
	assert_int_equal(t->activate_at, 0);
	assert_int_equal(t->digest, TSP_SHA384); /* as the certificate is signed (C-05) */
	assert_int_equal(t->not_before, now - 30 * DAY);
	assert_int_equal(t->sign_until, now + 3650LL * DAY);
	assert_true(t->certificate.len > 0 && t->chain.len > 0);
	(void)SHA256(t->certificate.at, t->certificate.len, hash);
	assert_memory_equal(t->cert_sha256, hash, sizeof(hash));
	(void)SHA256(t->chain.at, t->chain.len, hash);
	assert_memory_equal(t->chain_sha256, hash, sizeof(hash));
	assert_memory_equal(t->pem.at, "-----BEGIN CERTIFICATE-----\n", 28);
	(void)snprintf(path, sizeof(path), "%s/softhsm2.so", f->folder);
	assert_string_equal(c->tsus[c->endpoints[1].tsus[0]].module, path);
	config_free(c);
}

static void takes_every_setting_at_another_value_than_its_default(void **state)
{
	struct fixture *f = *state;
	static const struct setting service[MAX_CHANGES] = { { "tsad", "clock", "unchecked" },
		{ "tsad", "clock_slack_ms", "0" }, { "tsad", "max_unshipped_age", "60" },
		{ "tsad", "max_connections", "7" }, { "tsad", "ack", "ledger" },
		{ "tsad", "user", "stamps" } };
	static const struct setting endpoint[MAX_CHANGES] = { { "release", "digests", "sha512" },
		{ "release", "digits", "6" }, { "test", "digits", "6" },
		{ "first", "accuracy_ms", "2000" }, { "first", "lanes", "64" },
		{ "first", "self_check", "0" } };
	struct findings found;
	struct config *c = read_changed(f, service, &found);

	assert_non_null(c);
	assert_int_equal(c->clock, CONFIG_CLOCK_UNCHECKED);
	assert_int_equal(c->clock_slack_ms, 0);
	assert_int_equal(c->max_unshipped_age_s, 60);
	assert_int_equal(c->max_connections, 7);
	assert_int_equal(c->ack, CONFIG_ACK_LEDGER);
	assert_string_equal(c->user, "stamps");
	config_free(c);
	c = read_changed(f, endpoint, &found);
	assert_non_null(c);
	assert_int_equal(c->endpoints[0].digests, 1U << TSP_SHA512);
	assert_int_equal(c->endpoints[0].digits, 6);
	assert_int_equal(c->tsus[c->endpoints[0].tsus[0]].accuracy_ms, 2000);
	assert_int_equal(c->tsus[c->endpoints[0].tsus[0]].lanes, 64);
	assert_int_equal(c->tsus[c->endpoints[0].tsus[0]].self_check, 0);
	config_free(c);
}

/* C-08: 15 months from 2026-10-19 */
static void ends_signing_after_15_months_under_csbr(void **state)
{
	struct fixture *f = *state;
	static const struct setting csbr[MAX_CHANGES] = { { "release", "profile", "csbr" } };
	struct findings found;
	struct config *c = read_changed(f, csbr, &found);

	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->endpoints[0].profile, PROFILE_CSBR);
	assert_int_equal(c->tsus[c->endpoints[0].tsus[0]].sign_until, 1831892800);
	config_free(c);
}

static void reads_a_quoted_value_and_a_comment_after_a_blank(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = {
		{ "tsad", "database", "\"host=/run/pg application_name='a b'\" # and a comment" },
		{ "first", "key", "'pkcs11:token=tsa;object=a%23b'" }
	};
	struct findings found;
	struct config *c = read_changed(f, changes, &found);

	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_string_equal(c->database, "host=/run/pg application_name='a b'");
	assert_string_equal(c->tsus[c->endpoints[0].tsus[0]].key, "pkcs11:token=tsa;object=a%23b");
	config_free(c);
}

static void refuses_bad_values(void **state)
{
	static const struct row rows[] = {
		{ { { "tsad", "clock_slack_ms", "12abc" } },
			"[tsad] clock_slack_ms: is a number from 0 to 60000: found \"12abc\"", 0 },
		{ { { "tsad", "clock_slack_ms", "-1" } }, "[tsad] clock_slack_ms: is a number", 0 },
		{ { { "tsad", "clock_slack_ms", "0500" } }, "[tsad] clock_slack_ms: is a number",
			0 },
		{ { { "tsad", "clock_slack_ms", "" } }, "[tsad] clock_slack_ms: has no value", 0 },
		{ { { "tsad", "max_unshipped_age", "0" } }, "[tsad] max_unshipped_age: is", 0 },
		{ { { "tsad", "max_connections", "99999999999" } }, "[tsad] max_connections: is",
			0 },
		{ { { "tsad", "listen", "localhost:3161" } }, "no numeric IPv4 address", 0 },
		{ { { "tsad", "listen", "127.0.0.1" } }, "is an address and a port", 0 },
		{ { { "tsad", "listen", "127.0.0.1:65536" } }, "is an address and a port", 0 },
		{ { { "tsad", "listen", "::1:3161" } }, "no numeric IPv4 address", 0 },
		{ { { "tsad", "listen", "[127.0.0.1]:1" } }, "no numeric IPv6 address", 0 },
		{ { { "tsad", "listen", "unix:" } }, "the whole path of a socket", 0 },
		{ { { "tsad", "listen", "unix:http.sock" } }, "the whole path of a socket", 0 },
		{ { { "tsad", "listen", "unix:/run/tsa/" } }, "the whole path of a socket", 0 },
		{ { { "tsad", "listen",
			  "unix:/0123456789/0123456789/0123456789/0123456789/0123456789/"
			  "0123456789/0123456789/0123456789/0123456789/012345678" } },
			"at most 107 bytes", 0 },
		{ { { "tsad", "admin", "unix:/run/tsa/admin.sock" } }, "is an address and a port",
			0 },
		{ { { "tsad", "listen", "127.0.0.1:1,,127.0.0.1:2" } }, "an element is empty", 0 },
		{ { { "tsad", "listen", "127.0.0.1:1, 127.0.0.1:1" } }, "is there twice", 0 },
		{ { { "tsad", "admin", "3162" } }, "[tsad] admin: is an address", 0 },
		{ { { "tsad", "admin", "127.0.0.1:3161" } }, "[tsad] admin: R19", 0 },
		{ { { "tsad", "clock", "ntp" } }, "[tsad] clock: is kernel or unchecked", 0 },
		{ { { "tsad", "ack", "ledger" }, { "tsad", "database", NULL } },
			"[tsad] ack: D4: ledger waits for PostgreSQL: there is no database", 0 },
		{ { { "tsad", "ack", "none" } }, "[tsad] ack: is journal or ledger: found \"none\"",
			0 },
		{ { { "release", "path", "release" } }, "[release] path: path: starts with /", 0 },
		{ { { "release", "path", "/a b" } }, "[release] path: path: letters", 0 },
		{ { { "release", "path", "/a/../b" } }, "[release] path: path: letters", 0 },
		{ { { "release", "path", "/tsu.pem" } }, "answered by the service itself", 0 },
		{ { { "release", "path", "/api/v1/timestamp" } }, "is kept for the service", 0 },
		{ { { "release", "purpose", "prod" } }, "[release] purpose: is release or test",
			0 },
		{ { { "release", "profile", "CSBR" } }, "[release] profile: is rfc3161", 0 },
		{ { { "release", "policies", "1.2.x" } }, "[release] policies: \"1.2.x\" is no OBJ",
			0 },
		{ { { "release", "policies", "1.2.3, 1.2.3" } }, "is there twice", 0 },
		{ { { "release", "digests", "sha1" } }, "[release] digests: P-07", 0 },
		{ { { "release", "digits", "2" } }, "[release] digits: D10: is 0, 3 or 6", 0 },
		{ { { "first", "key", "tsa.key" } }, "[first] key: D6: is a pkcs11: URI", 0 },
		{ { { "first", "key", "pkcs11:object=a?pin-value=1" } }, "D6: pin-value", 0 },
		{ { { "first", "key", "pkcs11:object=a?x=1&module-path=/x" } }, "D6: module-path",
			0 },
		{ { { "first", "accuracy_ms", "0" } },
			"[first] accuracy_ms: P-19: is a number from 1", 0 },
		{ { { "first", "accuracy_ms", "60001" } }, "[first] accuracy_ms: P-19: is a number",
			0 },
		{ { { "first", "lanes", "65" } }, "[first] lanes: is a number from 1 to 64", 0 },
		{ { { "first", "activate_at", "2026-02-30T00:00:00Z" } }, "is a time in UTC", 0 },
		{ { { "first", "activate_at", "2026-02-03 00:00:00" } }, "is a time in UTC", 0 },
		{ { { "first", "allow_software_key", "true" } }, "is yes or no", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* R23 */
static void refuses_a_database_with_a_password(void **state)
{
	static const struct row rows[] = {
		{ { { "tsad", "database", "host=x password=y" } },
			"[tsad] database: holds password", 0 },
		{ { { "tsad", "database", "password = y" } }, "holds password", 0 },
		{ { { "tsad", "database", "\"application_name='a b'  sslpassword='y z'\"" } },
			"holds sslpassword", 0 },
		{ { { "tsad", "database", "postgresql://tsa:secret@db/tsa" } }, "holds a password",
			0 },
		{ { { "tsad", "database", "postgres://db/tsa?user=a&p%61ssword=x" } },
			"holds password", 0 },
		{ { { "tsad", "database", "service" } }, "no = after \"service\"", 0 },
		{ { { "tsad", "database", "\"host='x\"" } }, "a quote does not end", 0 },
	};
	static const struct setting uri[MAX_CHANGES] = { { "tsad", "database",
		"postgresql://tsa@[::1]:5432/tsa?passfile=/etc/tsa/pgpass" } };
	struct findings found;

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	config_free(read_changed(*state, uri, &found));
	assert_string_equal(found.text, "");
}

static void names_missing_and_unknown_settings_and_sections(void **state)
{
	static const struct row rows[] = {
		{ { { "tsad", "listen", NULL } }, "[tsad] listen: missing: [tsad] needs it", 0 },
		{ { { "tsad", "journal", NULL } }, "[tsad] journal: missing", 0 },
		{ { { "release", "profile", NULL } }, "[release] profile: missing: an endpoint",
			0 },
		{ { { "release", "policies", NULL } }, "[release] policies: missing", 0 },
		{ { { "first", "key", NULL } }, "[first] key: missing: a TSU needs it", 0 },
		{ { { "first", "certificate", NULL } }, "[first] certificate: missing", 0 },
		{ { { "first", "module", NULL } }, "[first] module: missing: a pkcs11: key", 0 },
		{ { { "first", "pin_file", NULL } }, "[first] pin_file: missing: a pkcs11: key",
			0 },
		/* D1: each of them at once, also of a unit that does not sign yet. */
		{ { { "first", "module", NULL }, { "first", "pin_file", NULL },
			  { "next", "pin_file", NULL } },
			"[next] pin_file: missing: a pkcs11: key", 3 },
		{ { { "tsad", "lsten", "x" } }, "[tsad] lsten: unknown: [tsad] has no such", 0 },
		{ { { "release", "lanes", "1" } }, "[release] lanes: unknown: an endpoint", 0 },
		{ { { "first", "path", "/" } }, "[first] path: unknown: a TSU has no such", 0 },
		{ { { "tsad", "endpoints", "release, test, other" } },
			"[other]: missing: [tsad] endpoints needs this section", 0 },
		{ { { "release", "tsus", "first, next, other" } }, "[other]: missing: a list", 0 },
		{ { { "release", "tsus", "first" } }, "[next]: line 24: unknown: no list", 0 },
		{ { { "tsad", "endpoints", "release, test, tsad" } }, "[tsad] has a meaning", 0 },
		{ { { "tsad", "endpoints", "release, test, a b" } }, "\"a b\" is no section's", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* R23: what NCONF alone would take without a word */
static void finds_lines_that_read_otherwise_than_they_look(void **state)
{
	static const struct row rows[] = {
		{ { { "first", "pin_file", "a\npin_file = b" } },
			"[first] pin_file: line 23: is there twice, first in line 22", 0 },
		{ { { "first", "pin_file", "a\n[release]\n[first]" } },
			"[release]: line 23: section: is", 2 },
		{ { { "first", "pin_file", "a#b" } }, "[first] pin_file: line 22: syntax: # after",
			0 },
		{ { { "first", "pin_file", "$HOME/pin" } }, "syntax: $ and \\ are not expanded",
			0 },
		{ { { "first", "pin_file", "'$HOME/pin'" } }, "syntax: $ and \\ are not expanded",
			0 },
		{ { { "first", "pin_file", "a\\" } }, "syntax: $ and \\ are not expanded", 0 },
		{ { { "first", "pin_file", "it's" } }, "syntax: a quote that does not end", 0 },
		{ { { "first", "pin_file", "a\n.include = /etc/passwd" } }, "syntax: .include and",
			0 },
		{ { { "first", "pin_file", "a\n.include /etc/passwd" } }, "syntax: .include and",
			0 },
		{ { { "first", "pin_file", "a\n.pragma = dollarid:on" } }, "syntax: .include and",
			0 },
		{ { { "first", "pin_file", "a\ntsad::clock = unchecked" } }, "syntax: section::key",
			0 },
		{ { { "first", "pin_file", "a\nno setting" } }, "syntax: is no comment", 0 },
		{ { { "first", "pin_file", "a\n[open" } }, "section: is written [name]", 2 },
		{ { { "trial", "certificate", "trial.pem\n[default]\nlanes = 3" } },
			"[default]: line", 0 },
		{ { { "trial", "certificate", "trial.pem\n[x] lanes = 3" } },
			"section: something follows", 2 },
		/* Of such a line not even the key is believed: pin_file is missing as well. */
		{ { { "first", "pin_file", "a\001b" } }, "holds a control character", 2 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void refuses_a_setting_before_the_first_section(void **state)
{
	char text[TEXT_ROOM] = "lanes = 3\n";
	struct findings found;

	render(text, no_change);
	assert_null(read_text(*state, text, strlen(text), &found));
	assert_int_equal(found.errors, 1);
	assert_non_null(
		strstr(found.text, "lanes: line 1: syntax: stands before the first [section]"));
}

static void reads_a_file_with_dos_line_ends_and_a_byte_order_mark(void **state)
{
	char text[TEXT_ROOM] = "";
	char dos[2 * TEXT_ROOM] = "\xef\xbb\xbf";
	size_t len = 3;
	struct findings found;

	render(text, no_change);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\n')
			dos[len++] = '\r';
		dos[len++] = *at;
	}
	config_free(read_text(*state, dos, len, &found));
	assert_string_equal(found.text, "");
}

static void refuses_a_file_that_is_not_there_not_regular_or_empty(void **state)
{
	struct fixture *f = *state;
	struct findings found = { 0 };
	char path[2 * PATH_ROOM];

	(void)snprintf(path, sizeof(path), "%s/none.conf", f->folder);
	assert_null(config_read(path, now, collect, &found));
	assert_non_null(strstr(found.text, "none.conf: open: No such file"));
	(void)snprintf(path, sizeof(path), "%s/fifo", f->folder);
	assert_null(config_read(path, now, collect, &found));
	assert_non_null(strstr(found.text, "fifo: is no regular file"));
	assert_null(read_text(f, "", 0, &found));
	assert_non_null(strstr(found.text, "is empty"));
	(void)read_text(f, "# nothing\n", 10, &found);
	assert_non_null(strstr(found.text, "[tsad]: missing: tsad needs this section"));
}

static void reports_every_finding_in_one_run(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = { { "tsad", "clock_slack_ms", "12abc" },
		{ "tsad", "journal", NULL }, { "release", "colour", "red" },
		{ "first", "pin_file", "a\npin_file = b" }, { "next", "certificate", "none.pem" },
		{ "test", "policies", "1.2.3.4" } };
	static const char *const wanted[] = { "[tsad] clock_slack_ms:", "[tsad] journal: missing",
		"[release] colour: unknown", "[first] pin_file: line",
		"[next] certificate: ", "[test] policies: D9" };
	struct findings found;

	assert_null(read_changed(f, changes, &found));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(strstr(found.text, wanted[i]));
	assert_int_equal(found.errors, sizeof(wanted) / sizeof(wanted[0]));
	/* Each starts with the file that is to be edited. */
	assert_memory_equal(found.text, f->config, strlen(f->config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_the_service_from_a_good_file),
		cmocka_unit_test(fills_endpoints_with_their_tsus_by_time_of_activation),
		cmocka_unit_test(fills_a_tsu_and_what_its_certificate_says),
		cmocka_unit_test(takes_every_setting_at_another_value_than_its_default),
		cmocka_unit_test(ends_signing_after_15_months_under_csbr),
		cmocka_unit_test(reads_a_quoted_value_and_a_comment_after_a_blank),
		cmocka_unit_test(refuses_bad_values),
		cmocka_unit_test(refuses_a_database_with_a_password),
		cmocka_unit_test(names_missing_and_unknown_settings_and_sections),
		cmocka_unit_test(finds_lines_that_read_otherwise_than_they_look),
		cmocka_unit_test(refuses_a_setting_before_the_first_section),
		cmocka_unit_test(reads_a_file_with_dos_line_ends_and_a_byte_order_mark),
		cmocka_unit_test(refuses_a_file_that_is_not_there_not_regular_or_empty),
		cmocka_unit_test(reports_every_finding_in_one_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
