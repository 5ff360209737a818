/* The signer's certificate, and the names of it: rows 10, 11 and tsa of row 13 of longterm.md 1.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"

/* --- the certificate --------------------------------------------------------------------------*/

/* One extension of the signer's certificate replaced, or taken out. */
struct extension_case {
	const char *name;
	const char *extension;
	const char *value; /* NULL: taken out */
	bool legacy;
	enum check_result result;
	const char *id;
	const char *text;
};

static const struct extension_case extension_cases[] = {
	{ "10 a CA", "basicConstraints", "critical,CA:TRUE", false, CHECK_FAIL, "V-10", "cA TRUE" },
	{ "10 no keyUsage", "keyUsage", NULL, false, CHECK_PASS, "V-10", "has no keyUsage" },
	{ "10 nonRepudiation", "keyUsage", "critical,nonRepudiation", false, CHECK_PASS, "V-10",
		"for signatures" },
	{ "10 keyEncipherment as well", "keyUsage", "digitalSignature,keyEncipherment", false,
		CHECK_WARN, "V-10", "keyEncipherment" },
	{ "10 keyEncipherment alone", "keyUsage", "keyEncipherment", false, CHECK_FAIL, "V-10",
		"neither" },
	{ "10 cRLSign as well", "keyUsage", "digitalSignature,cRLSign", false, CHECK_FAIL, "V-10",
		"it has more" },
	{ "10 a keyUsage that is none", "keyUsage", "DER:05:00", false, CHECK_FAIL, "V-10",
		"decode" },
	{ "11 none", "extendedKeyUsage", NULL, false, CHECK_FAIL, "V-11", "it has not" },
	{ "11 not critical", "extendedKeyUsage", "timeStamping", false, CHECK_FAIL, "V-11",
		"is critical: it is not" },
	{ "11 not critical, as asked for", "extendedKeyUsage", "timeStamping", true, CHECK_WARN,
		"V-11", "let pass as asked for" },
	{ "11 another purpose as well", "extendedKeyUsage", "critical,timeStamping,codeSigning",
		true, CHECK_FAIL, "V-11", "it has more" },
	{ "11 an unknown purpose as well", "extendedKeyUsage", "critical,timeStamping,1.2.3.4.5",
		true, CHECK_FAIL, "V-11", "it has more" },
	{ "11 twice the same", "extendedKeyUsage", "critical,timeStamping,timeStamping", false,
		CHECK_FAIL, "V-11", "it has more" },
	{ "11 any purpose", "extendedKeyUsage", "critical,anyExtendedKeyUsage", true, CHECK_FAIL,
		"V-11", "it has not" },
	{ "11 one that is none", "extendedKeyUsage", "critical,DER:05:00", true, CHECK_FAIL, "V-11",
		"cannot be read" },
};

static void run_extension_case(void **state)
{
	const struct extension_case *of = *state;
	const struct lint_world *world = lint_group();
	const struct said_beside beside = {
		.anchor = world->root,
		.wants = { .legacy_eku = of->legacy },
	};
	struct make_certificate how = lint_leaf(world, NULL);
	struct made made = made_new(world);
	struct said said;

	lint_extension(&how, of->extension, of->value);
	made_signer(&made, &how);
	said_of(made_file(&made), &beside, &said);
	if (of->result == CHECK_FAIL)
		said_is(&said, CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE);
	else
		said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, of->id, of->result, of->text);
	said_wipe(&said);
	made_free(&made);
}

/* X.509 says one of each; which of two counts must not be asked. */
static void refuses_two_extended_key_usages(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	const struct make_extension again = { "extendedKeyUsage", "critical,timeStamping" };
	struct make_certificate how = lint_leaf(world, NULL);
	X509_EXTENSION *extension = make_extension(&again, NULL, NULL, NULL);
	struct made made = made_new(world);
	struct said said;

	made_signer(&made, &how);
	assert_int_equal(X509_add_ext(made.leaf, extension, -1), 1);
	assert_true(X509_sign(made.leaf, world->ca_key, EVP_sha256()) > 0);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_CHAIN_CONSTRAINTS_FAILURE);
	said_line(&said, "V-11", CHECK_FAIL, "there are more");
	said_wipe(&said);
	made_free(&made);
	X509_EXTENSION_free(extension);
}

/* --- tsa --------------------------------------------------------------------------------------*/

/* [0] around the [4] directoryName of a name, its RDNs as they are or turned round. */
static void name_in_tsa(struct made *made, const X509_NAME *name, bool turned)
{
	X509_NAME *copy = X509_NAME_new();
	int count = X509_NAME_entry_count(name);
	struct buf content = { 0 };
	uint8_t *der = NULL;
	int len;

	for (int i = 0; i < count; i++)
		assert_int_equal(
			X509_NAME_add_entry(
				copy, X509_NAME_get_entry(name, turned ? count - 1 - i : i), -1, 0),
			1);
	len = i2d_X509_NAME(copy, &der);
	assert_true(len > 0);
	buf_append(&content, (struct bytes){ der, (size_t)len });
	content = element(0xa4, &content);
	made_set_element(made, TST_TSA, 0xa0, buf_view(&content));
	buf_free(&content);
	OPENSSL_free(der);
	X509_NAME_free(copy);
}

static void compares_tsa_with_the_subject(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct said said;

	name_in_tsa(&made, X509_get_subject_name(world->leaf), false);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-13", CHECK_PASS, "");
	said_wipe(&said);
	name_in_tsa(&made, X509_get_subject_name(world->leaf), true);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-13", CHECK_WARN, "reverse order");
	said_wipe(&said);
	name_in_tsa(&made, X509_get_subject_name(world->ca), false);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_wipe(&said);
	made_free(&made);
}

static void compares_tsa_with_other_names_of_the_subject(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct make_certificate how = lint_leaf(world, NULL);
	struct made made = made_new(world);
	struct said said;

	lint_extension(&how, "subjectAltName", "DNS:tsa.example");
	made_signer(&made, &how);
	made_set(&made, TST_TSA, "a00d 820b 7473612e6578616d706c65");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_wipe(&said);
	made_set(&made, TST_TSA, "a00d 820b 7473622e6578616d706c65");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_wipe(&said);
	made_free(&made);
}

enum { EXTENSION_CASES = sizeof(extension_cases) / sizeof(extension_cases[0]) };

static int run_extension_cases(void)
{
	struct CMUnitTest tests[EXTENSION_CASES];

	for (size_t i = 0; i < EXTENSION_CASES; i++)
		tests[i] = (struct CMUnitTest){
			.name = extension_cases[i].name,
			.test_func = run_extension_case,
			.initial_state = (void *)(uintptr_t)&extension_cases[i],
		};
	return cmocka_run_group_tests(tests, lint_set_up_group, lint_tear_down_group);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_two_extended_key_usages),
		cmocka_unit_test(compares_tsa_with_the_subject),
		cmocka_unit_test(compares_tsa_with_other_names_of_the_subject),
	};

	return cmocka_run_group_tests(tests, lint_set_up, lint_tear_down) + run_extension_cases();
}
