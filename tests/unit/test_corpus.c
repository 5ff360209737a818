/* The fuzz corpora follow the formats: what they begin with must still be read to its end. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tsa/core/ipc.h"
#include "tsa/core/msg.h"

/* Marks the type of the message in the file, if it decodes. */
static void note_type(const char *path, bool seen[MSG_TYPES])
{
	static uint8_t message[IPC_MAX_MESSAGE];
	static struct msg m;
	FILE *f = fopen(path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(message, 1, sizeof(message), f);
	(void)fclose(f);
	if (msg_decode((struct bytes){ message, len }, &m))
		seen[m.type] = true;
}

static void every_kind_of_message_is_in_the_corpus(void **unused)
{
	bool seen[MSG_TYPES] = { false };
	const struct dirent *entry;
	unsigned missing = 0;
	DIR *dir = opendir(TSA_FUZZ_CORPUS "/msg");

	(void)unused;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[1024];

		(void)snprintf(path, sizeof(path), TSA_FUZZ_CORPUS "/msg/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			note_type(path, seen);
	}
	(void)closedir(dir);
	for (int type = 1; type < MSG_TYPES; type++) {
		if (seen[type])
			continue;
		fprintf(stderr,
			"tests/fuzz/corpus/msg: %s: must be there in the form of version "
			"%d: is not\n",
			msg_name((enum msg_type)type), (int)MSG_VERSION);
		missing++;
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_message_is_in_the_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
