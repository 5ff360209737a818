/* Owns the spare files of a journal directory and the descriptor of the one being filled. */
#include "tsa/journal/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Small enough that a commit that comes meanwhile hardly waits. */
enum { STEP = 1024 * 1024 };

static void spare_name(unsigned number, char name[SEGMENT_NAME])
{
	(void)snprintf(name, SEGMENT_NAME, "spare-%u.new", number);
}

static void stop_filling(struct spares *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	s->filling = 0;
	s->filled = 0;
}

/* Always false: the disk had no room or an error. */
static bool give_up(struct spares *s)
{
	if (s->filling != 0) {
		char name[SEGMENT_NAME];

		spare_name(s->filling, name);
		(void)unlinkat(s->home->fd, name, 0);
	}
	stop_filling(s);
	return false;
}

/* Looks at the file that a number names, if there is one. */
/* False for one that got its header but not its name before a crash. */
static bool begins_with_zeros(const struct spares *s, const char *name)
{
	static const uint8_t zeros[SEGMENT_HEADER];
	uint8_t start[SEGMENT_HEADER];
	int fd = openat(s->home->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool is = fd >= 0 && read(fd, start, sizeof(start)) == (ssize_t)sizeof(start) &&
		  memcmp(start, zeros, sizeof(start)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return is;
}

static bool find_one(struct spares *s, unsigned number, struct err *err)
{
	char name[SEGMENT_NAME];
	struct stat st;

	spare_name(number, name);
	if (fstatat(s->home->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return true;
		return err_sys(err, "journal %s/%s: stat", s->home->path, name);
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == s->segment_size &&
		begins_with_zeros(s, name)) {
		s->whole[number] = true;
		return true;
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < s->segment_size && s->filling == 0) {
		s->fd = openat(s->home->fd, name, O_WRONLY | O_CLOEXEC);
		if (s->fd < 0)
			return err_sys(err, "journal %s/%s: open", s->home->path, name);
		s->filling = number;
		s->filled = (uint64_t)st.st_size;
		return true;
	}
	if (unlinkat(s->home->fd, name, 0) != 0)
		return err_sys(err, "journal %s/%s: remove", s->home->path, name);
	return true;
}

bool spares_open(struct spares *s, const struct home *home, uint64_t segment_size, struct err *err)
{
	*s = (struct spares){ .home = home, .segment_size = segment_size, .fd = -1 };
	for (unsigned number = 1; number <= SPARE_MAX; number++) {
		if (!find_one(s, number, err))
			return false;
	}
	return true;
}

void spares_close(struct spares *s)
{
	stop_filling(s);
}

unsigned spares_count(const struct spares *s)
{
	unsigned count = 0;

	for (unsigned number = 1; number <= SPARE_MAX; number++)
		count += s->whole[number] ? 1 : 0;
	return count;
}

/* Starting a file that cannot be finished would only take the room from others. */
static bool has_room(const struct spares *s, struct err *err)
{
	struct statvfs fs;

	if (fstatvfs(s->home->fd, &fs) != 0)
		return err_sys(err, "journal %s: statvfs", s->home->path);
	if ((uint64_t)fs.f_bavail * fs.f_frsize >= s->segment_size)
		return true;
	errno = ENOSPC;
	return err_sys(err, "journal %s: a segment needs %" PRIu64 " bytes: %" PRIu64 " are free",
		s->home->path, s->segment_size, (uint64_t)fs.f_bavail * fs.f_frsize);
}

static bool start_filling(struct spares *s, struct err *err)
{
	char name[SEGMENT_NAME];
	unsigned number = 1;

	while (number < SPARE_MAX && s->whole[number])
		number++;
	if (!has_room(s, err))
		return false;
	spare_name(number, name);
	s->fd = openat(s->home->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return err_sys(err, "journal %s/%s: create", s->home->path, name);
	s->filling = number;
	s->filled = 0;
	return true;
}

bool spares_step(struct spares *s, struct err *err)
{
	uint64_t len = STEP;
	char name[SEGMENT_NAME];

	if (s->filling == 0 && !start_filling(s, err))
		return false;
	if (len > s->segment_size - s->filled)
		len = s->segment_size - s->filled;
	spare_name(s->filling, name);
	/* Synced at each step: one large sync at the end would hold up a commit. */
	if (!home_zero_at(s->fd, s->filled, len) || fdatasync(s->fd) != 0) {
		(void)err_sys(
			err, "journal %s/%s: fill at %" PRIu64, s->home->path, name, s->filled);
		return give_up(s);
	}
	s->filled += len;
	if (s->filled == s->segment_size) {
		s->whole[s->filling] = true;
		stop_filling(s);
	}
	return true;
}

int spares_take(struct spares *s, char name[SEGMENT_NAME], struct err *err)
{
	unsigned number = 1;
	int fd;

	while (spares_count(s) == 0) {
		if (!spares_step(s, err))
			return -1;
	}
	while (!s->whole[number])
		number++;
	spare_name(number, name);
	fd = openat(s->home->fd, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		(void)err_sys(err, "journal %s/%s: open", s->home->path, name);
	s->whole[number] = false;
	return fd;
}
