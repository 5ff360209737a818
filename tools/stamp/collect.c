/*
 * The chain of a signer, from the certificates at hand and from where the certificates say their
 * issuer's can be had (AIA caIssuers), and then the CRLs.
 */
#include "evidence_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "tools/http/fetch.h"
#include "tools/pem/pem.h"
#include "tools/pem/pointers.h"

bool collect_fetch(struct evidence *evidence, const char *url, size_t max_body, struct buf *body,
	struct err *err)
{
	struct http_settings settings = evidence->settings;

	settings.max_body = max_body;
	if (evidence->stop != NULL && *evidence->stop)
		return err_set(err, "interrupted");
	return http_fetch(evidence->base, url, &settings, body, err);
}

static void add_lack(struct evidence *evidence, json_t *collection, const char *subject,
	const char *what, const char *why)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "%s: %s: %s", subject, what, why);
	if (json_array_append_new(json_object_get(collection, "missing"),
		    json_pack("{s:o, s:s, s:o}", "certificate", text_json(subject), "what", what,
			    "why", text_json(why))) != 0)
		abort();
	evidence->lack(text, evidence->arg);
}

void collect_lack(struct evidence *evidence, X509 *certificate, json_t *collection,
	const char *what, const char *why)
{
	char subject[256] = "";

	(void)X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof(subject));
	add_lack(evidence, collection, subject, what, why);
}

static bool is_issuer(X509 *issuer, X509 *certificate)
{
	return X509_check_issued(issuer, certificate) == X509_V_OK &&
	       X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

static X509 *find_issuer(STACK_OF(X509) * candidates, X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(candidates); i++) {
		X509 *candidate = sk_X509_value(candidates, i);

		if (is_issuer(candidate, certificate) && X509_up_ref(candidate) == 1)
			return candidate;
	}
	return NULL;
}

/* What url gives, if the issuer is in it. */
static X509 *fetch_issuer(
	struct evidence *evidence, const char *url, X509 *certificate, struct err *err)
{
	struct buf document = { 0 };
	STACK_OF(X509) *all = NULL;
	X509 *issuer = NULL;

	if (!collect_fetch(evidence, url, EVIDENCE_MAX_CERTIFICATE, &document, err)) {
		err_while(err, "%.200s", url);
		goto out;
	}
	all = pem_certificates_of(buf_view(&document));
	issuer = find_issuer(all, certificate);
	if (issuer == NULL)
		err_set(err, "%.200s: must be the certificate of its issuer: is not", url);
out:
	sk_X509_pop_free(all, X509_free);
	buf_free(&document);
	return issuer;
}

/* from gets the URL; the caller frees it. */
static X509 *ask_for_issuer(
	struct evidence *evidence, X509 *certificate, char **from, struct err *err)
{
	struct pointers named;
	X509 *issuer = NULL;

	err_set(err, "is not at hand, and the certificate names no http URL of it (AIA)");
	pointers_read(certificate, POINTER_ISSUER, &named);
	for (unsigned i = 0; issuer == NULL && i < named.count; i++) {
		issuer = fetch_issuer(evidence, named.urls[i], certificate, err);
		if (issuer != NULL)
			*from = must_strdup(named.urls[i]);
	}
	pointers_free(&named);
	return issuer;
}

/* The issuer with where it came from, kept in the store. NULL: there is none, and that is noted. */
static X509 *next_of(struct evidence *evidence, const struct evidence_signer *signer,
	X509 *certificate, json_t *collection, char hash[EVIDENCE_HASH], struct err *err)
{
	struct err why = { 0 };
	char *url = NULL;
	const char *from = "token";
	X509 *issuer = find_issuer(signer->beside, certificate);

	if (issuer == NULL) {
		issuer = find_issuer(evidence->known, certificate);
		from = "--trust or --untrusted";
	}
	if (issuer == NULL) {
		issuer = ask_for_issuer(evidence, certificate, &url, &why);
		from = url;
	}
	if (issuer == NULL) {
		collect_lack(
			evidence, certificate, collection, "certificate of its issuer", why.text);
	} else if (!store_certificate(evidence, issuer, from, hash, err)) {
		X509_free(issuer);
		issuer = NULL;
	}
	free(url);
	return issuer;
}

static json_t *new_collection(const struct evidence *evidence)
{
	json_t *collection = json_pack("{s:s, s:[], s:[], s:[], s:b}", "collected", evidence->now,
		"chain", "crls", "missing", "complete", 0);

	if (collection == NULL)
		abort();
	return collection;
}

static void add_to_chain(json_t *collection, const char *hash)
{
	if (json_array_append_new(json_object_get(collection, "chain"), json_string(hash)) != 0)
		abort();
}

/* Up to the root, and the CRL of each below it. err stays empty unless something failed. */
static bool climb(struct evidence *evidence, const struct evidence_signer *signer,
	json_t *collection, struct err *err)
{
	X509 *at = signer->certificate;
	char hash[EVIDENCE_HASH];
	bool ok;

	ok = X509_up_ref(at) == 1 && store_certificate(evidence, at, "token", hash, err);
	for (unsigned depth = 1; ok; depth++) {
		X509 *issuer;

		add_to_chain(collection, hash);
		if (X509_self_signed(at, 1) == 1)
			break;
		if (depth == EVIDENCE_MAX_CHAIN) {
			collect_lack(evidence, at, collection, "certificate of its issuer",
				"the chain is too long");
			break;
		}
		err->text[0] = '\0';
		issuer = next_of(evidence, signer, at, collection, hash, err);
		ok = err->text[0] == '\0';
		if (issuer == NULL)
			break;
		ok = ok && crl_collect(evidence, at, issuer, collection, err);
		X509_free(at);
		at = issuer;
	}
	X509_free(at);
	return ok;
}

bool collect_signer(
	struct evidence *evidence, const struct evidence_signer *signer, struct err *err)
{
	json_t *collection = new_collection(evidence);
	bool complete;

	if (json_object_set_new(json_object_get(evidence->index, "collections"), signer->collection,
		    collection) != 0)
		abort();
	if (!climb(evidence, signer, collection, err))
		return false;
	complete = json_array_size(json_object_get(collection, "missing")) == 0;
	if (json_object_set_new(collection, "complete", json_boolean(complete)) != 0)
		abort();
	return true;
}
