/*
 * A journal in a temporary directory, written by the real modules with small segments.
 * Include after cmocka.h.
 */
#ifndef TSA_TESTS_UNIT_JOURNAL_FIXTURE_H
#define TSA_TESTS_UNIT_JOURNAL_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/scratch.h"
#include "tsa/journal/recover.h"
#include "tsa/record/body.h"
#include "tsa/record/reader.h"

enum { SMALL_SEGMENT = 32768, LEASE = 1795680000 };

struct fixture {
	char path[64];
	struct home home;
	struct spares spares;
	struct recovery r;
	struct segment_writer *writer;
	uint64_t seq; /* of the last record added */
};

/* A directory of its own, and nothing started. */
static inline struct fixture *fixture_new(void)
{
	struct fixture *f = must_calloc(1, sizeof(*f));

	scratch_template(f->path, sizeof(f->path), "tsa-journal");
	assert_non_null(mkdtemp(f->path));
	return f;
}

/* Opens and recovers; false and trouble if that is refused. */
static inline bool fixture_try_start(struct fixture *f, bool want_tree, struct trouble *trouble)
{
	if (!home_open(&f->home, f->path, trouble) ||
		!recovery_run(&f->r, &f->home, want_tree, trouble)) {
		home_close(&f->home);
		recovery_wipe(&f->r);
		return false;
	}
	assert_true(spares_open(&f->spares, &f->home, SMALL_SEGMENT, &trouble->err));
	f->writer =
		segment_writer_open(&f->home, &f->spares, f->r.instance, &f->r.end, &trouble->err);
	assert_non_null(f->writer);
	f->seq = f->r.end.last_seq;
	return true;
}

static inline void fixture_start(struct fixture *f, bool want_tree)
{
	struct trouble trouble = { 0 };

	if (!fixture_try_start(f, want_tree, &trouble))
		fail_msg("%s", trouble.err.text);
}

/* As a crash: what was not committed is gone. */
static inline void fixture_stop(struct fixture *f)
{
	segment_writer_close(f->writer);
	f->writer = NULL;
	spares_close(&f->spares);
	recovery_wipe(&f->r);
	home_close(&f->home);
}

static inline void fixture_remove(struct fixture *f)
{
	DIR *dir = opendir(f->path);
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
}

/* A made-up leaf hash, another for every counter. */
static inline void fixture_leaf(uint32_t ctr, uint8_t out[HASH_LEN])
{
	hash_one((struct bytes){ (const uint8_t *)&ctr, sizeof(ctr) }, out);
}

/* Adds the next record; its time is its seq. */
static inline void fixture_add(
	struct fixture *f, uint32_t lease, uint32_t ctr, enum record_kind kind, struct bytes body)
{
	struct msg_record record = {
		.seq = ++f->seq,
		.lease = lease,
		.ctr = ctr,
		.kind = (uint8_t)kind,
		.time_us = f->seq,
		.body = body,
	};

	fixture_leaf(ctr, record.leaf_hash);
	assert_true(segment_writer_add(f->writer, &record));
}

static inline void fixture_commit(struct fixture *f)
{
	struct err err = { 0 };

	if (!segment_writer_commit(f->writer, &err))
		fail_msg("%s", err.text);
	assert_int_equal(segment_writer_durable(f->writer), f->seq);
}

/* One frame with one record and a body of body_len bytes. */
static inline void fixture_put(
	struct fixture *f, uint32_t lease, uint32_t ctr, enum record_kind kind, size_t body_len)
{
	uint8_t *body = must_calloc(1, body_len);

	memset(body, 'b', body_len);
	fixture_add(f, lease, ctr, kind, (struct bytes){ body, body_len });
	fixture_commit(f);
	free(body);
}

/* A lease-open and tokens with counters 1 .. last, each in a frame of its own. */
static inline void fixture_put_lease(
	struct fixture *f, uint32_t lease, uint32_t last, size_t body_len)
{
	fixture_put(f, lease, 0, RECORD_LEASE_OPEN, body_len);
	for (uint32_t ctr = 1; ctr <= last; ctr++)
		fixture_put(f, lease, ctr, RECORD_TOKEN, body_len);
}

static inline void fixture_put_close(struct fixture *f, uint32_t lease, uint32_t count)
{
	uint8_t root[HASH_LEN];
	struct buf body = { 0 };

	fixture_leaf(count, root);
	body_lease_close(count, root, &body);
	fixture_add(f, lease, count, RECORD_LEASE_CLOSE, buf_view(&body));
	fixture_commit(f);
	buf_free(&body);
}

static inline int fixture_open_file(const struct fixture *f, const char *name, int flags)
{
	char path[JOURNAL_PATH];
	int fd;

	journal_path(f->path, name, path);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static inline size_t fixture_read(
	const struct fixture *f, const char *name, uint8_t *out, size_t cap)
{
	int fd = fixture_open_file(f, name, O_RDONLY);
	ssize_t n = read(fd, out, cap);

	assert_true(n >= 0);
	(void)close(fd);
	return (size_t)n;
}

static inline void fixture_write(
	const struct fixture *f, const char *name, const void *at, size_t len)
{
	int fd = fixture_open_file(f, name, O_WRONLY | O_CREAT | O_TRUNC);

	assert_int_equal(write(fd, at, len), len);
	(void)close(fd);
}

static inline void fixture_unlink(const struct fixture *f, const char *name)
{
	char path[JOURNAL_PATH];

	journal_path(f->path, name, path);
	assert_int_equal(unlink(path), 0);
}

#endif
