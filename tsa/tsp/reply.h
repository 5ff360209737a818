/*
 * TimeStampResp and PKIStatusInfo (RFC 3161 2.4.2), both ways.  Pure.
 */
#ifndef TSA_TSP_REPLY_H
#define TSA_TSP_REPLY_H

#include "tsa/core/bytes.h"
#include "tsa/tsp/request.h"

/* Room that a TimeStampResp needs beside its token. */
enum { TSP_REPLY_OVERHEAD = 32, TSP_MAX_REFUSAL = 512 };

/* Status 0 and the token (DER ContentInfo), no statusString (P-11). Empty if cap is short. */
struct bytes tsp_reply_granted(struct bytes token, uint8_t *buf, size_t cap);

/*
 * Status 2 with failInfo and one statusString (UTF-8, may be empty: absent). buf has room for
 * TSP_MAX_REFUSAL; text is at most 300 bytes. Empty if it does not fit, the text is longer or no
 * UTF-8, or failure is none of enum tsp_failure's refusals.
 */
struct bytes tsp_reply_refused(
	enum tsp_failure failure, const char *text, uint8_t *buf, size_t cap);

struct tsp_reply {
	uint64_t status;
	enum tsp_failure failure; /* TSP_GRANTED: no failInfo */
	struct bytes text; /* first statusString; empty: absent */
	struct bytes token; /* whole DER ContentInfo; empty: absent */
};

/* Strict; false if it is no TimeStampResp. Views point into der. */
bool tsp_reply_decode(struct bytes der, struct tsp_reply *reply);

#endif
