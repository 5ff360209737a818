/*
 * Paths of tokens of the world: the corpus' self-signed certificates are trusted, and every signer
 * whose chain its index knows to be complete has a path that holds.
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
#include <jansson.h>
#include <openssl/pem.h>

#include "path_fixture.h"
#include "read_file.h"
#include "tools/verify/signer.h"

struct corpus {
	const char *folder;
	struct material_cache *cache;
	struct material *base;
	STACK_OF(X509) * certificates;
	unsigned wanted;
	unsigned found;
	unsigned held;
	unsigned by_eku; /* found, and refused by longterm.md 1.1 row 12 */
	unsigned others;
	unsigned others_found;
};

static void add_certificate(struct corpus *corpus, X509 *certificate)
{
	assert_true(sk_X509_push(corpus->certificates, certificate) > 0);
	if (X509_self_signed(certificate, 1) == 1)
		path_add_anchor(corpus->base, certificate);
	else
		(void)path_add(corpus->base, certificate, FROM_CALLER);
}

/* DER or any number of PEM. */
static void add_certificates(struct corpus *corpus, const char *folder, const char *name)
{
	struct buf buf = read_file(folder, name);
	const uint8_t *at = buf.at;
	X509 *certificate = d2i_X509(NULL, &at, (long)buf.len);
	BIO *bio = BIO_new_mem_buf(buf.at, (int)buf.len);

	if (certificate != NULL)
		add_certificate(corpus, certificate);
	else
		while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
			add_certificate(corpus, certificate);
	BIO_free(bio);
	buf_free(&buf);
}

static void read_certificates(struct corpus *corpus)
{
	char folder[1024];
	struct dirent **entries = NULL;
	int count;

	(void)snprintf(folder, sizeof(folder), "%s/certs", corpus->folder);
	count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			add_certificates(corpus, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

/* Its embedded certificates come from the token; a root of these is no anchor but by certs/. */
static unsigned look_for(struct corpus *corpus, const char *name, struct paths *paths)
{
	struct buf buf = read_file(corpus->folder, name);
	struct material *own = material_new(corpus->cache, corpus->base);
	struct token_file file;
	struct signer signer;
	char missing[VERDICT_TEXT];

	(void)memset(paths, 0, sizeof(*paths));
	token_file_read(buf_view(&buf), &file);
	signer_find(&file, corpus->certificates, &signer);
	for (int i = 0; i < sk_X509_num(signer.embedded); i++)
		(void)path_add(own, sk_X509_value(signer.embedded, i), FROM_TOKEN);
	if (signer.certificate == NULL) {
		print_message("%s: its signer is not at hand\n", name);
	} else {
		paths_find(
			own, path_add(own, signer.certificate, FROM_TOKEN), NID_time_stamp, paths);
		if (paths->count == 0) {
			path_missing_issuer(paths->dead_end, missing);
			print_message("%s: no path%s: %s\n", name,
				paths->dead_end_is_root ? ", root" : "", missing);
		} else if (!paths->at[0].holds) {
			print_message("%s: %s\n", name, paths->at[0].flaw.text);
		}
	}
	signer_wipe(&signer);
	token_file_wipe(&file);
	material_free(own);
	buf_free(&buf);
	return paths->count;
}

static void look_at(struct corpus *corpus, json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "file"));
	struct paths paths;
	unsigned count = look_for(corpus, name, &paths);

	if (json_is_true(json_object_get(entry, "chain_to_selfsigned"))) {
		corpus->wanted++;
		corpus->found += count > 0;
		corpus->held += count > 0 && paths.at[0].holds;
		corpus->by_eku += count > 0 && strstr(paths.at[0].flaw.text, "extended key usage");
	} else {
		corpus->others++;
		corpus->others_found += count > 0 && paths.at[0].holds;
	}
}

static void complete_chains_are_paths_that_hold(void **unused)
{
	const char *given = getenv("TSA_CORPUS");
	struct corpus corpus = { .folder = given == NULL ? TSA_CORPUS_DEFAULT : given };
	char index[1024];
	json_t *all;
	size_t i;
	json_t *entry;

	(void)unused;
	(void)snprintf(index, sizeof(index), "%s/index.json", corpus.folder);
	all = json_load_file(index, 0, NULL);
	if (all == NULL) {
		print_message("corpus not present\n");
		return;
	}
	corpus.cache = material_cache_new();
	corpus.base = material_new(corpus.cache, NULL);
	corpus.certificates = sk_X509_new_null();
	read_certificates(&corpus);
	json_array_foreach(json_object_get(all, "tokens"), i, entry) look_at(&corpus, entry);
	print_message("complete chains: %u; with a path: %u; that holds: %u; "
		      "refused for a CA's EKU: %u; others: %u; of these %u have one\n",
		corpus.wanted, corpus.found, corpus.held, corpus.by_eku, corpus.others,
		corpus.others_found);
	assert_true(corpus.wanted > 0);
	assert_int_equal(corpus.held + corpus.by_eku, corpus.wanted);
	/* FJ_Signing_CA, a test PKI, is a CA for OCSPSigning alone. */
	assert_int_equal(corpus.by_eku, 2);
	json_decref(all);
	sk_X509_pop_free(corpus.certificates, X509_free);
	material_free(corpus.base);
	material_cache_free(corpus.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_chains_are_paths_that_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
