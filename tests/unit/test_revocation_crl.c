/* What CRLs say about one certificate: RFC 5280 5 and 6.3.3, trap by trap. */
#include "revocation_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	const struct CMUnitTest tests[] = {
		WORLD_TEST(silence_of_the_issuers_crl_is_good),
		WORLD_TEST(the_reason_is_kept_and_its_absence_too),
		WORLD_TEST(an_earlier_invalidity_date_counts),
		WORLD_TEST(an_entry_that_cannot_be_read_is_unusable),
		WORLD_TEST(another_serial_number_or_another_issuer_is_not_it),
		WORLD_TEST(a_signature_by_another_key_is_unusable),
		WORLD_TEST(an_issuer_without_crlsign_is_unusable),
		WORLD_TEST(unknown_critical_extensions_forbid_its_use),
		WORLD_TEST(an_extension_twice_or_times_reversed_are_unusable),
		WORLD_TEST(expired_certs_on_crl_is_read),
		WORLD_TEST(crls_that_contradict_each_other_are_all_told),
		WORLD_TEST(a_flood_does_not_hide_what_is_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
