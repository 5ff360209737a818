/*
 * A TSTInfo: what decodes is of our own kind, so it keeps its limits, lies inside the input,
 * encodes to the same bytes again, and is what OpenSSL reads in it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differ.h"
#include "tsa/tsp/tstinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 1 << 16, MAX_SERIAL = 20 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_lie_inside(struct bytes part, struct bytes whole)
{
	if (part.len > 0)
		must(part.at >= whole.at && part.len <= whole.len &&
			(size_t)(part.at - whole.at) <= whole.len - part.len);
}

static void must_keep_limits(const struct tsp_tstinfo *info, struct bytes whole)
{
	must(info->policy.len > 0 && info->policy.len <= TSP_MAX_OID);
	must(info->imprint.len == tsp_digest_len(info->digest) && info->imprint.len > 0);
	must(info->serial.len > 0 && info->serial.len <= MAX_SERIAL);
	must(info->nonce.len <= TSP_MAX_NONCE && info->digits <= 6);
	must(info->accuracy.millis <= 999 && info->accuracy.micros <= 999);
	must(tsp_time_cut(info->time_us, info->digits) == info->time_us);
	must_lie_inside(info->policy, whole);
	must_lie_inside(info->imprint, whole);
	must_lie_inside(info->serial, whole);
	must_lie_inside(info->nonce, whole);
	must_lie_inside(info->tsa_name, whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[MAX_INPUT];
	const struct bytes whole = { data, size };
	struct tsp_tstinfo info;
	const char *differs;

	if (size > sizeof(buf) || !tsp_tstinfo_decode(whole, &info))
		return 0;
	must_keep_limits(&info, whole);
	must(bytes_equal(tsp_tstinfo_encode(&info, buf, sizeof(buf)), whole));
	differs = differ_tstinfo(whole, &info);
	if (differs != NULL)
		(void)fprintf(stderr, "OpenSSL differs in: %s\n", differs);
	must(differs == NULL);
	return 0;
}
