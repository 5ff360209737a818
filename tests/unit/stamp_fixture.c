/* Its TSA signs with the keys of token_fixture.c; its serial is always 0x81020304050607. */
#include "stamp_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ts.h>

static const uint8_t policy[] = { 0x2a, 0x03, 0x04 }; /* 1.2.3.4 */

const struct quirk none;

struct stamp_query ask(bool cert_req)
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

struct buf answer_to(
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

struct stamp_rules trusting(const struct fixture *f)
{
	struct stamp_rules rules = { .trust = X509_STORE_new(), .now = time(NULL), .skew_s = 300 };

	assert_int_equal(X509_STORE_add_cert(rules.trust, f->root), 1);
	return rules;
}

void assert_verdict(const struct stamp_query *query, struct bytes answer,
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

void assert_invalid(const struct fixture *f, const struct stamp_query *query, struct bytes answer,
	const char *says)
{
	struct stamp_rules rules = trusting(f);

	assert_verdict(query, answer, &rules, STAMP_INVALID, says);
	X509_STORE_free(rules.trust);
}

void assert_granted(const struct fixture *f, const struct stamp_query *query, struct bytes answer)
{
	struct stamp_rules rules = trusting(f);

	assert_verdict(query, answer, &rules, STAMP_GRANTED, "");
	X509_STORE_free(rules.trust);
}
