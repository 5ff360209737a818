/* CRLs by another than the issuer of the certificate: RFC 5280 5.3.3, 6.3.3 f. */
#include "revocation_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDP "issuingDistributionPoint"
#define POINTS "crlDistributionPoints"
#define URL "http://example.test/ca.crl"

static const char indirect_sections[] =
	"[dp]\nfullname=URI:" URL "\nCRLissuer=dirName:issuer\n[issuer]\nCN=CRL issuer\n";

static struct make_crl indirect_crl(const struct world *world)
{
	struct make_crl how = world_crl(world);

	how.issuer = world->certificates[CRL_ISSUER];
	how.key = world->keys[CRL_ISSUER];
	how.extensions[0] =
		(struct make_extension){ IDP, "critical,fullname:URI:" URL ",indirectCRL:TRUE" };
	return how;
}

static void name_the_crl_issuer(struct world *world)
{
	const struct make_extension points = { POINTS, "dp" };

	world_replace(world, TSU, &points, indirect_sections);
}

static void an_indirect_crl_speaks_if_the_certificate_names_its_issuer(void **state)
{
	struct world *world = *state;
	struct make_crl how = indirect_crl(world);
	const struct revocation *r;

	world_give_crl(world, &how);
	assert_int_equal(world_look(world, 0), 0);

	name_the_crl_issuer(world);
	how = indirect_crl(world);
	world_give_crl(world, &how);
	r = world_one(world, REVOCATION_GOOD);
	assert_ptr_equal(r->signer, world_item(world, CRL_ISSUER));
	assert_int_equal(r->signer_path.length, 2);

	world_clear(world);
	how.extensions[0].value = "critical,fullname:URI:" URL;
	world_give_crl(world, &how); /* RFC 5280 6.3.3 b 1: must say that it is indirect */
	world_unusable(world, "6.3.3 b");
}

static void entries_of_an_indirect_crl_have_the_issuer_before(void **state)
{
	struct world *world = *state;
	struct make_crl how;

	name_the_crl_issuer(world);
	how = indirect_crl(world);
	how.entries[0] = world_entry(world, REASON_SUPERSEDED); /* of the CRL issuer itself */
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	how.entries[0].issuer = "Other CA";
	how.entries[1] = how.entries[0];
	how.entries[1].issuer = NULL;
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	how.entries[0].certificate = world->certificates[RESPONDER];
	how.entries[0].issuer = "CA";
	how.entries[1].issuer = NULL;
	world_give_crl(world, &how);
	assert_int_equal(world_one(world, REVOCATION_REVOKED)->reason, REASON_SUPERSEDED);
}

static void a_foreign_entry_in_a_direct_crl_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.entries[0] = world_entry(world, REASON_SUPERSEDED);
	how.entries[0].issuer = "Other CA";
	world_give_crl(world, &how);
	world_unusable(world, "the CRL is not indirect");
}

static void a_crl_issuer_that_is_revoked_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_crl how;
	struct make_crl of_root;

	name_the_crl_issuer(world);
	how = indirect_crl(world);
	world_give_crl(world, &how);
	of_root = world_crl(world);
	of_root.issuer = world->certificates[ROOT];
	of_root.key = world->keys[ROOT];
	of_root.entries[0] = world_entry(world, REASON_SUPERSEDED);
	of_root.entries[0].certificate = world->certificates[CRL_ISSUER];
	of_root.entries[0].date = THIS + DAY; /* after it signed */
	world_give_crl(world, &of_root);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	of_root.entries[0].date = THIS;
	world_give_crl(world, &how);
	world_give_crl(world, &of_root);
	world_unusable(world, "its signer is revoked");

	world_clear(world);
	of_root.entries[0].date = THIS + DAY;
	of_root.entries[0].reason = REASON_KEY_COMPROMISE;
	world_give_crl(world, &how);
	world_give_crl(world, &of_root);
	world_unusable(world, "its signer is revoked");
}

static void a_crl_issuer_under_another_anchor_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_crl how;
	struct make_certificate false_issuer = { .common_name = "CRL issuer",
		.not_before = START,
		.not_after = START + YEAR,
		.extensions = { { "keyUsage", "critical,cRLSign" } } };
	X509 *certificate;
	uint8_t *der = NULL;
	int len;
	struct buf octets = { 0 };

	name_the_crl_issuer(world);
	false_issuer.key = world->keys[OTHER_CA];
	false_issuer.issuer = world->certificates[OTHER_ROOT];
	false_issuer.issuer_key = world->keys[OTHER_ROOT];
	certificate = make_certificate(&false_issuer);
	len = i2d_X509(certificate, &der);
	buf_append(&octets, (struct bytes){ der, (size_t)len });
	world_give(world, MATERIAL_CERTIFICATE, octets);
	how = indirect_crl(world);
	how.key = world->keys[OTHER_CA];
	world_give_crl(world, &how);
	world_unusable(world, "no path from its issuer to the certificate's anchor");
	OPENSSL_free(der);
	X509_free(certificate);
}

/* A token may carry what it likes: the caller's certificates are tried first. */
static void a_flood_of_false_issuers_does_not_hide_the_true_one(void **state)
{
	struct world *world = *state;
	struct material *base = world->material;
	struct make_certificate false_issuer = { .common_name = "CRL issuer",
		.not_before = START,
		.not_after = START + YEAR,
		.extensions = { { "keyUsage", "critical,cRLSign" } } };
	struct make_crl how;
	struct err err;

	name_the_crl_issuer(world);
	how = indirect_crl(world);
	world_give_crl(world, &how);
	world->material = material_new(world->cache, base);
	false_issuer.key = world->keys[OTHER_CA];
	false_issuer.issuer = world->certificates[OTHER_ROOT];
	false_issuer.issuer_key = world->keys[OTHER_ROOT];
	for (int i = 0; i < 100; i++) {
		X509 *certificate = make_certificate(&false_issuer);
		uint8_t *der = NULL;
		int len = i2d_X509(certificate, &der);

		assert_true(material_add(world->material, MATERIAL_CERTIFICATE, FROM_TOKEN,
			(struct bytes){ der, (size_t)len }, "token", NULL, &err));
		OPENSSL_free(der);
		X509_free(certificate);
	}
	(void)world_one(world, REVOCATION_GOOD);
	material_free(world->material);
	world->material = base;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(an_indirect_crl_speaks_if_the_certificate_names_its_issuer),
		WORLD_TEST(entries_of_an_indirect_crl_have_the_issuer_before),
		WORLD_TEST(a_foreign_entry_in_a_direct_crl_is_unusable),
		WORLD_TEST(a_crl_issuer_that_is_revoked_is_unusable),
		WORLD_TEST(a_crl_issuer_under_another_anchor_is_unusable),
		WORLD_TEST(a_flood_of_false_issuers_does_not_hide_the_true_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
