/*
 * Writes the requests of one time-stamping unit: every digest, with and without certificate and
 * policy, every kind of nonce, parameters NULL or absent; the cases that go with them; and what
 * curl needs to send them.  Encodes by hand, so that no decoder of ours is asked about its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsa/core/bytes.h"

enum { MAX_REQUEST = 256, MAX_POLICY = 32 };

struct digest {
	const char *name;
	uint8_t last; /* of the OID under 2.16.840.1.101.3.4.2 */
	uint8_t len;
};

static const struct digest digests[] = {
	{ "sha256", 1, 32 },
	{ "sha384", 2, 48 },
	{ "sha512", 3, 64 },
	{ "sha3-256", 8, 32 },
	{ "sha3-384", 9, 48 },
	{ "sha3-512", 10, 64 },
};

/* The first octets of the INTEGER; the others count up from 0x80. */
static const struct nonce {
	const char *name;
	size_t len;
	uint8_t first[2];
} nonces[] = {
	{ "none", 0, { 0 } },
	{ "byte", 1, { 0x2a } },
	{ "top", 9, { 0x00, 0xf1 } }, /* 64 bits, the highest of them set */
	{ "minus", 8, { 0x91, 0x02 } },
	{ "long", 64, { 0x7f, 0x01 } },
};

struct plan {
	const char *folder;
	const char *prefix; /* of file names */
	const char *url;
	const char *root;
	const char *chain;
	const char *wants;
	uint8_t policy[MAX_POLICY]; /* content octets of the one that is asked for */
	size_t policy_len;
	FILE *cases;
	FILE *curl;
};

/* One combination. */
struct choice {
	const struct digest *digest;
	const struct nonce *nonce;
	bool cert;
	bool policy;
	bool null;
};

static void put(struct writer *w, uint8_t tag, const uint8_t *at, size_t len)
{
	writer_u8(w, tag);
	if (len > 127)
		writer_u8(w, 0x81);
	writer_u8(w, (uint8_t)len);
	writer_raw(w, (struct bytes){ at, len });
}

static void put_imprint(struct writer *w, const struct choice *choice, unsigned number)
{
	uint8_t oid[] = { 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, choice->digest->last, 5, 0 };
	uint8_t hash[64];
	uint8_t room[128];
	struct writer in = { .at = room, .cap = sizeof(room) };

	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)(number * 7 + (number >> 5) + i * 31);
	put(&in, 0x30, oid, choice->null ? 13 : 11);
	put(&in, 0x04, hash, choice->digest->len);
	put(w, 0x30, room, writer_done(&in));
}

static size_t encode(
	const struct plan *plan, const struct choice *choice, unsigned number, uint8_t *out)
{
	static const uint8_t one[] = { 1 };
	static const uint8_t yes[] = { 0xff };
	uint8_t room[MAX_REQUEST];
	uint8_t nonce[64];
	struct writer in = { .at = room, .cap = sizeof(room) };
	struct writer w = { .at = out, .cap = MAX_REQUEST };

	put(&in, 0x02, one, sizeof(one));
	put_imprint(&in, choice, number);
	if (choice->policy)
		put(&in, 0x06, plan->policy, plan->policy_len);
	for (size_t i = 0; i < choice->nonce->len; i++)
		nonce[i] = i < 2 ? choice->nonce->first[i] : (uint8_t)(0x80 + i);
	if (choice->nonce->len > 0)
		put(&in, 0x02, nonce, choice->nonce->len);
	if (choice->cert)
		put(&in, 0x01, yes, sizeof(yes));
	put(&w, 0x30, room, writer_done(&in));
	return writer_done(&w);
}

static void write_one(struct plan *plan, const struct choice *choice, unsigned number)
{
	uint8_t der[MAX_REQUEST];
	size_t len = encode(plan, choice, number, der);
	char name[64];
	char path[512];
	FILE *file;

	(void)snprintf(name, sizeof(name), "%s-%03u", plan->prefix, number);
	(void)snprintf(path, sizeof(path), "%s/%s.tsq", plan->folder, name);
	file = fopen(path, "wb");
	if (len == 0 || file == NULL || fwrite(der, 1, len, file) != len || fclose(file) != 0) {
		fprintf(stderr, "requests: %s: cannot be written\n", path);
		exit(3);
	}
	fprintf(plan->cases, "%s\t%s\t%s/%s.tsr\t%s\t%s\t%s%s %s\t%s %s, %s\n", name, path,
		plan->folder, name, plan->root, plan->chain, choice->cert ? "cert" : "nocert",
		strcmp(choice->nonce->name, "minus") == 0 ? " minus" : "", plan->wants,
		plan->prefix, choice->cert ? "cert" : "nocert", plan->wants);
	fprintf(plan->curl,
		"url = \"%s\"\ndata-binary = \"@%s\"\noutput = \"%s/%s.tsr\"\n"
		"header = \"Content-Type: application/timestamp-query\"\nfail\nnext\n",
		plan->url, path, plan->folder, name);
}

/*
 * All combinations, or about a quarter of them: then policy and parameters take turns instead of
 * being multiplied.
 */
static void write_all(struct plan *plan, bool full)
{
	const size_t digest_count = sizeof(digests) / sizeof(digests[0]);
	const size_t nonce_count = sizeof(nonces) / sizeof(nonces[0]);
	unsigned number = 0;

	for (size_t i = 0; i < digest_count * nonce_count * 8; i++) {
		size_t pair = i / 8;
		struct choice choice = {
			.digest = &digests[pair % digest_count],
			.nonce = &nonces[pair / digest_count],
			.cert = (i & 1) != 0,
			.policy = (i & 2) != 0,
			.null = (i & 4) != 0,
		};

		if (full || (i / 2) % 4 == (pair + (i & 1)) % 4)
			write_one(plan, &choice, number++);
	}
}

static FILE *open_list(const char *folder, const char *name)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "a");
	if (file == NULL) {
		fprintf(stderr, "requests: %s: cannot be opened\n", path);
		exit(3);
	}
	return file;
}

static size_t read_hex(const char *text, uint8_t *out, size_t cap)
{
	size_t len = 0;

	for (; len < cap && sscanf(text + 2 * len, "%2hhx", &out[len]) == 1; len++)
		continue;
	return text[2 * len] == '\0' ? len : 0;
}

int main(int argc, char **argv)
{
	struct plan plan = { 0 };

	if (argc != 9 || (strcmp(argv[8], "full") != 0 && strcmp(argv[8], "some") != 0)) {
		fprintf(stderr, "usage: tsa-decoders-requests FOLDER PREFIX URL ROOT CHAIN WANTS "
				"POLICY-HEX full|some\n");
		return 3;
	}
	plan.folder = argv[1];
	plan.prefix = argv[2];
	plan.url = argv[3];
	plan.root = argv[4];
	plan.chain = argv[5];
	plan.wants = argv[6];
	plan.policy_len = read_hex(argv[7], plan.policy, sizeof(plan.policy));
	if (plan.policy_len == 0) {
		fprintf(stderr, "requests: POLICY-HEX: must be the octets of an OID: is %s\n",
			argv[7]);
		return 3;
	}
	plan.cases = open_list(plan.folder, "cases");
	plan.curl = open_list(plan.folder, "curl");
	write_all(&plan, strcmp(argv[8], "full") == 0);
	return fclose(plan.cases) == 0 && fclose(plan.curl) == 0 ? 0 : 3;
}
