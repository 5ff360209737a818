/* Owns the list of segments; opens files of a journal directory only to read them. */
#include "tsa/record/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tsa/core/hex.h"
#include "tsa/core/log.h"

enum {
	INSTANCE_FILE_LEN = 9, /* 8 hex digits and a newline */
	CHAIN_DIGITS = 16, /* of the chain's SHA-256 in a TSU file's name */
};

void journal_path(const char *directory, const char *name, char out[JOURNAL_PATH])
{
	int n = snprintf(out, JOURNAL_PATH, "%s/%s", directory, name);

	if (n < 0 || n >= JOURNAL_PATH)
		BUG("journal: a path of %d bytes", n);
}

static int by_seq(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void list_add(struct segment_list *list, uint64_t seq)
{
	/* Grows to each next power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		uint64_t *grown = must_calloc(2 * list->count + 1, sizeof(*grown));

		if (list->count > 0)
			memcpy(grown, list->first_seq, list->count * sizeof(*grown));
		free(list->first_seq);
		list->first_seq = grown;
	}
	list->first_seq[list->count++] = seq;
}

bool segment_list_read(const char *directory, struct segment_list *list, struct err *err)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	bool ok = false;

	*list = (struct segment_list){ 0 };
	if (dir == NULL)
		return err_sys(err, "journal %s: directory must be readable", directory);
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		uint64_t seq = segment_name_seq(entry->d_name);

		if (seq != 0)
			list_add(list, seq);
	}
	if (errno != 0) {
		(void)err_sys(err, "journal %s: list", directory);
		goto out;
	}
	if (list->count > 0)
		qsort(list->first_seq, list->count, sizeof(*list->first_seq), by_seq);
	ok = true;
out:
	(void)closedir(dir);
	return ok;
}

void segment_list_free(struct segment_list *list)
{
	free(list->first_seq);
	*list = (struct segment_list){ 0 };
}

/* Reads up to cap bytes from the start of a file; -1 and err if it cannot be read. */
static ssize_t read_start(const char *path, uint8_t *out, size_t cap, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0) {
		(void)err_sys(err, "journal %s: open", path);
		return -1;
	}
	do
		n = pread(fd, out, cap, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		(void)err_sys(err, "journal %s: read", path);
	(void)close(fd);
	return n;
}

bool segment_header_read(
	const char *directory, uint64_t first_seq, struct segment_header *h, struct err *err)
{
	uint8_t bytes[SEGMENT_HEADER];
	char path[JOURNAL_PATH];
	char name[SEGMENT_NAME];
	ssize_t n;

	segment_name(first_seq, name);
	journal_path(directory, name, path);
	n = read_start(path, bytes, sizeof(bytes), err);
	if (n < 0)
		return false;
	if ((size_t)n < sizeof(bytes))
		return err_set(err, "journal %s: header: has %d bytes: the file has %zd", path,
			SEGMENT_HEADER, n);
	if (!segment_header_decode(bytes, h, err))
		return err_while(err, "journal %s", path);
	if (h->first_seq != first_seq)
		return err_set(err,
			"journal %s: header: starts with the seq of its name: it says %" PRIu64,
			path, h->first_seq);
	return true;
}

bool journal_instance_read(const char *directory, uint32_t *instance, struct err *err)
{
	char text[INSTANCE_FILE_LEN + 1];
	char path[JOURNAL_PATH];
	uint8_t bytes[4];
	size_t len = 0;
	ssize_t n;

	journal_path(directory, "instance", path);
	n = read_start(path, (uint8_t *)text, sizeof(text), err);
	if (n < 0)
		return false;
	if (n != INSTANCE_FILE_LEN || text[INSTANCE_FILE_LEN - 1] != '\n')
		return err_set(err, "journal %s: 8 hex digits and a newline: it is not", path);
	text[INSTANCE_FILE_LEN - 1] = '\0';
	if (!hex_decode(text, bytes, sizeof(bytes), &len) || len != sizeof(bytes))
		return err_set(err, "journal %s: 8 hex digits and a newline: it is not", path);
	*instance = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		    bytes[3];
	if (!serial_instance_valid(*instance))
		return err_set(err, "journal %s: top bit 0, top byte not 0: it is %s", path, text);
	return true;
}

void tsu_file_name(const uint8_t cert_sha256[HASH_LEN], const uint8_t chain_sha256[HASH_LEN],
	char out[TSU_FILE_NAME])
{
	char cert[2 * HASH_LEN + 1];
	char chain[CHAIN_DIGITS + 1];

	hex_encode((struct bytes){ cert_sha256, HASH_LEN }, cert);
	hex_encode((struct bytes){ chain_sha256, CHAIN_DIGITS / 2 }, chain);
	(void)snprintf(out, TSU_FILE_NAME, "tsu-%s-%s.pem", cert, chain);
}
