/* What the files about algorithms share: the rows of a table. */
#ifndef TSA_TOKEN_CHECK_ALGORITHMS_PART_H
#define TSA_TOKEN_CHECK_ALGORITHMS_PART_H

#include "algorithms.h"

enum { ALGORITHMS_MAX_VERSION = 64 }; /* with NUL */

/* Sections of the file. */
enum algorithms_kind {
	ALGORITHMS_TABLE, /* only version */
	ALGORITHMS_DIGEST,
	ALGORITHMS_RSA, /* PKCS#1 v1.5 */
	ALGORITHMS_PSS,
	ALGORITHMS_DSA,
	ALGORITHMS_ECDSA,
	ALGORITHMS_EDDSA,
	ALGORITHMS_KINDS,
};

struct algorithms_row {
	enum algorithms_kind kind;
	int name; /* NID of a digest or an EdDSA algorithm; NID_undef for a row of key lengths */
	int from; /* bits, both included */
	int to; /* INT_MAX: any length from there on */
	int64_t last; /* second at which it is relied on */
	unsigned line; /* of the file, for errors */
};

struct algorithms {
	char version[ALGORITHMS_MAX_VERSION]; /* "": not yet read */
	struct algorithms_row rows[ALGORITHMS_MAX_ROWS];
	unsigned count;
};

/* "rsa"; what a section is called. Static. */
const char *algorithms_kind_name(enum algorithms_kind kind);
/* NID of "sha256" or "ed25519"; NID_undef if no row can be of that name. */
int algorithms_name(enum algorithms_kind kind, const char *name);

/* The text of algorithms.conf, put in at build time. Static. */
struct bytes algorithms_built_in(void);

#endif
