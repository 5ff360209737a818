/* Whose key signed a CRL or an OCSP response, and may it?  Owns nothing. */
#include "revocation_part.h"

#include <openssl/sha.h>

/* The same name and key: one and the same CA (RFC 5280 6.1.1 d), under whichever certificate. */
static bool is_same_ca(const struct material_item *a, const struct material_item *b)
{
	return a == b || (X509_NAME_cmp(X509_get_subject_name(a->certificate),
				  X509_get_subject_name(b->certificate)) == 0 &&
				 EVP_PKEY_eq(X509_get0_pubkey(a->certificate),
					 X509_get0_pubkey(b->certificate)) == 1);
}

/* True if both name a key and it is another: not worth a check of the signature. */
static bool names_another_key(X509_CRL *crl, X509 *certificate)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(certificate);
	AUTHORITY_KEYID *wanted =
		X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	bool another = wanted != NULL && wanted->keyid != NULL && own != NULL &&
		       ASN1_OCTET_STRING_cmp(wanted->keyid, own) != 0;

	AUTHORITY_KEYID_free(wanted);
	return another;
}

/*
 * A way from the signer to the anchor that the certificate's own path ends at (RFC 5280 6.3.3 f);
 * issuer (NULL: any) must be the first on it.
 */
static bool take_path(const struct revocation_case *c, const struct material_item *signer,
	int purpose, const struct material_item *issuer, struct revocation *r)
{
	const struct material_item *anchor = c->path->at[c->path->length - 1];
	struct paths paths;

	paths_find(c->material, signer, purpose, &paths);
	for (unsigned i = 0; i < paths.count; i++) {
		const struct path *path = &paths.at[i];

		if (!path->holds || path->length < 2 ||
			!is_same_ca(path->at[path->length - 1], anchor))
			continue;
		if (issuer != NULL && !is_same_ca(path->at[1], issuer))
			continue;
		r->signer = signer;
		r->signer_path = *path;
		return true;
	}
	return false;
}

/* SHA-1 of the key's bits (RFC 6960 4.2.1 KeyHash); worked out once for a certificate. */
static const uint8_t *key_sha1(const struct material_item *certificate)
{
	struct parsed *parsed = ((const struct held *)certificate)->parsed;
	unsigned len = SHA_DIGEST_LENGTH;

	if (!parsed->has_key_sha1 &&
		X509_pubkey_digest(parsed->certificate, EVP_sha1(), parsed->key_sha1, &len) != 1)
		(void)memset(parsed->key_sha1, 0, sizeof(parsed->key_sha1));
	parsed->has_key_sha1 = true;
	return parsed->key_sha1;
}

/* ResponderID: one of both is set. */
struct responder {
	const X509_NAME *name;
	const ASN1_OCTET_STRING *key;
};

static bool is_responder(const struct responder *id, const struct material_item *certificate)
{
	if (id->name != NULL)
		return X509_NAME_cmp(id->name, X509_get_subject_name(certificate->certificate)) ==
		       0;
	return ASN1_STRING_length(id->key) == SHA_DIGEST_LENGTH &&
	       memcmp(ASN1_STRING_get0_data(id->key), key_sha1(certificate), SHA_DIGEST_LENGTH) ==
		       0;
}

/* The certificates that may have signed an object: the caller's first, so many of each. */
struct candidates {
	const struct revocation_case *c;
	const struct responder *id;
	X509_CRL *crl; /* NULL: an OCSP response */
	enum material_from from;
	size_t walk;
	unsigned tried; /* from there */
};

static const struct material_item *next_of_any(struct candidates *k)
{
	const struct material_item *at;

	if (k->id->name != NULL)
		return material_next_named(k->c->material, k->id->name, &k->walk);
	do
		at = material_next(k->c->material, MATERIAL_CERTIFICATE, &k->walk);
	while (at != NULL && !is_responder(k->id, at));
	return at;
}

/* NULL at the end. The issuer was tried before; nobody speaks of himself. */
static const struct material_item *next_candidate(struct candidates *k)
{
	if (k->c->direct_only)
		return NULL;
	for (;;) {
		const struct material_item *at =
			k->tried == REVOCATION_MAX_SIGNERS ? NULL : next_of_any(k);

		if (at == NULL && k->from == FROM_TOKEN)
			return NULL;
		if (at == NULL) {
			k->from = FROM_TOKEN;
			k->walk = 0;
			k->tried = 0;
			continue;
		}
		if (at->from != k->from || at == k->c->issuer || at == k->c->subject)
			continue;
		if (k->crl != NULL && names_another_key(k->crl, at->certificate))
			continue;
		k->tried++;
		return at;
	}
}

static bool may_sign_crls(const struct material_item *certificate)
{
	return (X509_get_key_usage(certificate->certificate) & KU_CRL_SIGN) != 0;
}

bool revocation_crl_signer(const struct revocation_case *c, struct revocation *r)
{
	const struct responder id = { .name = X509_CRL_get_issuer(r->object->crl) };
	struct candidates candidates = {
		.c = c, .id = &id, .crl = r->object->crl, .from = FROM_CALLER
	};
	const struct material_item *at;
	const char *why = "RFC 5280 6.3.3 f: no certificate of its issuer is at hand";

	r->signer = NULL;
	if (X509_NAME_cmp(id.name, X509_get_subject_name(c->issuer->certificate)) == 0) {
		why = "RFC 5280 6.3.3 i: is not signed by the key of the certificate's issuer";
		if (material_signed_by(c->material, r->object, c->issuer)) {
			r->signer = c->issuer;
			if (may_sign_crls(c->issuer))
				return true;
			why = "RFC 5280 6.3.3 g: the issuer's key usage has no cRLSign";
		}
	}
	while ((at = next_candidate(&candidates)) != NULL) {
		if (!material_signed_by(c->material, r->object, at))
			continue;
		r->signer = at;
		if (!may_sign_crls(at))
			why = "RFC 5280 6.3.3 g: the key usage of its issuer has no cRLSign";
		else if (take_path(c, at, NID_undef, NULL, r))
			return true;
		else
			why = "RFC 5280 6.3.3 f: no path from its issuer to the certificate's "
			      "anchor";
	}
	revocation_unusable(r, "%s", why);
	return false;
}

/* RFC 6960 4.2.2.2: EKU id-kp-OCSPSigning itself; anyExtendedKeyUsage is not enough. */
static bool may_sign_ocsp(const struct material_item *certificate)
{
	uint32_t usage = X509_get_key_usage(certificate->certificate);

	return (X509_get_extension_flags(certificate->certificate) & EXFLAG_XKUSAGE) != 0 &&
	       (X509_get_extended_key_usage(certificate->certificate) & XKU_OCSP_SIGN) != 0 &&
	       (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

/* A responder that the certificate's issuer made one with the same key: RFC 6960 4.2.2.2. */
static bool is_authorised(const struct revocation_case *c, const struct material_item *responder,
	struct revocation *r, const char **why)
{
	r->signer = responder;
	if (!may_sign_ocsp(responder))
		*why = "RFC 6960 4.2.2.2: its signer has no OCSPSigning in EKU or key usage";
	else if (X509_NAME_cmp(X509_get_issuer_name(responder->certificate),
			 X509_get_subject_name(c->issuer->certificate)) != 0 ||
		 !material_signed_by(c->material, responder, c->issuer))
		*why = "RFC 6960 4.2.2.2: its signer has not its certificate from the "
		       "certificate's issuer";
	else if (take_path(c, responder, NID_OCSP_sign, c->issuer, r))
		return true;
	else
		*why = "RFC 6960 4.2.2.2: no path from its signer to the certificate's anchor";
	return false;
}

bool revocation_responder(const struct revocation_case *c, struct revocation *r)
{
	struct responder id = { 0 };
	const ASN1_OCTET_STRING *key = NULL;
	struct candidates candidates = { .c = c, .id = &id, .from = FROM_CALLER };
	const struct material_item *at;
	const char *why = "RFC 6960 4.2.2.2: the certificate of its signer is not at hand";

	r->signer = NULL;
	if (OCSP_resp_get0_id(r->object->ocsp, &key, &id.name) != 1) {
		revocation_unusable(r, "RFC 6960 4.2.1: names no responder");
		return false;
	}
	id.key = key;
	if (is_responder(&id, c->issuer) && material_signed_by(c->material, r->object, c->issuer)) {
		r->signer = c->issuer;
		return true;
	}
	while ((at = next_candidate(&candidates)) != NULL) {
		if (material_signed_by(c->material, r->object, at)) {
			if (is_authorised(c, at, r, &why))
				return true;
		} else if (r->signer == NULL) {
			why = "RFC 6960 3.2: is not signed by the key of the responder it names";
		}
	}
	revocation_unusable(r, "%s", why);
	return false;
}
