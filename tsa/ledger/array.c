/* Owns the bytes of a parameter that is being built. */
#include "tsa/ledger/array.h"

#include "tsa/core/log.h"

/* dimensions = 1 | has nulls = 0 | element type | number of elements | lower bound = 1 */
enum { ARRAY_HEADER = 20 };

static void write_header(const struct array *a, uint8_t out[ARRAY_HEADER])
{
	struct writer w = { .at = out, .cap = ARRAY_HEADER };

	writer_u32(&w, 1);
	writer_u32(&w, 0);
	writer_u32(&w, (uint32_t)a->type);
	writer_u32(&w, a->count);
	writer_u32(&w, 1);
}

void array_begin(struct array *a, enum array_type type)
{
	uint8_t header[ARRAY_HEADER];

	a->type = type;
	a->count = 0;
	a->buf.len = 0;
	write_header(a, header);
	buf_append(&a->buf, (struct bytes){ header, sizeof(header) });
}

void array_add_bytes(struct array *a, struct bytes element)
{
	uint8_t len[4];
	struct writer w = { .at = len, .cap = sizeof(len) };

	writer_u32(&w, (uint32_t)element.len);
	buf_append(&a->buf, (struct bytes){ len, sizeof(len) });
	buf_append(&a->buf, element);
	a->count++;
}

void array_add_int(struct array *a, int64_t element)
{
	uint8_t at[8];
	struct writer w = { .at = at, .cap = sizeof(at) };

	switch (a->type) {
	case ARRAY_INT2:
		writer_u16(&w, (uint16_t)element);
		break;
	case ARRAY_INT4:
		writer_u32(&w, (uint32_t)element);
		break;
	case ARRAY_INT8:
		writer_u64(&w, (uint64_t)element);
		break;
	case ARRAY_BYTEA:
		BUG("an integer for an array of bytea");
	}
	array_add_bytes(a, (struct bytes){ at, w.len });
}

struct bytes array_view(struct array *a)
{
	write_header(a, a->buf.at);
	return buf_view(&a->buf);
}

void array_free(struct array *a)
{
	buf_free(&a->buf);
	a->count = 0;
}
