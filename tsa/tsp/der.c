/*
 * Strict DER: the reader takes views out of the bytes it is given and never copies, the writer
 * fills the caller's buffer from its end.  Knows no structure of any standard above X.690.
 */
#include "tsa/tsp/der.h"

#include <string.h>

enum {
	MULTI_BYTE_TAG = 0x1f, /* low bits of a tag whose number follows (X.690 8.1.2.4) */
	LONG_LENGTH = 0x80, /* set in the first octet of a length of more octets */
	MAX_LENGTH_OCTETS = 4, /* nothing we read comes near 4 GiB */
	MAX_HEADER = 2 + sizeof(size_t),
};

struct header {
	uint8_t tag;
	size_t header_len;
	size_t content_len;
};

/* Tag and length; false unless the length is definite, minimal (X.690 10.1) and within in. */
static bool read_header(struct bytes in, struct header *h)
{
	if (in.len < 2 || (in.at[0] & MULTI_BYTE_TAG) == MULTI_BYTE_TAG)
		return false;
	*h = (struct header){ .tag = in.at[0], .header_len = 2, .content_len = in.at[1] };
	if (in.at[1] >= LONG_LENGTH) {
		size_t octets = in.at[1] & 0x7fU; /* 0: the indefinite form */

		if (octets == 0 || octets > MAX_LENGTH_OCTETS || octets > in.len - 2)
			return false;
		h->header_len += octets;
		h->content_len = 0;
		for (size_t i = 0; i < octets; i++)
			h->content_len = h->content_len << 8 | in.at[2 + i];
		if (in.at[2] == 0 || h->content_len < LONG_LENGTH)
			return false;
	}
	return h->content_len <= in.len - h->header_len;
}

static struct bytes fail(struct der *d)
{
	d->failed = true;
	return (struct bytes){ 0 };
}

/* Consumes the next element and gives the whole of it; *h says how it divides. */
static struct bytes take_element(struct der *d, struct header *h)
{
	struct bytes whole;

	if (d->failed || !read_header(d->rest, h))
		return fail(d);
	whole = (struct bytes){ d->rest.at, h->header_len + h->content_len };
	d->rest.at += whole.len;
	d->rest.len -= whole.len;
	return whole;
}

bool der_next_is(const struct der *d, uint8_t tag)
{
	return !d->failed && d->rest.len > 0 && d->rest.at[0] == tag;
}

struct bytes der_take_any(struct der *d, uint8_t *tag)
{
	struct header h = { 0 };
	struct bytes whole = take_element(d, &h);

	*tag = 0;
	if (d->failed)
		return whole;
	*tag = h.tag;
	return (struct bytes){ whole.at + h.header_len, h.content_len };
}

struct bytes der_take(struct der *d, uint8_t tag)
{
	uint8_t found;

	if (!der_next_is(d, tag))
		return fail(d);
	return der_take_any(d, &found);
}

struct bytes der_take_whole(struct der *d, uint8_t tag)
{
	struct header h;

	if (!der_next_is(d, tag))
		return fail(d);
	return take_element(d, &h);
}

struct der der_enter(struct der *d, uint8_t tag)
{
	struct bytes content = der_take(d, tag);

	return (struct der){ .rest = content, .failed = d->failed };
}

/* X.690 8.3.2: not empty, and the first nine bits are neither all zero nor all one. */
bool der_integer_is_minimal(struct bytes b)
{
	if (b.len == 0)
		return false;
	if (b.len == 1)
		return true;
	return !(b.at[0] == 0x00 && b.at[1] < 0x80) && !(b.at[0] == 0xff && b.at[1] >= 0x80);
}

struct bytes der_take_integer(struct der *d)
{
	struct bytes content = der_take(d, DER_INTEGER);

	if (d->failed || !der_integer_is_minimal(content))
		return fail(d);
	return content;
}

uint64_t der_take_u64(struct der *d, uint8_t tag)
{
	struct bytes content = der_take(d, tag);
	uint64_t v = 0;

	if (d->failed || !der_integer_is_minimal(content) || content.at[0] >= 0x80)
		content = fail(d);
	if (content.len > sizeof(v) && (content.len > sizeof(v) + 1 || content.at[0] != 0))
		content = fail(d);
	for (size_t i = 0; i < content.len; i++)
		v = v << 8 | content.at[i];
	return v;
}

struct bytes der_take_oid(struct der *d)
{
	struct bytes content = der_take(d, DER_OID);
	bool starts_arc = true;

	for (size_t i = 0; i < content.len; i++) {
		if (starts_arc && content.at[i] == 0x80)
			return fail(d); /* X.690 8.19.2: no leading zero groups */
		starts_arc = content.at[i] < 0x80;
	}
	if (content.len == 0 || !starts_arc)
		return fail(d);
	return content;
}

bool der_take_boolean(struct der *d)
{
	struct bytes content = der_take(d, DER_BOOLEAN);

	if (content.len != 1) {
		d->failed = true;
		return false;
	}
	return content.at[0] != 0;
}

bool der_finished(const struct der *d)
{
	return !d->failed && d->rest.len == 0;
}

struct der_out der_out_on(uint8_t *buf, size_t cap)
{
	return (struct der_out){ .buf = buf, .cap = cap, .at = cap };
}

size_t der_out_mark(const struct der_out *d)
{
	return d->at;
}

void der_put_raw(struct der_out *d, struct bytes b)
{
	if (d->full || b.len > d->at) {
		d->full = true;
		return;
	}
	d->at -= b.len;
	if (b.len > 0)
		memcpy(d->buf + d->at, b.at, b.len);
}

void der_put_header(struct der_out *d, uint8_t tag, size_t mark)
{
	uint8_t header[MAX_HEADER];
	size_t len = mark - d->at;
	size_t at = sizeof(header);

	if (len < LONG_LENGTH) {
		header[--at] = (uint8_t)len;
	} else {
		for (size_t left = len; left > 0; left >>= 8)
			header[--at] = (uint8_t)left;
		header[at - 1] = (uint8_t)(LONG_LENGTH | (sizeof(header) - at));
		at--;
	}
	header[--at] = tag;
	der_put_raw(d, (struct bytes){ header + at, sizeof(header) - at });
}

void der_put(struct der_out *d, uint8_t tag, struct bytes content)
{
	size_t mark = der_out_mark(d);

	der_put_raw(d, content);
	der_put_header(d, tag, mark);
}

/* Magnitude without leading zeros; a zero octet keeps a set top bit from reading as a sign. */
static void put_magnitude(struct der_out *d, uint8_t tag, struct bytes magnitude)
{
	static const uint8_t zero = 0;
	size_t mark = der_out_mark(d);

	while (magnitude.len > 0 && magnitude.at[0] == 0) {
		magnitude.at++;
		magnitude.len--;
	}
	der_put_raw(d, magnitude);
	if (magnitude.len == 0 || magnitude.at[0] >= 0x80)
		der_put_raw(d, (struct bytes){ &zero, 1 });
	der_put_header(d, tag, mark);
}

void der_put_u64(struct der_out *d, uint8_t tag, uint64_t v)
{
	uint8_t be[sizeof(v)];

	for (size_t i = 0; i < sizeof(be); i++)
		be[i] = (uint8_t)(v >> (8 * (sizeof(be) - 1 - i)));
	put_magnitude(d, tag, (struct bytes){ be, sizeof(be) });
}

void der_put_unsigned(struct der_out *d, uint8_t tag, struct bytes magnitude)
{
	put_magnitude(d, tag, magnitude);
}

void der_put_oid(struct der_out *d, struct bytes content)
{
	der_put(d, DER_OID, content);
}

void der_put_null(struct der_out *d)
{
	der_put(d, DER_NULL, (struct bytes){ 0 });
}

struct bytes der_out_view(const struct der_out *d)
{
	if (d->full)
		return (struct bytes){ 0 };
	return (struct bytes){ d->buf + d->at, d->cap - d->at };
}
