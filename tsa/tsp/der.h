/*
 * Strict DER (X.690 11): definite minimal lengths, minimal INTEGERs, one encoding a value.
 * Pure: bytes in, values out; no allocation, no OpenSSL.
 */
#ifndef TSA_TSP_DER_H
#define TSA_TSP_DER_H

#include "tsa/core/bytes.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80, /* | number: primitive [n] IMPLICIT */
	DER_CONTEXT_CONSTRUCTED = 0xa0, /* | number: constructed [n] */
};

/* Reads elements straight through; failed stays set once something was not DER. */
struct der {
	struct bytes rest;
	bool failed;
};

/* True if elements are left and the next has this tag byte. Does not consume. */
bool der_next_is(const struct der *d, uint8_t tag);
/* Consumes the next element, which must have this tag, and gives its content octets. */
struct bytes der_take(struct der *d, uint8_t tag);
/* Consumes the next element whatever its (single-byte) tag; *tag gets it. */
struct bytes der_take_any(struct der *d, uint8_t *tag);
/* As der_take, but gives the whole element, tag and length included. */
struct bytes der_take_whole(struct der *d, uint8_t tag);
/* Consumes the next element with this constructed tag and reads inside it. */
struct der der_enter(struct der *d, uint8_t tag);
/* True for content octets of an INTEGER: at least one, and no needless first one. */
bool der_integer_is_minimal(struct bytes content);
/* INTEGER of any size, minimal (X.690 8.3.2): content octets as they are, sign included. */
struct bytes der_take_integer(struct der *d);
/* INTEGER that is not negative and fits u64. */
uint64_t der_take_u64(struct der *d, uint8_t tag);
/* OBJECT IDENTIFIER: content octets, well-formed (X.690 8.19). */
struct bytes der_take_oid(struct der *d);
/*
 * BOOLEAN. Any non-zero octet is TRUE: two real signers send 01 and 31 (design section 6, the
 * one leniency); all else is strict DER.
 */
bool der_take_boolean(struct der *d);
/* True if nothing failed and nothing is left. */
bool der_finished(const struct der *d);

/* Text form of an OID's content octets, e.g. "1.2.840"; false if malformed or cap is short. */
bool der_oid_to_text(struct bytes content, char *out, size_t cap);
/* Content octets of "1.2.840"; the number written, 0 if the text is no OID or cap is short. */
size_t der_oid_from_text(const char *text, uint8_t *out, size_t cap);

/*
 * Writes DER from the end of a buffer to its front, so that a length is known when its header
 * is written: put the content first, then der_put_header over it.  Remembers that it was full.
 */
struct der_out {
	uint8_t *buf;
	size_t cap;
	size_t at; /* what is written stands in buf[at .. cap) */
	bool full;
};

struct der_out der_out_on(uint8_t *buf, size_t cap);
/* A mark for der_put_header: what was written before it stays outside. */
size_t der_out_mark(const struct der_out *d);
void der_put_raw(struct der_out *d, struct bytes b);
/* Tag and length over all that was put since mark. */
void der_put_header(struct der_out *d, uint8_t tag, size_t mark);
/* A whole element: tag, length, content. */
void der_put(struct der_out *d, uint8_t tag, struct bytes content);
/* Unsigned, minimal, with a sign octet where the top bit is set. */
void der_put_u64(struct der_out *d, uint8_t tag, uint64_t v);
/* Unsigned big-endian magnitude as a minimal INTEGER. */
void der_put_unsigned(struct der_out *d, uint8_t tag, struct bytes magnitude);
void der_put_oid(struct der_out *d, struct bytes content);
void der_put_null(struct der_out *d);
/* What was written, in buf; empty if it did not fit. */
struct bytes der_out_view(const struct der_out *d);

#endif
