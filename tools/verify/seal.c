/* Owns the folder until it is finished or taken away. */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

enum { FILE_MODE = 0666, FOLDER_MODE = 0777 /* less what umask takes */, MAX_FOLDERS = 8 };

static const char manifest_name[] = "manifest.json";

struct seal {
	char folder[PATH_MAX]; /* where it will be */
	char temporary[PATH_MAX]; /* where it is; "": nowhere any more */
	int fd;
	char *folders[MAX_FOLDERS]; /* in it */
	unsigned folder_count;
	struct manifest manifest;
	sigset_t before; /* a signal that ends us must not leave it half made */
};

static void hold_signals(sigset_t *before)
{
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ends, before);
}

/* The path without "/" at its end. */
static bool set_folder(struct seal *seal, const char *folder, struct err *err)
{
	size_t len = strlen(folder);
	uint32_t random;
	int n;

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (len == 0 || len + 32 > PATH_MAX)
		return err_set(err, "must be the path of a folder: is not");
	memcpy(seal->folder, folder, len);
	if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1)
		return err_set(err, "random name: cannot be had");
	n = snprintf(seal->temporary, PATH_MAX, "%s.new-%08x", seal->folder, random);
	return (n > 0 && n < PATH_MAX) || err_set(err, "path is too long");
}

bool seal_is_free(const char *folder, struct err *err)
{
	struct stat st;

	if (lstat(folder, &st) == 0)
		return err_set(err, "%.200s: must not be there yet: is", folder);
	return errno == ENOENT || err_sys(err, "%.200s", folder);
}

static bool make_folder(struct seal *seal, struct err *err)
{
	if (mkdir(seal->temporary, FOLDER_MODE) != 0) {
		seal->temporary[0] = '\0';
		return err_sys(err, "cannot be made");
	}
	seal->fd = open(seal->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return seal->fd >= 0 || err_sys(err, "cannot be made");
}

struct seal *seal_new(
	const char *folder, const char *made, const char *by, const char *tool, struct err *err)
{
	struct seal *seal = must_calloc(1, sizeof(*seal));

	seal->fd = -1;
	hold_signals(&seal->before);
	seal->manifest.made = must_strdup(made);
	seal->manifest.by = must_strdup(by);
	seal->manifest.tool = must_strdup(tool);
	if (seal_is_free(folder, err) &&
		((set_folder(seal, folder, err) && make_folder(seal, err)) ||
			err_while(err, "%.200s", folder)))
		return seal;
	seal_free(seal);
	return NULL;
}

/* --- files ----------------------------------------------------------------------------------- */

/* The folder that name is in, made if it is new. */
static bool need_folder(struct seal *seal, const char *name, struct err *err)
{
	const char *slash = strchr(name, '/');
	char *folder;

	if (slash == NULL)
		return true;
	folder = strndup(name, (size_t)(slash - name));
	if (folder == NULL)
		abort();
	for (unsigned i = 0; i < seal->folder_count; i++)
		if (strcmp(seal->folders[i], folder) == 0) {
			free(folder);
			return true;
		}
	if (seal->folder_count == MAX_FOLDERS)
		abort(); /* the caller's names are a fixed few */
	seal->folders[seal->folder_count++] = folder;
	return mkdirat(seal->fd, folder, FOLDER_MODE) == 0 || err_sys(err, "%s", folder);
}

static bool write_all(int fd, struct bytes octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.at, octets.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		octets.at += n;
		octets.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

static bool write_file(struct seal *seal, const char *name, struct bytes octets, struct err *err)
{
	int fd = openat(
		seal->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	bool ok = fd >= 0 && write_all(fd, octets);

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok || err_sys(err, "%s: cannot be written", name);
}

bool seal_put(struct seal *seal, const struct seal_file *file, struct err *err)
{
	struct manifest_file *entry;

	if (manifest_find(&seal->manifest, file->name) != NULL)
		return true;
	if (seal->manifest.count == MANIFEST_MAX_FILES)
		return err_set(err, "at most %d files: are more", MANIFEST_MAX_FILES);
	if (!need_folder(seal, file->name, err))
		return false;
	entry = manifest_add(&seal->manifest, file->name, file->octets);
	entry->is = file->is == NULL ? NULL : must_strdup(file->is);
	entry->source = file->source == NULL ? NULL : must_strdup(file->source);
	entry->fetched = file->fetched == NULL ? NULL : must_strdup(file->fetched);
	return write_file(seal, file->name, file->octets, err);
}

/* --- the end --------------------------------------------------------------------------------- */

static bool sync_folder(int at, const char *name, struct err *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_sys(err, "%.200s", name);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/* The folder that the bundle is in: its name is to last as well. */
static bool sync_parent(const char *folder, struct err *err)
{
	char parent[PATH_MAX] = ".";
	const char *slash = strrchr(folder, '/');

	if (slash != NULL) {
		size_t len = slash == folder ? 1 : (size_t)(slash - folder);

		memcpy(parent, folder, len);
		parent[len] = '\0';
	}
	return sync_folder(AT_FDCWD, parent, err);
}

/* Not every file system has RENAME_NOREPLACE; rename() refuses all but an empty folder. */
static bool give_name(struct seal *seal, struct err *err)
{
	if (renameat2(AT_FDCWD, seal->temporary, AT_FDCWD, seal->folder, RENAME_NOREPLACE) == 0 ||
		((errno == EINVAL || errno == ENOSYS) && seal_is_free(seal->folder, err) &&
			rename(seal->temporary, seal->folder) == 0)) {
		seal->temporary[0] = '\0';
		return true;
	}
	return err_sys(err, "%.200s", seal->folder);
}

bool seal_finish(struct seal *seal, struct err *err)
{
	struct buf json = manifest_write(&seal->manifest);
	bool ok = write_file(seal, manifest_name, buf_view(&json), err);

	for (unsigned i = 0; ok && i < seal->folder_count; i++)
		ok = sync_folder(seal->fd, seal->folders[i], err);
	ok = ok && sync_folder(seal->fd, ".", err) && give_name(seal, err) &&
	     sync_parent(seal->folder, err);
	buf_free(&json);
	return ok;
}

static void take_away(struct seal *seal)
{
	for (unsigned i = 0; seal->fd >= 0 && i < seal->manifest.count; i++)
		(void)unlinkat(seal->fd, seal->manifest.files[i].name, 0);
	for (unsigned i = 0; seal->fd >= 0 && i < seal->folder_count; i++)
		(void)unlinkat(seal->fd, seal->folders[i], AT_REMOVEDIR);
	if (seal->fd >= 0)
		(void)unlinkat(seal->fd, manifest_name, 0);
	(void)rmdir(seal->temporary);
}

void seal_free(struct seal *seal)
{
	if (seal == NULL)
		return;
	if (seal->temporary[0] != '\0')
		take_away(seal);
	if (seal->fd >= 0)
		(void)close(seal->fd);
	for (unsigned i = 0; i < seal->folder_count; i++)
		free(seal->folders[i]);
	manifest_wipe(&seal->manifest);
	(void)sigprocmask(SIG_SETMASK, &seal->before, NULL);
	free(seal);
}
