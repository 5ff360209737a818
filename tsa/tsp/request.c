/*
 * TimeStampReq: decoding and the checks that need no clock, no key and no state.  Owns the words
 * of these refusals; never answers, never grants.
 */
#include "tsa/tsp/request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tsa/tsp/der.h"

enum {
	VERSION_1 = 1,
	EXTENSIONS_TAG = DER_CONTEXT_CONSTRUCTED, /* [0] */
	DIGESTS_TEXT = 64, /* the names of all digests */
	OID_TEXT = 96, /* room for any OID of TSP_MAX_OID octets whose arcs are usual */
};

static bool refuse(struct tsp_refusal *refusal, enum tsp_failure failure, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns false, so a refusal is one statement. */
static bool refuse(struct tsp_refusal *refusal, enum tsp_failure failure, const char *fmt, ...)
{
	va_list args;

	refusal->failure = failure;
	va_start(args, fmt);
	(void)vsnprintf(refusal->text, sizeof(refusal->text), fmt, args);
	va_end(args);
	return false;
}

/* The version; a number that is negative or past u64 is still a version, and not 1. */
static uint64_t take_version(struct der *d)
{
	struct bytes content = der_take_integer(d);
	uint64_t v = 0;

	if (content.len > sizeof(v) || (content.len > 0 && content.at[0] >= 0x80))
		return UINT64_MAX;
	for (size_t i = 0; i < content.len; i++)
		v = v << 8 | content.at[i];
	return v;
}

/* AlgorithmIdentifier of the imprint. Parameters of any kind decode; NULL and none are good. */
static bool decode_algorithm(
	struct der *imprint, struct tsp_request *req, struct tsp_refusal *refusal)
{
	struct der d = der_enter(imprint, DER_SEQUENCE);
	struct bytes params;
	uint8_t tag;

	req->digest_oid = der_take_oid(&d);
	if (d.failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: hashAlgorithm is no AlgorithmIdentifier with a "
			"well-formed OID");
	req->digest = tsp_digest_by_oid(req->digest_oid);
	if (der_finished(&d))
		return true;
	params = der_take_any(&d, &tag);
	if (!der_finished(&d) || (tag == DER_NULL && params.len != 0))
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 5280 4.1.1.2: hashAlgorithm has parameters that are not one "
			"well-formed element");
	req->null_params = tag == DER_NULL;
	req->bad_params = tag != DER_NULL;
	return true;
}

static bool decode_imprint(struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	struct der d = der_enter(fields, DER_SEQUENCE);

	if (d.failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: messageImprint is no DER SEQUENCE");
	if (!decode_algorithm(&d, req, refusal))
		return false;
	req->imprint = der_take(&d, DER_OCTET_STRING);
	if (d.failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: hashedMessage is no DER OCTET STRING");
	if (!der_finished(&d))
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: messageImprint has %zu bytes after hashedMessage",
			d.rest.len);
	if (req->imprint.len > TSP_MAX_IMPRINT)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: hashedMessage has %zu bytes, no digest here has "
			"more than %d",
			req->imprint.len, TSP_MAX_IMPRINT);
	return true;
}

static bool decode_policy(struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	if (!der_next_is(fields, DER_OID))
		return true;
	req->policy = der_take_oid(fields);
	if (fields->failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: X.690 8.19: reqPolicy is no well-formed OBJECT IDENTIFIER");
	if (req->policy.len > TSP_MAX_OID)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: limit: reqPolicy has %zu octets, at most %d are taken",
			req->policy.len, TSP_MAX_OID);
	return true;
}

/*
 * P-09: any INTEGER is a nonce, zero and negative ones too (clients copy random octets into it);
 * it is given back octet for octet, so only its form and size are looked at.
 */
static bool decode_nonce(struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	if (!der_next_is(fields, DER_INTEGER))
		return true;
	req->nonce = der_take_integer(fields);
	if (fields->failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: X.690 8.3: nonce is an INTEGER that is empty, not minimal or cut "
			"off");
	if (req->nonce.len > TSP_MAX_NONCE)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: limit: nonce has %zu octets, at most %d are taken",
			req->nonce.len, TSP_MAX_NONCE);
	return true;
}

/*
 * TRUE may be any non-zero octet, because two real signers need that (design: the one leniency).
 * An encoded FALSE is refused: DER never encodes a DEFAULT value (X.690 11.5), no client that we
 * measured sends it (openssl ts leaves it out), and each leniency needs a real signer behind it.
 */
static bool decode_cert_req(
	struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	if (!der_next_is(fields, DER_BOOLEAN))
		return true;
	req->cert_req = der_take_boolean(fields);
	if (fields->failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: X.690 8.2: certReq is no BOOLEAN of one octet");
	if (!req->cert_req)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: X.690 11.5: certReq is an encoded FALSE, the default, which DER "
			"leaves out");
	return true;
}

/*
 * Extension (RFC 5280 4.1): OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING. As with certReq, any
 * non-zero octet is TRUE and an encoded FALSE is not DER.
 */
static bool is_extension(struct der *list)
{
	struct der d = der_enter(list, DER_SEQUENCE);

	(void)der_take_oid(&d);
	if (der_next_is(&d, DER_BOOLEAN) && !der_take_boolean(&d))
		return false;
	(void)der_take(&d, DER_OCTET_STRING);
	return der_finished(&d);
}

/* [0] IMPLICIT Extensions: a SEQUENCE of at least one. What they say is for the judge. */
static bool decode_extensions(
	struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	struct der list;
	bool good;

	if (!der_next_is(fields, EXTENSIONS_TAG))
		return true;
	list = der_enter(fields, EXTENSIONS_TAG);
	good = !list.failed && list.rest.len > 0;
	while (good && list.rest.len > 0)
		good = is_extension(&list);
	if (!good)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 5280 4.1: extensions is no DER SEQUENCE of one or more "
			"Extension");
	req->has_extensions = true;
	return true;
}

/* The optional fields may only come in this order, so what is left over has no place. */
static bool decode_fields(struct der *fields, struct tsp_request *req, struct tsp_refusal *refusal)
{
	req->version = take_version(fields);
	if (fields->failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: version is no DER INTEGER");
	if (!decode_imprint(fields, req, refusal) || !decode_policy(fields, req, refusal) ||
		!decode_nonce(fields, req, refusal) || !decode_cert_req(fields, req, refusal) ||
		!decode_extensions(fields, req, refusal))
		return false;
	if (!der_finished(fields))
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: a field with tag 0x%02x is unknown, repeated or "
			"out of order",
			fields->rest.at[0]);
	return true;
}

bool tsp_request_decode(struct bytes der, struct tsp_request *req, struct tsp_refusal *refusal)
{
	struct der d = { .rest = der };
	struct der fields;

	*req = (struct tsp_request){ 0 };
	*refusal = (struct tsp_refusal){ .failure = TSP_GRANTED };
	if (der.len == 0)
		return refuse(refusal, TSP_BAD_DATA_FORMAT, "request: RFC 3161 2.4.1: is empty");
	if (der.len > TSP_MAX_REQUEST)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: limit: has %zu bytes, at most %d are taken", der.len,
			TSP_MAX_REQUEST);
	fields = der_enter(&d, DER_SEQUENCE);
	if (d.failed)
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: X.690 10.1: is no SEQUENCE with a definite, minimal length that "
			"ends within its %zu bytes",
			der.len);
	if (!der_finished(&d))
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: %zu bytes follow the TimeStampReq", d.rest.len);
	return decode_fields(&fields, req, refusal);
}

/* The text of an OID for a refusal; a malformed or very long one is only called so. */
static const char *oid_text(struct bytes oid, char *out, size_t cap)
{
	return der_oid_to_text(oid, out, cap) ? out : "an OID too long to print";
}

static bool accepts(const struct tsp_rules *rules, enum tsp_digest digest)
{
	return digest != TSP_DIGEST_NONE && (rules->digests >> digest & 1) != 0;
}

/* "sha256, sha384": what may be used instead. */
static const char *accepted_digests(const struct tsp_rules *rules, char out[DIGESTS_TEXT])
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = TSP_DIGEST_NONE + 1; i < TSP_DIGESTS; i++) {
		if (!accepts(rules, (enum tsp_digest)i))
			continue;
		len += (size_t)snprintf(out + len, DIGESTS_TEXT - len, "%s%s", len == 0 ? "" : ", ",
			tsp_digest_name((enum tsp_digest)i));
	}
	return out;
}

/* P-07: a digest that is unknown, weak or not for this endpoint. */
static bool refuse_digest(
	const struct tsp_request *req, const struct tsp_rules *rules, struct tsp_refusal *refusal)
{
	char accepted[DIGESTS_TEXT];
	char oid[OID_TEXT];
	const char *name = tsp_digest_name(req->digest);

	return refuse(refusal, TSP_BAD_ALG,
		"request: RFC 3161 2.4.1: hashAlgorithm %s is not accepted here, use %s",
		name != NULL ? name : oid_text(req->digest_oid, oid, sizeof(oid)),
		accepted_digests(rules, accepted));
}

static bool refuse_policy(struct bytes policy, struct tsp_refusal *refusal)
{
	char oid[OID_TEXT];

	return refuse(refusal, TSP_UNACCEPTED_POLICY,
		"request: RFC 3161 2.4.2: policy %s is not offered at this endpoint",
		oid_text(policy, oid, sizeof(oid)));
}

/* P-08: the token has the policy that was asked for, or there is no token. */
static bool is_offered(struct bytes policy, const struct tsp_rules *rules)
{
	for (size_t i = 0; i < rules->policy_count; i++)
		if (bytes_equal(policy, rules->policies[i]))
			return true;
	return policy.len == 0;
}

bool tsp_request_judge(
	const struct tsp_request *req, const struct tsp_rules *rules, struct tsp_refusal *refusal)
{
	*refusal = (struct tsp_refusal){ .failure = TSP_GRANTED };
	if (req->version == UINT64_MAX)
		return refuse(refusal, TSP_BAD_REQUEST,
			"request: RFC 3161 2.4.1: version is negative or huge, must be 1");
	if (req->version != VERSION_1)
		return refuse(refusal, TSP_BAD_REQUEST,
			"request: RFC 3161 2.4.1: version is %" PRIu64 ", must be 1", req->version);
	if (!accepts(rules, req->digest))
		return refuse_digest(req, rules, refusal);
	if (req->bad_params)
		return refuse(refusal, TSP_BAD_ALG,
			"request: RFC 5754 2: %s has parameters that are neither NULL nor absent",
			tsp_digest_name(req->digest));
	if (req->imprint.len != tsp_digest_len(req->digest))
		return refuse(refusal, TSP_BAD_DATA_FORMAT,
			"request: RFC 3161 2.4.1: hashedMessage has %zu bytes, %s needs %zu",
			req->imprint.len, tsp_digest_name(req->digest),
			tsp_digest_len(req->digest));
	if (!is_offered(req->policy, rules))
		return refuse_policy(req->policy, refusal);
	if (req->has_extensions)
		return refuse(refusal, TSP_UNACCEPTED_EXTENSION,
			"request: RFC 3161 2.4.1: has extensions, none is recognised here");
	return true;
}

const char *tsp_failure_name(enum tsp_failure failure)
{
	switch (failure) {
	case TSP_GRANTED:
		return "granted";
	case TSP_BAD_ALG:
		return "badAlg";
	case TSP_BAD_REQUEST:
		return "badRequest";
	case TSP_BAD_DATA_FORMAT:
		return "badDataFormat";
	case TSP_TIME_NOT_AVAILABLE:
		return "timeNotAvailable";
	case TSP_UNACCEPTED_POLICY:
		return "unacceptedPolicy";
	case TSP_UNACCEPTED_EXTENSION:
		return "unacceptedExtension";
	case TSP_ADD_INFO_NOT_AVAILABLE:
		return "addInfoNotAvailable";
	case TSP_SYSTEM_FAILURE:
		return "systemFailure";
	}
	return "unknown failure";
}
