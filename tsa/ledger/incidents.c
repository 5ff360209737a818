/* Owns nothing; reads the journal with a reader of its own, so that shipping keeps its place. */
#include "tsa/ledger/incidents.h"

#include <inttypes.h>

#include "tsa/core/log.h"
#include "tsa/record/reader.h"

static bool is_wanted(const struct incident *wanted, const struct incident *found)
{
	if (found->what != wanted->what || found->lease != wanted->lease)
		return false;
	return wanted->what == INCIDENT_CONFLICT_ACCEPTED ||
	       (found->journal_end == wanted->journal_end &&
		       found->database_end == wanted->database_end &&
		       found->newer_lease == wanted->newer_lease);
}

static bool matches(const struct incident *wanted, const struct msg_record *record)
{
	struct incident found;
	struct err err = { 0 };

	if (record->kind != RECORD_INCIDENT)
		return false;
	if (body_incident_read(record->body, &found, &err))
		return is_wanted(wanted, &found);
	/* Of a later version, perhaps: it is shipped as it is, but says nothing here. */
	log_event(LOG_LEVEL_WARNING, "incident_unread", err.text, "seq=%" PRIu64, record->seq);
	return false;
}

bool incidents_find(const char *directory, uint64_t from, uint64_t bound,
	const struct incident *wanted, bool *found, struct err *err)
{
	struct journal_reader *reader = journal_reader_open(directory, err);
	enum journal_read got = JOURNAL_RECORD;
	struct msg_record record;

	*found = false;
	if (reader == NULL)
		return false;
	journal_reader_seek(reader, from);
	while (!*found &&
		(got = journal_reader_next(reader, bound, &record, err)) == JOURNAL_RECORD)
		*found = matches(wanted, &record);
	journal_reader_free(reader);
	return got != JOURNAL_FAILED;
}
