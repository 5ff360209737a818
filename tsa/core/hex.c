#include "tsa/core/hex.h"

#include <string.h>

void hex_encode(struct bytes b, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < b.len; i++) {
		out[2 * i] = digits[b.at[i] >> 4];
		out[2 * i + 1] = digits[b.at[i] & 15];
	}
	out[2 * b.len] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t cap, size_t *len)
{
	size_t digits = strlen(text);

	if (digits % 2 != 0 || digits / 2 > cap)
		return false;
	for (size_t i = 0; i < digits; i += 2) {
		int high = digit_value(text[i]);
		int low = digit_value(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*len = digits / 2;
	return true;
}
