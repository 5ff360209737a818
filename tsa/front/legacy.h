/*
 * The request of Authenticode before RFC 3161 (signtool /t, osslsigncode -t, jsign's default):
 * base64 of SEQUENCE { 1.3.6.1.4.1.311.3.2.1, SEQUENCE { pkcs7-data, [0] signature } }.  It names
 * no digest, nonce or policy and cannot be answered with an RFC 3161 token; it is only recognised,
 * so that its sender can be told what to use instead.  Pure.
 */
#ifndef TSA_FRONT_LEGACY_H
#define TSA_FRONT_LEGACY_H

#include "tsa/core/bytes.h"

/*
 * True if body is such a request, in base64 or as the bytes themselves; NULs, CRs and LFs behind it
 * are left out, as some versions of signtool append one. A body of more than TSP_MAX_REQUEST is
 * none.
 */
bool legacy_is(struct bytes body);

/* What to tell its sender: one paragraph, ends in a line end. */
extern const char legacy_text[];

#endif
