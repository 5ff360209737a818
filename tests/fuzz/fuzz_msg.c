/*
 * The messages between tsad and its children: what decodes has a name and encodes to the same
 * bytes; a set-up of another version is told apart before it is decoded.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Whoever is set up by a message that decodes speaks its version, or says which it is. */
static void check_version(struct bytes message)
{
	for (int type = 0; type <= MSG_TYPES; type++) {
		struct err err = { 0 };

		must(msg_check_version(message, (enum msg_type)type, "child", &err) ==
			(err.text[0] == '\0'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct msg m;
	static uint8_t out[IPC_MAX_MESSAGE];
	const struct bytes message = { data, size };

	if (size > IPC_MAX_MESSAGE)
		return 0;
	check_version(message);
	if (!msg_decode(message, &m))
		return 0;
	must(msg_name(m.type)[0] != '\0');
	if (m.type == MSG_FAILED)
		must(msg_failure_name(m.failed.failure)[0] != '\0');
	must(bytes_equal(msg_encode(&m, out), message));
	return 0;
}
