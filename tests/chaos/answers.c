/* Owns the descriptor of the file that is read, and what was read of it but not given yet. */
#include "answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1024 * 1024, LENGTH = 4 };

struct answers {
	int fd;
	uint8_t *at; /* CHUNK bytes */
	size_t from; /* given up to here */
	size_t len;
};

void answer_encode(const struct answer *answer, struct buf *out)
{
	uint8_t record[ANSWER_MAX_RECORD];
	struct writer rest = { .at = record + LENGTH, .cap = sizeof(record) - LENGTH };
	struct writer head = { .at = record, .cap = LENGTH };

	writer_u8(&rest, answer->endpoint);
	writer_u8(&rest, answer->cert_req);
	writer_u64(&rest, answer->sent_us);
	writer_u64(&rest, answer->received_us);
	writer_bytes(&rest, answer->request);
	writer_bytes(&rest, answer->reply);
	if (writer_done(&rest) == 0)
		abort(); /* the caller has checked both */
	writer_u32(&head, (uint32_t)rest.len);
	buf_append(out, (struct bytes){ record, LENGTH + rest.len });
}

struct answers *answers_open(const char *path, struct err *err)
{
	struct answers *a = must_calloc(1, sizeof(*a));

	a->at = must_calloc(1, CHUNK);
	a->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (a->fd < 0) {
		(void)err_sys(err, "%s", path);
		answers_free(a);
		return NULL;
	}
	return a;
}

void answers_free(struct answers *a)
{
	if (a == NULL)
		return;
	if (a->fd >= 0)
		(void)close(a->fd);
	free(a->at);
	free(a);
}

/* Makes len bytes available at a->from; false, err unset, if the file has not so many yet. */
static bool fill(struct answers *a, size_t len, struct err *err)
{
	if (a->len - a->from >= len)
		return true;
	memmove(a->at, a->at + a->from, a->len - a->from);
	a->len -= a->from;
	a->from = 0;
	while (a->len < len) {
		ssize_t n = read(a->fd, a->at + a->len, CHUNK - a->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			(void)err_sys(err, "answers: read");
		if (n <= 0)
			return false;
		a->len += (size_t)n;
	}
	return true;
}

enum answers_read answers_next(struct answers *a, struct answer *answer, struct err *err)
{
	struct reader r;
	size_t len;

	err->text[0] = '\0';
	if (!fill(a, LENGTH, err))
		return err->text[0] == '\0' ? ANSWERS_END : ANSWERS_FAILED;
	r = (struct reader){ .rest = { a->at + a->from, LENGTH } };
	len = reader_u32(&r);
	if (len > ANSWER_MAX_RECORD - LENGTH) {
		(void)err_set(
			err, "answers: a record has at most %d bytes: %zu", ANSWER_MAX_RECORD, len);
		return ANSWERS_FAILED;
	}
	if (!fill(a, LENGTH + len, err))
		return err->text[0] == '\0' ? ANSWERS_END : ANSWERS_FAILED;
	r = (struct reader){ .rest = { a->at + a->from + LENGTH, len } };
	answer->endpoint = reader_u8(&r);
	answer->cert_req = reader_u8(&r);
	answer->sent_us = reader_u64(&r);
	answer->received_us = reader_u64(&r);
	answer->request = reader_bytes(&r, ANSWER_MAX_REQUEST);
	answer->reply = reader_bytes(&r, ANSWER_MAX_REPLY);
	a->from += LENGTH + len;
	if (reader_finished(&r) && answer->endpoint < ANSWER_MAX_ENDPOINTS)
		return ANSWERS_RECORD;
	(void)err_set(err, "answers: a record ends where its fields end: it does not");
	return ANSWERS_FAILED;
}
