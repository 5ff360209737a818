/* An Evidence Record of RFC 4998, taken apart and checked.  No I/O; see longterm.md 1.8. */
#ifndef TSA_TOKEN_EVIDENCE_RECORD_H
#define TSA_TOKEN_EVIDENCE_RECORD_H

#include "tsa/token/check/model.h"

enum {
	EVIDENCE_MAX_RECORD = 64 << 20, /* octets */
	EVIDENCE_MAX_CHAINS = 256,
	EVIDENCE_MAX_STAMPS = 1024, /* archive time-stamps in all */
	EVIDENCE_MAX_HASHES = 1 << 18, /* of all hash trees */
	EVIDENCE_MAX_OBJECTS = 4096, /* that are asked about */
};

struct evidence_record; /* parsed; borrows the input */

/* NULL and err, with the place, if it is no EvidenceRecord version 1. The caller frees. */
struct evidence_record *evidence_read(struct bytes in, struct err *err);
void evidence_free(struct evidence_record *record);

/* One object that the record should cover: its digest in any algorithm. */
struct evidence_object {
	token_digest_of *digest;
	void *arg;
};

struct evidence_wants {
	const struct evidence_object *objects;
	unsigned count; /* 0: only the record itself is checked, SIGNED_DATA_NOT_FOUND */
	bool exact_group; /* the first list has these and no other hash */
	bool rehash_single; /* a lone first value is hashed again: RFC 4998 4.3 step 3 to the letter
			     */
};

/*
 * How the token of one archive time-stamp fares: checked at the time `at` with the imprint that the
 * tree gave. Filled by the caller's function (check_token underneath), which keeps its own reports.
 */
struct evidence_stamp_result {
	enum check_status status;
	enum check_sub sub;
	int64_t gen_time;
	char why[VERDICT_TEXT];
};
typedef void evidence_check_stamp(void *arg, unsigned chain, unsigned stamp, struct bytes token,
	const EVP_MD *digest, const uint8_t *root, int64_t at,
	struct evidence_stamp_result *result);

struct evidence_stamp_report {
	unsigned chain;
	unsigned stamp;
	int64_t gen_time;
	int digest; /* NID */
	bool tree_holds;
	unsigned extra_hashes; /* in the first list beside those asked about */
	struct evidence_stamp_result token;
};

/* Result: the verdict, whose PASSED proves the objects at poe. */
struct evidence_report {
	struct verdict verdict; /* lines ER-01 … as longterm.md 1.8 */
	struct evidence_stamp_report stamps[EVIDENCE_MAX_STAMPS];
	unsigned stamp_count;
	int64_t poe; /* genTime of the first archive time-stamp of the first chain */
};

void evidence_check(const struct evidence_record *record, const struct evidence_wants *wants,
	const struct check_policy *policy, evidence_check_stamp *check, void *arg,
	struct evidence_report *report);

#endif
