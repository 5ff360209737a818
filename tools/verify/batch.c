/* Owns the list of files: names behind each other, and which folder each is in. */
#include "batch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct entry {
	uint32_t folder; /* offset of its path in texts; of "" for none */
	uint32_t name; /* offset in texts */
};

/* A folder that is still to be read. */
struct pending {
	uint32_t path;
	unsigned depth;
};

/* One that is left out. */
struct failure {
	uint32_t path;
	struct err err;
};

struct list {
	void *at;
	size_t count;
	size_t cap;
};

struct batch {
	struct buf texts; /* each ends with a zero */
	struct list entries;
	struct list folders; /* of struct pending: the last is read next */
	struct list failures;
	bool has_folder;
	char *path; /* the one that was asked for last */
};

static void *list_add(struct list *list, size_t size)
{
	if (list->count == list->cap) {
		list->cap = list->cap == 0 ? 64 : 2 * list->cap;
		list->at = realloc(list->at, list->cap * size);
		if (list->at == NULL)
			abort();
	}
	return (char *)list->at + size * list->count++;
}

static const char *text_at(const struct batch *batch, uint32_t offset)
{
	return (const char *)batch->texts.at + offset;
}

/* Texts end at 4 GiB: offsets are small so that a hundred million files can be listed. */
static bool keep_text(struct batch *batch, const char *text, uint32_t *offset, struct err *err)
{
	size_t len = strlen(text) + 1;

	if (batch->texts.len + len > UINT32_MAX)
		return err_set(err, "at most 4 GiB of file names: are more");
	*offset = (uint32_t)batch->texts.len;
	buf_append(&batch->texts, (struct bytes){ (const uint8_t *)text, len });
	return true;
}

static bool add_file(struct batch *batch, uint32_t folder, const char *name, struct err *err)
{
	struct entry entry = { .folder = folder };

	if (batch->entries.count == BATCH_MAX_FILES)
		return err_set(err, "at most %d files: are more", BATCH_MAX_FILES);
	if (!keep_text(batch, name, &entry.name, err))
		return false;
	*(struct entry *)list_add(&batch->entries, sizeof(entry)) = entry;
	return true;
}

/* The files that were found in it until then are taken. */
static void leave_out(struct batch *batch, uint32_t path, const struct err *err)
{
	*(struct failure *)list_add(&batch->failures, sizeof(struct failure)) =
		(struct failure){ path, *err };
}

static bool add_folder(
	struct batch *batch, const char *parent, const char *name, unsigned depth, struct err *err)
{
	struct pending pending = { .depth = depth };
	struct buf path = { 0 };
	struct err deep = { 0 };
	bool ok;

	if (parent[0] != '\0') {
		buf_append(&path, bytes_of_text(parent));
		buf_append(&path, bytes_of_text("/"));
	}
	buf_append(&path, (struct bytes){ (const uint8_t *)name, strlen(name) + 1 });
	ok = keep_text(batch, (const char *)path.at, &pending.path, err);
	if (ok && depth > BATCH_MAX_DEPTH) {
		err_set(&deep, "folders at most %d deep: is deeper", BATCH_MAX_DEPTH);
		leave_out(batch, pending.path, &deep);
	} else if (ok)
		*(struct pending *)list_add(&batch->folders, sizeof(pending)) = pending;
	buf_free(&path);
	return ok;
}

enum what { WHAT_NOTHING, WHAT_FILE, WHAT_FOLDER };

/* Links to files are files; links to folders, sockets, devices are nothing. */
static enum what what_is(int folder, const struct dirent *found)
{
	struct stat status;

	if (found->d_type == DT_REG)
		return WHAT_FILE;
	if (found->d_type == DT_DIR)
		return WHAT_FOLDER;
	if (found->d_type == DT_UNKNOWN &&
		fstatat(folder, found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(status.st_mode))
		return WHAT_FOLDER;
	if (fstatat(folder, found->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
		return WHAT_FILE;
	return WHAT_NOTHING;
}

static int compare_names(const void *left, const void *right, void *arg)
{
	const struct batch *batch = arg;
	const struct entry *a = left, *b = right;

	return strcmp(text_at(batch, a->name), text_at(batch, b->name));
}

static int compare_folders(const void *left, const void *right, void *arg)
{
	const struct batch *batch = arg;
	const struct pending *a = left, *b = right;

	return strcmp(text_at(batch, b->path), text_at(batch, a->path)); /* the last comes first */
}

static bool take_found(struct batch *batch, int fd, uint32_t folder, unsigned depth,
	const struct dirent *found, struct err *err)
{
	char *path = must_strdup(text_at(batch, folder)); /* texts move as they grow */
	bool ok = true;

	if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0) {
		enum what what = what_is(fd, found);

		if (what == WHAT_FILE)
			ok = add_file(batch, folder, found->d_name, err);
		if (what == WHAT_FOLDER)
			ok = add_folder(batch, path, found->d_name, depth + 1, err);
	}
	free(path);
	return ok;
}

static bool read_folder(struct batch *batch, struct pending folder, struct err *err)
{
	size_t files = batch->entries.count, folders = batch->folders.count;
	DIR *dir = opendir(text_at(batch, folder.path));
	const struct dirent *found = NULL;
	struct err unread = { 0 };
	bool ok = true;

	errno = dir == NULL ? errno : 0;
	while (ok && dir != NULL && (found = readdir(dir)) != NULL) {
		ok = take_found(batch, dirfd(dir), folder.path, folder.depth, found, err);
		errno = 0;
	}
	if (ok && errno != 0) {
		err_sys(&unread, "cannot be read");
		leave_out(batch, folder.path, &unread);
	}
	if (dir != NULL)
		(void)closedir(dir);
	if (ok && batch->entries.count > files)
		qsort_r((struct entry *)batch->entries.at + files, batch->entries.count - files,
			sizeof(struct entry), compare_names, batch);
	if (ok && batch->folders.count > folders)
		qsort_r((struct pending *)batch->folders.at + folders,
			batch->folders.count - folders, sizeof(struct pending), compare_folders,
			batch);
	return ok;
}

static bool take_path(struct batch *batch, uint32_t none, const char *path, struct err *err)
{
	struct stat status;
	bool ok;

	if (strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		return add_file(batch, none, path, err); /* whoever reads it says what is wrong */
	batch->has_folder = true;
	ok = add_folder(batch, "", path, 0, err);
	while (ok && batch->folders.count > 0) {
		struct pending next = ((struct pending *)batch->folders.at)[--batch->folders.count];

		ok = read_folder(batch, next, err);
	}
	return ok;
}

/* ---- --data-beside ---- */

/* True if name is that of a token over the file before. */
static bool is_token_of(const char *file, const char *name)
{
	size_t len = strlen(file);

	return strncmp(file, name, len) == 0 &&
	       (strcmp(name + len, ".tsr") == 0 || strcmp(name + len, ".tst") == 0 ||
		       strcmp(name + len, ".der") == 0);
}

/* Names that begin with a file's name and go on stand behind it, if not right behind it. */
static bool has_token(const struct batch *batch, size_t index)
{
	const struct entry *all = batch->entries.at;
	const char *file = text_at(batch, all[index].name);
	size_t len = strlen(file);

	for (size_t i = index + 1; i < batch->entries.count; i++) {
		const char *name = text_at(batch, all[i].name);

		if (all[i].folder != all[index].folder || strncmp(file, name, len) != 0)
			return false;
		if (is_token_of(file, name))
			return true;
	}
	return false;
}

static void leave_out_data(struct batch *batch, uint32_t none)
{
	struct entry *all = batch->entries.at;
	size_t kept = 0;

	for (size_t i = 0; i < batch->entries.count; i++)
		if (all[i].folder == none || !has_token(batch, i))
			all[kept++] = all[i];
	batch->entries.count = kept;
}

/* ---- */

struct batch *batch_new(char *const *paths, int count, bool data_beside, struct err *err)
{
	struct batch *batch = must_calloc(1, sizeof(*batch));
	uint32_t none = 0;
	bool ok = keep_text(batch, "", &none, err);

	for (int i = 0; ok && i < count; i++)
		ok = take_path(batch, none, paths[i], err);
	if (ok && data_beside)
		leave_out_data(batch, none);
	if (!ok) {
		batch_free(batch);
		return NULL;
	}
	return batch;
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	buf_free(&batch->texts);
	free(batch->entries.at);
	free(batch->folders.at);
	free(batch->failures.at);
	free(batch->path);
	free(batch);
}

size_t batch_count(const struct batch *batch)
{
	return batch->entries.count;
}

bool batch_has_folder(const struct batch *batch)
{
	return batch->has_folder;
}

size_t batch_failure_count(const struct batch *batch)
{
	return batch->failures.count;
}

const char *batch_failure(const struct batch *batch, size_t index, struct err *err)
{
	const struct failure *failure = (const struct failure *)batch->failures.at + index;

	*err = failure->err;
	return text_at(batch, failure->path);
}

const char *batch_path(struct batch *batch, size_t index)
{
	const struct entry *entry = (const struct entry *)batch->entries.at + index;
	const char *folder = text_at(batch, entry->folder), *name = text_at(batch, entry->name);
	size_t len = strlen(folder) + strlen(name) + 2;

	free(batch->path);
	batch->path = must_calloc(len, 1);
	(void)strcpy(batch->path, folder);
	if (folder[0] != '\0')
		(void)strcat(batch->path, "/");
	(void)strcat(batch->path, name);
	return batch->path;
}
