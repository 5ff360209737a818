/* The CRL that covers a certificate: where it is, and whether it is one. */
#include "evidence_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pem/pem.h"
#include "tools/pem/pointers.h"

enum crl_verdict { CRL_COVERS, CRL_REVOKES, CRL_UNFIT };

/*
 * Issuer, signature, times, scope (issuingDistributionPoint) and the entry, all by OpenSSL, with
 * the issuer as the only anchor.
 */
static enum crl_verdict judge(X509_CRL *crl, X509 *certificate, X509 *issuer, struct err *err)
{
	X509_STORE *empty = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *anchor = sk_X509_new_null();
	STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	int error;

	if (empty == NULL || ctx == NULL || anchor == NULL || crls == NULL ||
		sk_X509_push(anchor, issuer) == 0 || sk_X509_CRL_push(crls, crl) == 0 ||
		X509_STORE_CTX_init(ctx, empty, certificate, NULL) != 1)
		abort();
	X509_STORE_CTX_set0_trusted_stack(ctx, anchor);
	X509_STORE_CTX_set0_crls(ctx, crls);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN);
	error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	if (error != X509_V_OK)
		err_set(err, "must cover the certificate now: %s",
			X509_verify_cert_error_string(error));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(empty);
	sk_X509_free(anchor);
	sk_X509_CRL_free(crls);
	if (error == X509_V_ERR_CERT_REVOKED)
		return CRL_REVOKES;
	return error == X509_V_OK ? CRL_COVERS : CRL_UNFIT;
}

static void fetch(struct evidence *evidence, struct evidence_crl *entry)
{
	struct buf document = { 0 };
	struct err err = { 0 };

	if (!collect_fetch(evidence, entry->url, EVIDENCE_MAX_CRL, &document, &err))
		(void)snprintf(entry->why, sizeof(entry->why), "%.255s", err.text);
	else if ((entry->crl = pem_crl_of(buf_view(&document))) == NULL)
		(void)snprintf(entry->why, sizeof(entry->why), "must be a CRL: is not");
	buf_free(&document);
}

/* Each URL is asked once a run. NULL: too many. */
static struct evidence_crl *crl_at(struct evidence *evidence, const char *url)
{
	struct evidence_crl *entry;

	for (size_t i = 0; i < evidence->crl_count; i++)
		if (strcmp(evidence->crls[i].url, url) == 0)
			return &evidence->crls[i];
	if (evidence->crl_count == EVIDENCE_MAX_CRLS)
		return NULL;
	entry = &evidence->crls[evidence->crl_count++];
	entry->url = must_strdup(url);
	fetch(evidence, entry);
	return entry;
}

/* What one attempt needs and finds out. */
struct attempt {
	struct evidence *evidence;
	X509 *certificate;
	X509 *issuer;
	json_t *collection;
	struct err why; /* the last that did not do */
	bool done;
};

/* True unless it failed; done if there is a CRL now. */
static bool try_url(struct attempt *a, const char *url, struct err *err)
{
	struct evidence_crl *entry = crl_at(a->evidence, url);
	enum crl_verdict verdict;

	if (entry == NULL)
		return err_set(
			err, "at most %d CRLs in one run: there are more", EVIDENCE_MAX_CRLS);
	if (entry->crl == NULL) {
		err_set(&a->why, "%.200s: %s", url, entry->why);
		return true;
	}
	verdict = judge(entry->crl, a->certificate, a->issuer, &a->why);
	if (verdict == CRL_UNFIT) {
		err_while(&a->why, "%.200s", url);
		return true;
	}
	if (!store_crl(a->evidence, entry->crl, url, entry->hash, err))
		return false;
	a->done = true;
	if (json_array_append_new(
		    json_object_get(a->collection, "crls"), json_string(entry->hash)) != 0)
		abort();
	if (verdict == CRL_REVOKES)
		collect_lack(a->evidence, a->certificate, a->collection, "a good certificate",
			"the CRL revokes it");
	return true;
}

bool crl_collect(struct evidence *evidence, X509 *certificate, X509 *issuer, json_t *collection,
	struct err *err)
{
	struct attempt a = { .evidence = evidence,
		.certificate = certificate,
		.issuer = issuer,
		.collection = collection };
	struct pointers named;
	bool ok = true;

	err_set(&a.why, "the certificate names no http URL of one");
	pointers_read(certificate, POINTER_CRL, &named);
	for (unsigned i = 0; ok && !a.done && i < named.count; i++)
		ok = try_url(&a, named.urls[i], err);
	if (ok && !a.done)
		collect_lack(evidence, certificate, collection, "CRL", a.why.text);
	pointers_free(&named);
	return ok;
}
