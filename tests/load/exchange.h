/* One request and what came back; the crowd fills it, verify.h judges it. */
#ifndef TSA_TESTS_LOAD_EXCHANGE_H
#define TSA_TESTS_LOAD_EXCHANGE_H

#include "tsa/core/bytes.h"

enum exchange_end {
	EXCHANGE_NOT_SENT, /* the run ended before its turn */
	EXCHANGE_ANSWERED, /* a whole HTTP answer came */
	EXCHANGE_CONNECT_FAILED, /* no connection for it */
	EXCHANGE_CLOSED_IDLE, /* closed before any byte, on a connection that served others */
	EXCHANGE_UNANSWERED, /* closed before or in the midst of the answer */
	EXCHANGE_BROKEN, /* what came is no HTTP answer as it must be */
	EXCHANGE_TIMEOUT, /* still waiting when the run ended */
	EXCHANGE_ENDS,
};

struct exchange {
	struct buf request; /* DER TimeStampReq */
	struct buf answer; /* body */
	int status; /* of HTTP */
	enum exchange_end end;
	uint64_t latency_us; /* from the first byte sent to the last one received */
};

#endif
