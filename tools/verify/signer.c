/* Owns what struct signer owns.  What is found here is no trust: no anchor is asked. */
#include "signer.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tsa/token/check/named.h"
#include "tsa/token/check/signature.h"
#include "tsa/token/read/ess.h"
#include "tsa/tsp/der.h"

static void must_push(STACK_OF(X509) * stack, X509 *certificate)
{
	if (sk_X509_push(stack, certificate) <= 0)
		abort();
}

static STACK_OF(X509) * must_stack(void)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	if (stack == NULL)
		abort();
	return stack;
}

static void read_certificates(const struct token_file *file, struct signer *signer)
{
	struct ber_walk walk = ber_inside(&file->tree, file->cms.certificates);

	for (const struct ber_node *node; (node = ber_next(&walk)) != NULL;) {
		const uint8_t *at = node->whole.at;
		X509 *certificate = NULL;

		if (node->tag == DER_SEQUENCE &&
			sk_X509_num(signer->embedded) < SIGNER_MAX_CERTIFICATES)
			certificate = d2i_X509(NULL, &at, (long)node->whole.len);
		if (certificate != NULL)
			must_push(signer->embedded, certificate);
		else
			signer->undecoded++;
	}
}

/* The one that sid and ESSCertID name, or the first that the sid names. */
static X509 *find_in(
	const struct token_file *file, struct named_sid *sid, STACK_OF(X509) * certificates)
{
	X509 *by_sid = NULL;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *certificate = sk_X509_value(certificates, i);
		struct err ignored = { 0 };

		if (!named_sid_is(sid, certificate))
			continue;
		if (ess_names_signer(file, certificate, &ignored))
			return certificate;
		if (by_sid == NULL)
			by_sid = certificate;
	}
	return by_sid;
}

/* By name and key; among several the one whose key made the signature. */
static X509 *issuer_in(STACK_OF(X509) * certificates, X509 *subject)
{
	X509 *by_name = NULL;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		X509 *issuer = sk_X509_value(certificates, i);

		if (X509_check_issued(issuer, subject) != X509_V_OK)
			continue;
		if (X509_verify(subject, X509_get0_pubkey(issuer)) == 1)
			return issuer;
		if (by_name == NULL)
			by_name = issuer;
	}
	return by_name;
}

static void build_chain(struct signer *signer, STACK_OF(X509) * untrusted)
{
	X509 *below = signer->certificate;

	while (below != NULL && sk_X509_num(signer->chain) < SIGNER_MAX_CHAIN &&
		X509_check_issued(below, below) != X509_V_OK) {
		X509 *issuer = issuer_in(signer->embedded, below);

		if (issuer == NULL)
			issuer = issuer_in(untrusted, below);
		if (issuer != NULL)
			must_push(signer->chain, issuer);
		below = issuer;
	}
}

void signer_find(const struct token_file *file, STACK_OF(X509) * untrusted, struct signer *signer)
{
	struct named_sid sid;

	*signer = (struct signer){ .embedded = must_stack(), .chain = must_stack() };
	if (!file->cms.decoded || !file->cms.has_signer)
		return;
	if (file->cms.certificates != NULL)
		read_certificates(file, signer);
	if (named_sid_read(file, &sid)) {
		signer->certificate = find_in(file, &sid, signer->embedded);
		signer->is_embedded = signer->certificate != NULL;
		if (!signer->is_embedded)
			signer->certificate = find_in(file, &sid, untrusted);
	}
	named_sid_wipe(&sid);
	if (signer->certificate != NULL) {
		build_chain(signer, untrusted);
		if (file->cms.signer.signed_attrs != NULL)
			signer->signature_is_good =
				signature_by(file, signer->certificate, &signer->signature);
	}
	ERR_clear_error();
}

void signer_wipe(struct signer *signer)
{
	sk_X509_free(signer->chain);
	sk_X509_pop_free(signer->embedded, X509_free);
	*signer = (struct signer){ 0 };
}
