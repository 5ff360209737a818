/* Who signed: rows 6 to 9 of longterm.md 1.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check_fixture.h"
#include "tsa/token/check/path.h"

#define ESS_V1 "060b2a864886f70d010910020c"
#define ESS_V2 "060b2a864886f70d010910022f"

/* Replaces the certificates of the token by these. */
static void carry(struct made *made, X509 *const *certificates, int count)
{
	struct buf all = { 0 };

	for (int i = 0; i < count; i++) {
		struct buf der = der_of(certificates[i]);

		buf_append(&all, buf_view(&der));
		buf_free(&der);
	}
	made_set_element(made, DATA_CERTIFICATES, 0xa0, buf_view(&all));
	buf_free(&all);
}

/* Appends an ESSCertID of SHA-1 or, v2, of SHA-256. */
static void put_id(struct buf *ids, bool v2, struct bytes certificate)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct buf id = { 0 };
	unsigned len;

	assert_int_equal(EVP_Digest(certificate.at, certificate.len, digest, &len,
				 v2 ? EVP_sha256() : EVP_sha1(), NULL),
		1);
	buf_append(&id, (struct bytes){ digest, len });
	id = element(0x04, &id);
	id = element(0x30, &id);
	buf_append(ids, buf_view(&id));
	buf_free(&id);
}

/* Sets the attribute with these IDs, which are freed. */
static void set_ids(struct made *made, bool v2, struct buf *ids)
{
	struct buf value = element(0x30, ids);

	value = element(0x30, &value);
	made_set_attribute(
		made, v2 ? ATTR_ESS_V2 : ATTR_ESS_V1, v2 ? ESS_V2 : ESS_V1, buf_view(&value));
	buf_free(&value);
}

static void name_in_ess(struct made *made, bool v2, X509 *const *certificates, int count)
{
	struct buf ids = { 0 };

	for (int i = 0; i < count; i++) {
		struct buf der = der_of(certificates[i]);

		put_id(&ids, v2, buf_view(&der));
		buf_free(&der);
	}
	set_ids(made, v2, &ids);
}

/* A certificate with the issuer and serial number of another, by a key that is no CA's. */
static X509 *twin_of(const struct lint_world *world, X509 *certificate)
{
	struct make_certificate how = lint_leaf(world, world->rsa_key);
	X509 *twin;

	how.issuer_key = world->rsa_key;
	twin = make_certificate(&how);
	assert_int_equal(X509_set_serialNumber(twin, X509_get_serialNumber(certificate)), 1);
	assert_true(X509_sign(twin, world->rsa_key, EVP_sha256()) > 0);
	return twin;
}

/* --- finding it -------------------------------------------------------------------------------*/

static void finds_a_signer_that_was_given(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .given = { world->ca, world->leaf } };
	struct made made = made_new(world);
	struct said said;

	made_set(&made, DATA_CERTIFICATES, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-07", CHECK_PASS, "given");
	assert_false(said.facts.signer_is_embedded);
	said_wipe(&said);
	made_free(&made);
}

static void says_which_certificate_is_missing(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root, .given = { world->ca } };
	struct made made = made_new(world);
	struct said said;

	made_set(&made, DATA_CERTIFICATES, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND);
	said_need(&said, "CN=Issuing CA, whose sha256 hash is ");
	said_line(&said, "V-06", CHECK_SKIP, "no certificate to verify it with");
	assert_null(said.facts.signer);
	said_wipe(&said);
	made_free(&made);
}

/* CVE-2026-39984: what stands first in the bag is somebody else. */
static void finds_the_signer_by_name_and_not_by_place(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct make_certificate how = lint_leaf(world, world->rsa_key);
	X509 *other = make_certificate(&how);
	X509 *const bag[] = { other, world->ca, world->root, world->leaf };
	struct made made = made_new(world);
	struct said said;

	carry(&made, bag, 4);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	assert_int_equal(X509_cmp(said.facts.signer->certificate, world->leaf), 0);
	said_wipe(&said);
	made_free(&made);
	X509_free(other);
}

static void finds_the_signer_by_its_key_identifier(void **state)
{
	const struct lint_world *world = *state;
	struct make_certificate how = lint_leaf(world, NULL);
	struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct said said;
	X509 *leaf;

	lint_extension(&how, "subjectKeyIdentifier", "DER:04:04:01:02:03:04");
	made_signer(&made, &how);
	leaf = made.leaf;
	made_set(&made, SIGNER_SID, "8004 01020304");
	made_set(&made, SIGNER_VERSION, "020103");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	assert_int_equal(X509_cmp(said.facts.signer->certificate, leaf), 0);
	said_wipe(&said);
	made_free(&made);
}

/* A second certificate of the key may exist: that the first is not it settles nothing. */
static void waits_for_another_certificate_of_the_key(void **state)
{
	const struct lint_world *world = *state;
	struct make_certificate how = lint_leaf(world, NULL);
	struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct said said;

	lint_extension(&how, "subjectKeyIdentifier", "DER:04:04:01:02:03:04");
	made_signer(&made, &how);
	name_in_ess(&made, true, &world->leaf, 1);
	made_set(&made, SIGNER_SID, "8004 01020304");
	made_set(&made, SIGNER_VERSION, "020103");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND);
	said_need(&said, "of the key identifier 01020304, whose sha256 hash is");
	said_wipe(&said);
	made_free(&made);
}

/* Anyone can put a certificate with the signer's number into a token that has not its own. */
static void is_not_misled_by_a_twin_that_nobody_vouches_for(void **state)
{
	const struct lint_world *world = *state;
	struct said_beside beside = { .anchor = world->root };
	X509 *twin = twin_of(world, world->leaf);
	X509 *const bag[] = { twin, world->ca };
	struct made made = made_new(world);
	struct said said;

	carry(&made, bag, 2);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND);
	said_line(&said, "V-07", CHECK_FAIL, "its hash is not the one that was signed");
	said_wipe(&said);
	beside.given[0] = world->leaf;
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-07", CHECK_WARN, "left aside");
	said_wipe(&said);
	made_free(&made);
	X509_free(twin);
}

/* One key, two certificates: sid names the one, ESSCertID the other. */
static void refuses_a_token_that_names_two_signers(void **state)
{
	const struct lint_world *world = *state;
	struct make_certificate how = lint_leaf(world, NULL);
	struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct said said;

	made_signer(&made, &how);
	name_in_ess(&made, true, &world->leaf, 1);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_line(&said, "V-06", CHECK_PASS, "");
	said_line(&said, "V-08", CHECK_FAIL, "another certificate");
	said_wipe(&said);
	/* With both at hand no anchor is needed to see it. */
	beside.anchor = NULL;
	carry(&made, (X509 *const[]){ made.leaf, world->leaf }, 2);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_wipe(&said);
	made_free(&made);
}

/* --- ESSCertID --------------------------------------------------------------------------------*/

static void warns_of_sha1_alone_and_takes_both(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct said said;

	name_in_ess(&made, false, &made.leaf, 1);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-08", CHECK_PASS, "signingCertificate and signingCertificateV2");
	said_line(&said, "V-09", CHECK_PASS, "");
	said_wipe(&said);
	made_set(&made, ATTR_ESS_V2, "");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-09", CHECK_WARN, "it has SHA-1");
	said_wipe(&said);
	made_free(&made);
}

static void holds_further_certificate_ids_against_the_path(void **state)
{
	const struct lint_world *world = *state;
	static const enum token_ids wanted[] = { TOKEN_IDS_FIT, TOKEN_IDS_UNKNOWN,
		TOKEN_IDS_ELSEWHERE };
	struct said_beside beside = { .anchor = world->root };
	struct make_certificate how = lint_leaf(world, world->rsa_key);
	X509 *other = make_certificate(&how);
	struct made made = made_new(world);
	struct err found = { 0 };
	enum token_ids ids;
	struct said said;
	struct paths paths;

	for (int i = 0; i < 3; i++) {
		X509 *const named[] = { world->leaf, world->ca, i > 0 ? other : world->root };

		beside.given[0] = i == 2 ? other : NULL;
		name_in_ess(&made, true, named, 3);
		said_of(made_file(&made), &beside, &said);
		said_is(&said, CHECK_PASSED, SUB_NONE);
		paths_find(said.material, said.facts.signer, NID_time_stamp, &paths);
		assert_int_equal(paths.count, 1);
		ids = token_ess_restricts(
			&said.facts, said.material, paths.at[0].at, paths.at[0].length, &found);
		assert_int_equal(ids, wanted[i]);
		said_wipe(&said);
	}
	assert_non_null(strstr(found.text, "number 3 of signingCertificateV2"));
	X509_free(other);
	made_free(&made);
}

/* RFC 2634 5.4: IDs may be of attribute certificates, as PostSignum's are; [1] in SignedData. */
static void takes_the_certificate_id_of_an_attribute_certificate(void **state)
{
	static const uint8_t attribute[] = { 0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x07 };
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	const struct material_item *path[1];
	struct made made = made_new(world);
	struct buf bag = der_of(world->leaf), ids = { 0 };
	struct err found = { 0 };
	struct said said;

	put_id(&ids, true, buf_view(&bag));
	put_id(&ids, true, (struct bytes){ attribute, sizeof(attribute) });
	set_ids(&made, true, &ids);
	buf_append(&bag, (struct bytes){ attribute, sizeof(attribute) });
	bag.at[bag.len - sizeof(attribute)] = 0xa1;
	made_set_element(&made, DATA_CERTIFICATES, 0xa0, buf_view(&bag));
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	path[0] = said.facts.signer;
	assert_int_equal(
		token_ess_restricts(&said.facts, said.material, path, 1, &found), TOKEN_IDS_FIT);
	said_wipe(&said);
	buf_free(&bag);
	made_free(&made);
}

/* 66 times the signer's: no path is so long, and each would be held against each of it. */
static void reads_no_more_certificate_ids_than_a_path_can_have(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	X509 *named[TOKEN_MAX_ESS_IDS + 2];
	struct said said;

	for (int i = 0; i < TOKEN_MAX_ESS_IDS + 2; i++)
		named[i] = world->leaf;
	name_in_ess(&made, true, named, TOKEN_MAX_ESS_IDS + 2);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_line(&said, "V-08", CHECK_FAIL, "has more than 64");
	said_wipe(&said);
	made_free(&made);
}

static void refuses_the_signer_as_second(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	X509 *const named[] = { world->ca, world->leaf };
	struct made made = made_new(world);
	struct said said;

	name_in_ess(&made, true, named, 2);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_FAILED, SUB_SIG_CONSTRAINTS_FAILURE);
	said_wipe(&said);
	made_free(&made);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_signer_that_was_given),
		cmocka_unit_test(says_which_certificate_is_missing),
		cmocka_unit_test(finds_the_signer_by_name_and_not_by_place),
		cmocka_unit_test(finds_the_signer_by_its_key_identifier),
		cmocka_unit_test(waits_for_another_certificate_of_the_key),
		cmocka_unit_test(is_not_misled_by_a_twin_that_nobody_vouches_for),
		cmocka_unit_test(refuses_a_token_that_names_two_signers),
		cmocka_unit_test(warns_of_sha1_alone_and_takes_both),
		cmocka_unit_test(holds_further_certificate_ids_against_the_path),
		cmocka_unit_test(takes_the_certificate_id_of_an_attribute_certificate),
		cmocka_unit_test(reads_no_more_certificate_ids_than_a_path_can_have),
		cmocka_unit_test(refuses_the_signer_as_second),
	};

	return cmocka_run_group_tests(tests, lint_set_up, lint_tear_down);
}
