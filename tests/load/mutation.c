#include "mutation.h"

#include <string.h>

#include "made_request.h"

enum {
	BITS = 8,
	BYTES = 256,
	LONGER = 64, /* extensions by more than a byte: 2, 4, 6 ... */
	MAX_EDITS = 4,
};

/* What a byte is set to, or what is put in before it: zero, signs, lengths, tags. */
static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0x81, 0xff, 0x30, 0x02 };

enum { VALUES = sizeof(values) };

size_t mutation_count(size_t base_len)
{
	return base_len * (BITS + 1 + 1 + 2 * VALUES) + BYTES + LONGER;
}

static size_t set(struct bytes base, size_t at, uint8_t value, uint8_t *out)
{
	memcpy(out, base.at, base.len);
	out[at] = value;
	return base.len;
}

static size_t take_out(struct bytes base, size_t at, uint8_t *out)
{
	memcpy(out, base.at, at);
	memcpy(out + at, base.at + at + 1, base.len - at - 1);
	return base.len - 1;
}

static size_t put_in(struct bytes base, size_t at, uint8_t value, uint8_t *out)
{
	memcpy(out, base.at, at);
	out[at] = value;
	memcpy(out + at + 1, base.at + at, base.len - at);
	return base.len + 1;
}

/* The start of base once more behind it, from its first byte on, or zeros. */
static size_t extend(struct bytes base, size_t by, uint8_t *out)
{
	size_t again = by < base.len ? by : base.len;

	memcpy(out, base.at, base.len);
	memset(out + base.len, 0, by);
	if (by % 4 == 0)
		memcpy(out + base.len, base.at, again);
	return base.len + by;
}

size_t mutation_make(struct bytes base, size_t n, uint8_t *out)
{
	if (n < base.len * BITS)
		return set(base, n / BITS, base.at[n / BITS] ^ (uint8_t)(1U << n % BITS), out);
	n -= base.len * BITS;
	if (n < base.len) {
		memcpy(out, base.at, n);
		return n;
	}
	n -= base.len;
	if (n < base.len)
		return take_out(base, n, out);
	n -= base.len;
	if (n < base.len * VALUES)
		return set(base, n / VALUES, values[n % VALUES], out);
	n -= base.len * VALUES;
	if (n < base.len * VALUES)
		return put_in(base, n / VALUES, values[n % VALUES], out);
	n -= base.len * VALUES;
	if (n < BYTES)
		return put_in(base, base.len, (uint8_t)n, out);
	return extend(base, 2 * (1 + (n - BYTES) % LONGER) * (n % 8 == 0 ? 16 : 1), out);
}

/* One edit in place; gives the new length. */
static size_t edit(uint8_t *at, size_t len, uint64_t *seed)
{
	size_t where = made_random(seed) % len;
	uint32_t how = made_random(seed) % 6;

	switch (how) {
	case 0:
		at[where] = (uint8_t)made_random(seed);
		return len;
	case 1:
		at[where] ^= (uint8_t)(1U << made_random(seed) % BITS);
		return len;
	case 2:
		at[where] = values[made_random(seed) % VALUES];
		return len;
	case 3:
		at[where]++;
		return len;
	case 4:
		memmove(at + where, at + where + 1, len - where - 1);
		return len - 1;
	default:
		memmove(at + where + 1, at + where, len - where);
		at[where] = (uint8_t)made_random(seed);
		return len + 1;
	}
}

size_t mutation_random(struct bytes base, uint64_t *seed, uint8_t *out)
{
	uint32_t edits = 1 + made_random(seed) % MAX_EDITS;
	size_t len = base.len;

	memcpy(out, base.at, base.len);
	for (uint32_t i = 0; i < edits && len > 0; i++)
		len = edit(out, len, seed);
	return len;
}
