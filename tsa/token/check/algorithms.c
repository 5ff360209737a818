/* Looks algorithms up in a table of dates, and has the one that is built in.  Owns nothing else. */
#include "algorithms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "algorithms_part.h"
#include "tsa/core/log.h"

/* What a signature needs: its kind, and the length of the key or, for EdDSA, which one it is. */
struct signature_kind {
	enum algorithms_kind kind; /* ALGORITHMS_TABLE: none that is known */
	int bits;
	int name;
};

struct algorithms *algorithms_default(void)
{
	struct err err = { 0 };
	struct algorithms *table = algorithms_read(algorithms_built_in(), &err);

	if (table == NULL)
		BUG("the table that is built in: %s", err.text);
	return table;
}

void algorithms_free(struct algorithms *table)
{
	free(table);
}

const char *algorithms_version(const struct algorithms *table)
{
	return table->version;
}

int64_t algorithms_digest(const struct algorithms *table, int digest)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->rows[i].kind == ALGORITHMS_DIGEST && table->rows[i].name == digest)
			return table->rows[i].last;
	return ALGORITHMS_NEVER;
}

/* The algorithm of the key in a signature's OID: sha256WithRSAEncryption and rsaEncryption. */
static int key_of_scheme(int scheme)
{
	int digest;
	int key;

	if (OBJ_find_sigid_algs(scheme, &digest, &key) == 1 && key != NID_undef)
		return key;
	switch (scheme) { /* OpenSSL 3.0 knows these by name only */
	case NID_ecdsa_with_SHA3_224:
	case NID_ecdsa_with_SHA3_256:
	case NID_ecdsa_with_SHA3_384:
	case NID_ecdsa_with_SHA3_512:
		return NID_X9_62_id_ecPublicKey;
	case NID_sha512_224WithRSAEncryption:
	case NID_sha512_256WithRSAEncryption:
		return NID_rsaEncryption;
	default:
		return scheme;
	}
}

/* The kind by scheme; the key must be one that can sign so. */
static struct signature_kind kind_of(int scheme, const EVP_PKEY *key)
{
	struct signature_kind none = { .kind = ALGORITHMS_TABLE };
	struct signature_kind found = { .name = NID_undef };
	int type = key == NULL ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
	int wanted = key_of_scheme(scheme);
	bool fits = false;

	switch (wanted) {
	case NID_rsaEncryption:
	case NID_rsa: /* X.509's own OID of the key */
		found.kind = ALGORITHMS_RSA;
		fits = type == EVP_PKEY_RSA;
		break;
	case NID_rsassaPss:
		found.kind = ALGORITHMS_PSS;
		fits = type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS;
		break;
	case NID_dsa:
	case NID_dsa_2: /* OIW's OID */
		found.kind = ALGORITHMS_DSA;
		fits = type == EVP_PKEY_DSA;
		break;
	case NID_X9_62_id_ecPublicKey:
		found.kind = ALGORITHMS_ECDSA;
		fits = type == EVP_PKEY_EC;
		break;
	case NID_ED25519:
	case NID_ED448:
		found.kind = ALGORITHMS_EDDSA;
		found.name = wanted;
		fits = type == wanted;
		break;
	default:
		break;
	}
	if (!fits)
		return none;
	found.bits = EVP_PKEY_get_bits(key);
	return found;
}

int64_t algorithms_signature(const struct algorithms *table, int scheme, const EVP_PKEY *key)
{
	struct signature_kind sought = kind_of(scheme, key);

	for (unsigned i = 0; i < table->count; i++) {
		const struct algorithms_row *row = &table->rows[i];

		if (row->kind != sought.kind || row->name != sought.name)
			continue;
		if (row->name != NID_undef || (row->from <= sought.bits && sought.bits <= row->to))
			return row->last;
	}
	return ALGORITHMS_NEVER;
}

void algorithms_signature_name(int scheme, const EVP_PKEY *key, char out[32])
{
	struct signature_kind kind = kind_of(scheme, key);
	const char *name = OBJ_nid2sn(key_of_scheme(scheme));

	if (kind.kind == ALGORITHMS_TABLE)
		snprintf(out, 32, "%s", name != NULL && scheme != NID_undef ? name : "unknown");
	else if (kind.kind == ALGORITHMS_EDDSA)
		snprintf(out, 32, "%s", kind.name == NID_ED448 ? "ed448" : "ed25519");
	else
		snprintf(out, 32, "%s-%d", algorithms_kind_name(kind.kind), kind.bits);
}
