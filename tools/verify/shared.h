/*
 * What all tokens of one run share: the policy, and what the command line gave beside the tokens.
 * Made once, before any worker; from then on it does not change.
 */
#ifndef TSA_TOOLS_VERIFY_SHARED_H
#define TSA_TOOLS_VERIFY_SHARED_H

#include "data.h"
#include "options.h"
#include "tsa/token/read/oid.h"
#include "tsa/tsp/request.h"

enum { SHARED_MAX_POE_TOKENS = 4096 };

/* A file that was given: a later token, or the octets of what such a token may be over. */
struct shared_object {
	struct buf octets;
	char *name;
};

struct shared_objects {
	struct shared_object *at;
	unsigned count;
	unsigned cap;
};

struct shared {
	const struct verify_options *options;
	bool brief; /* a line for each token */
	struct material_cache *cache;
	struct material *material;
	struct algorithms *algorithms;
	struct buf algorithms_text; /* empty: what is built in */
	struct check_policy policy; /* wants.data is set for each token */
	struct buf query_bytes;
	struct tsp_request query; /* with options->query */
	char query_policy[OID_TEXT]; /* dotted; "": the request names none */
	const char *one_policy[1];
	struct data *data; /* NULL: none given */
	X509 *signed_cert; /* NULL: none given */
	struct shared_objects poes; /* candidates of proof: --poe, --evidence */
	struct shared_objects covered; /* certificates, CRLs, OCSP responses that were given */
	struct shared_objects records; /* --evidence-record, --evidence */
};

/* Reads what the options name. False and err if one cannot be read. shared_wipe() always. */
MUST_CHECK bool shared_read(
	const struct verify_options *options, struct shared *shared, struct err *err);
void shared_wipe(struct shared *shared);

/* For what others find: octets are copied. False and err, which names name, if it is not that. */
MUST_CHECK bool shared_add(struct shared *shared, enum material_kind kind, struct bytes octets,
	const char *name, struct err *err);
/* Octets that a later token may be over, and that are no material. */
void shared_add_object(struct shared *shared, struct bytes octets, const char *name);
/* A token that may prove others; a record of evidence. */
MUST_CHECK bool shared_add_poe(
	struct shared *shared, struct bytes octets, const char *name, struct err *err);
MUST_CHECK bool shared_add_record(
	struct shared *shared, struct bytes octets, const char *name, struct err *err);

#endif
