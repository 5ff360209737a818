/*
 * Makes a journal directory as tsa-journal leaves it, for tests of what reads it: segments of
 * frames (record/frame.h), instance and TSU files.  Keeps what it wrote, for comparison.
 */
#ifndef TSA_TESTS_LEDGER_JOURNAL_H
#define TSA_TESTS_LEDGER_JOURNAL_H

#include "tsa/record/body.h"
#include "tsa/record/directory.h"

struct ledger_journal {
	char directory[MSG_MAX_PATH];
	uint32_t instance;
	uint32_t tsu_id; /* of the TSU of new tokens; 0 until ledger_journal_tsu() */
	struct segment_header header; /* of the segment being written */
	uint32_t lease;
	uint64_t lease_seq;
	uint32_t ctr;
	uint64_t seq; /* last one written */
	uint64_t size_limit; /* a new segment starts past this many bytes */
	int fd;
	uint64_t at;
	struct buf frame;
	uint32_t in_frame;
	uint64_t frame_seq;
	uint8_t chain[HASH_LEN];
	/* of every record: lease, ctr, leaf hash, SHA-256 of the body */
	struct buf kept;
};

/* One record in kept. */
struct ledger_journal_row {
	uint32_t lease;
	uint32_t ctr;
	uint8_t leaf_hash[HASH_LEN];
	uint8_t body_sha256[HASH_LEN];
};

/* Makes the directory, which must not exist. Every function aborts on failure. */
void ledger_journal_begin(struct ledger_journal *j, const char *directory, uint32_t instance);
/* Frees and closes; the files stay. */
void ledger_journal_end(struct ledger_journal *j);
/* A new certificate with its file; tokens from now on are of this TSU. */
void ledger_journal_tsu(struct ledger_journal *j);
/* Writes a lease-open. */
void ledger_journal_lease(struct ledger_journal *j, uint32_t lease);
/* Writes that many tokens of about that length. */
void ledger_journal_tokens(struct ledger_journal *j, unsigned count, size_t body_len);
/* The next record has this counter; they need not come in order. */
void ledger_journal_ctr(struct ledger_journal *j, uint32_t ctr);
/* Writes the void of a counter that was found missing at a start. */
void ledger_journal_void(struct ledger_journal *j);
void ledger_journal_incident(struct ledger_journal *j, const struct incident *incident);
/* Writes the frame being built; records are visible only then. */
void ledger_journal_flush(struct ledger_journal *j);

size_t ledger_journal_row_count(const struct ledger_journal *j);
struct ledger_journal_row ledger_journal_row(const struct ledger_journal *j, size_t index);

#endif
