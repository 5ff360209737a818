/*
 * tsa-stamp's requests, and its judgement of answers: status, form, and whether they answer what
 * was asked.  What the OpenSSL TSA would not make is made from what it made.  Who signed is
 * test_stamp_signer.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/ts.h>

#include "stamp_fixture.h"
#include "tsa/tsp/reply.h"

static const uint8_t other_policy[] = { 0x2a, 0x03, 0x05 };

static void takes_what_was_asked_for(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	struct stamp_rules rules = trusting(f);
	struct stamp_token token;
	struct err err = { 0 };

	assert_int_equal(
		stamp_judge(&query, buf_view(&answer), &rules, &token, &err), STAMP_GRANTED);
	assert_string_equal(token.serial, "81020304050607");
	assert_string_equal(token.policy, "1.2.3.4");
	assert_int_equal(strlen(token.gen_time), strlen("2026-11-24T08:15:00Z"));
	assert_int_equal(token.gen_time[10], 'T');
	assert_int_equal(X509_cmp(token.signer, f->rsa), 0);
	assert_int_equal(sk_X509_num(token.certificates), 2);
	assert_int_equal(sk_X509_num(token.chain), 3);
	assert_false(token.modified);
	stamp_token_wipe(&token);
	X509_STORE_free(rules.trust);
	buf_free(&answer);
}

static void takes_every_form_the_standard_allows(void **state)
{
	const struct fixture *f = *state;
	const struct quirk quirks[] = {
		{ .flags = TS_TSA_NAME },
		{ .flags = TS_ORDERING },
		{ .v1 = true },
		{ .digest = EVP_sha1() },
		{ .digest = EVP_sha384() },
		{ .signer = f->p256, .key = f->p256_key },
		{ .signer = f->p384, .key = f->p384_key },
	};

	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
		struct stamp_query query = ask(true);
		struct buf answer = answer_to(f, &query, &quirks[i]);

		assert_granted(f, &query, buf_view(&answer));
		buf_free(&answer);
	}
}

static void refuses_another_imprint_digest_nonce_or_policy(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query asked = ask(true), query = asked;
	struct buf answer = answer_to(f, &asked, &none);

	query.imprint[31] ^= 1;
	assert_invalid(f, &query, buf_view(&answer), "messageImprint must be that of the request");
	query = asked;
	query.digest = TSP_SHA512;
	assert_invalid(f, &query, buf_view(&answer), "messageImprint must be by sha512");
	query = asked;
	query.nonce[7] ^= 1;
	assert_invalid(f, &query, buf_view(&answer), "nonce of the request: has another");
	query = asked;
	query.has_nonce = false;
	assert_invalid(f, &query, buf_view(&answer), "nonce: none was asked for");
	query = asked;
	query.policy = (struct bytes){ other_policy, sizeof(other_policy) };
	assert_invalid(f, &query, buf_view(&answer), "policy must be 1.2.3.5 as asked: is 1.2.3.4");
	query.policy = (struct bytes){ 0 };
	assert_granted(f, &query, buf_view(&answer));
	buf_free(&answer);
	query = asked;
	query.has_nonce = false;
	answer = answer_to(f, &query, &none);
	assert_granted(f, &query, buf_view(&answer));
	assert_invalid(f, &asked, buf_view(&answer), "nonce of the request: has none");
	buf_free(&answer);
}

/* OpenSSL's own reader takes all of these. */
static void refuses_what_follows_the_answer(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	static const uint8_t zero = 0;

	buf_append(&answer, (struct bytes){ &zero, 1 });
	assert_invalid(f, &query, buf_view(&answer), "nothing more");
	answer.len--;
	assert_granted(f, &query, buf_view(&answer));
	answer.len--;
	assert_invalid(f, &query, buf_view(&answer), "nothing more");
	answer.len = 0;
	assert_invalid(f, &query, buf_view(&answer), "nothing more");
	buf_free(&answer);
}

/* Whatever byte of a token changes, it is no longer one. */
static void refuses_each_flipped_byte(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk small = { .signer = f->p256, .key = f->p256_key };
	struct buf answer = answer_to(f, &query, &small);
	struct stamp_rules rules = trusting(f);
	unsigned taken = 0;

	for (size_t i = 0; i < answer.len; i++) {
		struct stamp_token token;
		struct err err = { 0 };

		answer.at[i] ^= 0x01;
		if (stamp_judge(&query, buf_view(&answer), &rules, &token, &err) == STAMP_GRANTED)
			taken++;
		stamp_token_wipe(&token);
		answer.at[i] ^= 0x01;
	}
	/*
	 * What no signature covers and no rule looks at: the versions of SignedData and
	 * SignerInfo and the parameters of their two digest algorithms; and "granted" is one bit
	 * from "grantedWithMods".
	 */
	assert_int_equal(taken, 5);
	assert_granted(f, &query, buf_view(&answer));
	X509_STORE_free(rules.trust);
	buf_free(&answer);
}

static void refuses_another_time(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk fast = { .late_s = 400 }, slow = { .late_s = -400 };
	const struct quirk before = { .late_s = -2 * DAY };
	struct stamp_rules rules = trusting(f);
	struct buf answer = answer_to(f, &query, &fast);

	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "s after it");
	rules.skew_s = 500;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_GRANTED, "");
	buf_free(&answer);
	answer = answer_to(f, &query, &slow);
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_GRANTED, "");
	rules.skew_s = 300;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "s before it");
	rules.skew_s = 0;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_GRANTED, "");
	buf_free(&answer);
	/* P-23: certificates of the fixture are a day old */
	answer = answer_to(f, &query, &before);
	assert_verdict(
		&query, buf_view(&answer), &rules, STAMP_INVALID, "valid at genTime: is not yet");
	buf_free(&answer);
	X509_STORE_free(rules.trust);
}

static void refuses_a_critical_extension(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk quirk = { .extension = true };
	struct buf answer = answer_to(f, &query, &quirk);

	assert_invalid(f, &query, buf_view(&answer), "critical extension 1.2.3.99");
	buf_free(&answer);
}

static void says_why_it_was_refused(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct stamp_rules rules = trusting(f);
	uint8_t room[TSP_MAX_REFUSAL];
	struct stamp_token token;
	struct err err = { 0 };
	struct bytes refusal =
		tsp_reply_refused(TSP_BAD_ALG, "no \x1b[31m such digest", room, sizeof(room));

	assert_int_equal(stamp_judge(&query, refusal, &rules, &token, &err), STAMP_REFUSED);
	assert_int_equal(token.failure, TSP_BAD_ALG);
	/* control characters do not reach the terminal */
	assert_string_equal(err.text, "the TSA refuses: rejection, badAlg: no  [31m such digest");
	stamp_token_wipe(&token);
	refusal = tsp_reply_refused(TSP_SYSTEM_FAILURE, "", room, sizeof(room));
	assert_verdict(&query, refusal, &rules, STAMP_REFUSED, "rejection, systemFailure");
	assert_verdict(&query, bytes_of_text("<html><body>Hello</body></html>"), &rules,
		STAMP_INVALID, "must be one DER TimeStampResp");
	X509_STORE_free(rules.trust);
}

static void tells_modifications_from_none(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	struct stamp_rules rules = trusting(f);
	struct stamp_token token;
	struct err err = { 0 };
	/* PKIStatusInfo begins with it; OpenSSL puts a statusString after it */
	uint8_t *status = memmem(answer.at, 16, "\x02\x01\x00", 3);

	assert_non_null(status);
	status += 2;
	status[0] = 1;
	assert_int_equal(
		stamp_judge(&query, buf_view(&answer), &rules, &token, &err), STAMP_GRANTED);
	assert_true(token.modified);
	stamp_token_wipe(&token);
	status[0] = 2;
	assert_verdict(&query, buf_view(&answer), &rules, STAMP_INVALID, "must be one DER");
	X509_STORE_free(rules.trust);
	buf_free(&answer);
}

static void encodes_requests_that_the_service_reads(void **unused)
{
	struct stamp_query query = ask(true);
	uint8_t room[STAMP_MAX_QUERY];
	struct bytes der = stamp_query_encode(&query, room, sizeof(room));
	struct tsp_refusal refusal;
	struct tsp_request req;

	(void)unused;
	assert_true(tsp_request_decode(der, &req, &refusal));
	assert_int_equal(req.version, 1);
	assert_int_equal(req.digest, TSP_SHA256);
	assert_true(req.cert_req && !req.has_extensions && req.null_params);
	assert_int_equal(req.nonce.len, STAMP_NONCE_LEN);
	assert_true(bytes_equal(req.policy, query.policy));
	query = (struct stamp_query){ .digest = TSP_SHA512 };
	der = stamp_query_encode(&query, room, sizeof(room));
	assert_true(tsp_request_decode(der, &req, &refusal));
	assert_true(req.nonce.len == 0 && req.policy.len == 0 && !req.cert_req);
	assert_int_equal(req.imprint.len, 64);
	assert_int_equal(stamp_query_encode(&query, room, 16).len, 0);
}

static void nonces_differ_and_need_no_sign_octet(void **unused)
{
	struct stamp_query last = { 0 };

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		struct stamp_query query = ask(true);

		assert_in_range(query.nonce[0], 0x40, 0x7f);
		assert_memory_not_equal(query.nonce, last.nonce, sizeof(query.nonce));
		last = query;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_was_asked_for),
		cmocka_unit_test(takes_every_form_the_standard_allows),
		cmocka_unit_test(refuses_another_imprint_digest_nonce_or_policy),
		cmocka_unit_test(refuses_what_follows_the_answer),
		cmocka_unit_test(refuses_each_flipped_byte),
		cmocka_unit_test(refuses_another_time),
		cmocka_unit_test(refuses_a_critical_extension),
		cmocka_unit_test(says_why_it_was_refused),
		cmocka_unit_test(tells_modifications_from_none),
		cmocka_unit_test(encodes_requests_that_the_service_reads),
		cmocka_unit_test(nonces_differ_and_need_no_sign_octet),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
