/* Owns nothing: characters in, bytes out. */
#include "tsa/front/base64.h"

enum {
	NO_DIGIT = -1,
	DIGIT_BITS = 6,
	QUANTUM = 4, /* characters */
	MAX_PAD = 2,
};

static int digit_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

/* Characters come one after the other; a byte is out as soon as its bits are there. */
struct decoder {
	uint8_t *out;
	size_t cap;
	size_t len;
	size_t characters; /* digits and padding */
	unsigned pads;
	uint32_t bits; /* not yet given out */
	unsigned bit_count;
};

static bool put_digit(struct decoder *d, int digit)
{
	d->bits = d->bits << DIGIT_BITS | (uint32_t)digit;
	d->bit_count += DIGIT_BITS;
	if (d->bit_count < 8)
		return true;
	if (d->len == d->cap)
		return false;
	d->bit_count -= 8;
	d->out[d->len++] = (uint8_t)(d->bits >> d->bit_count);
	d->bits &= (1U << d->bit_count) - 1;
	return true;
}

static bool put_character(struct decoder *d, uint8_t c)
{
	int digit = digit_of(c);

	d->characters++;
	if (c == '=')
		return ++d->pads <= MAX_PAD;
	return digit != NO_DIGIT && d->pads == 0 && put_digit(d, digit);
}

bool base64_decode(struct bytes text, uint8_t *out, size_t cap, size_t *len)
{
	struct decoder d = { .out = out, .cap = cap };

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\r' || text.at[i] == '\n')
			continue;
		if (!put_character(&d, text.at[i]))
			return false;
	}
	*len = d.len;
	/* Padding stands for the bits that the last byte did not need: 2 a character. */
	return d.characters % QUANTUM == 0 && d.bits == 0 && d.bit_count == 2 * d.pads;
}
