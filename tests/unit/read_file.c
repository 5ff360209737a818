/* Owns a stream while it reads. */
#include "read_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct buf read_file(const char *folder, const char *name)
{
	char path[1024];
	uint8_t part[4096];
	struct buf buf = { 0 };
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s: cannot be read", path);
	while ((len = fread(part, 1, sizeof(part), file)) > 0)
		buf_append(&buf, (struct bytes){ part, len });
	(void)fclose(file);
	return buf;
}
