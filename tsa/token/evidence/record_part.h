/* What the files that take an Evidence Record apart and judge it share. */
#ifndef TSA_TOKEN_EVIDENCE_RECORD_PART_H
#define TSA_TOKEN_EVIDENCE_RECORD_PART_H

#include <openssl/evp.h>

#include "record.h"
#include "tsa/token/read/ber.h"

/* What the token of an archive time-stamp says of itself; unchecked. */
struct stamp_token {
	char *broken; /* why it cannot be read; owned; NULL: it can */
	int digest; /* NID of the imprint's algorithm; NID_undef: unknown */
	uint8_t imprint[EVP_MAX_MD_SIZE];
	size_t imprint_len;
	struct moment gen_time;
};

/* ArchiveTimeStamp. */
struct archive_stamp {
	unsigned chain;
	unsigned stamp;
	const struct ber_node *whole;
	const struct ber_node *digest; /* digestAlgorithm's OID; NULL: absent */
	const struct ber_node *tree; /* reducedHashtree; NULL: absent */
	const struct ber_node *time_stamp;
	unsigned hashes; /* in the tree */
	struct stamp_token token;
};

/* ArchiveTimeStampChain. */
struct archive_chain {
	const struct ber_node *whole;
	unsigned first; /* index into stamps */
	unsigned count;
};

struct evidence_record {
	struct ber ber;
	int digests[EVIDENCE_MAX_DIGESTS]; /* digestAlgorithms, NIDs */
	unsigned digest_count;
	bool encrypted; /* encryptionInfo is there */
	struct archive_chain chains[EVIDENCE_MAX_CHAINS];
	unsigned chain_count;
	struct archive_stamp stamps[EVIDENCE_MAX_STAMPS];
	unsigned stamp_count;
	unsigned hash_count;
};

#endif
