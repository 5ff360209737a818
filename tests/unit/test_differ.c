/*
 * Our decoders against OpenSSL's over bent requests, TSTInfos and replies, and over the fuzz
 * corpora: what ours takes OpenSSL takes with the same values; what OpenSSL takes and ours does not
 * is counted by rule.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/err.h>

#include "tests/fuzz/differ.h"
#include "tests/load/made_request.h"
#include "tests/load/mutation.h"
#include "tests/load/oracle.h"
#include "tsa/tsp/der.h"

enum {
	BY_CHANCE = 30000,
	MAX_RULES = 48,
	MAX_RULE = 120,
	LONGEST_INPUT = 16384,
	ROOM = LONGEST_INPUT + MUTATION_MAX_GROWTH,
};

static const uint8_t policy_oid[] = { 0x2a, 0x03, 0x04, 0x05, 0x06 };
static const struct bytes policy = { policy_oid, sizeof(policy_oid) };

/* How often a rule of ours refused what OpenSSL takes. */
struct rule {
	char text[MAX_RULE];
	unsigned count;
};

struct tally {
	unsigned inputs;
	unsigned both; /* take it, with the same values */
	unsigned neither;
	unsigned only_openssl;
	struct rule rules[MAX_RULES];
	size_t rule_count;
};

/* The text of a refusal with the numbers after its clause left out, so that it names the rule. */
static void rule_of(const char *text, char rule[MAX_RULE])
{
	const char *colon = strchr(text, ':');
	const char *clause_end = colon == NULL ? NULL : strchr(colon + 1, ':');
	size_t len = 0;

	for (size_t i = 0; text[i] != '\0' && len + 1 < MAX_RULE; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (clause_end != NULL && text + i > clause_end && digit) {
			if (len == 0 || rule[len - 1] != '#')
				rule[len++] = '#';
		} else {
			rule[len++] = text[i];
		}
	}
	rule[len] = '\0';
}

static void count_rule(struct tally *t, const char *text)
{
	char rule[MAX_RULE];
	size_t i = 0;

	rule_of(text, rule);
	while (i < t->rule_count && strcmp(t->rules[i].text, rule) != 0)
		i++;
	assert_true(i < MAX_RULES);
	if (i == t->rule_count) {
		memcpy(t->rules[i].text, rule, sizeof(rule));
		t->rule_count++;
	}
	t->rules[i].count++;
	t->only_openssl++;
}

static int by_count(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return x->count > y->count ? -1 : x->count < y->count;
}

static void print_tally(const char *what, struct tally *t)
{
	qsort(t->rules, t->rule_count, sizeof(t->rules[0]), by_count);
	printf("%s: %u inputs: both take %u, neither %u, only OpenSSL %u:\n", what, t->inputs,
		t->both, t->neither, t->only_openssl);
	for (size_t i = 0; i < t->rule_count; i++)
		printf("  %7u  %s\n", t->rules[i].count, t->rules[i].text);
}

static _Noreturn void show(const char *what, const char *more, struct bytes der)
{
	fprintf(stderr, "%s: %s:\n  ", what, more);
	for (size_t i = 0; i < der.len; i++)
		fprintf(stderr, "%02x", der.at[i]);
	fprintf(stderr, "\n");
	fail();
	abort();
}

/* One rule of what may be granted, found out twice. */
static void compare_verdicts(struct bytes der, const struct tsp_request *req)
{
	static const struct tsp_rules rules = {
		.digests = 1U << TSP_SHA256 | 1U << TSP_SHA384 | 1U << TSP_SHA512,
		.policies = &policy,
		.policy_count = 1,
	};
	const struct oracle oracle = { .policy = { policy }, .policy_count = 1 };
	struct tsp_refusal refusal = { 0 };
	const char *why = NULL;
	TS_REQ *theirs = oracle_grants(&oracle, der, &why);
	bool ours = req != NULL && tsp_request_judge(req, &rules, &refusal);

	if (ours && theirs == NULL)
		show("ours grants what OpenSSL and the rules refuse", why, der);
	if (!ours && theirs != NULL)
		show("ours refuses what OpenSSL and the rules grant", refusal.text, der);
	TS_REQ_free(theirs);
}

/* der is a copy of its own length, so that a sanitizer sees a read past it. */
static void compare_request(struct bytes der, struct tally *t)
{
	struct tsp_request req;
	struct tsp_refusal refusal;
	size_t rest;
	bool ours = tsp_request_decode(der, &req, &refusal);
	const char *differs = ours ? differ_request(der, &req) : NULL;

	t->inputs++;
	if (differs != NULL)
		show("OpenSSL differs in", differs, der);
	compare_verdicts(der, ours ? &req : NULL);
	if (ours)
		t->both++;
	else if (differ_openssl_takes_request(der, &rest))
		count_rule(t, refusal.text);
	else
		t->neither++;
}

/* What i2d_*() made, which is freed, is der: else der is BER, or has values that DER leaves out. */
static bool encodes_to(unsigned char *again, int len, struct bytes der)
{
	bool same = len > 0 && bytes_equal((struct bytes){ again, (size_t)len }, der);

	OPENSSL_free(again);
	return same;
}

static bool serial_is_ours(const ASN1_INTEGER *serial)
{
	return ASN1_STRING_type(serial) == V_ASN1_INTEGER && ASN1_STRING_length(serial) <= 20 &&
	       (ASN1_STRING_length(serial) > 1 || ASN1_STRING_get0_data(serial)[0] != 0);
}

/* The rule that a TSTInfo breaks which OpenSSL takes and ours does not (tsp/tstinfo.h). */
static const char *why_tstinfo(TS_TST_INFO *info, struct bytes der)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const ASN1_OBJECT *algorithm = NULL;
	unsigned char *again = NULL;
	int len = i2d_TS_TST_INFO(info, &again);
	int params = 0;
	enum tsp_digest digest;

	X509_ALGOR_get0(&algorithm, &params, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	digest = tsp_digest_by_oid(
		(struct bytes){ OBJ_get0_data(algorithm), OBJ_length(algorithm) });
	if (!encodes_to(again, len, der))
		return "TSTInfo: X.690 10: is not DER";
	if (TS_TST_INFO_get_version(info) != 1)
		return "TSTInfo: RFC 3161 2.4.2: version is not 1";
	if (digest == TSP_DIGEST_NONE)
		return "TSTInfo: ours: a digest that we do not know";
	if (!serial_is_ours(TS_TST_INFO_get_serial(info)))
		return "TSTInfo: P-17: serialNumber is zero, negative or over 160 bits";
	if (TS_TST_INFO_get_ordering(info) != 0)
		return "TSTInfo: P-20: ordering";
	if (TS_TST_INFO_get_exts(info) != NULL)
		return "TSTInfo: ours: extensions";
	if ((size_t)ASN1_STRING_length(TS_MSG_IMPRINT_get_msg(imprint)) != tsp_digest_len(digest))
		return "TSTInfo: P-16: hashedMessage has another length";
	if (ASN1_GENERALIZEDTIME_check(TS_TST_INFO_get_time(info)) != 1)
		return "TSTInfo: P-18: genTime is no time";
	if (params != V_ASN1_UNDEF && params != V_ASN1_NULL)
		return "TSTInfo: P-16: parameters that are neither absent nor NULL";
	return "TSTInfo: P-18, P-19: genTime's form, a part of accuracy, or ours: nonce or tsa";
}

static void compare_tstinfo(struct bytes der, struct tally *t)
{
	struct tsp_tstinfo info;
	bool ours = tsp_tstinfo_decode(der, &info);
	const char *differs = ours ? differ_tstinfo(der, &info) : NULL;
	const unsigned char *at = der.at;
	TS_TST_INFO *theirs = ours ? NULL : d2i_TS_TST_INFO(NULL, &at, (long)der.len);

	t->inputs++;
	if (differs != NULL)
		show("OpenSSL differs in", differs, der);
	if (ours)
		t->both++;
	else if (theirs == NULL)
		t->neither++;
	else if (at != der.at + der.len)
		count_rule(t, "TSTInfo: RFC 3161 2.4.2: bytes follow it");
	else
		count_rule(t, why_tstinfo(theirs, der));
	TS_TST_INFO_free(theirs);
	ERR_clear_error();
}

/* The rule that a reply breaks which OpenSSL takes and ours does not (tsp/reply.h). */
static const char *why_reply(TS_RESP *reply, struct bytes der)
{
	const TS_STATUS_INFO *info = TS_RESP_get_status_info(reply);
	unsigned char *again = NULL;
	int len = i2d_TS_RESP(reply, &again);
	uint64_t status = UINT64_MAX;

	if (!encodes_to(again, len, der))
		return "reply: X.690 10: is not DER";
	if (ASN1_INTEGER_get_uint64(&status, TS_STATUS_INFO_get0_status(info)) != 1 || status > 5)
		return "reply: RFC 3161 2.4.2: status is none of 0 to 5";
	if (TS_STATUS_INFO_get0_failure_info(info) != NULL)
		return "reply: P-12: failInfo is not exactly one of the eight bits, or beside a token";
	return "reply: RFC 3629 4: statusString is no UTF-8, or there is none in its list";
}

static void compare_reply(struct bytes der, struct tally *t)
{
	struct tsp_reply reply;
	bool ours = tsp_reply_decode(der, &reply);
	const char *differs = ours ? differ_reply(der, &reply) : NULL;
	const unsigned char *at = der.at;
	TS_RESP *theirs = ours ? NULL : d2i_TS_RESP(NULL, &at, (long)der.len);

	t->inputs++;
	if (differs != NULL)
		show("OpenSSL differs in", differs, der);
	if (ours)
		t->both++;
	else if (theirs == NULL)
		t->neither++;
	else if (at != der.at + der.len)
		count_rule(t, "reply: RFC 3161 2.4.2: bytes follow it");
	else
		count_rule(t, why_reply(theirs, der));
	TS_RESP_free(theirs);
	ERR_clear_error();
}

typedef void compare_fn(struct bytes der, struct tally *t);

static void compare_copy(compare_fn *compare, struct bytes der, struct tally *t)
{
	uint8_t *copy = malloc(der.len == 0 ? 1 : der.len);

	assert_non_null(copy);
	memcpy(copy, der.at, der.len);
	compare((struct bytes){ copy, der.len }, t);
	free(copy);
}

static void compare_all_bent(compare_fn *compare, struct bytes base, struct tally *t)
{
	static uint8_t bent[ROOM];

	compare_copy(compare, base, t);
	for (size_t n = 0; n < mutation_count(base.len); n++) {
		size_t len = mutation_make(base, n, bent);

		compare_copy(compare, (struct bytes){ bent, len }, t);
	}
}

static void compare_some_bent(
	compare_fn *compare, struct bytes base, unsigned count, struct tally *t)
{
	static uint8_t bent[ROOM];
	uint64_t seed = base.len;

	for (unsigned i = 0; i < count; i++) {
		size_t len = mutation_random(base, &seed, bent);

		compare_copy(compare, (struct bytes){ bent, len }, t);
	}
}

/* Every file of the corpus, whole and bent by chance. */
static void compare_corpus(compare_fn *compare, const char *decoder, struct tally *t)
{
	static uint8_t input[LONGEST_INPUT];
	char path[1024];
	const struct dirent *entry;
	unsigned files = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", TSA_FUZZ_CORPUS, decoder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len;
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(
			path, sizeof(path), "%s/%s/%s", TSA_FUZZ_CORPUS, decoder, entry->d_name);
		f = fopen(path, "rb");
		assert_non_null(f);
		len = fread(input, 1, sizeof(input), f);
		(void)fclose(f);
		compare_copy(compare, (struct bytes){ input, len }, t);
		if (len > 0)
			compare_some_bent(compare, (struct bytes){ input, len }, 200, t);
		files++;
	}
	(void)closedir(dir);
	assert_true(files > 0);
}

static void openssl_takes_every_request_of_ours_with_the_same_values(void **unused)
{
	struct tally t = { 0 };
	uint8_t made[MADE_MAX_REQUEST];
	uint64_t seed = 1;

	(void)unused;
	for (size_t shape = 0; shape < made_shape_count(); shape++) {
		size_t len = made_shape(shape, policy, &seed, made);

		compare_all_bent(compare_request, (struct bytes){ made, len }, &t);
	}
	for (int i = 0; i < BY_CHANCE; i++) {
		size_t len = made_any(policy, &seed, made);

		compare_copy(compare_request, (struct bytes){ made, len }, &t);
		compare_some_bent(compare_request, (struct bytes){ made, len }, 1, &t);
	}
	compare_corpus(compare_request, "request", &t);
	print_tally("requests", &t);
	assert_true(t.both > 1000 && t.neither > 1000 && t.rule_count > 5);
}

/* What the granted shapes have in common: each is taken by both, and granted by both. */
static void every_shape_of_a_real_client_is_granted(void **unused)
{
	const struct oracle oracle = { .policy = { policy }, .policy_count = 1 };
	uint8_t made[MADE_MAX_REQUEST];
	uint64_t seed = 7;

	(void)unused;
	for (size_t shape = 0; shape < made_shape_count(); shape++) {
		size_t len = made_shape(shape, policy, &seed, made);
		const char *why = NULL;
		TS_REQ *req = oracle_grants(&oracle, (struct bytes){ made, len }, &why);

		assert_null(why);
		assert_non_null(req);
		TS_REQ_free(req);
	}
}

static void openssl_takes_every_tstinfo_of_ours_with_the_same_values(void **unused)
{
	static const uint8_t hash[64] = { 0xba, 0x78 };
	static const uint8_t serial[TSP_SERIAL_LEN] = { 0x91, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	static const uint8_t nonce[] = { 0x00, 0xcc, 0x7a, 0xed };
	uint8_t buf[TSP_MAX_TSTINFO];
	struct tally t = { 0 };

	(void)unused;
	for (unsigned digest = TSP_DIGEST_NONE + 1; digest < TSP_DIGESTS; digest++) {
		const struct tsp_tstinfo info = {
			.policy = policy,
			.digest = (enum tsp_digest)digest,
			.null_params = digest % 2 == 0,
			.imprint = { hash, tsp_digest_len((enum tsp_digest)digest) },
			.serial = { serial, sizeof(serial) },
			.time_us = UINT64_C(1795507200123000) + digest % 2 * 456,
			.digits = 6,
			.accuracy = { .seconds = 1, .millis = 500, .micros = digest % 2 },
			.nonce = { nonce, digest % 3 == 0 ? 0 : sizeof(nonce) },
		};
		struct bytes der = tsp_tstinfo_encode(&info, buf, sizeof(buf));

		assert_true(der.len > 0);
		compare_all_bent(compare_tstinfo, der, &t);
		compare_some_bent(compare_tstinfo, der, BY_CHANCE, &t);
	}
	compare_corpus(compare_tstinfo, "tstinfo", &t);
	print_tally("TSTInfos", &t);
	assert_true(t.both > 1000 && t.neither > 1000 && t.rule_count > 2);
}

static void openssl_takes_every_reply_of_ours_with_the_same_values(void **unused)
{
	uint8_t buf[TSP_MAX_REFUSAL];
	struct tally t = { 0 };
	struct bytes der = tsp_reply_refused(
		TSP_BAD_ALG, "use sha256 (request 5a17f00d00000001)", buf, sizeof(buf));

	(void)unused;
	assert_true(der.len > 0);
	compare_all_bent(compare_reply, der, &t);
	compare_some_bent(compare_reply, der, BY_CHANCE, &t);
	compare_corpus(compare_reply, "reply", &t);
	print_tally("replies", &t);
	assert_true(t.both > 1000 && t.neither > 1000 && t.rule_count > 2);
}

/* The comparison itself: one value that is another is found. */
static void a_value_that_differs_is_found(void **unused)
{
	static const uint8_t other[] = { 0x01, 0x02 };
	uint8_t made[MADE_MAX_REQUEST];
	uint64_t seed = 3;
	const struct bytes der = { made, made_shape(2, policy, &seed, made) };
	struct tsp_request req;
	struct tsp_refusal refusal;

	(void)unused;
	assert_true(tsp_request_decode(der, &req, &refusal));
	assert_null(differ_request(der, &req));
	req.version = 2;
	assert_string_equal(differ_request(der, &req), "version");
	req.version = 1;
	req.null_params = false;
	assert_string_equal(differ_request(der, &req), "messageImprint");
	req.null_params = true;
	req.policy.len--;
	assert_string_equal(differ_request(der, &req), "reqPolicy");
	req.policy.len++;
	req.nonce = (struct bytes){ other, sizeof(other) };
	assert_string_equal(differ_request(der, &req), "nonce");
	assert_true(tsp_request_decode(der, &req, &refusal));
	req.cert_req = false;
	assert_string_equal(differ_request(der, &req), "certReq");
	req.cert_req = true;
	req.has_extensions = true;
	assert_string_equal(differ_request(der, &req), "extensions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_takes_every_request_of_ours_with_the_same_values),
		cmocka_unit_test(every_shape_of_a_real_client_is_granted),
		cmocka_unit_test(openssl_takes_every_tstinfo_of_ours_with_the_same_values),
		cmocka_unit_test(openssl_takes_every_reply_of_ours_with_the_same_values),
		cmocka_unit_test(a_value_that_differs_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
