/* Rules P-27 and P-28 of tsa-verify --lint: revoked signers. CRLs are made by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "lint_fixture.h"

enum {
	NO_REASON = -1,
	GEN_TIME = 1772366400, /* 2026-03-01T12:00:00Z, as lint_fixture.c has it */
	BEFORE = GEN_TIME - 3600,
	AFTER = GEN_TIME + 3600,
	NEVER = 0,
};

/* One CRL and how it is made. */
struct crl_how {
	int reason;
	int64_t since; /* NEVER: no entry */
	int64_t invalid; /* NEVER: no invalidityDate */
	EVP_PKEY *key; /* NULL: the issuer's */
	X509 *issuer; /* NULL: the issuer */
	bool only_authorities;
};

static ASN1_TIME *time_of(int64_t seconds)
{
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)seconds);

	assert_non_null(time);
	return time;
}

static void add_entry(X509_CRL *crl, const struct crl_how *how)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *since = time_of(how->since);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	ASN1_GENERALIZEDTIME *invalid;

	assert_int_equal(
		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(lint_group()->leaf)), 1);
	assert_int_equal(X509_REVOKED_set_revocationDate(entry, since), 1);
	if (how->reason != NO_REASON) {
		assert_int_equal(ASN1_ENUMERATED_set(reason, how->reason), 1);
		assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0), 1);
	}
	if (how->invalid != NEVER) {
		invalid = ASN1_GENERALIZEDTIME_set(NULL, (time_t)how->invalid);
		assert_int_equal(
			X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, invalid, 0, 0), 1);
		ASN1_GENERALIZEDTIME_free(invalid);
	}
	assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
	ASN1_ENUMERATED_free(reason);
	ASN1_TIME_free(since);
}

static X509_CRL *make_crl(const struct crl_how *how)
{
	X509_CRL *crl = X509_CRL_new();
	X509 *issuer = how->issuer == NULL ? lint_group()->ca : how->issuer;
	ASN1_TIME *now = time_of(AFTER + 3600);
	ISSUING_DIST_POINT *point = ISSUING_DIST_POINT_new();

	assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, now), 1);
	assert_int_equal(X509_CRL_set1_nextUpdate(crl, now), 1);
	if (how->since != NEVER)
		add_entry(crl, how);
	if (how->only_authorities) {
		point->onlyCA = 0xff;
		assert_int_equal(
			X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, point, 1, 0), 1);
	}
	assert_true(X509_CRL_sign(crl, how->key == NULL ? lint_group()->ca_key : how->key,
			    EVP_sha256()) > 0);
	ISSUING_DIST_POINT_free(point);
	ASN1_TIME_free(now);
	return crl;
}

static void expect(const struct crl_how *how, const char *ids, const char *text)
{
	struct lint_beside beside = { .crls = sk_X509_CRL_new_null() };
	struct made made = made_new(lint_group());

	assert_true(sk_X509_CRL_push(beside.crls, make_crl(how)) > 0);
	lint_expect(&made, &beside, ids, text);
	sk_X509_CRL_pop_free(beside.crls, X509_CRL_free);
}

static void tokens_stand_without_an_entry(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .since = NEVER }, "", NULL);
}

static void tokens_before_a_planned_end_stand(void **state)
{
	static const int planned[] = { 0, 3, 4, 5 };

	(void)state;
	for (size_t i = 0; i < sizeof(planned) / sizeof(planned[0]); i++) {
		expect(&(struct crl_how){ .reason = planned[i], .since = AFTER }, "", NULL);
		expect(&(struct crl_how){ .reason = planned[i], .since = GEN_TIME + 1 }, "", NULL);
	}
}

static void tokens_from_the_planned_end_on_do_not(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .reason = 4, .since = BEFORE }, "P-27",
		"not before the revocation at 2026-03-01T11:00:00Z");
	expect(&(struct crl_how){ .reason = 5, .since = GEN_TIME }, "P-27", "not before");
}

static void the_earlier_date_counts(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .reason = 4, .since = AFTER, .invalid = BEFORE }, "P-27",
		"2026-03-01T11:00:00Z");
	expect(&(struct crl_how){ .reason = 4, .since = AFTER, .invalid = AFTER - 60 }, "", NULL);
	expect(&(struct crl_how){ .reason = 4, .since = BEFORE, .invalid = AFTER }, "P-27",
		"2026-03-01T11:00:00Z");
}

static void without_a_reason_all_tokens_are_invalid(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .reason = NO_REASON, .since = AFTER }, "P-27",
		"all tokens of this key are invalid");
	expect(&(struct crl_how){ .reason = NO_REASON, .since = BEFORE }, "P-27",
		"all tokens of this key are invalid");
}

static void other_reasons_are_none(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .reason = 6, .since = AFTER }, "P-27", "reasonCode 6");
	expect(&(struct crl_how){ .reason = 9, .since = AFTER }, "P-27", "reasonCode 9");
	expect(&(struct crl_how){ .reason = 8, .since = BEFORE }, "", NULL); /* removeFromCRL */
}

static void a_compromise_needs_ledger_proof(void **state)
{
	static const int compromises[] = { 1, 2, 10 };

	(void)state;
	for (size_t i = 0; i < sizeof(compromises) / sizeof(compromises[0]); i++) {
		expect(&(struct crl_how){ .reason = compromises[i], .since = AFTER }, "P-28",
			"needs ledger proof");
		expect(&(struct crl_how){ .reason = compromises[i], .since = BEFORE }, "P-28",
			"needs ledger proof");
	}
}

static void other_crls_say_nothing(void **state)
{
	(void)state;
	expect(&(struct crl_how){ .reason = 1, .since = BEFORE, .key = lint_group()->root_key }, "",
		NULL);
	expect(&(struct crl_how){ .reason = 1,
		       .since = BEFORE,
		       .key = lint_group()->root_key,
		       .issuer = lint_group()->root },
		"", NULL);
	expect(&(struct crl_how){ .reason = 1, .since = BEFORE, .only_authorities = true }, "",
		NULL);
}

/* The worst of several counts. */
static void every_crl_is_looked_at(void **state)
{
	struct lint_beside beside = { .crls = sk_X509_CRL_new_null() };
	struct made made = made_new(lint_group());

	(void)state;
	assert_true(sk_X509_CRL_push(beside.crls,
			    make_crl(&(struct crl_how){ .reason = 4, .since = AFTER })) > 0);
	assert_true(sk_X509_CRL_push(beside.crls,
			    make_crl(&(struct crl_how){ .reason = 1, .since = AFTER })) > 0);
	lint_expect(&made, &beside, "P-28", "reasonCode 1");
	sk_X509_CRL_pop_free(beside.crls, X509_CRL_free);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "P-27+ no entry", tokens_stand_without_an_entry, NULL, NULL, NULL },
		{ "P-27+ before a planned end", tokens_before_a_planned_end_stand, NULL, NULL,
			NULL },
		{ "P-27- from the planned end on", tokens_from_the_planned_end_on_do_not, NULL,
			NULL, NULL },
		{ "P-27 the earlier of revocationDate and invalidityDate", the_earlier_date_counts,
			NULL, NULL, NULL },
		{ "P-27- no reasonCode", without_a_reason_all_tokens_are_invalid, NULL, NULL,
			NULL },
		{ "P-27- other reasons", other_reasons_are_none, NULL, NULL, NULL },
		{ "P-28- a compromise", a_compromise_needs_ledger_proof, NULL, NULL, NULL },
		{ "P-27+ P-28+ a CRL that is not for this certificate", other_crls_say_nothing,
			NULL, NULL, NULL },
		{ "P-28- one of several CRLs", every_crl_is_looked_at, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name(
		"lint: revocation", tests, lint_set_up_group, lint_tear_down_group);
}
