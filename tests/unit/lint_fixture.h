/*
 * Responses and tokens put together from their parts, each of which a test can replace, and
 * signed anew: so that exactly one thing is wrong.  The encoder is the test's own. Include after
 * cmocka.h.
 */
#ifndef TSA_TESTS_LINT_FIXTURE_H
#define TSA_TESTS_LINT_FIXTURE_H

#include "make_certificate.h"
#include "tools/verify/lint.h"

/* Each part is one whole element, or several, or nothing. */
enum part {
	TST_VERSION,
	TST_POLICY,
	TST_IMPRINT,
	TST_SERIAL,
	TST_GEN_TIME,
	TST_ACCURACY,
	TST_ORDERING,
	TST_NONCE,
	TST_TSA,
	TST_EXTENSIONS,
	TST_BEHIND,
	ATTR_CONTENT_TYPE,
	ATTR_MESSAGE_DIGEST,
	ATTR_SIGNING_TIME,
	ATTR_ESS_V1,
	ATTR_ESS_V2,
	ATTR_PROTECTION,
	ATTR_FURTHER,
	SIGNER_VERSION,
	SIGNER_SID,
	SIGNER_DIGEST,
	SIGNER_ALGORITHM,
	SIGNER_SIGNATURE,
	SIGNER_UNSIGNED,
	DATA_VERSION,
	DATA_DIGESTS,
	DATA_CONTENT_TYPE,
	DATA_CONTENT, /* [0] around the OCTET STRING */
	DATA_CERTIFICATES, /* [0] */
	DATA_CRLS,
	DATA_SIGNERS,
	INFO_TYPE,
	REPLY_STATUS, /* SEQUENCE; absent: a bare token */
	REPLY_TOKEN,
	BEHIND,
	PARTS,
};

/* Keys and certificates, made once for a test program. */
struct lint_world {
	EVP_PKEY *root_key;
	EVP_PKEY *ca_key;
	EVP_PKEY *key; /* P-256 */
	EVP_PKEY *rsa_key; /* 2048 */
	EVP_PKEY *ed_key; /* Ed25519 */
	X509 *root;
	X509 *ca;
	X509 *leaf; /* keeps the rules of every profile */
};

struct made {
	const struct lint_world *world;
	EVP_PKEY *key;
	X509 *leaf; /* the signer's; owned if owns_leaf */
	bool owns_leaf;
	const EVP_MD *digest; /* of the attributes and the signature */
	bool unsorted; /* signed attributes as they come */
	struct buf part[PARTS];
	bool replaced[PARTS];
	struct buf file; /* what made_file() made */
};

int lint_set_up(void **state);
int lint_tear_down(void **state);
/*
 * The same for a group whose tests have states of their own, such as a case; they find the world
 * with lint_group(): cmocka gives a test its own state only where the group has none.
 */
int lint_set_up_group(void **state);
int lint_tear_down_group(void **state);
const struct lint_world *lint_group(void);
/* A TSU's certificate as lint_world.leaf for a test to change; key NULL: the world's. */
struct make_certificate lint_leaf(const struct lint_world *world, EVP_PKEY *key);
/* Changes or, with NULL, takes out an extension of it; adds one it does not have. */
void lint_extension(struct make_certificate *how, const char *name, const char *value);

struct made made_new(const struct lint_world *world);
void made_free(struct made *made);
/* Another signer, with its certificate made as how says. */
void made_signer(struct made *made, const struct make_certificate *how);
/* Replaces a part by these bytes in hex (spaces may stand between them). "" takes it out. */
void made_set(struct made *made, enum part part, const char *hex);
/* Replaces it by "tag: content": one element of this content. */
void made_set_element(struct made *made, enum part part, uint8_t tag, struct bytes content);
/* Replaces it by tag 0x18 and this text. */
void made_set_time(struct made *made, const char *text);
/* One attribute of a type (hex of the OID's element) with the value element. */
void made_set_attribute(struct made *made, enum part part, const char *oid, struct bytes value);
/* Makes the file; valid until the next call or made_free(). */
struct bytes made_file(struct made *made);

/* What there is beside the file. */
struct lint_beside {
	enum profile profile;
	const char *query; /* hex of a TimeStampReq */
	STACK_OF(X509_CRL) * crls;
	STACK_OF(X509) * untrusted;
};

enum { LINT_TEXT = 8192 };

/* The findings' IDs in their order, and their whole texts. */
struct lint_said {
	char ids[LINT_TEXT];
	char text[LINT_TEXT];
	unsigned skipped;
};

void lint_file(struct bytes file, const struct lint_beside *beside, struct lint_said *said);
/*
 * Fails unless the findings of made are exactly those of ids ("P-18", "P-13 P-24", ""), and
 * text, if not NULL, stands in one of them. Frees made.
 */
void lint_expect(
	struct made *made, const struct lint_beside *beside, const char *ids, const char *text);

/* One part replaced, and the findings that this makes. */
struct lint_case {
	const char *name;
	enum part part;
	const char *hex;
	const char *ids;
	const char *text; /* in the findings; NULL: any */
	enum profile profile;
};

/* A test in a group of lint_set_up_group() whose state is a struct lint_case. */
void lint_run_case(void **state);

#endif
