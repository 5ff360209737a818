/*
 * What the corpus' CRLs and OCSP responses, given and carried, say about the certificates on the
 * paths of its tokens: each is good, or unusable for a reason that was looked into.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <openssl/pem.h>

#include "read_file.h"
#include "tsa/token/check/revocation.h"
#include "tsa/token/check/token.h"

enum { MAX_SEEN = 4096 };

/* A certificate and an object that speaks of it. */
struct pair {
	uint8_t certificate[MATERIAL_HASH];
	uint8_t object[MATERIAL_HASH];
};

struct corpus {
	const char *folder;
	struct material_cache *cache;
	struct material *base;
	struct pair seen[MAX_SEEN];
	unsigned seen_count;
	unsigned tokens; /* with a path */
	unsigned asked; /* certificates */
	unsigned states[REVOCATION_UNUSABLE + 1]; /* of pairs */
	unsigned ocsp;
	unsigned delegated; /* usable, by another signer than the issuer */
	unsigned keeping; /* usable, with a word about expired certificates */
};

typedef void take_file(struct corpus *corpus, const char *name, struct bytes octets);

static void each_file(struct corpus *corpus, const char *below, take_file *take)
{
	char folder[512];
	struct dirent **entries = NULL;
	int count;

	(void)snprintf(folder, sizeof(folder), "%s/%s", corpus->folder, below);
	count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		struct buf buf = { 0 };

		if (entries[i]->d_name[0] != '.') {
			buf = read_file(folder, entries[i]->d_name);
			take(corpus, entries[i]->d_name, buf_view(&buf));
		}
		buf_free(&buf);
		free(entries[i]);
	}
	free(entries);
}

static void add(struct corpus *corpus, enum material_kind kind, const char *name, struct bytes der)
{
	struct err err;
	const uint8_t *at = der.at;
	X509 *certificate =
		kind == MATERIAL_CERTIFICATE ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	bool is_root = certificate != NULL && X509_self_signed(certificate, 1) == 1;

	if (is_root ? !material_add_anchor(corpus->base, der, name, &err)
		    : !material_add(corpus->base, kind, FROM_CALLER, der, name, NULL, &err))
		print_message("%s: %s\n", name, err.text);
	X509_free(certificate);
}

/* DER or any number of PEM. */
static void take_material(struct corpus *corpus, const char *name, struct bytes octets)
{
	BIO *bio = BIO_new_mem_buf(octets.at, (int)octets.len);
	char *kind;
	char *header;
	uint8_t *der;
	long len;
	bool any = false;

	if (strncmp(name, "made-", 5) == 0) {
		BIO_free(bio);
		return;
	}
	while (PEM_read_bio(bio, &kind, &header, &der, &len) == 1) {
		add(corpus, strstr(kind, "CRL") ? MATERIAL_CRL : MATERIAL_CERTIFICATE, name,
			(struct bytes){ der, (size_t)len });
		OPENSSL_free(kind);
		OPENSSL_free(header);
		OPENSSL_free(der);
		any = true;
	}
	BIO_free(bio);
	if (any)
		return;
	add(corpus,
		strstr(name, ".crl")   ? MATERIAL_CRL
		: strstr(name, ".ors") ? MATERIAL_OCSP
				       : MATERIAL_CERTIFICATE,
		name, octets);
}

static bool is_new(struct corpus *corpus, const struct material_item *certificate,
	const struct material_item *object)
{
	struct pair *pair = &corpus->seen[corpus->seen_count];

	assert_true(corpus->seen_count < MAX_SEEN);
	(void)memcpy(pair->certificate, certificate->sha256, MATERIAL_HASH);
	(void)memcpy(pair->object, object->sha256, MATERIAL_HASH);
	for (unsigned i = 0; i < corpus->seen_count; i++)
		if (memcmp(&corpus->seen[i], pair, sizeof(*pair)) == 0)
			return false;
	corpus->seen_count++;
	return true;
}

static void note(struct corpus *corpus, const char *token, const struct material_item *certificate,
	const struct revocation *r)
{
	char name[256];

	if (!is_new(corpus, certificate, r->object))
		return;
	corpus->states[r->state]++;
	corpus->ocsp += r->object->kind == MATERIAL_OCSP;
	if (r->state != REVOCATION_UNUSABLE) {
		corpus->delegated += r->signer_path.length > 0;
		corpus->keeping += r->keeps_since != INT64_MAX;
	}
	if (r->state == REVOCATION_GOOD)
		return;
	X509_NAME_oneline(X509_get_subject_name(certificate->certificate), name, sizeof(name));
	print_message("%s: %s: %s: %s%s\n", token, name, r->object->source,
		r->state == REVOCATION_REVOKED ? "revoked" : "", r->why);
}

static void take_token(struct corpus *corpus, const char *name, struct bytes octets)
{
	const struct token_wants wants = { 0 };
	struct material *own = material_new(corpus->cache, corpus->base);
	struct token_facts facts = { 0 };
	struct verdict *verdict = must_calloc(1, sizeof(*verdict));
	struct revocation found[REVOCATION_MAX];
	struct paths paths = { 0 };

	verdict_start(verdict);
	token_check(octets, &wants, own, &facts, verdict);
	if (facts.signer != NULL)
		paths_find(own, facts.signer, NID_time_stamp, &paths);
	corpus->tokens += paths.count > 0;
	for (unsigned i = 0; paths.count > 0 && i + 1 < paths.at[0].length; i++) {
		unsigned count = revocation_look(own, &paths.at[0], i, found);

		corpus->asked++;
		for (unsigned k = 0; k < count; k++)
			note(corpus, name, paths.at[0].at[i], &found[k]);
	}
	token_wipe(&facts);
	free(verdict);
	material_free(own);
}

/*
 * Unusable are: a LuxTrust CRL of another partition than the TSU's, and two CRLs that a test root
 * signed with its keys before and after (openssl crl -CAfile: verify failure).
 */
static void judge(const struct corpus *corpus)
{
	print_message("tokens with a path: %u; certificates asked about: %u; answers: good %u, "
		      "revoked %u, unusable %u; by OCSP %u; usable by another signer than the "
		      "issuer %u; usable with a word about expired certificates %u\n",
		corpus->tokens, corpus->asked, corpus->states[REVOCATION_GOOD],
		corpus->states[REVOCATION_REVOKED], corpus->states[REVOCATION_UNUSABLE],
		corpus->ocsp, corpus->delegated, corpus->keeping);
	assert_int_equal(corpus->states[REVOCATION_REVOKED], 0);
	assert_int_equal(corpus->states[REVOCATION_UNUSABLE], 3);
	assert_true(corpus->states[REVOCATION_GOOD] >= 150);
	assert_true(corpus->keeping > 0 && corpus->delegated > 0);
}

static void nothing_is_unusable_without_a_reason(void **unused)
{
	const char *given = getenv("TSA_CORPUS");
	struct corpus *corpus = must_calloc(1, sizeof(*corpus));

	(void)unused;
	corpus->folder = given == NULL ? TSA_CORPUS_DEFAULT : given;
	corpus->cache = material_cache_new();
	corpus->base = material_new(corpus->cache, NULL);
	each_file(corpus, "certs", take_material);
	each_file(corpus, "crls", take_material);
	each_file(corpus, "tokens", take_token);
	if (corpus->tokens == 0)
		print_message("corpus not present\n");
	else
		judge(corpus);
	material_free(corpus->base);
	material_cache_free(corpus->cache);
	free(corpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_unusable_without_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
