/*
 * The file of answers: tsa-chaos-clients appends to it, tsa-chaos-check reads it while it grows.
 * A record, integers big-endian:
 *   u32 length of the rest | u8 endpoint | u8 certReq | u64 sent_us | u64 received_us |
 *   u32 length, TimeStampReq | u32 length, TimeStampResp
 * Times are microseconds since 1970, before the first byte was sent and after the last one came.
 */
#ifndef TSA_TESTS_CHAOS_ANSWERS_H
#define TSA_TESTS_CHAOS_ANSWERS_H

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	ANSWER_MAX_ENDPOINTS = 8,
	ANSWER_MAX_REQUEST = 1024,
	ANSWER_MAX_REPLY = 65536,
	ANSWER_MAX_RECORD = ANSWER_MAX_REQUEST + ANSWER_MAX_REPLY + 64,
};

struct answer {
	uint8_t endpoint; /* in the order of the command line */
	uint8_t cert_req;
	uint64_t sent_us;
	uint64_t received_us;
	struct bytes request; /* DER TimeStampReq */
	struct bytes reply; /* DER TimeStampResp */
};

/* Appends the record to out. Request and reply must be within their limits. */
void answer_encode(const struct answer *answer, struct buf *out);

struct answers;

enum answers_read {
	ANSWERS_RECORD, /* here it is */
	ANSWERS_END, /* no whole record more, as yet */
	ANSWERS_FAILED, /* unreadable, or no record where one must stand; err says */
};

/* Opens the file at its start. NULL and err if it cannot be read; free with answers_free. */
struct answers *answers_open(const char *path, struct err *err);
/* Takes NULL. */
void answers_free(struct answers *a);
/* The next record; its views live until the next call. */
enum answers_read answers_next(struct answers *a, struct answer *answer, struct err *err);

#endif
