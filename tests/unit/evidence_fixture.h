/*
 * Evidence Records made to measure, with tokens that nobody signed: what their tokens are worth is
 * played. Hash trees are worked out here once more, by other code than that which is tested.
 */
#ifndef TSA_TESTS_EVIDENCE_FIXTURE_H
#define TSA_TESTS_EVIDENCE_FIXTURE_H

#include <openssl/evp.h>

#include "tsa/token/evidence/record.h"

enum { MADE_MAX_LISTS = 4, MADE_MAX_HASHES = 8, MADE_MAX_CHAINS = 4 };

struct made_hash {
	uint8_t at[EVP_MAX_MD_SIZE];
	size_t len;
};

struct made_list {
	struct made_hash hash[MADE_MAX_HASHES];
	unsigned count;
};

/* One ArchiveTimeStamp. */
struct made_stamp {
	const EVP_MD *digest;
	struct made_list lists[MADE_MAX_LISTS];
	unsigned list_count; /* 0: no tree */
	struct made_hash imprint; /* of its token; len 0: the root */
	const char *time; /* GeneralizedTime */
	bool no_digest_field;
	const EVP_MD *other_digest; /* in the field, not the token's; NULL: the token's */
	bool rehash; /* a lone first value is hashed again */
	bool no_token; /* an empty SEQUENCE in its place */
};

/* A record while it is made. */
struct made {
	struct buf chains[MADE_MAX_CHAINS]; /* content of each */
	unsigned chain_count;
	struct buf token; /* of the last stamp: ContentInfo */
	struct buf stamp; /* the last ArchiveTimeStamp */
	const EVP_MD *declared[4]; /* NULL at 0: SHA-256, SHA-512 and SHA-1 */
	uint8_t version; /* 0: 1 */
	bool encrypted;
};

struct made_hash hash_of_text(const EVP_MD *digest, const char *text);
struct made_hash hash_of_bytes(const EVP_MD *digest, struct bytes in);
/* H(a || b) */
struct made_hash hash_of_two(const EVP_MD *digest, struct made_hash a, struct made_hash b);
/* A stamp without a tree over hash. */
struct made_stamp lone_stamp(const EVP_MD *digest, struct made_hash hash, const char *time);
/* A stamp with one list of one to three hashes, ended by len 0. */
struct made_stamp list_stamp(const EVP_MD *digest, const char *time, struct made_hash a,
	struct made_hash b, struct made_hash c);

/* Adds to the last chain; begins one if there is none. */
void made_add(struct made *made, const struct made_stamp *stamp);
/* The next stamp begins a chain. */
void made_next_chain(struct made *made);
/* H over ArchiveTimeStampSequence of all chains so far. */
struct made_hash made_before(const struct made *made, const EVP_MD *digest);
/* The record; the caller frees. */
struct buf made_record(const struct made *made);
void made_wipe(struct made *made);
/* Appends one DER element. */
void put_element(struct buf *out, uint8_t tag, struct bytes content);

/* What is asked of a record, and the answer. */
struct asked {
	const char *objects[4]; /* texts; up to NULL */
	bool exact_group;
	bool rehash_single;
	const EVP_MD *only; /* objects are at hand in no other digest */
	const char *at; /* seconds since 1970; NULL: 2024-01-01 */
	bool no_tokens; /* none is asked about */
	int bad_stamp; /* the n-th token (from 1) that is asked about is INDETERMINATE */
	unsigned calls; /* out: of check */
	int64_t times[8]; /* out: at of each */
	struct evidence_report report;
};

/* Reads and checks; fails the test if it is no record. Wipes made. */
void ask(struct made *made, struct asked *asked);
/* Fails unless that is the verdict and a failing line of that ID holds the text. */
void expect(const struct asked *asked, enum check_status status, enum check_sub sub, const char *id,
	const char *text);
void expect_passed(const struct asked *asked);

#endif
