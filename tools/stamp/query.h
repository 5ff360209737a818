/* What is asked of the TSA. */
#ifndef TSA_TOOLS_STAMP_QUERY_H
#define TSA_TOOLS_STAMP_QUERY_H

#include "tsa/core/err.h"
#include "tsa/tsp/request.h"

enum {
	STAMP_NONCE_LEN = 8,
	STAMP_MAX_QUERY = 256, /* bytes of a TimeStampReq of ours */
};

struct stamp_query {
	enum tsp_digest digest;
	uint8_t imprint[TSP_MAX_IMPRINT]; /* as long as the digest's values are */
	uint8_t nonce[STAMP_NONCE_LEN];
	bool has_nonce;
	struct bytes policy; /* content octets of the OID; empty: whichever. Borrowed. */
	bool cert_req;
};

/*
 * A random nonce: positive, and always STAMP_NONCE_LEN content octets without a sign octet, so
 * that a server cannot get its form wrong. False and err if there is no randomness.
 */
MUST_CHECK bool stamp_query_add_nonce(struct stamp_query *query, struct err *err);

/* The DER TimeStampReq, from the end of buf; empty if cap is short. */
struct bytes stamp_query_encode(const struct stamp_query *query, uint8_t *buf, size_t cap);

#endif
