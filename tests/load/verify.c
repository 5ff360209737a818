#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

enum { NONCE_LEN = 8 };

struct verifier {
	const struct options *o;
	const EVP_MD *digest;
	X509_STORE *store; /* NULL: signatures are not verified */
	STACK_OF(X509) * untrusted; /* may be NULL */
};

static bool err_openssl(struct err *err, const char *what)
{
	char text[200];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, "%s: %s", what, text);
}

static bool load_store(struct verifier *v, struct err *err)
{
	v->store = X509_STORE_new();
	if (v->store == NULL || X509_STORE_load_file(v->store, v->o->trust) != 1)
		return err_openssl(err, v->o->trust);
	return true;
}

static bool load_untrusted(struct verifier *v, struct err *err)
{
	BIO *file = BIO_new_file(v->o->untrusted, "r");
	X509 *cert = NULL;
	bool ok = false;

	v->untrusted = sk_X509_new_null();
	if (file == NULL || v->untrusted == NULL) {
		err_openssl(err, v->o->untrusted);
		goto out;
	}
	while ((cert = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(v->untrusted, cert) == 0)
			abort();
	}
	ERR_clear_error(); /* "no start line" is how the end of the file looks */
	ok = sk_X509_num(v->untrusted) > 0;
	if (!ok)
		err_set(err, "%s: must hold certificates: none", v->o->untrusted);
out:
	BIO_free(file);
	return ok;
}

struct verifier *verifier_new(const struct options *o, struct err *err)
{
	struct verifier *v = must_calloc(1, sizeof(*v));

	v->o = o;
	v->digest = EVP_get_digestbyname(o->digest);
	if (v->digest == NULL) {
		err_set(err, "--digest: must be known to OpenSSL: %s", o->digest);
		goto fail;
	}
	if (o->trust != NULL && !load_store(v, err))
		goto fail;
	if (o->untrusted != NULL && !load_untrusted(v, err))
		goto fail;
	return v;
fail:
	verifier_free(v);
	return NULL;
}

void verifier_free(struct verifier *v)
{
	if (v == NULL)
		return;
	X509_STORE_free(v->store);
	sk_X509_pop_free(v->untrusted, X509_free);
	free(v);
}

static bool set_imprint(const struct verifier *v, TS_REQ *req)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	unsigned char hash[EVP_MAX_MD_SIZE];
	int len = EVP_MD_get_size(v->digest);
	bool ok;

	ok = imprint != NULL && alg != NULL && RAND_bytes(hash, len) == 1 &&
	     X509_ALGOR_set0(alg, OBJ_nid2obj(EVP_MD_get_type(v->digest)), V_ASN1_NULL, NULL) ==
		     1 &&
	     TS_MSG_IMPRINT_set_algo(imprint, alg) == 1 &&
	     TS_MSG_IMPRINT_set_msg(imprint, hash, len) == 1 &&
	     TS_REQ_set_msg_imprint(req, imprint) == 1;
	X509_ALGOR_free(alg);
	TS_MSG_IMPRINT_free(imprint);
	return ok;
}

static bool set_nonce(TS_REQ *req)
{
	unsigned char bytes[NONCE_LEN];
	BIGNUM *n = NULL;
	ASN1_INTEGER *nonce = NULL;
	bool ok;

	ok = RAND_bytes(bytes, sizeof(bytes)) == 1 &&
	     (n = BN_bin2bn(bytes, sizeof(bytes), NULL)) != NULL &&
	     (nonce = BN_to_ASN1_INTEGER(n, NULL)) != NULL && TS_REQ_set_nonce(req, nonce) == 1;
	BN_free(n);
	ASN1_INTEGER_free(nonce);
	return ok;
}

static bool set_policy(TS_REQ *req, const char *policy)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(policy, 1);
	bool ok = oid != NULL && TS_REQ_set_policy_id(req, oid) == 1;

	ASN1_OBJECT_free(oid);
	return ok;
}

bool verifier_request(const struct verifier *v, struct buf *out, struct err *err)
{
	TS_REQ *req = TS_REQ_new();
	unsigned char *der = NULL;
	int len = -1;

	if (req != NULL && TS_REQ_set_version(req, 1) == 1 && set_imprint(v, req) &&
		(!v->o->nonce || set_nonce(req)) &&
		(v->o->policy == NULL || set_policy(req, v->o->policy)) &&
		TS_REQ_set_cert_req(req, v->o->cert_req ? 0xff : 0) == 1)
		len = i2d_TS_REQ(req, &der);
	if (len <= 0 || len > VERIFY_MAX_REQUEST)
		err_openssl(err, "request");
	else
		buf_append(out, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	TS_REQ_free(req);
	return len > 0 && len <= VERIFY_MAX_REQUEST;
}

/* Bit number of the failInfo of a refusal; -1 if there is none. */
static int fail_info_of(TS_RESP *resp)
{
	const ASN1_BIT_STRING *bits =
		TS_STATUS_INFO_get0_failure_info(TS_RESP_get_status_info(resp));

	if (bits == NULL)
		return -1;
	for (int i = 0; i < 32; i++) {
		if (ASN1_BIT_STRING_get_bit(bits, i))
			return i;
	}
	return -1;
}

static bool describe(TS_TST_INFO *info, struct verdict *verdict, struct err *err)
{
	const ASN1_GENERALIZEDTIME *time = TS_TST_INFO_get_time(info);
	BIGNUM *n = ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
	char *hex = n == NULL ? NULL : BN_bn2hex(n);
	bool ok = hex != NULL && strlen(hex) < sizeof(verdict->serial) &&
		  (size_t)ASN1_STRING_length(time) < sizeof(verdict->gen_time);

	if (ok) {
		memcpy(verdict->serial, hex, strlen(hex) + 1);
		memcpy(verdict->gen_time, ASN1_STRING_get0_data(time),
			(size_t)ASN1_STRING_length(time));
	} else {
		err_set(err, "token: serial and genTime must have a usual length");
	}
	OPENSSL_free(hex);
	BN_free(n);
	return ok;
}

/* The token against its request, and against the trust anchors if there are any. */
static bool verify(const struct verifier *v, TS_REQ *req, TS_RESP *resp, struct err *err)
{
	TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
	bool ok = false;

	if (ctx == NULL)
		return err_openssl(err, "verifier");
	if (v->store != NULL) {
		if (X509_STORE_up_ref(v->store) != 1)
			abort();
		TS_VERIFY_CTX_set_store(ctx, v->store);
		TS_VERIFY_CTX_set_certs(
			ctx, v->untrusted == NULL ? NULL : X509_chain_up_ref(v->untrusted));
		TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
	} else {
		/* Whether tsa is a name of the signer needs its certificate and the signature. */
		TS_VERIFY_CTX_set_flags(ctx, TS_VERIFY_CTX_add_flags(ctx, 0) & ~(int)TS_VFY_SIGNER);
	}
	ok = TS_RESP_verify_response(ctx, resp) == 1;
	if (!ok)
		err_openssl(err, "token");
	TS_VERIFY_CTX_free(ctx);
	return ok;
}

static bool has_certificates(TS_RESP *resp)
{
	const PKCS7 *token = TS_RESP_get_token(resp);

	return sk_X509_num(token->d.sign->cert) > 0;
}

static bool judge_response(const struct verifier *v, TS_REQ *req, TS_RESP *resp,
	struct verdict *verdict, struct err *err)
{
	const TS_STATUS_INFO *status = TS_RESP_get_status_info(resp);

	/* requirements.md 1.2: status 0 only, never grantedWithMods */
	verdict->granted = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)) == 0;
	verdict->fail_info = fail_info_of(resp);
	if (!verdict->granted)
		return true;
	if (sk_ASN1_UTF8STRING_num(TS_STATUS_INFO_get0_text(status)) > 0)
		return err_set(err, "answer: no statusString when granted: there is one");
	if (TS_RESP_get_token(resp) == NULL)
		return err_set(err, "answer: RFC 3161 2.4.2: granted without a token");
	if (has_certificates(resp) != v->o->cert_req)
		return err_set(err, "token: RFC 3161 2.4.1: certReq was %s, certificates are %s",
			v->o->cert_req ? "set" : "not set", v->o->cert_req ? "missing" : "there");
	return describe(TS_RESP_get_tst_info(resp), verdict, err) && verify(v, req, resp, err);
}

bool verifier_judge(const struct verifier *v, const struct exchange *e, struct verdict *verdict,
	struct err *err)
{
	const unsigned char *req_at = e->request.at, *resp_at = e->answer.at;
	TS_REQ *req = d2i_TS_REQ(NULL, &req_at, (long)e->request.len);
	TS_RESP *resp = d2i_TS_RESP(NULL, &resp_at, (long)e->answer.len);
	bool ok = false;

	*verdict = (struct verdict){ .fail_info = -1 };
	if (req == NULL || resp == NULL)
		err_openssl(err, "answer: must be a TimeStampResp");
	else if (resp_at != e->answer.at + e->answer.len)
		err_set(err, "answer: nothing may follow the TimeStampResp: %td bytes do",
			e->answer.at + e->answer.len - resp_at);
	else
		ok = judge_response(v, req, resp, verdict, err);
	TS_REQ_free(req);
	TS_RESP_free(resp);
	return ok;
}
