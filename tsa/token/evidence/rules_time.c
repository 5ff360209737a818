/* Order, digests that last, and what the tokens are worth (RFC 4998 5.3). Owns nothing. */
#include <string.h>

#include "rules.h"

static bool is_before(const struct moment *a, const struct moment *b)
{
	return a->seconds < b->seconds || (a->seconds == b->seconds && a->micros < b->micros);
}

static void time_text(int64_t seconds, char out[MOMENT_TEXT])
{
	struct moment moment = { .readable = true, .seconds = seconds };

	moment_text(&moment, out);
}

/* Equal is fine: real records are renewed within a second. */
static void check_order(struct evidence_run *run)
{
	const struct archive_stamp *last = NULL;

	for (unsigned i = 0; i < run->record->stamp_count; i++) {
		const struct archive_stamp *stamp = &run->record->stamps[i];
		char now[MOMENT_TEXT];
		char before[MOMENT_TEXT];

		if (stamp->token.broken != NULL)
			continue;
		if (last != NULL && is_before(&stamp->token.gen_time, &last->token.gen_time)) {
			moment_text(&stamp->token.gen_time, now);
			moment_text(&last->token.gen_time, before);
			rule_fail(run, RULE_TIME, CHECK_FAILED, SUB_TIMESTAMP_ORDER_FAILURE,
				"ATS %u/%u: RFC 4998 5.1: a renewal must not be older than what it "
				"renews: is of %s, ATS %u/%u of %s",
				stamp->chain, stamp->stamp, now, last->chain, last->stamp, before);
		}
		last = stamp;
	}
}

/* When the hash of a chain must still be relied on: RFC 4998 5.3 step 3. */
static void check_digests(struct evidence_run *run)
{
	const struct evidence_record *record = run->record;

	for (unsigned k = 0; k < record->chain_count; k++) {
		const struct archive_stamp *first = &record->stamps[record->chains[k].first];
		const struct archive_stamp *next =
			k + 1 == record->chain_count ? NULL
						     : &record->stamps[record->chains[k + 1].first];
		int64_t at = next == NULL ? run->wants->at : next->token.gen_time.seconds;
		char text[MOMENT_TEXT];

		if (run->stamps[record->chains[k].first].digest == NULL ||
			(next != NULL && next->token.broken != NULL))
			continue;
		if (algorithms_digest(run->wants->algorithms, first->token.digest) >= at)
			continue;
		time_text(at, text);
		rule_fail(run, RULE_TIME, CHECK_INDETERMINATE,
			SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
			"chain %u: its digest %s was no longer relied on at %s, %s", k,
			rule_digest_name(first->token.digest), text,
			next == NULL ? "the time of the check" : "when the next chain began");
		verdict_need(&run->report->verdict,
			"a hash-tree renewal of chain %u made while %s was relied on", k,
			rule_digest_name(first->token.digest));
	}
}

static void take_needs(struct evidence_run *run, const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->need_count; i++)
		verdict_need(&run->report->verdict, "%s", verdict->needs[i]);
}

static void check_token_of(struct evidence_run *run, unsigned i)
{
	const struct evidence_record *record = run->record;
	const struct archive_stamp *stamp = &record->stamps[i];
	bool is_last = i + 1 == record->stamp_count;
	struct evidence_stamp asked = {
		.chain = stamp->chain,
		.stamp = stamp->stamp,
		.token = stamp->time_stamp->whole,
		.digest = run->stamps[i].digest,
		.root = run->stamps[i].root.at,
		.at = is_last ? run->wants->at : stamp[1].token.gen_time.seconds,
		.is_last = is_last,
	};
	struct evidence_stamp_report *report = &run->report->stamps[i];
	const struct verdict *verdict;
	char text[MOMENT_TEXT];

	if (!report->tree_holds || (!is_last && stamp[1].token.broken != NULL))
		return;
	verdict = run->wants->check(run->wants->check_arg, &asked);
	report->token_checked = true;
	report->token_status = verdict->status;
	report->token_sub = verdict->sub;
	if (verdict->status == CHECK_PASSED)
		return;
	time_text(asked.at, text);
	rule_fail(run, RULE_TIME, verdict->status, verdict->sub,
		"ATS %u/%u: its token must be valid at %s, %s: %s", stamp->chain, stamp->stamp,
		text, is_last ? "the time of the check" : "the time of the next one", verdict->why);
	take_needs(run, verdict);
}

void rule_time(struct evidence_run *run)
{
	check_order(run);
	check_digests(run);
	if (run->wants->check == NULL) {
		if (run->report->verdict.status == CHECK_FAILED)
			rule_kept(run, RULE_TIME, CHECK_SKIP,
				"in order; no token was asked about: it is FAILED without that");
		else
			rule_fail(run, RULE_TIME, CHECK_INDETERMINATE, SUB_NO_POE,
				"no token was asked about");
		return;
	}
	for (unsigned i = 0; i < run->record->stamp_count; i++)
		check_token_of(run, i);
	rule_kept(run, RULE_TIME, CHECK_PASS,
		"in order; each token was valid when the next was made, the last one at the time of the "
		"check; the digests were relied on as long as they were needed");
}
