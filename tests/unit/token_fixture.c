/* Keys and certificates are made anew for each test program. */
#include "token_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ts.h>

static const uint8_t policy[] = { 0x2a, 0x03, 0x04 }; /* 1.2.3.4 */
static const uint8_t imprint[32] = { 7, 7, 7 };
static const uint8_t serial[] = { 0x81, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
static const uint8_t nonce[] = { 0x12, 0x34, 0x56 };

const struct token_kind usual_kind = {
	.options = { .algorithm_protection = true },
	.tsa_name = true,
	.digits = 3,
};

X509 *make(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, const char *usage,
	const char *constraints)
{
	int64_t now = time(NULL);
	const struct make_certificate how = {
		.common_name = name,
		.organization = "Token Test",
		.key = key,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.not_before = now - DAY,
		.not_after = now + 30 * DAY,
		.extensions = {
			{ "basicConstraints", constraints },
			{ "subjectKeyIdentifier", "hash" },
			{ usage, usage == NULL ? NULL : "critical,timeStamping" },
		},
	};

	return make_certificate(&how);
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->root_key = make_key("P-256", 0);
	f->ca_key = make_key("P-256", 0);
	f->rsa_key = make_key("rsa", 2048);
	f->p256_key = make_key("P-256", 0);
	f->p384_key = make_key("P-384", 0);
	f->root = make(f->root_key, "Root", NULL, NULL, NULL, "critical,CA:TRUE");
	f->ca = make(f->ca_key, "Issuing CA", f->root, f->root_key, NULL, "critical,CA:TRUE");
	f->rsa = make(f->rsa_key, "RSA TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	f->p256 = make(f->p256_key, "P-256 TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	f->p384 = make(f->p384_key, "P-384 TSU", f->ca, f->ca_key, "extendedKeyUsage", "CA:FALSE");
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	EVP_PKEY_free(f->root_key);
	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->rsa_key);
	EVP_PKEY_free(f->p256_key);
	EVP_PKEY_free(f->p384_key);
	X509_free(f->root);
	X509_free(f->ca);
	X509_free(f->rsa);
	X509_free(f->p256);
	X509_free(f->p384);
	free(f);
	return 0;
}

struct buf der_of(X509 *certificate)
{
	struct buf out = { 0 };
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	assert_true(len > 0);
	buf_append(&out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return out;
}

struct token_parts *parts_with(X509 *leaf, X509 *chain, enum tsp_digest digest,
	struct token_options options, struct err *err)
{
	struct buf certificate = der_of(leaf);
	struct buf rest = chain == NULL ? (struct buf){ 0 } : der_of(chain);
	struct token_parts *parts =
		token_parts_new(buf_view(&certificate), buf_view(&rest), digest, options, err);

	buf_free(&certificate);
	buf_free(&rest);
	return parts;
}

struct token_parts *parts_of(X509 *leaf, X509 *chain, enum tsp_digest digest, struct err *err)
{
	return parts_with(leaf, chain, digest, usual_kind.options, err);
}

struct token *make_token(const struct fixture *f, X509 *leaf, EVP_PKEY *key, enum tsp_digest digest)
{
	return make_token_of_kind(f, leaf, key, digest, &usual_kind);
}

struct token *make_token_of_kind(const struct fixture *f, X509 *leaf, EVP_PKEY *key,
	enum tsp_digest digest, const struct token_kind *kind)
{
	uint64_t now_us = (uint64_t)time(NULL) * 1000000 + 123000;
	struct tsp_tstinfo info = {
		.policy = { policy, sizeof(policy) },
		.digest = TSP_SHA256,
		.imprint = { imprint, sizeof(imprint) },
		.serial = { serial, sizeof(serial) },
		.time_us = tsp_time_cut(kind->time_us > 0 ? kind->time_us : now_us, kind->digits),
		.digits = kind->digits,
		.accuracy = tsp_accuracy_of_ms(1000),
		.nonce = { nonce, sizeof(nonce) },
		.qualified = kind->qualified,
	};
	struct token *t = calloc(1, sizeof(*t));
	struct err err = { 0 };
	size_t len;

	assert_non_null(t);
	t->parts = parts_with(leaf, f->ca, digest, kind->options, &err);
	assert_non_null(t->parts);
	if (kind->tsa_name)
		info.tsa_name = token_parts_tsa_name(t->parts);
	t->tstinfo = tsp_tstinfo_encode(&info, t->tstinfo_room, sizeof(t->tstinfo_room));
	assert_true(t->tstinfo.len > 0);
	assert_true(token_signed_attrs(
		t->parts, t->tstinfo, t->attrs_room, sizeof(t->attrs_room), &t->attrs, &err));
	assert_true(token_sign(key, digest, t->attrs, t->signature_room, &len, &err));
	t->signature = (struct bytes){ t->signature_room, len };
	t->token = token_encode(
		t->parts, t->tstinfo, t->attrs, t->signature, true, t->token_room, ROOM);
	t->body = token_encode(
		t->parts, t->tstinfo, t->attrs, t->signature, false, t->body_room, ROOM);
	assert_true(t->token.len > 0);
	assert_true(t->body.len > 0);
	return t;
}

void free_token(struct token *t)
{
	token_parts_free(t->parts);
	free(t);
}

int ts_verdict(const struct fixture *f, struct bytes token, X509 *extra)
{
	const uint8_t *at = token.at;
	PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)token.len);
	TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	unsigned char *wanted = OPENSSL_memdup(imprint, sizeof(imprint));
	int verdict = -1;

	if (p7 != NULL && at == token.at + token.len) {
		(void)X509_STORE_add_cert(store, f->root);
		if (extra != NULL) {
			(void)X509_add_cert(untrusted, extra, X509_ADD_FLAG_UP_REF);
			(void)X509_add_cert(untrusted, f->ca, X509_ADD_FLAG_UP_REF);
		}
		(void)TS_VERIFY_CTX_set_flags(
			ctx, TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_IMPRINT);
		(void)TS_VERIFY_CTX_set_store(ctx, store);
		(void)TS_VERIFY_CTX_set_certs(ctx, untrusted);
		(void)TS_VERIFY_CTX_set_imprint(ctx, wanted, sizeof(imprint));
		store = NULL;
		untrusted = NULL;
		wanted = NULL;
		verdict = TS_RESP_verify_token(ctx, p7);
	}
	ERR_clear_error();
	OPENSSL_free(wanted);
	sk_X509_pop_free(untrusted, X509_free);
	X509_STORE_free(store);
	TS_VERIFY_CTX_free(ctx);
	PKCS7_free(p7);
	return verdict;
}

CMS_ContentInfo *cms_of(struct bytes token)
{
	const uint8_t *at = token.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)token.len);

	assert_non_null(cms);
	assert_ptr_equal(at, token.at + token.len);
	return cms;
}
