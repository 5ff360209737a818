/*
 * What is known beside the token: certificates, CRLs, OCSP responses, and since when each is known
 * to exist (POE).  A material may stand on another that all tokens share; what one token carries is
 * in a material of its own, so that no token's verdict depends on another's.  Parsed certificates
 * and the results of signature checks are kept by hash in a cache that has a limit.
 */
#ifndef TSA_TOKEN_CHECK_MATERIAL_H
#define TSA_TOKEN_CHECK_MATERIAL_H

#include <stdint.h>

#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "tsa/core/bytes.h"
#include "tsa/core/err.h"

enum {
	MATERIAL_HASH = 32, /* SHA-256 */
	MATERIAL_MAX_CERTIFICATES = 65536, /* in one material */
	MATERIAL_MAX_REVOCATIONS = 4096, /* CRLs and OCSP responses in one material */
	MATERIAL_MAX_TOKEN_CERTIFICATES = 256, /* read of those that a token carries */
	MATERIAL_MAX_TOKEN_REVOCATIONS = 64,
	MATERIAL_MAX_CRL = 64 << 20, /* octets of a CRL given by the caller */
	MATERIAL_MAX_OBJECT = 4 << 20, /* octets of any other object */
	MATERIAL_MAX_BASES = 8, /* materials that stand on one another */
	MATERIAL_MAX_RESPONDERS = 8, /* certificates taken out of an OCSP response */
	MATERIAL_MAX_INSIDE = 8, /* things inside one another, for a proof of existence */
	MATERIAL_MAX_OUTER = 256, /* things looked at for one proof of existence */
};

#define POE_NONE INT64_MAX

enum material_kind { MATERIAL_CERTIFICATE, MATERIAL_CRL, MATERIAL_OCSP };
enum material_from {
	FROM_CALLER, /* the command line, a bundle, the network */
	FROM_TOKEN, /* carried by the token: unsigned, so its absence from the path is no fault */
};

struct material_item {
	enum material_kind kind;
	enum material_from from;
	uint8_t sha256[MATERIAL_HASH]; /* of its DER */
	bool is_anchor;
	X509 *certificate; /* by kind; owned by the cache or the material */
	X509_CRL *crl;
	OCSP_BASICRESP *ocsp;
	struct bytes der; /* its octets as they came */
	const char *source; /* for reports: file name, "token", URL; owned */
};

struct material_cache;
struct material;

/*
 * One for a run or thread. Holds so many parsed objects and results, and forgets all of a kind when
 * that is full; the items of living materials stay as they are.
 */
struct material_cache *material_cache_new(void);
void material_cache_free(struct material_cache *cache);

/*
 * base (may be NULL) is borrowed and looked in after the new one; aborts past MATERIAL_MAX_BASES.
 * All of it belongs to the thread of its cache.
 */
struct material *material_new(struct material_cache *cache, const struct material *base);
void material_free(struct material *material);
/* Forgets what was added, for the next token; its items are gone. */
void material_clear(struct material *material);

/*
 * Adds what the DER is, unless it is there already, in material or its base (an anchor stays one).
 * False and err if it is not that, or past a limit. der is copied; item (may be NULL) gets the one
 * that is there. What a token carried and the caller gives as well is from the caller. An OCSP
 * response is an OCSPResponse (RFC 6960 4.2.1) or a BasicOCSPResponse; the certificates in it are
 * added too, as inside it.
 */
MUST_CHECK bool material_add(struct material *material, enum material_kind kind,
	enum material_from from, struct bytes der, const char *source,
	const struct material_item **item, struct err *err);
/* A trust anchor: its name and key are believed (RFC 5280 6.1.1 d); see path.h for its dates. */
MUST_CHECK bool material_add_anchor(
	struct material *material, struct bytes der, const char *source, struct err *err);

/*
 * Walks all items of a kind in material and its base: start with *at = 0; NULL at the end. Nothing
 * may be added meanwhile.
 */
const struct material_item *material_next(
	const struct material *material, enum material_kind kind, size_t *at);
/* The same for certificates whose subject is name (RFC 5280 7.1); uses an index. */
const struct material_item *material_next_named(
	const struct material *material, const X509_NAME *name, size_t *at);

/* The same for CRLs whose issuer is name. */
const struct material_item *material_next_crl(
	const struct material *material, const X509_NAME *name, size_t *at);
/* The item of that hash in material or its base; NULL if there is none. */
const struct material_item *material_find(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH]);

/*
 * True if subject's signature is by issuer's key (certificates, CRLs, OCSP responses). Each pair is
 * checked once; the result is kept in the cache. Whether its algorithms are relied on is not asked.
 */
bool material_signed_by(const struct material *material, const struct material_item *subject,
	const struct material_item *issuer);

/*
 * Proofs of existence, by SHA-256 of an object's octets: the earliest one stays. from is copied.
 * material_poe() looks in the base as well; POE_NONE if there is none. *from (from may be NULL)
 * lives until material_clear().
 */
void material_add_poe(struct material *material, const uint8_t sha256[MATERIAL_HASH], int64_t time,
	const char *from);
int64_t material_poe(
	const struct material *material, const uint8_t sha256[MATERIAL_HASH], const char **from);
/*
 * The same, by whose key; the earliest by each key stays. material_poe_by_other() leaves out what
 * that key (may be NULL) vouches for: a token's own proves nothing about it, not even from around.
 */
void material_add_poe_by(struct material *material, const uint8_t sha256[MATERIAL_HASH],
	int64_t time, const char *from, EVP_PKEY *by);
int64_t material_poe_by_other(const struct material *material, const uint8_t sha256[MATERIAL_HASH],
	const EVP_PKEY *key, const char **from);
/*
 * The octets of a thing have this SHA-256 and are inside that other one: what proves the outer
 * proves the inner. Chains of these are followed, no deeper than MATERIAL_MAX_INSIDE.
 */
void material_add_inside(struct material *material, const uint8_t inner[MATERIAL_HASH],
	const uint8_t outer[MATERIAL_HASH]);

#endif
