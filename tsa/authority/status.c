#include "tsa/authority/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tsa/tsp/request.h"

/* Appends to a page; what does not fit is cut. */
struct page {
	char *text;
	size_t cap;
	size_t used;
};

static void put(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct page *p, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(p->text + p->used, p->cap - p->used, fmt, args);
	va_end(args);
	if (n > 0)
		p->used += (size_t)n < p->cap - p->used ? (size_t)n : p->cap - p->used - 1;
}

/* One line a check; returns good. */
static bool line(struct page *p, const char *check, bool good, const char *finding)
{
	put(p, "%s %s%s%s\n", good ? "ok  " : "FAIL", check, finding[0] == '\0' ? "" : ": ",
		finding);
	return good;
}

/* Can each endpoint issue? The very functions that decide it for a request say so. */
static bool endpoint_lines(struct page *p, const struct status_sources *from)
{
	bool good = true;

	for (size_t i = 0; i < from->reload->config->endpoint_count; i++) {
		const char *trouble = issue_trouble(from->issuing, i);
		char text[MSG_MAX_NAME + MSG_MAX_TEXT];

		(void)snprintf(text, sizeof(text), "%s%s%s",
			from->reload->config->endpoints[i].name, trouble == NULL ? "" : ": ",
			trouble == NULL ? "" : trouble);
		good = line(p, "endpoint", trouble == NULL, text) && good;
	}
	return good;
}

static bool clock_line(struct page *p, const struct status_sources *from)
{
	struct clock_reading r;
	char text[160];

	if (!timesrc_read(&r))
		return line(p, "clock", false, "adjtimex is not permitted");
	if (!from->clock->checked) {
		(void)snprintf(text, sizeof(text),
			"UNCHECKED (clock = unchecked, for demonstrations "
			"only); the kernel says %s",
			r.synchronised ? "synchronised" : "not synchronised");
		return line(p, "clock", true, text);
	}
	(void)snprintf(text, sizeof(text), "%s, maximum error %" PRIu64 " us",
		r.synchronised ? "synchronised" : "not synchronised", r.maxerror_us);
	return line(p, "clock", r.synchronised, text);
}

static bool signer_lines(struct page *p, const struct status_sources *from)
{
	bool good = true;

	for (size_t i = 0; i < from->reload->config->tsu_count; i++) {
		char text[MSG_MAX_NAME + 64];
		unsigned up = crew_lanes_up(from->crew, i);

		if (from->reload->config->tsus[i].superseded)
			continue;
		(void)snprintf(text, sizeof(text), "%s: %u of %" PRIu32 " lanes",
			from->reload->config->tsus[i].name, up,
			from->reload->config->tsus[i].lanes);
		good = line(p, "signer", up > 0, text) && good;
	}
	return good;
}

static void disk_line(struct page *p, const struct journal *journal)
{
	const struct msg_disk *disk = journal_disk(journal);
	char text[96];

	(void)snprintf(text, sizeof(text), "%u %% used, %u spare segments%s", disk->used_percent,
		disk->spare_segments, disk->used_percent >= 80 ? ": WARNING: over 80 %" : "");
	(void)line(p, "disk", true, text);
}

static bool ledger_line(struct page *p, const struct status_sources *from)
{
	struct ledger_state s = ledger_state(from->ledger);
	char text[MSG_MAX_TEXT + 128];

	(void)snprintf(text, sizeof(text),
		"PostgreSQL %s (%s); %" PRIu64 " records wait, the oldest for %" PRIu64 " s",
		s.connected ? "connected" : "away", s.text, s.unshipped, s.unshipped_age_s);
	/*
	 * PostgreSQL may be away where the journal keeps. What is too old, or waits too long with
	 * ack = ledger, stops issuing, see there.
	 */
	return line(
		p, "ledger", s.connected || from->reload->config->ack != CONFIG_ACK_LEDGER, text);
}

static bool ready_page(struct page *p, const struct status_sources *from)
{
	bool good = line(p, "service", !from->draining, from->draining ? "draining" : "running");

	good = endpoint_lines(p, from) && good;
	good = clock_line(p, from) && good;
	good = signer_lines(p, from) && good;
	disk_line(p, from->journal);
	if (from->ledger != NULL)
		good = ledger_line(p, from) && good;
	else
		(void)line(p, "ledger", true, "no database is set: journal only");
	return good;
}

static void request_metrics(struct page *p, const struct issue_counts *counts)
{
	put(p, "# TYPE tsa_requests_total counter\n");
	put(p, "tsa_requests_total{result=\"granted\",failinfo=\"\"} %" PRIu64 "\n",
		counts->granted);
	for (int f = 0; f < 32; f++) {
		if (counts->refused[f] > 0)
			put(p,
				"tsa_requests_total{result=\"rejected\",failinfo=\"%s\"} %" PRIu64
				"\n",
				tsp_failure_name((enum tsp_failure)f), counts->refused[f]);
	}
	put(p, "tsa_requests_total{result=\"busy\",failinfo=\"\"} %" PRIu64 "\n", counts->busy);
	put(p, "# TYPE tsa_serials_void_total counter\n");
	for (int v = 0; v < VOID_REASONS; v++)
		put(p, "tsa_serials_void_total{reason=\"%s\"} %" PRIu64 "\n",
			void_reason_name((enum void_reason)v), counts->voids[v]);
}

/* What fronts answered without asking tsad. */
static void front_metrics(struct page *p, const struct fronts *fronts)
{
	static const char *const names[MSG_COUNT_KINDS] = {
		[MSG_COUNT_REFUSED] = "refused",
		[MSG_COUNT_LEGACY] = "legacy",
		[MSG_COUNT_LIMITED] = "rate_limited",
		[MSG_COUNT_OVERLOAD] = "overload",
		[MSG_COUNT_FAULTY] = "faulty",
	};

	put(p, "# TYPE tsa_front_answers_total counter\n");
	for (int kind = 0; kind < MSG_COUNT_KINDS; kind++)
		put(p, "tsa_front_answers_total{answer=\"%s\"} %" PRIu64 "\n", names[kind],
			fronts_count(fronts, (enum msg_count)kind));
}

static void reload_metrics(struct page *p, const struct status_sources *from)
{
	put(p,
		"# TYPE tsa_config_generation gauge\ntsa_config_generation %u\n"
		"# TYPE tsa_config_reloads_total counter\n"
		"tsa_config_reloads_total{result=\"done\"} %" PRIu64 "\n"
		"tsa_config_reloads_total{result=\"refused\"} %" PRIu64 "\n",
		crew_generation(from->crew), from->reload->done, from->reload->refused);
}

static void metrics_page(struct page *p, const struct status_sources *from)
{
	put(p, "# TYPE tsa_build_info gauge\ntsa_build_info{version=\"%s\"} 1\n", TSA_VERSION);
	request_metrics(p, issue_counts(from->issuing));
	front_metrics(p, from->fronts);
	reload_metrics(p, from);
	put(p, "# TYPE tsa_signer_lanes_up gauge\n");
	for (size_t i = 0; i < from->reload->config->tsu_count; i++)
		put(p, "tsa_signer_lanes_up{tsu=\"%s\"} %u\n", from->reload->config->tsus[i].name,
			crew_lanes_up(from->crew, i));
	put(p, "# TYPE tsa_journal_spare_segments gauge\ntsa_journal_spare_segments %u\n",
		journal_disk(from->journal)->spare_segments);
	put(p,
		"# TYPE tsa_last_gentime_timestamp_seconds gauge\n"
		"tsa_last_gentime_timestamp_seconds %" PRIu64 ".%06" PRIu64 "\n",
		from->clock->last_us / 1000000, from->clock->last_us % 1000000);
	if (from->ledger != NULL) {
		struct ledger_state s = ledger_state(from->ledger);

		put(p, "# TYPE tsa_db_up gauge\ntsa_db_up %d\n", s.connected ? 1 : 0);
		put(p,
			"# TYPE tsa_journal_unshipped_records gauge\n"
			"tsa_journal_unshipped_records %" PRIu64 "\n",
			s.unshipped);
		put(p,
			"# TYPE tsa_journal_unshipped_age_seconds gauge\n"
			"tsa_journal_unshipped_age_seconds %" PRIu64 "\n",
			s.unshipped_age_s);
	}
}

bool status_page(const struct status_sources *from, enum msg_status what, char *text, size_t cap)
{
	struct page p = { .text = text, .cap = cap };

	text[0] = '\0';
	switch (what) {
	case MSG_STATUS_READY:
		return ready_page(&p, from);
	case MSG_STATUS_METRICS:
		metrics_page(&p, from);
		return true;
	case MSG_STATUS_LIVE:
	case MSG_STATUS_KINDS:
		break;
	}
	put(&p, "ok\n");
	return true;
}
