#include "read_answers.h"

#include <inttypes.h>
#include <string.h>

enum { GENTIME_UNIT_US = 1000 }; /* genTime is cut down to milliseconds (D10) */

/* genTime within [sent - accuracy, received + accuracy]. */
static void check_time(
	struct answer_reader *r, struct book *book, const struct answer *a, uint64_t time_us)
{
	uint64_t off = 0;

	if (time_us + GENTIME_UNIT_US <= a->sent_us)
		off = a->sent_us - time_us;
	else if (time_us > a->received_us)
		off = time_us - a->received_us;
	if (off > r->worst_us)
		r->worst_us = off;
	if (off > r->accuracy_us)
		book_finding(book,
			"answer: genTime %" PRIu64 ": is %" PRIu64 " us outside of %" PRIu64
			" (sent) to %" PRIu64 " (received)",
			time_us, off, a->sent_us, a->received_us);
}

static void take(struct answer_reader *r, struct book *book, const struct answer *a,
	const struct token_facts *facts)
{
	struct seen seen = {
		.there = true, .kind = RECORD_TOKEN, .flags = a->cert_req, .time_us = facts->time_us
	};
	struct slot *slot;

	check_time(r, book, a, facts->time_us);
	if (facts->serial.instance != book->instance)
		book_finding(book, "answer: instance %08" PRIx32 ": is not that of the journal",
			facts->serial.instance);
	slot = book_slot(book, facts->serial.lease, facts->serial.ctr);
	if (slot == NULL)
		return;
	if (slot->seen[SOURCE_ANSWER].there)
		book_finding(book,
			"lease %" PRIu32 " counter %" PRIu32 ": this serial was answered twice",
			facts->serial.lease, facts->serial.ctr);
	memcpy(seen.leaf, facts->leaf, HASH_LEN);
	memcpy(seen.body, facts->body, HASH_LEN);
	slot->seen[SOURCE_ANSWER] = seen;
}

enum answers_read answer_reader_step(struct answer_reader *r, struct book *book, struct err *err)
{
	struct answer answer;
	struct token_facts facts;
	struct err why = { 0 };
	enum answers_read result = answers_next(r->answers, &answer, err);

	if (result != ANSWERS_RECORD)
		return result;
	if (!token_judge(r->judge, &answer, &facts, &why)) {
		book_finding(book, "answer of endpoint %u, sent at %" PRIu64 ": %s",
			answer.endpoint, answer.sent_us, why.text);
	} else if (!facts.granted) {
		r->refused++;
	} else {
		r->granted++;
		take(r, book, &answer, &facts);
	}
	return result;
}
