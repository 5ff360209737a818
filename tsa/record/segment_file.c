/* Owns one descriptor and the bytes of the frame read last. */
#include "tsa/record/segment_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool segment_file_open(
	struct segment_file *file, const char *directory, uint64_t first_seq, struct err *err)
{
	char name[SEGMENT_NAME];
	struct stat st;

	*file = (struct segment_file){ .fd = -1, .next_seq = first_seq, .at = SEGMENT_HEADER };
	segment_name(first_seq, name);
	journal_path(directory, name, file->path);
	if (!segment_header_read(directory, first_seq, &file->header, err))
		return false;
	memcpy(file->chain, file->header.chain, HASH_LEN);
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &st) != 0)
		return err_sys(err, "journal %s: open", file->path);
	file->size = (uint64_t)st.st_size;
	return true;
}

void segment_file_close(struct segment_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	buf_free(&file->buf);
	file->fd = -1;
}

/* Reads until buf holds len bytes from file->at on, or as many as the file has. */
static bool fill(struct segment_file *file, size_t len, struct err *err)
{
	while (file->buf.len < len) {
		uint8_t chunk[16384];
		size_t want = len - file->buf.len;
		ssize_t n = pread(file->fd, chunk, want < sizeof(chunk) ? want : sizeof(chunk),
			(off_t)(file->at + file->buf.len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "journal %s: read at %" PRIu64, file->path,
				file->at + file->buf.len);
		if (n == 0)
			break;
		buf_append(&file->buf, (struct bytes){ chunk, (size_t)n });
	}
	return true;
}

enum segment_read segment_file_next(struct segment_file *file, struct frame *frame, struct err *err)
{
	enum frame_result result;
	uint8_t chain[HASH_LEN];

	memcpy(chain, file->chain, HASH_LEN);
	file->buf.len = 0;
	if (!fill(file, FRAME_HEADER, err) ||
		(file->buf.len == FRAME_HEADER && !fill(file, frame_len(file->buf.at), err)))
		return SEGMENT_UNREADABLE;
	result = frame_read(buf_view(&file->buf), chain, frame, err);
	if (result == FRAME_END)
		return SEGMENT_END;
	if (result == FRAME_GOOD && frame->first_seq != file->next_seq) {
		(void)err_set(err, "frame: first seq: %" PRIu64 " where %" PRIu64 " follows",
			frame->first_seq, file->next_seq);
		result = FRAME_BROKEN;
	}
	if (result == FRAME_BROKEN) {
		(void)err_while(err, "journal %s: offset %" PRIu64, file->path, file->at);
		return SEGMENT_BROKEN;
	}
	memcpy(file->chain, chain, HASH_LEN);
	file->at += frame->whole.len;
	file->next_seq += frame->count;
	return SEGMENT_FRAME;
}
