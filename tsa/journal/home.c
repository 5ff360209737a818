/* Owns the directory's descriptor and its lock. */
#include "tsa/journal/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool home_write_at(int fd, struct bytes content, uint64_t offset)
{
	while (content.len > 0) {
		ssize_t n = pwrite(fd, content.at, content.len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		content.at += n;
		content.len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

bool home_zero_at(int fd, uint64_t offset, uint64_t len)
{
	static const uint8_t zeros[65536];

	while (len > 0) {
		struct bytes part = { zeros, len < sizeof(zeros) ? len : sizeof(zeros) };

		if (!home_write_at(fd, part, offset))
			return false;
		offset += part.len;
		len -= part.len;
	}
	return true;
}

static bool lock(struct home *home, struct trouble *trouble)
{
	home->lock_fd = openat(home->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (home->lock_fd < 0) {
		(void)err_sys(&trouble->err, "journal %s/lock: open", home->path);
		return trouble_is(trouble, MSG_FAILURE_SETTING);
	}
	if (flock(home->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK) {
		(void)err_set(&trouble->err,
			"journal %s: has one writer: it is in use by another process", home->path);
		return trouble_is(trouble, MSG_FAILURE_LOCKED);
	}
	(void)err_sys(&trouble->err, "journal %s/lock: flock", home->path);
	return trouble_is(trouble, MSG_FAILURE_SETTING);
}

bool home_open(struct home *home, const char *path, struct trouble *trouble)
{
	*home = (struct home){ .fd = -1, .lock_fd = -1 };
	(void)snprintf(home->path, sizeof(home->path), "%s", path);
	home->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home->fd < 0 && errno == EACCES) {
		(void)err_sys(&trouble->err, "journal %s: directory must be readable", path);
		return trouble_is(trouble, MSG_FAILURE_SETTING);
	}
	if (home->fd < 0) {
		(void)err_sys(&trouble->err, "journal %s: directory must exist", path);
		return trouble_is(trouble, MSG_FAILURE_SETTING);
	}
	if (faccessat(home->fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
		(void)err_sys(&trouble->err, "journal %s: directory must be writable", path);
		return trouble_is(trouble, MSG_FAILURE_SETTING);
	}
	return lock(home, trouble);
}

void home_close(struct home *home)
{
	if (home->lock_fd >= 0)
		(void)close(home->lock_fd);
	if (home->fd >= 0)
		(void)close(home->fd);
	home->lock_fd = -1;
	home->fd = -1;
}

bool home_sync(const struct home *home, struct err *err)
{
	if (fsync(home->fd) != 0)
		return err_sys(err, "journal %s: fsync", home->path);
	return true;
}

bool home_write_file(
	const struct home *home, const char *name, struct bytes content, struct err *err)
{
	char partial[JOURNAL_PATH];
	bool ok = false;
	int fd;

	(void)snprintf(partial, sizeof(partial), "%s.tmp", name);
	fd = openat(home->fd, partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !home_write_at(fd, content, 0) || fsync(fd) != 0 ||
		renameat(home->fd, partial, home->fd, name) != 0) {
		(void)err_sys(err, "journal %s/%s: write", home->path, name);
		goto out;
	}
	ok = home_sync(home, err);
out:
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

bool home_has_file(const struct home *home, const char *name)
{
	struct stat st;

	return fstatat(home->fd, name, &st, 0) == 0;
}
