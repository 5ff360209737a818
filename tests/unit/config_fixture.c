/* Certificates are made for the test in a folder of its own. */
#include "config_fixture.h"

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

/* Keeps every rule, under csbr too: one change each makes the bad ones. */
static const struct setting good[] = {
	{ "tsad", "listen", "127.0.0.1:3161, [::1]:3161" },
	{ "tsad", "admin", "127.0.0.1:3162" },
	{ "tsad", "endpoints", "release, test" },
	{ "tsad", "journal", "journal" },
	{ "tsad", "database", "service=tsa" },
	{ "tsad", "ack", NULL },
	{ "tsad", "clock", NULL },
	{ "tsad", "clock_slack_ms", NULL },
	{ "tsad", "max_unshipped_age", NULL },
	{ "tsad", "max_connections", NULL },
	{ "tsad", "publish", NULL },
	{ "release", "path", "/" },
	{ "release", "purpose", "release" },
	{ "release", "profile", "rfc3161" },
	{ "release", "tsus", "next, first" },
	{ "release", "policies", "1.2.3.4, 1.2.3.5" },
	{ "release", "digests", NULL },
	{ "release", "digits", NULL },
	{ "test", "path", "/test" },
	{ "test", "purpose", "test" },
	{ "test", "digits", NULL },
	{ "test", "profile", "rfc3161" },
	{ "test", "tsus", "trial" },
	{ "test", "policies", "1.2.3.6" },
	{ "first", "key", "pkcs11:token=tsa;object=first" },
	{ "first", "module", "/opt/vendor/libvendor.so" },
	{ "first", "pin_file", "pin" },
	{ "first", "certificate", "first.pem" },
	{ "first", "accuracy_ms", NULL },
	{ "first", "lanes", NULL },
	{ "first", "self_check", NULL },
	{ "first", "activate_at", NULL },
	{ "first", "allow_software_key", NULL },
	{ "next", "key", "pkcs11:token=tsa;object=next" },
	{ "next", "module", "/opt/vendor/libvendor.so" },
	{ "next", "pin_file", "/etc/tsa/pin" },
	{ "next", "certificate", "next.pem" },
	{ "next", "activate_at", "2027-01-01T00:00:00Z" },
	{ "trial", "key", "pkcs11:token=tsa;object=trial" },
	{ "trial", "module", "softhsm2.so" },
	{ "trial", "pin_file", "pin" },
	{ "trial", "certificate", "trial.pem" },
};
enum { GOOD = sizeof(good) / sizeof(good[0]) };

void collect(void *arg, bool warning, const char *text)
{
	struct findings *f = arg;
	size_t used = strlen(f->text);

	if (warning)
		f->warnings++;
	else
		f->errors++;
	(void)snprintf(
		f->text + used, sizeof(f->text) - used, "%s%s\n", warning ? "warning: " : "", text);
}

void write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_pem(const struct fixture *f, const char *name, X509 *leaf, X509 *above)
{
	char path[2 * PATH_ROOM];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, leaf), 1);
	if (above != NULL)
		assert_int_equal(PEM_write_X509(file, above), 1);
	assert_int_equal(fclose(file), 0);
}

/* Longer than any TSU's certificate here, as the quickstart's are: the leaf then sorts first. */
static X509 *make_ca(const struct fixture *f, const char *name, X509 *issuer)
{
	char comment[512];
	struct make_certificate how = {
		.common_name = name,
		.key = f->ca_key,
		.issuer = issuer,
		.issuer_key = f->ca_key,
		.not_before = now - 60 * DAY,
		.not_after = now + 3650LL * DAY,
		.digest = EVP_sha384(),
		.extensions = { { "basicConstraints", "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" }, { "nsComment", comment } },
	};

	memset(comment, 'x', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	return make_certificate(&how);
}

struct make_certificate tsu_like(
	const struct fixture *f, const char *name, EVP_PKEY *key, X509 *issuer, int64_t not_after)
{
	return (struct make_certificate){
		.common_name = name,
		.organization = "Test",
		.country = "DE",
		.key = key,
		.issuer = issuer,
		.issuer_key = f->ca_key,
		.not_before = now - 30 * DAY,
		.not_after = not_after,
		.digest = EVP_sha384(),
		.extensions = {
			{ "extendedKeyUsage", "critical,timeStamping" },
			{ "keyUsage", "critical,digitalSignature" },
			{ "authorityKeyIdentifier", "keyid" },
			{ "certificatePolicies", "2.23.140.1.4.2" },
			{ "crlDistributionPoints", "URI:http://tsa.example/ca.crl" },
			{ "authorityInfoAccess", "caIssuers;URI:http://tsa.example/ca.cer" },
		},
	};
}

void write_made(const struct fixture *f, const char *file, const struct make_certificate *how)
{
	X509 *leaf = make_certificate(how);

	write_pem(f, file, leaf, how->issuer);
	X509_free(leaf);
}

void write_tsu(
	const struct fixture *f, const char *file, EVP_PKEY *key, X509 *issuer, int64_t not_after)
{
	struct make_certificate how = tsu_like(f, file, key, issuer, not_after);

	write_made(f, file, &how);
}

/* Files that only the bad configurations name. */
static void write_bad_files(const struct fixture *f)
{
	struct make_certificate how = tsu_like(f, "bad", f->key[0], f->ca, now + 3650LL * DAY);
	X509 *leaf = make_certificate(&how);
	char path[2 * PATH_ROOM];
	FILE *file;

	write_pem(f, "with_root.pem", leaf, f->root);
	write_pem(f, "wrong_order.pem", f->ca, leaf);
	write_tsu(f, "expired.pem", f->key[0], f->ca, now - 1);
	write_tsu(f, "same_key.pem", f->key[1], f->ca, now + 3650LL * DAY);
	write_tsu(f, "test_issuer.pem", f->key[0], f->test_ca, now + 3650LL * DAY);
	write_tsu(f, "release_key.pem", f->key[0], f->test_ca, now + 3650LL * DAY);
	(void)snprintf(path, sizeof(path), "%s/with_key.pem", f->folder);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, leaf), 1);
	assert_int_equal(PEM_write_PrivateKey(file, f->key[0], NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(path, sizeof(path), "%s/no.pem", f->folder);
	write_file(path, "hello\n", 6);
	(void)snprintf(path, sizeof(path), "%s/empty.pem", f->folder);
	write_file(path, "", 0);
	(void)snprintf(path, sizeof(path), "%s/fifo", f->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	X509_free(leaf);
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *base = getenv("TMPDIR");

	*state = f;
	(void)snprintf(
		f->folder, sizeof(f->folder), "%s/tsa-config-XXXXXX", base == NULL ? "/tmp" : base);
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->config, sizeof(f->config), "%.200s/tsad.conf", f->folder);
	(void)snprintf(f->publish, sizeof(f->publish), "%.200s/publish", f->folder);
	assert_int_equal(mkdir(f->publish, 0700), 0);
	f->ca_key = make_key("P-256", 0);
	for (size_t i = 0; i < 3; i++)
		f->key[i] = make_key("P-256", 0);
	f->root = make_ca(f, "Root", NULL);
	f->ca = make_ca(f, "Issuing CA", f->root);
	f->test_root = make_ca(f, "Test Root", NULL);
	f->test_ca = make_ca(f, "Test CA", f->test_root);
	write_tsu(f, "first.pem", f->key[0], f->ca, now + 3650LL * DAY);
	write_tsu(f, "next.pem", f->key[1], f->ca, now + 3650LL * DAY);
	write_tsu(f, "trial.pem", f->key[2], f->test_ca, now + 3650LL * DAY);
	/* As deploy/tsad.conf names them. */
	write_tsu(f, "rsa2026.pem", f->key[0], f->ca, now + 3650LL * DAY);
	write_tsu(f, "test2026.pem", f->key[2], f->test_ca, now + 3650LL * DAY);
	write_tsu(f, "csbr2026.pem", f->key[0], f->ca, now + 3650LL * DAY);
	write_tsu(f, "csbr2027.pem", f->key[1], f->ca, now + 3650LL * DAY);
	write_bad_files(f);
	return 0;
}

int tear_down(void **state)
{
	static const char *const files[] = { "rsa2026.pem", "test2026.pem", "csbr2026.pem",
		"csbr2027.pem", "first.pem", "next.pem", "trial.pem", "with_root.pem",
		"wrong_order.pem", "expired.pem", "same_key.pem", "test_issuer.pem",
		"release_key.pem", "with_key.pem", "no.pem", "empty.pem", "fifo", "short_ca.pem",
		"etsi_a.pem", "etsi_b.pem", "mixed.pem", "tsad.conf", "publish/ca.crl",
		"publish/a.html", "publish/bad.exe", "publish/tsu.pem", "publish/empty.txt",
		"publish/.hidden.txt", "publish/test" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[2 * PATH_ROOM];

		(void)snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->publish), 0);
	assert_int_equal(rmdir(f->folder), 0);
	EVP_PKEY_free(f->ca_key);
	for (size_t i = 0; i < 3; i++)
		EVP_PKEY_free(f->key[i]);
	X509_free(f->root);
	X509_free(f->ca);
	X509_free(f->test_root);
	X509_free(f->test_ca);
	free(f);
	return 0;
}

static const char *changed(const struct setting *setting, const struct setting changes[MAX_CHANGES])
{
	for (size_t i = 0; i < MAX_CHANGES && changes[i].section != NULL; i++)
		if (strcmp(changes[i].section, setting->section) == 0 &&
			strcmp(changes[i].key, setting->key) == 0)
			return changes[i].value;
	return setting->value;
}

static bool is_known(const struct setting *change)
{
	for (size_t i = 0; i < GOOD; i++)
		if (strcmp(good[i].section, change->section) == 0 &&
			strcmp(good[i].key, change->key) == 0)
			return true;
	return false;
}

static void add_line(char text[TEXT_ROOM], const char *key, const char *value)
{
	size_t used = strlen(text);

	if (value == NULL)
		(void)snprintf(text + used, TEXT_ROOM - used, "[%s]\n", key);
	else
		(void)snprintf(text + used, TEXT_ROOM - used, "%s = %s\n", key, value);
}

void render(char text[TEXT_ROOM], const struct setting changes[MAX_CHANGES])
{
	for (size_t i = 0; i < GOOD; i++) {
		const char *value = changed(&good[i], changes);

		if (i == 0 || strcmp(good[i].section, good[i - 1].section) != 0)
			add_line(text, good[i].section, NULL);
		if (value != NULL)
			add_line(text, good[i].key, value);
		if (i + 1 < GOOD && strcmp(good[i].section, good[i + 1].section) == 0)
			continue;
		for (size_t k = 0; k < MAX_CHANGES && changes[k].section != NULL; k++)
			if (strcmp(changes[k].section, good[i].section) == 0 &&
				!is_known(&changes[k]))
				add_line(text, changes[k].key, changes[k].value);
	}
}

struct config *read_text(
	const struct fixture *f, const char *text, size_t len, struct findings *found)
{
	struct config *config;

	*found = (struct findings){ 0 };
	write_file(f->config, text, len);
	config = config_read(f->config, now, collect, found);
	assert_int_equal(config == NULL, found->errors > 0);
	return config;
}

struct config *read_changed(
	const struct fixture *f, const struct setting changes[MAX_CHANGES], struct findings *found)
{
	char text[TEXT_ROOM] = "";

	render(text, changes);
	return read_text(f, text, strlen(text), found);
}

void assert_row(const struct fixture *f, const struct row *row)
{
	struct findings found;
	struct config *config = read_changed(f, row->changes, &found);
	unsigned errors = row->errors == 0 ? 1 : row->errors;

	if (strstr(found.text, row->finding) == NULL || found.errors != errors)
		fail_msg("wanted %u finding(s), one with \"%s\"; found:\n%s", errors, row->finding,
			found.text);
	assert_null(config);
}

void assert_rows(const struct fixture *f, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_row(f, &rows[i]);
}
