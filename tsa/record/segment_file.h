/* One segment file, read frame by frame with pread; the writer may be appending to it. */
#ifndef TSA_RECORD_SEGMENT_FILE_H
#define TSA_RECORD_SEGMENT_FILE_H

#include "tsa/record/directory.h"

struct segment_file {
	int fd;
	uint64_t size;
	struct segment_header header;
	uint64_t next_seq; /* first seq of the frame at `at` */
	uint64_t at; /* offset of the frame that comes next */
	uint8_t chain[HASH_LEN]; /* of the frame before */
	struct buf buf;
	char path[JOURNAL_PATH];
};

/*
 * Opens the segment that starts with first_seq and stands before its first frame. Fails if it
 * cannot be read or its header is not whole; segment_file_close() in any case.
 */
MUST_CHECK bool segment_file_open(
	struct segment_file *file, const char *directory, uint64_t first_seq, struct err *err);
void segment_file_close(struct segment_file *file);

enum segment_read {
	SEGMENT_FRAME, /* a good frame; the file stands after it */
	SEGMENT_END, /* no frame was written here, or no room is left for one */
	SEGMENT_BROKEN, /* something else than a frame that follows; err says what */
	SEGMENT_UNREADABLE, /* the file cannot be read; err says why */
};

/* The frame at file->at; its views live until the next call. err names file and offset. */
enum segment_read segment_file_next(
	struct segment_file *file, struct frame *frame, struct err *err);

#endif
