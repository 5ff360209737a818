#include "token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "tests/load/verify.h"
#include "tsa/tsp/der.h"
#include "tsa/tsp/reply.h"

enum { WHOLLY_EVERY = 50 };

/* What all tokens of an endpoint have in common, as its first one was found. */
struct tsu {
	X509 *cert;
	uint8_t key_id[HASH_LEN];
	struct buf certificates; /* SET of a token with certReq */
	struct buf ess; /* its signingCertificateV2 */
	uint64_t judged[2]; /* without, with certReq */
};

struct token_judge {
	struct options how[2]; /* without, with certReq */
	struct verifier *verifier[2];
	struct tsu tsu[ANSWER_MAX_ENDPOINTS];
	size_t tsu_count;
};

/* A token, taken apart. */
struct parts {
	struct bytes certificates; /* content of [0]; empty: none */
	uint8_t body[ANSWER_MAX_REPLY];
	struct bytes body_view; /* the token without them */
	PKCS7 *p7; /* of the body */
	PKCS7_SIGNER_INFO *signer; /* p7's */
};

static bool err_openssl(struct err *err, const char *what)
{
	char text[200];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, "%s: %s", what, text);
}

/* ---- the TSUs ---- */

static bool read_certificates(const char *path, STACK_OF(X509) * certs, struct err *err)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *cert;

	while (file != NULL && (cert = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(certs, cert) == 0)
			abort();
	}
	BIO_free(file);
	ERR_clear_error(); /* "no start line" is how the end of the file looks */
	return sk_X509_num(certs) > 0 || err_set(err, "%s: must hold certificates", path);
}

/* The first is the leaf; purpose timestamping, as RFC 3161 2.3 wants it. */
static bool verify_chain(
	const char *trust, const char *path, STACK_OF(X509) * certs, struct err *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store != NULL && ctx != NULL && X509_STORE_load_file(store, trust) == 1 &&
		  X509_STORE_CTX_init(ctx, store, sk_X509_value(certs, 0), certs) == 1 &&
		  X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_TIMESTAMP_SIGN) == 1 &&
		  X509_verify_cert(ctx) == 1;

	if (!ok)
		(void)err_set(err, "%s: must chain to %s: %s", path, trust,
			X509_verify_cert_error_string(ctx == NULL ? X509_V_ERR_OUT_OF_MEM
								  : X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static bool load_tsu(struct tsu *tsu, const char *trust, const char *path, struct err *err)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	bool ok = certs != NULL && read_certificates(path, certs, err) &&
		  verify_chain(trust, path, certs, err);

	if (ok) {
		tsu->cert = sk_X509_shift(certs);
		ok = X509_digest(tsu->cert, EVP_sha256(), tsu->key_id, NULL) == 1 ||
		     err_openssl(err, path);
	}
	sk_X509_pop_free(certs, X509_free);
	return ok;
}

struct token_judge *token_judge_new(const struct token_options *o, struct err *err)
{
	struct token_judge *j = must_calloc(1, sizeof(*j));
	bool ok = true;

	for (int i = 0; ok && i < 2; i++) {
		j->how[i] = (struct options){ .digest = "sha256",
			.nonce = true,
			.cert_req = i == 1,
			.trust = o->trust,
			.untrusted = o->untrusted };
		j->verifier[i] = verifier_new(&j->how[i], err);
		ok = j->verifier[i] != NULL;
	}
	for (size_t i = 0; ok && i < ANSWER_MAX_ENDPOINTS && o->tsu[i] != NULL; i++) {
		ok = load_tsu(&j->tsu[i], o->trust, o->tsu[i], err);
		j->tsu_count++;
	}
	if (ok)
		return j;
	token_judge_free(j);
	return NULL;
}

void token_judge_free(struct token_judge *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < j->tsu_count; i++) {
		X509_free(j->tsu[i].cert);
		buf_free(&j->tsu[i].certificates);
		buf_free(&j->tsu[i].ess);
	}
	verifier_free(j->verifier[0]);
	verifier_free(j->verifier[1]);
	free(j);
}

/* ---- the token, taken apart ---- */

/* Splits the SignedData around its certificates [0]; false if it is not laid out as RFC 5652 5.1.
 */
static bool split_signed_data(struct der signed_data, struct bytes *before,
	struct bytes *certificates, struct bytes *after)
{
	const uint8_t *start = signed_data.rest.at;

	(void)der_take_whole(&signed_data, DER_INTEGER);
	(void)der_take_whole(&signed_data, DER_SET);
	(void)der_take_whole(&signed_data, DER_SEQUENCE);
	*before = (struct bytes){ start, (size_t)(signed_data.rest.at - start) };
	if (der_next_is(&signed_data, DER_CONTEXT_CONSTRUCTED))
		*certificates = der_take(&signed_data, DER_CONTEXT_CONSTRUCTED);
	*after = der_take_whole(&signed_data, DER_SET);
	return der_finished(&signed_data);
}

static bool cut_certificates(struct bytes token, struct parts *parts)
{
	struct der_out out = der_out_on(parts->body, sizeof(parts->body));
	struct der d = { .rest = token };
	struct der info = der_enter(&d, DER_SEQUENCE);
	struct bytes type = der_take_whole(&info, DER_OID);
	struct der content = der_enter(&info, DER_CONTEXT_CONSTRUCTED);
	struct der signed_data = der_enter(&content, DER_SEQUENCE);
	struct bytes before, after;
	size_t mark = der_out_mark(&out);

	parts->certificates = (struct bytes){ 0 };
	if (!der_finished(&d) || !der_finished(&info) || !der_finished(&content) ||
		!split_signed_data(signed_data, &before, &parts->certificates, &after))
		return false;
	der_put_raw(&out, after);
	der_put_raw(&out, before);
	der_put_header(&out, DER_SEQUENCE, mark);
	der_put_header(&out, DER_CONTEXT_CONSTRUCTED, mark);
	der_put_raw(&out, type);
	der_put_header(&out, DER_SEQUENCE, mark);
	parts->body_view = der_out_view(&out);
	return parts->body_view.len > 0;
}

static bool take_apart(struct bytes token, struct parts *parts, struct err *err)
{
	const unsigned char *at;
	const STACK_OF(PKCS7_SIGNER_INFO) * signers;

	if (!cut_certificates(token, parts))
		return err_set(err, "token: must be a SignedData in DER");
	at = parts->body_view.at;
	parts->p7 = d2i_PKCS7(NULL, &at, (long)parts->body_view.len);
	if (parts->p7 == NULL || !PKCS7_type_is_signed(parts->p7))
		return err_openssl(err, "token");
	signers = PKCS7_get_signer_info(parts->p7);
	if (sk_PKCS7_SIGNER_INFO_num(signers) != 1)
		return err_set(err, "token: RFC 3161 2.4.2: one signature");
	parts->signer = sk_PKCS7_SIGNER_INFO_value(signers, 0);
	return true;
}

/* ---- what is checked of every token ---- */

/* The first token of the endpoint, wholly judged, says what the others must have. */
static bool same_as_first(struct buf *first, struct bytes found, const char *what, struct err *err)
{
	if (first->len == 0)
		buf_append(first, found);
	return bytes_equal(buf_view(first), found) ||
	       err_set(err, "token: %s: not that of this endpoint's first token", what);
}

static bool check_certificates(
	struct tsu *tsu, const struct answer *a, const struct parts *parts, struct err *err)
{
	const ASN1_TYPE *ess =
		PKCS7_get_signed_attribute(parts->signer, NID_id_smime_aa_signingCertificateV2);

	if ((parts->certificates.len > 0) != (a->cert_req != 0))
		return err_set(err, "token: RFC 3161 2.4.1: certReq was %u, certificates are %s",
			a->cert_req, parts->certificates.len > 0 ? "there" : "missing");
	if (a->cert_req != 0 &&
		!same_as_first(&tsu->certificates, parts->certificates, "certificates", err))
		return false;
	if (ess == NULL || ess->type != V_ASN1_SEQUENCE)
		return err_set(err, "token: RFC 5816 2.2.1: signingCertificateV2: none");
	return same_as_first(&tsu->ess,
		(struct bytes){ ASN1_STRING_get0_data(ess->value.sequence),
			(size_t)ASN1_STRING_length(ess->value.sequence) },
		"signingCertificateV2", err);
}

static bool check_signature(const struct tsu *tsu, const struct parts *parts, struct err *err)
{
	BIO *content = PKCS7_dataInit(parts->p7, NULL);
	char sink[4096];
	bool ok = content != NULL;

	while (ok && BIO_read(content, sink, sizeof(sink)) > 0)
		continue;
	ok = ok && PKCS7_signatureVerify(content, parts->p7, parts->signer, tsu->cert) == 1;
	BIO_free_all(content);
	return ok || err_openssl(err, "token: signature");
}

/* Version, imprint, nonce: the token is for this request. */
static bool check_request(const struct answer *a, const struct parts *parts, struct err *err)
{
	const unsigned char *at = a->request.at;
	TS_REQ *request = d2i_TS_REQ(NULL, &at, (long)a->request.len);
	TS_VERIFY_CTX *ctx = request == NULL ? NULL : TS_REQ_to_TS_VERIFY_CTX(request, NULL);
	bool ok = ctx != NULL;

	/* What tsa says of the signer needs its certificate: the signature is checked elsewhere. */
	if (ok)
		(void)TS_VERIFY_CTX_set_flags(
			ctx, TS_VERIFY_CTX_add_flags(ctx, 0) & ~(int)TS_VFY_SIGNER);
	ok = ok && TS_RESP_verify_token(ctx, parts->p7) == 1;
	TS_VERIFY_CTX_free(ctx);
	TS_REQ_free(request);
	return ok || err_openssl(err, "token: against its request");
}

/* All of it, with nothing taken for granted. */
static bool judge_wholly(const struct token_judge *j, const struct answer *a, struct err *err)
{
	struct exchange exchange = { .status = 200 };
	struct verdict verdict;
	bool ok;

	buf_append(&exchange.request, a->request);
	buf_append(&exchange.answer, a->reply);
	ok = verifier_judge(j->verifier[a->cert_req], &exchange, &verdict, err);
	if (ok && !verdict.granted)
		ok = err_set(err, "answer: one decoder says granted, the other refused");
	buf_free(&exchange.request);
	buf_free(&exchange.answer);
	return ok;
}

/* ---- what it says ---- */

/* 20261124081500.123Z; at most six digits of fraction. */
static bool read_gen_time(const char *text, uint64_t *time_us)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y%m%d%H%M%S", &tm);
	uint64_t unit = 100000;

	if (rest == NULL)
		return false;
	*time_us = (uint64_t)timegm(&tm) * 1000000;
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 0; rest++, unit /= 10)
			*time_us += (uint64_t)(*rest - '0') * unit;
	}
	return strcmp(rest, "Z") == 0;
}

static bool read_tst_info(const PKCS7 *p7, struct token_facts *facts, struct err *err)
{
	TS_TST_INFO *info = PKCS7_to_TS_TST_INFO((PKCS7 *)p7);
	BIGNUM *n = info == NULL ? NULL : ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
	uint8_t bytes[SERIAL_LEN];
	bool ok = n != NULL && BN_bn2binpad(n, bytes, SERIAL_LEN) == SERIAL_LEN &&
		  read_gen_time((const char *)ASN1_STRING_get0_data(TS_TST_INFO_get_time(info)),
			  &facts->time_us);

	if (ok)
		facts->serial = serial_decode(bytes);
	BN_free(n);
	TS_TST_INFO_free(info);
	return ok || err_set(err, "token: serial of 96 bits and genTime in UTC: not so");
}

/* The token's ledger entry (ledger.md 1.3.1) and the hash of the body. */
static void read_record(const struct tsu *tsu, const struct parts *parts, struct token_facts *facts)
{
	const ASN1_OCTET_STRING *content = parts->p7->d.sign->contents->d.other->value.octet_string;
	const ASN1_OCTET_STRING *signature = parts->signer->enc_digest;
	uint8_t entry[ENTRY_LEN];

	entry_of_token(facts->serial, facts->time_us, tsu->key_id,
		(struct bytes){
			ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content) },
		(struct bytes){
			ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature) },
		entry);
	entry_leaf_hash(entry, facts->leaf);
	hash_one(parts->body_view, facts->body);
}

bool token_judge(
	struct token_judge *j, const struct answer *a, struct token_facts *facts, struct err *err)
{
	struct parts parts = { .p7 = NULL };
	struct tsp_reply reply;
	struct tsu *tsu;
	bool ok;

	*facts = (struct token_facts){ .granted = false };
	if (a->endpoint >= j->tsu_count || a->cert_req > 1)
		return err_set(err, "answer: of endpoint %u, certReq %u: there is no such",
			a->endpoint, a->cert_req);
	if (!tsp_reply_decode(a->reply, &reply))
		return err_set(err, "answer: must be a TimeStampResp");
	if (reply.status != 0)
		return true;
	facts->granted = true;
	tsu = &j->tsu[a->endpoint];
	ok = (tsu->judged[a->cert_req]++ % WHOLLY_EVERY != 0 || judge_wholly(j, a, err)) &&
	     take_apart(reply.token, &parts, err) && check_certificates(tsu, a, &parts, err) &&
	     check_signature(tsu, &parts, err) && check_request(a, &parts, err) &&
	     read_tst_info(parts.p7, facts, err);
	if (ok)
		read_record(tsu, &parts, facts);
	PKCS7_free(parts.p7);
	return ok;
}
