/*
 * What tsa-front makes of a request's body beside plain DER: base64, Authenticode's old request,
 * sigstore's JSON. What is read must be within its limits, and base64 must be what the same bytes
 * are encoded as.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/front/base64.h"
#include "tsa/front/legacy.h"
#include "tsa/front/sigstore.h"
#include "tsa/tsp/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* The text without its line ends is the one that RFC 4648 encodes out as. */
static void check_base64(struct bytes text, struct bytes out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t at = 0;

	for (size_t i = 0; i < text.len; i++) {
		size_t group = at / 4 * 3;
		uint32_t bits = 0;
		char wanted;

		if (text.at[i] == '\r' || text.at[i] == '\n')
			continue;
		for (size_t k = group; k < group + 3; k++)
			bits = bits << 8 | (k < out.len ? out.at[k] : 0U);
		wanted = group + at % 4 > out.len ? '=' : digits[bits >> (18 - 6 * (at % 4)) & 63];
		must(text.at[i] == (uint8_t)wanted);
		at++;
	}
	must(at == (out.len + 2) / 3 * 4);
}

static void fuzz_base64(struct bytes text)
{
	uint8_t out[TSP_MAX_REQUEST];
	size_t len = 0;

	if (!base64_decode(text, out, sizeof(out), &len))
		return;
	must(len <= sizeof(out));
	check_base64(text, (struct bytes){ out, len });
}

static void fuzz_sigstore(struct bytes text)
{
	struct sigstore_request request;
	enum tsp_failure failure = TSP_GRANTED;
	struct err err = { 0 };
	char out[SIGSTORE_MAX_ERROR];
	const struct tsp_request *r = &request.request;

	if (!sigstore_read(text, &request, &failure, &err)) {
		must(err.text[0] != '\0');
		must(failure == TSP_BAD_ALG || failure == TSP_BAD_DATA_FORMAT);
		must(sigstore_error(400, err.text, out) <= sizeof(out));
		return;
	}
	must(tsp_digest_name(r->digest) != NULL && r->imprint.len <= TSP_MAX_IMPRINT);
	must(r->nonce.len == 0 || (r->nonce.len <= 8 && der_integer_is_minimal(r->nonce)));
	must(r->policy.len <= TSP_MAX_OID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	const struct bytes body = { data, size };

	if (size > TSP_MAX_REQUEST)
		return 0;
	if (!started)
		sigstore_start(1); /* the same tables in every run */
	started = true;
	fuzz_base64(body);
	fuzz_sigstore(body);
	(void)legacy_is(body);
	return 0;
}
