/* Bundles: written whole or not at all, read as they were written, and refused once changed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "token_fixture.h"
#include "tools/verify/bundle.h"
#include "tools/verify/seal.h"

/* A folder of its own, and the bundle in it. */
struct place {
	char folder[128];
	char bundle[160];
};

/* A line of shell with the path in $d. */
static void must_run(const char *command, const char *path)
{
	assert_int_equal(setenv("d", path, 1), 0);
	assert_int_equal(system(command), 0);
}

static struct place new_place(void)
{
	struct place place;

	(void)snprintf(place.folder, sizeof(place.folder), "%s/tsa-bundle.XXXXXX",
		getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(place.folder));
	(void)snprintf(place.bundle, sizeof(place.bundle), "%s/bundle", place.folder);
	return place;
}

static void end_place(const struct place *place)
{
	must_run("rm -rf \"$d\"", place->folder);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static void put(struct seal *seal, const char *name, struct bytes octets)
{
	struct err err = { 0 };

	if (!seal_put(seal, &(struct seal_file){ .name = name, .octets = octets }, &err))
		fail_msg("%s", err.text);
}

/* A certificate and a text. */
static void make_bundle(const struct fixture *f, const struct place *place)
{
	struct err err = { 0 };
	struct seal *seal = seal_new(place->bundle, "now", "me", "test", &err);
	struct buf der = der_of(f->ca);

	assert_non_null(seal);
	put(seal, "certs/ca.cer", buf_view(&der));
	put(seal, "certs/ca.cer", bytes_of_text("left out: the name is taken"));
	put(seal, "note", bytes_of_text("hello"));
	assert_int_equal(access(place->bundle, F_OK), -1);
	assert_true(seal_finish(seal, &err));
	seal_free(seal);
	buf_free(&der);
}

static void a_bundle_is_read_as_it_was_written(void **state)
{
	const struct fixture *f = *state;
	struct place place = new_place();
	struct buf der = der_of(f->ca);
	struct bundle bundle;
	struct err err = { 0 };

	make_bundle(f, &place);
	if (!bundle_read(place.bundle, &bundle, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bundle.count, 2);
	assert_int_equal(bundle.items[0].kind, BUNDLE_MANIFEST);
	assert_int_equal(bundle.items[1].kind, BUNDLE_CERTIFICATE);
	assert_true(bytes_equal(buf_view(&bundle.items[1].octets), buf_view(&der)));
	assert_int_equal(bundle.others, 0);
	bundle_wipe(&bundle);
	must_run("test \"$(ls -A \"$d\")\" = bundle", place.folder);
	buf_free(&der);
	end_place(&place);
}

static void a_changed_bundle_is_refused(void **state)
{
	static const struct {
		const char *change; /* $d: the bundle */
		const char *why;
	} cases[] = {
		{ "printf hallo >\"$d/note\"", "note: SHA-256 must be as the manifest says" },
		{ "printf hell >\"$d/note\"", "note: must have 5 octets" },
		{ "rm \"$d/note\"", "note: must be there, as manifest.json says: is not" },
		{ "touch \"$d/more\"", "more: must be named in manifest.json: is not" },
		{ "mkdir \"$d/x\"; touch \"$d/x/y\"", "x/y: must be named in manifest.json" },
		{ "sed -i s,s/ca,s/cb, \"$d/manifest.json\"", "certs/cb.cer: must be there" },
		{ "echo >\"$d/manifest.json\"", "manifest.json: must be JSON" },
		{ "mv \"$d/note\" \"$d-note\"; mkdir \"$d/note\"", "note: must be there" },
		{ "rm \"$d/note\"; mkfifo \"$d/note\"", "note: must be there" },
		{ "d=$d/1; for i in 1 2 3 4; do mkdir \"$d\"; d=$d/1; done",
			"folders at most 4 deep" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place = new_place();
		struct bundle bundle;
		struct err err = { 0 };

		make_bundle(*state, &place);
		must_run(cases[i].change, place.bundle);
		if (bundle_read(place.bundle, &bundle, &err) ||
			strstr(err.text, cases[i].why) == NULL)
			fail_msg(
				"%s: wanted %s, found %s", cases[i].change, cases[i].why, err.text);
		bundle_wipe(&bundle);
		end_place(&place);
	}
}

static void tokens_over_the_manifest_may_come_later(void **state)
{
	struct place place = new_place();
	struct bundle bundle;
	struct err err = { 0 };

	make_bundle(*state, &place);
	write_file(place.bundle, "manifest.json.tsr", "");
	write_file(place.bundle, "manifest.json.tsr.tsr", "");
	write_file(place.bundle, "record.ers", "");
	assert_true(bundle_read(place.bundle, &bundle, &err));
	bundle_wipe(&bundle);
	write_file(place.bundle, "manifest.json.txt", "");
	assert_false(bundle_read(place.bundle, &bundle, &err));
	bundle_wipe(&bundle);
	end_place(&place);
}

static void nothing_is_replaced_and_nothing_is_left(void **state)
{
	struct place place = new_place();
	struct err err = { 0 };
	struct seal *seal = seal_new(place.bundle, "now", "me", "test", &err);

	(void)state;
	assert_non_null(seal);
	put(seal, "a/b", bytes_of_text("x"));
	assert_int_equal(mkdir(place.bundle, 0700), 0);
	assert_false(seal_finish(seal, &err));
	assert_non_null(strstr(err.text, "File exists"));
	seal_free(seal);
	must_run("test \"$(ls -A \"$d\")\" = bundle", place.folder);
	assert_null(seal_new(place.bundle, "now", "me", "test", &err));
	assert_non_null(strstr(err.text, "must not be there yet: is"));
	assert_null(seal_new("/nowhere/at/all", "now", "me", "test", &err));
	end_place(&place);
}

/* --- what octets are ------------------------------------------------------------------------- */

static enum bundle_kind kind_of(struct bytes octets)
{
	struct bundle bundle = { 0 };
	struct err err = { 0 };
	enum bundle_kind kind;

	assert_true(bundle_sort(&bundle, "x", octets, &err));
	assert_int_equal(bundle.count, 1);
	assert_true(bytes_equal(buf_view(&bundle.items[0].octets), octets));
	kind = bundle.items[0].kind;
	bundle_wipe(&bundle);
	return kind;
}

static struct buf crl_of(const struct fixture *f)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, 1700000000);
	unsigned char *der = NULL;
	struct buf out = { 0 };
	int len;

	assert_true(X509_CRL_set_version(crl, 1) && X509_CRL_set1_lastUpdate(crl, now) &&
		    X509_CRL_set_issuer_name(crl, X509_get_subject_name(f->ca)) &&
		    X509_CRL_sign(crl, f->ca_key, EVP_sha256()) > 0);
	len = i2d_X509_CRL(crl, &der);
	assert_true(len > 0);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_CRL_free(crl);
	ASN1_TIME_free(now);
	return out;
}

static void octets_are_known_by_what_they_are(void **state)
{
	static const uint8_t ocsp_try_later[] = { 0x30, 3, 0x0a, 1, 3 };
	static const uint8_t record[] = { 0x30, 6, 2, 1, 1, 0x30, 1, 0 };
	const struct fixture *f = *state;
	struct token *token = make_token(f, f->p256, f->p256_key, TSP_SHA256);
	struct buf der = der_of(f->root), crl = crl_of(f);

	assert_int_equal(kind_of(buf_view(&der)), BUNDLE_CERTIFICATE);
	assert_int_equal(kind_of(buf_view(&crl)), BUNDLE_CRL);
	assert_int_equal(kind_of(token->token), BUNDLE_TOKEN);
	assert_int_equal(
		kind_of((struct bytes){ ocsp_try_later, sizeof(ocsp_try_later) }), BUNDLE_OCSP);
	assert_int_equal(kind_of((struct bytes){ record, sizeof(record) }), BUNDLE_RECORD);
	free_token(token);
	buf_free(&der);
	buf_free(&crl);
}

static void other_octets_are_left_out_and_counted(void **state)
{
	static const uint8_t key[] = { 0x30, 3, 2, 1, 0 };
	const struct fixture *f = *state;
	struct bundle bundle = { 0 };
	struct buf der = der_of(f->root);
	struct err err = { 0 };

	assert_true(bundle_sort(&bundle, "x", (struct bytes){ 0 }, &err));
	assert_true(bundle_sort(&bundle, "x", bytes_of_text("hello"), &err));
	assert_true(bundle_sort(&bundle, "x", (struct bytes){ key, sizeof(key) }, &err));
	buf_append(&der, bytes_of_text("x"));
	assert_true(bundle_sort(&bundle, "x", buf_view(&der), &err));
	assert_int_equal(bundle.count, 0);
	assert_int_equal(bundle.others, 4);
	bundle_wipe(&bundle);
	buf_free(&der);
}

static void pem_of_several_things_gives_each(void **state)
{
	const struct fixture *f = *state;
	struct buf crl = crl_of(f);
	const uint8_t *at = crl.at;
	X509_CRL *parsed = d2i_X509_CRL(NULL, &at, (long)crl.len);
	BIO *out = BIO_new(BIO_s_mem());
	struct bundle bundle = { 0 };
	struct err err = { 0 };
	char *text = NULL;
	long len;

	assert_true(BIO_puts(out, "words before\n") > 0 && PEM_write_bio_X509(out, f->root) &&
		    PEM_write_bio_X509_CRL(out, parsed) && PEM_write_bio_X509(out, f->ca) &&
		    PEM_write_bio_PrivateKey(out, f->p256_key, NULL, NULL, 0, NULL, NULL));
	len = BIO_get_mem_data(out, &text);
	assert_true(bundle_sort(
		&bundle, "x", (struct bytes){ (const uint8_t *)text, (size_t)len }, &err));
	assert_int_equal(bundle.count, 3);
	assert_int_equal(bundle.items[0].kind, BUNDLE_CERTIFICATE);
	assert_int_equal(bundle.items[1].kind, BUNDLE_CRL);
	assert_int_equal(bundle.items[2].kind, BUNDLE_CERTIFICATE);
	bundle_wipe(&bundle);
	BIO_free(out);
	X509_CRL_free(parsed);
	buf_free(&crl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bundle_is_read_as_it_was_written),
		cmocka_unit_test(a_changed_bundle_is_refused),
		cmocka_unit_test(tokens_over_the_manifest_may_come_later),
		cmocka_unit_test(nothing_is_replaced_and_nothing_is_left),
		cmocka_unit_test(octets_are_known_by_what_they_are),
		cmocka_unit_test(other_octets_are_left_out_and_counted),
		cmocka_unit_test(pem_of_several_things_gives_each),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
