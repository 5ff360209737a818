/* Owns a temporary file, from its making to its naming. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "tsa/token/build.h"

enum { MODE = 0666 /* less what umask takes */, MAX_NAME = 64, ATTEMPTS = 16 };

/* The folder of path, open; *name is what follows. */
static int open_folder(const char *path, const char **name, struct err *err)
{
	char folder[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	int fd;

	*name = slash == NULL ? path : slash + 1;
	if (len >= sizeof(folder) || **name == '\0') {
		err_set(err, "must be the path of a file: is not");
		return -1;
	}
	if (len > 0) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err_sys(err, "folder");
	return fd;
}

static int open_temporary(int folder, char name[MAX_NAME], struct err *err)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t random;
		int fd;

		if (RAND_bytes((unsigned char *)&random, sizeof(random)) != 1) {
			err_openssl(err, "temporary name");
			return -1;
		}
		(void)snprintf(name, MAX_NAME, ".tsa-stamp.%016" PRIx64, random);
		fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
		if (fd >= 0 || errno != EEXIST) {
			if (fd < 0)
				err_sys(err, "temporary file beside it");
			return fd;
		}
	}
	err_set(err, "temporary file beside it: every name is taken");
	return -1;
}

static bool write_all(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.at, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		content.at += n;
		content.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* Not every file system has RENAME_NOREPLACE; a hard link refuses a taken name as well. */
static bool give_name(int folder, const char *temporary, const char *name, bool replace)
{
	if (replace)
		return renameat(folder, temporary, folder, name) == 0;
	if (renameat2(folder, temporary, folder, name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return linkat(folder, temporary, folder, name, 0) == 0 &&
	       unlinkat(folder, temporary, 0) == 0;
}

static bool put(int folder, const char *name, struct bytes content, bool replace, struct err *err)
{
	char temporary[MAX_NAME];
	int fd = open_temporary(folder, temporary, err);
	bool ok;

	if (fd < 0)
		return false;
	ok = write_all(fd, content);
	ok = (close(fd) == 0 && ok) || err_sys(err, "cannot be written");
	if (ok && !give_name(folder, temporary, name, replace))
		ok = errno == EEXIST ? err_set(err, "is there already (--force replaces it)")
				     : err_sys(err, "cannot be written");
	if (!ok)
		(void)unlinkat(folder, temporary, 0);
	return ok && (fsync(folder) == 0 || err_sys(err, "folder"));
}

bool output_write(const char *path, struct bytes content, bool replace, struct err *err)
{
	const char *name;
	int folder = open_folder(path, &name, err);
	sigset_t ends, before;
	bool ok;

	if (folder < 0)
		return false;
	/* A signal that ends us must not leave the temporary file. */
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ends, &before);
	ok = put(folder, name, content, replace, err);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(folder);
	return ok;
}
