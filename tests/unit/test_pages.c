/*
 * The pages that tsad makes, the states of TSUs over time, and `past': design section 6, R21.
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
#include <jansson.h>
#include <openssl/pem.h>

#include "tsa/authority/pages.h"
#include "tsa/authority/units.h"

static const int64_t next_at = 1795000000 + 100; /* activate_at of [next] */
static const char next_at_text[] = "2026-11-18T11:08:20Z";

/* The good configuration with [next] to follow [first] soon. */
static struct config *read_soon(const struct fixture *f, const char *past)
{
	const struct setting changes[MAX_CHANGES] = { { "next", "activate_at", next_at_text },
		{ "tsad", "publish", "publish" }, { past == NULL ? NULL : "tsad", "past", past } };
	struct findings found;
	struct config *c = read_changed(f, changes, &found);

	if (c == NULL)
		fail_msg("%s", found.text);
	return c;
}

static size_t index_of(const struct config *c, const char *name)
{
	size_t at = 0;

	while (at < c->tsu_count && strcmp(c->tsus[at].name, name) != 0)
		at++;
	assert_true(at < c->tsu_count);
	return at;
}

/* A page as text; the caller frees. NULL: there is no such page. */
static char *page(const struct config *c, int64_t at, const char *path, const char *type)
{
	struct config_file pages[PAGES_COUNT];
	size_t count = pages_make(c, at, pages);
	char *text = NULL;

	for (size_t i = 0; i < count; i++) {
		assert_true(pages[i].content.len <= MSG_MAX_FILE);
		if (strcmp(pages[i].path, path) == 0) {
			assert_string_equal(pages[i].type, type);
			text = strndup((const char *)pages[i].content.at, pages[i].content.len);
		}
		buf_free(&pages[i].content);
	}
	return text;
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		count++;
	return count;
}

static void r17_states_change_when_a_tsu_follows_another(void **state)
{
	struct config *c = read_soon(*state, NULL);
	size_t first = index_of(c, "first");
	size_t next = index_of(c, "next");

	assert_int_equal(unit_state(c, first, next_at - 1), UNIT_PRESENT);
	assert_int_equal(unit_state(c, next, next_at - 1), UNIT_NEXT);
	assert_int_equal(unit_next_change(c, now), next_at);
	assert_int_equal(unit_state(c, first, next_at), UNIT_PAST);
	assert_int_equal(unit_state(c, next, next_at), UNIT_PRESENT);
	/* T-10: a key whose time is over signs no more. */
	assert_true(unit_next_change(c, next_at) > next_at);
	assert_int_equal(unit_state(c, next, c->tsus[next].sign_until - 1), UNIT_PRESENT);
	assert_int_equal(unit_state(c, next, c->tsus[next].sign_until), UNIT_PAST);
	assert_true(unit_next_change(c, now + 20000LL * DAY) == INT64_MAX);
	config_free(c);
}

/* The object of a TSU in the list; NULL if there is none. */
static const json_t *unit_named(const json_t *root, const char *name)
{
	size_t i;
	json_t *unit;

	json_array_foreach(json_object_get(root, "tsus"), i, unit)
	{
		const char *found = json_string_value(json_object_get(unit, "name"));

		if (found == NULL ? name == NULL : name != NULL && strcmp(found, name) == 0)
			return unit;
	}
	return NULL;
}

static const char *text_of(const json_t *unit, const char *member)
{
	const char *text = json_string_value(json_object_get(unit, member));

	assert_non_null(text);
	return text;
}

static json_t *tsu_page(const struct config *c, int64_t at)
{
	char *text = page(c, at, "/tsu", "application/json");
	json_t *root = json_loads(text, 0, NULL);

	assert_non_null(root);
	free(text);
	return root;
}

static void r21_tsu_lists_every_certificate_with_its_state(void **state)
{
	struct config *c = read_soon(*state, NULL);
	json_t *root = tsu_page(c, now);
	const json_t *first = unit_named(root, "first");

	assert_string_equal(text_of(root, "as_of"), "2026-11-18T11:06:40Z");
	assert_int_equal(json_array_size(json_object_get(root, "tsus")), 3);
	assert_string_equal(text_of(first, "state"), "present");
	assert_string_equal(text_of(first, "endpoint"), "/");
	assert_string_equal(text_of(first, "purpose"), "release");
	assert_string_equal(text_of(first, "subject"), "CN=first.pem,O=Test,C=DE");
	assert_string_equal(text_of(first, "issuer"), "CN=Issuing CA");
	assert_int_equal(strlen(text_of(first, "sha256")), 64);
	assert_true(strlen(text_of(first, "serial")) > 0);
	assert_string_equal(text_of(first, "not_before"), "2026-10-19T11:06:40Z");
	assert_int_equal(count_of(text_of(first, "pem"), "BEGIN CERTIFICATE"), 2);
	assert_true(json_is_null(json_object_get(first, "activate_at")));
	assert_true(json_array_size(json_object_get(first, "imprints")) > 0);
	assert_string_equal(text_of(unit_named(root, "next"), "state"), "next");
	assert_string_equal(text_of(unit_named(root, "next"), "activate_at"), next_at_text);
	assert_string_equal(text_of(unit_named(root, "trial"), "purpose"), "test");
	json_decref(root);
	root = tsu_page(c, next_at);
	assert_string_equal(text_of(unit_named(root, "first"), "state"), "past");
	assert_string_equal(text_of(unit_named(root, "next"), "state"), "present");
	json_decref(root);
	config_free(c);
}

static void r21_past_units_are_listed_although_they_have_expired(void **state)
{
	struct config *c = read_soon(*state, "expired.pem");
	json_t *root = tsu_page(c, now);
	const json_t *past = unit_named(root, NULL);
	char *pem = page(c, now, "/tsu.pem", "application/x-pem-file");

	assert_int_equal(json_array_size(json_object_get(root, "tsus")), 4);
	assert_string_equal(text_of(past, "state"), "past");
	assert_string_equal(text_of(past, "subject"), "CN=expired.pem,O=Test,C=DE");
	assert_null(json_object_get(past, "endpoint"));
	assert_int_equal(count_of(pem, "BEGIN CERTIFICATE"), 8);
	assert_non_null(strstr(pem, text_of(past, "pem")));
	free(pem);
	json_decref(root);
	config_free(c);
}

/* What may not stand in `past'. */
static void write_past_files(const struct fixture *f)
{
	X509 *server;
	const struct make_certificate how = { .common_name = "server",
		.key = f->key[0],
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before = now - DAY,
		.not_after = now + DAY,
		.extensions = { { "extendedKeyUsage", "serverAuth" } } };
	char path[2 * PATH_ROOM];
	FILE *file;

	server = make_certificate(&how);
	(void)snprintf(path, sizeof(path), "%s/bad.pem", f->folder);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, server), 1);
	assert_int_equal(fclose(file), 0);
	X509_free(server);
}

static void r21_past_holds_certificates_of_tsus_with_their_issuers(void **state)
{
	static const struct {
		const char *file;
		const char *finding;
	} cases[] = {
		{ "missing.pem", "[tsad] past: " },
		{ "empty.pem", "[tsad] past: " },
		{ "no.pem", "RFC 7468: holds no certificate in PEM" },
		{ "with_key.pem", "block 2: is a \"PRIVATE KEY\": only certificates belong there" },
		{ "wrong_order.pem", "block 1: is an authority's: the first one is a TSU's" },
		{ "with_root.pem", "block 2: T-11: did not issue the one before it" },
		{ "first.pem", "TSU 1: is [first], which is still in a list" },
		{ "bad.pem", "block 1: P-05: extendedKeyUsage of a TSU holds timeStamping" },
	};
	const struct fixture *f = *state;
	char path[2 * PATH_ROOM];

	write_past_files(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct row row = { { { "tsad", "past", cases[i].file } }, cases[i].finding,
			0 };

		assert_row(f, &row);
	}
	(void)snprintf(path, sizeof(path), "%s/bad.pem", f->folder);
	assert_int_equal(unlink(path), 0);
}

static void r21_certchain_is_of_the_tsu_that_signs_with_the_root_that_is_published(void **state)
{
	static const char type[] = "application/pem-certificate-chain";
	const struct fixture *f = *state;
	struct config *c = read_soon(f, NULL);
	char *chain = page(c, now, "/api/v1/timestamp/certchain", type);
	char *later = page(c, next_at, "/api/v1/timestamp/certchain", type);
	char path[2 * PATH_ROOM];
	FILE *file;

	assert_int_equal(count_of(chain, "BEGIN CERTIFICATE"), 2);
	assert_string_not_equal(chain, later);
	free(chain);
	free(later);
	config_free(c);
	(void)snprintf(path, sizeof(path), "%s/root.cer", f->publish);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(i2d_X509_fp(file, f->root), 1);
	assert_int_equal(fclose(file), 0);
	(void)snprintf(path, sizeof(path), "%s/other.pem", f->publish);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, f->test_root), 1);
	assert_int_equal(fclose(file), 0);
	c = read_soon(f, NULL);
	chain = page(c, now, "/api/v1/timestamp/certchain", type);
	assert_int_equal(count_of(chain, "BEGIN CERTIFICATE"), 3);
	free(chain);
	config_free(c);
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/root.cer", f->publish);
	assert_int_equal(unlink(path), 0);
}

static void the_help_page_names_each_tool_endpoint_policy_and_file(void **state)
{
	static const char *const words[] = { "signtool sign /tr URL /td sha256",
		"osslsigncode sign -ts URL", "jsign --tsaurl URL --tsmode RFC3161",
		"jarsigner -tsa URL", "nuget sign", "--timestamper URL", "Acrobat", "pyhanko",
		"cosign", "URL/api/v1/timestamp", "tsa-stamp --url URL", "openssl ts -query",
		"curl -H", "<code>/</code>", "<code>/test</code>", "sha256, sha384, sha512",
		"href=\"/tsu.pem\"", "href=\"/tsu\"", "href=\"/api/v1/timestamp/certchain\"",
		"test signing only" };
	struct config *c = read_soon(*state, NULL);
	char *text = page(c, now, "/", "text/html; charset=utf-8");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]) == NULL)
			fail_msg("the page lacks: %s", words[i]);
	free(text);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r17_states_change_when_a_tsu_follows_another),
		cmocka_unit_test(r21_tsu_lists_every_certificate_with_its_state),
		cmocka_unit_test(r21_past_units_are_listed_although_they_have_expired),
		cmocka_unit_test(r21_past_holds_certificates_of_tsus_with_their_issuers),
		cmocka_unit_test(
			r21_certchain_is_of_the_tsu_that_signs_with_the_root_that_is_published),
		cmocka_unit_test(the_help_page_names_each_tool_endpoint_policy_and_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
