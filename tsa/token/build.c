/*
 * Encodes SignedData around a TSTInfo with the service's own strict DER writer.  Owns the
 * prepared parts of a TSU; touches no key and no clock.
 */
#include "tsa/token/build_part.h"

#include <stdlib.h>
#include <string.h>

enum {
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
static const uint8_t oid_tstinfo[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01,
	0x04 };
const struct bytes token_oid_tstinfo = { oid_tstinfo, sizeof(oid_tstinfo) };

struct token_parts {
	struct token_attributes attributes;
	struct buf before_content; /* version, digestAlgorithms */
	struct buf certificates; /* [0] of SignedData */
	struct buf before_attrs; /* version, issuerAndSerialNumber, digestAlgorithm */
	struct bytes signature_algorithm;
	struct buf tsa_name; /* GeneralName */
	bool leaf_first;
};

bool token_keep(const struct der_out *out, struct buf *into)
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

void token_put_set_of(struct der_out *out, uint8_t tag, struct bytes *items, size_t count)
{
	size_t mark = der_out_mark(out);

	qsort(items, count, sizeof(*items), compare_der);
	for (size_t i = count; i > 0; i--)
		der_put_raw(out, items[i - 1]);
	der_put_header(out, tag, mark);
}

void token_put_digest_algorithm(struct der_out *out, enum tsp_digest digest)
{
	size_t mark = der_out_mark(out);

	der_put_oid(out, tsp_digest_oid(digest));
	der_put_header(out, DER_SEQUENCE, mark);
}

static bool read_names(struct bytes certificate, struct token_names *id)
{
	struct der outer = { .rest = certificate };
	struct der body = der_enter(&outer, DER_SEQUENCE);
	struct der tbs = der_enter(&body, DER_SEQUENCE);

	if (der_next_is(&tbs, DER_CONTEXT_CONSTRUCTED | 0))
		(void)der_take(&tbs, DER_CONTEXT_CONSTRUCTED | 0);
	id->serial = der_take_whole(&tbs, DER_INTEGER);
	(void)der_take(&tbs, DER_SEQUENCE);
	id->issuer = der_take_whole(&tbs, DER_SEQUENCE);
	(void)der_take(&tbs, DER_SEQUENCE);
	id->subject = der_take_whole(&tbs, DER_SEQUENCE);
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

static bool prepare_signed_data(
	struct token_parts *parts, const struct token_names *id, enum tsp_digest digest)
{
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct der_out out = der_out_on(room, sizeof(room));
	size_t mark = der_out_mark(&out);

	token_put_digest_algorithm(&out, digest);
	der_put_header(&out, DER_SET, mark);
	der_put_u64(&out, DER_INTEGER, 3); /* RFC 5652 5.1: eContentType is not id-data */
	if (!token_keep(&out, &parts->before_content))
		return false;

	out = der_out_on(room, sizeof(room));
	token_put_digest_algorithm(&out, digest);
	mark = der_out_mark(&out);
	der_put_raw(&out, id->serial);
	der_put_raw(&out, id->issuer);
	der_put_header(&out, DER_SEQUENCE, mark);
	der_put_u64(&out, DER_INTEGER, 1); /* RFC 5652 5.3: issuerAndSerialNumber */
	return token_keep(&out, &parts->before_attrs);
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
	token_put_set_of(&out, DER_CONTEXT_CONSTRUCTED | 0, items, count);
	parts->leaf_first = items[0].at == certificate.at;
	ok = token_keep(&out, &parts->certificates) && parts->certificates.len <= MAX_CERTIFICATES;
	if (!ok)
		err_set(err, "certificates: %zu bytes: a token has room for %d", room_len,
			(int)MAX_CERTIFICATES);
	free(room);
	return ok;
}

/* P-21: the certificate's subject as it stands there, as the GeneralName directoryName [4]. */
static void prepare_tsa_name(struct token_parts *parts, struct bytes subject)
{
	size_t room_len = subject.len + 16;
	uint8_t *room = must_calloc(room_len, 1);
	struct der_out out = der_out_on(room, room_len);

	der_put(&out, DER_CONTEXT_CONSTRUCTED | 4, subject);
	buf_append(&parts->tsa_name, der_out_view(&out));
	free(room);
}

/* All that is prepared from the leaf alone. */
static bool prepare_leaf(struct token_parts *parts, struct bytes certificate,
	enum tsp_digest digest, struct token_options options, struct err *err)
{
	struct token_names names;
	uint8_t hash[TOKEN_CERT_HASH];
	struct token_attributes_of of = {
		.names = &names,
		.cert_hash = hash,
		.digest = digest,
		.options = options,
	};
	enum tsp_key_kind kind;

	if (!read_key_kind(certificate, &kind, err))
		return false;
	if (!read_names(certificate, &names))
		return err_set(
			err, "certificate: X.690 10: issuer, serial and subject are not DER");
	if (!tsp_digest_signs(digest))
		return err_set(err, "digest number %d: none that signs", (int)digest);
	if (names.issuer.len + names.serial.len > MAX_SIGNER_ID)
		return err_set(err,
			"certificate: issuer and serial have %zu bytes, at most %d are supported",
			names.issuer.len + names.serial.len, (int)MAX_SIGNER_ID);
	if (EVP_Digest(certificate.at, certificate.len, hash, NULL, EVP_sha256(), NULL) != 1)
		return err_openssl(err, "sha256");
	parts->signature_algorithm = tsp_signature_algorithm(kind, digest);
	of.signature_algorithm = parts->signature_algorithm;
	if (!token_attributes_prepare(&parts->attributes, &of, err))
		return false;
	prepare_tsa_name(parts, names.subject);
	return prepare_signed_data(parts, &names, digest) ||
	       err_set(err, "certificate: issuer and serial are too long");
}

struct token_parts *token_parts_new(struct bytes certificate, struct bytes chain,
	enum tsp_digest digest, struct token_options options, struct err *err)
{
	struct token_parts *parts = must_calloc(1, sizeof(*parts));

	if (prepare_leaf(parts, certificate, digest, options, err) &&
		prepare_certificates(parts, certificate, chain, err))
		return parts;
	token_parts_free(parts);
	return NULL;
}

void token_parts_free(struct token_parts *parts)
{
	if (parts == NULL)
		return;
	token_attributes_wipe(&parts->attributes);
	buf_free(&parts->before_content);
	buf_free(&parts->certificates);
	buf_free(&parts->before_attrs);
	buf_free(&parts->tsa_name);
	free(parts);
}

bool token_parts_leaf_first(const struct token_parts *parts)
{
	return parts->leaf_first;
}

struct bytes token_parts_tsa_name(const struct token_parts *parts)
{
	return buf_view(&parts->tsa_name);
}

bool token_signed_attrs(const struct token_parts *parts, struct bytes tstinfo, uint8_t *buf,
	size_t cap, struct bytes *attrs, struct err *err)
{
	return token_attributes_fill(&parts->attributes, tstinfo, buf, cap, attrs, err);
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
	der_put_oid(&out, token_oid_tstinfo);
	der_put_header(&out, DER_SEQUENCE, mark);
	der_put_raw(&out, buf_view(&parts->before_content));
	der_put_header(&out, DER_SEQUENCE, end);

	der_put_header(&out, DER_CONTEXT_CONSTRUCTED | 0, end);
	der_put_oid(&out, (struct bytes){ oid_signed_data, sizeof(oid_signed_data) });
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
