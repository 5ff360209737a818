/*
 * An Evidence Record (RFC 4998), taken apart and held against the rules.  No I/O, no clock; what
 * its tokens are worth is asked of the caller.  "ATS 1/0" is the first ArchiveTimeStamp of the
 * second ArchiveTimeStampChain, in every text.
 */
#ifndef TSA_TOKEN_EVIDENCE_RECORD_H
#define TSA_TOKEN_EVIDENCE_RECORD_H

#include "tsa/token/check/algorithms.h"
#include "tsa/token/check/verdict.h"
#include "tsa/token/read/moment.h"

enum {
	EVIDENCE_MAX_RECORD = 16 << 20, /* octets; a token alone may have 4 MiB */
	EVIDENCE_MAX_CHAINS = 64, /* one for each change of the hash: each hashes all before it */
	EVIDENCE_MAX_STAMPS = 1024, /* archive time-stamps in all */
	EVIDENCE_MAX_HASHES = 1 << 18, /* of all hash trees */
	EVIDENCE_MAX_DIGESTS = 64, /* digestAlgorithms; there is a dozen in the world */
	EVIDENCE_MAX_OBJECTS = 4096, /* that are asked about */
};

struct evidence_record; /* parsed; borrows the input */

/*
 * Takes one EvidenceRecord of version 1 apart, nothing behind it, DER but for the tokens in it.
 * NULL and err, which names the place and the rule, if it is none or past a limit. A token that
 * cannot be read is left to evidence_check(). in lives as long as the record; the caller frees.
 */
struct evidence_record *evidence_read(struct bytes in, struct err *err);
void evidence_free(struct evidence_record *record);
unsigned evidence_chain_count(const struct evidence_record *record);
unsigned evidence_stamp_count(const struct evidence_record *record);

/*
 * An object's digest. Writes at most EVP_MAX_MD_SIZE octets and returns how many; 0: the object is
 * not at hand in that digest. Asked once for each chain: who reads a file keeps what it found.
 */
typedef unsigned evidence_digest_of(void *arg, const EVP_MD *digest, uint8_t *out);

/* One object that the record should cover. */
struct evidence_object {
	const char *name; /* for texts */
	evidence_digest_of *digest;
	void *arg;
};

/* One archive time-stamp whose hash tree holds, and what its token must be held against. */
struct evidence_stamp {
	unsigned chain;
	unsigned stamp;
	struct bytes token; /* ContentInfo, as it came */
	const EVP_MD *digest;
	const uint8_t *root; /* of its hash tree: what the token's imprint must be */
	/*
	 * When it must have been valid: genTime of the next archive time-stamp, which is also the
	 * proof of existence for all that is in this token; of the last one, the time of the check.
	 */
	int64_t at;
	bool is_last;
};

/*
 * The verdict on that token at that time; read before the next call, then no more. It must be
 * checked that the token's imprint is root.
 */
typedef const struct verdict *evidence_check_stamp(void *arg, const struct evidence_stamp *stamp);

/* What is asked. */
struct evidence_wants {
	const struct evidence_object *objects;
	unsigned count; /* 0: the record alone; it proves nothing: SIGNED_DATA_NOT_FOUND */
	bool exact_group; /* the first lists have hashes of these and no other */
	bool rehash_single; /* hash a lone first value again: RFC 4998 4.3 step 3 to the letter */
	const struct algorithms *algorithms;
	int64_t at; /* the time of the check */
	/* NULL: no token is asked about; INDETERMINATE/NO_POE if all else holds. */
	evidence_check_stamp *check;
	void *check_arg;
};

/* How one archive time-stamp fares. */
struct evidence_stamp_report {
	unsigned chain;
	unsigned stamp;
	int digest; /* NID of its hash; NID_undef: unknown */
	struct moment gen_time; /* as the token says, checked or not */
	unsigned hashes; /* in its tree */
	unsigned extra_hashes; /* in the first list, beside those that were looked for */
	bool tree_holds; /* the root is the token's imprint */
	bool token_checked;
	enum check_status token_status;
	enum check_sub token_sub;
};

/*
 * The verdict has one line for each rule of RFC 4998 that is broken or kept:
 *   ER-01  form; one known digest for a chain, declared, and the token's      3.1, 3.2, 5.1
 *   ER-02  the objects' hashes are in the first list of ATS 0/0               5.3 step 2
 *   ER-03  the root of each tree is the imprint of its token                  4.3
 *   ER-04  each later ATS of a chain covers the timeStamp field before it     5.2, 5.3 step 3
 *   ER-05  each later chain covers every object and all chains before it      5.2, 5.3 step 4
 *   ER-06  no other hash is in those first lists: only with exact_group       5.3
 *   ER-07  times in order, the hash relied on until the next chain, each
 *          token valid at the next one's genTime, the last one at `at`        5.3
 *   ER-08  what it proves
 * PASSED proves every object at poe.
 */
struct evidence_report {
	struct verdict verdict;
	struct evidence_stamp_report stamps[EVIDENCE_MAX_STAMPS];
	unsigned stamp_count;
	int64_t poe; /* genTime of ATS 0/0, seconds; only if PASSED */
};

void evidence_check(const struct evidence_record *record, const struct evidence_wants *wants,
	struct evidence_report *report);

/* Which of count objects have their hash in the first list of ATS 0/0; of them nothing more. */
void evidence_find(const struct evidence_record *record, const struct evidence_object *objects,
	unsigned count, bool *found);

#endif
