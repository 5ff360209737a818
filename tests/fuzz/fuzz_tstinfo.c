/* A TSTInfo: what decodes is of our own kind, so it must encode to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/tsp/tstinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[1 << 16];
	struct tsp_tstinfo info;
	struct bytes again;

	if (size > sizeof(buf) || !tsp_tstinfo_decode((struct bytes){ data, size }, &info))
		return 0;
	again = tsp_tstinfo_encode(&info, buf, sizeof(buf));
	if (again.len != size || memcmp(again.at, data, size) != 0)
		abort();
	return 0;
}
