/* What the files that go down the rows of longterm.md 1.1 share: one token at a time. */
#ifndef TSA_TOKEN_CHECK_TOKEN_PART_H
#define TSA_TOKEN_CHECK_TOKEN_PART_H

#include "token.h"

struct token_run {
	struct bytes in;
	const struct token_wants *wants;
	struct material *material;
	struct token_facts *facts;
	struct verdict *verdict;
	/* Certificates of SignedData, in their order; borrowed from material. */
	const struct material_item *carried[MATERIAL_MAX_TOKEN_CERTIFICATES];
	unsigned carried_count;
};

/* Rows 1 to 4: false if there is no SignedData with a SignerInfo to go on with. */
bool token_rows_format(struct token_run *run);
/* Row 5. */
void token_rows_attributes(struct token_run *run);
/* Row 6, once the signer was looked for. */
void token_rows_signature(struct token_run *run);

struct token_found {
	bool by_ess; /* sid and ESSCertID are its; else only the sid is */
	bool twin; /* a certificate has the sid and is not the one */
	struct err why; /* ESSCertID is not */
};
/* The certificate that sid and ESSCertID name; sets facts->signer. */
struct token_found token_find_signer(struct token_run *run);
/* Rows 7 to 9 from what that found. */
void token_rows_signer(struct token_run *run, const struct token_found *found);
/* Each certificate ID of either attribute can be read, and there are not too many. */
bool token_ess_is_read(const struct token_facts *facts, struct err *found);
/* Rows 10 and 11, if the signer is at hand. */
void token_rows_usage(struct token_run *run);
/* Rows 13 to 15. */
void token_rows_tst(struct token_run *run);

/* Puts certificates, CRLs and OCSP responses of the token into material; a word if some were left.
 */
void token_carried(struct token_run *run);

#endif
