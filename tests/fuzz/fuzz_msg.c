/* The messages between tsad and its children: what decodes must encode to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct msg m;
	static uint8_t out[IPC_MAX_MESSAGE];
	struct bytes again;

	if (size > IPC_MAX_MESSAGE || !msg_decode((struct bytes){ data, size }, &m))
		return 0;
	again = msg_encode(&m, out);
	if (again.len != size || memcmp(again.at, data, size) != 0)
		abort();
	return 0;
}
