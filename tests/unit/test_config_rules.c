/*
 * What settings must be to each other, to the certificates they name and to their profiles: each
 * rule once kept and once broken.
 */
#include "config_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "tsa/authority/config_part.h"

/* R17 */
static void keeps_tsus_and_endpoints_apart(void **state)
{
	static const struct row rows[] = {
		{ { { "test", "tsus", "trial, first" } },
			"[test] tsus: R17: a TSU belongs to one endpoint: [first] is [release]'s",
			0 },
		{ { { "release", "path", "/test" } }, "[test] path: D9: an endpoint has a path of",
			0 },
		{ { { "first", "activate_at", "2026-12-01T00:00:00Z" } },
			"[release] tsus: R17: one TSU's activate_at is past", 0 },
		{ { { "next", "activate_at", NULL } },
			"R17: no two TSUs of a list start at the same", 0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* D9 */
static void keeps_test_and_release_apart(void **state)
{
	static const struct row rows[] = {
		{ { { "test", "policies", "1.2.3.9, 1.2.3.5" } },
			"[test] policies: D9: release and test share no policy: 1.2.3.5 is [release]'s",
			0 },
		{ { { "trial", "certificate", "release_key.pem" } },
			"[trial] certificate: D9: release and test share no key", 0 },
		{ { { "first", "certificate", "test_issuer.pem" } },
			"[trial] certificate: D9: release and test share no issuing certificate: [first]",
			0 },
	};
	static const struct setting both_release[MAX_CHANGES] = { { "test", "purpose", "release" },
		{ "test", "policies", "1.2.3.4" } };
	struct findings found;

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
	config_free(read_changed(*state, both_release, &found));
	assert_string_equal(found.text, "");
}

static void wants_no_module_for_a_key_in_a_file(void **state)
{
	static const struct row row = { { { "first", "key", "file:k.pem" },
						{ "first", "allow_software_key", "yes" } },
		"[first] module: a file: key has none", 0 };

	assert_row(*state, &row);
}

static void says_what_is_wrong_with_a_certificate_file(void **state)
{
	static const struct row rows[] = {
		{ { { "first", "certificate", "none.pem" } }, "none.pem: open: No such file", 0 },
		{ { { "first", "certificate", "." } }, "is no regular file", 0 },
		{ { { "first", "certificate", "fifo" } }, "fifo: is no regular file", 0 },
		{ { { "first", "certificate", "empty.pem" } }, "empty.pem: is empty", 0 },
		{ { { "first", "certificate", "no.pem" } }, "holds no certificate in PEM", 0 },
		{ { { "first", "certificate", "with_key.pem" } },
			"with_key.pem: holds a \"PRIVATE KEY\": only certificates belong there",
			0 },
		{ { { "first", "certificate", "with_root.pem" },
			  { "first", "include_root", "yes" } },
			"T-11: EN 319 421 TIS-7.6.4-05: each certificate is issued by the next",
			0 },
		{ { { "first", "certificate", "wrong_order.pem" } },
			"wrong_order.pem: P-05: RFC 3161 2.3", 3 },
		{ { { "first", "certificate", "expired.pem" } },
			"expired.pem: P-23: RFC 3161 App. B: genTime is within the certificate's validity: "
			"expired on",
			0 },
	};

	assert_rows(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

/* A TSU that is followed keeps its certificate in the configuration: it signs no more. */
static void warns_only_about_a_superseded_tsus_certificate(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "first", "certificate",
								     "expired.pem" },
		{ "next", "activate_at", "2026-11-01T00:00:00Z" } };
	struct findings found;

	config_free(read_changed(*state, changes, &found));
	assert_int_equal(found.errors, 0);
	assert_int_equal(found.warnings, 1);
	assert_non_null(strstr(found.text, "warning: "));
	assert_non_null(strstr(found.text, "P-23"));
}

/* What is staged is judged by the day on which it will sign. */
static void judges_a_tsu_that_is_not_yet_active_by_its_day(void **state)
{
	static const struct row late = { { { "next", "activate_at", "2040-01-01T00:00:00Z" } },
		"[next] certificate:", 2 };

	assert_row(*state, &late);
}

/* R36 */
static void warns_where_the_leaf_does_not_come_first_in_tokens(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = { { "first", "certificate",
		"short_ca.pem" } };
	struct make_certificate how = {
		.common_name = "S",
		.key = f->ca_key,
		.issuer = f->root,
		.issuer_key = f->ca_key,
		.not_before = now - 60 * DAY,
		.not_after = now + 3650LL * DAY,
		.extensions = { { "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" } },
	};
	X509 *ca = make_certificate(&how);
	struct findings found;

	write_tsu(f, "short_ca.pem", f->key[0], ca, now + 3650LL * DAY);
	config_free(read_changed(f, changes, &found));
	assert_int_equal(found.errors, 0);
	assert_int_equal(found.warnings, 1);
	assert_non_null(strstr(found.text, "[first] certificate: R36"));
	X509_free(ca);
}

static void warns_about_an_accuracy_in_milliseconds(void **state)
{
	static const struct setting changes[MAX_CHANGES] = { { "first", "accuracy_ms", "900" } };
	struct findings found;

	config_free(read_changed(*state, changes, &found));
	assert_int_equal(found.errors, 0);
	assert_non_null(strstr(found.text, "[first] accuracy_ms: is no whole second"));
}

static void write_published(const struct fixture *f, const char *name, const char *text)
{
	char path[2 * PATH_ROOM];

	(void)snprintf(path, sizeof(path), "%s/%s", f->publish, name);
	write_file(path, text, strlen(text));
}

static void remove_published(const struct fixture *f, const char *name)
{
	char path[2 * PATH_ROOM];

	(void)snprintf(path, sizeof(path), "%s/%s", f->publish, name);
	assert_int_equal(unlink(path), 0);
}

/* R21 */
static void publishes_the_files_of_a_folder_by_their_suffix(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = { { "tsad", "publish", "publish" } };
	struct findings found;
	struct config *c;

	write_published(f, "ca.crl", "crl");
	write_published(f, "a.html", "<p>");
	c = read_changed(f, changes, &found);
	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->file_count, 2);
	assert_string_equal(c->files[0].path, "/a.html");
	assert_string_equal(c->files[0].type, "text/html; charset=utf-8");
	assert_string_equal(c->files[1].path, "/ca.crl");
	assert_string_equal(c->files[1].type, "application/pkix-crl");
	assert_int_equal(c->files[1].content.len, 3);
	assert_memory_equal(c->files[1].content.at, "crl", 3);
	config_free(c);
	remove_published(f, "ca.crl");
	remove_published(f, "a.html");
}

static void refuses_files_that_cannot_be_published(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name;
		const char *text;
		const char *finding;
	} rows[] = {
		{ "bad.exe", "x", "publish/bad.exe: name: ends in" },
		{ ".hidden.txt", "x", "publish/.hidden.txt: name: letters" },
		{ "empty.txt", "", "empty.txt: is empty" },
		{ "tsu.pem", "x", "publish/tsu.pem: is answered by the service itself" },
		{ "ca.crl", "x", "publish/ca.crl: is also the path of endpoint [test]" },
	};
	struct row row = { { { "tsad", "publish", "publish" }, { "test", "path", "/ca.crl" } },
		NULL, 0 };
	static const struct row no_folder = { { { "tsad", "publish", "none" } },
		"none: No such file", 0 };

	assert_row(f, &no_folder);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row.finding = rows[i].finding;
		write_published(f, rows[i].name, rows[i].text);
		assert_row(f, &row);
		remove_published(f, rows[i].name);
	}
}

/* R21; tsad's own pages are not among the 64. */
static void publishes_at_most_64_files(void **state)
{
	struct fixture *f = *state;
	static const struct setting changes[MAX_CHANGES] = { { "tsad", "publish", "publish" } };
	static const struct row too_many = { { { "tsad", "publish", "publish" } },
		"64.txt: more than 64 files", 0 };
	struct findings found;
	struct config *c;
	char name[16];

	for (int i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "%02d.txt", i);
		write_published(f, name, "x");
	}
	c = read_changed(f, changes, &found);
	assert_non_null(c);
	assert_int_equal(c->file_count, 64);
	config_free(c);
	write_published(f, "64.txt", "x");
	assert_row(f, &too_many);
	for (int i = 0; i < 65; i++) {
		(void)snprintf(name, sizeof(name), "%02d.txt", i);
		remove_published(f, name);
	}
}

/* The good configuration with units more whose certificates are 55 KiB as PEM each. */
static void read_long_certificates(const struct fixture *f, int units, struct findings *found)
{
	const struct setting changes[MAX_CHANGES] = { { "test", "tsus",
		units == 4 ? "trial, m0, m1, m2, m3" : "trial, m0, m1, m2, m3, m4" } };
	char text[TEXT_ROOM] = "";

	render(text, changes);
	for (int i = 0; i < units; i++) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used,
			"[m%d]\nkey = pkcs11:token=tsa;object=m%d\nmodule = /opt/v.so\n"
			"pin_file = /etc/pin\ncertificate = long.pem\n"
			"activate_at = 2030-01-0%dT00:00:00Z\n",
			i, i, i + 1);
	}
	assert_null(read_text(f, text, strlen(text), found));
}

/* The front takes no longer page than 256 KiB. */
static void refuses_more_certificates_than_tsu_pem_has_room_for(void **state)
{
	const struct fixture *f = *state;
	BIO *bio = BIO_new(BIO_s_mem());
	struct findings found;
	char path[2 * PATH_ROOM];
	char *pem = NULL;
	long len = 0;

	while (len < 55000) {
		assert_int_equal(PEM_write_bio_X509(bio, f->ca), 1);
		len = BIO_get_mem_data(bio, &pem);
	}
	(void)snprintf(path, sizeof(path), "%s/long.pem", f->folder);
	write_file(path, pem, (size_t)len);
	BIO_free(bio);
	read_long_certificates(f, 4, &found);
	assert_null(strstr(found.text, "/tsu.pem has room for"));
	read_long_certificates(f, 5, &found);
	assert_non_null(strstr(found.text, "[tsad] endpoints: certificates: all together "));
	assert_non_null(strstr(found.text, "/tsu.pem has room for 262144"));
	assert_int_equal(unlink(path), 0);
}

/* The sample with its folder /etc/tsa put into ours; the caller frees. */
static char *read_sample(const struct fixture *f)
{
	char path[sizeof(TSA_TEST_DATA) + PATH_ROOM];
	struct buf text = { 0 };
	struct buf out = { 0 };
	struct err err = { 0 };
	const char *at;
	const char *hit;

	(void)snprintf(path, sizeof(path), "%s/../../deploy/tsad.conf", TSA_TEST_DATA);
	assert_true(config_file_read(path, CONFIG_MAX_FILE, &text, &err));
	buf_append(&text, (struct bytes){ (const uint8_t *)"", 1 });
	at = (const char *)text.at;
	while ((hit = strstr(at, "/etc/tsa")) != NULL) {
		buf_append(&out, (struct bytes){ (const uint8_t *)at, (size_t)(hit - at) });
		buf_append(&out, bytes_of_text(f->folder));
		at = hit + strlen("/etc/tsa");
	}
	buf_append(&out, bytes_of_text(at));
	buf_append(&out, (struct bytes){ (const uint8_t *)"", 1 });
	buf_free(&text);
	return (char *)out.at;
}

/* R24 */
static void finds_nothing_wrong_with_the_sample(void **state)
{
	struct fixture *f = *state;
	char *text = read_sample(f);
	struct findings found;
	struct config *c = read_text(f, text, strlen(text), &found);

	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->endpoint_count, 2);
	assert_int_equal(c->endpoints[0].profile, PROFILE_RFC3161);
	assert_string_equal(c->database, "");
	config_free(c);
	free(text);
}

/* What stands commented out in it works as well. */
static void finds_nothing_wrong_with_the_samples_csbr_example(void **state)
{
	struct fixture *f = *state;
	char example[TEXT_ROOM] = "[tsad]\nlisten = 127.0.0.1:3161\njournal = journal\n"
				  "endpoints = release\n";
	char *text = read_sample(f);
	struct findings found;
	struct config *c;
	char *save = NULL;
	char *line = strtok_r(strstr(text, "\n#[release]"), "\n", &save);

	for (; line != NULL; line = strtok_r(NULL, "\n", &save)) {
		size_t used = strlen(example);

		assert_int_equal(line[0], '#');
		(void)snprintf(example + used, sizeof(example) - used, "%s\n", line + 1);
	}
	c = read_text(f, example, strlen(example), &found);
	assert_string_equal(found.text, "");
	assert_non_null(c);
	assert_int_equal(c->endpoints[0].profile, PROFILE_CSBR);
	assert_int_equal(c->endpoints[0].tsu_count, 2);
	config_free(c);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_tsus_and_endpoints_apart),
		cmocka_unit_test(keeps_test_and_release_apart),
		cmocka_unit_test(wants_no_module_for_a_key_in_a_file),
		cmocka_unit_test(says_what_is_wrong_with_a_certificate_file),
		cmocka_unit_test(warns_only_about_a_superseded_tsus_certificate),
		cmocka_unit_test(judges_a_tsu_that_is_not_yet_active_by_its_day),
		cmocka_unit_test(warns_where_the_leaf_does_not_come_first_in_tokens),
		cmocka_unit_test(warns_about_an_accuracy_in_milliseconds),
		cmocka_unit_test(publishes_at_most_64_files),
		cmocka_unit_test(refuses_more_certificates_than_tsu_pem_has_room_for),
		cmocka_unit_test(publishes_the_files_of_a_folder_by_their_suffix),
		cmocka_unit_test(refuses_files_that_cannot_be_published),
		cmocka_unit_test(finds_nothing_wrong_with_the_sample),
		cmocka_unit_test(finds_nothing_wrong_with_the_samples_csbr_example),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
