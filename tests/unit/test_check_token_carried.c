/* Certificates, CRLs and OCSP responses that a token carries are material, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ocsp.h>

#include "check_fixture.h"
#include "make_revocation.h"

#define CERTIFICATE_VALUES "060b2a864886f70d0109100217"
#define REVOCATION_VALUES "060b2a864886f70d0109100218"

enum { NOON = 1772366400 /* 2026-03-01T12:00:00Z, the fixture's genTime */ };

/* --- what it carries --------------------------------------------------------------------------*/

static unsigned count_of(const struct said *said, enum material_kind kind)
{
	unsigned count = 0;
	const struct material_item *item;

	for (size_t at = 0; (item = material_next(said->material, kind, &at)) != NULL;) {
		count += item->from == FROM_TOKEN;
		assert_string_equal(item->source, item->from == FROM_TOKEN ? "token" : "anchor");
	}
	return count;
}

static struct buf crl_of(const struct lint_world *world)
{
	const struct make_crl how = { .issuer = world->ca,
		.key = world->ca_key,
		.this_update = NOON,
		.next_update = NOON + 86400 };

	return make_crl(&how);
}

static struct buf ocsp_of(const struct lint_world *world)
{
	const struct make_ocsp how = { .signer = world->ca,
		.key = world->ca_key,
		.answers = { { .certificate = world->leaf,
			.issuer = world->ca,
			.status = V_OCSP_CERTSTATUS_GOOD,
			.reason = -1,
			.this_update = NOON } } };

	return make_ocsp(&how);
}

/* RFC 5940 2.1: [1] { id-ri-ocsp-response, OCSPResponse } beside a CRL. */
static void takes_crls_and_ocsp_responses_of_signed_data(void **state)
{
	static const uint8_t type[] = { 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 0x10, 2 };
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct buf all = crl_of(world), ocsp = ocsp_of(world), other = { 0 };
	const char *from = NULL;
	struct said said;
	size_t at = 0;

	buf_append(&other, (struct bytes){ type, sizeof(type) });
	buf_append(&other, buf_view(&ocsp));
	other = element(0xa1, &other);
	buf_append(&all, buf_view(&other));
	made_set_element(&made, DATA_CRLS, 0xa1, buf_view(&all));
	made_set(&made, DATA_VERSION, "020105");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_no_line(&said, "V-03", CHECK_WARN);
	said_no_line(&said, "V-07", CHECK_WARN);
	assert_int_equal(count_of(&said, MATERIAL_CRL), 1);
	assert_int_equal(count_of(&said, MATERIAL_OCSP), 1);
	/* What proves the token proves them. */
	material_add_poe(said.material, said.facts.sha256, NOON + 5, "a later token");
	assert_int_equal(material_poe(said.material,
				 material_next(said.material, MATERIAL_CRL, &at)->sha256, &from),
		NOON + 5);
	said_wipe(&said);
	made_free(&made);
	buf_free(&all);
	buf_free(&ocsp);
	buf_free(&other);
}

/* SET OF one attribute in [1]. */
static void set_unsigned(struct made *made, const char *oid, struct buf *value)
{
	made_set_attribute(made, SIGNER_UNSIGNED, oid, buf_view(value));
	buf_free(value);
	*value = made->part[SIGNER_UNSIGNED];
	made->part[SIGNER_UNSIGNED] = (struct buf){ 0 };
	made_set_element(made, SIGNER_UNSIGNED, 0xa1, buf_view(value));
	buf_free(value);
}

static void takes_revocation_values_of_unsigned_attributes(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct buf crls = crl_of(world), answers = ocsp_of(world);
	struct said said;

	crls = element(0x30, &crls);
	crls = element(0xa0, &crls);
	answers = element(0x30, &answers);
	answers = element(0xa1, &answers);
	buf_append(&crls, buf_view(&answers));
	buf_free(&answers);
	crls = element(0x30, &crls);
	set_unsigned(&made, REVOCATION_VALUES, &crls);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	assert_int_equal(count_of(&said, MATERIAL_CRL), 1);
	assert_int_equal(count_of(&said, MATERIAL_OCSP), 1);
	said_wipe(&said);
	made_free(&made);
}

static void takes_certificate_values_of_unsigned_attributes(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct buf certificates = der_of(world->leaf);
	struct said said;

	made_set(&made, DATA_CERTIFICATES, "");
	certificates = element(0x30, &certificates);
	set_unsigned(&made, CERTIFICATE_VALUES, &certificates);
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	assert_int_equal(count_of(&said, MATERIAL_CERTIFICATE), 1);
	said_wipe(&said);
	made_free(&made);
}

/* Unsigned: what is broken in it must not make the verdict worse. */
static void leaves_out_what_cannot_be_read(void **state)
{
	const struct lint_world *world = *state;
	const struct said_beside beside = { .anchor = world->root };
	struct made made = made_new(world);
	struct buf bag = der_of(world->leaf);
	static const uint8_t broken[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	struct said said;

	buf_append(&bag, (struct bytes){ broken, sizeof(broken) });
	made_set_element(&made, DATA_CERTIFICATES, 0xa0, buf_view(&bag));
	made_set_element(&made, DATA_CRLS, 0xa1, (struct bytes){ broken, sizeof(broken) });
	made_set(&made, SIGNER_UNSIGNED, "a104 3002 0500");
	said_of(made_file(&made), &beside, &said);
	said_is(&said, CHECK_PASSED, SUB_NONE);
	said_line(&said, "V-07", CHECK_WARN, "2 certificates, CRLs or OCSP responses");
	said_wipe(&said);
	made_free(&made);
	buf_free(&bag);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_crls_and_ocsp_responses_of_signed_data),
		cmocka_unit_test(takes_revocation_values_of_unsigned_attributes),
		cmocka_unit_test(takes_certificate_values_of_unsigned_attributes),
		cmocka_unit_test(leaves_out_what_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, lint_set_up, lint_tear_down);
}
