/* Key URIs (design D6, RFC 7512). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/core/msg.h"
#include "tsa/hsm/uri.h"

static struct hsm_uri *parsed(const char *text)
{
	struct err err = { 0 };
	struct hsm_uri *uri = hsm_uri_parse(text, &err);

	if (uri == NULL)
		fail_msg("%s: %s", text, err.text);
	return uri;
}

/* The text of the refusal must name the rule. */
static void assert_refused(const char *text, const char *rule)
{
	struct err err = { 0 };
	struct hsm_uri *uri = hsm_uri_parse(text, &err);

	if (uri != NULL)
		fail_msg("%s was accepted", text);
	if (strstr(err.text, rule) == NULL)
		fail_msg("%s: no '%s' in: %s", text, rule, err.text);
}

static CK_TOKEN_INFO token_named(const char *label, const char *serial)
{
	CK_TOKEN_INFO token;

	memset(&token, ' ', sizeof(token));
	memcpy(token.label, label, strlen(label));
	memcpy(token.serialNumber, serial, strlen(serial));
	return token;
}

static void names_token_and_key_by_their_labels(void **unused)
{
	struct hsm_uri *uri = parsed("pkcs11:token=tsa;object=rsa2026");
	CK_TOKEN_INFO right = token_named("tsa", "1");
	CK_TOKEN_INFO longer = token_named("tsa2", "1");
	struct bytes id = bytes_of_text("1");

	(void)unused;
	assert_string_equal(hsm_uri_text(uri), "pkcs11:token=tsa;object=rsa2026");
	assert_true(hsm_uri_matches_token(uri, 7, &right));
	assert_false(hsm_uri_matches_token(uri, 7, &longer));
	assert_true(hsm_uri_matches_object(uri, "rsa2026", id));
	assert_false(hsm_uri_matches_object(uri, "rsa202", id));
	hsm_uri_free(uri);
}

static void names_token_by_serial_or_slot_and_key_by_id(void **unused)
{
	struct hsm_uri *serial = parsed("pkcs11:serial=0a1b;id=%01%ff");
	struct hsm_uri *slot = parsed("pkcs11:slot-id=7;id=%01%ff;type=private");
	CK_TOKEN_INFO right = token_named("x", "0a1b");
	CK_TOKEN_INFO wrong = token_named("x", "0a1c");
	const uint8_t id[] = { 0x01, 0xff };

	(void)unused;
	assert_true(hsm_uri_matches_token(serial, 1, &right));
	assert_false(hsm_uri_matches_token(serial, 1, &wrong));
	assert_true(hsm_uri_matches_token(slot, 7, &wrong));
	assert_false(hsm_uri_matches_token(slot, 8, &wrong));
	assert_true(hsm_uri_matches_object(serial, "any", (struct bytes){ id, 2 }));
	assert_false(hsm_uri_matches_object(serial, "any", (struct bytes){ id, 1 }));
	hsm_uri_free(serial);
	hsm_uri_free(slot);
}

static void wants_every_attribute_that_it_names(void **unused)
{
	struct hsm_uri *uri = parsed("pkcs11:token=tsa;serial=1;object=a;id=%02");
	CK_TOKEN_INFO other_serial = token_named("tsa", "2");
	const uint8_t other_id[] = { 0x03 };

	(void)unused;
	assert_false(hsm_uri_matches_token(uri, 0, &other_serial));
	assert_false(hsm_uri_matches_object(uri, "a", (struct bytes){ other_id, 1 }));
	hsm_uri_free(uri);
}

static void decodes_percent_escapes(void **unused)
{
	struct hsm_uri *uri = parsed("pkcs11:token=my%20token;object=a%3bb");
	CK_TOKEN_INFO token = token_named("my token", "1");

	(void)unused;
	assert_true(hsm_uri_matches_token(uri, 0, &token));
	assert_true(hsm_uri_matches_object(uri, "a;b", (struct bytes){ 0 }));
	hsm_uri_free(uri);
}

static void describes_what_it_names_for_messages(void **unused)
{
	struct hsm_uri *uri = parsed("pkcs11:token=tsa;serial=1;slot-id=3;object=a;id=%02%a0");
	char text[96];
	char cut[8];

	(void)unused;
	hsm_uri_describe_token(uri, text, sizeof(text));
	assert_string_equal(text, "label 'tsa', serial '1', slot-id '3'");
	hsm_uri_describe_object(uri, text, sizeof(text));
	assert_string_equal(text, "label 'a', id '02a0'");
	hsm_uri_describe_token(uri, cut, sizeof(cut));
	assert_string_equal(cut, "label '");
	hsm_uri_free(uri);
}

static void refuses_secrets_and_never_repeats_them(void **unused)
{
	static const char *const texts[] = { "pkcs11:token=t;object=o?pin-value=s3cr3t",
		"pkcs11:token=t;object=o?pin-source=file:s3cr3t",
		"pkcs11:token=t;object=o;pin-value=s3cr3t",
		"pkcs11:token=t;object=o?pin-value=s3cr3t%zz" };
	struct err err;

	(void)unused;
	assert_refused(texts[0], "secrets never stand in the configuration");
	assert_refused(texts[1], "secrets never stand in the configuration");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err = (struct err){ 0 };
		assert_null(hsm_uri_parse(texts[i], &err));
		assert_null(strstr(err.text, "s3cr3t"));
	}
}

static void refuses_to_choose_the_module(void **unused)
{
	(void)unused;
	assert_refused("pkcs11:token=t;object=o?module-path=/x.so", "setting of its own");
	assert_refused("pkcs11:token=t;object=o?module-name=x", "setting of its own");
	assert_refused("pkcs11:token=t;object=o;library-manufacturer=x", "not known here");
}

static void refuses_what_names_no_token_or_no_key(void **unused)
{
	(void)unused;
	assert_refused("pkcs11:object=o", "must name the token");
	assert_refused("pkcs11:manufacturer=m;object=o", "must name the token");
	assert_refused("pkcs11:token=t", "must name the key");
	assert_refused("pkcs11:token=t;type=private", "must name the key");
	assert_refused("pkcs11:", "must name the token");
}

static void refuses_what_is_no_private_key_of_a_token(void **unused)
{
	(void)unused;
	assert_refused("pkcs11:token=t;object=o;type=cert", "must be private");
	assert_refused("pkcs11:token=t;object=o;type=public", "must be private");
	assert_refused("pkcs11:token=t;object=o;slot-description=x", "not a reader");
}

static void refuses_what_is_no_uri_of_rfc_7512(void **unused)
{
	char longer[MSG_MAX_URI + 1] = "pkcs11:token=t;object=";

	(void)unused;
	memset(longer + strlen(longer), 'o', sizeof(longer) - 1 - strlen(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_refused("", "RFC 7512");
	assert_refused("file:/tmp/key.pem", "RFC 7512");
	assert_refused("pkcs11:token", "RFC 7512");
	assert_refused("pkcs11:token=%zz;object=o", "RFC 7512");
	assert_refused("pkcs11:token=t;object=o;x-vendor=1", "not known here");
	assert_refused("pkcs11:token=t;objekt=o", "not known here");
	assert_refused(longer, "must be shorter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_token_and_key_by_their_labels),
		cmocka_unit_test(names_token_by_serial_or_slot_and_key_by_id),
		cmocka_unit_test(wants_every_attribute_that_it_names),
		cmocka_unit_test(decodes_percent_escapes),
		cmocka_unit_test(describes_what_it_names_for_messages),
		cmocka_unit_test(refuses_secrets_and_never_repeats_them),
		cmocka_unit_test(refuses_to_choose_the_module),
		cmocka_unit_test(refuses_what_names_no_token_or_no_key),
		cmocka_unit_test(refuses_what_is_no_private_key_of_a_token),
		cmocka_unit_test(refuses_what_is_no_uri_of_rfc_7512),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
