/*
 * A tsa-front that was taken over.  It takes its tables and says READY as the real one does; then
 * whoever connects to its listener names what it is to do (one line), and reads what came of it.
 * ISSUEs that tsad must serve carry MARK_ASKED in their imprint, those that it must not MARK_LIE:
 * the journal shows which were served.
 */
#ifndef TSA_TESTS_HOSTILE_H
#define TSA_TESTS_HOSTILE_H

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

enum { MARK_ASKED = 0xa5, MARK_LIE = 0x1e };

struct hostile {
	int client; /* who gave the order */
	uint32_t nonce; /* of our request ids */
	uint32_t number; /* of the last request */
	struct msg in;
	uint8_t in_buf[IPC_MAX_MESSAGE];
	uint8_t out_buf[IPC_MAX_MESSAGE + 1];
};

/* A good request with the next id, to the endpoint with the fast key. */
struct msg good_issue(struct hostile *h, uint8_t mark);
/* Blocks until the kernel has it; false once tsad has closed the channel. */
bool send_bytes(struct bytes message);
bool send_message(struct hostile *h, const struct msg *m);

/* Sends the lie with this name, one datagram. False if there is none such. */
bool lie(struct hostile *h, const char *name);

#endif
