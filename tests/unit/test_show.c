/* tsa-verify --show: all that is there, and nothing that a terminal could act on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"
#include "tools/verify/show.h"
#include "tools/verify/text.h"

/* The text of made; frees both. */
static char *shown(struct made *made)
{
	struct token_file file;
	struct signer signer;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *all;

	assert_non_null(out);
	token_file_read(made_file(made), &file);
	signer_find(&file, NULL, &signer);
	all = show(&file, &signer);
	text_print(out, all);
	(void)fclose(out);
	json_decref(all);
	signer_wipe(&signer);
	token_file_wipe(&file);
	made_free(made);
	return text;
}

static void expect_lines(char *text, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("wanted '%s' in:\n%s", lines[i], text);
	free(text);
}

static void shows_each_field(void **state)
{
	static const char *const lines[] = {
		"kind: TimeStampResp\n",
		"encoding: DER\n",
		"  status: 0\n",
		"  statusName: granted\n",
		"  policy: 1.2.3.4\n",
		"    digest: 2.16.840.1.101.3.4.2.1 (sha256)\n",
		"    parameters: NULL\n",
		"    value: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n",
		"  serialNumber: 0x0102030405060708090A0B0C\n",
		"  genTime: 2026-03-01T12:00:00.123Z\n",
		"    seconds: 1\n",
		"  ordering: no\n",
		"  nonce: 0x05\n",
		"  tsa: none\n",
		"  contentType: 1.2.840.113549.1.7.2 (pkcs7-signedData)\n",
		"  version: 3\n",
		"      subject: C = DE, O = Test, CN = TSU 2026\n",
		"      notBefore: 2026-01-01T00:00:00Z\n",
		"      key: id-ecPublicKey 256 bits prime256v1\n",
		"        1: 1.3.6.1.5.5.7.3.8 (Time Stamping)\n",
		"      isSigner: yes\n",
		"      issuer: CN = Issuing CA\n",
		"        type: 1.2.840.113549.1.9.3 (contentType)\n",
		"        type: 1.2.840.113549.1.9.16.2.47 (id-smime-aa-signingCertificateV2)\n",
		"            digest: 2.16.840.1.101.3.4.2.1 (sha256)\n",
		"            isSigner: yes\n",
		"    signatureAlgorithm: 1.2.840.10045.4.3.2 (ecdsa-with-SHA256)\n",
	};
	struct made made = made_new(*state);

	expect_lines(shown(&made), lines, sizeof(lines) / sizeof(lines[0]));
}

static void shows_what_is_seldom_there(void **state)
{
	static const char *const lines[] = {
		"kind: TimeStampToken\n",
		"encoding: BER\n",
		"bytesBehind: 2\n",
		"    millis: 500\n",
		"    micros: 1\n",
		"  ordering: yes\n",
		"  nonce: -0x05\n",
		"  tsa: DirName:CN = TSU\n",
		"      critical: yes\n",
		"      value: 0500\n",
		"        type: 1.2.840.113549.1.9.5 (signingTime)\n        value: 2026-03-01T12:00:00Z\n",
		"          digestAlgorithm: 2.16.840.1.101.3.4.2.1 (sha256)\n",
		"    unsignedAttributes:\n      1:\n        type: 1.2.3.4\n        value: 0500\n",
	};
	struct made made = made_new(*state);

	made_set(&made, REPLY_STATUS, "");
	made_set(&made, BEHIND, "0500");
	made_set(&made, TST_ACCURACY, "3007 800201f4 810101");
	made_set(&made, TST_ORDERING, "0101ff");
	made_set(&made, TST_NONCE, "0201fb");
	made_set(&made, TST_TSA, "a012 a410 300e 310c 300a 0603550403 0c03 545355");
	made_set(&made, TST_EXTENSIONS, "a10e 300c 0603 2a0304 0101ff 0402 0500");
	made_set(&made, ATTR_SIGNING_TIME,
		"301c 06092a864886f70d010905 310f 170d3236303330313132303030305a");
	made_set(&made, ATTR_PROTECTION,
		"3028 06092a864886f70d010934 311b 3019 300b 0609608648016503040201 a10a "
		"06082a8648ce3d040302");
	made_set(&made, SIGNER_UNSIGNED, "a10b 3009 06032a0304 3102 0500");
	made_set(&made, DATA_VERSION, "02020003");
	expect_lines(shown(&made), lines, sizeof(lines) / sizeof(lines[0]));
}

static void shows_a_refusal(void **state)
{
	static const char *const lines[] = {
		"  status: 2\n",
		"  statusName: rejection\n",
		"    1: no\\u{1b}[2Jway\n",
		"    1: badAlg (bit 0)\n",
		"    2: systemFailure (bit 25)\n",
		"  token: no\n",
	};
	struct made made = made_new(*state);

	made_set(&made, REPLY_STATUS, "3017 020102 300b 0c09 6e6f1b5b324a776179 0305 06800000 40");
	made_set(&made, REPLY_TOKEN, "");
	expect_lines(shown(&made), lines, sizeof(lines) / sizeof(lines[0]));
}

static void says_what_cannot_be_read(void **state)
{
	static const char *const neither[] = { "kind: neither", "broken: " };
	static const char *const content[] = {
		"tstInfo:\n  broken: genTime is no GeneralizedTime\n"
	};
	static const char *const data[] = { "signedData:\n",
		"  broken: SignerInfo is malformed\n" };
	struct made made = made_new(*state);

	made_set(&made, REPLY_TOKEN, "0500");
	expect_lines(shown(&made), neither, 2);
	made = made_new(*state);
	made_set(&made, TST_GEN_TIME, "0500");
	expect_lines(shown(&made), content, 1);
	made = made_new(*state);
	made_set(&made, DATA_SIGNERS, "31023000");
	expect_lines(shown(&made), data, 2);
}

static void expect_escaped(const char *text, size_t len, const char *wanted)
{
	char *found = NULL;
	size_t found_len = 0;
	FILE *out = open_memstream(&found, &found_len);

	assert_non_null(out);
	text_escaped(out, (struct bytes){ (const uint8_t *)text, len });
	(void)fclose(out);
	assert_string_equal(found, wanted);
	free(found);
}

static void escapes_what_a_terminal_could_act_on(void **state)
{
	(void)state;
	expect_escaped("plain \xc3\xa9 \xe2\x82\xac", 12, "plain \xc3\xa9 \xe2\x82\xac");
	expect_escaped("\x1b[31m\n\0", 7, "\\u{1b}[31m\\u{a}\\u{0}");
	expect_escaped("\x7f\xc2\x9b", 3, "\\u{7f}\\u{9b}"); /* DEL, C1 CSI */
	expect_escaped("\xe2\x80\xae", 3, "\\u{202e}"); /* right to left */
	expect_escaped("\xef\xbb\xbf", 3, "\\u{feff}");
	expect_escaped("\\", 1, "\\\\");
	expect_escaped("\xff\xc3(\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80\xe2\x82", 14,
		"\\xff\\xc3(\\xed\\xa0\\x80\\xc0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x82");
}

static void makes_json_of_any_bytes(void **state)
{
	json_t *string = text_json((struct bytes){ (const uint8_t *)"a\xff\0z", 4 });

	(void)state;
	assert_int_equal(json_string_length(string), 6);
	assert_memory_equal(json_string_value(string), "a\xef\xbf\xbd\0z", 6);
	json_decref(string);
	string = text_json((struct bytes){ 0 });
	assert_string_equal(json_string_value(string), "");
	json_decref(string);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_each_field),
		cmocka_unit_test(shows_what_is_seldom_there),
		cmocka_unit_test(shows_a_refusal),
		cmocka_unit_test(says_what_cannot_be_read),
		cmocka_unit_test(escapes_what_a_terminal_could_act_on),
		cmocka_unit_test(makes_json_of_any_bytes),
	};

	return cmocka_run_group_tests(tests, lint_set_up, lint_tear_down);
}
