/* Signatures in JARs (ZIP): whatever comes, what is found is whole. */
#include <stdint.h>

#include "carrier_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	carrier_free(carrier_open_whole((struct bytes){ data, size }));
	return 0;
}
