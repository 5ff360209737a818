/* A root, a CA, its TSU, and those who may speak of the TSU's revocation. */
#ifndef TSA_TESTS_REVOCATION_FIXTURE_H
#define TSA_TESTS_REVOCATION_FIXTURE_H

#include "make_revocation.h"
#include "tsa/token/check/revocation.h"

#define DAY INT64_C(86400)
#define YEAR (365 * DAY)
#define START INT64_C(1577836800) /* 2020-01-01, notBefore of all */
#define THIS (START + 100 * DAY) /* thisUpdate, unless a test says otherwise */
#define NEXT (THIS + 7 * DAY)

enum who { ROOT, CA, TSU, RESPONDER, CRL_ISSUER, OTHER_CA, OTHER_ROOT, WHO };

struct world {
	EVP_PKEY *keys[WHO];
	X509 *certificates[WHO];
	struct material_cache *cache;
	struct material *material;
	struct path path; /* of the TSU */
	struct revocation found[REVOCATION_MAX];
	unsigned count;
};

/* The common name of each, which is its whole name. */
extern const char *const world_names[WHO];

/* A world for each test, as its state. */
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_start, world_stop)
int world_start(void **state);
int world_stop(void **state);

struct world *world_new(void);
void world_free(struct world *world);
/* Forgets all objects but the certificates. */
void world_clear(struct world *world);
/* A certificate like that of who, with another last extension, in the place of it. */
void world_replace(struct world *world, enum who who, const struct make_extension *extension,
	const char *sections);
/* Its item in the material. */
const struct material_item *world_item(const struct world *world, enum who who);

/* Adds and takes the object. */
void world_give(struct world *world, enum material_kind kind, struct buf der);
/* A CRL of the CA at THIS without entries, to be changed. */
struct make_crl world_crl(const struct world *world);
/* Good from the CA's responder at THIS, to be changed. */
struct make_ocsp world_ocsp(const struct world *world);
/* An entry for the TSU at THIS - 1 day. */
struct make_crl_entry world_entry(const struct world *world, int reason);
void world_give_crl(struct world *world, const struct make_crl *how);
void world_give_ocsp(struct world *world, const struct make_ocsp *how);
/* Asks about path->at[index]; the results are in found. */
unsigned world_look(struct world *world, unsigned index);
/* Asks about the TSU: one result, of that state. Returns it. */
const struct revocation *world_one(struct world *world, enum revocation_state state);
/* One unusable result whose why has the text. */
void world_unusable(struct world *world, const char *why);

#endif
