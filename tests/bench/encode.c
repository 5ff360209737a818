/*
 * tsa-encode: what making a token costs beside its signature, by the service's prepared parts and
 * by OpenSSL's TS_RESP_create_response.  Both answer the same requests with the same key,
 * certificates and switches in one process; their slices and those of the signature alone take
 * turns, so that what the machine does to one it does to the others.  Processor time; nothing is
 * judged by how fast it is.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ts.h>

#include "tests/unit/make_certificate.h"
#include "tsa/token/build.h"
#include "tsa/tsp/reply.h"
#include "tsa/tsp/request.h"
#include "tsa/tsp/tstinfo.h"

enum {
	EXIT_FAILED = 1,
	EXIT_COULD_NOT_RUN = 3,
	ROOM = 32768,
	DAY = 86400,
	MAX_ROUNDS = 1024,
	NONCE_AT = 58, /* content octets of the nonce in request */
	NONCE_LEN = 8,
};

static const char help[] =
	"usage: tsa-encode [--short] [--seconds N]\n"
	"Microseconds of processor time a token, for RSA-3072 and P-256: OpenSSL's\n"
	"TS_RESP_create_response, the service's prepared parts, the signature alone, and what is\n"
	"left beside it. The last token of each is verified.\n"
	"  --seconds N  for each key (20)      --short  a second for each: that it works\n"
	"Exit status: 0, 1 a token does not verify, 3 could not run.\n";

static const uint8_t policy[] = { 0x2a, 0x03, 0x04 }; /* 1.2.3.4 */

/* version 1, SHA-256 with NULL, an imprint, a nonce that counts, certReq TRUE. */
static const uint8_t request[] = { 0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
	0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, 9, 9, 9, 9, 9,
	9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0x02, 0x08,
	0x12, 0x34, 0, 0, 0, 0, 0, 0, 0x01, 0x01, 0xff };

struct bench {
	EVP_PKEY *ca_key;
	EVP_PKEY *key;
	X509 *root;
	X509 *ca;
	X509 *leaf;
	EVP_MD *md;
	struct token_parts *parts;
	TS_RESP_CTX *tsa;
	uint32_t counter;
	uint8_t request[sizeof(request)];
	uint8_t tstinfo_room[TSP_MAX_TSTINFO];
	uint8_t attrs_room[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature_room[TOKEN_MAX_SIGNATURE];
	uint8_t body_room[ROOM];
	uint8_t token_room[ROOM];
	uint8_t reply_room[ROOM];
	struct bytes tstinfo;
	struct bytes attrs;
	struct bytes signature;
	struct buf theirs; /* OpenSSL's last TimeStampResp */
	struct bytes ours;
};

static _Noreturn void fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "tsa-encode: %s: %s\n", what, why);
	exit(EXIT_COULD_NOT_RUN);
}

static void must(bool good, const char *step)
{
	if (!good)
		fail(step, "failed");
}

/* ---- what is measured ---- */

static void next_request(struct bench *b)
{
	b->counter++;
	for (size_t i = 0; i < sizeof(b->counter); i++)
		b->request[NONCE_AT + NONCE_LEN - 1 - i] = (uint8_t)(b->counter >> (8 * i));
}

static void by_openssl(struct bench *b)
{
	BIO *in;
	TS_RESP *resp;
	uint8_t *der = NULL;
	int len;

	next_request(b);
	in = BIO_new_mem_buf(b->request, sizeof(b->request));
	resp = TS_RESP_create_response(b->tsa, in);
	must(resp != NULL, "TS_RESP_create_response");
	len = i2d_TS_RESP(resp, &der);
	must(len > 0, "i2d_TS_RESP");
	b->theirs.len = 0;
	buf_append(&b->theirs, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	TS_RESP_free(resp);
	BIO_free(in);
}

static void make_tstinfo(struct bench *b, const struct tsp_request *req)
{
	uint8_t serial[TSP_SERIAL_LEN] = { 0x81 };
	struct timespec now;
	struct tsp_tstinfo info = { .policy = { policy, sizeof(policy) },
		.digest = req->digest,
		.null_params = req->null_params,
		.imprint = req->imprint,
		.serial = { serial, sizeof(serial) },
		.digits = 3,
		.accuracy = tsp_accuracy_of_ms(1000),
		.nonce = req->nonce,
		.tsa_name = token_parts_tsa_name(b->parts) };

	memcpy(serial + 4, b->request + NONCE_AT, NONCE_LEN);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	info.time_us = tsp_time_cut(
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, info.digits);
	b->tstinfo = tsp_tstinfo_encode(&info, b->tstinfo_room, sizeof(b->tstinfo_room));
	must(b->tstinfo.len > 0, "TSTInfo");
}

/* From the request to what is signed: tsa-front, tsad and tsa-signer. */
static void before_signature(struct bench *b)
{
	const struct tsp_rules rules = { .digests = 1U << TSP_SHA256 };
	struct tsp_request req;
	struct tsp_refusal refusal;
	struct err err = { 0 };

	next_request(b);
	must(tsp_request_decode((struct bytes){ b->request, sizeof(b->request) }, &req, &refusal) &&
			tsp_request_judge(&req, &rules, &refusal),
		"request");
	make_tstinfo(b, &req);
	if (!token_signed_attrs(
		    b->parts, b->tstinfo, b->attrs_room, sizeof(b->attrs_room), &b->attrs, &err))
		fail("signed attributes", err.text);
}

static void sign(struct bench *b)
{
	struct err err = { 0 };
	size_t len = 0;

	if (!token_sign(b->key, TSP_SHA256, b->attrs, b->signature_room, &len, &err))
		fail("signature", err.text);
	b->signature = (struct bytes){ b->signature_room, len };
}

/* The record's body, the token out of it once it is durable, and the TimeStampResp. */
static void after_signature(struct bench *b)
{
	struct bytes body = token_encode(
		b->parts, b->tstinfo, b->attrs, b->signature, false, b->body_room, ROOM);
	struct bytes token = token_from_body(b->parts, body, true, b->token_room, ROOM);

	b->ours = tsp_reply_granted(token, b->reply_room, ROOM);
	must(b->ours.len > 0, "token");
}

static void by_parts(struct bench *b)
{
	before_signature(b);
	sign(b);
	after_signature(b);
}

/* As by_parts with a signature that was made before: its value costs nothing to encode. */
static void by_parts_unsigned(struct bench *b)
{
	before_signature(b);
	after_signature(b);
}

/* messageDigest, which is hashing and not encoding. */
static void hash(struct bench *b)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	must(EVP_Digest(b->tstinfo.at, b->tstinfo.len, digest, NULL, b->md, NULL) == 1, "hash");
}

/* ---- both sides ---- */

static X509 *make(struct bench *b, const char *name, EVP_PKEY *key, X509 *issuer, bool is_tsu)
{
	int64_t now = time(NULL);
	const struct make_certificate how = {
		.common_name = name,
		.organization = "Encoding Benchmark",
		.country = "DE",
		.key = key,
		.issuer = issuer,
		.issuer_key = b->ca_key,
		.not_before = now - DAY,
		.not_after = now + DAY,
		.extensions = {
			{ "basicConstraints", is_tsu ? "CA:FALSE" : "critical,CA:TRUE" },
			{ "subjectKeyIdentifier", "hash" },
			{ is_tsu ? "extendedKeyUsage" : NULL, "critical,timeStamping" },
		},
	};

	return make_certificate(&how);
}

static ASN1_INTEGER *serial_number(TS_RESP_CTX *ctx, void *arg)
{
	const struct bench *b = arg;
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)ctx;
	must(serial != NULL && ASN1_INTEGER_set_uint64(serial, b->counter) == 1, "serial");
	return serial;
}

/* The same token: chain, one ESSCertIDv2 by SHA-256, accuracy 1 s, milliseconds, tsa. */
static TS_RESP_CTX *make_tsa(struct bench *b)
{
	TS_RESP_CTX *tsa = TS_RESP_CTX_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4", 1);
	STACK_OF(X509) *chain = sk_X509_new_null();

	must(tsa != NULL && oid != NULL && sk_X509_push(chain, b->ca) > 0 &&
			TS_RESP_CTX_set_signer_cert(tsa, b->leaf) == 1 &&
			TS_RESP_CTX_set_signer_key(tsa, b->key) == 1 &&
			TS_RESP_CTX_set_certs(tsa, chain) == 1 &&
			TS_RESP_CTX_set_def_policy(tsa, oid) == 1 &&
			TS_RESP_CTX_add_md(tsa, EVP_sha256()) == 1 &&
			TS_RESP_CTX_set_signer_digest(tsa, EVP_sha256()) == 1 &&
			TS_RESP_CTX_set_ess_cert_id_digest(tsa, EVP_sha256()) == 1 &&
			TS_RESP_CTX_set_accuracy(tsa, 1, 0, 0) == 1 &&
			TS_RESP_CTX_set_clock_precision_digits(tsa, 3) == 1,
		"TS_RESP_CTX");
	TS_RESP_CTX_add_flags(tsa, TS_TSA_NAME);
	TS_RESP_CTX_set_serial_cb(tsa, serial_number, b);
	sk_X509_free(chain);
	ASN1_OBJECT_free(oid);
	return tsa;
}

static struct buf der_of(X509 *x)
{
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(x, &der);

	must(len > 0, "certificate");
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return out;
}

static void open_bench(struct bench *b, EVP_PKEY *key)
{
	struct err err = { 0 };
	struct buf leaf, chain;

	memcpy(b->request, request, sizeof(request));
	b->key = key;
	b->ca_key = make_key("P-256", 0);
	b->root = make(b, "Root", b->ca_key, NULL, false);
	b->ca = make(b, "Issuing CA", b->ca_key, b->root, false);
	b->leaf = make(b, "TSU", b->key, b->ca, true);
	b->md = EVP_MD_fetch(NULL, "sha256", NULL);
	leaf = der_of(b->leaf);
	chain = der_of(b->ca);
	b->parts = token_parts_new(buf_view(&leaf), buf_view(&chain), TSP_SHA256,
		(struct token_options){ .signing_time = true }, &err);
	if (b->parts == NULL)
		fail("certificates", err.text);
	b->tsa = make_tsa(b);
	buf_free(&leaf);
	buf_free(&chain);
}

static void close_bench(struct bench *b)
{
	TS_RESP_CTX_free(b->tsa);
	token_parts_free(b->parts);
	EVP_MD_free(b->md);
	EVP_PKEY_free(b->ca_key);
	EVP_PKEY_free(b->key);
	X509_free(b->root);
	X509_free(b->ca);
	X509_free(b->leaf);
	buf_free(&b->theirs);
}

/* OpenSSL's verifier on the answer to the last request. */
static bool verifies(const struct bench *b, struct bytes reply)
{
	const uint8_t *at = reply.at, *asked = b->request;
	TS_RESP *resp = d2i_TS_RESP(NULL, &at, (long)reply.len);
	TS_REQ *req = d2i_TS_REQ(NULL, &asked, sizeof(b->request));
	TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
	X509_STORE *store = X509_STORE_new();
	bool good;

	must(ctx != NULL && store != NULL && X509_STORE_add_cert(store, b->root) == 1, "verifier");
	(void)TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
	(void)TS_VERIFY_CTX_set_store(ctx, store);
	good = resp != NULL && at == reply.at + reply.len &&
	       TS_RESP_verify_response(ctx, resp) == 1;
	TS_VERIFY_CTX_free(ctx);
	TS_REQ_free(req);
	TS_RESP_free(resp);
	return good;
}

/* ---- measuring ---- */

enum what { OPENSSL, PARTS, SIGNATURE, UNSIGNED, HASH, WHATS };

static void (*const steps[WHATS])(struct bench *) = {
	[OPENSSL] = by_openssl,
	[PARTS] = by_parts,
	[SIGNATURE] = sign,
	[UNSIGNED] = by_parts_unsigned,
	[HASH] = hash,
};

/* One column of the table: a value each round. */
struct column {
	double at[MAX_ROUNDS];
};

struct rounds {
	struct column us[WHATS];
	struct column openssl_beside; /* OPENSSL - SIGNATURE of the same round, and so on */
	struct column parts_beside;
	struct column encoding; /* UNSIGNED - HASH */
	size_t count;
};

static double cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double slice(struct bench *b, enum what what, unsigned tokens)
{
	double start = cpu_us();

	for (unsigned i = 0; i < tokens; i++)
		steps[what](b);
	return (cpu_us() - start) / tokens;
}

/* Every round starts with the next one, so that none always follows the same. */
static void measure_round(struct bench *b, unsigned signatures, struct rounds *r)
{
	size_t n = r->count++;

	for (size_t i = 0; i < WHATS; i++) {
		enum what what = (enum what)((n + i) % WHATS);
		bool has_signature = what <= SIGNATURE;

		r->us[what].at[n] = slice(b, what, has_signature ? signatures : 512);
	}
	r->openssl_beside.at[n] = r->us[OPENSSL].at[n] - r->us[SIGNATURE].at[n];
	r->parts_beside.at[n] = r->us[PARTS].at[n] - r->us[SIGNATURE].at[n];
	r->encoding.at[n] = r->us[UNSIGNED].at[n] - r->us[HASH].at[n];
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double print_row(const char *what, const struct column *column, size_t count)
{
	struct column sorted = *column;

	qsort(sorted.at, count, sizeof(sorted.at[0]), compare);
	(void)printf("  %-52s %9.2f  (%.2f to %.2f)\n", what, sorted.at[count / 2],
		sorted.at[count / 4], sorted.at[count * 3 / 4]);
	return sorted.at[count / 2];
}

static void print_rounds(const char *name, const struct rounds *r)
{
	double openssl, ours;

	(void)printf("%s: us a token, median (and quartiles) of %zu rounds\n", name, r->count);
	(void)print_row("OpenSSL, whole", &r->us[OPENSSL], r->count);
	(void)print_row("prepared parts, whole", &r->us[PARTS], r->count);
	(void)print_row("signature alone (EVP_DigestSign)", &r->us[SIGNATURE], r->count);
	openssl = print_row("OpenSSL, beside the signature", &r->openssl_beside, r->count);
	(void)print_row("prepared parts, beside the signature", &r->parts_beside, r->count);
	ours = print_row("prepared parts, not signing", &r->us[UNSIGNED], r->count);
	(void)print_row("  of these the hash of messageDigest", &r->us[HASH], r->count);
	(void)print_row("  and encoding (goal: at most 5)", &r->encoding, r->count);
	(void)printf("  %-52s %9.1f\n", "OpenSSL : prepared parts, beside the signature",
		openssl / ours);
}

static bool run(const char *name, EVP_PKEY *key, unsigned signatures, double seconds)
{
	static struct bench b;
	static struct rounds r;
	double start = cpu_us();
	bool good;

	b = (struct bench){ 0 };
	r.count = 0;
	open_bench(&b, key);
	by_parts(&b); /* leaves what the steps take that begin in the middle */
	do {
		measure_round(&b, signatures, &r);
	} while (r.count < MAX_ROUNDS && cpu_us() - start < seconds * 1e6);
	print_rounds(name, &r);
	by_openssl(&b);
	good = verifies(&b, buf_view(&b.theirs));
	by_parts(&b);
	good = verifies(&b, b.ours) && good;
	(void)printf("  %-52s %s\n", "the last token of each verifies", good ? "yes" : "NO");
	close_bench(&b);
	return good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "short", no_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	double seconds = 20;
	bool rsa, ec;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h') {
			(void)fputs(help, stdout);
			return 0;
		}
		if (c == '?')
			return EXIT_COULD_NOT_RUN;
		seconds = c == 's' ? 1 : strtod(optarg, NULL);
	}
	if (optind != argc || !(seconds > 0 && seconds <= 3600))
		fail("command line", "needs --seconds above 0 and at most 3600, and nothing more");
	rsa = run("RSA-3072", make_key("rsa", 3072), 4, seconds);
	ec = run("P-256", make_key("P-256", 0), 256, seconds);
	return rsa && ec ? 0 : EXIT_FAILED;
}
