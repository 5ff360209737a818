/*
 * A body from the network to values: whatever is refused says why; whatever decodes keeps its
 * limits, lies inside the input, encodes to the same bytes again, and is what OpenSSL reads in it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_lie_inside(struct bytes part, const uint8_t *data, size_t size)
{
	if (part.len > 0)
		must(part.at >= data && part.len <= size &&
			(size_t)(part.at - data) <= size - part.len);
}

/* The DER of a request without extensions and of version 1. */
static struct bytes encode(const struct tsp_request *req, uint8_t *buf, size_t cap)
{
	static const uint8_t yes = 0xff;
	struct der_out d = der_out_on(buf, cap);
	size_t request = der_out_mark(&d);
	size_t imprint, algorithm;

	if (req->cert_req)
		der_put(&d, DER_BOOLEAN, (struct bytes){ &yes, 1 });
	if (req->nonce.len > 0)
		der_put(&d, DER_INTEGER, req->nonce);
	if (req->policy.len > 0)
		der_put_oid(&d, req->policy);
	imprint = der_out_mark(&d);
	der_put(&d, DER_OCTET_STRING, req->imprint);
	algorithm = der_out_mark(&d);
	if (req->null_params)
		der_put_null(&d);
	der_put_oid(&d, req->digest_oid);
	der_put_header(&d, DER_SEQUENCE, algorithm);
	der_put_header(&d, DER_SEQUENCE, imprint);
	der_put_u64(&d, DER_INTEGER, req->version);
	der_put_header(&d, DER_SEQUENCE, request);
	return der_out_view(&d);
}

/* The same bytes again, but for the one leniency: another octet for TRUE. */
static void must_encode_to(const struct tsp_request *req, const uint8_t *data, size_t size)
{
	static uint8_t buf[TSP_MAX_REQUEST];
	struct bytes again = encode(req, buf, sizeof(buf));

	must(again.len == size && size > 0);
	must(memcmp(again.at, data, size - (req->cert_req ? 1 : 0)) == 0);
}

/* Every digest that there is, two policies. */
static const struct tsp_rules *rules(void)
{
	static const uint8_t release[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0xfd, 0x58, 0x01 };
	static const uint8_t second[] = { 0x2a, 0x03, 0x04, 0x05, 0x06 };
	static const struct bytes policies[] = { { release, sizeof(release) },
		{ second, sizeof(second) } };
	static const struct tsp_rules rules = {
		.digests = (1U << TSP_DIGESTS) - 2,
		.policies = policies,
		.policy_count = 2,
	};

	return &rules;
}

static void judge(const struct tsp_request *req)
{
	struct tsp_refusal refusal;

	if (tsp_request_judge(req, rules(), &refusal))
		must(refusal.failure == TSP_GRANTED && req->version == 1 && !req->bad_params &&
			!req->has_extensions && req->imprint.len > 0 &&
			req->imprint.len == tsp_digest_len(req->digest));
	else
		must(refusal.failure != TSP_GRANTED && refusal.text[0] != '\0' &&
			strcmp(tsp_failure_name(refusal.failure), "unknown failure") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tsp_request req;
	struct tsp_refusal refusal;
	const char *differs;

	if (!tsp_request_decode((struct bytes){ data, size }, &req, &refusal)) {
		must(refusal.failure == TSP_BAD_DATA_FORMAT && refusal.text[0] != '\0');
		return 0;
	}
	must(req.imprint.len <= TSP_MAX_IMPRINT && req.nonce.len <= TSP_MAX_NONCE &&
		req.policy.len <= TSP_MAX_OID && !(req.null_params && req.bad_params));
	must_lie_inside(req.digest_oid, data, size);
	must_lie_inside(req.imprint, data, size);
	must_lie_inside(req.policy, data, size);
	must_lie_inside(req.nonce, data, size);
	if (!req.has_extensions && !req.bad_params && req.version != UINT64_MAX)
		must_encode_to(&req, data, size);
	differs = differ_request((struct bytes){ data, size }, &req);
	if (differs != NULL)
		(void)fprintf(stderr, "OpenSSL differs in: %s\n", differs);
	must(differs == NULL);
	judge(&req);
	return 0;
}
