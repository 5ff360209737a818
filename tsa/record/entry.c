/* Owns nothing; SHA-256 and the 86 bytes that go into the ledger's tree. */
#include "tsa/record/entry.h"

#include <string.h>

#include <openssl/evp.h>

#include "tsa/core/log.h"

enum { ENTRY_VERSION = 1 };

void hash_parts(const struct bytes *parts, size_t count, uint8_t out[HASH_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = parts[i].len == 0 || EVP_DigestUpdate(ctx, parts[i].at, parts[i].len) == 1;
	if (!ok || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		BUG("sha256: out of memory");
	EVP_MD_CTX_free(ctx);
}

void hash_one(struct bytes in, uint8_t out[HASH_LEN])
{
	hash_parts(&in, 1, out);
}

/* SHA-256(domain with its zero | u32 length and bytes of each part). */
static void commitment(
	const char *domain, const struct bytes *parts, size_t count, uint8_t out[HASH_LEN])
{
	uint8_t lengths[2][4];
	struct bytes all[5] = { { (const uint8_t *)domain, strlen(domain) + 1 } };
	size_t used = 1;

	for (size_t i = 0; i < count && i < 2; i++) {
		struct writer w = { .at = lengths[i], .cap = sizeof(lengths[i]) };

		if (parts[i].len > UINT32_MAX)
			BUG("entry: a part of %zu bytes", parts[i].len);
		writer_u32(&w, (uint32_t)parts[i].len);
		all[used++] = (struct bytes){ lengths[i], sizeof(lengths[i]) };
		all[used++] = parts[i];
	}
	hash_parts(all, used, out);
}

static void encode(uint8_t kind, struct serial serial, uint64_t time_us,
	const uint8_t key_id[HASH_LEN], const uint8_t commit[HASH_LEN], uint8_t out[ENTRY_LEN])
{
	struct writer w = { .at = out, .cap = ENTRY_LEN };

	writer_u8(&w, ENTRY_VERSION);
	writer_u8(&w, kind);
	writer_u64(&w, time_us);
	writer_u64(&w, (uint64_t)serial.instance << 32 | serial.lease);
	writer_u32(&w, serial.ctr);
	writer_raw(&w, (struct bytes){ key_id, HASH_LEN });
	writer_raw(&w, (struct bytes){ commit, HASH_LEN });
}

void entry_of_token(struct serial serial, uint64_t time_us, const uint8_t key_id[HASH_LEN],
	struct bytes tstinfo, struct bytes signature, uint8_t out[ENTRY_LEN])
{
	const struct bytes parts[] = { tstinfo, signature };
	uint8_t commit[HASH_LEN];

	commitment("tsa/token/v1", parts, 2, commit);
	encode(RECORD_TOKEN, serial, time_us, key_id, commit, out);
}

void entry_of_event(enum record_kind kind, struct serial serial, uint64_t time_us,
	struct bytes body, uint8_t out[ENTRY_LEN])
{
	static const uint8_t no_key[HASH_LEN];
	uint8_t commit[HASH_LEN];

	if (kind == RECORD_TOKEN || kind >= RECORD_KINDS)
		BUG("entry: kind %d is no event", (int)kind);
	commitment("tsa/event/v1", &body, 1, commit);
	encode((uint8_t)kind, serial, time_us, no_key, commit, out);
}

void entry_leaf_hash(const uint8_t entry[ENTRY_LEN], uint8_t out[HASH_LEN])
{
	static const uint8_t leaf = 0x00;
	const struct bytes parts[] = { { &leaf, 1 }, { entry, ENTRY_LEN } };

	hash_parts(parts, 2, out);
}

uint32_t tsu_id_of(const uint8_t cert_sha256[HASH_LEN])
{
	struct reader r = { .rest = { cert_sha256, HASH_LEN } };

	return reader_u32(&r) >> 1;
}
