/*
 * tsa-journal-dump: prints every record of a journal directory, one a line, so that scripts can
 * check that counters are dense and compare with PostgreSQL:
 *   SEQ LEASE CTR KIND FLAGS TIME_US TSU_ID BOUND_US LEAF_HASH BODY_LEN
 * With --bodies the body follows: as it is for events (canonical JSON), as hex for tokens.  The
 * chain is checked from the first frame to the last; exit status 1 where it breaks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/hex.h"
#include "tsa/record/segment_file.h"

enum { EXIT_DAMAGED = 1, EXIT_COULD_NOT_RUN = 3 };

static void print_body(const struct msg_record *r)
{
	char *hex;

	if (r->kind != RECORD_TOKEN) {
		printf(" %.*s", (int)r->body.len, (const char *)r->body.at);
		return;
	}
	hex = must_calloc(1, 2 * r->body.len + 1);
	hex_encode(r->body, hex);
	printf(" %s", hex);
	free(hex);
}

static void print_record(const struct msg_record *r, bool bodies)
{
	char leaf[2 * HASH_LEN + 1];

	hex_encode((struct bytes){ r->leaf_hash, HASH_LEN }, leaf);
	printf("%" PRIu64 " %" PRIu32 " %" PRIu32 " %u %u %" PRIu64 " %" PRIu32 " %" PRId32
	       " %s %zu",
		r->seq, r->lease, r->ctr, r->kind, r->flags, r->time_us, r->tsu_id, r->bound_us,
		leaf, r->body.len);
	if (bodies)
		print_body(r);
	putchar('\n');
}

/* The chain goes on from segment to segment (frame.h). */
static bool follows(
	const struct segment_file *file, uint64_t next_seq, const uint8_t *chain, struct err *err)
{
	if (file->header.first_seq != next_seq)
		return err_set(err, "%s: records must follow: %" PRIu64 " after %" PRIu64,
			file->path, file->header.first_seq, next_seq - 1);
	if (next_seq > 1 && memcmp(file->header.chain, chain, HASH_LEN) != 0)
		return err_set(err, "%s: its chain must be that of the segment before", file->path);
	return true;
}

static bool print_segment(struct segment_file *file, bool bodies, struct err *err)
{
	struct msg_record record;
	struct frame frame;
	enum segment_read result;

	while ((result = segment_file_next(file, &frame, err)) == SEGMENT_FRAME) {
		while (frame_next(&frame, &record))
			print_record(&record, bodies);
	}
	return result == SEGMENT_END;
}

static bool print_journal(const char *directory, bool bodies, struct err *err)
{
	struct segment_list list = { 0 };
	uint8_t chain[HASH_LEN] = { 0 };
	uint64_t next_seq = 1;
	bool ok = segment_list_read(directory, &list, err);

	for (size_t i = 0; ok && i < list.count; i++) {
		struct segment_file file = { .fd = -1 };

		ok = segment_file_open(&file, directory, list.first_seq[i], err) &&
		     follows(&file, next_seq, chain, err) && print_segment(&file, bodies, err);
		next_seq = file.next_seq;
		memcpy(chain, file.chain, HASH_LEN);
		segment_file_close(&file);
	}
	segment_list_free(&list);
	return ok;
}

int main(int argc, char **argv)
{
	bool bodies = argc == 3 && strcmp(argv[1], "--bodies") == 0;
	struct err err = { 0 };

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tsa-journal-dump " TSA_VERSION);
		return 0;
	}
	if (!bodies && (argc != 2 || argv[1][0] == '-')) {
		fputs("usage: tsa-journal-dump [--bodies] DIRECTORY\n", stderr);
		return EXIT_COULD_NOT_RUN;
	}
	if (!print_journal(argv[argc - 1], bodies, &err)) {
		(void)fflush(stdout);
		fprintf(stderr, "tsa-journal-dump: %s\n", err.text);
		return EXIT_DAMAGED;
	}
	return 0;
}
