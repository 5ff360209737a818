/*
 * The body of a POST: which form of a request it is by its headers, and its bytes without the
 * coding of RFC 2045.
 */
#ifndef TSA_FRONT_BODY_H
#define TSA_FRONT_BODY_H

#include "tsa/front/front.h"

enum body_kind {
	BODY_DER, /* whatever its Content-Type says: a TimeStampReq, or nothing that is served */
	BODY_JSON, /* sigstore's form */
	BODY_UNTYPED_JSON, /* an object without its Content-Type */
	BODY_BAD_BASE64, /* Content-Transfer-Encoding: base64, and it is not */
};

struct body {
	enum body_kind kind;
	struct bytes content; /* in the request or in decoded */
	uint8_t decoded[TSP_MAX_REQUEST];
};

/* Looks at the complete request of conn, of at most TSP_MAX_REQUEST bytes; lives as long as it. */
void body_read(const struct conn *conn, struct body *body);

#endif
