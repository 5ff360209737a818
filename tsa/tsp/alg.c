/* Owns the tables of digests and signature algorithms; decides nothing about who may use them. */
#include "tsa/tsp/alg.h"

#include <string.h>

/* NIST CSOR 2.16.840.1.101.3.4.2: content octets without the last arc. */
#define NIST_HASH 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02
/* SEQUENCE of 13: OID 1.2.840.113549.1.1 without its last arc (RFC 8017 A.2.4). */
#define PKCS1_IDENTIFIER 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01
/* SEQUENCE of 10: OID 1.2.840.10045.4.3 without its last arc (RFC 5758 3.2). */
#define ECDSA_IDENTIFIER 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03

struct digest {
	const char *name;
	size_t len;
	uint8_t oid[9];
	uint8_t rsa[15];
	uint8_t ecdsa[12];
};

static const struct digest digests[TSP_DIGESTS] = {
	[TSP_SHA256] = {
		.name = "sha256",
		.len = 32,
		.oid = { NIST_HASH, 0x01 },
		.rsa = { PKCS1_IDENTIFIER, 0x0b, 0x05, 0x00 },
		.ecdsa = { ECDSA_IDENTIFIER, 0x02 },
	},
	[TSP_SHA384] = {
		.name = "sha384",
		.len = 48,
		.oid = { NIST_HASH, 0x02 },
		.rsa = { PKCS1_IDENTIFIER, 0x0c, 0x05, 0x00 },
		.ecdsa = { ECDSA_IDENTIFIER, 0x03 },
	},
	[TSP_SHA512] = {
		.name = "sha512",
		.len = 64,
		.oid = { NIST_HASH, 0x03 },
		.rsa = { PKCS1_IDENTIFIER, 0x0d, 0x05, 0x00 },
		.ecdsa = { ECDSA_IDENTIFIER, 0x04 },
	},
	/* FIPS 202: of imprints only, so without identifiers of signatures. */
	[TSP_SHA3_256] = { .name = "sha3-256", .len = 32, .oid = { NIST_HASH, 0x08 } },
	[TSP_SHA3_384] = { .name = "sha3-384", .len = 48, .oid = { NIST_HASH, 0x09 } },
	[TSP_SHA3_512] = { .name = "sha3-512", .len = 64, .oid = { NIST_HASH, 0x0a } },
};

/* NULL for a number without an entry: the numbers arrive in messages and settings. */
static const struct digest *entry(enum tsp_digest digest)
{
	if (digest <= TSP_DIGEST_NONE || digest >= TSP_DIGESTS)
		return NULL;
	return &digests[digest];
}

const char *tsp_digest_name(enum tsp_digest digest)
{
	const struct digest *d = entry(digest);

	return d == NULL ? NULL : d->name;
}

enum tsp_digest tsp_digest_by_name(const char *name)
{
	for (int i = TSP_DIGEST_NONE + 1; i < TSP_DIGESTS; i++)
		if (strcmp(name, digests[i].name) == 0)
			return (enum tsp_digest)i;
	return TSP_DIGEST_NONE;
}

struct bytes tsp_digest_oid(enum tsp_digest digest)
{
	const struct digest *d = entry(digest);

	if (d == NULL)
		return (struct bytes){ 0 };
	return (struct bytes){ d->oid, sizeof(d->oid) };
}

enum tsp_digest tsp_digest_by_oid(struct bytes oid_content)
{
	for (int i = TSP_DIGEST_NONE + 1; i < TSP_DIGESTS; i++)
		if (bytes_equal(oid_content, tsp_digest_oid((enum tsp_digest)i)))
			return (enum tsp_digest)i;
	return TSP_DIGEST_NONE;
}

size_t tsp_digest_len(enum tsp_digest digest)
{
	const struct digest *d = entry(digest);

	return d == NULL ? 0 : d->len;
}

bool tsp_digest_signs(enum tsp_digest digest)
{
	const struct digest *d = entry(digest);

	return d != NULL && d->rsa[0] != 0;
}

struct bytes tsp_signature_algorithm(enum tsp_key_kind key, enum tsp_digest digest)
{
	const struct digest *d = entry(digest);

	if (!tsp_digest_signs(digest))
		return (struct bytes){ 0 };
	switch (key) {
	case TSP_KEY_RSA:
		return (struct bytes){ d->rsa, sizeof(d->rsa) };
	case TSP_KEY_EC:
		return (struct bytes){ d->ecdsa, sizeof(d->ecdsa) };
	}
	return (struct bytes){ 0 };
}
