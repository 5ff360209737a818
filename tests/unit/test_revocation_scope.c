/* CRLs that speak of some certificates, some reasons or some changes only: RFC 5280 5.2.4, 5.2.5.
 */
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

static void scope_leaves_certificates_out(void **state)
{
	static const struct {
		const char *scope;
		const char *why; /* NULL: good */
	} rows[] = {
		{ "critical,onlyuser:TRUE", NULL },
		{ "critical,onlyCA:TRUE", "CA certificates only" },
		{ "critical,onlyAA:TRUE", "attribute certificates only" },
		{ "critical,onlysomereasons:keyCompromise", "some reasons only" },
		{ "critical,DER:3005830307"
		  "7f80",
			NULL }, /* all reasons */
		{ "critical,indirectCRL:TRUE", NULL },
		{ "critical,fullname:URI:" URL, "distribution point" },
		{ "critical,onlyuser:TRUE,onlyCA:TRUE", "twice" },
		{ "critical,DER:0500", "malformed" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_crl how = world_crl(world);

		world_clear(world);
		how.extensions[0] = (struct make_extension){ IDP, rows[i].scope };
		if (strstr(rows[i].scope, "DER") != NULL)
			how.extensions[0].name = "2.5.29.28";
		world_give_crl(world, &how);
		if (rows[i].why == NULL)
			(void)world_one(world, REVOCATION_GOOD);
		else
			world_unusable(world, rows[i].why);
	}
}

static void a_crl_for_users_says_nothing_about_a_ca(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.issuer = world->certificates[ROOT];
	how.key = world->keys[ROOT];
	how.extensions[0] = (struct make_extension){ IDP, "critical,onlyuser:TRUE" };
	world_give_crl(world, &how);
	assert_int_equal(world_look(world, 1), 1);
	assert_int_equal(world->found[0].state, REVOCATION_UNUSABLE);
	assert_non_null(strstr(world->found[0].why, "user certificates only"));
}

static void an_entry_counts_whatever_the_scope(void **state)
{
	static const char *const scopes[] = { "critical,onlyCA:TRUE",
		"critical,onlysomereasons:superseded", "critical,fullname:URI:" URL };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		struct make_crl how = world_crl(world);

		world_clear(world);
		how.extensions[0] = (struct make_extension){ IDP, scopes[i] };
		how.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
		world_give_crl(world, &how);
		(void)world_one(world, REVOCATION_REVOKED);
	}
}

static void an_attribute_certificates_number_is_another(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.extensions[0] = (struct make_extension){ IDP, "critical,onlyAA:TRUE" };
	how.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
	world_give_crl(world, &how);
	world_unusable(world, "attribute certificates only");
}

static void the_distribution_point_is_one_of_the_certificates(void **state)
{
	const struct make_extension two = { POINTS, "URI:http://other.test/,URI:" URL };
	struct world *world = *state;
	struct make_crl how;

	world_replace(world, TSU, &two, NULL);
	how = world_crl(world);
	how.extensions[0] = (struct make_extension){ IDP, "critical,fullname:URI:" URL };
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	how.extensions[0].value = "critical,fullname:URI:http://third.test/";
	world_give_crl(world, &how);
	world_unusable(world, "distribution point");
}

static void a_point_relative_to_the_issuer_is_put_together(void **state)
{
	static const char sections[] = "[dp]\nrelativename=rel\n[rel]\nOU=part 7\n"
				       "[other]\nrelativename=rel8\n[rel8]\nOU=part 8\n";
	const struct make_extension points = { POINTS, "dp" };
	struct world *world = *state;
	struct make_crl how;

	world_replace(world, TSU, &points, sections);
	how = world_crl(world);
	how.sections = sections;
	how.extensions[0] = (struct make_extension){ IDP, "critical,@dp" };
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	how.extensions[0].value = "critical,@other";
	world_give_crl(world, &how);
	world_unusable(world, "distribution point");
}

static void a_point_for_some_reasons_is_partial(void **state)
{
	static const char sections[] = "[dp]\nfullname=URI:" URL "\nreasons=keyCompromise\n";
	const struct make_extension points = { POINTS, "dp" };
	struct world *world = *state;
	struct make_crl how;

	world_replace(world, TSU, &points, sections);
	how = world_crl(world);
	how.extensions[0] = (struct make_extension){ IDP, "critical,fullname:URI:" URL };
	world_give_crl(world, &how);
	world_unusable(world, "some reasons only");
}

static struct make_crl numbered(const struct world *world, const char *number, const char *base)
{
	struct make_crl how = world_crl(world);

	how.extensions[0] = (struct make_extension){ "2.5.29.20", number };
	if (base != NULL)
		how.extensions[1] = (struct make_extension){ "2.5.29.27", base };
	how.this_update = THIS + (base == NULL ? 0 : DAY);
	return how;
}

static void a_delta_crl_adds_to_its_base(void **state)
{
	struct world *world = *state;
	struct make_crl base = numbered(world, "ASN1:INTEGER:5", NULL);
	struct make_crl delta = numbered(world, "ASN1:INTEGER:7", "critical,ASN1:INTEGER:5");

	world_give_crl(world, &delta);
	world_unusable(world, "its base is not at hand");

	world_give_crl(world, &base);
	assert_int_equal(world_look(world, 0), 2);
	assert_int_equal(world->found[0].state, REVOCATION_GOOD); /* newest first */
	assert_int_equal(world->found[0].this_update, THIS + DAY);
	assert_int_equal(world->found[1].this_update, THIS);

	world_clear(world); /* a base that is too old */
	base.extensions[0].value = "ASN1:INTEGER:4";
	world_give_crl(world, &base);
	world_give_crl(world, &delta);
	assert_int_equal(world_look(world, 0), 2);
	assert_int_equal(world->found[0].state, REVOCATION_UNUSABLE);

	world_clear(world);
	delta.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
	world_give_crl(world, &delta);
	(void)world_one(world, REVOCATION_REVOKED);
}

static void silence_of_a_delta_does_not_lift_what_its_base_says(void **state)
{
	struct world *world = *state;
	struct make_crl base = numbered(world, "ASN1:INTEGER:5", NULL);
	struct make_crl delta = numbered(world, "ASN1:INTEGER:7", "critical,ASN1:INTEGER:5");

	base.entries[0] = world_entry(world, REASON_HOLD);
	world_give_crl(world, &base);
	world_give_crl(world, &delta);
	assert_int_equal(world_one(world, REVOCATION_REVOKED)->reason, REASON_HOLD);

	world_clear(world);
	delta.entries[0] = world_entry(world, REASON_REMOVE_FROM_CRL);
	world_give_crl(world, &base);
	world_give_crl(world, &delta);
	assert_int_equal(world_look(world, 0), 2);
	assert_int_equal(world->found[0].reason, REASON_REMOVE_FROM_CRL);
	assert_int_equal(world->found[1].reason, REASON_HOLD);

	world_clear(world); /* RFC 5280 5.3.1: only in delta CRLs */
	base.entries[0].reason = REASON_REMOVE_FROM_CRL;
	world_give_crl(world, &base);
	world_unusable(world, "removeFromCRL in a CRL that is complete");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(scope_leaves_certificates_out),
		WORLD_TEST(a_crl_for_users_says_nothing_about_a_ca),
		WORLD_TEST(an_entry_counts_whatever_the_scope),
		WORLD_TEST(an_attribute_certificates_number_is_another),
		WORLD_TEST(the_distribution_point_is_one_of_the_certificates),
		WORLD_TEST(a_point_relative_to_the_issuer_is_put_together),
		WORLD_TEST(a_point_for_some_reasons_is_partial),
		WORLD_TEST(a_delta_crl_adds_to_its_base),
		WORLD_TEST(silence_of_a_delta_does_not_lift_what_its_base_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
