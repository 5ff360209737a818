/* Owns the descriptor. Reads by offset: a file that shrinks meanwhile is an error, not a signal. */
#include "carrier_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool carrier_source_open(const char *path, struct carrier_source *source, struct err *err)
{
	struct stat is;

	*source = (struct carrier_source){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	if (source->fd < 0 || fstat(source->fd, &is) != 0)
		return err_sys(err, "cannot be read");
	if (!S_ISREG(is.st_mode))
		return err_set(err, "cannot be read: it is no file");
	source->size = (uint64_t)is.st_size;
	return source->size <= CARRIER_MAX_FILE ||
	       err_set(err, "at most %" PRIu64 " bytes: has %" PRIu64, CARRIER_MAX_FILE,
		       source->size);
}

void carrier_source_close(struct carrier_source *source)
{
	if (source->fd >= 0)
		(void)close(source->fd);
	source->fd = -1;
}

struct carrier_source carrier_source_of(struct bytes memory)
{
	return (struct carrier_source){ .fd = -1, .size = memory.len, .memory = memory };
}

bool carrier_source_has(const struct carrier_source *source, uint64_t offset, uint64_t size)
{
	return offset <= source->size && size <= source->size - offset;
}

bool carrier_source_read(const struct carrier_source *source, uint64_t offset, size_t size,
	uint8_t *out, struct err *err)
{
	size_t done = 0;

	if (!carrier_source_has(source, offset, size))
		return err_set(err,
			"offset %" PRIu64 ": %zu bytes are to be there, the file has %" PRIu64,
			offset, size, source->size);
	if (source->fd < 0) {
		if (size > 0)
			memcpy(out, source->memory.at + offset, size);
		return true;
	}
	while (done < size) {
		ssize_t n = pread(source->fd, out + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "offset %" PRIu64, offset + done);
		if (n == 0)
			return err_set(err, "offset %" PRIu64 ": the file has become shorter",
				offset + done);
		done += (size_t)n;
	}
	return true;
}

bool carrier_source_append(const struct carrier_source *source, uint64_t offset, size_t size,
	struct buf *out, struct err *err)
{
	uint8_t *part;
	bool ok;

	if (!carrier_source_has(source, offset, size)) /* before memory is asked for */
		return carrier_source_read(source, offset, size, NULL, err);
	part = must_calloc(size + 1, 1);
	ok = carrier_source_read(source, offset, size, part, err);
	if (ok)
		buf_append(out, (struct bytes){ part, size });
	free(part);
	return ok;
}

uint16_t carrier_le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t carrier_le32(const uint8_t *at)
{
	return (uint32_t)carrier_le16(at) | (uint32_t)carrier_le16(at + 2) << 16;
}

uint64_t carrier_le64(const uint8_t *at)
{
	return (uint64_t)carrier_le32(at) | (uint64_t)carrier_le32(at + 4) << 32;
}
