/*
 * The verdict of OpenSSL: TS_RESP_verify_response, which is `openssl ts -verify`, then CMS_verify
 * on the same token, and the same bytes again when it encodes what it has read.
 */
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "tests/decoders/case.h"

static bool openssl_says(struct err *why, const char *what)
{
	char text[200];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(why, "%s: %s", what, text);
}

static STACK_OF(X509) * read_chain(const char *path)
{
	struct buf pem = case_file(path);
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *one;

	while (in != NULL && chain != NULL &&
		(one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		(void)sk_X509_push(chain, one);
	ERR_clear_error(); /* "no start line" is how the end looks */
	BIO_free(in);
	buf_free(&pem);
	return chain;
}

static X509_STORE *read_root(const char *path)
{
	X509_STORE *store = X509_STORE_new();

	if (store != NULL && X509_STORE_load_file(store, path) != 1) {
		X509_STORE_free(store);
		store = NULL;
	}
	return store;
}

/* Encodes again what was read from der; true if the same bytes come out. */
static bool same_again(TS_RESP *resp, struct bytes der, struct err *why)
{
	unsigned char *again = NULL;
	int len = i2d_TS_RESP(resp, &again);
	bool same = len > 0 && bytes_equal((struct bytes){ again, (size_t)len }, der);

	OPENSSL_free(again);
	return same || err_set(why, "encodes to %d other bytes than the %zu it was", len, der.len);
}

static bool verify_response(const struct test_case *c, TS_RESP *resp, TS_REQ *req, struct err *why)
{
	TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
	X509_STORE *store = read_root(c->root);
	bool ok = false;

	if (ctx == NULL || store == NULL) {
		openssl_says(why, "request or trust anchor");
		goto out;
	}
	(void)TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
	(void)TS_VERIFY_CTX_set_store(ctx, store); /* takes it */
	store = NULL;
	if (case_wants(c, "nocert"))
		(void)TS_VERIFY_CTX_set_certs(ctx, read_chain(c->chain)); /* takes it */
	ok = TS_RESP_verify_response(ctx, resp) == 1 || openssl_says(why, "ts");
out:
	X509_STORE_free(store);
	TS_VERIFY_CTX_free(ctx);
	return ok;
}

static bool verify_cms(const struct test_case *c, TS_RESP *resp, struct err *why)
{
	unsigned char *der = NULL;
	int len = i2d_PKCS7(TS_RESP_get_token(resp), &der);
	const unsigned char *at = der;
	CMS_ContentInfo *cms = len <= 0 ? NULL : d2i_CMS_ContentInfo(NULL, &at, len);
	X509_STORE *store = read_root(c->root);
	STACK_OF(X509) *chain = case_wants(c, "nocert") ? read_chain(c->chain) : NULL;
	bool ok = false;

	/* CMS_verify looks for the signer there, but not for who issued its certificate. */
	for (int i = 1; store != NULL && i < sk_X509_num(chain); i++)
		(void)X509_STORE_add_cert(store, sk_X509_value(chain, i));
	if (cms == NULL || store == NULL ||
		X509_STORE_set_purpose(store, X509_PURPOSE_TIMESTAMP_SIGN) != 1)
		openssl_says(why, "cms");
	else
		ok = CMS_verify(cms, chain, store, NULL, NULL, CMS_BINARY) == 1 ||
		     openssl_says(why, "cms");
	sk_X509_pop_free(chain, X509_free);
	X509_STORE_free(store);
	CMS_ContentInfo_free(cms);
	OPENSSL_free(der);
	return ok;
}

/* What the verifying functions do not look at. */
static bool check_contents(const struct test_case *c, TS_RESP *resp, struct err *why)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(resp);
	const STACK_OF(X509) *certs = TS_RESP_get_token(resp)->d.sign->cert;

	if ((sk_X509_num(certs) > 0) != case_wants(c, "cert"))
		return err_set(why, "P-10: %d certificates", sk_X509_num(certs));
	if ((TS_TST_INFO_get_tsa(info) != NULL) != case_wants(c, "tsa"))
		return err_set(why, "P-21: tsa is there, or is not");
	if (TS_TST_INFO_get_accuracy(info) == NULL || TS_TST_INFO_get_ordering(info) != 0)
		return err_set(why, "T-02: accuracy is there, ordering is not");
	if ((TS_TST_INFO_get_ext_count(info) == 1) != case_wants(c, "qualified"))
		return err_set(why, "T-05: %d extensions", TS_TST_INFO_get_ext_count(info));
	return sk_ASN1_UTF8STRING_num(TS_STATUS_INFO_get0_text(TS_RESP_get_status_info(resp))) <=
		       0 ||
	       err_set(why, "1.1: a text though granted");
}

static bool verify_refusal(const struct test_case *c, TS_RESP *resp, struct err *why)
{
	const TS_STATUS_INFO *status = TS_RESP_get_status_info(resp);
	const ASN1_BIT_STRING *info = TS_STATUS_INFO_get0_failure_info(status);
	const STACK_OF(ASN1_UTF8STRING) *text = TS_STATUS_INFO_get0_text(status);

	if (ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)) != 2 ||
		TS_RESP_get_token(resp) != NULL)
		return err_set(why, "P-11: status 2 and no token");
	for (int bit = 0; info != NULL && bit < 32; bit++)
		if (ASN1_BIT_STRING_get_bit(info, bit) != (bit == case_failure(c)))
			return err_set(why, "P-12: failInfo: bit %d is wrong", bit);
	return (info != NULL && sk_ASN1_UTF8STRING_num(text) == 1 &&
		       ASN1_STRING_length(sk_ASN1_UTF8STRING_value(text, 0)) > 0) ||
	       err_set(why, "P-12: failInfo and one text");
}

static bool verify(void *arg, const struct test_case *c, struct err *why)
{
	struct buf answer = case_file(c->answer);
	struct buf query = case_file(c->query);
	const unsigned char *at = answer.at;
	const unsigned char *query_at = query.at;
	TS_RESP *resp = d2i_TS_RESP(NULL, &at, (long)answer.len);
	TS_REQ *req = d2i_TS_REQ(NULL, &query_at, (long)query.len);
	bool ok = false;

	(void)arg;
	if (resp == NULL)
		openssl_says(why, "decode");
	else if (at != answer.at + answer.len)
		err_set(why, "decode: bytes after its end");
	else if (same_again(resp, buf_view(&answer), why))
		ok = case_failure(c) >= 0
			     ? verify_refusal(c, resp, why)
			     : verify_response(c, resp, req, why) && verify_cms(c, resp, why) &&
				       check_contents(c, resp, why);
	TS_REQ_free(req);
	TS_RESP_free(resp);
	buf_free(&query);
	buf_free(&answer);
	return ok;
}

int main(void)
{
	return case_run(verify, NULL);
}
