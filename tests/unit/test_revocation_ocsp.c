/* What OCSP responses say about one certificate: RFC 6960, trap by trap. */
#include "revocation_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ocsp.h>

static void a_responder_of_the_issuer_is_heard(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);
	const struct revocation *r;

	world_give_ocsp(world, &how);
	r = world_one(world, REVOCATION_GOOD);
	assert_ptr_equal(r->signer, world_item(world, RESPONDER));
	assert_int_equal(r->signer_path.length, 3);
	assert_ptr_equal(r->signer_path.at[1], world->path.at[1]);
	assert_int_equal(r->this_update, THIS);
	assert_int_equal(r->next_update, NEXT);
	assert_true(r->keeps_since == INT64_MAX);

	world_clear(world);
	how.by_key = true;
	how.without_certificate = true;
	how.answers[0].next_update = 0;
	world_give_ocsp(world, &how);
	r = world_one(world, REVOCATION_GOOD);
	assert_ptr_equal(r->signer, world_item(world, RESPONDER));
	assert_true(r->next_update == INT64_MAX);
}

static void the_issuer_itself_is_heard(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	for (int by_key = 0; by_key < 2; by_key++) {
		world_clear(world);
		how.signer = world->certificates[CA];
		how.key = world->keys[CA];
		how.by_key = by_key != 0;
		world_give_ocsp(world, &how);
		assert_ptr_equal(world_one(world, REVOCATION_GOOD)->signer, world_item(world, CA));
		assert_int_equal(world->found[0].signer_path.length, 0);
	}
}

static void the_id_may_be_in_any_digest(void **state)
{
	const EVP_MD *const digests[] = { EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512(),
		EVP_sha3_256() };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		struct make_ocsp how = world_ocsp(world);

		world_clear(world);
		how.answers[0].digest = digests[i];
		world_give_ocsp(world, &how);
		(void)world_one(world, REVOCATION_GOOD);
	}
}

static void an_answer_about_another_is_left_out(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.answers[0].certificate = world->certificates[RESPONDER];
	world_give_ocsp(world, &how);
	assert_int_equal(world_look(world, 0), 0);

	how = world_ocsp(world); /* the number by another CA's key */
	how.answers[0].issuer = world->certificates[OTHER_CA];
	world_give_ocsp(world, &how);
	assert_int_equal(world_look(world, 0), 0);
}

/* "unknown" has no reason and no date; RevokedInfo has them. */
static void each_status_is_told_apart(void **state)
{
	static const int reasons[] = { -1, 0, 1, 4, 6, 9 };
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.answers[0].status = V_OCSP_CERTSTATUS_UNKNOWN;
	world_give_ocsp(world, &how);
	world_unusable(world, "does not know");

	how.answers[0].status = V_OCSP_CERTSTATUS_REVOKED;
	how.answers[0].since = THIS - 5 * DAY;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		world_clear(world);
		how.answers[0].reason = reasons[i];
		world_give_ocsp(world, &how);
		assert_int_equal(world_one(world, REVOCATION_REVOKED)->reason, reasons[i]);
		assert_int_equal(world->found[0].revocation_date, THIS - 5 * DAY);
		assert_int_equal(world->found[0].since, THIS - 5 * DAY);
	}
}

static void reason_and_invalidity_may_be_extensions(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.answers[0].status = V_OCSP_CERTSTATUS_REVOKED;
	how.answers[0].since = THIS - 5 * DAY;
	how.answers[0].extensions[0] = (struct make_extension){ "2.5.29.21", "DER:0a0104" };
	how.answers[0].extensions[1] =
		(struct make_extension){ "2.5.29.24", "ASN1:GENERALIZEDTIME:20200201000000Z" };
	world_give_ocsp(world, &how);
	assert_int_equal(world_one(world, REVOCATION_REVOKED)->reason, REASON_SUPERSEDED);
	assert_int_equal(world->found[0].since, START + 31 * DAY);

	world_clear(world); /* two that differ */
	how.answers[0].reason = REASON_KEY_COMPROMISE;
	world_give_ocsp(world, &how);
	world_unusable(world, "RevokedInfo is malformed");

	world_clear(world);
	how.answers[0].reason = -1;
	how.answers[0].extensions[1].value = "DER:0500";
	world_give_ocsp(world, &how);
	world_unusable(world, "RevokedInfo is malformed");
}

static void a_responder_without_the_right_to_sign_is_unusable(void **state)
{
	static const struct make_extension wrong[] = {
		{ "extendedKeyUsage", "anyExtendedKeyUsage" },
		{ "extendedKeyUsage", "timeStamping" },
		{ "keyUsage", "critical,keyEncipherment" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct make_ocsp how;

		world_replace(world, RESPONDER, &wrong[i], NULL);
		how = world_ocsp(world);
		world_give_ocsp(world, &how);
		world_unusable(world, "no OCSPSigning");
	}
}

static X509 *responder_by(const struct world *world, enum who issuer, enum who signer)
{
	const struct make_certificate how = {
		.common_name = "Strange responder",
		.key = world->keys[RESPONDER],
		.issuer = world->certificates[issuer],
		.issuer_key = world->keys[signer],
		.not_before = START,
		.not_after = START + YEAR,
		.extensions = { { "extendedKeyUsage", "OCSPSigning" } },
	};

	return make_certificate(&how);
}

static void a_responder_of_another_ca_is_unusable(void **state)
{
	static const struct {
		enum who issuer;
		enum who signer;
	} rows[] = { { ROOT, ROOT }, { OTHER_CA, OTHER_CA }, { CA, OTHER_CA } };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct make_ocsp how = world_ocsp(world);

		world_clear(world);
		how.signer = responder_by(world, rows[i].issuer, rows[i].signer);
		world_give_ocsp(world, &how);
		world_unusable(world, "not its certificate from the certificate's issuer");
		X509_free(how.signer);
	}
}

static void a_foreign_signature_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);
	struct buf der;

	how.without_certificate = true; /* the signature stands at the end */
	der = make_ocsp(&how);
	der.at[der.len - 1] ^= 1;
	world_give(world, MATERIAL_OCSP, der);
	world_unusable(world, "is not signed by the key of the responder");

	world_clear(world);
	how.signer = responder_by(world, CA, CA);
	world_give_ocsp(world, &how);
	world_unusable(world, "the certificate of its signer is not at hand");
	X509_free(how.signer);
}

static void the_subject_does_not_speak_for_itself(void **state)
{
	const struct make_extension both = { "extendedKeyUsage", "timeStamping,OCSPSigning" };
	struct world *world = *state;
	struct make_ocsp how;

	world_replace(world, TSU, &both, NULL);
	how = world_ocsp(world);
	how.signer = world->certificates[TSU];
	how.key = world->keys[TSU];
	world_give_ocsp(world, &how);
	world_unusable(world, "the certificate of its signer is not at hand");
}

static void a_revoked_responder_is_unusable(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);
	struct make_crl crl = world_crl(world);

	crl.entries[0] = world_entry(world, REASON_ABSENT);
	crl.entries[0].certificate = world->certificates[RESPONDER];
	crl.entries[0].date = THIS + 50 * DAY;
	world_give_ocsp(world, &how);
	world_give_crl(world, &crl);
	assert_int_equal(world_look(world, 0), 2);
	for (unsigned i = 0; i < 2; i++) {
		bool is_ocsp = world->found[i].object->kind == MATERIAL_OCSP;

		assert_int_equal(
			world->found[i].state, is_ocsp ? REVOCATION_UNUSABLE : REVOCATION_GOOD);
	}
}

static void responders_that_speak_of_each_other_come_to_an_end(void **state)
{
	struct world *world = *state;
	struct make_ocsp about_tsu = world_ocsp(world);
	struct make_ocsp about_itself = world_ocsp(world);

	about_itself.answers[0].certificate = world->certificates[RESPONDER];
	about_itself.answers[0].status = V_OCSP_CERTSTATUS_REVOKED;
	world_give_ocsp(world, &about_tsu);
	world_give_ocsp(world, &about_itself);
	/* Nobody is heard about himself. */
	(void)world_one(world, REVOCATION_GOOD);
}

static void archive_cutoff_is_read(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.answers[0].extensions[0] = (struct make_extension){ "1.3.6.1.5.5.7.48.1.6",
		"ASN1:GENERALIZEDTIME:20190601000000Z" };
	world_give_ocsp(world, &how);
	assert_int_equal(world_one(world, REVOCATION_GOOD)->keeps_since, 1559347200);
}

/* CertHash of the TSU with SHA-256, one octet of it changed by flip. */
static void add_cert_hash(
	struct world *world, struct make_answer *answer, char text[160], uint8_t flip)
{
	uint8_t digest[32];
	unsigned len;
	size_t at;

	assert_int_equal(X509_digest(world->certificates[TSU], EVP_sha256(), digest, &len), 1);
	digest[7] ^= flip;
	at = (size_t)snprintf(text, 160, "DER:3031300d060960864801650304020105000420");
	for (unsigned i = 0; i < len; i++)
		at += (size_t)snprintf(text + at, 160 - at, "%02x", digest[i]);
	answer->extensions[0] = (struct make_extension){ "1.3.36.8.3.13", text };
}

static void a_certificates_hash_proves_that_it_is_known(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);
	char text[160];

	add_cert_hash(world, &how.answers[0], text, 0);
	world_give_ocsp(world, &how);
	assert_true(world_one(world, REVOCATION_GOOD)->keeps_since == INT64_MIN);

	world_clear(world);
	add_cert_hash(world, &how.answers[0], text, 1);
	world_give_ocsp(world, &how);
	world_unusable(world, "certHash is of another certificate");

	world_clear(world); /* no hash at all proves nothing */
	how.answers[0].extensions[0].value = "DER:0500";
	world_give_ocsp(world, &how);
	assert_true(world_one(world, REVOCATION_GOOD)->keeps_since == INT64_MAX);
}

static void unknown_critical_extensions_forbid_its_use(void **state)
{
	const struct make_extension unknown = { "1.2.3.4", "critical,DER:0500" };
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.extension = unknown;
	world_give_ocsp(world, &how);
	world_unusable(world, "critical extension that is unknown");

	world_clear(world);
	how = world_ocsp(world);
	how.answers[0].extensions[0] = unknown;
	world_give_ocsp(world, &how);
	world_unusable(world, "critical extension that is unknown");

	world_clear(world);
	how.answers[0].extensions[0].value = "DER:0500";
	world_give_ocsp(world, &how);
	(void)world_one(world, REVOCATION_GOOD);
}

static void answers_that_contradict_each_other_are_all_told(void **state)
{
	struct world *world = *state;
	struct make_ocsp how = world_ocsp(world);

	how.answers[1] = how.answers[0];
	how.answers[1].status = V_OCSP_CERTSTATUS_REVOKED;
	how.answers[1].this_update = THIS - DAY;
	how.answers[2] = how.answers[0];
	how.answers[2].next_update = THIS - 1;
	world_give_ocsp(world, &how);
	assert_int_equal(world_look(world, 0), 3);
	assert_int_equal(world->found[2].state, REVOCATION_REVOKED); /* the oldest */
	assert_true((world->found[0].state == REVOCATION_UNUSABLE) !=
		    (world->found[1].state == REVOCATION_UNUSABLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_responder_of_the_issuer_is_heard),
		WORLD_TEST(the_issuer_itself_is_heard),
		WORLD_TEST(the_id_may_be_in_any_digest),
		WORLD_TEST(an_answer_about_another_is_left_out),
		WORLD_TEST(each_status_is_told_apart),
		WORLD_TEST(reason_and_invalidity_may_be_extensions),
		WORLD_TEST(a_responder_without_the_right_to_sign_is_unusable),
		WORLD_TEST(a_responder_of_another_ca_is_unusable),
		WORLD_TEST(a_foreign_signature_is_unusable),
		WORLD_TEST(the_subject_does_not_speak_for_itself),
		WORLD_TEST(a_revoked_responder_is_unusable),
		WORLD_TEST(responders_that_speak_of_each_other_come_to_an_end),
		WORLD_TEST(archive_cutoff_is_read),
		WORLD_TEST(a_certificates_hash_proves_that_it_is_known),
		WORLD_TEST(unknown_critical_extensions_forbid_its_use),
		WORLD_TEST(answers_that_contradict_each_other_are_all_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
