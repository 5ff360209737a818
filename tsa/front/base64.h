/* Base64 of a request body (RFC 4648 4, RFC 2045 6.8), strictly.  Pure. */
#ifndef TSA_FRONT_BASE64_H
#define TSA_FRONT_BASE64_H

#include "tsa/core/bytes.h"

/*
 * Decodes all of text into out, which has room for cap bytes; *len gets their number. CR and LF
 * may stand between characters and are left out. False for any other character, for padding that
 * is missing, too much or not at the end, for bits beyond the last byte that are not zero (RFC 4648
 * 3.5), and for more than cap bytes.
 */
bool base64_decode(struct bytes text, uint8_t *out, size_t cap, size_t *len);

#endif
