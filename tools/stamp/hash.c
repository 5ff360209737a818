/* Owns the descriptor, the digest's state and one buffer. */
#include "hash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "tsa/token/build.h"

enum {
	SLICE = 1 << 20,
	SLICES_A_STEP = 8,
	PATIENCE_MS = 100, /* of one step, for a pipe or terminal with nothing in it */
};

struct stamp_hash {
	int fd;
	EVP_MD_CTX *state;
	struct stat at_start;
	uint64_t taken;
	uint8_t buffer[SLICE];
};

/* O_NONBLOCK: a FIFO that nobody writes to yet must not keep us from signals and answers. */
static bool open_file(struct stamp_hash *hash, const char *path, struct err *err)
{
	hash->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
					  : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (hash->fd < 0 || fstat(hash->fd, &hash->at_start) != 0)
		return err_sys(err, "cannot be read");
	if (S_ISDIR(hash->at_start.st_mode))
		return err_set(err, "must be a file: is a folder");
	(void)posix_fadvise(hash->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

struct stamp_hash *stamp_hash_open(const char *path, enum tsp_digest digest, struct err *err)
{
	struct stamp_hash *hash = must_calloc(1, sizeof(*hash));
	const EVP_MD *md = EVP_get_digestbyname(tsp_digest_name(digest));

	hash->fd = -1;
	hash->state = EVP_MD_CTX_new();
	if (!open_file(hash, path, err))
		goto fail;
	if (hash->state == NULL || md == NULL || EVP_DigestInit_ex(hash->state, md, NULL) != 1) {
		err_openssl(err, "digest %s", tsp_digest_name(digest));
		goto fail;
	}
	return hash;
fail:
	stamp_hash_free(hash);
	return NULL;
}

void stamp_hash_free(struct stamp_hash *hash)
{
	if (hash == NULL)
		return;
	if (hash->fd >= 0)
		(void)close(hash->fd);
	EVP_MD_CTX_free(hash->state);
	free(hash);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A token over what was read before and after someone wrote fits no state of the file. */
static bool is_unchanged(const struct stamp_hash *hash)
{
	struct stat now;

	if (!S_ISREG(hash->at_start.st_mode))
		return true;
	return fstat(hash->fd, &now) == 0 && now.st_size == hash->at_start.st_size &&
	       same_time(now.st_mtim, hash->at_start.st_mtim);
}

static bool finish(struct stamp_hash *hash, uint8_t *out, struct err *err)
{
	if (!is_unchanged(hash))
		return err_set(err, "must not change while it is read: did");
	return EVP_DigestFinal_ex(hash->state, out, NULL) == 1 || err_openssl(err, "digest");
}

/* poll says that a regular file is always ready. */
static bool has_more(const struct stamp_hash *hash)
{
	struct pollfd in = { .fd = hash->fd, .events = POLLIN };

	return poll(&in, 1, PATIENCE_MS) > 0;
}

bool stamp_hash_step(struct stamp_hash *hash, bool *done, uint8_t *out, struct err *err)
{
	*done = false;
	for (int i = 0; i < SLICES_A_STEP && has_more(hash); i++) {
		ssize_t n = read(hash->fd, hash->buffer, SLICE);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return true;
		if (n < 0)
			return err_sys(err, "cannot be read");
		if (n == 0) {
			*done = true;
			return finish(hash, out, err);
		}
		hash->taken += (uint64_t)n;
		if (EVP_DigestUpdate(hash->state, hash->buffer, (size_t)n) != 1)
			return err_openssl(err, "digest");
	}
	return true;
}

uint64_t stamp_hash_taken(const struct stamp_hash *hash)
{
	return hash->taken;
}

uint64_t stamp_hash_size(const struct stamp_hash *hash)
{
	return S_ISREG(hash->at_start.st_mode) ? (uint64_t)hash->at_start.st_size : 0;
}
