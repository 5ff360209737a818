/*
 * tsa-mutate: good requests bent in every way, from many keep-alive connections.  Every request
 * must be answered; OpenSSL alone (oracle.h) says which may be granted, and the service must grant
 * exactly those, with tokens that say what was asked.  The same seed asks the same.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "made_request.h"
#include "mutation.h"
#include "oracle.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/reply.h"
#include "verify.h"

enum { EXIT_WRONG = 1, EXIT_COULD_NOT_RUN = 3 };
enum {
	BATCH = 10000, /* whose answers are held at the same time */
	MAX_REQUESTS = 10000000,
	MAX_STATUS = 600,
	MAX_FAIL_INFO = 32,
	MAX_URL = 512,
	SHOWN = 5, /* wrong answers that are shown */
};

struct mutate {
	struct options o; /* of the crowd and the verifier */
	struct oracle oracle;
	uint8_t oids[ORACLE_MAX_POLICIES][ORACLE_MAX_OID];
	uint64_t seed;
	unsigned requests;
};

/* Where the requests come from, one after the other. */
struct source {
	const struct mutate *m;
	uint64_t seed;
	size_t shape;
	size_t next; /* number of the mutation of this shape */
	size_t stride; /* of the plan: 1 is all of it */
	uint8_t base[MADE_MAX_REQUEST];
	size_t base_len;
	unsigned made[3]; /* bent by plan, bent by chance, made by chance */
};

struct tally {
	unsigned granted;
	unsigned refused[MAX_FAIL_INFO];
	unsigned http[MAX_STATUS]; /* by status, other than 200 */
	unsigned unanswered;
	unsigned wrong;
};

static const char *const source_names[] = { "bent by plan", "bent by chance", "made by chance" };

/* The last one: that an endpoint's default is answered is shown by those that ask for none. */
static struct bytes asked_policy(const struct mutate *m)
{
	return m->oracle.policy[m->oracle.policy_count - 1];
}

/* Goes on to the next shape's good request when one is done; false at the plan's end. */
static bool plan_goes_on(struct source *s)
{
	while (s->next >= mutation_count(s->base_len)) {
		if (s->shape == made_shape_count())
			return false;
		s->next -= mutation_count(s->base_len);
		s->base_len = made_shape(s->shape++, asked_policy(s->m), &s->seed, s->base);
	}
	return true;
}

/*
 * The plan takes half of the requests at most; where that is not enough only every so many of it
 * are asked, an odd number so that each bit has its turn.
 */
static void begin(struct source *s)
{
	uint64_t seed = s->seed;
	size_t plan = 0;

	for (size_t i = 0; i < made_shape_count(); i++)
		plan += mutation_count(made_shape(i, asked_policy(s->m), &seed, s->base));
	s->stride = (2 * plan / s->m->requests) | 1;
	s->base_len = made_shape(s->shape++, asked_policy(s->m), &s->seed, s->base);
}

/* The plan first, to its end; then by turns what is bent and what is made by chance. */
static void next_request(struct source *s, struct buf *out)
{
	uint8_t bent[MADE_MAX_REQUEST + MUTATION_MAX_GROWTH];
	uint8_t base[MADE_MAX_REQUEST];
	size_t len, shape;

	if (plan_goes_on(s)) {
		len = mutation_make((struct bytes){ s->base, s->base_len }, s->next, bent);
		s->next += s->stride;
		s->made[0]++;
	} else if (made_random(&s->seed) % 2 == 0) {
		shape = made_random(&s->seed) % made_shape_count();
		len = made_shape(shape, asked_policy(s->m), &s->seed, base);
		len = mutation_random((struct bytes){ base, len }, &s->seed, bent);
		s->made[1]++;
	} else {
		len = made_any(asked_policy(s->m), &s->seed, bent);
		s->made[2]++;
	}
	buf_append(out, (struct bytes){ bent, len });
}

static void show_hex(const char *what, struct bytes b)
{
	fprintf(stderr, "  %s ", what);
	for (size_t i = 0; i < b.len && i < 400; i++)
		fprintf(stderr, "%02x", b.at[i]);
	fprintf(stderr, "\n");
}

static void wrong(struct tally *t, const struct exchange *e, const char *what, const char *more)
{
	if (t->wrong++ >= SHOWN)
		return;
	fprintf(stderr, "tsa-mutate: answer: %s: %s\n", what, more);
	show_hex("request", buf_view(&e->request));
	show_hex("answer ", buf_view(&e->answer));
}

/* A refusal says why (RFC 3161 2.4.2) and no more. */
static bool is_refusal(struct bytes answer, struct tsp_reply *reply)
{
	return tsp_reply_decode(answer, reply) && reply->status == 2 && reply->text.len > 0 &&
	       reply->failure != TSP_GRANTED && reply->token.len == 0;
}

/* What was granted, and may be. */
static void judge_token(struct mutate *m, const struct verifier *v, const struct exchange *e,
	const TS_REQ *req, struct tally *t)
{
	const unsigned char *at = e->answer.at;
	struct verdict verdict;
	struct err err = { 0 };
	const char *other;
	TS_RESP *resp;

	/* What the verifier wants of the certificates is what this request asked for. */
	m->o.cert_req = TS_REQ_get_cert_req(req) != 0;
	if (!verifier_judge(v, e, &verdict, &err)) {
		wrong(t, e, "must be a good TimeStampResp", err.text);
		return;
	}
	resp = d2i_TS_RESP(NULL, &at, (long)e->answer.len);
	other = oracle_answers(&m->oracle, req, resp);
	if (other != NULL)
		wrong(t, e, "the token must say what was asked", other);
	TS_RESP_free(resp);
	t->granted++;
}

/* An answer with HTTP status 200, which is a TimeStampResp. */
static void judge_reply(
	struct mutate *m, const struct verifier *v, const struct exchange *e, struct tally *t)
{
	const char *why = NULL;
	TS_REQ *req = oracle_grants(&m->oracle, buf_view(&e->request), &why);
	struct tsp_reply reply;

	if (is_refusal(buf_view(&e->answer), &reply)) {
		t->refused[reply.failure]++;
		if (req != NULL)
			wrong(t, e, "must be granted", "is refused");
	} else if (req == NULL) {
		wrong(t, e, "must be refused", why);
	} else {
		judge_token(m, v, e, req, t);
	}
	TS_REQ_free(req);
}

static void judge(
	struct mutate *m, const struct verifier *v, const struct exchange *e, struct tally *t)
{
	if (e->end != EXCHANGE_ANSWERED) {
		t->unanswered++;
		return;
	}
	if (e->status == 200)
		judge_reply(m, v, e, t);
	else
		t->http[e->status < MAX_STATUS ? e->status : 0]++;
}

/* One batch: asked, judged, forgotten. */
static bool run_batch(struct mutate *m, const struct verifier *v, struct source *s, unsigned count,
	struct tally *t, struct err *err)
{
	struct exchange *exchanges = must_calloc(count, sizeof(*exchanges));
	struct crowd_run run = { 0 };
	bool ok;

	for (unsigned i = 0; i < count; i++)
		next_request(s, &exchanges[i].request);
	ok = crowd_run(&m->o, exchanges, count, &run, err);
	if (run.note.text[0] != '\0')
		fprintf(stderr, "tsa-mutate: %s\n", run.note.text);
	for (unsigned i = 0; i < count; i++) {
		if (ok)
			judge(m, v, &exchanges[i], t);
		buf_free(&exchanges[i].request);
		buf_free(&exchanges[i].answer);
	}
	free(exchanges);
	return ok;
}

static void print_tally(const struct source *s, const struct tally *t, unsigned requests)
{
	printf("%-24s %8u\n", "requests", requests);
	for (size_t i = 0; i < sizeof(s->made) / sizeof(s->made[0]); i++)
		printf("  %-22s %8u\n", source_names[i], s->made[i]);
	printf("%-24s %8u\n", "granted", t->granted);
	for (int i = 0; i < MAX_FAIL_INFO; i++) {
		if (t->refused[i] > 0)
			printf("%-24s %8u\n", tsp_failure_name((enum tsp_failure)i), t->refused[i]);
	}
	for (int i = 0; i < MAX_STATUS; i++) {
		if (t->http[i] > 0)
			printf("HTTP %-19d %8u\n", i, t->http[i]);
	}
	printf("%-24s %8u\n%-24s %8u\n", "unanswered", t->unanswered, "wrong", t->wrong);
}

/* What may come beside grants: refusals of the request. The service itself is well. */
static bool all_good(const struct tally *t)
{
	unsigned others = t->refused[TSP_TIME_NOT_AVAILABLE] + t->refused[TSP_SYSTEM_FAILURE];

	for (int i = 0; i < MAX_STATUS; i++)
		others += t->http[i];
	return others == 0 && t->unanswered == 0 && t->wrong == 0 && t->granted > 0 &&
	       t->refused[TSP_BAD_DATA_FORMAT] > 0;
}

static int run(struct mutate *m)
{
	struct source s = { .m = m, .seed = m->seed };
	struct tally t = { 0 };
	struct err err = { 0 };
	struct verifier *v = verifier_new(&m->o, &err);
	bool ok = v != NULL;

	begin(&s);
	for (unsigned done = 0; ok && done < m->requests;) {
		unsigned count = m->requests - done < BATCH ? m->requests - done : BATCH;

		ok = run_batch(m, v, &s, count, &t, &err);
		done += count;
	}
	verifier_free(v);
	if (!ok) {
		fprintf(stderr, "tsa-mutate: %s\n", err.text);
		return EXIT_COULD_NOT_RUN;
	}
	print_tally(&s, &t, m->requests);
	return all_good(&t) ? 0 : EXIT_WRONG;
}

static const char help[] =
	"usage: tsa-mutate --url http://HOST:PORT/PATH --policy OID... [options]\n"
	"Asks a timestamp authority with good requests that were bent and checks each answer: what\n"
	"OpenSSL and the rules of RFC 3161 take must be granted, all else refused.\n"
	"  --policy OID      the endpoint's policies, its default first (four at most)\n"
	"  --requests N      in all (100000): first every good request with every bit turned, cut at\n"
	"                    every length, extended by every byte and so on, then by chance\n"
	"  --seed N          of imprints, nonces and chance (1)\n"
	"  --clients N       connections at the same time (8)\n"
	"  --trust PEM       roots: verifies signature and chain of every token\n"
	"  --untrusted PEM   further certificates for the chain (the leaf for tokens without)\n"
	"Exit status: 0 all is as it must be, 1 not all, 3 could not run.\n";

static _Noreturn void mistake(const char *what, const char *rule, const char *found)
{
	fprintf(stderr, "tsa-mutate: %s: %s: %s\n", what, rule, found);
	exit(EXIT_COULD_NOT_RUN);
}

static unsigned number(const char *option, const char *text, unsigned max)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n == 0 || n > max)
		mistake(option, "must be a number from 1 to its limit", text);
	return (unsigned)n;
}

/* http://HOST:PORT/PATH, all three of them. */
static void read_url(struct options *o, const char *url)
{
	if (strlen(url) > MAX_URL ||
		sscanf(url, "http://%255[^:/]:%7[0-9]%511[^\n]", o->host, o->port, o->path) != 3 ||
		o->path[0] != '/')
		mistake("--url", "must be http://HOST:PORT/PATH", url);
}

static void add_policy(struct mutate *m, const char *text)
{
	size_t i = m->oracle.policy_count;
	size_t len = i == ORACLE_MAX_POLICIES
			     ? 0
			     : der_oid_from_text(text, m->oids[i], sizeof(m->oids[i]));

	if (len == 0)
		mistake("--policy", "must be an OID, four at most", text);
	m->oracle.policy[i] = (struct bytes){ m->oids[i], len };
	m->oracle.policy_count++;
}

static void take(int option, struct mutate *m)
{
	switch (option) {
	case 'u':
		read_url(&m->o, optarg);
		break;
	case 'p':
		add_policy(m, optarg);
		break;
	case 'n':
		m->requests = number("--requests", optarg, MAX_REQUESTS);
		break;
	case 's':
		m->seed = number("--seed", optarg, UINT32_MAX);
		break;
	case 'c':
		m->o.clients = number("--clients", optarg, LOAD_MAX_CLIENTS);
		break;
	case 't':
		m->o.trust = optarg;
		break;
	case 'i':
		m->o.untrusted = optarg;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(EXIT_COULD_NOT_RUN); /* getopt has said why */
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "policy", required_argument, NULL, 'p' },
		{ "requests", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "clients", required_argument, NULL, 'c' },
		{ "trust", required_argument, NULL, 't' },
		{ "untrusted", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct mutate m = { .o = { .clients = 8, .timeout_s = 600, .digest = "sha256" },
		.seed = 1,
		.requests = 100000 };
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(option, &m);
	if (optind != argc)
		mistake("command line", "takes options only", argv[optind]);
	if (m.o.host[0] == '\0' || m.oracle.policy_count == 0)
		mistake("command line", "needs --url and --policy", "nothing");
	return run(&m);
}
