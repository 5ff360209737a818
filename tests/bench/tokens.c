/*
 * tsa-tokens: a folder of tokens of one TSU made on the spot, for what measures verifiers:
 * root.pem, data, and tokens/000000.tsr and so on, all over the data and each with its own serial
 * and genTime.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/sha.h>

#include "tests/unit/make_certificate.h"
#include "tsa/token/build.h"
#include "tsa/tsp/reply.h"
#include "tsa/tsp/tstinfo.h"

enum { EXIT_COULD_NOT_RUN = 3, ROOM = 32768, DAY = 86400, MAX_COUNT = 1000000, PATH = 4096 };

static const char help[] =
	"usage: tsa-tokens --dir DIR --key rsa|P-256|P-384 --count N\n"
	"Makes DIR with root.pem, data, and N time-stamp responses over data in DIR/tokens.\n"
	"Exit status: 0, 3 could not run.\n";

static const char data[] = "what all these tokens are over\n";
static const uint8_t policy[] = { 0x2a, 0x03, 0x04 }; /* 1.2.3.4 */

struct maker {
	const char *dir;
	EVP_PKEY *key;
	enum tsp_digest digest;
	struct token_parts *parts;
	uint8_t imprint[SHA256_DIGEST_LENGTH];
	uint8_t tstinfo[TSP_MAX_TSTINFO];
	uint8_t attrs[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature[TOKEN_MAX_SIGNATURE];
	uint8_t token[ROOM];
	uint8_t reply[ROOM];
};

static void must(bool good, const char *step)
{
	if (good)
		return;
	(void)fprintf(stderr, "tsa-tokens: %s: failed: %s\n", step, strerror(errno));
	exit(EXIT_COULD_NOT_RUN);
}

static FILE *create(const struct maker *m, const char *name)
{
	char path[PATH];
	FILE *out;

	must(snprintf(path, sizeof(path), "%s/%s", m->dir, name) < PATH, "path");
	out = fopen(path, "wbe");
	must(out != NULL, path);
	return out;
}

static X509 *make(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool is_tsu)
{
	int64_t now = time(NULL);
	const struct make_certificate how = {
		.common_name = name,
		.organization = "Verifying Benchmark",
		.key = key,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.not_before = now - DAY,
		.not_after = now + 365 * DAY,
		.extensions = {
			{ "basicConstraints", is_tsu ? "CA:FALSE" : "critical,CA:TRUE" },
			{ "keyUsage", is_tsu ? "critical,digitalSignature" : "critical,keyCertSign" },
			{ "subjectKeyIdentifier", "hash" },
			{ is_tsu ? "extendedKeyUsage" : NULL, "critical,timeStamping" },
		},
	};

	return make_certificate(&how);
}

static struct buf der_of(X509 *certificate)
{
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	must(len > 0, "certificate");
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return out;
}

/* A root, an issuing CA, the TSU; its tokens have all but the root. */
static void open_maker(struct maker *m)
{
	EVP_PKEY *root_key = make_key("P-256", 0), *ca_key = make_key("P-256", 0);
	X509 *root = make("Root", root_key, NULL, NULL, false);
	X509 *ca = make("Issuing CA", ca_key, root, root_key, false);
	X509 *leaf = make("TSU", m->key, ca, ca_key, true);
	struct buf certificate = der_of(leaf), chain = der_of(ca);
	struct err err = { 0 };
	FILE *out = create(m, "root.pem");

	must(PEM_write_X509(out, root) == 1 && fclose(out) == 0, "root.pem");
	m->parts = token_parts_new(buf_view(&certificate), buf_view(&chain), m->digest,
		(struct token_options){ .algorithm_protection = true }, &err);
	must(m->parts != NULL, err.text);
	buf_free(&certificate);
	buf_free(&chain);
	X509_free(root);
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(ca_key);
}

/* One second after the other, the last one now. */
static struct bytes make_tstinfo(struct maker *m, unsigned number, unsigned count)
{
	uint8_t serial[TSP_SERIAL_LEN] = { 0x40, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(number >> 24),
		(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
	struct tsp_tstinfo info = {
		.policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.imprint = { m->imprint, sizeof(m->imprint) },
		.serial = { serial, sizeof(serial) },
		.time_us = tsp_time_cut(
			((uint64_t)time(NULL) - 1 - (count - number) % DAY) * 1000000, 3),
		.digits = 3,
		.accuracy = tsp_accuracy_of_ms(1000),
		.tsa_name = token_parts_tsa_name(m->parts),
	};
	struct bytes der = tsp_tstinfo_encode(&info, m->tstinfo, sizeof(m->tstinfo));

	must(der.len > 0, "TSTInfo");
	return der;
}

static void make_token(struct maker *m, unsigned number, unsigned count)
{
	struct bytes tstinfo = make_tstinfo(m, number, count);
	struct bytes attrs, reply;
	struct err err = { 0 };
	char name[32];
	size_t len = 0;
	FILE *out;

	must(token_signed_attrs(m->parts, tstinfo, m->attrs, sizeof(m->attrs), &attrs, &err) &&
			token_sign(m->key, m->digest, attrs, m->signature, &len, &err),
		"signature");
	reply = tsp_reply_granted(
		token_encode(m->parts, tstinfo, attrs, (struct bytes){ m->signature, len }, true,
			m->token, ROOM),
		m->reply, ROOM);
	must(reply.len > 0, "token");
	(void)snprintf(name, sizeof(name), "tokens/%06u.tsr", number);
	out = create(m, name);
	must(fwrite(reply.at, 1, reply.len, out) == reply.len && fclose(out) == 0, name);
}

static void make_all(struct maker *m, unsigned count)
{
	char folder[PATH];
	FILE *out;

	must(mkdir(m->dir, 0777) == 0 || errno == EEXIST, m->dir);
	must(snprintf(folder, sizeof(folder), "%s/tokens", m->dir) < PATH, "path");
	must(mkdir(folder, 0777) == 0, folder);
	out = create(m, "data");
	must(fputs(data, out) >= 0 && fclose(out) == 0, "data");
	(void)SHA256((const unsigned char *)data, sizeof(data) - 1, m->imprint);
	open_maker(m);
	for (unsigned i = 0; i < count; i++)
		make_token(m, i, count);
	token_parts_free(m->parts);
	EVP_PKEY_free(m->key);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
		{ "key", required_argument, NULL, 'k' }, { "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	static struct maker m = { .digest = TSP_SHA256 };
	const char *kind = NULL;
	unsigned long count = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'd')
			m.dir = optarg;
		else if (c == 'k')
			kind = optarg;
		else if (c == 'n')
			count = strtoul(optarg, NULL, 10);
		else
			return fputs(help, stdout) >= 0 && c == 'h' ? 0 : EXIT_COULD_NOT_RUN;
	}
	if (m.dir == NULL || kind == NULL || count == 0 || count > MAX_COUNT || optind != argc) {
		(void)fputs(help, stderr);
		return EXIT_COULD_NOT_RUN;
	}
	m.key = make_key(kind, strcmp(kind, "rsa") == 0 ? 3072 : 0);
	if (strcmp(kind, "P-384") == 0)
		m.digest = TSP_SHA384;
	make_all(&m, (unsigned)count);
	return 0;
}
