/*
 * The signed attributes of a token: a template once a TSU, the token's own values patched in.
 * Owns their order and form; touches no key and no clock.
 */
#include "tsa/token/build_part.h"

#include <string.h>

#include "tsa/tsp/tstinfo.h"

enum {
	MAX_ATTRIBUTES = 5,
	UTC_TIME_LEN = 13, /* YYMMDDhhmmssZ */
	GENERALIZED_TIME_LEN = 15, /* YYYYMMDDhhmmssZ: RFC 5652 11.3 allows no fraction */
	DER_UTC_TIME = 0x17,
	DIRECTORY_NAME = DER_CONTEXT_CONSTRUCTED | 4, /* GeneralName (RFC 5280 4.2.1.6) */
	SIGNATURE_ALGORITHM = DER_CONTEXT_CONSTRUCTED | 1, /* of CMSAlgorithmProtection */
};

static const uint64_t in_2050_us = UINT64_C(2524608000) * 1000000;

static const uint8_t content_type[] = { /* 1.2.840.113549.1.9.3, RFC 5652 11.1 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03
};
static const uint8_t message_digest[] = { /* 1.2.840.113549.1.9.4, RFC 5652 11.2 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04
};
static const uint8_t signing_time[] = { /* 1.2.840.113549.1.9.5, RFC 5652 11.3 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05
};
static const uint8_t algorithm_protection[] = { /* 1.2.840.113549.1.9.52, RFC 6211 2 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x34
};
static const uint8_t signing_certificate_v2[] = { /* 1.2.840.113549.1.9.16.2.47, RFC 5035 3 */
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f
};

static const uint8_t zeros[EVP_MAX_MD_SIZE];

/* The attributes of one template while they are made. */
struct making {
	const struct token_attributes_of *of;
	struct der_out out; /* of the one at count */
	struct bytes made[MAX_ATTRIBUTES];
	size_t count;
	bool full;
	uint8_t room[MAX_ATTRIBUTES][TOKEN_MAX_SIGNED_ATTRS];
};

static struct der_out *begin(struct making *m)
{
	m->out = der_out_on(m->room[m->count], sizeof(m->room[m->count]));
	return &m->out;
}

/* Ends an attribute with one value, which is what was put since begin; gives the whole of it. */
static struct bytes end(struct making *m, const uint8_t *oid, size_t oid_len)
{
	der_put_header(&m->out, DER_SET, m->out.cap);
	der_put_oid(&m->out, (struct bytes){ oid, oid_len });
	der_put_header(&m->out, DER_SEQUENCE, m->out.cap);
	m->full = m->full || m->out.full;
	m->made[m->count] = der_out_view(&m->out);
	return m->made[m->count++];
}

static void add_content_type(struct making *m)
{
	der_put_oid(begin(m), token_oid_tstinfo);
	(void)end(m, content_type, sizeof(content_type));
}

static struct bytes add_message_digest(struct making *m)
{
	der_put(begin(m), DER_OCTET_STRING, (struct bytes){ zeros, tsp_digest_len(m->of->digest) });
	return end(m, message_digest, sizeof(message_digest));
}

static struct bytes add_signing_time(struct making *m, uint8_t tag, size_t len)
{
	der_put(begin(m), tag, (struct bytes){ zeros, len });
	return end(m, signing_time, sizeof(signing_time));
}

/* P-25: the identifiers of the SignerInfo once more, signed. */
static void add_algorithm_protection(struct making *m)
{
	struct der identifier = { .rest = m->of->signature_algorithm };
	struct der_out *out = begin(m);

	der_put(out, SIGNATURE_ALGORITHM, der_take(&identifier, DER_SEQUENCE));
	token_put_digest_algorithm(out, m->of->digest);
	der_put_header(out, DER_SEQUENCE, out->cap);
	(void)end(m, algorithm_protection, sizeof(algorithm_protection));
}

/*
 * SigningCertificateV2 with one ESSCertIDv2; its hash algorithm is the DEFAULT (RFC 5035 4), its
 * issuerSerial is copied from the certificate (P-15).
 */
static void add_signing_certificate(struct making *m)
{
	struct der_out *out = begin(m);
	size_t names;

	der_put_raw(out, m->of->names->serial);
	names = der_out_mark(out);
	der_put_raw(out, m->of->names->issuer);
	der_put_header(out, DIRECTORY_NAME, names);
	der_put_header(out, DER_SEQUENCE, names); /* GeneralNames */
	der_put_header(out, DER_SEQUENCE, out->cap); /* issuerSerial */
	der_put(out, DER_OCTET_STRING, (struct bytes){ m->of->cert_hash, TOKEN_CERT_HASH });
	der_put_header(out, DER_SEQUENCE, out->cap); /* ESSCertIDv2 */
	der_put_header(out, DER_SEQUENCE, out->cap); /* certs */
	der_put_header(out, DER_SEQUENCE, out->cap); /* SigningCertificateV2 */
	(void)end(m, signing_certificate_v2, sizeof(signing_certificate_v2));
}

/* Where in the set the value of attr stands, which is the end of its attribute. */
static size_t find_value(
	const struct making *m, const struct buf *set, struct bytes attr, size_t value_len)
{
	size_t after = 0;

	for (size_t i = m->count; i > 0 && m->made[i - 1].at != attr.at; i--)
		after += m->made[i - 1].len;
	return set->len - after - value_len;
}

/*
 * The order of the set cannot depend on a token's values: they have fixed lengths, and what
 * X.690 11.6 compares first is an attribute's length and then its OID, which no two of them share.
 */
static bool make_template(struct token_template *t, const struct token_attributes_of *of,
	uint8_t time_tag, size_t time_len)
{
	struct making m = { .of = of };
	uint8_t room[TOKEN_MAX_SIGNED_ATTRS];
	struct der_out set = der_out_on(room, sizeof(room));
	struct bytes digest;
	struct bytes time = { 0 };

	add_content_type(&m);
	digest = add_message_digest(&m);
	add_signing_certificate(&m);
	if (of->options.signing_time)
		time = add_signing_time(&m, time_tag, time_len);
	if (of->options.algorithm_protection)
		add_algorithm_protection(&m);
	token_put_set_of(&set, DER_SET, m.made, m.count);
	if (m.full || !token_keep(&set, &t->set))
		return false;
	t->md_at = find_value(&m, &t->set, digest, tsp_digest_len(of->digest));
	t->time_len = time_len;
	if (of->options.signing_time)
		t->time_at = find_value(&m, &t->set, time, time_len);
	return true;
}

bool token_attributes_prepare(
	struct token_attributes *a, const struct token_attributes_of *of, struct err *err)
{
	a->signing_time = of->options.signing_time;
	a->md_len = tsp_digest_len(of->digest);
	a->md = EVP_MD_fetch(NULL, tsp_digest_name(of->digest), NULL);
	if (a->md == NULL)
		return err_openssl(err, "%s", tsp_digest_name(of->digest));
	if (!make_template(&a->utc, of, DER_UTC_TIME, UTC_TIME_LEN) ||
		!make_template(&a->generalized, of, DER_GENERALIZED_TIME, GENERALIZED_TIME_LEN))
		return err_set(err, "signed attributes: at most %d bytes are supported",
			(int)TOKEN_MAX_SIGNED_ATTRS);
	return true;
}

void token_attributes_wipe(struct token_attributes *a)
{
	EVP_MD_free(a->md);
	buf_free(&a->utc.set);
	buf_free(&a->generalized.set);
}

/* signingTime is genTime cut to its second, never another reading of a clock. */
static bool gen_time_of(struct bytes tstinfo, uint64_t *time_us, struct err *err)
{
	struct tsp_tstinfo info;

	if (!tsp_tstinfo_decode(tstinfo, &info))
		return err_set(err, "signingTime: RFC 3161 2.4.2: no TSTInfo of ours");
	*time_us = tsp_time_cut(info.time_us, 0);
	return true;
}

/* A UTCTime is a GeneralizedTime without its century. */
static void put_time(const struct token_template *t, uint64_t time_us, uint8_t *set)
{
	char text[TSP_TIME_TEXT];
	size_t len = tsp_time_text(time_us, text);

	memcpy(set + t->time_at, text + len - t->time_len, t->time_len);
}

bool token_attributes_fill(const struct token_attributes *a, struct bytes tstinfo, uint8_t *buf,
	size_t cap, struct bytes *attrs, struct err *err)
{
	const struct token_template *t = &a->utc;
	uint64_t time_us = 0;
	unsigned len = 0;

	if (a->signing_time && !gen_time_of(tstinfo, &time_us, err))
		return false;
	if (time_us >= in_2050_us)
		t = &a->generalized;
	if (t->set.len > cap)
		return err_set(err, "signed attributes: %zu bytes, room for %zu", t->set.len, cap);
	memcpy(buf, t->set.at, t->set.len);
	if (a->signing_time)
		put_time(t, time_us, buf);
	if (EVP_Digest(tstinfo.at, tstinfo.len, buf + t->md_at, &len, a->md, NULL) != 1 ||
		len != a->md_len)
		return err_openssl(err, "messageDigest");
	*attrs = (struct bytes){ buf, t->set.len };
	return true;
}
