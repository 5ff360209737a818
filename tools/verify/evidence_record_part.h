/* A record at work: between evidence_record.c and evidence_given.c only. */
#ifndef TSA_TOOLS_VERIFY_EVIDENCE_RECORD_PART_H
#define TSA_TOOLS_VERIFY_EVIDENCE_RECORD_PART_H

#include "evidence_record.h"

enum { MAX_VOUCHERS = 8 };

/* Whose tokens are in a record, and when the first of each was made. */
struct voucher {
	EVP_PKEY *key;
	int64_t time;
};

/* A record at work. */
struct record_work {
	const struct shared *shared;
	const struct evidence_record *record;
	const char *name;
	struct material *material; /* of the token of one archive time-stamp */
	struct checked token; /* that token */
	struct bytes subject; /* the token that is to be proved; len 0: there is none */
	EVP_PKEY *key; /* its signer's; NULL: not at hand */
	const struct evidence_stamp *stamp; /* at work */
	bool is_of_given; /* objects are what was given beside tokens, as many as it covers */
	struct voucher vouchers[MAX_VOUCHERS];
	unsigned voucher_count;
	struct checked_record *checked;
};

void record_work_start(struct record_work *work, const struct shared *shared,
	const struct shared_object *file, struct material *base, struct checked_record *checked);
/* Frees work as well. */
void record_work_finish(struct record_work *work);
/*
 * Sets work->checked->report. The tokens are only asked about if all else holds: a record covers
 * one of thousands of files.
 */
void record_work_check(
	struct record_work *work, const struct evidence_object *objects, unsigned count);
/* An evidence_digest_of; arg is a struct bytes. */
unsigned record_octets_digest(void *arg, const EVP_MD *digest, uint8_t *out);

#endif
