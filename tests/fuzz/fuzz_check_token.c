/*
 * token_check(): whatever comes as a token, the rows end in a verdict.  What passes is held against
 * OpenSSL's CMS_verify() over the octets as they came, which shares no parser with ours.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/cmserr.h>
#include <openssl/err.h>

#include "tsa/token/check/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The authority of the corpus' made tokens, trusted. */
static struct material *shared(struct material_cache *cache)
{
	struct material *material = material_new(cache, NULL);
	FILE *file = fopen(TSA_TEST_DATA "/corpus/certs/made-root-A.cer", "rb");
	struct err err = { 0 };
	uint8_t room[4096];
	size_t len;

	if (file == NULL)
		abort();
	len = fread(room, 1, sizeof(room), file);
	if (!material_add_anchor(material, (struct bytes){ room, len }, "anchor", &err))
		abort();
	(void)fclose(file);
	return material;
}

static unsigned any_digest(void *arg, const EVP_MD *digest, uint8_t *out)
{
	(void)arg;
	(void)memset(out, 0, (size_t)EVP_MD_get_size(digest));
	return (unsigned)EVP_MD_get_size(digest);
}

/*
 * digestAlgorithms, which are not signed and a hint only (RFC 5652 5.1), are the signer's: OpenSSL
 * does not verify by others.
 */
static bool hints_rightly(const struct token_file *file)
{
	struct ber_walk walk = ber_inside(&file->tree, file->cms.digest_algorithms);
	const struct ber_node *hint = ber_next(&walk);

	return hint != NULL && ber_finished(&walk) &&
	       bytes_equal(hint->whole, file->cms.signer.digest_algorithm->whole);
}

/* Unsigned attributes that OpenSSL wants signed decide nothing either. */
static bool is_about_unsigned(const struct token_facts *facts)
{
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		if (ERR_GET_LIB(code) == ERR_LIB_CMS &&
			ERR_GET_REASON(code) == CMS_R_ATTRIBUTE_ERROR)
			return facts->file.cms.signer.unsigned_attrs != NULL;
	return false;
}

/* EdDSA is beyond OpenSSL 3.0's CMS code; a bag with something else in it beyond its parser. */
static bool cms_agrees(const struct token_facts *facts)
{
	X509 *signer = facts->signer->certificate;
	struct bytes token = facts->file.cms.whole->whole;
	const uint8_t *at = token.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)token.len);
	STACK_OF(X509) *certificates = sk_X509_new_null();
	int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(signer));
	bool agrees = true;

	if (certificates == NULL || sk_X509_push(certificates, signer) != 1)
		abort();
	if (cms != NULL && hints_rightly(&facts->file) && kind != EVP_PKEY_ED25519 &&
		kind != EVP_PKEY_ED448)
		agrees = CMS_verify(cms, certificates, NULL, NULL, NULL,
				 CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) == 1 ||
			 is_about_unsigned(facts);
	sk_X509_free(certificates);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return agrees;
}

static size_t count_fails(const struct verdict *verdict)
{
	size_t fails = 0;

	for (unsigned i = 0; i < verdict->line_count; i++)
		fails += verdict->lines[i].result == CHECK_FAIL;
	return fails;
}

static void check(const struct token_facts *facts, const struct verdict *verdict)
{
	const struct token_file *file = &facts->file;

	if (ERR_peek_error() != 0 || verdict->line_count == 0)
		abort();
	if ((verdict->status == CHECK_PASSED) != (count_fails(verdict) == 0))
		abort();
	if (verdict->status != CHECK_PASSED) {
		if (verdict->sub == SUB_NONE || verdict->why[0] == '\0')
			abort();
		return;
	}
	if (file->tree.rest.len > 0 || file->cms.signer_count != 1 || !file->tst.decoded ||
		facts->signer == NULL || facts->imprint_digest == NID_undef)
		abort();
	if (!cms_agrees(facts))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct material_cache *cache;
	static struct material *base, *material;
	static struct verdict verdict;
	struct token_wants wants = { 0 };

	if (cache == NULL) {
		cache = material_cache_new();
		base = shared(cache);
		material = material_new(cache, base);
	}
	for (int with_data = 0; with_data < 2; with_data++) {
		struct token_facts facts;

		wants.data = with_data == 1 ? any_digest : NULL;
		material_clear(material);
		verdict_start(&verdict);
		token_check((struct bytes){ data, size }, &wants, material, &facts, &verdict);
		check(&facts, &verdict);
		token_wipe(&facts);
	}
	return 0;
}
