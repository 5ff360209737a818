/*
 * One token of any TSA against the rules that no time and no trust can change: longterm.md 1.1 rows
 * 1 to 15.  Reads the token, finds its signer, checks its signature.
 */
#ifndef TSA_TOKEN_CHECK_TOKEN_H
#define TSA_TOKEN_CHECK_TOKEN_H

#include "algorithms.h"
#include "material.h"
#include "tsa/token/read/token_file.h"
#include "verdict.h"

enum { TOKEN_MAX_ESS_IDS = 64 }; /* in one attribute; a path is shorter than that */

/*
 * The data's digest, asked for once the token said which. Writes at most EVP_MAX_MD_SIZE octets;
 * 0: the data are not at hand in that digest.
 */
typedef unsigned token_digest_of(void *arg, const EVP_MD *digest, uint8_t *out);

struct token_wants {
	token_digest_of *data; /* NULL: not given */
	void *data_arg;
	struct bytes nonce; /* INTEGER's content; at NULL: not asked for */
	const char *const *policies; /* accepted, dotted; NULL: any */
	unsigned policy_count;
	bool legacy_eku; /* a non-critical EKU is a warning: longterm.md 1.1 row 11 */
};

enum token_data { TOKEN_DATA_NOT_GIVEN, TOKEN_DATA_MATCHED, TOKEN_DATA_MISMATCH };

/* What was read of it. Borrowed: material, file's input. */
struct token_facts {
	struct token_file file;
	uint8_t sha256[MATERIAL_HASH]; /* of the ContentInfo's octets, as they came */
	const struct material_item *signer; /* NULL: not at hand */
	bool signer_is_embedded;
	int64_t gen_time; /* seconds, rounded down; file.tst.moment has the fraction */
	int64_t accuracy_us; /* -1: absent, that is unknown */
	int imprint_digest; /* NID */
	int signature_digest; /* of the SignerInfo */
	int signature_scheme; /* as algorithms_signature() takes it */
	enum token_data data;
};

/*
 * Reads in, which lives until token_wipe(), adds what it carries (certificates, CRLs, OCSP
 * responses, also those in unsigned attributes) to material, and goes down the rows in their order;
 * each is a line of the verdict, and the first that leaves nothing to go on with ends it. facts is
 * filled as far as it went. Row 12 needs a path: paths_find(). The caller started the verdict.
 */
void token_check(struct bytes in, const struct token_wants *wants, struct material *material,
	struct token_facts *facts, struct verdict *verdict);
void token_wipe(struct token_facts *facts);
/* How the certificate IDs after the first go with a path; the later the worse. */
enum token_ids {
	TOKEN_IDS_FIT, /* each is of a certificate on the path */
	TOKEN_IDS_UNKNOWN, /* one is of no certificate that is at hand */
	TOKEN_IDS_ELSEWHERE, /* one is of a certificate at hand that is not on the path */
	TOKEN_IDS_MALFORMED, /* or more than TOKEN_MAX_ESS_IDS */
};

enum { TOKEN_MAX_ESS_LOOKS = 4096 }; /* certificates that are looked at for one ID */

/*
 * The ESSCertIDs of both attributes after the first restrict the path (signer first): longterm.md
 * 1.1 row 8. found says of the worst what is wrong. Real tokens have IDs of certificates that
 * nobody can find (Microsoft's second one), which is why those are told apart.
 */
enum token_ids token_ess_restricts(const struct token_facts *facts, const struct material *material,
	const struct material_item *const *path, unsigned length, struct err *found);

#endif
