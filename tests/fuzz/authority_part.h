/* What the two files of the model share.  For them only. */
#ifndef TSA_TESTS_FUZZ_AUTHORITY_PART_H
#define TSA_TESTS_FUZZ_AUTHORITY_PART_H

#include "authority_model.h"

struct issued; /* a serial that was given to a signer for a request */

/* What an allowed message of a living front asked for. */
struct request {
	uint64_t id;
	struct request *next; /* in its bucket */
	struct issued *tries; /* newest first */
	bool is_status;
	bool answered;
	bool lost; /* its front is gone: nobody may be answered */
	uint8_t endpoint;
	uint8_t digest;
	bool null_params;
	bool cert_req;
	struct msg_oid policy;
	uint8_t imprint[MSG_MAX_DIGEST];
	size_t imprint_len;
	uint8_t nonce[MSG_MAX_NONCE];
	size_t nonce_len;
};

/* Another configuration is in force. */
void record_reloaded(const struct config *config);
/* Forgets all serials, leases and records. config lives as long as the run. */
void record_begin(const struct config *config);

/* A job of request goes to a lane of that TSU. */
void record_sign(const struct job *job, struct request *r, const struct config_tsu *tsu,
	struct bytes tstinfo);
void record_record(const struct msg_record *record);
void record_durable(uint64_t seq);
/* A token leaves as the answer to request. */
void record_token(const struct request *r, struct bytes token);
/* The service has ended as it should; was_ready: it had said so. */
void record_end(bool was_ready);

/* Grows with every signature asked for and every record. */
uint64_t record_moves(void);
/* False when the program has asked for so many that this cannot keep account of more. */
bool record_has_room(void);

#endif
