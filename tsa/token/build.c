/*
 * Encodes SignedData around a TSTInfo with the service's own strict DER writer.  Owns the
 * prepared parts of a TSU; touches no key and no clock.
 */
#include "tsa/token/build.h"

#include <stdlib.h>
#include <string.h>

#include "tsa/tsp/der.h"

enum {
	SHA256_LEN = 32,
	MAX_CHAIN = 16, /* intermediates of one TSU */
	/* What is left for certificates in a message of 48 KiB (MSG_MAX_TOKEN) beside a longest
	 * TSTInfo, attributes, signature and the headers around them. */
	MAX_CERTIFICATES = 40960,
	MAX_SIGNER_ID = 2048, /* issuer and serial: leaves room in TOKEN_MAX_SIGNED_ATTRS */
};

/* Content octets of the OBJECT IDENTIFIERs around a TSTInfo. */
static const uint8_t oid_signed_data[] = { /* 1.2.840.113549.1.7.2, RFC 5652 5.1 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02
};
static const uint8_t oid_content_type[] = { /* 1.2.840.113549.1.9.3, RFC 5652 11.1 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03
};
static const uint8_t oid_message_digest[] = { /* 1.2.840.113549.1.9.4, RFC 5652 11.2 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04
};
static const uint8_t oid_tstinfo[] = { /* 1.2.840.113549.1.9.16.1.4, RFC 3161 2.4.2 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04
};
static const uint8_t oid_signing_certificate_v2[] = { /* 1.2.840.113549.1.9.16.2.47, RFC 5035 3 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f
};

struct token_parts {
	EVP_MD *md; /* of messageDigest */
	size_t md_len;
	/* SET OF signed attributes with zeros where the value of messageDigest goes: all else in
	 * it is the same for every token, its order too. */
	struct buf attrs;
	size_t md_at;
	struct buf before_content; /* version, digestAlgorithms */
	struct buf certificates; /* [0] of SignedData */
	struct buf before_attrs; /* version, issuerAndSerialNumber, digestAlgorithm */
	struct bytes signature_algorithm;
	bool leaf_first;
};

static struct bytes oid_bytes(const uint8_t *at, size_t len)
{
	return (struct bytes){ at, len };
}

/* Keeps what out holds; false if it was full. */
static bool keep(const struct der_out *out, struct buf *into)
{
	struct bytes view = der_out_view(out);

	buf_append(into, view);
	return view.len > 0;
}

/* X.690 11.6: as octet strings, the shorter padded with zeros; no DER value is a prefix of another.
 */
static int compare_der(const void *left, const void *right)
{
	const struct bytes *a = left;
	const struct bytes *b = right;
	size_t common = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->at, b->at, common);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* Puts items as the elements of a SET OF and its header. */
static void put_set_of(struct der_out *out, uint8_t tag, struct bytes *items, size_t count)
{
	size_t mark = der_out_mark(out);

	qsort(items, count, sizeof(*items), compare_der);
	for (size_t i = count; i > 0; i--)
		der_put_raw(out, items[i - 1]);
	der_put_header(out, tag, mark);
}

/* Without parameters, as RFC 5754 2 says an implementation MUST generate it. */
static void put_digest_algorithm(struct der_out *out, enum tsp_digest digest)
{
	size_t mark = der_out_mark(out);

	der_put_oid(out, tsp_digest_oid(digest));
	der_put_header(out, DER_SEQUENCE, mark);
}

/* Attribute with one value, which is what was put since value_mark. */
static void put_attribute_over(struct der_out *out, size_t value_mark, struct bytes oid)
{
	der_put_header(out, DER_SET, value_mark);
	der_put_oid(out, oid);
	der_put_header(out, DER_SEQUENCE, value_mark);
}

/* What a certificate's bytes say about its name: RFC 5280 4.1. */
struct signer_id {
	struct bytes issuer; /* Name, whole */
	struct bytes serial; /* INTEGER, whole */
};

static bool read_signer_id(struct bytes certificate, struct signer_id *id)
{
	struct der outer = { .rest = certificate };
	struct der body = der_enter(&outer, DER_SEQUENCE);
	struct der tbs = der_enter(&body, DER_SEQUENCE);

	if (der_next_is(&tbs, DER_CONTEXT_CONSTRUCTED | 0))
		(void)der_take(&tbs, DER_CONTEXT_CONSTRUCTED | 0);
	id->serial = der_take_whole(&tbs, DER_INTEGER);
	(void)der_take(&tbs, DER_SEQUENCE);
	id->issuer = der_take_whole(&tbs, DER_SEQUENCE);
	return der_finished(&outer) && !body.failed && !tbs.failed;
}

static bool read_key_kind(struct bytes certificate, enum tsp_key_kind *kind, struct err *err)
{
	const uint8_t *at = certificate.at;
	X509 *x509 = NULL;
	bool ok = false;

	if (certificate.len <= MAX_CERTIFICATES)
		x509 = d2i_X509(NULL, &at, (long)certificate.len);
	if (x509 == NULL || at != certificate.at + certificate.len) {
		err_openssl(err, "certificate: RFC 5280 4.1: not one X.509 certificate in DER");
		goto out;
	}
	switch (EVP_PKEY_get_base_id(X509_get0_pubkey(x509))) {
	case EVP_PKEY_RSA:
		*kind = TSP_KEY_RSA;
		ok = true;
		break;
	case EVP_PKEY_EC:
		*kind = TSP_KEY_EC;
		ok = true;
		break;
	default:
		err_set(err, "certificate: key: neither RSA nor EC");
	}
out:
	X509_free(x509);
	return ok;
}

/* SigningCertificateV2 with one ESSCertIDv2; its hash algorithm is the DEFAULT (RFC 5035 4). */
static void put_signing_certificate(
	struct der_out *out, const struct signer_id *id, const uint8_t hash[SHA256_LEN])
{
	size_t mark = der_out_mark(out);
	size_t issuer_mark;

	der_put_raw(out, id->serial);
	issuer_mark = der_out_mark(out);
	der_put_raw(out, id->issuer);
	der_put_header(out, DER_CONTEXT_CONSTRUCTED | 4, issuer_mark); /* directoryName */
	der_put_header(out, DER_SEQUENCE, issuer_mark); /* GeneralNames */
	der_put_header(out, DER_SEQUENCE, mark); /* issuerSerial */
	der_put(out, DER_OCTET_STRING, (struct bytes){ hash, SHA256_LEN });
	der_put_header(out, DER_SEQUENCE, mark); /* ESSCertIDv2 */
	der_put_header(out, DER_SEQUENCE, mark); /* certs */
	der_put_header(out, DER_SEQUENCE, mark); /* SigningCertificateV2 */
	put_attribute_over(out, mark,
		oid_bytes(oid_signing_certificate_v2, sizeof(oid_signing_certificate_v2)));
}

/*
 * The template of the signed attributes.  Where messageDigest sorts does not depend on its
 * value: before that stand its length and OID, which differ from the others'.
 */
static bool prepare_attrs(
	struct token_parts *parts, const struct signer_id *id, const uint8_t hash[SHA256_LEN])
{
	static const uint8_t zeros[EVP_MAX_MD_SIZE];
	uint8_t room[3][TOKEN_MAX_SIGNED_ATTRS];
	uint8_t set_room[TOKEN_MAX_SIGNED_ATTRS];
	struct der_out out[3];
	struct der_out set = der_out_on(set_room, sizeof(set_room));
	struct bytes items[3];
	struct bytes digest_attr;
	size_t after = 0;
	size_t empty;

	for (size_t i = 0; i < 3; i++)
		out[i] = der_out_on(room[i], sizeof(room[i]));
	empty = der_out_mark(&out[0]);
	der_put_oid(&out[0], oid_bytes(oid_tstinfo, sizeof(oid_tstinfo)));
	put_attribute_over(&out[0], empty, oid_bytes(oid_content_type, sizeof(oid_content_type)));
	der_put(&out[1], DER_OCTET_STRING, (struct bytes){ zeros, parts->md_len });
	put_attribute_over(
		&out[1], empty, oid_bytes(oid_message_digest, sizeof(oid_message_digest)));
	put_signing_certificate(&out[2], id, hash);
	for (size_t i = 0; i < 3; i++)
		items[i] = der_out_view(&out[i]);
	if (out[0].full || out[1].full || out[2].full)
		return false;
	digest_attr = items[1];
	put_set_of(&set, DER_SET, items, 3);
	if (!keep(&set, &parts->attrs))
		return false;
	/* The digest is the end of its attribute. */
	for (size_t i = 3; i > 0 && items[i - 1].at != digest_attr.at; i--)
		after += items[i - 1].len;
	parts->md_at = parts->attrs.len - after - parts->md_len;
	return true;
}

static bool prepare_signed_data(
	struct token_parts *parts, const struct signer_id *id, enum tsp_digest digest)
{
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct der_out out = der_out_on(room, sizeof(room));
	size_t mark = der_out_mark(&out);

	put_digest_algorithm(&out, digest);
	der_put_header(&out, DER_SET, mark);
	der_put_u64(&out, DER_INTEGER, 3); /* RFC 5652 5.1: eContentType is not id-data */
	if (!keep(&out, &parts->before_content))
		return false;

	out = der_out_on(room, sizeof(room));
	put_digest_algorithm(&out, digest);
	mark = der_out_mark(&out);
	der_put_raw(&out, id->serial);
	der_put_raw(&out, id->issuer);
	der_put_header(&out, DER_SEQUENCE, mark);
	der_put_u64(&out, DER_INTEGER, 1); /* RFC 5652 5.3: issuerAndSerialNumber */
	return keep(&out, &parts->before_attrs);
}

static bool prepare_certificates(
	struct token_parts *parts, struct bytes certificate, struct bytes chain, struct err *err)
{
	struct bytes items[1 + MAX_CHAIN] = { certificate };
	struct der rest = { .rest = chain };
	size_t room_len = certificate.len + chain.len + 16;
	size_t count = 1;
	uint8_t *room = NULL;
	struct der_out out;
	bool ok = false;

	while (count < 1 + MAX_CHAIN && rest.rest.len > 0 && !rest.failed)
		items[count++] = der_take_whole(&rest, DER_SEQUENCE);
	if (!der_finished(&rest))
		return err_set(err, "chain: not a row of at most %d DER certificates", MAX_CHAIN);
	room = must_calloc(room_len, 1);
	out = der_out_on(room, room_len);
	put_set_of(&out, DER_CONTEXT_CONSTRUCTED | 0, items, count);
	parts->leaf_first = items[0].at == certificate.at;
	ok = keep(&out, &parts->certificates) && parts->certificates.len <= MAX_CERTIFICATES;
	if (!ok)
		err_set(err, "certificates: %zu bytes: a token has room for %d", room_len,
			(int)MAX_CERTIFICATES);
	free(room);
	return ok;
}

struct token_parts *token_parts_new(
	struct bytes certificate, struct bytes chain, enum tsp_digest digest, struct err *err)
{
	struct token_parts *parts = must_calloc(1, sizeof(*parts));
	uint8_t hash[SHA256_LEN];
	struct signer_id id;
	enum tsp_key_kind kind;
	bool ok = false;

	if (!read_key_kind(certificate, &kind, err))
		goto out;
	if (!read_signer_id(certificate, &id)) {
		err_set(err, "certificate: X.690 10: issuer and serial are not DER");
		goto out;
	}
	parts->signature_algorithm = tsp_signature_algorithm(kind, digest);
	parts->md_len = tsp_digest_len(digest);
	if (parts->md_len == 0) {
		err_set(err, "digest number %d: none of ours", (int)digest);
		goto out;
	}
	parts->md = EVP_MD_fetch(NULL, tsp_digest_name(digest), NULL);
	if (parts->md == NULL ||
		EVP_Digest(certificate.at, certificate.len, hash, NULL, EVP_sha256(), NULL) != 1) {
		err_openssl(err, "%s", tsp_digest_name(digest));
		goto out;
	}
	if (id.issuer.len + id.serial.len > MAX_SIGNER_ID || !prepare_attrs(parts, &id, hash) ||
		!prepare_signed_data(parts, &id, digest)) {
		err_set(err,
			"certificate: issuer and serial have %zu bytes, at most %d are supported",
			id.issuer.len + id.serial.len, (int)MAX_SIGNER_ID);
		goto out;
	}
	ok = prepare_certificates(parts, certificate, chain, err);
out:
	if (ok)
		return parts;
	token_parts_free(parts);
	return NULL;
}

void token_parts_free(struct token_parts *parts)
{
	if (parts == NULL)
		return;
	EVP_MD_free(parts->md);
	buf_free(&parts->attrs);
	buf_free(&parts->before_content);
	buf_free(&parts->certificates);
	buf_free(&parts->before_attrs);
	free(parts);
}

bool token_parts_leaf_first(const struct token_parts *parts)
{
	return parts->leaf_first;
}

bool token_signed_attrs(const struct token_parts *parts, struct bytes tstinfo, uint8_t *buf,
	size_t cap, struct bytes *attrs, struct err *err)
{
	unsigned len = 0;

	if (parts->attrs.len > cap)
		return err_set(
			err, "signed attributes: %zu bytes, room for %zu", parts->attrs.len, cap);
	memcpy(buf, parts->attrs.at, parts->attrs.len);
	if (EVP_Digest(tstinfo.at, tstinfo.len, buf + parts->md_at, &len, parts->md, NULL) != 1 ||
		len != parts->md_len)
		return err_openssl(err, "messageDigest");
	*attrs = (struct bytes){ buf, parts->attrs.len };
	return true;
}

/* As token_encode; attrs are the content octets of the SET OF. */
static struct bytes encode(const struct token_parts *parts, struct bytes tstinfo,
	struct bytes attrs, struct bytes signature, bool with_certificates, uint8_t *buf,
	size_t cap)
{
	struct der_out out = der_out_on(buf, cap);
	size_t end = der_out_mark(&out);
	size_t mark;

	/* From the back: SignerInfo (RFC 5652 5.3), the only one (P-14). */
	der_put(&out, DER_OCTET_STRING, signature);
	der_put_raw(&out, parts->signature_algorithm);
	der_put(&out, DER_CONTEXT_CONSTRUCTED | 0, attrs);
	der_put_raw(&out, buf_view(&parts->before_attrs));
	der_put_header(&out, DER_SEQUENCE, end);
	der_put_header(&out, DER_SET, end);

	if (with_certificates)
		der_put_raw(&out, buf_view(&parts->certificates));
	mark = der_out_mark(&out);
	der_put(&out, DER_OCTET_STRING, tstinfo);
	der_put_header(&out, DER_CONTEXT_CONSTRUCTED | 0, mark);
	der_put_oid(&out, oid_bytes(oid_tstinfo, sizeof(oid_tstinfo)));
	der_put_header(&out, DER_SEQUENCE, mark);
	der_put_raw(&out, buf_view(&parts->before_content));
	der_put_header(&out, DER_SEQUENCE, end);

	der_put_header(&out, DER_CONTEXT_CONSTRUCTED | 0, end);
	der_put_oid(&out, oid_bytes(oid_signed_data, sizeof(oid_signed_data)));
	der_put_header(&out, DER_SEQUENCE, end);
	return der_out_view(&out);
}

struct bytes token_encode(const struct token_parts *parts, struct bytes tstinfo, struct bytes attrs,
	struct bytes signature, bool with_certificates, uint8_t *buf, size_t cap)
{
	struct der set = { .rest = attrs };
	struct bytes content = der_take(&set, DER_SET);

	if (!der_finished(&set) || content.len == 0)
		return (struct bytes){ 0 };
	return encode(parts, tstinfo, content, signature, with_certificates, buf, cap);
}

/* Takes the parts of body that differ from token to token; what is around them is not looked at. */
static bool read_body(
	struct bytes body, struct bytes *tstinfo, struct bytes *attrs, struct bytes *signature)
{
	struct der outer = { .rest = body };
	struct der info = der_enter(&outer, DER_SEQUENCE);
	struct der tagged;
	struct der data;
	struct der content;
	struct der octets;
	struct der infos;
	struct der signer;

	(void)der_take(&info, DER_OID);
	tagged = der_enter(&info, DER_CONTEXT_CONSTRUCTED | 0);
	data = der_enter(&tagged, DER_SEQUENCE);
	(void)der_take(&data, DER_INTEGER);
	(void)der_take(&data, DER_SET);
	content = der_enter(&data, DER_SEQUENCE);
	(void)der_take(&content, DER_OID);
	octets = der_enter(&content, DER_CONTEXT_CONSTRUCTED | 0);
	*tstinfo = der_take(&octets, DER_OCTET_STRING);
	infos = der_enter(&data, DER_SET);
	signer = der_enter(&infos, DER_SEQUENCE);
	(void)der_take(&signer, DER_INTEGER);
	(void)der_take(&signer, DER_SEQUENCE);
	(void)der_take(&signer, DER_SEQUENCE);
	*attrs = der_take(&signer, DER_CONTEXT_CONSTRUCTED | 0);
	(void)der_take(&signer, DER_SEQUENCE);
	*signature = der_take(&signer, DER_OCTET_STRING);
	return der_finished(&signer) && der_finished(&octets);
}

struct bytes token_from_body(const struct token_parts *parts, struct bytes body,
	bool with_certificates, uint8_t *buf, size_t cap)
{
	struct bytes tstinfo;
	struct bytes attrs;
	struct bytes signature;
	struct bytes again;

	if (!read_body(body, &tstinfo, &attrs, &signature))
		return (struct bytes){ 0 };
	/* What encodes to the same bytes is a token of this TSU and hides nothing elsewhere. */
	again = encode(parts, tstinfo, attrs, signature, false, buf, cap);
	if (!bytes_equal(again, body))
		return (struct bytes){ 0 };
	return with_certificates ? encode(parts, tstinfo, attrs, signature, true, buf, cap) : again;
}
