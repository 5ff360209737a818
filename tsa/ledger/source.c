/* Owns the reader of the journal and the TSU files read. */
#include "tsa/ledger/source.h"

#include <inttypes.h>
#include <string.h>

#include "tsa/core/log.h"
#include "tsa/record/body.h"

bool source_open(struct source *s, const char *directory, struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->directory = directory;
	s->tsus = tsu_files_new(directory);
	s->reader = journal_reader_open(directory, err);
	return s->reader != NULL;
}

void source_close(struct source *s)
{
	journal_reader_free(s->reader);
	tsu_files_free(s->tsus);
	memset(s, 0, sizeof(*s));
}

void source_restart(struct source *s)
{
	tsu_files_forget(s->tsus);
	s->missing_tsu = 0;
}

/*
 * A record whose certificate is not there is shipped all the same, since it is what was issued;
 * the certificate follows when its file appears.
 */
static bool check_tsu(struct source *s, const struct msg_record *record, struct err *err)
{
	bool known;

	if (record->tsu_id == 0 || record->tsu_id == s->missing_tsu)
		return true;
	if (!tsu_files_know(s->tsus, record->tsu_id, &known, err))
		return false;
	if (!known) {
		s->missing_tsu = record->tsu_id;
		log_event(LOG_LEVEL_ERROR, "tsu_file_missing",
			"the journal directory has no certificate of this TSU",
			"tsu=%" PRIu32 " seq=%" PRIu64, record->tsu_id, record->seq);
	}
	return true;
}

static bool take(
	struct source *s, const struct msg_record *record, struct batch *batch, struct err *err)
{
	char *node = NULL;

	if (!check_tsu(s, record, err))
		return false;
	if (record->kind == RECORD_LEASE_OPEN) {
		node = body_lease_open_node(record->body, err);
		if (node == NULL)
			return err_while(err, "journal: seq %" PRIu64, record->seq);
	}
	batch_add(batch, record, node);
	return true;
}

bool source_fill(
	struct source *s, uint64_t from, uint64_t bound, struct batch *batch, struct err *err)
{
	struct msg_record record;
	enum journal_read got = JOURNAL_RECORD;

	batch_clear(batch);
	if (!tsu_files_look(s->tsus, err))
		return false;
	journal_reader_seek(s->reader, from);
	while (!batch_full(batch)) {
		got = journal_reader_next(s->reader, bound, &record, err);
		if (got != JOURNAL_RECORD)
			break;
		if (batch->count > 0 && record.lease != batch->keys[0].lease)
			break;
		if (!take(s, &record, batch, err))
			return false;
	}
	return got != JOURNAL_FAILED;
}
