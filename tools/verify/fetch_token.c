/* Owns the order in which things are fetched, and what is fit to be used. */
#include "fetch_part.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tools/pem/pem.h"
#include "tools/pem/pointers.h"

bool fetch_take(struct fetch_job *job, enum material_kind kind, const char *what, const char *url,
	struct bytes der)
{
	uint8_t sha256[MATERIAL_HASH];
	struct err err = { 0 };

	if (EVP_Digest(der.at, der.len, sha256, NULL, EVP_sha256(), NULL) != 1)
		abort();
	if (material_find(job->material, sha256) != NULL) {
		job->note(job->arg, what, url, "");
		return true;
	}
	if (!material_add(job->material, kind, FROM_CALLER, der, url, NULL, &err)) {
		job->note(job->arg, what, url, err.text);
		return false;
	}
	job->added = true;
	job->note(job->arg, what, url, "");
	return true;
}

void fetch_refuse(
	struct fetch_job *job, const char *what, const char *url, const struct fetched *document)
{
	if (document != NULL) {
		job->note(job->arg, what, url, document->why.text);
		return;
	}
	job->note(job->arg, what, url,
		"is not asked for: more than a token, or a run, may have fetched");
}

/* Nothing is kept of a document that another issuer judged. */
static void start_judging(struct fetched *document, const struct material_item *issuer)
{
	document->judged = true;
	(void)memcpy(document->judge, issuer->sha256, MATERIAL_HASH);
	document->why.text[0] = '\0';
	buf_free(&document->der);
}

static bool is_judged(const struct fetched *document, const struct material_item *issuer)
{
	return document->judged && memcmp(document->judge, issuer->sha256, MATERIAL_HASH) == 0;
}

/* --- issuers --------------------------------------------------------------------------------- */

static bool is_issuer(X509 *issuer, X509 *certificate)
{
	return X509_check_issued(issuer, certificate) == X509_V_OK &&
	       X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

/* All that could be the issuer: one that has cross-certificates has as many. */
static bool take_issuers(struct fetch_job *job, const char *url, STACK_OF(X509) * all,
	const struct material_item *certificate)
{
	bool took = false;

	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *one = sk_X509_value(all, i);
		unsigned char *der = NULL;
		int len;

		if (!is_issuer(one, certificate->certificate))
			continue;
		len = i2d_X509(one, &der);
		if (len > 0 && fetch_take(job, MATERIAL_CERTIFICATE, "issuer", url,
				       (struct bytes){ der, (size_t)len }))
			took = true;
		OPENSSL_free(der);
	}
	return took;
}

static bool fetch_issuer(struct fetch_job *job, const struct material_item *certificate)
{
	struct pointers named;
	bool took = false;

	pointers_read(certificate->certificate, POINTER_ISSUER, &named);
	for (unsigned i = 0; !took && i < named.count; i++) {
		const struct fetched *document =
			fetch_get(job->fetch, named.urls[i], FETCH_MAX_CERTIFICATES);
		STACK_OF(X509) *all = NULL;

		if (document == NULL || document->octets.len == 0) {
			fetch_refuse(job, "issuer", named.urls[i], document);
			continue;
		}
		all = pem_certificates_of(buf_view(&document->octets));
		took = take_issuers(job, named.urls[i], all, certificate);
		if (!took)
			job->note(job->arg, "issuer", named.urls[i],
				"must be the certificate of the issuer: is not");
		sk_X509_pop_free(all, X509_free);
	}
	pointers_free(&named);
	return took;
}

/* --- CRLs ------------------------------------------------------------------------------------ */

/* document->der is set if it is a CRL of that issuer. */
static void judge_crl(struct fetched *document, const struct material_item *issuer)
{
	X509_CRL *crl = pem_crl_of(buf_view(&document->octets));
	unsigned char *der = NULL;
	int len = 0;

	start_judging(document, issuer);
	if (crl == NULL)
		err_set(&document->why, "must be a CRL: is not");
	else if (X509_NAME_cmp(
			 X509_CRL_get_issuer(crl), X509_get_subject_name(issuer->certificate)) != 0)
		err_set(&document->why, "must be a CRL of the certificate's issuer: is another's");
	else if (X509_CRL_verify(crl, X509_get0_pubkey(issuer->certificate)) != 1)
		err_set(&document->why, "must be signed by the certificate's issuer: is not");
	else if ((len = i2d_X509_CRL(crl, &der)) > 0)
		buf_append(&document->der, (struct bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_CRL_free(crl);
}

static void fetch_crl(struct fetch_job *job, const struct material_item *certificate,
	const struct material_item *issuer)
{
	struct pointers named;
	bool took = false;

	pointers_read(certificate->certificate, POINTER_CRL, &named);
	for (unsigned i = 0; !took && i < named.count; i++) {
		struct fetched *document = fetch_get(job->fetch, named.urls[i], MATERIAL_MAX_CRL);

		if (document != NULL && document->octets.len > 0 && !is_judged(document, issuer))
			judge_crl(document, issuer);
		if (document == NULL || document->der.len == 0)
			fetch_refuse(job, "CRL", named.urls[i], document);
		else
			took = fetch_take(
				job, MATERIAL_CRL, "CRL", named.urls[i], buf_view(&document->der));
	}
	pointers_free(&named);
}

/* --- the path -------------------------------------------------------------------------------- */

/* Looks for paths, fetching the issuer that is missing as long as that leads on. */
static void complete(struct fetch_job *job, const struct material_item *signer, struct paths *paths)
{
	for (unsigned round = 0; round < PATH_MAX_LENGTH; round++) {
		paths_find(job->material, signer, NID_time_stamp, paths);
		if (paths->count > 0 || paths->dead_end == NULL || paths->dead_end_is_root ||
			!fetch_issuer(job, paths->dead_end))
			return;
	}
}

bool fetch_for_token(struct fetch *fetch, struct material *material,
	const struct material_item *signer, fetch_note *note, void *arg)
{
	struct fetch_job job = { .fetch = fetch, .material = material, .note = note, .arg = arg };
	struct paths paths;

	fetch_begin(fetch);
	complete(&job, signer, &paths);
	if (paths.count == 0)
		return job.added;
	for (unsigned i = 0; i + 1 < paths.at[0].length; i++) {
		fetch_ocsp(&job, paths.at[0].at[i], paths.at[0].at[i + 1]);
		fetch_crl(&job, paths.at[0].at[i], paths.at[0].at[i + 1]);
	}
	return job.added;
}
