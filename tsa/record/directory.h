/* What stands in a journal directory (frame.h) besides frames: names, headers, the instance. */
#ifndef TSA_RECORD_DIRECTORY_H
#define TSA_RECORD_DIRECTORY_H

#include "tsa/record/frame.h"

/* Room for the path of any file in a journal directory. */
enum { JOURNAL_PATH = MSG_MAX_PATH + 128 };

/* "directory/name" into out; a directory's path has at most MSG_MAX_PATH bytes. */
void journal_path(const char *directory, const char *name, char out[JOURNAL_PATH]);

/* First seq of every segment of a directory, ascending. */
struct segment_list {
	size_t count;
	uint64_t *first_seq;
};

/* Fails if the directory cannot be read. segment_list_free() in any case. */
MUST_CHECK bool segment_list_read(
	const char *directory, struct segment_list *list, struct err *err);
void segment_list_free(struct segment_list *list);

/* Header of the segment that starts with first_seq; fails unless it is whole and says so too. */
MUST_CHECK bool segment_header_read(
	const char *directory, uint64_t first_seq, struct segment_header *h, struct err *err);

/* The "instance" file; fails if it is missing or holds no valid instance. */
MUST_CHECK bool journal_instance_read(const char *directory, uint32_t *instance, struct err *err);

/* "tsu-<certificate>-<chain>.pem", the file of a TSU's certificates. */
enum { TSU_FILE_NAME = 90 };
void tsu_file_name(const uint8_t cert_sha256[HASH_LEN], const uint8_t chain_sha256[HASH_LEN],
	char out[TSU_FILE_NAME]);

#endif
