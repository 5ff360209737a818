/*
 * tsa-token-cost: processor time of each step that makes a token, one after the other in one
 * process without any other: what is CPU outside the signature, and what is not encoding.  The
 * certificate is a real one; the key is of its kind, made here, since what signs is not measured.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tsa/record/entry.h"
#include "tsa/token/build.h"
#include "tsa/tsp/reply.h"
#include "tsa/tsp/tstinfo.h"

enum { EXIT_COULD_NOT_RUN = 3, ROOM = 32768, BLOCK = 64 };

static const char help[] =
	"usage: tsa-token-cost CERTIFICATE.pem MILLISECONDS\n"
	"Says what the steps of a token cost, each measured for so long, in microseconds of\n"
	"processor time: STEP=N, one a line. CERTIFICATE.pem: the TSU's, then its intermediates.\n"
	"  encode       TSTInfo, the token around a signature, the token with its certificates\n"
	"               again from its record: all encoding that tsad does for a token\n"
	"  tstinfo, token, again    the three parts of it\n"
	"  request      decoding a TimeStampReq    reply       TimeStampResp around a token\n"
	"  attributes   signed attributes          hashes      entry and leaf hash of the record\n"
	"  sign_memory  a signature by the key in memory       verify   the check of a signature\n"
	"Exit status: 0, 3 could not run.\n";

static const uint8_t policy[] = { 0x2a, 0x03, 0x04 };
static const uint8_t imprint[32] = { 7, 7, 7 };
static const uint8_t serial[] = { 0x81, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
static const uint8_t nonce[] = { 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78 };

/* version 1, SHA-256 with NULL, imprint of zeros, nonce, certReq TRUE. */
static const uint8_t request[] = { 0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
	0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x08,
	0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x01, 0x01, 0xff };

struct bench {
	EVP_PKEY *key;
	struct token_parts *parts;
	uint64_t time_us;
	uint8_t tstinfo_room[TSP_MAX_TSTINFO];
	uint8_t attrs_room[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature_room[TOKEN_MAX_SIGNATURE];
	uint8_t body_room[ROOM];
	uint8_t token_room[ROOM];
	uint8_t reply_room[ROOM];
	struct bytes tstinfo;
	struct bytes attrs;
	struct bytes signature;
	struct bytes body; /* the token without certificates */
	struct bytes token;
};

static _Noreturn void fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "tsa-token-cost: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static void must(bool good, const char *step)
{
	if (!good)
		fail(step, "failed");
}

/* ---- the steps: each is what the service calls once a token ---- */

static void step_request(struct bench *b)
{
	struct tsp_request req = { 0 };
	struct tsp_refusal refusal = { 0 };

	(void)b;
	must(tsp_request_decode((struct bytes){ request, sizeof(request) }, &req, &refusal),
		"request");
}

static void step_tstinfo(struct bench *b)
{
	const struct tsp_tstinfo info = { .policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.null_params = true,
		.imprint = { imprint, sizeof(imprint) },
		.serial = { serial, sizeof(serial) },
		.time_us = b->time_us += 1000,
		.digits = 3,
		.accuracy = tsp_accuracy_of_ms(1000),
		.nonce = { nonce, sizeof(nonce) } };

	b->tstinfo = tsp_tstinfo_encode(&info, b->tstinfo_room, sizeof(b->tstinfo_room));
	must(b->tstinfo.len > 0, "tstinfo");
}

static void step_attributes(struct bench *b)
{
	struct err err = { 0 };

	if (!token_signed_attrs(
		    b->parts, b->tstinfo, b->attrs_room, sizeof(b->attrs_room), &b->attrs, &err))
		fail("attributes", err.text);
}

static void step_sign_memory(struct bench *b)
{
	struct err err = { 0 };
	size_t len = 0;

	if (!token_sign(b->key, TSP_SHA256, b->attrs, b->signature_room, &len, &err))
		fail("signature", err.text);
	b->signature = (struct bytes){ b->signature_room, len };
}

static void step_verify(struct bench *b)
{
	struct err err = { 0 };

	if (!token_check_signature(b->key, TSP_SHA256, b->attrs, b->signature, &err))
		fail("verify", err.text);
}

static void step_token(struct bench *b)
{
	b->body = token_encode(
		b->parts, b->tstinfo, b->attrs, b->signature, false, b->body_room, ROOM);
	must(b->body.len > 0, "token");
}

static void step_again(struct bench *b)
{
	b->token = token_from_body(b->parts, b->body, true, b->token_room, ROOM);
	must(b->token.len > 0, "again");
}

static void step_encode(struct bench *b)
{
	step_tstinfo(b);
	step_token(b);
	step_again(b);
}

static void step_hashes(struct bench *b)
{
	const struct serial number = { 1, 2, 3 };
	uint8_t key_id[HASH_LEN] = { 1 };
	uint8_t entry[ENTRY_LEN], leaf[HASH_LEN];

	entry_of_token(number, b->time_us, key_id, b->tstinfo, b->signature, entry);
	entry_leaf_hash(entry, leaf);
}

static void step_reply(struct bench *b)
{
	must(tsp_reply_granted(b->token, b->reply_room, ROOM).len > 0, "reply");
}

/* ---- measuring ---- */

static uint64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The median of blocks, which a disturbance now and then does not move. */
static double measure(struct bench *b, void (*step)(struct bench *), uint64_t ms)
{
	enum { MAX_BLOCKS = 4096 };
	static double times[MAX_BLOCKS];
	uint64_t start = cpu_ns(), before = start;
	size_t n = 0;

	while (n < MAX_BLOCKS && before - start < ms * 1000000) {
		uint64_t after;
		size_t at = n++;

		for (int i = 0; i < BLOCK; i++)
			step(b);
		after = cpu_ns();
		for (; at > 0 && times[at - 1] > (double)(after - before); at--)
			times[at] = times[at - 1];
		times[at] = (double)(after - before);
		before = after;
	}
	return times[n / 2] / BLOCK / 1000;
}

static void read_certificates(struct bench *b, const char *path)
{
	FILE *file = fopen(path, "re");
	struct buf certificate = { 0 }, chain = { 0 };
	struct err err = { 0 };
	X509 *x;

	if (file == NULL)
		fail(path, strerror(errno));
	while ((x = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
		bool is_leaf = certificate.len == 0;
		EVP_PKEY *public = X509_get0_pubkey(x);
		uint8_t *der = NULL;
		int len = i2d_X509(x, &der);

		must(len > 0 && public != NULL, "certificate");
		if (is_leaf && EVP_PKEY_is_a(public, "RSA"))
			b->key = EVP_RSA_gen((unsigned)EVP_PKEY_get_bits(public));
		else if (is_leaf)
			b->key = EVP_EC_gen("P-256");
		buf_append(is_leaf ? &certificate : &chain, (struct bytes){ der, (size_t)len });
		OPENSSL_free(der);
		X509_free(x);
	}
	(void)fclose(file);
	must(b->key != NULL, "key");
	b->parts = token_parts_new(buf_view(&certificate), buf_view(&chain), TSP_SHA256,
		(struct token_options){ .algorithm_protection = true }, &err);
	if (b->parts == NULL)
		fail(path, err.text);
	buf_free(&certificate);
	buf_free(&chain);
}

/* Each step leaves what the next ones take. */
static void run(struct bench *b, uint64_t ms)
{
	static const struct {
		const char *name;
		void (*step)(struct bench *);
	} steps[] = { { "request", step_request }, { "tstinfo", step_tstinfo },
		{ "attributes", step_attributes }, { "sign_memory", step_sign_memory },
		{ "verify", step_verify }, { "token", step_token }, { "again", step_again },
		{ "encode", step_encode }, { "hashes", step_hashes }, { "reply", step_reply } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		(void)printf("%s=%.3f\n", steps[i].name, measure(b, steps[i].step, ms));
	(void)printf("body_bytes=%zu token_bytes=%zu\n", b->body.len, b->token.len);
}

int main(int argc, char **argv)
{
	static struct bench b;
	unsigned long ms;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		(void)fputs(help, stdout);
		return 0;
	}
	ms = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (ms == 0 || ms > 60000)
		fail("command line", "needs CERTIFICATE.pem and 1 to 60000 milliseconds");
	b.time_us = UINT64_C(1795507200) * 1000000;
	read_certificates(&b, argv[1]);
	run(&b, ms);
	token_parts_free(b.parts);
	EVP_PKEY_free(b.key);
	return 0;
}
