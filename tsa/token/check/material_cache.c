/* Owns what was read and which signatures were checked, each kept once, with a limit. */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "material_part.h"
#include "tsa/tsp/der.h"

enum { DER_ENUMERATED = 0x0a };

/* Bits of the modulus, squared, times bits of the exponents; 16384-bit RSA with 65537 fits. */
#define MOST_WORK UINT64_C(5000000000)

enum { DSA_EXPONENT_BITS = 512 }; /* two exponents of at most 256 bits */

#define OID_OCSP_BASIC "1.3.6.1.5.5.7.48.1.1"

struct material_cache *material_cache_new(void)
{
	struct material_cache *cache = must_calloc(1, sizeof(*cache));

	cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	cache->digest = EVP_MD_CTX_new();
	if (cache->sha256 == NULL || cache->digest == NULL)
		abort();
	return cache;
}

static void forget_parsed(struct material_cache *cache)
{
	for (uint32_t i = 0; i < cache->parsed_table.count; i++)
		parsed_release(cache->parsed[i]);
	table_clear(&cache->parsed_table);
	cache->octets = 0;
}

void material_cache_free(struct material_cache *cache)
{
	if (cache == NULL)
		return;
	forget_parsed(cache);
	for (uint32_t i = 0; i < cache->path_table.count; i++)
		cache->path_free(cache->paths[i]);
	table_free(&cache->parsed_table);
	table_free(&cache->signature_table);
	table_free(&cache->path_table);
	free(cache->signatures);
	EVP_MD_CTX_free(cache->digest);
	EVP_MD_free(cache->sha256);
	free(cache);
}

void cache_sha256(struct material_cache *cache, struct bytes first, struct bytes second,
	uint8_t out[MATERIAL_HASH])
{
	if (EVP_DigestInit_ex2(cache->digest, cache->sha256, NULL) != 1 ||
		EVP_DigestUpdate(cache->digest, first.at, first.len) != 1 ||
		EVP_DigestUpdate(cache->digest, second.at, second.len) != 1 ||
		EVP_DigestFinal_ex(cache->digest, out, NULL) != 1)
		abort();
}

uint64_t name_hash(const X509_NAME *name)
{
	int ok = 0;

	return X509_NAME_hash_ex(name, NULL, NULL, &ok);
}

/* The BasicOCSPResponse in an OCSPResponse, or der itself if it is one. */
static bool find_basic(struct bytes der, struct bytes *basic, struct err *err)
{
	struct der all = { .rest = der };
	struct der response = der_enter(&all, DER_SEQUENCE);
	struct der wrapped;
	struct der octets;
	struct bytes status;
	char type[64];

	*basic = der;
	if (der_finished(&all) && der_next_is(&response, DER_SEQUENCE))
		return true;
	status = der_take(&response, DER_ENUMERATED);
	if (status.len == 1 && status.at[0] != 0)
		return err_set(err, "OCSP response: RFC 6960 4.2.1: its status is %u: no answer",
			status.at[0]);
	wrapped = der_enter(&response, DER_CONTEXT_CONSTRUCTED);
	octets = der_enter(&wrapped, DER_SEQUENCE);
	if (!der_oid_to_text(der_take_oid(&octets), type, sizeof(type)) ||
		strcmp(type, OID_OCSP_BASIC) != 0)
		return err_set(err, "OCSP response: RFC 6960 4.2.1: is not a basic one");
	*basic = der_take(&octets, DER_OCTET_STRING);
	if (!der_finished(&octets) || !der_finished(&wrapped) || !der_finished(&response) ||
		!der_finished(&all))
		return err_set(err, "OCSP response: RFC 6960 4.2.1: is malformed");
	return true;
}

static bool read_certificate(struct parsed *parsed, struct err *err)
{
	const uint8_t *at = parsed->der.at;

	parsed->certificate = d2i_X509(NULL, &at, (long)parsed->der.len);
	if (parsed->certificate == NULL || at != parsed->der.at + parsed->der.len)
		return err_set(err, "certificate: RFC 5280 4.1: is not an X.509 certificate");
	parsed->name = name_hash(X509_get_subject_name(parsed->certificate));
	parsed->issuer = name_hash(X509_get_issuer_name(parsed->certificate));
	return true;
}

static bool read_crl(struct parsed *parsed, struct err *err)
{
	const uint8_t *at = parsed->der.at;

	parsed->crl = d2i_X509_CRL(NULL, &at, (long)parsed->der.len);
	if (parsed->crl == NULL || at != parsed->der.at + parsed->der.len)
		return err_set(err, "CRL: RFC 5280 5.1: is not an X.509 CRL");
	parsed->name = name_hash(X509_CRL_get_issuer(parsed->crl));
	return true;
}

static bool read_ocsp(struct parsed *parsed, struct err *err)
{
	const uint8_t *at;

	if (!find_basic(buf_view(&parsed->der), &parsed->basic, err))
		return false;
	at = parsed->basic.at;
	parsed->ocsp = d2i_OCSP_BASICRESP(NULL, &at, (long)parsed->basic.len);
	if (parsed->ocsp == NULL || at != parsed->basic.at + parsed->basic.len)
		return err_set(err, "OCSP response: RFC 6960 4.2.1: is malformed");
	return true;
}

static struct parsed *parse(enum material_kind kind, struct bytes der,
	const uint8_t sha256[MATERIAL_HASH], struct err *err)
{
	static bool (*const read[])(struct parsed *, struct err *) = {
		[MATERIAL_CERTIFICATE] = read_certificate,
		[MATERIAL_CRL] = read_crl,
		[MATERIAL_OCSP] = read_ocsp,
	};
	struct parsed *parsed = must_calloc(1, sizeof(*parsed));

	parsed->references = 1;
	parsed->kind = kind;
	(void)memcpy(parsed->sha256, sha256, MATERIAL_HASH);
	buf_append(&parsed->der, der);
	if (!read[kind](parsed, err)) {
		parsed_release(parsed);
		parsed = NULL;
	}
	ERR_clear_error();
	return parsed;
}

void parsed_release(struct parsed *parsed)
{
	if (--parsed->references > 0)
		return;
	X509_free(parsed->certificate);
	crl_facts_free(parsed->crl_facts); /* points into the CRL */
	X509_CRL_free(parsed->crl);
	OCSP_BASICRESP_free(parsed->ocsp);
	buf_free(&parsed->der);
	free(parsed);
}

/* What a token carried may be long: only what is short enough for many is kept. */
static void keep(struct material_cache *cache, struct parsed *parsed)
{
	if (parsed->der.len > CACHE_MAX_OCTETS / 4)
		return;
	if (cache->parsed_table.count == CACHE_MAX_PARSED ||
		cache->octets + parsed->der.len > CACHE_MAX_OCTETS)
		forget_parsed(cache);
	cache->parsed[table_add(&cache->parsed_table, hash_start(parsed->sha256))] = parsed;
	cache->octets += parsed->der.len;
	parsed->references++;
}

struct parsed *cache_parse(struct material_cache *cache, enum material_kind kind, struct bytes der,
	const uint8_t sha256[MATERIAL_HASH], struct err *err)
{
	uint32_t i = table_first(&cache->parsed_table, hash_start(sha256));
	struct parsed *parsed;

	for (; i != TABLE_NONE; i = table_next(&cache->parsed_table, i)) {
		parsed = cache->parsed[i];
		if (parsed->kind == kind && memcmp(parsed->sha256, sha256, MATERIAL_HASH) == 0) {
			parsed->references++;
			return parsed;
		}
	}
	parsed = parse(kind, der, sha256, err);
	if (parsed != NULL)
		keep(cache, parsed);
	return parsed;
}

/* RFC 6960 4.2.1: over the octets of tbsResponseData as they came, not as we would write them. */
static bool ocsp_signed_by(const struct parsed *subject, EVP_PKEY *key)
{
	struct der all = { .rest = subject->basic };
	struct der basic = der_enter(&all, DER_SEQUENCE);
	struct bytes data = der_take_whole(&basic, DER_SEQUENCE);
	const uint8_t *at = data.at;
	ASN1_TYPE *any = basic.failed ? NULL : d2i_ASN1_TYPE(NULL, &at, (long)data.len);
	bool is =
		any != NULL &&
		ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), OCSP_resp_get0_tbs_sigalg(subject->ocsp),
			(ASN1_BIT_STRING *)OCSP_resp_get0_signature(subject->ocsp), any, key) == 1;

	ASN1_TYPE_free(any);
	return is;
}

/*
 * A stranger's key can be made to cost a hundred times what a real one does. All RSA keys with
 * usual exponents and DSA keys up to 3072 bits are below the limit: some 5 ms.
 */
static bool is_affordable(const EVP_PKEY *key)
{
	uint64_t bits = (uint64_t)EVP_PKEY_get_bits(key);
	uint64_t exponent_bits = 0;
	BIGNUM *exponent = NULL;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_DSA)
		exponent_bits = DSA_EXPONENT_BITS;
	else if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1)
		exponent_bits = (uint64_t)BN_num_bits(exponent);
	BN_free(exponent);
	return bits * bits * exponent_bits <= MOST_WORK;
}

bool parsed_signed_by(const struct parsed *subject, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool is = false;

	if (key != NULL && is_affordable(key)) {
		switch (subject->kind) {
		case MATERIAL_CERTIFICATE:
			is = X509_verify(subject->certificate, key) == 1;
			break;
		case MATERIAL_CRL:
			is = X509_CRL_verify(subject->crl, key) == 1;
			break;
		case MATERIAL_OCSP:
			is = ocsp_signed_by(subject, key);
			break;
		}
	}
	ERR_clear_error();
	return is;
}

static struct signature_result *result_of(const struct material_cache *cache, uint64_t hash,
	const struct material_item *subject, const struct material_item *issuer)
{
	uint32_t i = table_first(&cache->signature_table, hash);

	for (; i != TABLE_NONE; i = table_next(&cache->signature_table, i)) {
		struct signature_result *result = &cache->signatures[i];

		if (memcmp(result->subject, subject->sha256, MATERIAL_HASH) == 0 &&
			memcmp(result->issuer, issuer->sha256, MATERIAL_HASH) == 0)
			return result;
	}
	return NULL;
}

/* Room for one more; all are forgotten when there are too many. */
static struct signature_result *add_result(struct material_cache *cache, uint64_t hash)
{
	struct table *table = &cache->signature_table;

	if (table->count == CACHE_MAX_SIGNATURES)
		table_clear(table);
	cache->signatures =
		table_grown(cache->signatures, table->count, sizeof(*cache->signatures));
	return &cache->signatures[table_add(table, hash)];
}

bool material_signed_by(const struct material *material, const struct material_item *subject,
	const struct material_item *issuer)
{
	struct material_cache *cache = material->cache;
	uint64_t hash = hash_start(subject->sha256) ^ (hash_start(issuer->sha256) << 1);
	struct signature_result *result = result_of(cache, hash, subject, issuer);

	if (result == NULL) {
		result = add_result(cache, hash);
		(void)memcpy(result->subject, subject->sha256, MATERIAL_HASH);
		(void)memcpy(result->issuer, issuer->sha256, MATERIAL_HASH);
		result->is_good = parsed_signed_by(
			((const struct held *)subject)->parsed, issuer->certificate);
	}
	return result->is_good;
}
