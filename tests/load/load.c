/*
 * tsa-load: many clients at once against a timestamp authority; verifies every answer.  The
 * answers are verified after the last one has come, so the figures are those of the service.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "verify.h"

enum { EXIT_NOT_ALL = 1, EXIT_COULD_NOT_RUN = 3 };
enum { MAX_STATUS = 600, MAX_FAIL_INFO = 32 };

struct result {
	unsigned granted;
	unsigned wrong; /* answered 200, but not a good answer to its request */
	unsigned repeated; /* serials seen before */
	unsigned refused[MAX_FAIL_INFO + 1]; /* by failInfo; the last: without one */
	unsigned http[MAX_STATUS]; /* by status, other than 200 */
	unsigned ends[EXCHANGE_ENDS];
	uint64_t *latencies; /* of answers with status 200 */
	size_t latency_count;
	char (*serials)[VERIFY_MAX_SERIAL];
	struct err first; /* the first reason for anything wrong */
};

static void keep_first(struct result *r, const struct err *why)
{
	if (r->first.text[0] == '\0')
		r->first = *why;
}

static bool write_file(
	const char *dir, size_t number, const char *suffix, struct bytes content, struct err *err)
{
	char path[1024];
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%06zu.%s", dir, number, suffix);
	f = fopen(path, "wb");
	if (f == NULL)
		return err_sys(err, "%s", path);
	ok = fwrite(content.at, 1, content.len, f) == content.len;
	ok = fclose(f) == 0 && ok;
	return ok || err_sys(err, "%s", path);
}

static bool keep_files(
	const struct options *o, size_t number, const struct exchange *e, struct err *err)
{
	return write_file(o->keep, number, "tsq", buf_view(&e->request), err) &&
	       write_file(o->keep, number, "tsr", buf_view(&e->answer), err);
}

static void judge_one(
	const struct verifier *v, const struct exchange *e, FILE *out, struct result *r)
{
	struct verdict verdict;
	struct err why = { 0 };

	if (e->status != 200) {
		r->http[e->status < MAX_STATUS ? e->status : 0]++;
		return;
	}
	r->latencies[r->latency_count++] = e->latency_us;
	if (!verifier_judge(v, e, &verdict, &why)) {
		r->wrong++;
		keep_first(r, &why);
	} else if (!verdict.granted) {
		r->refused[verdict.fail_info < 0 ? MAX_FAIL_INFO : verdict.fail_info]++;
	} else {
		memcpy(r->serials[r->granted++], verdict.serial, sizeof(verdict.serial));
		if (out != NULL)
			fprintf(out, "%s %s %llu\n", verdict.serial, verdict.gen_time,
				(unsigned long long)e->latency_us);
	}
}

static int compare_serials(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int compare_latencies(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void count_repeated(struct result *r)
{
	struct err why = { 0 };

	qsort(r->serials, r->granted, sizeof(r->serials[0]), compare_serials);
	for (unsigned i = 1; i < r->granted; i++) {
		if (strcmp(r->serials[i - 1], r->serials[i]) != 0)
			continue;
		r->repeated++;
		err_set(&why, "serial: RFC 3161 2.4.2: must be unique: %s came twice",
			r->serials[i]);
		keep_first(r, &why);
	}
}

static bool judge_all(const struct options *o, const struct verifier *v,
	const struct exchange *exchanges, struct result *r, struct err *err)
{
	FILE *out = NULL;
	bool ok = true;

	if (o->out != NULL && (out = fopen(o->out, "w")) == NULL)
		return err_sys(err, "%s", o->out);
	for (size_t i = 0; ok && i < o->requests; i++) {
		r->ends[exchanges[i].end]++;
		if (exchanges[i].end != EXCHANGE_ANSWERED)
			continue;
		judge_one(v, &exchanges[i], out, r);
		if (o->keep != NULL)
			ok = keep_files(o, i, &exchanges[i], err);
	}
	if (out != NULL && fclose(out) != 0 && ok)
		ok = err_sys(err, "%s", o->out);
	count_repeated(r);
	return ok;
}

static double percentile_ms(const struct result *r, unsigned per_thousand)
{
	size_t at = r->latency_count == 0 ? 0 : (r->latency_count - 1) * per_thousand / 1000;

	return r->latency_count == 0 ? 0 : (double)r->latencies[at] / 1000;
}

/* One line of key=value, as scripts read it. */
static void print_summary(const struct options *o, struct result *r, const struct crowd_run *run)
{
	uint64_t wall_us = run->wall_us;

	qsort(r->latencies, r->latency_count, sizeof(r->latencies[0]), compare_latencies);
	printf("granted=%u wrong=%u repeated=%u", r->granted, r->wrong, r->repeated);
	for (int i = 0; i < MAX_FAIL_INFO; i++) {
		if (r->refused[i] > 0)
			printf(" refused_%d=%u", i, r->refused[i]);
	}
	if (r->refused[MAX_FAIL_INFO] > 0)
		printf(" refused_without_reason=%u", r->refused[MAX_FAIL_INFO]);
	for (int i = 0; i < MAX_STATUS; i++) {
		if (r->http[i] > 0)
			printf(" http_%d=%u", i, r->http[i]);
	}
	printf(" connect_failed=%u closed_idle=%u unanswered=%u broken=%u timeout=%u not_sent=%u",
		r->ends[EXCHANGE_CONNECT_FAILED], r->ends[EXCHANGE_CLOSED_IDLE],
		r->ends[EXCHANGE_UNANSWERED], r->ends[EXCHANGE_BROKEN], r->ends[EXCHANGE_TIMEOUT],
		r->ends[EXCHANGE_NOT_SENT]);
	if (o->hold)
		printf(" lost=%u", run->lost);
	printf(" seconds=%.3f per_second=%.1f", (double)wall_us / 1e6,
		wall_us == 0 ? 0 : (double)r->granted * 1e6 / (double)wall_us);
	printf(" p50_ms=%.3f p99_ms=%.3f p999_ms=%.3f max_ms=%.3f\n", percentile_ms(r, 500),
		percentile_ms(r, 990), percentile_ms(r, 999), percentile_ms(r, 1000));
}

static bool all_good(const struct options *o, const struct result *r, const struct crowd_run *run)
{
	unsigned excused = 0;

	if (o->until_closed)
		excused = r->ends[EXCHANGE_CLOSED_IDLE];
	if (o->seconds > 0 && r->granted == 0)
		return false;
	if (o->until_closed || o->seconds > 0)
		excused += r->ends[EXCHANGE_NOT_SENT];
	return r->wrong == 0 && r->repeated == 0 && run->lost == 0 &&
	       r->granted + excused == o->requests;
}

static bool run_and_judge(const struct options *o, struct exchange *exchanges, struct result *r,
	struct crowd_run *run, struct err *err)
{
	struct verifier *v = verifier_new(o, err);
	bool ok = v != NULL;

	for (size_t i = 0; ok && i < o->requests; i++)
		ok = verifier_request(v, &exchanges[i].request, err);
	ok = ok && crowd_run(o, exchanges, o->requests, run, err);
	if (ok && run->note.text[0] != '\0')
		keep_first(r, &run->note);
	ok = ok && judge_all(o, v, exchanges, r, err);
	if (ok)
		print_summary(o, r, run);
	verifier_free(v);
	return ok;
}

int main(int argc, char **argv)
{
	struct options o;
	struct crowd_run run = { 0 };
	struct err err = { 0 };
	struct exchange *exchanges;
	struct result *r;
	int status = EXIT_COULD_NOT_RUN;

	options_read(argc, argv, &o);
	exchanges = must_calloc(o.requests, sizeof(*exchanges));
	r = must_calloc(1, sizeof(*r));
	r->latencies = must_calloc(o.requests, sizeof(*r->latencies));
	r->serials = must_calloc(o.requests, sizeof(*r->serials));
	if (!run_and_judge(&o, exchanges, r, &run, &err)) {
		fprintf(stderr, "tsa-load: %s\n", err.text);
	} else {
		status = all_good(&o, r, &run) ? 0 : EXIT_NOT_ALL;
		if (status != 0 && r->first.text[0] != '\0')
			fprintf(stderr, "tsa-load: %s\n", r->first.text);
	}
	for (size_t i = 0; i < o.requests; i++) {
		buf_free(&exchanges[i].request);
		buf_free(&exchanges[i].answer);
	}
	free(exchanges);
	free(r->latencies);
	free(r->serials);
	free(r);
	return status;
}
