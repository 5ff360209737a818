/* Owns the descriptor of the segment that is written and the frame that is being collected. */
#include "tsa/journal/segment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tsa/core/log.h"

struct segment_writer {
	const struct home *home;
	struct spares *spares;
	uint32_t instance;
	int fd;
	uint64_t size; /* of the segment that is open */
	struct segment_end end; /* durable */
	/* The frame that is being collected, and what `end` becomes with it. */
	struct buf frame;
	uint32_t count;
	uint32_t lease;
	uint64_t lease_seq;
};

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void start_frame(struct segment_writer *w)
{
	frame_begin(&w->frame);
	w->count = 0;
	w->lease = w->end.lease;
	w->lease_seq = w->end.lease_seq;
}

/* Puts the header into a spare and makes it durable before the file gets a segment's name. */
static bool write_header(const struct segment_writer *w, int fd, const char *path, struct err *err)
{
	struct segment_header header = {
		.instance = w->instance,
		.lease = w->end.lease,
		.lease_seq = w->end.lease_seq,
		.first_seq = w->end.last_seq + 1,
		.created_us = now_us(),
	};
	uint8_t bytes[SEGMENT_HEADER];

	memcpy(header.chain, w->end.chain, HASH_LEN);
	segment_header_encode(&header, bytes);
	if (!home_write_at(fd, (struct bytes){ bytes, sizeof(bytes) }, 0) || fdatasync(fd) != 0)
		return err_sys(err, "journal %s/%s: write header", w->home->path, path);
	return true;
}

/* Turns a spare into the segment that the next frame starts. */
static bool next_segment(struct segment_writer *w, struct err *err)
{
	char spare[SEGMENT_NAME];
	char name[SEGMENT_NAME];
	bool ok = false;
	int fd = spares_take(w->spares, spare, err);

	if (fd < 0 || !write_header(w, fd, spare, err))
		goto out;
	segment_name(w->end.last_seq + 1, name);
	if (renameat(w->home->fd, spare, w->home->fd, name) != 0) {
		(void)err_sys(err, "journal %s/%s: rename to %s", w->home->path, spare, name);
		goto out;
	}
	if (!home_sync(w->home, err))
		goto out;
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = fd;
	fd = -1;
	w->size = w->spares->segment_size;
	w->end.first_seq = w->end.last_seq + 1;
	w->end.offset = SEGMENT_HEADER;
	ok = true;
out:
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static bool reopen(struct segment_writer *w, struct err *err)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(w->end.first_seq, name);
	w->fd = openat(w->home->fd, name, O_RDWR | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, &st) != 0)
		return err_sys(err, "journal %s/%s: open", w->home->path, name);
	w->size = (uint64_t)st.st_size;
	return true;
}

struct segment_writer *segment_writer_open(const struct home *home, struct spares *spares,
	uint32_t instance, const struct segment_end *end, struct err *err)
{
	struct segment_writer *w = must_calloc(1, sizeof(*w));
	bool ok;

	w->home = home;
	w->spares = spares;
	w->instance = instance;
	w->fd = -1;
	w->end = *end;
	ok = end->first_seq == 0 ? next_segment(w, err) : reopen(w, err);
	if (!ok) {
		segment_writer_close(w);
		return NULL;
	}
	start_frame(w);
	return w;
}

void segment_writer_close(struct segment_writer *w)
{
	if (w == NULL)
		return;
	if (w->fd >= 0)
		(void)close(w->fd);
	buf_free(&w->frame);
	free(w);
}

/* Most bytes of records in one frame: it fits into an empty segment. */
static size_t max_records_len(const struct segment_writer *w)
{
	size_t room = w->spares->segment_size - SEGMENT_HEADER - FRAME_HEADER - HASH_LEN;

	return room < FRAME_MAX_LEN ? room : FRAME_MAX_LEN;
}

bool segment_writer_is_full(const struct segment_writer *w)
{
	size_t longest = RECORD_HEADER + MSG_MAX_BODY;

	if (w->count == 0)
		return false;
	return w->count == FRAME_MAX_RECORDS ||
	       w->frame.len - FRAME_HEADER + longest > max_records_len(w);
}

bool segment_writer_add(struct segment_writer *w, const struct msg_record *record)
{
	uint64_t next = w->end.last_seq + w->count + 1;

	if (record->seq < next)
		return false;
	if (record->seq > next)
		BUG("record %" PRIu64 " where %" PRIu64 " follows", record->seq, next);
	if (w->frame.len - FRAME_HEADER + RECORD_HEADER + record->body.len > max_records_len(w))
		BUG("record %" PRIu64 " does not fit into a frame", record->seq);
	frame_add(&w->frame, record);
	w->count++;
	if (record->kind == RECORD_LEASE_OPEN) {
		w->lease = record->lease;
		w->lease_seq = record->seq;
	}
	return true;
}

bool segment_writer_commit(struct segment_writer *w, struct err *err)
{
	char name[SEGMENT_NAME];

	if (w->count == 0)
		return true;
	if (w->end.offset + w->frame.len + HASH_LEN > w->size && !next_segment(w, err))
		return false;
	frame_finish(&w->frame, w->count, w->end.last_seq + 1, w->end.chain);
	segment_name(w->end.first_seq, name);
	if (!home_write_at(w->fd, buf_view(&w->frame), w->end.offset))
		return err_sys(err, "journal %s/%s: write at %" PRIu64, w->home->path, name,
			w->end.offset);
	if (fdatasync(w->fd) != 0)
		return err_sys(err, "journal %s/%s: fdatasync", w->home->path, name);
	w->end.offset += w->frame.len;
	w->end.last_seq += w->count;
	w->end.lease = w->lease;
	w->end.lease_seq = w->lease_seq;
	start_frame(w);
	return true;
}

uint64_t segment_writer_durable(const struct segment_writer *w)
{
	return w->end.last_seq;
}
