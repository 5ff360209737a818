/* Tokens of lint_fixture.h, encoded. Owns what struct made owns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lint_fixture.h"
#include "tsa/core/hex.h"

enum { MAX_ATTRS = 8 };

#define OID_CONTENT_TYPE "06092a864886f70d010903"
#define OID_MESSAGE_DIGEST "06092a864886f70d010904"
#define OID_ESS_V2 "060b2a864886f70d010910022f"
#define SHA256_HEX "608648016503040201"

static const char *const defaults[PARTS] = {
	[TST_VERSION] = "020101",
	[TST_POLICY] = "06032a0304",
	[TST_IMPRINT] = "3031 300d 0609" SHA256_HEX "0500 0420"
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	[TST_SERIAL] = "020c 0102030405060708090a0b0c",
	[TST_GEN_TIME] = "1813 32303236303330313132303030302e3132335a", /* 20260301120000.123Z */
	[TST_ACCURACY] = "3003020101",
	[TST_NONCE] = "020105",
	[SIGNER_VERSION] = "020101",
	[DATA_VERSION] = "020103",
	[DATA_CONTENT_TYPE] = "060b2a864886f70d0109100104",
	[INFO_TYPE] = "06092a864886f70d010702",
	[REPLY_STATUS] = "3003020100",
};

/* --- encoding ---------------------------------------------------------------------------------*/

static void put_element(struct buf *out, uint8_t tag, struct bytes content)
{
	uint8_t header[4] = { tag };
	size_t len = 2;

	if (content.len < 0x80) {
		header[1] = (uint8_t)content.len;
	} else if (content.len < 0x100) {
		header[1] = 0x81;
		header[len++] = (uint8_t)content.len;
	} else {
		assert_true(content.len < 0x10000);
		header[1] = 0x82;
		header[len++] = (uint8_t)(content.len >> 8);
		header[len++] = (uint8_t)content.len;
	}
	buf_append(out, (struct bytes){ header, len });
	buf_append(out, content);
}

/* Puts one element around what is in buf. */
static void wrap(struct buf *buf, uint8_t tag)
{
	struct buf out = { 0 };

	put_element(&out, tag, buf_view(buf));
	buf_free(buf);
	*buf = out;
}

static void put_hex(struct buf *out, const char *hex)
{
	for (; *hex != '\0'; hex++) {
		const char digits[3] = { hex[0], hex[0] == ' ' ? '\0' : hex[1], '\0' };
		uint8_t byte;
		size_t len;

		if (*hex == ' ')
			continue;
		assert_true(hex_decode(digits, &byte, 1, &len) && len == 1);
		buf_append(out, (struct bytes){ &byte, 1 });
		hex++;
	}
}

static void reset(struct made *made, enum part part)
{
	made->part[part].len = 0;
	made->replaced[part] = true;
}

void made_set(struct made *made, enum part part, const char *hex)
{
	reset(made, part);
	put_hex(&made->part[part], hex);
}

void made_set_element(struct made *made, enum part part, uint8_t tag, struct bytes content)
{
	reset(made, part);
	put_element(&made->part[part], tag, content);
}

void made_set_time(struct made *made, const char *text)
{
	made_set_element(made, TST_GEN_TIME, 0x18, bytes_of_text(text));
}

void made_set_attribute(struct made *made, enum part part, const char *oid, struct bytes value)
{
	struct buf values = { 0 };

	buf_append(&values, value);
	wrap(&values, 0x31);
	reset(made, part);
	put_hex(&made->part[part], oid);
	buf_append(&made->part[part], buf_view(&values));
	wrap(&made->part[part], 0x30);
	buf_free(&values);
}

/* --- tokens -----------------------------------------------------------------------------------*/

static void put_certificate(struct buf *out, X509 *certificate)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	assert_true(len > 0);
	buf_append(out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
}

struct made made_new(const struct lint_world *world)
{
	struct made made = {
		.world = world, .key = world->key, .leaf = world->leaf, .digest = EVP_sha256()
	};

	for (int i = 0; i < PARTS; i++)
		if (defaults[i] != NULL)
			put_hex(&made.part[i], defaults[i]);
	return made;
}

void made_free(struct made *made)
{
	for (int i = 0; i < PARTS; i++)
		buf_free(&made->part[i]);
	if (made->owns_leaf)
		X509_free(made->leaf);
	buf_free(&made->file);
}

void made_signer(struct made *made, const struct make_certificate *how)
{
	made->leaf = make_certificate(how);
	made->owns_leaf = true;
	made->key = how->key;
}

static void digest(const EVP_MD *md, struct bytes in, struct buf *out)
{
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	assert_int_equal(EVP_Digest(in.at, in.len, value, &len, md, NULL), 1);
	buf_append(out, (struct bytes){ value, len });
}

/* Fills a part in, unless a test has put something there. */
static bool is_open(struct made *made, enum part part)
{
	if (made->replaced[part])
		return false;
	made->part[part].len = 0;
	return true;
}

static const char *digest_oid(const EVP_MD *md)
{
	if (EVP_MD_get_type(md) == NID_sha1)
		return "06052b0e03021a";
	if (EVP_MD_get_type(md) == NID_sha384)
		return "0609608648016503040202";
	return EVP_MD_get_type(md) == NID_sha512 ? "0609608648016503040203" : "0609" SHA256_HEX;
}

static void put_signature_algorithm(const struct made *made, struct buf *out)
{
	X509_ALGOR *algorithm = X509_ALGOR_new();
	int nid = EVP_PKEY_get_base_id(made->key);
	uint8_t *der = NULL;
	int len;

	if (nid != EVP_PKEY_ED25519)
		assert_int_equal(
			OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(made->digest), nid), 1);
	(void)X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid),
		EVP_PKEY_get_base_id(made->key) == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF, NULL);
	len = i2d_X509_ALGOR(algorithm, &der);
	assert_true(len > 0);
	buf_append(out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_ALGOR_free(algorithm);
}

/* ESSCertIDv2 of the leaf: SHA-256 by DEFAULT, without issuerSerial. */
static void fill_ess(struct made *made)
{
	struct buf der = { 0 }, hash = { 0 };

	put_certificate(&der, made->leaf);
	digest(EVP_sha256(), buf_view(&der), &hash);
	wrap(&hash, 0x04);
	for (int i = 0; i < 3; i++)
		wrap(&hash, 0x30);
	made_set_attribute(made, ATTR_ESS_V2, OID_ESS_V2, buf_view(&hash));
	made->replaced[ATTR_ESS_V2] = false;
	buf_free(&der);
	buf_free(&hash);
}

static void fill_attributes(struct made *made, struct bytes content)
{
	struct buf hash = { 0 };

	if (is_open(made, ATTR_CONTENT_TYPE)) {
		made_set_attribute(made, ATTR_CONTENT_TYPE, OID_CONTENT_TYPE,
			buf_view(&made->part[DATA_CONTENT_TYPE]));
		made->replaced[ATTR_CONTENT_TYPE] = false;
	}
	if (is_open(made, ATTR_MESSAGE_DIGEST)) {
		digest(made->digest, content, &hash);
		wrap(&hash, 0x04);
		made_set_attribute(made, ATTR_MESSAGE_DIGEST, OID_MESSAGE_DIGEST, buf_view(&hash));
		made->replaced[ATTR_MESSAGE_DIGEST] = false;
	}
	if (is_open(made, ATTR_ESS_V2))
		fill_ess(made);
	buf_free(&hash);
}

static int compare(const void *a, const void *b)
{
	const struct buf *left = *(const struct buf *const *)a, *right = *(struct buf *const *)b;
	size_t common = left->len < right->len ? left->len : right->len;
	int first = memcmp(left->at, right->at, common);

	return first != 0 ? first : (left->len > right->len) - (left->len < right->len);
}

static void put_sorted(struct buf *out, struct buf **elements, size_t count, bool unsorted)
{
	if (!unsorted)
		qsort(elements, count, sizeof(*elements), compare);
	for (size_t i = 0; i < count; i++)
		buf_append(out, buf_view(elements[i]));
}

/* SET OF attributes; empty if there are none. */
static struct buf gather_attributes(struct made *made)
{
	struct buf *present[MAX_ATTRS];
	struct buf out = { 0 };
	size_t count = 0;

	for (int i = ATTR_CONTENT_TYPE; i <= ATTR_FURTHER; i++)
		if (made->part[i].len > 0)
			present[count++] = &made->part[i];
	if (count > 0) {
		put_sorted(&out, present, count, made->unsorted);
		wrap(&out, 0x31);
	}
	return out;
}

static void fill_signature(struct made *made, struct bytes message)
{
	bool is_plain = EVP_PKEY_get_base_id(made->key) == EVP_PKEY_ED25519;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t len = sizeof(signature);

	assert_int_equal(
		EVP_DigestSignInit(ctx, NULL, is_plain ? NULL : made->digest, NULL, made->key), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &len, message.at, message.len), 1);
	put_element(&made->part[SIGNER_SIGNATURE], 0x04, (struct bytes){ signature, len });
	EVP_MD_CTX_free(ctx);
}

static void fill_sid(struct made *made)
{
	struct buf *sid = &made->part[SIGNER_SID];
	uint8_t *der = NULL;
	int len = i2d_X509_NAME(X509_get_issuer_name(made->leaf), &der);

	buf_append(sid, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	der = NULL;
	len = i2d_ASN1_INTEGER(X509_get0_serialNumber(made->leaf), &der);
	buf_append(sid, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	wrap(sid, 0x30);
}

static void put_algorithm(struct buf *out, const EVP_MD *md)
{
	put_hex(out, digest_oid(md));
	wrap(out, 0x30);
}

/* The SignerInfo. */
static void fill_signer(struct made *made, struct bytes content)
{
	struct buf *info = &made->part[DATA_SIGNERS];
	struct buf attrs;

	fill_attributes(made, content);
	attrs = gather_attributes(made);
	if (is_open(made, SIGNER_SIGNATURE))
		fill_signature(made, attrs.len > 0 ? buf_view(&attrs) : content);
	if (is_open(made, SIGNER_SID))
		fill_sid(made);
	if (is_open(made, SIGNER_DIGEST))
		put_algorithm(&made->part[SIGNER_DIGEST], made->digest);
	if (is_open(made, SIGNER_ALGORITHM))
		put_signature_algorithm(made, &made->part[SIGNER_ALGORITHM]);
	if (is_open(made, DATA_SIGNERS)) {
		if (attrs.len > 0)
			attrs.at[0] = 0xa0;
		buf_append(info, buf_view(&made->part[SIGNER_VERSION]));
		buf_append(info, buf_view(&made->part[SIGNER_SID]));
		buf_append(info, buf_view(&made->part[SIGNER_DIGEST]));
		buf_append(info, buf_view(&attrs));
		buf_append(info, buf_view(&made->part[SIGNER_ALGORITHM]));
		buf_append(info, buf_view(&made->part[SIGNER_SIGNATURE]));
		buf_append(info, buf_view(&made->part[SIGNER_UNSIGNED]));
		wrap(info, 0x30);
		wrap(info, 0x31);
	}
	buf_free(&attrs);
}

static void fill_certificates(struct made *made)
{
	struct buf leaf = { 0 }, ca = { 0 };
	struct buf *both[] = { &leaf, &ca };

	if (!is_open(made, DATA_CERTIFICATES))
		return;
	put_certificate(&leaf, made->leaf);
	put_certificate(&ca, made->world->ca);
	put_sorted(&made->part[DATA_CERTIFICATES], both, 2, false);
	wrap(&made->part[DATA_CERTIFICATES], 0xa0);
	buf_free(&leaf);
	buf_free(&ca);
}

/* The OCTET STRING's octets, and [0] around it. */
static struct buf fill_content(struct made *made)
{
	struct buf content = { 0 };

	for (int i = TST_VERSION; i <= TST_EXTENSIONS; i++)
		buf_append(&content, buf_view(&made->part[i]));
	wrap(&content, 0x30);
	buf_append(&content, buf_view(&made->part[TST_BEHIND]));
	if (is_open(made, DATA_CONTENT)) {
		put_element(&made->part[DATA_CONTENT], 0x04, buf_view(&content));
		wrap(&made->part[DATA_CONTENT], 0xa0);
	}
	return content;
}

static void put_signed_data(struct made *made, struct buf *out)
{
	struct buf encapsulated = { 0 };

	buf_append(&encapsulated, buf_view(&made->part[DATA_CONTENT_TYPE]));
	buf_append(&encapsulated, buf_view(&made->part[DATA_CONTENT]));
	wrap(&encapsulated, 0x30);
	buf_append(out, buf_view(&made->part[DATA_VERSION]));
	buf_append(out, buf_view(&made->part[DATA_DIGESTS]));
	buf_append(out, buf_view(&encapsulated));
	buf_append(out, buf_view(&made->part[DATA_CERTIFICATES]));
	buf_append(out, buf_view(&made->part[DATA_CRLS]));
	buf_append(out, buf_view(&made->part[DATA_SIGNERS]));
	wrap(out, 0x30);
	buf_free(&encapsulated);
}

struct bytes made_file(struct made *made)
{
	struct buf content = fill_content(made);
	struct buf token = { 0 };

	fill_certificates(made);
	fill_signer(made, buf_view(&content));
	if (is_open(made, DATA_DIGESTS)) {
		put_algorithm(&made->part[DATA_DIGESTS], made->digest);
		wrap(&made->part[DATA_DIGESTS], 0x31);
	}
	put_signed_data(made, &token);
	wrap(&token, 0xa0);
	made->file.len = 0;
	buf_append(&made->file, buf_view(&made->part[INFO_TYPE]));
	buf_append(&made->file, buf_view(&token));
	wrap(&made->file, 0x30);
	if (made->part[REPLY_STATUS].len > 0) {
		if (is_open(made, REPLY_TOKEN))
			buf_append(&made->part[REPLY_TOKEN], buf_view(&made->file));
		made->file.len = 0;
		buf_append(&made->file, buf_view(&made->part[REPLY_STATUS]));
		buf_append(&made->file, buf_view(&made->part[REPLY_TOKEN]));
		wrap(&made->file, 0x30);
	}
	buf_append(&made->file, buf_view(&made->part[BEHIND]));
	buf_free(&content);
	buf_free(&token);
	return buf_view(&made->file);
}
