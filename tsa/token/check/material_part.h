/* What material.c, material_cache.c, material_poe.c and path.c share; for nobody else. */
#ifndef TSA_TOKEN_CHECK_MATERIAL_PART_H
#define TSA_TOKEN_CHECK_MATERIAL_PART_H

#include <string.h>

#include "material.h"
#include "table.h"

enum {
	MATERIAL_KINDS = 3,
	CACHE_MAX_PARSED = 1024, /* objects; one takes some 10 KiB */
	CACHE_MAX_OCTETS = 16 << 20, /* of their DER; parsed they take some ten times as much */
	CACHE_MAX_SIGNATURES = 16384, /* results of signature checks */
	CACHE_MAX_PATHS = 1024, /* results of path_find */
};

struct crl_facts; /* of revocation_crl_facts.c */

/* An object read once; the cache and the items that stand for it count it. */
struct parsed {
	unsigned references;
	enum material_kind kind;
	uint8_t sha256[MATERIAL_HASH];
	X509 *certificate;
	X509_CRL *crl;
	OCSP_BASICRESP *ocsp;
	uint64_t name; /* hash of a certificate's subject, of a CRL's issuer */
	uint64_t issuer; /* hash of a certificate's issuer */
	struct buf der;
	struct bytes basic; /* the BasicOCSPResponse within der */
	struct crl_facts *crl_facts; /* of revocation_crl_facts.c; NULL: not yet asked for */
	bool has_key_sha1; /* of revocation_signer.c */
	uint8_t key_sha1[20];
};

struct held {
	struct material_item item; /* first: an item is the held that it is in */
	struct parsed *parsed;
	char *source;
};

/* All of one kind, in the order in which they came. */
struct shelf {
	struct held **at;
	uint32_t from_token;
	struct table by_hash; /* its count is the shelf's */
	struct table by_name;
};

struct poe {
	uint8_t sha256[MATERIAL_HASH];
	int64_t time;
	char *from;
	EVP_PKEY *by; /* the key that vouches; NULL: not said */
};

struct inside {
	uint8_t inner[MATERIAL_HASH];
	uint8_t outer[MATERIAL_HASH];
};

struct material {
	struct material_cache *cache;
	const struct material *base;
	struct shelf shelves[MATERIAL_KINDS];
	uint8_t certificates[MATERIAL_HASH]; /* over the certificates in their order */
	struct poe *poes;
	struct table poe_table;
	struct inside *insides;
	struct table inside_table; /* by inner */
};

struct signature_result {
	uint8_t subject[MATERIAL_HASH];
	uint8_t issuer[MATERIAL_HASH];
	bool is_good;
};

struct path_result; /* of path_cache.c */

struct material_cache {
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	struct parsed *parsed[CACHE_MAX_PARSED];
	struct table parsed_table;
	size_t octets;
	struct signature_result *signatures;
	struct table signature_table;
	struct path_result *paths[CACHE_MAX_PATHS];
	struct table path_table;
	void (*path_free)(struct path_result *); /* set by whoever adds one */
};

static inline uint64_t hash_start(const uint8_t sha256[MATERIAL_HASH])
{
	uint64_t start;

	(void)memcpy(&start, sha256, sizeof(start));
	return start;
}

/* SHA-256 of both, one after the other. */
void cache_sha256(struct material_cache *cache, struct bytes first, struct bytes second,
	uint8_t out[MATERIAL_HASH]);
/* The object of that DER, read or out of the cache; NULL and err. parsed_release() it. */
struct parsed *cache_parse(struct material_cache *cache, enum material_kind kind, struct bytes der,
	const uint8_t sha256[MATERIAL_HASH], struct err *err);
void parsed_release(struct parsed *parsed);
/* Is subject's signature by issuer's key?  Not kept. */
bool parsed_signed_by(const struct parsed *subject, X509 *issuer);
/* NULL does nothing. */
void crl_facts_free(struct crl_facts *facts);
uint64_t name_hash(const X509_NAME *name);
void material_poe_clear(struct material *material);

#endif
