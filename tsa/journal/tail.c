/* Owns the bytes it looks at; writes only behind the last good frame, and that frame itself. */
#include "tsa/journal/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsa/journal/home.h"

enum { CHUNK = 65536 };

/* Reads exactly len bytes. False with errno set; a file that ends earlier is EIO. */
static bool read_at(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

static size_t length_without_zeros(const uint8_t *at, size_t len)
{
	while (len > 0 && at[len - 1] == 0)
		len--;
	return len;
}

/* One past the last byte from `from` on that is not zero; `from` if all are. */
static bool find_end(const struct segment_file *file, uint64_t from, uint64_t *end, struct err *err)
{
	uint8_t chunk[CHUNK];

	for (uint64_t at = file->size; at > from;) {
		size_t len = at - from < sizeof(chunk) ? (size_t)(at - from) : sizeof(chunk);

		at -= len;
		if (!read_at(file->fd, chunk, len, at))
			return err_sys(err, "journal %s: read at %" PRIu64, file->path, at);
		len = length_without_zeros(chunk, len);
		if (len > 0) {
			*end = at + len;
			return true;
		}
	}
	*end = from;
	return true;
}

bool tail_has_chain(
	const char *directory, uint64_t first_seq, const uint8_t chain[HASH_LEN], struct err *err)
{
	/* The chain value may end with zeros itself, which find_end does not see. */
	size_t chain_len = length_without_zeros(chain, HASH_LEN);
	uint8_t found[HASH_LEN];
	struct segment_file file;
	uint64_t end = 0;
	bool ok = false;

	if (!segment_file_open(&file, directory, first_seq, err) ||
		!find_end(&file, SEGMENT_HEADER, &end, err))
		goto out;
	if (end < SEGMENT_HEADER + chain_len) {
		(void)err_set(
			err, "journal %s: ends as its successor says: it is empty", file.path);
		goto out;
	}
	if (!read_at(file.fd, found, chain_len, end - chain_len)) {
		(void)err_sys(err, "journal %s: read at %" PRIu64, file.path, end - chain_len);
		goto out;
	}
	ok = memcmp(found, chain, chain_len) == 0;
	if (!ok)
		(void)err_set(err,
			"journal %s: offset %" PRIu64
			": ends with the chain value of its successor: it does not",
			file.path, end);
out:
	segment_file_close(&file);
	return ok;
}

/* True if the bytes at `at` are a good frame that follows chain and comes after seq. */
static bool verifies(struct bytes tail, size_t at, const uint8_t chain[HASH_LEN], uint64_t seq)
{
	const struct bytes rest = { tail.at + at, tail.len - at };
	uint8_t copy[HASH_LEN];
	struct frame frame;
	struct err ignored;

	memcpy(copy, chain, HASH_LEN);
	return frame_read(rest, copy, &frame, &ignored) == FRAME_GOOD && frame.first_seq > seq;
}

/*
 * The frame at the start of tail is not good. True if that is no torn write: its chain value is
 * right, or the frame behind it follows the value that it should have had.
 */
static bool first_is_damaged(const struct segment_file *file, struct bytes tail)
{
	size_t len = tail.len < FRAME_HEADER ? 0 : frame_len(tail.at);
	struct bytes parts[2] = { { file->chain, HASH_LEN } };
	uint8_t chain[HASH_LEN];

	if (len == 0 || len > tail.len)
		return false;
	parts[1] = (struct bytes){ tail.at, len - HASH_LEN };
	hash_parts(parts, 2, chain);
	return memcmp(chain, tail.at + len - HASH_LEN, HASH_LEN) == 0 ||
	       verifies(tail, len, chain, file->next_seq);
}

/* True if anywhere behind a frame stands that follows the chain value stored before it. */
static bool later_frame_verifies(const struct segment_file *file, struct bytes tail)
{
	static const uint8_t magic[] = { 'T', 'S', 'A', 'F' };
	const uint8_t *at;

	for (size_t from = HASH_LEN; from < tail.len; from = (size_t)(at - tail.at) + 1) {
		at = memmem(tail.at + from, tail.len - from, magic, sizeof(magic));
		if (at == NULL)
			return false;
		if (verifies(tail, (size_t)(at - tail.at), at - HASH_LEN, file->next_seq))
			return true;
	}
	return false;
}

/* What stands from file->at to end is a torn write, or acknowledged records were damaged. */
static bool check_torn(const struct segment_file *file, uint64_t end, struct trouble *trouble)
{
	size_t len = (size_t)(end - file->at);
	/* A chain value at the end may itself end with zeros: take those that follow along. */
	size_t zeros = file->size - end < HASH_LEN ? (size_t)(file->size - end) : HASH_LEN;
	struct bytes tail = { NULL, len + zeros };
	uint8_t *copy = must_calloc(1, tail.len);
	bool ok = false;

	tail.at = copy;
	if (!read_at(file->fd, copy, len, file->at)) {
		(void)err_sys(&trouble->err, "journal %s: read at %" PRIu64, file->path, file->at);
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	if (first_is_damaged(file, tail) || later_frame_verifies(file, tail)) {
		(void)err_set(&trouble->err,
			"journal %s: offset %" PRIu64
			": only a last frame may be torn: the one of record %" PRIu64
			" does not verify and is not the last",
			file->path, file->at, file->next_seq);
		(void)trouble_is(trouble, MSG_FAILURE_CORRUPT);
		goto out;
	}
	ok = true;
out:
	free(copy);
	return ok;
}

/* Writes the bytes that are there once more, so that fdatasync has something to do. */
static bool write_again(const struct segment_file *file, int fd, uint64_t from)
{
	uint8_t chunk[CHUNK];

	for (uint64_t at = from; at < file->at;) {
		size_t len =
			file->at - at < sizeof(chunk) ? (size_t)(file->at - at) : sizeof(chunk);

		if (!read_at(file->fd, chunk, len, at) ||
			!home_write_at(fd, (struct bytes){ chunk, len }, at))
			return false;
		at += len;
	}
	return true;
}

bool tail_settle(const struct segment_file *file, uint64_t last_frame_at, uint64_t *cut_len,
	struct trouble *trouble)
{
	uint64_t end = file->at;
	bool ok = false;
	int fd = -1;

	*cut_len = 0;
	if (!find_end(file, file->at, &end, &trouble->err)) {
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	/* There may be zeros at file->at first: the crash chose which pages it wrote. */
	if (end > file->at && !check_torn(file, end, trouble))
		goto out;
	*cut_len = end - file->at;
	fd = open(file->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !home_zero_at(fd, file->at, *cut_len) ||
		(last_frame_at > 0 && !write_again(file, fd, last_frame_at)) ||
		fdatasync(fd) != 0) {
		(void)err_sys(&trouble->err, "journal %s: settle its end at %" PRIu64, file->path,
			file->at);
		(void)trouble_is(trouble, MSG_FAILURE_DISK);
		goto out;
	}
	ok = true;
out:
	if (fd >= 0)
		(void)close(fd);
	return ok;
}
