/*
 * The journal's files: segments of frames of records.  tsa-journal writes them, tsa-ledger and
 * tools read them.  Format 1, for ever; integers big-endian.
 *
 * Segment file "<first seq as 16 hex digits>.seg" (SEGMENT_SIZE bytes, zeros after the last frame):
 *   header, SEGMENT_HEADER bytes:
 *     "TSAJRNL1" | u32 instance | u32 lease | u64 lease_seq | u64 first_seq | u64 created_us |
 *     u8 chain[32] | u8 sha256[32] of all before it | zeros
 *     lease and lease_seq: the lease opened last before first_seq and the seq of its
 *     lease-open (0, 0 if none was); chain: chain value of the last frame before, zeros in the
 *     first segment.
 *   frames, one after the other:
 *     "TSAF" | u32 records_len | u32 record count | u64 first seq | records |
 *     u8 chain[32] = SHA-256(chain of the frame before | this frame up to here)
 *   record:
 *     u64 seq | u32 lease | u32 ctr | u8 kind | u8 flags | u64 time_us | u32 tsu_id |
 *     i32 bound_us | u8 leaf_hash[32] | u32 body_len | body
 *
 * "instance" file: 8 hex digits and a newline.  "lock": held with flock by the writer.
 * "tsu-<SHA-256 of the certificate, hex>-<SHA-256 of chain_der, first 16 hex digits>.pem": the
 * certificates of a TSU (leaf, then intermediates); chain_der = the intermediates' DER, one
 * after the other.
 */
#ifndef TSA_RECORD_FRAME_H
#define TSA_RECORD_FRAME_H

#include "tsa/core/err.h"
#include "tsa/record/entry.h"

enum {
	SEGMENT_SIZE = 64 * 1024 * 1024,
	SEGMENT_HEADER = 128,
	FRAME_HEADER = 20,
	RECORD_HEADER = 70,
	FRAME_MAX_RECORDS = 1024,
	FRAME_MAX_LEN = 4 * 1024 * 1024, /* records of one frame, in bytes */
};

struct segment_header {
	uint32_t instance;
	uint32_t lease;
	uint64_t lease_seq;
	uint64_t first_seq;
	uint64_t created_us;
	uint8_t chain[HASH_LEN];
};

void segment_header_encode(const struct segment_header *h, uint8_t out[SEGMENT_HEADER]);
/* False with err if it is no header of format 1 or its hash is wrong. */
MUST_CHECK bool segment_header_decode(
	const uint8_t in[SEGMENT_HEADER], struct segment_header *h, struct err *err);
/* "0000000000000001.seg". */
enum { SEGMENT_NAME = 21 };
void segment_name(uint64_t first_seq, char out[SEGMENT_NAME]);
/* The first seq that a file name stands for; 0 if it is no segment's name. */
uint64_t segment_name_seq(const char *name);

/* Appends one record to a frame that is being built in out. */
void frame_add(struct buf *out, const struct msg_record *record);
/* Starts a frame in out (emptied first); frame_finish fills its header and puts the chain. */
void frame_begin(struct buf *out);
void frame_finish(struct buf *out, uint32_t count, uint64_t first_seq, uint8_t chain[HASH_LEN]);

enum frame_result {
	FRAME_GOOD,
	FRAME_END, /* zeros: nothing was written here */
	FRAME_BROKEN, /* torn or damaged; err says what */
};

struct frame {
	struct bytes whole;
	struct reader records; /* for frame_next */
	uint32_t count;
	uint64_t first_seq;
};

/* Length of the whole frame that starts with header; 0 if no frame starts so. */
size_t frame_len(const uint8_t header[FRAME_HEADER]);

/*
 * Reads the frame at the start of rest and checks its chain value, which follows chain; chain is
 * then the frame's. Views point into rest.
 */
enum frame_result frame_read(
	struct bytes rest, uint8_t chain[HASH_LEN], struct frame *frame, struct err *err);
/* The next record of a good frame; false after the last. A record that does not decode aborts. */
bool frame_next(struct frame *frame, struct msg_record *record);

#endif
