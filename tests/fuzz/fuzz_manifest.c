/*
 * What stands in a folder of evidence.  As a manifest: what is read has names inside the folder
 * alone, each once, and is read the same from what is written of it.  As any file: what it is
 * sorted into is that, to its last octet.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/verify/bundle.h"
#include "tools/verify/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same_text(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void check_same(const struct manifest_file *a, const struct manifest_file *b)
{
	if (strcmp(a->name, b->name) != 0 || a->size != b->size ||
		memcmp(a->sha256, b->sha256, MANIFEST_SHA256) != 0 ||
		memcmp(a->sha512, b->sha512, MANIFEST_SHA512) != 0 || !is_same_text(a->is, b->is) ||
		!is_same_text(a->source, b->source) || !is_same_text(a->fetched, b->fetched))
		abort();
}

static void check_manifest(const struct manifest *manifest)
{
	struct buf written = manifest_write(manifest);
	struct manifest again;
	struct err err = { 0 };

	if (!manifest_read(buf_view(&written), &again, &err) || again.count != manifest->count)
		abort();
	for (unsigned i = 0; i < manifest->count; i++) {
		const struct manifest_file *file = &manifest->files[i];

		if (!is_manifest_name(file->name) || file->name[0] == '.' ||
			strstr(file->name, "..") == file->name ||
			strstr(file->name, "/.") != NULL ||
			manifest_find(manifest, file->name) != file)
			abort();
		check_same(file, &again.files[i]);
	}
	manifest_wipe(&again);
	buf_free(&written);
}

static void sort(struct bytes octets)
{
	struct bundle bundle = { 0 };
	struct err err = { 0 };

	if (!bundle_sort(&bundle, "fuzz", octets, &err) && err.text[0] == '\0')
		abort();
	if ((bundle.count == 0) != (bundle.others == 1) && err.text[0] == '\0')
		abort();
	for (unsigned i = 0; i < bundle.count; i++)
		if (bundle.items[i].octets.len == 0 || bundle.items[i].octets.len > octets.len)
			abort();
	bundle_wipe(&bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct err err = { 0 };

	if (manifest_read((struct bytes){ data, size }, &manifest, &err))
		check_manifest(&manifest);
	else if (err.text[0] == '\0')
		abort();
	manifest_wipe(&manifest);
	sort((struct bytes){ data, size });
	return 0;
}
