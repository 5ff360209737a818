/* Owns the memory of struct buf; reads and writes only inside the views it is given. */
#include "tsa/core/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	UTF8_MORE = 0x80, /* 10xxxxxx goes on with a character */
	UTF8_MASK = 0xc0,
};

struct bytes bytes_of_text(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

size_t text_fitting(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len <= max)
		return len;
	len = max;
	while (len > 0 && ((unsigned char)text[len] & UTF8_MASK) == UTF8_MORE)
		len--;
	return len;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static void out_of_memory(void)
{
	fputs("tsa: out of memory\n", stderr);
	abort();
}

void *must_calloc(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

	if (p == NULL)
		out_of_memory();
	return p;
}

char *must_strdup(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		out_of_memory();
	return copy;
}

void buf_append(struct buf *buf, struct bytes more)
{
	if (more.len == 0)
		return;
	if (more.len > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
		out_of_memory();
	if (buf->cap - buf->len < more.len) {
		size_t cap = 2 * buf->cap + more.len;
		uint8_t *grown = realloc(buf->at, cap);

		if (grown == NULL)
			out_of_memory();
		buf->at = grown;
		buf->cap = cap;
	}
	memcpy(buf->at + buf->len, more.at, more.len);
	buf->len += more.len;
}

struct bytes buf_view(const struct buf *buf)
{
	return (struct bytes){ buf->at, buf->len };
}

void buf_free(struct buf *buf)
{
	free(buf->at);
	*buf = (struct buf){ 0 };
}

struct bytes reader_take(struct reader *r, size_t len)
{
	struct bytes taken = { r->rest.at, len };

	if (r->failed || len > r->rest.len) {
		r->failed = true;
		return (struct bytes){ 0 };
	}
	if (len > 0)
		r->rest.at += len;
	r->rest.len -= len;
	return taken;
}

static uint64_t take_integer(struct reader *r, size_t len)
{
	struct bytes b = reader_take(r, len);
	uint64_t v = 0;

	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.at[i];
	return v;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)take_integer(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)take_integer(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)take_integer(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return take_integer(r, 8);
}

struct bytes reader_bytes(struct reader *r, size_t max)
{
	size_t len = reader_u32(r);

	if (len > max)
		r->failed = true;
	return reader_take(r, len);
}

void reader_text(struct reader *r, char *out, size_t cap)
{
	struct bytes b = reader_bytes(r, cap - 1);

	if (b.len > 0 && memchr(b.at, 0, b.len) != NULL) {
		r->failed = true;
		b.len = 0;
	}
	if (b.len > 0)
		memcpy(out, b.at, b.len);
	out[b.len] = '\0';
}

bool reader_finished(const struct reader *r)
{
	return !r->failed && r->rest.len == 0;
}

void writer_raw(struct writer *w, struct bytes b)
{
	if (w->full || b.len > w->cap - w->len) {
		w->full = true;
		return;
	}
	if (b.len > 0)
		memcpy(w->at + w->len, b.at, b.len);
	w->len += b.len;
}

static void put_integer(struct writer *w, uint64_t v, size_t len)
{
	uint8_t be[8];

	for (size_t i = 0; i < len; i++)
		be[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
	writer_raw(w, (struct bytes){ be, len });
}

void writer_u8(struct writer *w, uint8_t v)
{
	put_integer(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
	put_integer(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
	put_integer(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
	put_integer(w, v, 8);
}

void writer_bytes(struct writer *w, struct bytes b)
{
	if (b.len > UINT32_MAX) {
		w->full = true;
		return;
	}
	writer_u32(w, (uint32_t)b.len);
	writer_raw(w, b);
}

void writer_text(struct writer *w, const char *text)
{
	writer_bytes(w, bytes_of_text(text));
}

size_t writer_done(const struct writer *w)
{
	return w->full ? 0 : w->len;
}
