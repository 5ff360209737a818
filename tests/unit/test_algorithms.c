/* The table of algorithms with dates: what is built in, and what no table may say. */
#include "tsa/token/check/algorithms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/conf.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include "tsa/token/check/algorithms_part.h"

#define HEAD "[table]\nversion = test/1\n"

/* The last second before a day, by date(1). */
enum {
	BEFORE_2004_08_01 = 1091318399,
	BEFORE_2012_08_01 = 1343779199,
	BEFORE_2014_08_01 = 1406851199,
	BEFORE_2019_10_01 = 1569887999,
	BEFORE_2020_12_01 = 1606780799,
	BEFORE_2021_10_01 = 1633046399,
	BEFORE_2029_01_01 = 1861919999,
};

static void knows_each_digest_of_the_table(void **unused)
{
	static const struct {
		int digest;
		int64_t last;
	} rows[] = {
		{ NID_md2, ALGORITHMS_NEVER },
		{ NID_md4, ALGORITHMS_NEVER },
		{ NID_md5, BEFORE_2004_08_01 },
		{ NID_sha1, BEFORE_2012_08_01 },
		{ NID_ripemd160, BEFORE_2014_08_01 },
		{ NID_whirlpool, BEFORE_2020_12_01 },
		{ NID_sha224, BEFORE_2029_01_01 },
		{ NID_sha256, ALGORITHMS_NO_END },
		{ NID_sha384, ALGORITHMS_NO_END },
		{ NID_sha512, ALGORITHMS_NO_END },
		{ NID_sha512_256, ALGORITHMS_NO_END },
		{ NID_sha3_256, ALGORITHMS_NO_END },
		{ NID_sha3_384, ALGORITHMS_NO_END },
		{ NID_sha3_512, ALGORITHMS_NO_END },
		{ NID_sha3_224, ALGORITHMS_NEVER },
		{ NID_mdc2, ALGORITHMS_NEVER },
		{ NID_undef, ALGORITHMS_NEVER },
	};
	struct algorithms *table = algorithms_default();

	(void)unused;
	assert_string_equal(algorithms_version(table), "ETSI-TS-119312-1.5.1/2024-10-13");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(algorithms_digest(table, rows[i].digest) == rows[i].last);
	algorithms_free(table);
}

/* A public key of that many bits: its length is all that is asked about. */
static EVP_PKEY *rsa_of(int bits)
{
	EVP_PKEY *key = EVP_PKEY_new();
	RSA *rsa = RSA_new();
	BIGNUM *n = BN_new();
	BIGNUM *e = BN_new();

	assert_true(BN_set_word(e, 65537) && BN_set_bit(n, bits - 1) && BN_set_bit(n, 0));
	assert_int_equal(RSA_set0_key(rsa, n, e, NULL), 1);
	assert_int_equal(EVP_PKEY_assign_RSA(key, rsa), 1);
	assert_int_equal(EVP_PKEY_get_bits(key), bits);
	return key;
}

static EVP_PKEY *dsa_of(int bits)
{
	EVP_PKEY *key = EVP_PKEY_new();
	DSA *dsa = DSA_new();
	BIGNUM *numbers[4] = { BN_new(), BN_new(), BN_new(), BN_new() };

	assert_true(BN_set_bit(numbers[0], bits - 1) && BN_set_bit(numbers[0], 0));
	assert_true(BN_set_bit(numbers[1], 255) && BN_set_word(numbers[2], 3));
	assert_true(BN_set_word(numbers[3], 5));
	assert_int_equal(DSA_set0_pqg(dsa, numbers[0], numbers[1], numbers[2]), 1);
	assert_int_equal(DSA_set0_key(dsa, numbers[3], NULL), 1);
	assert_int_equal(EVP_PKEY_assign_DSA(key, dsa), 1);
	return key;
}

/* The table's answer for a key, which is freed, and its name. */
static int64_t ask(int scheme, EVP_PKEY *key, const char *name)
{
	struct algorithms *table = algorithms_default();
	int64_t last = algorithms_signature(table, scheme, key);
	char out[32];

	algorithms_signature_name(scheme, key, out);
	assert_string_equal(out, name);
	algorithms_free(table);
	EVP_PKEY_free(key);
	return last;
}

static void rsa_ends_by_length_and_padding(void **unused)
{
	static const struct {
		int bits;
		int64_t pkcs1;
		int64_t pss;
	} rows[] = {
		{ 785, ALGORITHMS_NEVER, ALGORITHMS_NEVER },
		{ 1023, 1280620799, 1280620799 },
		{ 1024, BEFORE_2019_10_01, BEFORE_2019_10_01 },
		{ 1899, BEFORE_2019_10_01, BEFORE_2019_10_01 },
		{ 1900, BEFORE_2029_01_01, BEFORE_2029_01_01 },
		{ 2048, BEFORE_2029_01_01, BEFORE_2029_01_01 },
		{ 2999, BEFORE_2029_01_01, BEFORE_2029_01_01 },
		{ 3000, BEFORE_2029_01_01, ALGORITHMS_NO_END },
		{ 16384, BEFORE_2029_01_01, ALGORITHMS_NO_END },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "rsa-%d", rows[i].bits);
		assert_true(ask(NID_rsaEncryption, rsa_of(rows[i].bits), name) == rows[i].pkcs1);
		assert_true(ask(NID_sha512WithRSAEncryption, rsa_of(rows[i].bits), name) ==
			    rows[i].pkcs1);
		snprintf(name, sizeof(name), "rsassa-pss-%d", rows[i].bits);
		assert_true(ask(NID_rsassaPss, rsa_of(rows[i].bits), name) == rows[i].pss);
	}
}

static void dsa_and_ecdsa_end_by_length(void **unused)
{
	(void)unused;
	assert_true(ask(NID_dsa_with_SHA256, dsa_of(1024), "dsa-1024") == 1448927999);
	assert_true(ask(NID_dsa, dsa_of(2048), "dsa-2048") == BEFORE_2029_01_01);
	assert_true(ask(NID_dsaWithSHA1, dsa_of(3072), "dsa-3072") == ALGORITHMS_NO_END);
	assert_true(ask(NID_ecdsa_with_SHA1, EVP_EC_gen("prime192v1"), "ecdsa-192") ==
		    BEFORE_2012_08_01);
	assert_true(ask(NID_ecdsa_with_SHA256, EVP_EC_gen("secp224r1"), "ecdsa-224") ==
		    BEFORE_2021_10_01);
	assert_true(ask(NID_X9_62_id_ecPublicKey, EVP_EC_gen("P-256"), "ecdsa-256") ==
		    ALGORITHMS_NO_END);
	assert_true(ask(NID_ecdsa_with_SHA3_384, EVP_EC_gen("brainpoolP384r1"), "ecdsa-384") ==
		    ALGORITHMS_NO_END);
}

static void eddsa_has_no_end(void **unused)
{
	(void)unused;
	assert_true(ask(NID_ED25519, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ed25519") ==
		    ALGORITHMS_NO_END);
	assert_true(ask(NID_ED448, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "ed448") ==
		    ALGORITHMS_NO_END);
}

static void a_scheme_that_the_key_cannot_make_is_never_relied_on(void **unused)
{
	(void)unused;
	assert_true(
		ask(NID_rsaEncryption, EVP_EC_gen("P-256"), "rsaEncryption") == ALGORITHMS_NEVER);
	assert_true(ask(NID_ecdsa_with_SHA256, rsa_of(4096), "id-ecPublicKey") == ALGORITHMS_NEVER);
	assert_true(ask(NID_ED448, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ED448") ==
		    ALGORITHMS_NEVER);
	assert_true(ask(NID_undef, rsa_of(4096), "unknown") == ALGORITHMS_NEVER);
	assert_true(ask(NID_rsaEncryption, NULL, "rsaEncryption") == ALGORITHMS_NEVER);
}

static struct algorithms *read_text(const char *text, struct err *err)
{
	return algorithms_read(bytes_of_text(text), err);
}

static void another_file_takes_the_place_of_the_table(void **unused)
{
	struct err err = { 0 };
	struct algorithms *table = read_text("# mine\n\n" HEAD "  [digest]\t\n"
					     "\tsha1=1999-12-31  \nsha3-224 = no end\n"
					     "md5 = never",
		&err);

	(void)unused;
	assert_non_null(table);
	assert_string_equal(algorithms_version(table), "test/1");
	assert_true(algorithms_digest(table, NID_sha1) == 946598399);
	assert_true(algorithms_digest(table, NID_sha3_224) == ALGORITHMS_NO_END);
	assert_true(algorithms_digest(table, NID_md5) == ALGORITHMS_NEVER);
	assert_true(algorithms_digest(table, NID_sha256) == ALGORITHMS_NEVER);
	algorithms_free(table);
}

static void refuses_what_no_table_may_say(void **unused)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{ "", "[table] version: is missing" },
		{ "[digest]\nsha1 = no end\n", "[table] version: is missing" },
		{ HEAD, "the table has no row" },
		{ "sha1 = no end\n", "line 1: sha1: stands before any section" },
		{ HEAD "version = 2\n", "line 3: [table] version: is there twice" },
		{ "[table]\nname = 2\n", "line 2: [table] name: only version stands here" },
		{ HEAD "[digest]\n[rsa]\n[digest]\n", "line 5: section [digest] is there twice" },
		{ HEAD "[hash]\n", "line 3: there is no section [hash]" },
		{ HEAD "[digest\n", "line 3: a section is [name]" },
		{ HEAD "[\n", "line 3: a section is [name]" },
		{ HEAD "[digest]\nsha1 no end\n", "line 4: is no row: key = value" },
		{ HEAD "[digest]\nsha1 =\n", "line 4: key or value is empty" },
		{ HEAD "[digest]\n= no end\n", "line 4: key or value is empty" },
		{ HEAD "[digest]\nSHA1 = no end\n",
			"line 4: a key has small letters, digits, . and - only" },
		{ HEAD "[digest]\nsha2 = no end\n",
			"line 4: [digest] sha2: no algorithm has this name here" },
		{ HEAD "[eddsa]\nsha1 = no end\n",
			"line 4: [eddsa] sha1: no algorithm has this name here" },
		{ HEAD "[digest]\nsha1 = no end\nmd5 = never\nsha1 = no end\n",
			"line 6: [digest] sha1: is there twice, first in line 4" },
		{ HEAD "[digest]\nsha1 = 2012-02-30\n",
			"line 4: [digest] sha1: is no date since 1970 (2019-10-01), \"no end\" or "
			"\"never\"" },
		{ HEAD "[rsa]\n1024..2048 = no end\n2048.. = no end\n",
			"line 5: [rsa] 2048..: these lengths are there twice, first in line 4" },
		{ HEAD "[rsa]\n1024.. = no end\n4096..8192 = 2029-01-01\n",
			"line 5: [rsa] 4096..8192: these lengths are there twice, first in line "
			"4" },
		{ HEAD "[dsa]\n2048.. = 2019-01-01\n1024..2047 = 2019-01-02\n",
			"line 5: [dsa] 1024..2047: a longer key ends earlier than a shorter one, "
			"first in line 4" },
		{ HEAD "[dsa]\n1024..2047 = no end\n2048.. = 2029-01-01\n",
			"line 5: [dsa] 2048..: a longer key ends earlier than a shorter one, first "
			"in line 4" },
		{ HEAD "[digest]\nsha1 = $ENV::HOME\n",
			"line 4: a row has letters, digits and .:/_+- only" },
		{ HEAD "[digest]\nsha1 = no end # why\n",
			"line 4: a row has letters, digits and .:/_+- only" },
		{ HEAD ".include /etc/passwd\n", "line 3: is no row: key = value" },
		{ HEAD ".include = x\n", "line 3: [table] .include: only version stands here" },
		{ HEAD "# a comment goes on \\\n[digest]\n", "line 3: a NUL, or a \\ at the end" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };

		assert_null(read_text(rows[i].text, &err));
		assert_string_equal(err.text, rows[i].says);
	}
}

static void refuses_lengths_and_dates_that_are_none(void **unused)
{
	static const char *const keys[] = { "1024", "1024.", "..", "..1024", "0..1024", "1024...",
		"1024..1023", "1024..0", "65537..", "1..65537", "100000..", "1024..2047x",
		"-1..2" };
	static const char *const ends[] = { "2012", "2012-8-1", "2012-08-01Z", "2012-13-01",
		"2012-00-01", "2012-01-00", "1969-12-31", "1970-01-01", "noend", "no  end", "Never",
		"+012-08-01", "2012/08/01", "2100-02-29" };
	char text[128];

	(void)unused;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct err err = { 0 };

		snprintf(text, sizeof(text), HEAD "[rsa]\n%s = no end\n", keys[i]);
		assert_null(read_text(text, &err));
		assert_non_null(strstr(err.text, "is no range of key lengths from 1 to 65536"));
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct err err = { 0 };

		snprintf(text, sizeof(text), HEAD "[rsa]\n1024.. = %s\n", ends[i]);
		assert_null(read_text(text, &err));
		assert_non_null(strstr(err.text, "[rsa] 1024..: is no date since 1970"));
	}
}

static void refuses_what_is_past_a_limit(void **unused)
{
	struct buf text = { 0 };
	struct err err = { 0 };
	char row[96];

	(void)unused;
	snprintf(row, sizeof(row), "[table]\nversion = %064d\n", 1);
	assert_null(read_text(row, &err));
	assert_string_equal(err.text, "line 2: [table] version: has more than 63 characters");

	buf_append(&text, bytes_of_text(HEAD "[rsa]\n"));
	for (int i = 0; i <= ALGORITHMS_MAX_ROWS; i++) {
		snprintf(row, sizeof(row), "%d..%d = no end\n", 2 * i + 1, 2 * i + 2);
		buf_append(&text, bytes_of_text(row));
	}
	assert_null(algorithms_read(buf_view(&text), &err));
	assert_string_equal(err.text, "line 260: [rsa] 513..514: the table has more than 256 rows");
	while (text.len <= ALGORITHMS_MAX_TEXT)
		buf_append(&text, bytes_of_text("# a comment of some length to fill it\n"));
	assert_null(algorithms_read(buf_view(&text), &err));
	assert_non_null(strstr(err.text, "more than 65536"));
	memset(text.at, '#', 256);
	assert_null(algorithms_read((struct bytes){ text.at, 256 }, &err));
	assert_string_equal(err.text, "line 1: has more than 255 characters");
	buf_free(&text);
}

/* The syntax is openssl.cnf(5)'s: OpenSSL reads the same rows, no more and no fewer. */
static void openssl_reads_the_built_in_table_alike(void **unused)
{
	struct bytes text = algorithms_built_in();
	BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
	CONF *conf = NCONF_new(NULL);
	struct algorithms *table = algorithms_default();
	int rows = 0;

	(void)unused;
	assert_int_equal(NCONF_load_bio(conf, bio, NULL), 1);
	for (int kind = ALGORITHMS_DIGEST; kind < ALGORITHMS_KINDS; kind++)
		rows += sk_CONF_VALUE_num(
			NCONF_get_section(conf, algorithms_kind_name((enum algorithms_kind)kind)));
	assert_int_equal(rows, (int)table->count);
	assert_string_equal(NCONF_get_string(conf, "table", "version"), algorithms_version(table));
	assert_string_equal(NCONF_get_string(conf, "rsa", "1024..1899"), "2019-10-01");
	assert_string_equal(NCONF_get_string(conf, "digest", "sha3-512"), "no end");
	algorithms_free(table);
	NCONF_free(conf);
	BIO_free(bio);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_each_digest_of_the_table),
		cmocka_unit_test(rsa_ends_by_length_and_padding),
		cmocka_unit_test(dsa_and_ecdsa_end_by_length),
		cmocka_unit_test(eddsa_has_no_end),
		cmocka_unit_test(a_scheme_that_the_key_cannot_make_is_never_relied_on),
		cmocka_unit_test(another_file_takes_the_place_of_the_table),
		cmocka_unit_test(refuses_what_no_table_may_say),
		cmocka_unit_test(refuses_lengths_and_dates_that_are_none),
		cmocka_unit_test(refuses_what_is_past_a_limit),
		cmocka_unit_test(openssl_reads_the_built_in_table_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
