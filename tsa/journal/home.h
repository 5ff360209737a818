/* The journal directory as its one writer has it: open, locked, small files written atomically. */
#ifndef TSA_JOURNAL_HOME_H
#define TSA_JOURNAL_HOME_H

#include "tsa/core/bytes.h"
#include "tsa/journal/trouble.h"
#include "tsa/record/directory.h"

struct home {
	char path[MSG_MAX_PATH];
	int fd;
	int lock_fd;
};

/*
 * Opens and locks the directory. Fails with SETTING if it does not exist or cannot be written,
 * with LOCKED if another process has it. home_close() in any case.
 */
MUST_CHECK bool home_open(struct home *home, const char *path, struct trouble *trouble);
/* Gives the lock back. */
void home_close(struct home *home);

/* Makes names that were created or renamed durable. */
MUST_CHECK bool home_sync(const struct home *home, struct err *err);

/*
 * Writes a small file under a name of its own, syncs it, then gives it its name and syncs the
 * directory: after a crash it is there whole or not at all.
 */
MUST_CHECK bool home_write_file(
	const struct home *home, const char *name, struct bytes content, struct err *err);

/* True if the file is there; false also when it cannot be asked. */
bool home_has_file(const struct home *home, const char *name);

/* pwrite until all is written. False with errno set. */
bool home_write_at(int fd, struct bytes content, uint64_t offset);
/* As home_write_at, len zeros. */
bool home_zero_at(int fd, uint64_t offset, uint64_t len);

#endif
