/* Owns the folder while it is read. */
#include "bundle_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest.h"

static const char manifest_name[] = "manifest.json";

/* --- items ----------------------------------------------------------------------------------- */

bool bundle_put(struct bundle *bundle, enum bundle_kind kind, const char *name, struct bytes octets,
	struct err *err)
{
	struct bundle_item *item;

	if (bundle->count == BUNDLE_MAX_ITEMS)
		return err_set(
			err, "at most %d certificates, CRLs and so on: has more", BUNDLE_MAX_ITEMS);
	if (bundle->count == bundle->cap) {
		unsigned cap = bundle->cap == 0 ? 64 : 2 * bundle->cap;
		void *more = realloc(bundle->items, cap * sizeof(*bundle->items));

		if (more == NULL)
			abort();
		bundle->items = more;
		bundle->cap = cap;
	}
	item = &bundle->items[bundle->count++];
	*item = (struct bundle_item){ .kind = kind, .name = must_strdup(name) };
	buf_append(&item->octets, octets);
	return true;
}

void bundle_wipe(struct bundle *bundle)
{
	for (unsigned i = 0; i < bundle->count; i++) {
		free(bundle->items[i].name);
		buf_free(&bundle->items[i].octets);
	}
	free(bundle->items);
	*bundle = (struct bundle){ 0 };
}

/* --- the files of a folder ------------------------------------------------------------------- */

/* Names from the folder on, those of folders end with "/". */
struct names {
	char *at[BUNDLE_MAX_FILES];
	unsigned count;
};

struct reading {
	const char *folder;
	int fd;
	struct names files;
	struct names folders;
	size_t octets;
	struct manifest manifest;
	bool has_manifest;
};

static bool keep(struct names *names, const char *in, const char *name, struct err *err)
{
	if (names->count == BUNDLE_MAX_FILES)
		return err_set(err, "at most %d files: has more", BUNDLE_MAX_FILES);
	if (asprintf(&names->at[names->count], "%s%s%s", in, *in == '\0' ? "" : "/", name) < 0)
		abort();
	names->count++;
	return true;
}

static void free_names(struct names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		free(names->at[i]);
	names->count = 0;
}

static unsigned depth_of(const char *name)
{
	unsigned depth = 0;

	for (; *name != '\0'; name++)
		depth += *name == '/';
	return depth;
}

/* Links to files are followed, those to folders are not: they may lead round in circles. */
static bool keep_entry(struct reading *r, int fd, const char *in, const char *name, struct err *err)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_sys(err, "%.200s", name);
	if (S_ISLNK(st.st_mode) && (fstatat(fd, name, &st, 0) != 0 || S_ISDIR(st.st_mode)))
		return true;
	if (S_ISREG(st.st_mode))
		return keep(&r->files, in, name, err);
	return !S_ISDIR(st.st_mode) || keep(&r->folders, in, name, err);
}

static bool list_folder(struct reading *r, const char *name, struct err *err)
{
	int fd = openat(
		r->fd, *name == '\0' ? "." : name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool ok = true;

	if (folder == NULL) {
		err_sys(err, "%.200s", *name == '\0' ? "folder" : name);
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (ok && (entry = readdir(folder)) != NULL)
		ok = keep_entry(r, fd, name, entry->d_name, err);
	(void)closedir(folder);
	return ok;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted: the order of a file system must not show in a report. */
static bool list_all(struct reading *r, struct err *err)
{
	bool ok = list_folder(r, "", err);

	for (unsigned i = 0; ok && i < r->folders.count; i++) {
		if (depth_of(r->folders.at[i]) + 1 >= BUNDLE_MAX_DEPTH)
			return err_set(err, "%.200s: folders at most %d deep: is deeper",
				r->folders.at[i], BUNDLE_MAX_DEPTH);
		ok = list_folder(r, r->folders.at[i], err);
	}
	qsort(r->files.at, r->files.count, sizeof(r->files.at[0]), by_text);
	return ok;
}

static bool read_all(int fd, size_t max, struct buf *out, struct err *err)
{
	enum { SLICE = 1 << 16 };
	uint8_t *slice = must_calloc(SLICE, 1);
	ssize_t n = 1;
	bool ok = true;

	while (ok && n != 0) {
		n = read(fd, slice, SLICE);
		if (n > 0)
			buf_append(out, (struct bytes){ slice, (size_t)n });
		ok = n >= 0 ? out->len <= max || err_set(err, "at most %zu octets: has more", max)
			    : errno == EINTR || err_sys(err, "cannot be read");
	}
	free(slice);
	return ok;
}

static bool read_file(
	struct reading *r, const char *name, size_t max, struct buf *out, struct err *err)
{
	int fd = openat(r->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool ok = fd >= 0 && fstat(fd, &st) == 0;

	if (!ok)
		err_sys(err, "%.200s", name);
	else if (!S_ISREG(st.st_mode))
		ok = err_set(err, "%.200s: must be a file: is not", name);
	else
		ok = read_all(fd, max, out, err) || err_while(err, "%.200s", name);
	if (fd >= 0)
		(void)close(fd);
	r->octets += out->len;
	if (ok && r->octets > BUNDLE_MAX_OCTETS)
		ok = err_set(err, "at most %d octets in all: has more", BUNDLE_MAX_OCTETS);
	return ok;
}

/* --- the manifest ---------------------------------------------------------------------------- */

/* What may come to a bundle after it was sealed: tokens and a record over it. */
static bool is_added_later(const char *name)
{
	size_t len = strlen(name);

	return strcmp(name, "record.ers") == 0 ||
	       (strncmp(name, "manifest.json.", 14) == 0 && strchr(name, '/') == NULL &&
		       strcmp(name + len - 4, ".tsr") == 0);
}

static bool has_name(const struct names *sorted, const char *name)
{
	return bsearch(&name, sorted->at, sorted->count, sizeof(sorted->at[0]), by_text) != NULL;
}

static bool read_manifest(struct reading *r, struct bundle *bundle, struct err *err)
{
	struct buf json = { 0 };
	char *name = NULL;
	bool ok;

	if (!has_name(&r->files, manifest_name))
		return true;
	r->has_manifest = true;
	if (asprintf(&name, "%s/%s", r->folder, manifest_name) < 0)
		abort();
	ok = read_file(r, manifest_name, MANIFEST_MAX, &json, err) &&
	     (manifest_read(buf_view(&json), &r->manifest, err) ||
		     err_while(err, "%s", manifest_name)) &&
	     bundle_put(bundle, BUNDLE_MANIFEST, name, buf_view(&json), err);
	for (unsigned i = 0; ok && i < r->manifest.count; i++)
		if (!has_name(&r->files, r->manifest.files[i].name))
			ok = err_set(err, "%s: must be there, as %s says: is not",
				r->manifest.files[i].name, manifest_name);
	free(name);
	buf_free(&json);
	return ok;
}

static bool check_file(
	const struct reading *r, const char *name, struct bytes octets, struct err *err)
{
	const struct manifest_file *file = manifest_find(&r->manifest, name);

	if (!r->has_manifest || is_added_later(name))
		return true;
	if (file == NULL)
		return err_set(err, "%.200s: must be named in %s: is not", name, manifest_name);
	return manifest_check(file, octets, err);
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool take_file(struct reading *r, const char *name, struct bundle *bundle, struct err *err)
{
	struct buf octets = { 0 };
	char *path = NULL;
	bool ok;

	if (asprintf(&path, "%s/%s", r->folder, name) < 0)
		abort();
	ok = read_file(r, name, BUNDLE_MAX_FILE, &octets, err) &&
	     check_file(r, name, buf_view(&octets), err) &&
	     (bundle_sort(bundle, path, buf_view(&octets), err) || err_while(err, "%.200s", name));
	free(path);
	buf_free(&octets);
	return ok;
}

bool bundle_read(const char *folder, struct bundle *bundle, struct err *err)
{
	struct reading *r = must_calloc(1, sizeof(*r));
	bool ok;

	*bundle = (struct bundle){ 0 };
	r->folder = folder;
	r->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = r->fd >= 0 || err_sys(err, "folder");
	ok = ok && list_all(r, err) && read_manifest(r, bundle, err);
	for (unsigned i = 0; ok && i < r->files.count; i++)
		if (strcmp(r->files.at[i], manifest_name) != 0)
			ok = take_file(r, r->files.at[i], bundle, err);
	/* Of those that the manifest names, each is known. */
	if (r->has_manifest)
		bundle->others = 0;
	free_names(&r->files);
	free_names(&r->folders);
	manifest_wipe(&r->manifest);
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r);
	return ok || err_while(err, "%.200s", folder);
}
