/*
 * tsa-stamp's judgement of answers.  The TSA here is OpenSSL's TS code, which shares nothing with
 * the encoders of the service; what it would not make is made from what it made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ts.h>

#include "token_fixture.h"
#include "tools/stamp/answer.h"
#include "tsa/tsp/reply.h"

static const uint8_t policy[] = { 0x2a, 0x03, 0x04 }; /* 1.2.3.4 */
static const uint8_t other_policy[] = { 0x2a, 0x03, 0x05 };

/* What the TSA does otherwise than usual; all zero: nothing. */
struct quirk {
	X509 *signer; /* with key */
	EVP_PKEY *key;
	unsigned flags; /* TS_TSA_NAME, TS_ORDERING */
	long late_s; /* added to the clock */
	const EVP_MD *digest; /* of what is signed; NULL: SHA-256 */
	bool v1; /* SigningCertificate with SHA-1 */
	bool extension; /* a critical one */
};

static struct bytes view(const struct buf *buf)
{
	return buf_view(buf);
}

static struct stamp_query ask(bool cert_req)
{
	struct stamp_query query = {
		.digest = TSP_SHA256,
		.imprint = { 1, 2, 3 },
		.policy = { policy, sizeof(policy) },
		.cert_req = cert_req,
	};
	struct err err = { 0 };

	assert_true(stamp_query_add_nonce(&query, &err));
	return query;
}

static ASN1_INTEGER *serial_number(TS_RESP_CTX *ctx, void *arg)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)ctx;
	(void)arg;
	assert_int_equal(ASN1_INTEGER_set_uint64(serial, UINT64_C(0x81020304050607)), 1);
	return serial;
}

static int late(TS_RESP_CTX *ctx, void *arg, long *sec, long *usec)
{
	const struct quirk *quirk = arg;

	(void)ctx;
	*sec = (long)time(NULL) + quirk->late_s;
	*usec = 0;
	return 1;
}

static int any_extension(TS_RESP_CTX *ctx, X509_EXTENSION *ext, void *arg)
{
	(void)arg;
	/* What a request asks for is put into the token. */
	return TS_TST_INFO_add_ext(TS_RESP_CTX_get_tst_info(ctx), ext, -1);
}

static TS_RESP_CTX *new_tsa(const struct fixture *f, const struct quirk *quirk)
{
	TS_RESP_CTX *tsa = TS_RESP_CTX_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4", 1);
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *signer = quirk->signer == NULL ? f->rsa : quirk->signer;

	assert_non_null(tsa);
	assert_true(sk_X509_push(chain, f->ca) > 0);
	assert_int_equal(TS_RESP_CTX_set_signer_cert(tsa, signer), 1);
	assert_int_equal(
		TS_RESP_CTX_set_signer_key(tsa, quirk->key == NULL ? f->rsa_key : quirk->key), 1);
	assert_int_equal(TS_RESP_CTX_set_certs(tsa, chain), 1);
	assert_int_equal(TS_RESP_CTX_set_def_policy(tsa, oid), 1);
	assert_int_equal(TS_RESP_CTX_add_md(tsa, EVP_sha256()), 1);
	assert_int_equal(TS_RESP_CTX_set_signer_digest(
				 tsa, quirk->digest == NULL ? EVP_sha256() : quirk->digest),
		1);
	assert_int_equal(
		TS_RESP_CTX_set_ess_cert_id_digest(tsa, quirk->v1 ? EVP_sha1() : EVP_sha256()), 1);
	TS_RESP_CTX_add_flags(tsa, (int)quirk->flags);
	TS_RESP_CTX_set_serial_cb(tsa, serial_number, NULL);
	TS_RESP_CTX_set_time_cb(tsa, late, (void *)(uintptr_t)quirk);
	TS_RESP_CTX_set_extension_cb(tsa, any_extension, NULL);
	sk_X509_free(chain);
	ASN1_OBJECT_free(oid);
	return tsa;
}

/* The request as it is sent, or with an extension that is critical. */
static BIO *request_of(const struct stamp_query *query, const struct quirk *quirk)
{
	uint8_t room[STAMP_MAX_QUERY];
	struct bytes der = stamp_query_encode(query, room, sizeof(room));
	const uint8_t *at = der.at;
	TS_REQ *req = d2i_TS_REQ(NULL, &at, (long)der.len);
	BIO *out = BIO_new(BIO_s_mem());

	assert_non_null(req);
	assert_ptr_equal(at, der.at + der.len);
	if (quirk->extension) {
		ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.99", 1);
		ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
		X509_EXTENSION *ext = NULL;

		assert_int_equal(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05", 2), 1);
		ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
		assert_int_equal(TS_REQ_add_ext(req, ext, -1), 1);
		X509_EXTENSION_free(ext);
		ASN1_OCTET_STRING_free(value);
		ASN1_OBJECT_free(oid);
	}
	assert_int_equal(i2d_TS_REQ_bio(out, req), 1);
	TS_REQ_free(req);
	return out;
}

/* The whole answer of an OpenSSL TSA; the caller frees. */
static struct buf answer_to(
	const struct fixture *f, const struct stamp_query *query, const struct quirk *quirk)
{
	TS_RESP_CTX *tsa = new_tsa(f, quirk);
	BIO *in = request_of(query, quirk);
	TS_RESP *resp = TS_RESP_create_response(tsa, in);
	unsigned char *der = NULL;
	int len = i2d_TS_RESP(resp, &der);
	struct buf out = { 0 };

	assert_true(len > 0);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	TS_RESP_free(resp);
	BIO_free(in);
	TS_RESP_CTX_free(tsa);
	ERR_clear_error();
	return out;
}

static const struct quirk none;

static struct stamp_rules trusting(const struct fixture *f)
{
	struct stamp_rules rules = { .trust = X509_STORE_new(), .now = time(NULL), .skew_s = 300 };

	assert_int_equal(X509_STORE_add_cert(rules.trust, f->root), 1);
	return rules;
}

static void assert_verdict(const struct stamp_query *query, struct bytes answer,
	const struct stamp_rules *rules, enum stamp_verdict wanted, const char *says)
{
	struct stamp_token token;
	struct err err = { 0 };
	enum stamp_verdict found = stamp_judge(query, answer, rules, &token, &err);

	stamp_token_wipe(&token);
	if (found != wanted)
		fail_msg("wanted verdict %d, found %d: %s", (int)wanted, (int)found, err.text);
	if (strstr(err.text, says) == NULL)
		fail_msg("wanted \"%s\" in: %s", says, err.text);
}

static void assert_invalid(const struct fixture *f, const struct stamp_query *query,
	struct bytes answer, const char *says)
{
	struct stamp_rules rules = trusting(f);

	assert_verdict(query, answer, &rules, STAMP_INVALID, says);
	X509_STORE_free(rules.trust);
}

static void assert_granted(
	const struct fixture *f, const struct stamp_query *query, struct bytes answer)
{
	struct stamp_rules rules = trusting(f);

	assert_verdict(query, answer, &rules, STAMP_GRANTED, "");
	X509_STORE_free(rules.trust);
}

static void takes_what_was_asked_for(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	struct stamp_rules rules = trusting(f);
	struct stamp_token token;
	struct err err = { 0 };

	assert_int_equal(stamp_judge(&query, view(&answer), &rules, &token, &err), STAMP_GRANTED);
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

		assert_granted(f, &query, view(&answer));
		buf_free(&answer);
	}
}

static void takes_a_token_without_certificates_if_it_has_the_signer(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(false);
	struct buf answer = answer_to(f, &query, &none);
	struct stamp_rules rules = trusting(f);

	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "must be in --untrusted");
	rules.untrusted = sk_X509_new_null();
	assert_true(sk_X509_push(rules.untrusted, f->ca) > 0);
	assert_true(sk_X509_push(rules.untrusted, f->rsa) > 0);
	assert_verdict(&query, view(&answer), &rules, STAMP_GRANTED, "");
	/* P-10: the other way round neither will do */
	query.cert_req = true;
	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "certReq was set");
	buf_free(&answer);
	answer = answer_to(f, &query, &none);
	query.cert_req = false;
	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "certReq was not set");
	buf_free(&answer);
	sk_X509_free(rules.untrusted);
	X509_STORE_free(rules.trust);
}

static void refuses_another_imprint_digest_nonce_or_policy(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query asked = ask(true), query = asked;
	struct buf answer = answer_to(f, &asked, &none);

	query.imprint[31] ^= 1;
	assert_invalid(f, &query, view(&answer), "messageImprint must be that of the request");
	query = asked;
	query.digest = TSP_SHA512;
	assert_invalid(f, &query, view(&answer), "messageImprint must be by sha512");
	query = asked;
	query.nonce[7] ^= 1;
	assert_invalid(f, &query, view(&answer), "nonce of the request: has another");
	query = asked;
	query.has_nonce = false;
	assert_invalid(f, &query, view(&answer), "nonce: none was asked for");
	query = asked;
	query.policy = (struct bytes){ other_policy, sizeof(other_policy) };
	assert_invalid(f, &query, view(&answer), "policy must be 1.2.3.5 as asked: is 1.2.3.4");
	query.policy = (struct bytes){ 0 };
	assert_granted(f, &query, view(&answer));
	buf_free(&answer);
	query = asked;
	query.has_nonce = false;
	answer = answer_to(f, &query, &none);
	assert_granted(f, &query, view(&answer));
	assert_invalid(f, &asked, view(&answer), "nonce of the request: has none");
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
	assert_invalid(f, &query, view(&answer), "nothing more");
	answer.len--;
	assert_granted(f, &query, view(&answer));
	answer.len--;
	assert_invalid(f, &query, view(&answer), "nothing more");
	answer.len = 0;
	assert_invalid(f, &query, view(&answer), "nothing more");
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
		if (stamp_judge(&query, view(&answer), &rules, &token, &err) == STAMP_GRANTED)
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
	assert_granted(f, &query, view(&answer));
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

	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "s after it");
	rules.skew_s = 500;
	assert_verdict(&query, view(&answer), &rules, STAMP_GRANTED, "");
	buf_free(&answer);
	answer = answer_to(f, &query, &slow);
	assert_verdict(&query, view(&answer), &rules, STAMP_GRANTED, "");
	rules.skew_s = 300;
	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "s before it");
	rules.skew_s = 0;
	assert_verdict(&query, view(&answer), &rules, STAMP_GRANTED, "");
	buf_free(&answer);
	/* P-23: certificates of the fixture are a day old */
	answer = answer_to(f, &query, &before);
	assert_verdict(
		&query, view(&answer), &rules, STAMP_INVALID, "valid at genTime: is not yet");
	buf_free(&answer);
	X509_STORE_free(rules.trust);
}

static void refuses_a_signature_over_a_weak_digest(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk weak = { .digest = EVP_md5() };
	struct buf answer = answer_to(f, &query, &weak);

	assert_invalid(f, &query, view(&answer), "digestAlgorithm must be SHA-1 or stronger");
	buf_free(&answer);
}

static void refuses_a_critical_extension(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	const struct quirk quirk = { .extension = true };
	struct buf answer = answer_to(f, &query, &quirk);

	assert_invalid(f, &query, view(&answer), "critical extension 1.2.3.99");
	buf_free(&answer);
}

static void refuses_another_anchor(void **state)
{
	const struct fixture *f = *state;
	struct stamp_query query = ask(true);
	struct buf answer = answer_to(f, &query, &none);
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *other = make(key, "Root", NULL, NULL, NULL, "critical,CA:TRUE");
	struct stamp_rules rules = { .trust = X509_STORE_new(), .now = time(NULL) };

	assert_int_equal(X509_STORE_add_cert(rules.trust, other), 1);
	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "chain: must end at --trust");
	X509_STORE_free(rules.trust);
	rules.trust = NULL;
	assert_verdict(&query, view(&answer), &rules, STAMP_GRANTED, "");
	X509_free(other);
	EVP_PKEY_free(key);
	buf_free(&answer);
}

/* A token of the service's own encoder, which makes what OpenSSL would not. */
struct own {
	X509 *signer; /* NULL: the fixture's P-256 TSU */
	const uint8_t *in_attrs; /* of this, in the signed attributes, the last byte is flipped */
	size_t in_attrs_len;
	bool trailing; /* a byte after the TSTInfo, within what is signed */
	X509 *chain; /* NULL: the fixture's CA */
};

static struct bytes own_tstinfo(
	const struct stamp_query *query, const struct own *own, uint8_t *room, size_t cap)
{
	static const uint8_t serial[] = { 1, 2, 3, 4 };
	const struct tsp_tstinfo info = {
		.policy = query->policy,
		.digest = query->digest,
		.null_params = true,
		.imprint = { query->imprint, tsp_digest_len(query->digest) },
		.serial = { serial, sizeof(serial) },
		.time_us = (uint64_t)time(NULL) * 1000000 + 120000,
		.digits = 3,
		.nonce = { query->nonce, sizeof(query->nonce) },
	};
	struct bytes der = tsp_tstinfo_encode(&info, room, cap - 1);

	assert_true(der.len > 0);
	room[cap - 1] = 0;
	if (own->trailing)
		der.len++;
	return der;
}

static struct buf own_answer(
	const struct fixture *f, const struct stamp_query *query, const struct own *own)
{
	X509 *signer = own->signer == NULL ? f->p256 : own->signer;
	uint8_t info_room[TSP_MAX_TSTINFO], attrs_room[TOKEN_MAX_SIGNED_ATTRS];
	uint8_t signature[TOKEN_MAX_SIGNATURE], room[ROOM], reply_room[ROOM];
	struct err err = { 0 };
	struct token_parts *parts =
		parts_of(signer, own->chain == NULL ? f->ca : own->chain, TSP_SHA256, &err);
	struct bytes info = own_tstinfo(query, own, info_room, sizeof(info_room));
	struct bytes attrs;
	struct buf out = { 0 };
	size_t len;

	assert_true(token_signed_attrs(parts, info, attrs_room, sizeof(attrs_room), &attrs, &err));
	if (own->in_attrs != NULL) {
		uint8_t *at = memmem(attrs.at, attrs.len, own->in_attrs, own->in_attrs_len);

		assert_non_null(at);
		at[own->in_attrs_len - 1] ^= 1;
	}
	assert_true(token_sign(f->p256_key, TSP_SHA256, attrs, signature, &len, &err));
	buf_append(
		&out, tsp_reply_granted(token_encode(parts, info, attrs,
						(struct bytes){ signature, len }, true, room, ROOM),
			      reply_room, ROOM));
	assert_true(out.len > 0);
	token_parts_free(parts);
	return out;
}

static void assert_own(const struct fixture *f, const struct own *own, const char *says)
{
	struct stamp_query query = ask(true);
	struct buf answer = own_answer(f, &query, own);

	if (says == NULL)
		assert_granted(f, &query, view(&answer));
	else
		assert_invalid(f, &query, view(&answer), says);
	buf_free(&answer);
}

static void refuses_a_signed_attribute_that_names_another(void **state)
{
	static const uint8_t tstinfo_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10,
		0x01, 0x04 };
	const struct fixture *f = *state;
	uint8_t hash[32];
	const struct own good = { 0 };
	const struct own certificate = { .in_attrs = hash, .in_attrs_len = sizeof(hash) };
	const struct own type = { .in_attrs = tstinfo_oid, .in_attrs_len = sizeof(tstinfo_oid) };

	assert_int_equal(X509_digest(f->p256, EVP_sha256(), hash, NULL), 1);
	assert_own(f, &good, NULL);
	assert_own(f, &certificate, "ESSCertIDv2 must name the certificate of the signer");
	assert_own(f, &type, "contentType attribute must be id-ct-TSTInfo");
}

static void refuses_a_tstinfo_with_something_after_it(void **state)
{
	const struct own own = { .trailing = true };

	assert_own(*state, &own, "TSTInfo must be DER and nothing more");
}

static X509 *leaf_with(const struct fixture *f, const char *usage, int64_t until)
{
	int64_t now = time(NULL);
	const struct make_certificate how = {
		.common_name = "Unfit TSU",
		.key = f->p256_key,
		.issuer = f->ca,
		.issuer_key = f->ca_key,
		.not_before = now - DAY,
		.not_after = now + until,
		.extensions = {
			{ "basicConstraints", "CA:FALSE" },
			{ usage == NULL ? NULL : "extendedKeyUsage", usage },
		},
	};

	return make_certificate(&how);
}

static void refuses_a_certificate_that_is_not_for_time_stamping_alone(void **state)
{
	static const struct {
		const char *usage;
		int64_t until;
		const char *says;
	} leaves[] = {
		{ "critical,timeStamping", DAY, NULL },
		{ "timeStamping", DAY, "extendedKeyUsage must be critical" },
		{ "critical,timeStamping,codeSigning", DAY, "timeStamping alone" },
		{ "critical,timeStamping,1.2.3.4.5", DAY, "timeStamping alone" },
		{ "critical,codeSigning", DAY, "timeStamping alone" },
		{ NULL, DAY, "timeStamping alone" },
		{ "critical,timeStamping", -HOUR, "valid at genTime: has expired" },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		X509 *leaf = leaf_with(f, leaves[i].usage, leaves[i].until);
		const struct own own = { .signer = leaf };

		assert_own(f, &own, leaves[i].says);
		X509_free(leaf);
	}
}

/* The signature is by another key than that of the certificate, which is fit otherwise. */
static void refuses_the_signature_of_another(void **state)
{
	const struct fixture *f = *state;
	EVP_PKEY *key = make_key("P-256", 0);
	X509 *leaf = make(key, "Other TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	const struct own own = { .signer = leaf };

	assert_own(f, &own, "signature must be the signer's");
	X509_free(leaf);
	EVP_PKEY_free(key);
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
	assert_int_equal(stamp_judge(&query, view(&answer), &rules, &token, &err), STAMP_GRANTED);
	assert_true(token.modified);
	stamp_token_wipe(&token);
	status[0] = 2;
	assert_verdict(&query, view(&answer), &rules, STAMP_INVALID, "must be one DER");
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
		cmocka_unit_test(takes_a_token_without_certificates_if_it_has_the_signer),
		cmocka_unit_test(refuses_another_imprint_digest_nonce_or_policy),
		cmocka_unit_test(refuses_what_follows_the_answer),
		cmocka_unit_test(refuses_each_flipped_byte),
		cmocka_unit_test(refuses_another_time),
		cmocka_unit_test(refuses_a_signature_over_a_weak_digest),
		cmocka_unit_test(refuses_a_critical_extension),
		cmocka_unit_test(refuses_another_anchor),
		cmocka_unit_test(refuses_a_signed_attribute_that_names_another),
		cmocka_unit_test(refuses_a_tstinfo_with_something_after_it),
		cmocka_unit_test(refuses_a_certificate_that_is_not_for_time_stamping_alone),
		cmocka_unit_test(refuses_the_signature_of_another),
		cmocka_unit_test(says_why_it_was_refused),
		cmocka_unit_test(tells_modifications_from_none),
		cmocka_unit_test(encodes_requests_that_the_service_reads),
		cmocka_unit_test(nonces_differ_and_need_no_sign_octet),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
