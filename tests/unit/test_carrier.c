/* Signatures with time-stamps: all that is in a file is found, and nothing that it lies about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "carrier_fixture.h"

static const uint8_t first_token[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
static const uint8_t second_token[] = { 0x30, 0x03, 0x02, 0x01, 0x02 };
static const uint8_t third_token[] = { 0x30, 0x03, 0x02, 0x01, 0x03 };
static const struct bytes first = { first_token, sizeof(first_token) };
static const struct bytes second = { second_token, sizeof(second_token) };
static const struct bytes third = { third_token, sizeof(third_token) };

static struct carrier *must_open(struct buf *file)
{
	struct err err = { 0 };
	struct carrier *carrier = open_carrier(file, &err);

	if (carrier == NULL)
		fail_msg("must open: %s", err.text);
	return carrier;
}

/* Frees file. */
static void refuses(struct buf *file, const char *why)
{
	struct err err = { 0 };

	assert_null(open_carrier(file, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("wanted '%s': %s", why, err.text);
	buf_free(file);
}

static void expect_stamp(const struct carrier *carrier, unsigned i, enum carrier_stamp_kind kind,
	unsigned signature, struct bytes octets)
{
	const struct carrier_stamp *stamp = carrier_stamp(carrier, i);

	assert_int_equal(stamp->kind, kind);
	assert_int_equal(stamp->signature, signature);
	assert_true(bytes_equal(stamp->octets, octets));
}

static struct buf stamped(const struct carrier_world *world, const char *oid, struct bytes token)
{
	CMS_ContentInfo *cms = sign_content(world, "content", 0);

	add_unsigned(cms, oid, token);
	return der_of_cms(cms);
}

static void finds_each_kind_of_time_stamp(void **state)
{
	CMS_ContentInfo *cms = sign_content(*state, "content", 0);
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(
		sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0));
	struct bytes wanted = { ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
	struct carrier *carrier;
	uint8_t digest[EVP_MAX_MD_SIZE], own[EVP_MAX_MD_SIZE];
	struct buf file, kept = { 0 };

	buf_append(&kept, wanted);
	add_unsigned(cms, TIME_STAMP_OID, first);
	add_unsigned(cms, MICROSOFT_OID, second);
	add_unsigned(cms, COUNTERSIGNATURE_OID, third);
	add_unsigned(cms, "1.2.3.4", third);
	file = der_of_cms(cms);
	carrier = must_open(&file);
	assert_int_equal(carrier_kind(carrier), CARRIER_CMS);
	assert_int_equal(carrier_signature_count(carrier), 1);
	assert_int_equal(carrier_stamp_count(carrier), 3);
	/* In the order of a SET's DER. */
	expect_stamp(carrier, 0, CARRIER_COUNTERSIGNATURE, 0, third);
	expect_stamp(carrier, 1, CARRIER_MICROSOFT, 0, second);
	expect_stamp(carrier, 2, CARRIER_RFC3161, 0, first);
	assert_true(bytes_equal(carrier_signature(carrier, 0)->value, buf_view(&kept)));
	assert_int_equal(carrier_digest((void *)(uintptr_t)carrier_signature(carrier, 0),
				 EVP_sha256(), digest),
		32);
	assert_int_equal(EVP_Digest(kept.at, kept.len, own, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(digest, own, 32);
	carrier_free(carrier);
	buf_free(&file);
	buf_free(&kept);
}

static void expect_result(struct buf *file, enum signer_info_result result, const char *why)
{
	struct carrier *carrier = must_open(file);
	const struct carrier_signature *signature = carrier_signature(carrier, 0);

	assert_int_equal(signature->result, result);
	if (strstr(signature->why.text, why) == NULL)
		fail_msg("wanted '%s': %s", why, signature->why.text);
	carrier_free(carrier);
	buf_free(file);
}

static void says_whether_the_signature_is_its_signers(void **state)
{
	const struct carrier_world *world = *state;
	struct carrier *carrier;
	struct buf file = der_of_cms(sign_content(world, "content", 0));

	carrier = must_open(&file);
	assert_int_equal(X509_cmp(carrier_signature(carrier, 0)->signer, world->signer), 0);
	carrier_free(carrier);
	expect_result(&file, SIGNER_INFO_GOOD, "");
	file = der_of_cms(sign_content(world, "content", CMS_DETACHED));
	expect_result(&file, SIGNER_INFO_GOOD_ATTRIBUTES, "");
	file = der_of_cms(sign_content(world, "content", CMS_NOATTR));
	expect_result(&file, SIGNER_INFO_GOOD, "");
	file = der_of_cms(sign_content(world, "content", CMS_NOATTR | CMS_DETACHED));
	expect_result(&file, SIGNER_INFO_UNKNOWN, "no signed attributes");
	file = der_of_cms(sign_content(world, "content", CMS_USE_KEYID));
	expect_result(&file, SIGNER_INFO_GOOD, "");
	file = der_of_cms(sign_content(world, "content", CMS_NOCERTS));
	expect_result(&file, SIGNER_INFO_UNKNOWN, "not in it");
	file = der_of_cms(sign_content(world, "content", CMS_USE_KEYID | CMS_NOCERTS));
	expect_result(&file, SIGNER_INFO_UNKNOWN, "not in it");
}

static void sees_what_was_altered(void **state)
{
	struct buf file = der_of_cms(sign_content(*state, "content", 0));
	uint8_t *content = memmem(file.at, file.len, "content", 7);

	assert_non_null(content);
	content[0] ^= 1;
	expect_result(&file, SIGNER_INFO_OTHER_CONTENT, "messageDigest");
	file = der_of_cms(sign_content(*state, "content", 0));
	file.at[file.len - 1] ^= 1;
	expect_result(&file, SIGNER_INFO_BAD, "not by this certificate's key");
	file = der_of_cms(sign_content(*state, "content", CMS_NOATTR));
	content = memmem(file.at, file.len, "content", 7);
	content[0] ^= 1;
	expect_result(&file, SIGNER_INFO_BAD, "not by this certificate's key");
}

/* Attributes of one type under the content of another (RFC 5652 11.1). */
static void compares_the_type_of_the_content(void **state)
{
	static const uint8_t data_oid[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
		0x07, 0x01 };
	struct buf file = der_of_cms(sign_content(*state, "content", 0));
	uint8_t *oid = memmem(file.at, file.len, data_oid, sizeof(data_oid));

	assert_non_null(oid);
	oid[sizeof(data_oid) - 1] = 5;
	expect_result(&file, SIGNER_INFO_BAD, "contentType");
}

static void reads_ber_and_pem(void **state)
{
	const struct carrier_world *world = *state;
	CMS_ContentInfo *cms;
	BIO *in = BIO_new_mem_buf("content", -1);
	BIO *out = BIO_new(BIO_s_mem());
	struct carrier *carrier;
	struct buf file = { 0 };
	char *at;
	long len;

	/* Streamed: lengths are indefinite, the content in pieces. */
	cms = CMS_sign(world->signer, world->key, NULL, in, CMS_BINARY | CMS_STREAM);
	assert_int_equal(i2d_CMS_bio_stream(out, cms, in, CMS_BINARY | CMS_STREAM), 1);
	len = BIO_get_mem_data(out, &at);
	buf_append(&file, (struct bytes){ (uint8_t *)at, (size_t)len });
	assert_int_equal(file.at[1], 0x80);
	expect_result(&file, SIGNER_INFO_GOOD, "");
	(void)BIO_reset(out);
	CMS_ContentInfo_free(cms);
	cms = sign_content(*state, "content", 0);
	add_unsigned(cms, TIME_STAMP_OID, first);
	assert_int_equal(PEM_write_bio_CMS(out, cms), 1);
	len = BIO_get_mem_data(out, &at);
	buf_append(&file, (struct bytes){ (uint8_t *)at, (size_t)len });
	carrier = must_open(&file);
	expect_stamp(carrier, 0, CARRIER_RFC3161, 0, first);
	carrier_free(carrier);
	buf_free(&file);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(out);
}

static void finds_every_signature_of_a_program(void **state)
{
	struct buf nested = stamped(*state, MICROSOFT_OID, third), signatures[2], file;
	CMS_ContentInfo *cms = sign_content(*state, "content", 0);
	struct carrier *carrier;

	add_unsigned(cms, TIME_STAMP_OID, first);
	add_unsigned(cms, NESTED_OID, buf_view(&nested));
	signatures[0] = der_of_cms(cms);
	signatures[1] = stamped(*state, COUNTERSIGNATURE_OID, second);
	file = make_pe(signatures, 2);
	carrier = must_open(&file);
	assert_int_equal(carrier_kind(carrier), CARRIER_PE);
	assert_int_equal(carrier_signature_count(carrier), 3);
	assert_string_equal(carrier_signature(carrier, 0)->place, "certificate 1");
	assert_string_equal(carrier_signature(carrier, 1)->place, "certificate 2");
	assert_string_equal(
		carrier_signature(carrier, 2)->place, "certificate 1, nested signature 1");
	expect_stamp(carrier, 0, CARRIER_RFC3161, 0, first);
	expect_stamp(carrier, 1, CARRIER_COUNTERSIGNATURE, 1, second);
	expect_stamp(carrier, 2, CARRIER_MICROSOFT, 2, third);
	carrier_free(carrier);
	buf_free(&file);
	buf_free(&nested);
}

/* One signature; the octets of text at offset, from the table's beginning, replaced. */
static struct buf bent_pe(
	const struct carrier_world *world, size_t offset, const char *text, size_t len)
{
	struct buf signature = stamped(world, TIME_STAMP_OID, first), file = make_pe(&signature, 1);

	memcpy(file.at + offset, text, len);
	return file;
}

static void believes_no_length_of_a_program(void **state)
{
	struct buf file = make_pe(NULL, 0);
	struct carrier *carrier = must_open(&file);
	size_t table = pe_table_at(&file);

	assert_int_equal(carrier_signature_count(carrier), 0);
	carrier_free(carrier);
	buf_free(&file);
	file = bent_pe(*state, table, "\0\0\0\0", 4);
	refuses(&file, "dwLength must be 8");
	file = bent_pe(*state, table, "\xff\xff\xff\xff", 4);
	refuses(&file, "dwLength must be 8");
	file = bent_pe(*state, 0x3c, "\xff\xff\xff\xff", 4);
	refuses(&file, "PE header");
	file = bent_pe(*state, 64, "NE", 2);
	refuses(&file, "must begin with PE");
	file = bent_pe(*state, 64 + 24, "\0\0", 2);
	refuses(&file, "PE32");
	file = bent_pe(*state, 64 + 24 + 96 + 32, "\xf0\xff\xff\xff", 4);
	refuses(&file, "must be inside the file");
	file = bent_pe(*state, 64 + 24 + 96 + 36, "\xff\xff\xff\x7f", 4);
	refuses(&file, "must be inside the file");
	file = bent_pe(*state, table + 8, "\x31", 1);
	refuses(&file, "no ContentInfo");
}

static void a_cut_program_is_refused_wherever_it_is_cut(void **state)
{
	struct buf signature = stamped(*state, TIME_STAMP_OID, first),
		   file = make_pe(&signature, 1);
	size_t whole = file.len;

	for (size_t len = 0; len < whole; len++) {
		struct err err = { 0 };

		file.len = len;
		assert_null(open_carrier(&file, &err));
		assert_true(err.text[0] != '\0');
	}
	buf_free(&file);
}

static void finds_the_signatures_of_a_jar(void **state)
{
	static const char names[] = "Signature-Version: 1.0\r\n\r\n";
	CMS_ContentInfo *cms = sign_content(*state, names, CMS_DETACHED);
	struct buf block, other = stamped(*state, MICROSOFT_OID, second), file;
	struct carrier *carrier;

	add_unsigned(cms, TIME_STAMP_OID, first);
	block = der_of_cms(cms);
	file = make_zip(
		(struct zip_file[]){
			{ "META-INF/MANIFEST.MF", bytes_of_text("Manifest-Version: 1.0\r\n"),
				true },
			{ "META-INF/A.SF", bytes_of_text(names), true },
			{ "META-INF/a.rsa", buf_view(&block), true },
			{ "META-INF/B.EC", buf_view(&other), false },
			{ "META-INF/deep/C.RSA", bytes_of_text("not one"), false },
			{ "A.RSA", bytes_of_text("not one"), false },
		},
		6);
	carrier = must_open(&file);
	assert_int_equal(carrier_kind(carrier), CARRIER_JAR);
	assert_int_equal(carrier_signature_count(carrier), 2);
	assert_string_equal(carrier_signature(carrier, 0)->place, "META-INF/a.rsa");
	/* Detached, and yet compared: with the .SF. */
	assert_int_equal(carrier_signature(carrier, 0)->result, SIGNER_INFO_GOOD);
	expect_stamp(carrier, 0, CARRIER_RFC3161, 0, first);
	expect_stamp(carrier, 1, CARRIER_MICROSOFT, 1, second);
	carrier_free(carrier);
	buf_free(&file);
	file = make_zip((struct zip_file[]){ { "META-INF/A.SF", bytes_of_text("another"), false },
				{ "META-INF/A.RSA", buf_view(&block), false } },
		2);
	expect_result(&file, SIGNER_INFO_OTHER_CONTENT, "messageDigest");
	buf_free(&block);
	buf_free(&other);
}

/* One deflated block, whose name is 14 octets long. */
static struct buf jar(const struct carrier_world *world)
{
	struct buf block = stamped(world, TIME_STAMP_OID, first), file;

	file = make_zip((struct zip_file[]){ { "META-INF/A.RSA", buf_view(&block), true } }, 1);
	buf_free(&block);
	return file;
}

static void believes_no_record_of_a_jar(void **state)
{
	enum { END = 22, CENTRAL = 46 + 14 + END }; /* octets from the end */
	struct zip_file twice[] = { { "META-INF/A.RSA", bytes_of_text("x"), false },
		{ "META-INF/A.rsa", bytes_of_text("x"), false } };
	struct buf file = jar(*state);
	uint8_t octet;

	file.at[30] = 'm'; /* name in the local header */
	refuses(&file, "has another name");
	file = jar(*state);
	file.at[file.len - CENTRAL + 16] ^= 1;
	refuses(&file, "CRC-32");
	file = jar(*state);
	file.at[file.len - CENTRAL + 24] ^= 1;
	refuses(&file, "must inflate to");
	file = jar(*state);
	file.at[file.len - CENTRAL + 27] = 0x7f;
	refuses(&file, "at most 8388608 bytes");
	file = jar(*state);
	file.at[file.len - CENTRAL + 8] |= 1;
	refuses(&file, "stored or deflated");
	file = jar(*state);
	file.at[file.len - CENTRAL + 28] = 0xff;
	refuses(&file, "is cut off");
	file = jar(*state);
	file.at[file.len - CENTRAL + 45] = 0x7f;
	refuses(&file, "bytes are to be there");
	file = jar(*state);
	file.at[file.len - END + 15] = 0x7f;
	refuses(&file, "must end before its end record");
	file = jar(*state);
	octet = 0;
	buf_append(&file, (struct bytes){ &octet, 1 });
	refuses(&file, "end of the central directory is missing");
	file = make_zip(twice, 2);
	refuses(&file, "is there twice");
}

static void a_cut_jar_is_refused_wherever_it_is_cut(void **state)
{
	struct buf file = jar(*state);
	size_t whole = file.len;

	for (size_t len = 0; len < whole; len++) {
		struct err err = { 0 };

		file.len = len;
		assert_null(open_carrier(&file, &err));
	}
	buf_free(&file);
}

static void has_limits(void **state)
{
	CMS_ContentInfo *cms = sign_content(*state, "content", 0);
	struct buf signatures[CARRIER_MAX_SIGNATURES + 1], file;

	for (unsigned i = 0; i <= CARRIER_MAX_STAMPS; i++)
		add_unsigned(cms, TIME_STAMP_OID, first);
	file = der_of_cms(cms);
	refuses(&file, "at most 256 time-stamps");
	for (unsigned i = 0; i <= CARRIER_MAX_SIGNATURES; i++)
		signatures[i] = der_of_cms(sign_content(*state, "content", 0));
	file = make_pe(signatures, CARRIER_MAX_SIGNATURES + 1);
	refuses(&file, "at most 64 signatures");
}

/* What is signed may be longer than any token. */
static void reads_a_signature_with_long_content(void **state)
{
	size_t len = (size_t)5 << 20;
	char *content = must_calloc(len + 1, 1);
	CMS_ContentInfo *cms;
	struct buf file;
	struct carrier *carrier;

	memset(content, 'x', len);
	cms = sign_content(*state, content, 0);
	add_unsigned(cms, TIME_STAMP_OID, first);
	file = der_of_cms(cms);
	carrier = must_open(&file);
	assert_int_equal(carrier_signature(carrier, 0)->result, SIGNER_INFO_GOOD);
	expect_stamp(carrier, 0, CARRIER_RFC3161, 0, first);
	carrier_free(carrier);
	buf_free(&file);
	free(content);
}

static void refuses_what_is_no_carrier(void **state)
{
	struct buf file = { 0 };

	(void)state;
	refuses(&file, "too short");
	buf_append(&file, bytes_of_text("%PDF-1.7 and so on"));
	refuses(&file, "no CMS signature, no PE program and no JAR");
	buf_append(&file, bytes_of_text("0\x80\x06\x01\x2a"));
	refuses(&file, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_kind_of_time_stamp),
		cmocka_unit_test(says_whether_the_signature_is_its_signers),
		cmocka_unit_test(sees_what_was_altered),
		cmocka_unit_test(compares_the_type_of_the_content),
		cmocka_unit_test(reads_ber_and_pem),
		cmocka_unit_test(finds_every_signature_of_a_program),
		cmocka_unit_test(believes_no_length_of_a_program),
		cmocka_unit_test(a_cut_program_is_refused_wherever_it_is_cut),
		cmocka_unit_test(finds_the_signatures_of_a_jar),
		cmocka_unit_test(believes_no_record_of_a_jar),
		cmocka_unit_test(a_cut_jar_is_refused_wherever_it_is_cut),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(reads_a_signature_with_long_content),
		cmocka_unit_test(refuses_what_is_no_carrier),
	};

	return cmocka_run_group_tests(tests, carrier_set_up, carrier_tear_down);
}
