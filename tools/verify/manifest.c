/* Owns nothing that outlives a call. */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "text.h"
#include "tsa/core/hex.h"

static const char format[] = "tsa-verify bundle 1";

bool is_manifest_name(const char *name)
{
	size_t slashes = 0;
	bool starts = true;

	if (strlen(name) >= MANIFEST_MAX_NAME)
		return false;
	for (; *name != '\0'; name++) {
		if (*name == '/') {
			if (starts || ++slashes > 1)
				return false;
			starts = true;
			continue;
		}
		if (starts && *name == '.')
			return false;
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			    *name) == NULL)
			return false;
		starts = false;
	}
	return !starts;
}

/* --- reading --------------------------------------------------------------------------------- */

/* A member that may be absent; false and err if it is there and no short string. */
static bool take_text(const json_t *object, const char *key, char **out, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (value == NULL)
		return true;
	if (text == NULL || json_string_length(value) >= MANIFEST_MAX_TEXT)
		return err_set(err, "%s: must be a string of less than %d octets: is not", key,
			MANIFEST_MAX_TEXT);
	*out = must_strdup(text);
	return true;
}

static bool take_digest(
	const json_t *object, const char *key, uint8_t *out, size_t wanted, struct err *err)
{
	const char *text = json_string_value(json_object_get(object, key));
	size_t len = 0;

	return (text != NULL && hex_decode(text, out, wanted, &len) && len == wanted) ||
	       err_set(err, "%s: must be %zu octets in hexadecimal: is not", key, wanted);
}

static bool take_file(const json_t *entry, struct manifest_file *file, struct err *err)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	const json_t *size = json_object_get(entry, "size");

	if (name == NULL || !is_manifest_name(name))
		return err_set(err, "name: must be the name of a file in the folder: is not");
	file->name = must_strdup(name);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return err_set(err, "%s: size: must be a number of octets: is not", name);
	file->size = (uint64_t)json_integer_value(size);
	return (take_digest(entry, "sha256", file->sha256, MANIFEST_SHA256, err) &&
		       take_digest(entry, "sha512", file->sha512, MANIFEST_SHA512, err) &&
		       take_text(entry, "is", &file->is, err) &&
		       take_text(entry, "source", &file->source, err) &&
		       take_text(entry, "fetched", &file->fetched, err)) ||
	       err_while(err, "%s", name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct manifest_file *)a)->name, ((const struct manifest_file *)b)->name);
}

static bool take_files(const json_t *files, struct manifest *manifest, struct err *err)
{
	size_t count = json_array_size(files);

	if (!json_is_array(files) || count > MANIFEST_MAX_FILES)
		return err_set(
			err, "files: must be an array of at most %d: is not", MANIFEST_MAX_FILES);
	manifest->files = must_calloc(count + 1, sizeof(*manifest->files));
	for (size_t i = 0; i < count; i++) {
		/* Counted before it is read: what is there of it is wiped as well. */
		manifest->count++;
		if (!take_file(json_array_get(files, i), &manifest->files[i], err))
			return err_while(err, "files");
	}
	qsort(manifest->files, count, sizeof(*manifest->files), by_name);
	for (size_t i = 1; i < count; i++)
		if (by_name(&manifest->files[i - 1], &manifest->files[i]) == 0)
			return err_set(err, "files: %s: must be there once: is more often",
				manifest->files[i].name);
	return true;
}

bool manifest_read(struct bytes json, struct manifest *manifest, struct err *err)
{
	json_error_t where;
	const char *found;
	json_t *root;
	bool ok = false;

	*manifest = (struct manifest){ 0 };
	if (json.len > MANIFEST_MAX)
		return err_set(err, "at most %d octets: has %zu", MANIFEST_MAX, json.len);
	root = json_loadb((const char *)json.at, json.len, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL)
		return err_set(err, "must be JSON: line %d: %.120s", where.line, where.text);
	found = json_string_value(json_object_get(root, "format"));
	if (found == NULL || strcmp(found, format) != 0)
		err_set(err, "format: must be \"%s\": is not", format);
	else
		ok = take_text(root, "made", &manifest->made, err) &&
		     take_text(root, "by", &manifest->by, err) &&
		     take_text(root, "tool", &manifest->tool, err) &&
		     take_files(json_object_get(root, "files"), manifest, err);
	json_decref(root);
	return ok;
}

void manifest_wipe(struct manifest *manifest)
{
	for (unsigned i = 0; i < manifest->count; i++) {
		free(manifest->files[i].name);
		free(manifest->files[i].is);
		free(manifest->files[i].source);
		free(manifest->files[i].fetched);
	}
	free(manifest->files);
	free(manifest->made);
	free(manifest->by);
	free(manifest->tool);
	*manifest = (struct manifest){ 0 };
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		text_set(object, key, text_json(bytes_of_text(text)));
}

static json_t *file_json(const struct manifest_file *file)
{
	json_t *entry = json_object();

	put_text(entry, "name", file->name);
	put_text(entry, "is", file->is);
	text_set(entry, "size", json_integer((json_int_t)file->size));
	text_set(entry, "sha256", text_hex((struct bytes){ file->sha256, MANIFEST_SHA256 }));
	text_set(entry, "sha512", text_hex((struct bytes){ file->sha512, MANIFEST_SHA512 }));
	put_text(entry, "source", file->source);
	put_text(entry, "fetched", file->fetched);
	return entry;
}

struct buf manifest_write(const struct manifest *manifest)
{
	json_t *root = json_object();
	json_t *files = json_array();
	struct buf out = { 0 };
	char *text;

	put_text(root, "format", format);
	put_text(root, "made", manifest->made);
	put_text(root, "by", manifest->by);
	put_text(root, "tool", manifest->tool);
	for (unsigned i = 0; i < manifest->count; i++)
		text_add(files, file_json(&manifest->files[i]));
	text_set(root, "files", files);
	text = json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	if (text == NULL)
		abort();
	buf_append(&out, bytes_of_text(text));
	buf_append(&out, bytes_of_text("\n"));
	free(text);
	json_decref(root);
	return out;
}

/* --- digests --------------------------------------------------------------------------------- */

static void digest_of(const EVP_MD *digest, struct bytes octets, uint8_t *out)
{
	if (EVP_Digest(octets.at, octets.len, out, NULL, digest, NULL) != 1)
		abort();
}

struct manifest_file *manifest_add(struct manifest *manifest, const char *name, struct bytes octets)
{
	size_t room = (manifest->count + 1) * sizeof(*manifest->files);
	struct manifest_file *files = realloc(manifest->files, room);
	struct manifest_file *file;

	if (files == NULL || !is_manifest_name(name))
		abort();
	manifest->files = files;
	file = &files[manifest->count++];
	*file = (struct manifest_file){ .name = must_strdup(name), .size = octets.len };
	digest_of(EVP_sha256(), octets, file->sha256);
	digest_of(EVP_sha512(), octets, file->sha512);
	return file;
}

const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name)
{
	for (unsigned i = 0; i < manifest->count; i++)
		if (strcmp(manifest->files[i].name, name) == 0)
			return &manifest->files[i];
	return NULL;
}

bool manifest_check(const struct manifest_file *file, struct bytes octets, struct err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (octets.len != file->size)
		return err_set(err, "%s: must have %ju octets, as the manifest says: has %zu",
			file->name, (uintmax_t)file->size, octets.len);
	digest_of(EVP_sha256(), octets, digest);
	if (memcmp(digest, file->sha256, MANIFEST_SHA256) != 0)
		return err_set(
			err, "%s: SHA-256 must be as the manifest says: is another", file->name);
	digest_of(EVP_sha512(), octets, digest);
	return memcmp(digest, file->sha512, MANIFEST_SHA512) == 0 ||
	       err_set(err, "%s: SHA-512 must be as the manifest says: is another", file->name);
}
