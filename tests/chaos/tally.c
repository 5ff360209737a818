#include "tally.h"

#include <inttypes.h>

static const char *const names[CAUSES] = {
	[CAUSE_RESET] = "reset",
	[CAUSE_REFUSED_CONNECTION] = "refused_connection",
	[CAUSE_HTTP_503] = "http_503",
	[CAUSE_HTTP_OTHER] = "http_other",
	[CAUSE_SYSTEM_FAILURE] = "system_failure",
	[CAUSE_TIME_NOT_AVAILABLE] = "time_not_available",
	[CAUSE_OTHER_REFUSAL] = "other_refusal",
	[CAUSE_TIMEOUT] = "timeout",
	[CAUSE_BROKEN] = "broken",
};

const char *cause_name(enum cause cause)
{
	return names[cause];
}

void tally_mend(struct tally *t, uint64_t now_us)
{
	t->fault_us = now_us;
	for (unsigned i = 0; i < t->endpoints; i++) {
		t->recovered_us[i] = 0;
		t->since_us[i] = now_us;
	}
}

void tally_fault(struct tally *t, uint64_t now_us)
{
	*t = (struct tally){ .endpoints = t->endpoints };
	tally_mend(t, now_us);
}

void tally_good(struct tally *t, unsigned endpoint, uint64_t started_us, uint64_t now_us)
{
	t->good++;
	t->good_by_endpoint[endpoint]++;
	if (now_us - started_us > t->slowest_us)
		t->slowest_us = now_us - started_us;
	if (t->recovered_us[endpoint] == 0 && started_us >= t->since_us[endpoint])
		t->recovered_us[endpoint] = now_us;
}

void tally_bad(struct tally *t, unsigned endpoint, enum cause cause, uint64_t now_us)
{
	t->bad[cause]++;
	t->recovered_us[endpoint] = 0;
	t->since_us[endpoint] = now_us;
}

void tally_words(struct tally *t, struct bytes words)
{
	size_t len = 0;

	if (t->words[0] != '\0')
		return;
	for (; len < words.len && len < sizeof(t->words) - 1; len++)
		t->words[len] =
			(char)(words.at[len] > ' ' && words.at[len] < 0x7f ? words.at[len] : '_');
	t->words[len] = '\0';
}

uint64_t tally_all_bad(const struct tally *t)
{
	uint64_t all = 0;

	for (int i = 0; i < CAUSES; i++)
		all += t->bad[i];
	return all;
}

bool tally_recovered(const struct tally *t, uint64_t *took_us)
{
	*took_us = 0;
	for (unsigned i = 0; i < t->endpoints; i++) {
		if (t->recovered_us[i] == 0)
			return false;
		if (t->recovered_us[i] - t->fault_us > *took_us)
			*took_us = t->recovered_us[i] - t->fault_us;
	}
	return true;
}

void tally_print(const struct tally *t, FILE *out)
{
	uint64_t took_us;
	bool recovered = tally_recovered(t, &took_us);

	fprintf(out, "good=%" PRIu64, t->good);
	for (int i = 0; i < CAUSES; i++)
		fprintf(out, " %s=%" PRIu64, names[i], t->bad[i]);
	fprintf(out, " idle_lost=%" PRIu64 " slowest_us=%" PRIu64, t->idle_lost, t->slowest_us);
	if (t->words[0] != '\0')
		fprintf(out, " words=%s", t->words);
	if (recovered)
		fprintf(out, " recovered_us=%" PRIu64, took_us);
}
