/* Owns what it makes until the caller has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "carrier_fixture.h"

enum { PE_AT = 64, PE_HEADERS = 512 };

int carrier_set_up(void **state)
{
	struct carrier_world *world = must_calloc(1, sizeof(*world));

	world->key = make_key("P-256", 0);
	world->signer = make_certificate(&(struct make_certificate){ .common_name = "Signer",
		.key = world->key,
		.not_before = 1700000000,
		.not_after = 1900000000,
		.extensions = { { "extendedKeyUsage", "codeSigning" },
			{ "subjectKeyIdentifier", "hash" } } });
	*state = world;
	return 0;
}

int carrier_tear_down(void **state)
{
	struct carrier_world *world = *state;

	X509_free(world->signer);
	EVP_PKEY_free(world->key);
	free(world);
	return 0;
}

CMS_ContentInfo *sign_content(
	const struct carrier_world *world, const char *content, unsigned flags)
{
	BIO *in = BIO_new_mem_buf(content, -1);
	CMS_ContentInfo *cms = CMS_sign(world->signer, world->key, NULL, in, CMS_BINARY | flags);

	assert_non_null(cms);
	BIO_free(in);
	return cms;
}

void add_unsigned(CMS_ContentInfo *cms, const char *oid, struct bytes sequence)
{
	CMS_SignerInfo *si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);

	assert_int_equal(CMS_unsigned_add1_attr_by_txt(
				 si, oid, V_ASN1_SEQUENCE, sequence.at, (int)sequence.len),
		1);
}

struct buf der_of_cms(CMS_ContentInfo *cms)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);
	struct buf out = { 0 };

	assert_true(len > 0);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	return out;
}

static void put_le(struct buf *out, uint64_t value, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++, value >>= 8) {
		uint8_t octet = (uint8_t)value;

		buf_append(out, (struct bytes){ &octet, 1 });
	}
}

static void put_zeros(struct buf *out, size_t until)
{
	while (out->len < until)
		put_le(out, 0, 1);
}

size_t pe_table_at(const struct buf *pe)
{
	(void)pe;
	return PE_HEADERS;
}

struct buf make_pe(struct buf *signatures, unsigned count)
{
	struct buf table = { 0 }, out = { 0 };

	for (unsigned i = 0; i < count; i++) {
		put_le(&table, 8 + signatures[i].len, 4);
		put_le(&table, 0x200, 2);
		put_le(&table, 2, 2);
		buf_append(&table, buf_view(&signatures[i]));
		put_zeros(&table, (table.len + 7) / 8 * 8);
		buf_free(&signatures[i]);
	}
	buf_append(&out, bytes_of_text("MZ"));
	put_zeros(&out, 0x3c);
	put_le(&out, PE_AT, 4);
	buf_append(&out, (struct bytes){ (const uint8_t *)"PE\0\0", 4 });
	put_zeros(&out, PE_AT + 20);
	put_le(&out, 224, 2); /* size of the optional header */
	put_le(&out, 0x102, 2);
	put_le(&out, 0x10b, 2);
	put_zeros(&out, PE_AT + 24 + 92);
	put_le(&out, 16, 4); /* data directories */
	put_zeros(&out, PE_AT + 24 + 96 + 4 * 8);
	put_le(&out, PE_HEADERS, 4);
	put_le(&out, table.len, 4);
	put_zeros(&out, PE_HEADERS);
	if (table.len > 0)
		buf_append(&out, buf_view(&table));
	buf_free(&table);
	return out;
}

static void put_packed(struct buf *out, const struct zip_file *file)
{
	z_stream stream = { 0 };
	uLong room = compressBound((uLong)file->octets.len);
	uint8_t *packed = must_calloc(room, 1);

	if (!file->deflated) {
		buf_append(out, file->octets);
		free(packed);
		return;
	}
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, 0), Z_OK);
	stream.next_in = (z_const Bytef *)file->octets.at;
	stream.avail_in = (uInt)file->octets.len;
	stream.next_out = packed;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_append(out, (struct bytes){ packed, stream.total_out });
	(void)deflateEnd(&stream);
	free(packed);
}

/* What local and central header share, from "version needed" to the lengths. */
static void put_common(struct buf *out, const struct zip_file *file, size_t packed)
{
	put_le(out, 20, 2);
	put_le(out, 0, 2);
	put_le(out, file->deflated ? 8 : 0, 2);
	put_le(out, 0, 4);
	put_le(out, crc32(0, file->octets.at, (uInt)file->octets.len), 4);
	put_le(out, packed, 4);
	put_le(out, file->octets.len, 4);
	put_le(out, strlen(file->name), 2);
	put_le(out, 0, 2);
}

struct buf make_zip(const struct zip_file *files, unsigned count)
{
	struct buf out = { 0 }, central = { 0 };
	size_t at;

	for (unsigned i = 0; i < count; i++) {
		struct buf packed = { 0 };

		at = out.len;
		put_packed(&packed, &files[i]);
		put_le(&out, 0x04034b50, 4);
		put_common(&out, &files[i], packed.len);
		buf_append(&out, bytes_of_text(files[i].name));
		buf_append(&out, buf_view(&packed));
		put_le(&central, 0x02014b50, 4);
		put_le(&central, 20, 2);
		put_common(&central, &files[i], packed.len);
		put_zeros(&central, central.len + 10);
		put_le(&central, at, 4);
		buf_append(&central, bytes_of_text(files[i].name));
		buf_free(&packed);
	}
	at = out.len;
	if (central.len > 0)
		buf_append(&out, buf_view(&central));
	put_le(&out, 0x06054b50, 4);
	put_le(&out, 0, 4);
	put_le(&out, count, 2);
	put_le(&out, count, 2);
	put_le(&out, central.len, 4);
	put_le(&out, at, 4);
	put_le(&out, 0, 2);
	buf_free(&central);
	return out;
}

struct carrier *open_carrier(const struct buf *file, struct err *err)
{
	struct carrier_source source = carrier_source_of(buf_view(file));

	return carrier_open(&source, err);
}
