/*
 * The facts that each CRL of the revocation matrix (longterm.md 1.3, 1.4) gives about its TSU.
 * What they do to a token is the models' to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cms.h>

#include "read_file.h"
#include "tsa/token/check/revocation.h"

#define DATA TSA_TEST_DATA "/corpus/"
#define NONE INT64_MAX

/* Seconds of the dates, by date(1). */
enum {
	MAY_2021 = 1619827200, /* 05-01 */
	MAY_20_2021 = 1621468800,
	JUNE_15_2021 = 1623715200,
	JUNE_20_2021 = 1624147200,
	JULY_15_2021 = 1626307200,
	AUG_15_2021 = 1628985600,
	SEP_2021 = 1630454400, /* 09-01 */
	SEP_2_2021 = 1630540800,
	OCT_2_2021 = 1633132800,
	JUNE_2022 = 1654041600,
	JULY_2022 = 1656633600,
};

struct row {
	const char *file;
	enum revocation_state state;
	int reason;
	int64_t this_update;
	int64_t next_update;
	int64_t date;
	int64_t since;
};

#define AFTER SEP_2_2021, OCT_2_2021
#define SILENT REASON_ABSENT
static const struct row rows[] = {
	{ "01-not-revoked", REVOCATION_GOOD, SILENT, JUNE_15_2021, JULY_15_2021, NONE, NONE },
	{ "02-superseded-after", REVOCATION_REVOKED, 4, AFTER, SEP_2021, SEP_2021 },
	{ "03-cessation-after", REVOCATION_REVOKED, 5, AFTER, SEP_2021, SEP_2021 },
	{ "04-affiliationChanged-after", REVOCATION_REVOKED, 3, AFTER, SEP_2021, SEP_2021 },
	{ "05-unspecified-explicit-after", REVOCATION_REVOKED, 0, AFTER, SEP_2021, SEP_2021 },
	{ "06-superseded-before", REVOCATION_REVOKED, 4, AFTER, MAY_2021, MAY_2021 },
	{ "07-keyCompromise-after", REVOCATION_REVOKED, 1, AFTER, SEP_2021, SEP_2021 },
	{ "08-no-reason-after", REVOCATION_REVOKED, SILENT, AFTER, SEP_2021, SEP_2021 },
	{ "09-certificateHold-after", REVOCATION_REVOKED, 6, AFTER, SEP_2021, SEP_2021 },
	{ "10-privilegeWithdrawn-after", REVOCATION_REVOKED, 9, AFTER, SEP_2021, SEP_2021 },
	{ "11-cACompromise-after", REVOCATION_REVOKED, 2, AFTER, SEP_2021, SEP_2021 },
	{ "12-superseded-after-invalidity-before", REVOCATION_REVOKED, 4, AFTER, SEP_2021,
		MAY_20_2021 },
	{ "13-keyCompromise-after-invalidity-after", REVOCATION_REVOKED, 1, AFTER, SEP_2021,
		AUG_15_2021 },
	{ "14-thisUpdate-before-genTime", REVOCATION_GOOD, SILENT, MAY_20_2021, JUNE_20_2021, NONE,
		NONE },
	{ "15-after-expiry-no-ecoc", REVOCATION_GOOD, SILENT, JUNE_2022, JULY_2022, NONE, NONE },
	{ "16-after-expiry-ecoc", REVOCATION_GOOD, SILENT, JUNE_2022, JULY_2022, NONE, NONE },
	{ "17-after-expiry-ecoc-too-late", REVOCATION_GOOD, SILENT, JUNE_2022, JULY_2022, NONE,
		NONE },
	{ "18-wrong-signature", REVOCATION_UNUSABLE, SILENT, JUNE_15_2021, JULY_15_2021, NONE,
		NONE },
	{ "19-idp-onlyCA", REVOCATION_UNUSABLE, SILENT, JUNE_15_2021, JULY_15_2021, NONE, NONE },
};

struct world {
	struct material_cache *cache;
	struct material *material;
	struct path path;
};

static void add_embedded(struct world *world, const struct material_item **signer)
{
	struct buf token = read_file(DATA, "negative/made-A-rev-token.der");
	const uint8_t *at = token.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)token.len);
	STACK_OF(X509) *certificates = CMS_get1_certs(cms);
	struct err err;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		const struct material_item *item;
		uint8_t *der = NULL;
		int len = i2d_X509(sk_X509_value(certificates, i), &der);

		assert_true(material_add(world->material, MATERIAL_CERTIFICATE, FROM_TOKEN,
			(struct bytes){ der, (size_t)len }, "token", &item, &err));
		if (X509_get_extension_flags(item->certificate) & EXFLAG_XKUSAGE)
			*signer = item;
		OPENSSL_free(der);
	}
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	buf_free(&token);
}

static void build(struct world *world)
{
	struct buf root = read_file(DATA, "certs/made-root-A.cer");
	const struct material_item *signer = NULL;
	struct paths paths;
	struct err err;

	world->cache = material_cache_new();
	world->material = material_new(world->cache, NULL);
	assert_true(material_add_anchor(world->material, buf_view(&root), "root", &err));
	add_embedded(world, &signer);
	assert_non_null(signer);
	paths_find(world->material, signer, NID_time_stamp, &paths);
	assert_int_equal(paths.count, 1);
	world->path = paths.at[0];
	buf_free(&root);
}

static void check_row(const struct row *row)
{
	struct world world;
	struct revocation found[REVOCATION_MAX];
	char name[128];
	struct err err;
	struct buf crl;

	snprintf(name, sizeof(name), "crls/made-A-rev-%s.crl", row->file);
	crl = read_file(DATA, name);
	build(&world);
	assert_true(material_add(
		world.material, MATERIAL_CRL, FROM_CALLER, buf_view(&crl), name, NULL, &err));
	assert_int_equal(revocation_look(world.material, &world.path, 0, found), 1);
	assert_int_equal(found[0].state, row->state);
	assert_int_equal(found[0].reason, row->reason);
	assert_true(found[0].this_update == row->this_update);
	assert_true(found[0].next_update == row->next_update);
	assert_true(found[0].revocation_date == row->date);
	assert_true(found[0].since == row->since);
	if (strstr(row->file, "-after-expiry-ecoc") != NULL) {
		bool covers = found[0].keeps_since <= path_not_after(world.path.at[0]);

		assert_true(covers == (strstr(row->file, "too-late") == NULL));
	} else {
		assert_true(found[0].keeps_since == NONE);
	}
	material_free(world.material);
	material_cache_free(world.cache);
	buf_free(&crl);
}

static void each_crl_of_the_matrix_gives_its_facts(void **unused)
{
	(void)unused;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), 19);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_crl_of_the_matrix_gives_its_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
