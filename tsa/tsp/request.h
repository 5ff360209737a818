/*
 * TimeStampReq (RFC 3161 2.4.1) from bytes to values, or a refusal.  Pure; views point into the
 * request.
 */
#ifndef TSA_TSP_REQUEST_H
#define TSA_TSP_REQUEST_H

#include "tsa/core/bytes.h"
#include "tsa/tsp/alg.h"

/* PKIFailureInfo bit numbers (RFC 3161 2.4.2), and what is no failure. */
enum tsp_failure {
	TSP_GRANTED = -1,
	TSP_BAD_ALG = 0,
	TSP_BAD_REQUEST = 2,
	TSP_BAD_DATA_FORMAT = 5,
	TSP_TIME_NOT_AVAILABLE = 14,
	TSP_UNACCEPTED_POLICY = 15,
	TSP_UNACCEPTED_EXTENSION = 16,
	TSP_ADD_INFO_NOT_AVAILABLE = 17,
	TSP_SYSTEM_FAILURE = 25,
};

/* Limits of a request; past them it is badDataFormat. */
enum {
	TSP_MAX_REQUEST = 8192, /* bytes of an HTTP body (413 beyond) */
	TSP_MAX_IMPRINT = 64, /* SHA-512 */
	TSP_MAX_NONCE = 64, /* content octets of the INTEGER */
	TSP_MAX_OID = 32, /* content octets of reqPolicy */
};

struct tsp_request {
	uint64_t version; /* UINT64_MAX: negative, or more than fits */
	enum tsp_digest digest; /* TSP_DIGEST_NONE: an OID we do not know */
	struct bytes digest_oid; /* content octets as sent */
	bool null_params; /* NULL parameters; else absent */
	bool bad_params; /* parameters that are neither absent nor NULL */
	struct bytes imprint; /* hashedMessage */
	struct bytes policy; /* content octets of reqPolicy; empty: absent */
	struct bytes nonce; /* content octets of the INTEGER, as sent; empty: absent */
	bool cert_req;
	bool has_extensions;
};

/* What an endpoint grants; for tsp_request_judge. */
struct tsp_rules {
	uint32_t digests; /* bit n: digest number n */
	const struct bytes *policies;
	size_t policy_count;
};

/* The reason of a refusal, for statusString: static text or written into text. */
struct tsp_refusal {
	enum tsp_failure failure;
	char text[240];
};

/*
 * Decodes the whole of der strictly. False: not a TimeStampReq (badDataFormat); refusal says
 * which part broke which rule. No view in req outlives der.
 */
bool tsp_request_decode(struct bytes der, struct tsp_request *req, struct tsp_refusal *refusal);

/*
 * Checks a decoded request against an endpoint in the fixed order of requirements.md 1.2:
 * version, algorithm, length, policy, extensions. True if it may be granted.
 */
bool tsp_request_judge(
	const struct tsp_request *req, const struct tsp_rules *rules, struct tsp_refusal *refusal);

/* "badAlg", as RFC 3161 spells it. */
const char *tsp_failure_name(enum tsp_failure failure);

#endif
