/*
 * The ledger entry (ledger.md 1.3.1): 86 bytes, computable from a token alone, and its RFC 6962
 * leaf hash.  These formats are for ever; tests/data/record-vectors.txt holds them.
 *
 *   u8 version = 1 | u8 kind | u64 time_us | u64 instance << 32 | lease | u32 ctr |
 *   u8 key_id[32] | u8 commit[32]
 */
#ifndef TSA_RECORD_ENTRY_H
#define TSA_RECORD_ENTRY_H

#include "tsa/core/bytes.h"
#include "tsa/core/msg.h"
#include "tsa/record/serial.h"

enum { ENTRY_LEN = 86, HASH_LEN = 32 };

/* SHA-256 of all parts after one another. Running out of memory aborts. */
void hash_parts(const struct bytes *parts, size_t count, uint8_t out[HASH_LEN]);
void hash_one(struct bytes in, uint8_t out[HASH_LEN]);

/*
 * Entry of a token: key_id = SHA-256(TSU certificate DER); commit = SHA-256("tsa/token/v1\0" |
 * u32 len | TSTInfo | u32 len | signature).  time_us is the encoded genTime.
 */
void entry_of_token(struct serial serial, uint64_t time_us, const uint8_t key_id[HASH_LEN],
	struct bytes tstinfo, struct bytes signature, uint8_t out[ENTRY_LEN]);

/* Entry of any other record: key_id zero; commit = SHA-256("tsa/event/v1\0" | u32 len | body). */
void entry_of_event(enum record_kind kind, struct serial serial, uint64_t time_us,
	struct bytes body, uint8_t out[ENTRY_LEN]);

/* RFC 6962 2.1: SHA-256(0x00 | entry). */
void entry_leaf_hash(const uint8_t entry[ENTRY_LEN], uint8_t out[HASH_LEN]);

/* tsu_id = first 31 bits of SHA-256(certificate) (R4). */
uint32_t tsu_id_of(const uint8_t cert_sha256[HASH_LEN]);

#endif
