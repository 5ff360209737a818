/* Lower-case hexadecimal, both ways. */
#ifndef TSA_CORE_HEX_H
#define TSA_CORE_HEX_H

#include "tsa/core/bytes.h"

/* Writes 2 * b.len digits and a terminating zero; out has room for 2 * b.len + 1. */
void hex_encode(struct bytes b, char *out);

/* Decodes an even number of digits of either case; *len is cap at most. False on anything else. */
bool hex_decode(const char *text, uint8_t *out, size_t cap, size_t *len);

#endif
