/* What CRLs say about one certificate: RFC 5280 5 and 6.3.3, trap by trap. */
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

static int start(void **state)
{
	*state = world_new();
	return 0;
}

static int stop(void **state)
{
	world_free(*state);
	return 0;
}

static void silence_of_the_issuers_crl_is_good(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);
	const struct revocation *r;

	world_give_crl(world, &how);
	r = world_one(world, REVOCATION_GOOD);
	assert_ptr_equal(r->signer, world_item(world, CA));
	assert_int_equal(r->signer_path.length, 0);
	assert_int_equal(r->this_update, THIS);
	assert_int_equal(r->next_update, NEXT);
	assert_true(r->keeps_since == INT64_MAX);
	assert_int_equal(r->reason, REASON_ABSENT);
	assert_int_equal(world_look(world, 1), 0); /* it is not about the CA */
}

static void the_reason_is_kept_and_its_absence_too(void **state)
{
	static const struct {
		int reason;
		const char *name;
	} rows[] = { { REASON_ABSENT, "absent" }, { 0, "unspecified" }, { 1, "keyCompromise" },
		{ 2, "cACompromise" }, { 3, "affiliationChanged" }, { 4, "superseded" },
		{ 5, "cessationOfOperation" }, { 6, "certificateHold" }, { 7, "7" },
		{ 9, "privilegeWithdrawn" }, { 10, "aACompromise" }, { 17, "17" } };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_crl how = world_crl(world);
		const struct revocation *r;
		char room[16];

		world_clear(world);
		how.entries[0] = world_entry(world, rows[i].reason);
		world_give_crl(world, &how);
		r = world_one(world, REVOCATION_REVOKED);
		assert_int_equal(r->reason, rows[i].reason);
		assert_string_equal(revocation_reason_name(r->reason, room), rows[i].name);
		assert_int_equal(r->revocation_date, THIS - DAY);
		assert_true(r->invalidity_date == INT64_MAX);
		assert_int_equal(r->since, THIS - DAY);
	}
}

static void an_earlier_invalidity_date_counts(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.entries[0] = world_entry(world, REASON_SUPERSEDED);
	how.entries[0].invalidity = THIS - 30 * DAY;
	world_give_crl(world, &how);
	assert_int_equal(world_one(world, REVOCATION_REVOKED)->since, THIS - 30 * DAY);
	assert_int_equal(world->found[0].invalidity_date, THIS - 30 * DAY);

	world_clear(world);
	how.entries[0].invalidity = THIS + 30 * DAY;
	world_give_crl(world, &how);
	assert_int_equal(world_one(world, REVOCATION_REVOKED)->since, THIS - DAY);
}

static void an_entry_that_cannot_be_read_is_unusable(void **state)
{
	static const struct make_extension broken[] = {
		{ "2.5.29.21", "DER:040101" }, /* an OCTET STRING */
		{ "2.5.29.21", "DER:0a0180" }, /* a negative ENUMERATED */
		{ "2.5.29.24", "DER:180130" }, /* a GeneralizedTime "0" */
		{ "2.5.29.24", "DER:0500" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct make_crl how = world_crl(world);

		world_clear(world);
		how.entries[0] = world_entry(world, REASON_ABSENT);
		how.entries[0].extension = broken[i];
		world_give_crl(world, &how);
		world_unusable(world, "entry is malformed");
	}
}

static void another_serial_number_or_another_issuer_is_not_it(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
	how.entries[0].certificate = world->certificates[RESPONDER];
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world);
	how = world_crl(world);
	how.issuer = world->certificates[OTHER_CA];
	how.key = world->keys[OTHER_CA];
	how.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
	world_give_crl(world, &how);
	assert_int_equal(world_look(world, 0), 0);
}

static void a_signature_by_another_key_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.key = world->keys[OTHER_CA];
	how.entries[0] = world_entry(world, REASON_KEY_COMPROMISE);
	world_give_crl(world, &how);
	world_unusable(world, "is not signed by the key of the certificate's issuer");
}

static void an_issuer_without_crlsign_is_unusable(void **state)
{
	const struct make_extension usage = { "keyUsage", "critical,keyCertSign" };
	struct world *world = *state;
	struct make_crl how;

	world_replace(world, CA, &usage, NULL);
	how = world_crl(world);
	world_give_crl(world, &how);
	world_unusable(world, "6.3.3 g");
}

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

static void unknown_critical_extensions_forbid_its_use(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.extensions[0] = (struct make_extension){ "1.2.3.4", "critical,DER:0500" };
	world_give_crl(world, &how);
	world_unusable(world, "critical extension that is unknown");

	world_clear(world);
	how.extensions[0].value = "DER:0500";
	world_give_crl(world, &how);
	(void)world_one(world, REVOCATION_GOOD);

	world_clear(world); /* of any entry: RFC 5280 5.3 */
	how.entries[0] = world_entry(world, REASON_SUPERSEDED);
	how.entries[0].certificate = world->certificates[RESPONDER];
	how.entries[0].extension = (struct make_extension){ "1.2.3.4", "critical,DER:0500" };
	world_give_crl(world, &how);
	world_unusable(world, "an entry has a critical extension");
}

static void an_extension_twice_or_times_reversed_are_unusable(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.extensions[0] = (struct make_extension){ "2.5.29.20", "DER:020101" };
	how.extensions[1] = (struct make_extension){ "2.5.29.20", "DER:020102" };
	world_give_crl(world, &how);
	world_unusable(world, "twice");

	world_clear(world);
	how = world_crl(world);
	how.next_update = THIS - 1;
	world_give_crl(world, &how);
	world_unusable(world, "nextUpdate is before thisUpdate");
}

static void expired_certs_on_crl_is_read(void **state)
{
	struct world *world = *state;
	struct make_crl how = world_crl(world);

	how.extensions[0] =
		(struct make_extension){ "2.5.29.60", "ASN1:GENERALIZEDTIME:20190601000000Z" };
	how.next_update = 0;
	world_give_crl(world, &how);
	assert_int_equal(world_one(world, REVOCATION_GOOD)->keeps_since, 1559347200);
	assert_true(world->found[0].next_update == INT64_MAX);

	world_clear(world);
	how.extensions[0].value = "ASN1:UTCTIME:190601000000Z";
	world_give_crl(world, &how);
	assert_true(world_one(world, REVOCATION_GOOD)->keeps_since == INT64_MAX);
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

static void crls_that_contradict_each_other_are_all_told(void **state)
{
	struct world *world = *state;
	struct make_crl good = world_crl(world);
	struct make_crl bad = world_crl(world);

	bad.this_update = THIS - DAY;
	bad.entries[0] = world_entry(world, REASON_SUPERSEDED);
	bad.entries[1] = world_entry(world, REASON_KEY_COMPROMISE);
	world_give_crl(world, &bad);
	world_give_crl(world, &good);
	assert_int_equal(world_look(world, 0), 3);
	assert_int_equal(world->found[0].state, REVOCATION_GOOD);
	assert_int_equal(world->found[1].state, REVOCATION_REVOKED);
	assert_int_equal(world->found[2].state, REVOCATION_REVOKED);
	assert_int_equal(world->found[1].reason + world->found[2].reason,
		REASON_SUPERSEDED + REASON_KEY_COMPROMISE);
}

static void a_flood_does_not_hide_what_is_revoked(void **state)
{
	struct world *world = *state;
	struct make_crl flood = world_crl(world);
	struct make_crl bad = world_crl(world);
	unsigned revoked = 0;

	bad.this_update = THIS - 90 * DAY;
	bad.entries[0] = world_entry(world, REASON_SUPERSEDED);
	world_give_crl(world, &bad);
	for (unsigned i = 0; i < 2 * REVOCATION_MAX; i++) {
		flood.this_update = THIS + i;
		flood.next_update = 0;
		flood.key = world->keys[i % 2 == 0 ? CA : OTHER_CA];
		world_give_crl(world, &flood);
	}
	assert_int_equal(world_look(world, 0), REVOCATION_MAX);
	for (unsigned i = 0; i < world->count; i++)
		revoked += world->found[i].state == REVOCATION_REVOKED;
	assert_int_equal(revoked, 1);
	assert_int_equal(world->found[world->count - 1].state, REVOCATION_REVOKED);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, start, stop)
	const struct CMUnitTest tests[] = {
		T(silence_of_the_issuers_crl_is_good),
		T(the_reason_is_kept_and_its_absence_too),
		T(an_earlier_invalidity_date_counts),
		T(an_entry_that_cannot_be_read_is_unusable),
		T(another_serial_number_or_another_issuer_is_not_it),
		T(a_signature_by_another_key_is_unusable),
		T(an_issuer_without_crlsign_is_unusable),
		T(scope_leaves_certificates_out),
		T(a_crl_for_users_says_nothing_about_a_ca),
		T(an_entry_counts_whatever_the_scope),
		T(an_attribute_certificates_number_is_another),
		T(the_distribution_point_is_one_of_the_certificates),
		T(a_point_relative_to_the_issuer_is_put_together),
		T(a_point_for_some_reasons_is_partial),
		T(an_indirect_crl_speaks_if_the_certificate_names_its_issuer),
		T(entries_of_an_indirect_crl_have_the_issuer_before),
		T(a_foreign_entry_in_a_direct_crl_is_unusable),
		T(a_crl_issuer_that_is_revoked_is_unusable),
		T(a_crl_issuer_under_another_anchor_is_unusable),
		T(unknown_critical_extensions_forbid_its_use),
		T(an_extension_twice_or_times_reversed_are_unusable),
		T(expired_certs_on_crl_is_read),
		T(a_delta_crl_adds_to_its_base),
		T(silence_of_a_delta_does_not_lift_what_its_base_says),
		T(crls_that_contradict_each_other_are_all_told),
		T(a_flood_does_not_hide_what_is_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
