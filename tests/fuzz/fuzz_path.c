/*
 * Certificates, CRLs and OCSP responses of anybody as material: the search for paths ends, and what
 * it finds is one: each certificate once, each signature good, an anchor at the end and nowhere
 * else. Input: an octet that says which certificates are anchors (bit i: the i-th, of eight), then
 * one DER after the other; the first certificate is the signer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "tsa/token/check/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 64 };

/* The next element, whatever it is; what has no length that fits is the rest. */
static struct bytes next_element(struct bytes *rest)
{
	const uint8_t *at = rest->at;
	long len = 0;
	int tag, class;
	struct bytes element = *rest;

	if ((ASN1_get_object(&at, &len, &tag, &class, (long)rest->len) & 0x81) == 0)
		element.len = (size_t)(at - rest->at) + (size_t)len;
	rest->at += element.len;
	rest->len -= element.len;
	return element;
}

static const struct material_item *add(struct material *material, struct bytes der, bool is_anchor)
{
	const struct material_item *item = NULL;
	struct err err = { 0 };

	if (is_anchor && material_add_anchor(material, der, "fuzz", &err)) {
		if (!material_add(
			    material, MATERIAL_CERTIFICATE, FROM_TOKEN, der, "fuzz", &item, &err))
			abort();
		return item;
	}
	for (enum material_kind kind = MATERIAL_CERTIFICATE; kind <= MATERIAL_OCSP; kind++)
		if (material_add(material, kind, FROM_TOKEN, der, "fuzz", &item, &err))
			return item;
	if (err.text[0] == '\0')
		abort();
	return NULL;
}

static void check_path(const struct material *material, const struct material_item *signer,
	const struct path *path)
{
	if (path->length == 0 || path->length > PATH_MAX_LENGTH || path->at[0] != signer)
		abort();
	if (path->holds != (path->flaw.text[0] == '\0'))
		abort();
	for (unsigned i = 0; i < path->length; i++) {
		bool is_last = i + 1 == path->length;

		if (path->at[i]->is_anchor != is_last)
			abort();
		if (!is_last && !material_signed_by(material, path->at[i], path->at[i + 1]))
			abort();
		for (unsigned n = 0; n < i; n++)
			if (path->at[n] == path->at[i])
				abort();
	}
}

static void check_paths(const struct material *material, const struct material_item *signer,
	int purpose, const struct paths *paths)
{
	char text[VERDICT_TEXT];

	for (unsigned i = 0; i < paths->count; i++) {
		check_path(material, signer, &paths->at[i]);
		if (i > 0 && paths->at[i].holds && !paths->at[i - 1].holds)
			abort();
	}
	if ((paths->count == 0 && purpose == NID_time_stamp) != (paths->dead_end != NULL))
		abort();
	if (paths->dead_end == NULL)
		return;
	path_missing_issuer(paths->dead_end, text);
	for (const char *c = text; *c != '\0'; c++)
		if (*c > 0 && *c < ' ')
			abort();
}

static void find(const struct material *material, const struct material_item *signer, int purpose)
{
	struct paths *first = calloc(1, sizeof(*first));
	struct paths *again = calloc(1, sizeof(*again));

	paths_find(material, signer, purpose, first);
	check_paths(material, signer, purpose, first);
	paths_find(material, signer, purpose, again);
	if (memcmp(first, again, sizeof(*first)) != 0)
		abort();
	free(first);
	free(again);
}

/* Whatever signed what: each question has an answer, and twice the same. */
static void check_signatures(const struct material *material)
{
	for (enum material_kind kind = MATERIAL_CRL; kind <= MATERIAL_OCSP; kind++) {
		const struct material_item *object, *issuer;
		size_t at = 0;

		while ((object = material_next(material, kind, &at)) != NULL) {
			size_t by = 0;

			while ((issuer = material_next(material, MATERIAL_CERTIFICATE, &by)) !=
				NULL)
				if (material_signed_by(material, object, issuer) !=
					material_signed_by(material, object, issuer))
					abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct material_cache *cache = material_cache_new();
	struct material *material = material_new(cache, NULL);
	struct bytes rest = { data + 1, size - 1 };
	const struct material_item *signer = NULL;
	unsigned certificates = 0;

	for (unsigned i = 0; size > 0 && i < MOST && rest.len > 0; i++) {
		bool is_anchor = certificates < 8 && (data[0] >> certificates & 1) != 0;
		const struct material_item *item = add(material, next_element(&rest), is_anchor);

		if (item == NULL || item->kind != MATERIAL_CERTIFICATE)
			continue;
		certificates++;
		if (signer == NULL)
			signer = item;
	}
	if (signer != NULL) {
		(void)path_not_before(signer);
		(void)path_not_after(signer);
		find(material, signer, NID_time_stamp);
		find(material, signer, NID_undef);
	}
	check_signatures(material);
	material_free(material);
	material_cache_free(cache);
	return 0;
}
