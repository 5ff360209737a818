/*
 * Views, owned buffers, reader and writer for the formats of ours (big-endian, lengths first).
 * No I/O.  struct bytes borrows and is never freed; struct buf owns.
 */
#ifndef TSA_CORE_BYTES_H
#define TSA_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed view; valid as long as what it points into. */
struct bytes {
	const uint8_t *at;
	size_t len;
};

/* The bytes of a C string, without its terminating zero. */
struct bytes bytes_of_text(const char *text);

/* How many bytes of text, at most max, do not end within a character of UTF-8. */
size_t text_fitting(const char *text, size_t max);

/* True if both views hold the same bytes (not in constant time). */
bool bytes_equal(struct bytes a, struct bytes b);

/* An owned buffer that grows; all zero is empty. Running out of memory aborts. */
struct buf {
	uint8_t *at;
	size_t len;
	size_t cap;
};

void buf_append(struct buf *buf, struct bytes more);
struct bytes buf_view(const struct buf *buf);
void buf_free(struct buf *buf);

/* calloc that aborts when memory is out. The caller frees. */
void *must_calloc(size_t count, size_t size);
/* strdup that aborts when memory is out. The caller frees. */
char *must_strdup(const char *text);

/*
 * Reads straight through and remembers that it ran short: after the last field ask
 * reader_finished(), which is true only if nothing was missing and nothing is left.
 */
struct reader {
	struct bytes rest;
	bool failed;
};

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* The next len bytes as they are; empty and failed when fewer are left. */
struct bytes reader_take(struct reader *r, size_t len);
/* A u32 length, at most max, then that many bytes. */
struct bytes reader_bytes(struct reader *r, size_t max);
/* As reader_bytes, copied into out as a C string; fails on a zero byte inside or len >= cap. */
void reader_text(struct reader *r, char *out, size_t cap);
bool reader_finished(const struct reader *r);

/*
 * Writes into memory of the caller.  Remembers that it was full: what did not fit is not
 * written, and writer_done() says so.
 */
struct writer {
	uint8_t *at;
	size_t cap;
	size_t len;
	bool full;
};

void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
/* The bytes as they are, without a length. */
void writer_raw(struct writer *w, struct bytes b);
/* A u32 length, then the bytes. */
void writer_bytes(struct writer *w, struct bytes b);
void writer_text(struct writer *w, const char *text);
/* The length written, or 0 if something did not fit. */
size_t writer_done(const struct writer *w);

#endif
