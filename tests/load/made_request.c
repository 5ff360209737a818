/* Knows what real clients send; owns no memory. */
#include "made_request.h"

#include <string.h>

#include "tsa/tsp/der.h"

enum { NO_TRUE = 0, LONGEST_PART = 80, EXTENSION_LEN = 12 };

/* The parts of one request. */
struct parts {
	uint8_t version;
	struct bytes digest;
	struct bytes params; /* DER; empty: absent */
	struct bytes imprint;
	struct bytes policy;
	struct bytes nonce;
	uint8_t cert_req; /* the octet; NO_TRUE: absent */
	bool false_cert_req; /* an encoded FALSE */
	struct bytes extensions; /* content of [0]; at NULL: absent */
};

struct digest {
	uint8_t oid[9];
	uint8_t oid_len;
	uint8_t len;
};

#define NIST 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02

/* SHA-256, 384, 512, then what no endpoint takes by default. */
static const struct digest digests[] = {
	{ { NIST, 0x01 }, 9, 32 }, { { NIST, 0x02 }, 9, 48 }, { { NIST, 0x03 }, 9, 64 },
	{ { 0x2b, 0x0e, 0x03, 0x02, 0x1a }, 5, 20 }, /* SHA-1 */
	{ { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05 }, 8, 16 }, /* MD5 */
	{ { NIST, 0x08 }, 9, 32 }, /* SHA3-256 */
	{ { NIST, 0x04 }, 9, 28 }, /* SHA-224 */
};

enum { GOOD_DIGESTS = 3, DIGESTS = sizeof(digests) / sizeof(digests[0]) };

static const uint8_t null_params[] = { 0x05, 0x00 };

/* What a client sends. */
struct shape {
	uint8_t digest;
	bool has_params;
	bool has_policy;
	uint8_t nonce_len; /* 0: none */
	uint8_t nonce_first; /* the octet that decides about sign and padding */
	uint8_t cert_req;
};

static const struct shape shapes[] = {
	{ 0, true, false, 8, 0x0b, 0xff }, /* openssl ts, curl, Ruby, jarsigner */
	{ 0, true, false, 9, 0x00, 0xff }, /* osslsigncode, when the nonce's top bit is set */
	{ 1, true, true, 8, 0x7f, 0xff }, /* jarsigner -tsapolicyid -tsadigestalg SHA-384 */
	{ 2, false, false, 16, 0x01, 0xff }, /* BouncyCastle: no parameters, 128-bit nonce */
	{ 2, true, false, 10, 0x80, 0xff }, /* pkijs: 80 bits, as they come */
	{ 0, true, false, 0, 0, 0x31 }, /* zgapdfsigner: BER TRUE */
	{ 0, false, false, 0, 0, 0xff }, /* f-o-t */
	{ 0, false, false, 4, 0x12, 0xff }, /* libpdf */
	{ 0, true, false, 0, 0, NO_TRUE }, /* openssl ts -no_nonce, without -cert */
	{ 1, false, true, 64, 0xc0, NO_TRUE }, /* the longest nonce, negative */
};

uint32_t made_random(uint64_t *seed)
{
	/* splitmix64 */
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(z >> 32);
}

static void fill(uint8_t *at, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)made_random(seed);
}

static void put_imprint(struct der_out *d, const struct parts *p)
{
	size_t imprint = der_out_mark(d);
	size_t algorithm;

	der_put(d, DER_OCTET_STRING, p->imprint);
	algorithm = der_out_mark(d);
	der_put_raw(d, p->params);
	der_put_oid(d, p->digest);
	der_put_header(d, DER_SEQUENCE, algorithm);
	der_put_header(d, DER_SEQUENCE, imprint);
}

static size_t put_request(const struct parts *p, uint8_t out[MADE_MAX_REQUEST])
{
	static const uint8_t no = 0;
	uint8_t buf[MADE_MAX_REQUEST];
	struct der_out d = der_out_on(buf, sizeof(buf));
	size_t mark = der_out_mark(&d);
	struct bytes made;

	if (p->extensions.at != NULL)
		der_put(&d, DER_CONTEXT_CONSTRUCTED, p->extensions);
	if (p->cert_req != NO_TRUE)
		der_put(&d, DER_BOOLEAN, (struct bytes){ &p->cert_req, 1 });
	else if (p->false_cert_req)
		der_put(&d, DER_BOOLEAN, (struct bytes){ &no, 1 });
	if (p->nonce.at != NULL)
		der_put(&d, DER_INTEGER, p->nonce);
	if (p->policy.len > 0)
		der_put_oid(&d, p->policy);
	put_imprint(&d, p);
	der_put(&d, DER_INTEGER, (struct bytes){ &p->version, 1 });
	der_put_header(&d, DER_SEQUENCE, mark);
	made = der_out_view(&d);
	memcpy(out, made.at, made.len);
	return made.len;
}

size_t made_shape_count(void)
{
	return sizeof(shapes) / sizeof(shapes[0]);
}

size_t made_shape(size_t shape, struct bytes policy, uint64_t *seed, uint8_t out[MADE_MAX_REQUEST])
{
	const struct shape *s = &shapes[shape];
	const struct digest *digest = &digests[s->digest];
	uint8_t imprint[LONGEST_PART];
	uint8_t nonce[LONGEST_PART];
	struct parts p = {
		.version = 1,
		.digest = { digest->oid, digest->oid_len },
		.imprint = { imprint, digest->len },
		.cert_req = s->cert_req,
	};

	fill(imprint, sizeof(imprint), seed);
	fill(nonce, sizeof(nonce), seed);
	nonce[0] = s->nonce_first;
	/* So that neither 00 nor anything else before it is padding. */
	nonce[1] = (uint8_t)(s->nonce_first == 0 ? nonce[1] | 0x80 : nonce[1]);
	if (s->has_params)
		p.params = (struct bytes){ null_params, sizeof(null_params) };
	if (s->has_policy)
		p.policy = policy;
	if (s->nonce_len > 0)
		p.nonce = (struct bytes){ nonce, s->nonce_len };
	return put_request(&p, out);
}

/* Mostly one of the first few, which are good, else any. */
static uint32_t mostly(uint32_t good, uint32_t all, uint64_t *seed)
{
	return made_random(seed) % (made_random(seed) % 4 == 0 ? all : good);
}

static void choose_params(struct parts *p, uint64_t *seed)
{
	static const uint8_t others[][4] = { { 0x05, 0x01, 0x00 }, { 0x30, 0x00 },
		{ 0x05, 0x00, 0x05, 0x00 } };
	static const uint8_t other_lens[] = { 3, 2, 4 };
	uint32_t n = mostly(2, 5, seed);

	if (n == 1)
		p->params = (struct bytes){ null_params, sizeof(null_params) };
	else if (n > 1)
		p->params = (struct bytes){ others[n - 2], other_lens[n - 2] };
}

static void choose_extensions(struct parts *p, uint64_t *seed)
{
	static const uint8_t extension[EXTENSION_LEN] = { 0x30, 0x0a, 0x06, 0x03, 0x2a, 0x03, 0x04,
		0x04, 0x03, 0x0a, 0x0b, 0x0c };
	static const size_t lens[] = { 0, EXTENSION_LEN, EXTENSION_LEN - 1 };

	if (made_random(seed) % 12 == 0)
		p->extensions = (struct bytes){ extension, lens[made_random(seed) % 3] };
}

size_t made_any(struct bytes policy, uint64_t *seed, uint8_t out[MADE_MAX_REQUEST])
{
	const struct digest *digest = &digests[mostly(GOOD_DIGESTS, DIGESTS, seed)];
	uint8_t parts[3][LONGEST_PART];
	struct parts p = { .version =
				   (uint8_t)(made_random(seed) % 16 == 0 ? made_random(seed) : 1),
		.digest = { digest->oid, digest->oid_len } };
	uint32_t off = made_random(seed) % 12;

	fill(parts[0], sizeof(parts), seed);
	choose_params(&p, seed);
	p.imprint = (struct bytes){ parts[0],
		off == 0 ? made_random(seed) % LONGEST_PART : digest->len };
	if (made_random(seed) % 3 == 0)
		p.policy = policy;
	else if (made_random(seed) % 8 == 0)
		p.policy = (struct bytes){ parts[1], 1 + made_random(seed) % 40 };
	if (made_random(seed) % 4 != 0)
		p.nonce = (struct bytes){ parts[2], mostly(20, 72, seed) };
	if (made_random(seed) % 3 != 0)
		p.cert_req = made_random(seed) % 2 == 0 ? 0xff : (uint8_t)made_random(seed);
	p.false_cert_req = made_random(seed) % 8 == 0;
	choose_extensions(&p, seed);
	return put_request(&p, out);
}
